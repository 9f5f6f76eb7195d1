"""A checkout, and a source distribution made of it, are whole: `make run` and `make test` work in both."""

import tarfile
from pathlib import Path

import pytest
from flit_core import buildapi  # type: ignore[import-untyped]

from tests.checkout import ROOT, committed_files, git

_OF_GIT_ALONE = (".git", ".ci/")


def test_a_checkout_has_the_bytes_that_were_committed_whatever_git_does_to_lines(
    tmp_path: Path,
) -> None:
    names = [name for name in committed_files() if name.startswith("router/artefacts/")]
    git("-c", "core.autocrlf=true", "checkout-index", f"--prefix={tmp_path}/", "--", *names)

    assert names
    assert [n for n in names if (tmp_path / n).read_bytes() != (ROOT / n).read_bytes()] == []


def test_a_source_distribution_has_all_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    with tarfile.open(tmp_path / buildapi.build_sdist(str(tmp_path))) as made:
        packed = {name.partition("/")[2] for name in made.getnames()}

    files = [name for name in committed_files() if not name.startswith(_OF_GIT_ALONE)]
    assert sorted(set(files) - packed) == []

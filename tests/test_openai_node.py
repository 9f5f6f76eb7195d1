"""Where openai-node is not available, its tests are skipped with the reason; nothing else is ever run in its place."""

import os
from pathlib import Path

import pytest

from tests.openai_node import NotHere, openai_node


def on_path(folder: Path, **scripts: str) -> str:
    """A folder of such commands, before those of this machine."""
    for name, script in scripts.items():
        command = folder / name
        command.write_text(f"#!/bin/sh\n{script}\n")
        command.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def why_not(folder: Path) -> str:
    with pytest.raises(NotHere) as missing:
        openai_node(folder)
    assert not folder.exists()
    return str(missing.value)


def test_without_node_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert why_not(tmp_path / "it") == "no node on PATH"


def test_without_a_network_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm = "echo ENOTFOUND >&2; exit 1"
    monkeypatch.setenv("PATH", on_path(tmp_path, node="", npm=npm))
    assert why_not(tmp_path / "it").endswith("could not fetch openai 7.57.0: ENOTFOUND")


def test_what_has_another_hash_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm = "echo other > openai-7.57.0.tgz"
    monkeypatch.setenv("PATH", on_path(tmp_path, node="", npm=npm))
    with pytest.raises(ValueError, match="its hash is another one"):
        openai_node(tmp_path / "it")
    assert not (tmp_path / "it").exists()

"""What no file of the project may say."""

import re
from pathlib import Path

import pytest

from tests.checkout import ROOT, committed_files

_NOT_TO_BE_SAID = {
    "a path of somebody's machine": re.compile(r"(?<![\w.~/})-])/(?:work|root|home)/\w"),
    # Put together here, so that this file does not say them either.
    "the host of a package registry": re.compile(
        "|".join(
            re.escape(".".join(parts))
            for parts in (
                ("pypi", "org"),
                ("pythonhosted", "org"),
                ("npmjs", "com"),
                ("npmjs", "org"),
            )
        )
    ),
    "how the work on it is organised": re.compile(
        r"\bissues?\b|\bsub-?agents?\b|\bAI agents?\b", re.IGNORECASE
    ),
}
_SAYS_SO_ITSELF = {"LICENSE"}


@pytest.mark.parametrize("what", _NOT_TO_BE_SAID)
def test_no_file_tells(what: str) -> None:
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name in committed_files()
        if name not in _SAYS_SO_ITSELF
        for number, line in enumerate(_lines(ROOT / name), 1)
        if _NOT_TO_BE_SAID[what].search(line)
    ]

    assert found == []


def _lines(file: Path) -> list[str]:
    """The lines of a text file; of any other, none."""
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return []

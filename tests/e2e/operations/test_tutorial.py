"""docs/tutorial.md from top to bottom: its files, its commands in one shell, and what it shows of their output."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documents import Fence, fences
from tests.e2e.patience import PATIENCE_S
from tests.e2e.programs import REPO, Farthing, environ

PAGE = REPO / "docs" / "tutorial.md"
ADDRESS = "http://127.0.0.1:8080"
SECRET = {"FARTHING_ADMIN_KEY": "let-me-in"}
NEXT = "--- next command ---"
CUT = "..."
SHELL = f"""exec 2>&1
farthing() {{ PYTHONPATH='{REPO}' '{sys.executable}' -m router "$@"; }}
"""
"""What the reader's terminal is: both streams on one screen, and `farthing` the one of this folder."""
_FILE = re.compile(r"# (\S+\.yaml)\n")
_CHANCE = (
    (re.compile(r"\b(req|key)_[0-9a-f]+"), r"\1_..."),
    (re.compile(r"\bin \d+\.\d\d s\b"), "in ... s"),
    (re.compile(r"\d\d\d\d-\d\d-\d\dT[\d:]+Z?"), "..."),
)
"""What is another in each run, and what is compared instead."""


def is_for_the_server(fence: Fence) -> bool:
    """Whether it is typed into the first terminal."""
    return fence.text.startswith("$ farthing serve")


def transcript() -> Iterator[tuple[str, list[str] | None]]:
    """Every command of the second terminal, and what the page shows of its output, if it shows any."""
    typed = [fence for fence in fences(PAGE) if fence.language in ("sh", "console")]
    assert typed.pop(0).text == "make run\n"  # stays in the foreground, so it is pasted alone
    assert typed.pop(0).text.startswith("mkdir tour && cd tour\n")
    for fence in typed:
        if fence.language == "sh":
            yield fence.text, None
        elif not is_for_the_server(fence):
            for part in re.split(r"(?m)^\$ ", fence.text)[1:]:
                command, _, shown = part.partition("\n")
                yield command, lines(shown)


def lines(text: str) -> list[str]:
    """The lines of a text as they look, with random parts replaced; empty lines do not count."""
    for pattern, instead in _CHANCE:
        text = pattern.sub(instead, text)
    return [line.rstrip() for line in text.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the page has its reader write."""
    made = tmp_path_factory.mktemp("tour")
    for fence in fences(PAGE):
        if named := _FILE.match(fence.text):
            file = made / named[1]
            file.parent.mkdir(exist_ok=True)
            file.write_text(fence.text, encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def outputs(folder: Path) -> list[str]:
    """What each command of the page printed."""
    (served,) = (fence for fence in fences(PAGE) if is_for_the_server(fence))
    with Farthing(folder / "config.yaml", "--port", "0", env=SECRET) as farthing:
        assert served.text.splitlines()[1].replace(ADDRESS, farthing.url) in farthing.said
        script = f"\necho; echo '{NEXT}'\n".join(command for command, _ in transcript())
        done = subprocess.run(
            ["bash", "-c", SHELL + script.replace(ADDRESS, farthing.url)],
            cwd=folder,
            env=environ(),
            capture_output=True,
            text=True,
            timeout=4 * PATIENCE_S,  # a dozen programs, one after the other
            check=False,
        )
    return done.stdout.split(NEXT + "\n")


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl on PATH")
def test_every_command_prints_what_the_page_shows(outputs: list[str]) -> None:
    for (command, shown), printed in zip(transcript(), outputs, strict=True):
        told = shown if shown is not None else []
        is_cut = told[-1:] == [CUT]
        found = lines(printed)
        expected = told[:-1] if is_cut else told
        assert found[: len(expected)] == expected, command
        assert is_cut or len(found) == len(expected), command

"""What the documents show of `farthing try` and `farthing explain` is what these say today."""

import shlex
from pathlib import Path

import pytest

from router.cli import main
from tests.documents import Fence, fences

ROOT = Path(__file__).parents[1]
EXAMPLE = str(ROOT / "config.example.yaml")
TRY_PAGE = ROOT / "docs" / "try.md"
CUT = "..."


def shown(doc: Path, command: str) -> Fence:
    """The block of `doc` that shows what this subcommand says."""
    consoles = (each for each in fences(doc) if each.language == "console")
    (found,) = (each for each in consoles if f"farthing {command} " in each.text.split("\n")[0])
    return found


def said(capsys: pytest.CaptureFixture[str], line: str, **instead: str) -> list[str]:
    """The output of the command on a shown line, with other values for some of its arguments."""
    words = shlex.split(line)[2:]
    assert main([instead.get(word, word) for word in words]) == 0
    return lines(capsys.readouterr().out)


def lines(text: str) -> list[str]:
    """The lines of a text, as they look."""
    return [line.rstrip() for line in text.strip("\n").split("\n")]


@pytest.mark.parametrize("command", ["try", "explain"])
def test_the_read_me_shows_what_is_said(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    line, *told = lines(shown(ROOT / "README.md", command).text)

    found = said(capsys, line)
    assert told == found[: len(told)]


def test_the_page_on_trying_shows_what_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (draft,) = (each for each in fences(TRY_PAGE) if each.text.startswith("policy: reviewed"))
    written = tmp_path / "reviewed.yaml"
    written.write_text(draft.text, encoding="utf-8")
    line, *told = lines(shown(TRY_PAGE, "try").text)

    assert told.pop().strip() == CUT
    instead = {"drafts/reviewed.yaml": str(written), "config.yaml": EXAMPLE}
    found = said(capsys, line, **instead)
    assert told == found[: len(told)]

"""Markdown as the tests see it: links, headings, fenced blocks, tables, and words in code type."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE
)
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
_ELSEWHERE = re.compile(r"[a-z]+:")
_HEADING = re.compile(r"^#+ (?P<text>.+)$", re.MULTILINE)
_CODE = re.compile(r"(?<!`)`(?P<code>[^`\n]+)`(?!`)")
_RULE = re.compile(r"^\|[-:| ]+\|$")


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block: the document and line where it starts, its language, its text."""

    doc: Path
    line: int
    language: str
    text: str


def documents(root: Path) -> list[Path]:
    """Every document that people are meant to read."""
    return sorted([*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("router/**/*.md")])


def fences(doc: Path) -> Iterator[Fence]:
    """The fenced blocks of `doc`, without their indentation."""
    text = doc.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        inside = re.sub(f"^{found['indent']}", "", found["text"], flags=re.MULTILINE)
        yield Fence(doc, text.count("\n", 0, found.start()) + 1, found["language"], inside)


def prose(doc: Path) -> str:
    """The text of `doc` without its fenced blocks."""
    return _FENCE.sub("", doc.read_text(encoding="utf-8"))


def links(doc: Path) -> Iterator[str]:
    """Where the links and pictures of `doc` lead, as far as that is within the project."""
    for found in _LINK.finditer(prose(doc)):
        if not _ELSEWHERE.match(found["target"]):
            yield found["target"]


def has_anchor(doc: Path, anchor: str) -> bool:
    """Whether a heading of `doc` has this anchor, as GitHub makes them."""
    return anchor in {_slug(found["text"]) for found in _HEADING.finditer(prose(doc))}


def words(doc: Path) -> set[str]:
    """Everything in code type in the running text and the tables of `doc`."""
    return {found["code"] for found in _CODE.finditer(prose(doc))}


def table_rows(doc: Path, heading: str) -> Iterator[list[str]]:
    """The cells of the rows of each table whose first column has this heading, without backticks."""
    cells: list[str] = []
    inside = False
    for line in prose(doc).splitlines():
        if not line.startswith("|"):
            inside = False
        elif _RULE.match(line):
            inside = cells[0] == heading
        else:
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            if inside:
                yield [cell.strip("` ") for cell in cells]


def _slug(heading: str) -> str:
    plain = re.sub(r"[^\w\- ]", "", heading.lower())
    return plain.strip().replace(" ", "-")

r"""The requests that were written one by one: those of written/ to learn from, those of broad.txt to judge by.

A file of written/ is by one hand. `# LANGUAGE`, with a note or without, begins a situation; each line after it is
`CATEGORY: REQUEST`, with `\n` where its sender broke the line.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.category.labelled_request import LabelledRequest
from router.domain.category import Category

FOLDER = Path(__file__).parent / "written"
WRITTEN = "written/"
"""What their families begin with; the rest is the name of the file."""
_MANNERS, _COUNTS = "manners", 3.0
"""Files whose names begin so have what is asked as people really ask; each of it counts as many times."""


@dataclass(frozen=True, slots=True)
class Line:
    """A request as it was written; `situation` is the number of the heading above it."""

    category: Category
    language: str
    situation: int
    text: str


def lines_of(file: Path) -> Iterator[Line]:
    """What a file holds. Raises ValueError for what is not in its form, naming file and line."""
    language, situation = "", 0
    for place, row in enumerate(file.read_text("utf-8").splitlines(), start=1):
        if row.startswith("# "):
            language, situation = row.split()[1], situation + 1
            continue
        name, _, text = row.partition(": ")
        if name not in {*Category} or not text.strip() or not language:
            raise ValueError(f"{file.name}:{place}: not a request: {row[:60]!r}")
        yield Line(Category(name), language, situation, text.strip().replace("\\n", "\n"))


def written() -> tuple[LabelledRequest, ...]:
    """All that is to be learnt from, file by file. Those of one situation are left out together."""
    return tuple(
        LabelledRequest(
            line.text,
            line.category,
            f"{WRITTEN}{file.stem}",
            f"{file.stem}/{line.situation}",
            _COUNTS if file.stem.startswith(_MANNERS) else 1.0,
        )
        for file in sorted(FOLDER.glob("*.txt"))
        for line in lines_of(file)
    )

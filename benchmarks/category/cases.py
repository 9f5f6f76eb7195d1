"""The requests for judging, written one by one: broad.txt, and before it requests_talk.yaml and requests_work.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.category.written import lines_of
from router.domain.category import Category

_FOLDER = Path(__file__).parent
_FILES = ("requests_talk.yaml", "requests_work.yaml")
HURRIED = frozenset({"hurried", "messy"})
"""What stands for a language where an English request is hurried, misspelt, or oddly wrapped."""
_PICTURE = {"type": "image_url", "image_url": {"url": "https://example.com/picture.png"}}
"""What a request about a picture comes with."""
_ABOUT = frozenset({"system", "before"})


@dataclass(frozen=True, slots=True)
class Case:
    """A request, what it is, and its language, or one of `HURRIED`."""

    category: Category
    language: str
    body: Mapping[str, Any]


def broad() -> tuple[Case, ...]:
    """650 requests by somebody who had seen nothing of what is learnt from, fifty of each category."""
    return tuple(
        _case(line.category, {line.language: line.text}) for line in lines_of(_FOLDER / "broad.txt")
    )


def cases() -> tuple[Case, ...]:
    """The 452 of the first two files, which six fits were looked at with."""
    return tuple(
        _case(Category(category), row)
        for name in _FILES
        for category, rows in yaml.safe_load((_FOLDER / name).read_text("utf-8")).items()
        for row in rows
    )


def _case(category: Category, row: Mapping[str, Any]) -> Case:
    (language,) = row.keys() - _ABOUT
    turns = [*row.get("before", ()), row[language]]
    messages: list[dict[str, Any]] = [
        {"role": "assistant" if place % 2 else "user", "content": text}
        for place, text in enumerate(turns)
    ]
    if category is Category.VISION:
        messages[-1]["content"] = [{"type": "text", "text": row[language]}, _PICTURE]
    if system := row.get("system"):
        messages.insert(0, {"role": "system", "content": system})
    return Case(category, language, {"messages": messages})

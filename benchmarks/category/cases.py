"""The requests for judging: requests_talk.yaml and requests_work.yaml, written one by one."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from router.domain.category import Category

_FOLDER = Path(__file__).parent
_FILES = ("requests_talk.yaml", "requests_work.yaml")
_ABOUT = frozenset({"system", "before"})


@dataclass(frozen=True, slots=True)
class Case:
    """A request, what it is, and its language, `messy` for a hurried or oddly wrapped one."""

    category: Category
    language: str
    body: Mapping[str, Any]


def cases() -> tuple[Case, ...]:
    """All cases, in the order of the files."""
    return tuple(
        _case(Category(category), row)
        for name in _FILES
        for category, rows in yaml.safe_load((_FOLDER / name).read_text("utf-8")).items()
        for row in rows
    )


def _case(category: Category, row: Mapping[str, Any]) -> Case:
    (language,) = row.keys() - _ABOUT
    turns = [*row.get("before", ()), row[language]]
    messages = [
        {"role": "assistant" if place % 2 else "user", "content": text}
        for place, text in enumerate(turns)
    ]
    if system := row.get("system"):
        messages.insert(0, {"role": "system", "content": system})
    return Case(category, language, {"messages": messages})

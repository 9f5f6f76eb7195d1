"""A large JSON object of objects, few of which are ever needed: each is parsed where it stands in the text.

Parsing the price map takes 30 MB, and most of that stays with the process: the few objects that are kept lie
between those that are freed. Finding where objects open takes 10 ms, and the text is freed as a whole.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any


class WrittenEntries(Mapping[str, Mapping[str, Any]]):
    """The entries of the JSON in `text`. No other object in it may have the name of an entry."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._decoder = json.JSONDecoder()

    def __getitem__(self, key: str) -> Mapping[str, Any]:
        entry: Mapping[str, Any] = self._decoder.raw_decode(self._text, self._places[key])[0]
        return entry

    def __iter__(self) -> Iterator[str]:
        """All keys; this parses everything."""
        return iter(self._decoder.decode(self._text))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @cached_property
    def _places(self) -> Mapping[str, int]:
        """Where each name's object opens."""
        places: dict[str, int] = {}
        at = self._text.find("{", 1)
        while at >= 0:
            if (name := self._name_before(at)) is not None:
                places.setdefault(name, at)
            at = self._text.find("{", at + 1)
        return places

    def _name_before(self, at: int) -> str | None:
        """The name of the object at `at`; None if it has none."""
        end = self._text.rfind('"', 0, at)
        if self._text[end + 1 : at].strip() != ":":
            return None
        begin = self._text.rfind('"', 0, end)
        while self._text[begin - 1] == "\\":
            begin = self._text.rfind('"', 0, begin)
        name = self._text[begin + 1 : end]
        return str(json.loads(f'"{name}"')) if "\\" in name else name

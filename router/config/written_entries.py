"""A large JSON object of objects, of which few are ever asked for: they are read where they stand.

To parse the price map takes 30 MB, and most of that stays with the process: whatever is kept of it
lies between what is let go.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_OPENS = re.compile(r"\s*:\s*(?=\{)")


class WrittenEntries(Mapping[str, Mapping[str, Any]]):
    """The entries of the JSON in `text`. Its keys are names of nothing else in it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._decoder = json.JSONDecoder()

    def __getitem__(self, key: str) -> Mapping[str, Any]:
        for at in self._places(json.dumps(key)):
            if opens := _OPENS.match(self._text, at):
                entry: Mapping[str, Any] = self._decoder.raw_decode(self._text, opens.end())[0]
                return entry
        raise KeyError(key)

    def _places(self, name: str) -> Iterator[int]:
        """Where `name` has ended, with its quotes, and not as the end of a longer one."""
        at = self._text.find(name)
        while at >= 0:
            if self._text[at - 1] != "\\":
                yield at + len(name)
            at = self._text.find(name, at + 1)

    def __iter__(self) -> Iterator[str]:
        """All keys; this parses everything."""
        return iter(self._decoder.decode(self._text))

    def __len__(self) -> int:
        return sum(1 for _ in self)

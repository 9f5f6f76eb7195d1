"""A bounded memory, in which what was used longest ago makes room."""

from collections import OrderedDict
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class LruCache(OrderedDict[K, V]):
    """The last `most` entries that were kept or found; `get` leaves an entry where it is."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def find(self, key: K) -> V | None:
        """What is kept as `key`, which has thereby been used; None if it is not, or no longer."""
        if (found := self.get(key)) is not None:
            self.move_to_end(key)
        return found

    def keep(self, key: K, value: V) -> None:
        """Keep `value` in place of what `key` may have had."""
        self[key] = value
        self.move_to_end(key)
        if len(self) > self._most:
            self.popitem(last=False)

"""Vectors in this process: few in each scope, compared one by one."""

from array import array
from collections import OrderedDict
from collections.abc import Callable, Sequence
from heapq import nlargest

from msgspec import Struct

from router.domain.vector import cosine
from router.ports import Neighbour

MOST_IN_A_SCOPE = 128
"""The oldest go first. Comparing this many vectors of 256 numbers takes Python 3.11 two milliseconds."""

_OVERHEAD_BYTES = 300
"""Of an entry, besides what it holds."""


class _Entry(Struct, frozen=True):
    vector: "array[float]"
    note: bytes
    expires_s: float

    @property
    def size(self) -> int:
        return len(self.vector) * self.vector.itemsize + len(self.note) + _OVERHEAD_BYTES


class MemoryIndex:
    """Implements `router.ports.VectorIndex`: bounded in bytes, and each scope in entries.

    The least recently used scope gives way first, and within it the oldest entry.
    """

    def __init__(self, *, max_bytes: int, monotonic_s: Callable[[], float]) -> None:
        self._scopes: OrderedDict[bytes, OrderedDict[str, _Entry]] = OrderedDict()
        self._bytes = 0
        self._max_bytes = max_bytes
        self._monotonic_s = monotonic_s

    async def add(
        self, scope: bytes, item: str, vector: Sequence[float], note: bytes, ttl_s: int
    ) -> None:
        """Keep `item` at `vector`, of length 1, for `ttl_s` seconds, or until others need the room."""
        self._forget(scope, item)
        entry = _Entry(array("f", vector), note, self._monotonic_s() + ttl_s)
        self._scopes.setdefault(scope, OrderedDict())[item] = entry
        self._scopes.move_to_end(scope)
        self._bytes += entry.size
        self._make_room(scope)

    async def nearest(self, scope: bytes, vector: Sequence[float], k: int) -> Sequence[Neighbour]:
        """The `k` that are nearest to `vector`, the nearest first."""
        if scope not in self._scopes:
            return ()
        self._scopes.move_to_end(scope)
        now_s = self._monotonic_s()
        entries = self._scopes[scope]
        for item in [item for item, entry in entries.items() if entry.expires_s <= now_s]:
            self._forget(scope, item)
        found = (Neighbour(i, cosine(e.vector, vector), e.note) for i, e in entries.items())
        return nlargest(k, found, key=lambda neighbour: neighbour.similarity)

    async def drop(self, scope: bytes, item: str) -> None:
        """Forget `item`."""
        self._forget(scope, item)

    def _make_room(self, scope: bytes) -> None:
        entries = self._scopes[scope]
        while len(entries) > MOST_IN_A_SCOPE:
            self._forget(scope, next(iter(entries)))
        while self._bytes > self._max_bytes:
            oldest_scope, oldest = next(iter(self._scopes.items()))
            self._forget(oldest_scope, next(iter(oldest)))

    def _forget(self, scope: bytes, item: str) -> None:
        entries = self._scopes.get(scope)
        if entries is None or (entry := entries.pop(item, None)) is None:
            return
        self._bytes -= entry.size
        if not entries:
            del self._scopes[scope]

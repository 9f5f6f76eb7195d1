"""Stored answers in this process, and no stored answers at all."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping

from msgspec import Struct

from router.ports import CacheEntry

MAX_ENTRY_BYTES = 2**20
"""The largest answer that is kept by default."""
OVERHEAD_BYTES = 600
"""What Python needs for an entry beyond its text and bytes; `tests/stores/test_memory.py` measures it."""


class _Kept(Struct, frozen=True):
    """What one writer answered, and until when (monotonic seconds) it may be used."""

    expires_s: float
    value: bytes


class MemoryCache:
    """Implements `router.ports.Cache`: bounded in bytes, the least recently used answer is evicted first.

    The size of an answer includes its names and Python's overhead.
    """

    def __init__(
        self,
        *,
        max_bytes: int,
        monotonic_s: Callable[[], float],
        max_entry_bytes: int = MAX_ENTRY_BYTES,
    ) -> None:
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()
        self._writers: dict[str, set[str]] = {}
        self._bytes = 0
        self._max_bytes = max_bytes
        self._max_entry_bytes = max_entry_bytes
        self._monotonic_s = monotonic_s

    async def answers(self, key: str) -> Mapping[str, bytes]:
        """The answers stored under `key`, by writer, that have neither expired nor been evicted."""
        found = {}
        for writer in sorted(self._writers.get(key, ())):
            if (value := self._value(key, writer)) is not None:
                found[writer] = value
                self._kept.move_to_end((key, writer))
        return found

    async def put(self, key: str, writer: str, value: bytes, ttl_s: int) -> None:
        """Keep `value` for `ttl_s` seconds, or until others need the room; never one that is too large."""
        self._forget(key, writer)
        size = _size(key, writer, value)
        if len(value) > self._max_entry_bytes or size > self._max_bytes:
            return
        self._kept[key, writer] = _Kept(self._monotonic_s() + ttl_s, value)
        self._writers.setdefault(key, set()).add(writer)
        self._bytes += size
        while self._bytes > self._max_bytes:
            self._forget(*next(iter(self._kept)))

    async def drop(self, key: str, writer: str) -> None:
        """Forget what `writer` answered to `key`."""
        self._forget(key, writer)

    async def entries(self) -> AsyncIterator[CacheEntry]:
        """All answers that could still be used, the least recently used first."""
        for key, writer in tuple(self._kept):
            if (value := self._value(key, writer)) is not None:
                yield CacheEntry(key, writer, value)

    def _value(self, key: str, writer: str) -> bytes | None:
        kept = self._kept.get((key, writer))
        if kept is not None and kept.expires_s <= self._monotonic_s():
            self._forget(key, writer)
            return None
        return kept.value if kept is not None else None

    def _forget(self, key: str, writer: str) -> None:
        if (kept := self._kept.pop((key, writer), None)) is None:
            return
        self._bytes -= _size(key, writer, kept.value)
        self._writers[key].discard(writer)
        if not self._writers[key]:
            del self._writers[key]


def _size(key: str, writer: str, value: bytes) -> int:
    return len(key) + len(writer) + len(value) + OVERHEAD_BYTES


class NoCache:
    """Implements `router.ports.Cache` by keeping nothing."""

    async def answers(self, _key: str) -> Mapping[str, bytes]:
        """Nothing."""
        return {}

    async def put(self, _key: str, _writer: str, _value: bytes, _ttl_s: int) -> None:
        """Forget it."""

    async def drop(self, _key: str, _writer: str) -> None:
        """It is forgotten already."""

    async def entries(self) -> AsyncIterator[CacheEntry]:
        """Nothing."""
        nothing: tuple[CacheEntry, ...] = ()
        for each in nothing:
            yield each

"""Stored answers in this process, and no stored answers at all."""

from collections import OrderedDict
from collections.abc import Callable


class MemoryCache:
    """Implements `router.ports.Cache`: bounded in bytes, the least recently used answer leaves first."""

    def __init__(self, *, max_bytes: int, monotonic_s: Callable[[], float]) -> None:
        self._entries: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._bytes = 0
        self._max_bytes = max_bytes
        self._monotonic_s = monotonic_s

    async def get(self, key: str) -> bytes | None:
        """The value under `key`, unless it was never stored, has expired, or had to make room."""
        if (entry := self._entries.get(key)) is None:
            return None
        expires_s, value = entry
        if expires_s <= self._monotonic_s():
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return value

    async def put(self, key: str, value: bytes, ttl_s: int) -> None:
        """Keep `value` for `ttl_s` seconds, or until others need the room."""
        self._drop(key)
        if len(value) > self._max_bytes:
            return
        self._entries[key] = (self._monotonic_s() + ttl_s, value)
        self._bytes += len(value)
        while self._bytes > self._max_bytes:
            self._drop(next(iter(self._entries)))

    async def close(self) -> None:
        """Nothing to release."""

    def _drop(self, key: str) -> None:
        if (entry := self._entries.pop(key, None)) is not None:
            self._bytes -= len(entry[1])


class NoCache:
    """Implements `router.ports.Cache` by keeping nothing."""

    async def get(self, _key: str) -> bytes | None:
        """Nothing."""
        return None

    async def put(self, _key: str, _value: bytes, _ttl_s: int) -> None:
        """Forget it."""

    async def close(self) -> None:
        """Nothing to release."""

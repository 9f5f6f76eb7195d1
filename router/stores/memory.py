"""Stores that live in this process: for a single process, for dry runs, and for tests."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

from router.domain.ledger import Entry
from router.ports import LedgerStanding, Shelved


class MemoryCache:
    """Implements `router.ports.Cache`: bounded in bytes, the least recently used answer leaves first."""

    def __init__(self, *, max_bytes: int, monotonic_s: Callable[[], float]) -> None:
        self._shelves: OrderedDict[str, dict[str, tuple[float, bytes]]] = OrderedDict()
        self._bytes = 0
        self._max_bytes = max_bytes
        self._monotonic_s = monotonic_s

    async def answers(self, key: str) -> Mapping[str, bytes]:
        """The stored answers to `key` that have not expired, nor had to make room."""
        if (shelf := self._shelves.get(key)) is None:
            return {}
        self._shelves.move_to_end(key)
        now_s = self._monotonic_s()
        for writer in [each for each, (expires_s, _) in shelf.items() if expires_s <= now_s]:
            await self.drop(key, writer)
        return {writer: value for writer, (_, value) in shelf.items()}

    async def put(self, key: str, writer: str, value: bytes, ttl_s: int) -> None:
        """Keep `value` for `ttl_s` seconds, or until others need the room."""
        await self.drop(key, writer)
        if len(value) > self._max_bytes:
            return
        self._shelves.setdefault(key, {})[writer] = (self._monotonic_s() + ttl_s, value)
        self._shelves.move_to_end(key)
        self._bytes += len(value)
        while self._bytes > self._max_bytes:
            oldest = next(iter(self._shelves))
            for each in tuple(self._shelves[oldest]):
                await self.drop(oldest, each)

    async def drop(self, key: str, writer: str) -> None:
        """Forget one answer."""
        shelf = self._shelves.get(key, {})
        if (entry := shelf.pop(writer, None)) is not None:
            self._bytes -= len(entry[1])
            if not shelf:
                del self._shelves[key]

    async def entries(self) -> AsyncIterator[Shelved]:
        """All that is stored."""
        for key in tuple(self._shelves):
            for writer, value in (await self.answers(key)).items():
                yield Shelved(key, writer, value)

    async def close(self) -> None:
        """Nothing to release."""


class NoCache:
    """Implements `router.ports.Cache` by keeping nothing."""

    async def answers(self, _key: str) -> Mapping[str, bytes]:
        """Nothing."""
        return {}

    async def put(self, _key: str, _writer: str, _value: bytes, _ttl_s: int) -> None:
        """Forget it."""

    async def drop(self, _key: str, _writer: str) -> None:
        """Nothing is there."""

    async def entries(self) -> AsyncIterator[Shelved]:
        """Nothing."""
        nothing: tuple[Shelved, ...] = ()
        for each in nothing:
            yield each

    async def close(self) -> None:
        """Nothing to release."""


class MemoryLedger:
    """Implements `router.ports.Ledger` in a list that tests can read."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    @property
    def standing(self) -> LedgerStanding:
        """Always well."""
        return LedgerStanding()

    def post(self, entries: Sequence[Entry]) -> Awaitable[None]:
        """Keep `entries`; done at once."""
        self.entries.extend(entries)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

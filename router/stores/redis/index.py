"""Vectors in any Redis (or Valkey), shared by every process that uses the same server.

    farthing:2:near:<scope>     list: entries as `_packed` writes them, the newest first

A list is read whole and searched here, so it is kept short. A failure reads as an empty index: see
`router.stores.redis.link`.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from heapq import nlargest

from msgspec import Struct

from router.domain.vector import cosine
from router.ports import Neighbour
from router.stores.redis import keys
from router.stores.redis.link import RedisAway, RedisLink
from router.stores.redis.script import Script

_MOST_IN_A_SCOPE = 128
_MOST_BYTES = 2**18
"""Of a list, all of which is transferred at every search."""
_HEAD = struct.Struct("<dHHH")
"""When it expires (seconds since 1970); the bytes of item and note, and the vector's numbers."""

_ADD = """
redis.call('LPUSH', KEYS[1], ARGV[1])
redis.call('LTRIM', KEYS[1], 0, ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) * 1000 then
  redis.call('EXPIRE', KEYS[1], ARGV[3])
end
"""
"""The list lives as long as its longest-lived entry; a new one has no expiry (-1) yet."""


class RedisIndex:
    """Implements `router.ports.VectorIndex` on a Redis of any kind."""

    def __init__(self, link: RedisLink, unix_s: Callable[[], float]) -> None:
        self._link = link
        self._unix_s = unix_s
        self._add = Script(link, _ADD)

    async def add(
        self, scope: bytes, item: str, vector: Sequence[float], note: bytes, ttl_s: int
    ) -> None:
        """Keep `item` at `vector`, of length 1, for `ttl_s` seconds, or until there are newer ones."""
        packed = _packed(_Entry(item, tuple(vector), note, self._unix_s() + ttl_s))
        last = min(_MOST_IN_A_SCOPE, _MOST_BYTES // len(packed)) - 1
        try:
            await self._add([keys.near(scope)], [packed, last, ttl_s])
        except RedisAway:
            return

    async def nearest(self, scope: bytes, vector: Sequence[float], k: int) -> Sequence[Neighbour]:
        """The `k` that are nearest to `vector`, the nearest first; none if Redis does not answer."""
        found = (
            Neighbour(entry.item, cosine(entry.vector, vector), entry.note)
            for entry in await self._entries(scope)
        )
        return nlargest(k, found, key=lambda neighbour: neighbour.similarity)

    async def drop(self, scope: bytes, item: str) -> None:
        """Forget `item`, if Redis answers in time."""
        pipe = self._link.client.pipeline(transaction=True)
        for packed in await self._read(scope):
            if (entry := _unpacked(packed)) and entry.item == item:
                pipe.lrem(keys.near(scope), 0, packed)
        try:
            await self._link.ask(pipe.execute)
        except RedisAway:
            return

    async def _read(self, scope: bytes) -> Sequence[bytes]:
        try:
            read = await self._link.ask(lambda: self._link.client.lrange(keys.near(scope), 0, -1))
        except RedisAway:
            return ()
        return [packed for packed in read if isinstance(packed, bytes)]

    async def _entries(self, scope: bytes) -> Sequence["_Entry"]:
        return list(_newest(await self._read(scope), self._unix_s()))


class _Entry(Struct, frozen=True):
    item: str
    vector: tuple[float, ...]
    note: bytes
    expires_s: float


def _newest(read: Sequence[bytes], now_s: float) -> Iterator[_Entry]:
    """The latest entry of each item, unless it has expired."""
    seen = set[str]()
    for entry in filter(None, map(_unpacked, read)):
        if entry.item not in seen and entry.expires_s > now_s:
            yield entry
        seen.add(entry.item)


def _packed(entry: _Entry) -> bytes:
    """An entry in bytes. Half precision is enough for a vector: it changes a cosine by 0.0005."""
    item = entry.item.encode()
    head = _HEAD.pack(entry.expires_s, len(item), len(entry.note), len(entry.vector))
    return b"".join((head, item, entry.note, _halves(len(entry.vector)).pack(*entry.vector)))


def _unpacked(packed: bytes) -> _Entry | None:
    """The entry in `packed`, None for bytes in another format."""
    try:
        expires_s, item_size, note_size, numbers = _HEAD.unpack_from(packed)
        note_at = _HEAD.size + item_size
        vector_at = note_at + note_size
        vector = _halves(numbers).unpack(packed[vector_at:])
        item = packed[_HEAD.size : note_at].decode()
    except (struct.error, UnicodeDecodeError):
        return None
    return _Entry(item, vector, packed[note_at:vector_at], expires_s)


def _halves(numbers: int) -> struct.Struct:
    return struct.Struct(f"<{numbers}e")

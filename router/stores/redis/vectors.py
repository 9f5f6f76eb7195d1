"""Vectors in the vector sets that Redis has since 8.2: the server finds what is near.

    farthing:2:vectors:<scope>      vector set; an element's attributes: when it expires, and its note

Scripts reply in the same form whatever protocol the client speaks. A failure reads as an empty index: see
`router.stores.redis.link`. Vectors of another dimension are no failure: they replace the set.
"""

import base64
import struct
from collections.abc import Callable, Sequence

import orjson

from router.ports import Neighbour, VectorIndex
from router.stores.redis import keys
from router.stores.redis.index import RedisIndex
from router.stores.redis.link import RedisAway, RedisLink
from router.stores.redis.script import Script

_MOST_IN_A_SCOPE = 4096
_FIRST_VERSION = (8, 2)
"""The first version in which a search returns the attributes of what it finds."""

_ADD = """
local numbers = #ARGV[1] / 4
if redis.call('EXISTS', KEYS[1]) == 1 and redis.call('VDIM', KEYS[1]) ~= numbers then
  redis.call('DEL', KEYS[1])
end
redis.call('VADD', KEYS[1], 'FP32', ARGV[1], ARGV[2], 'NOQUANT', 'SETATTR', ARGV[3])
while redis.call('VCARD', KEYS[1]) > tonumber(ARGV[5]) do
  redis.call('VREM', KEYS[1], redis.call('VRANDMEMBER', KEYS[1]))
end
redis.call('EXPIRE', KEYS[1], ARGV[4], 'NX')
redis.call('EXPIRE', KEYS[1], ARGV[4], 'GT')
"""

_NEAREST = """
local numbers = #ARGV[1] / 4
if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('VDIM', KEYS[1]) ~= numbers then return {} end
return redis.call('VSIM', KEYS[1], 'FP32', ARGV[1], 'WITHSCORES', 'WITHATTRIBS', 'COUNT', ARGV[2],
  'FILTER', '.until > ' .. ARGV[3])
"""


async def open_index(link: RedisLink, unix_s: Callable[[], float]) -> VectorIndex:
    """The best index that the server behind `link` supports; the plain one if it does not answer."""
    try:
        has_vectors = await _has_vectors(link)
    except RedisAway:
        has_vectors = False
    return RedisVectors(link, unix_s) if has_vectors else RedisIndex(link, unix_s)


async def _has_vectors(link: RedisLink) -> bool:
    """Whether there are vector sets. Asks the version first, since an older server rejects the second command."""
    told = await link.ask(lambda: link.client.info("server"))
    version = tuple(int(part) for part in str(told.get("redis_version", "0")).split(".")[:2])
    if version < _FIRST_VERSION:
        return False
    return bool(await link.ask(lambda: link.client.command_list(pattern="vsim")))


class RedisVectors:
    """Implements `router.ports.VectorIndex` on a Redis that has vector sets."""

    def __init__(self, link: RedisLink, unix_s: Callable[[], float]) -> None:
        self._link = link
        self._unix_s = unix_s
        self._add = Script(link, _ADD)
        self._nearest = Script(link, _NEAREST)

    async def add(
        self, scope: bytes, item: str, vector: Sequence[float], note: bytes, ttl_s: int
    ) -> None:
        """Keep `item` at `vector`, of length 1, for `ttl_s` seconds, or until others need the room."""
        until_s = int(self._unix_s()) + ttl_s
        told = orjson.dumps({"until": until_s, "note": base64.b64encode(note).decode()})
        given: list[bytes | str | int] = [_singles(vector), item, told, ttl_s, _MOST_IN_A_SCOPE]
        try:
            await self._add([keys.vectors(scope)], given)
        except RedisAway:
            return

    async def nearest(self, scope: bytes, vector: Sequence[float], k: int) -> Sequence[Neighbour]:
        """The `k` that are nearest to `vector`, the nearest first; none if Redis does not answer."""
        given: list[bytes | int] = [_singles(vector), k, int(self._unix_s())]
        try:
            found = await self._nearest([keys.vectors(scope)], given)
        except RedisAway:
            return ()
        triples = zip(found[::3], found[1::3], found[2::3], strict=True)
        return [_neighbour(*triple) for triple in triples]

    async def drop(self, scope: bytes, item: str) -> None:
        """Forget `item`, if Redis answers in time."""
        try:
            await self._link.send("VREM", keys.vectors(scope), item)
        except RedisAway:
            return


def _neighbour(item: bytes, score: bytes, told: bytes) -> Neighbour:
    """The neighbour in a reply. Redis's score is 1 for the same direction, and 0 for the opposite one."""
    note = base64.b64decode(orjson.loads(told)["note"])
    return Neighbour(item.decode(), 2 * float(score) - 1, note)


def _singles(vector: Sequence[float]) -> bytes:
    return struct.pack(f"<{len(vector)}f", *vector)

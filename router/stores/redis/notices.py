"""A board for notices in Redis: what one process has found out about a model, all others read.

Redis's own clock decides when they expire, so that the processes' clocks need not agree.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from router.dispatch.notice import About, Notice, Subject
from router.stores.redis import keys
from router.stores.redis.link import RedisAway, RedisLink
from router.stores.redis.script import Script

_NO_LONGER = b"no longer"
_KEPT_S = 600
"""Longer than any model is left alone."""

_POST = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6
for i = 2, #ARGV, 2 do
  local word = ARGV[i + 1]
  if tonumber(word) then word = string.format('%.3f', now + tonumber(word)) end
  redis.call('HSET', KEYS[1], ARGV[i], word)
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
"""

_READ = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6
return {string.format('%.3f', now), redis.call('HGETALL', KEYS[1])}
"""


class RedisNotices:
    """Implements `router.ports.Notices` on a Redis."""

    def __init__(self, link: RedisLink) -> None:
        self._post = Script(link, _POST)
        self._read = Script(link, _READ)

    async def post(self, notices: Sequence[Notice]) -> bool:
        """Post the notices; returns whether that was possible."""
        told = [word for notice in notices for word in _words(notice)]
        try:
            await self._post([keys.NOTICES], [_KEPT_S, *told])
        except RedisAway:
            return False
        return True

    async def read(self) -> Sequence[Notice]:
        """The last notice of each subject whose time is not over; none when Redis does not answer."""
        try:
            now, found = await self._read([keys.NOTICES])
        except RedisAway:
            return ()
        pairs = zip(found[::2], found[1::2], strict=True)
        return tuple(notice for pair in pairs for notice in _understood(*pair, float(now)))


def _words(notice: Notice) -> tuple[str | bytes, str | bytes]:
    field = f"{notice.subject.about}:{notice.subject.name}"
    return field, _NO_LONGER if notice.for_s is None else f"{notice.for_s:.3f}"


def _understood(field: bytes, word: bytes, now_s: float) -> Iterator[Notice]:
    """The notice in a field, if its time is not over and we know its kind; none of before the clock was set back."""
    about, _, name = field.decode().partition(":")
    with suppress(ValueError):  # a newer Farthing may post about other things, and in other words
        subject = Subject(About(about), name)
        if word == _NO_LONGER:
            yield Notice(subject, None)
        elif 0 < (for_s := float(word) - now_s) <= _KEPT_S:
            yield Notice(subject, for_s)

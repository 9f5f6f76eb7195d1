"""One leader for a request among all processes that share a Redis; the others get its answer as it comes.

    farthing:2:{<key>}:lead             string: the leader's token; lapses unless it is renewed;
                                        for a second after its end, `ended`
    farthing:2:{<key>}:wanted           string: a process waits for the answer; lapses likewise
    farthing:2:{<key>}:frames:<token>   stream: the leader's frames, once it is wanted

Most flights are over before anybody else asks for the same. So a leader sends nothing at first, and checks
now and then whether its answer is wanted; a flight that is shorter than that costs two commands. (A message
to the leader would be a tenth of a second sooner, but needs one more connection that may break unnoticed.)
A token is a leader's own: one that lost the lead, to a restart or a long pause, neither renews nor ends
what has become another's.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import suppress
from itertools import islice
from typing import Any

from msgspec import Struct

from router.ports import LED_LATELY_S, Lead
from router.stores.memory.flight_coordinator import LocalLead
from router.stores.redis import keys
from router.stores.redis.link import RedisAway, RedisLink
from router.stores.redis.script import Script

_LOG = logging.getLogger(__name__)
_FRAME, _OVER, _ENDED = b"frame", b"over", b"ended"
_LOOKS = 32
"""Leads looked at together: other commands wait behind them."""
_KEPT_MS = 60_000
"""How long frames outlive their leader, for those who are still reading."""

_LEAD = """
local held = redis.call('GET', KEYS[1])
if held and held ~= 'ended' then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return held and 2 or 1
"""
"""0: another process leads; 1: ours; 2: ours, after another one that has just ended."""

_WATCH = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1 + redis.call('EXISTS', KEYS[2])
"""
"""0: no longer ours; 1: ours; 2: ours, and wanted."""

_SEND = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('XADD', KEYS[2], '*', 'frame', ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 1
"""
"""A Redis that was restarted has lost the frames along with the lead: no later frame may follow them."""

_GIVE_UP = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], 'ended', 'PX', ARGV[3]) end
if redis.call('EXISTS', KEYS[2]) == 1 then
  redis.call('XADD', KEYS[3], '*', 'over', '')
  redis.call('PEXPIRE', KEYS[3], ARGV[2])
end
"""


class Cadence(Struct, frozen=True):
    """How often things are checked, in seconds.

    A lead lapses `lease_s` after it was last renewed, which happens every `watch_s`, or three times in
    `lease_s` if there are many; so long is a dead leader waited for. Every `slice_s`, a follower checks
    whether there is a leader, and says that it wants the answer; that holds for `wish_s`, since its client
    may read slowly. That a lead has ended is remembered for `ended_s`.
    """

    lease_s: float = 3.0
    watch_s: float = 0.1
    slice_s: float = 0.5
    wish_s: float = 5.0
    ended_s: float = LED_LATELY_S
    most_followed: int = 12


USUAL_PACE = Cadence()


class RedisFlightCoordinator:
    """Implements `router.ports.FlightCoordinator` on a Redis. Made inside a running event loop.

    `waiting` is a separate link, for commands that wait: its patience must be longer than a slice.
    """

    is_shared = True
    """There may be other processes."""

    def __init__(
        self,
        link: RedisLink,
        waiting: RedisLink,
        monotonic_s: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        pace: Cadence = USUAL_PACE,
    ) -> None:
        self.link = link
        self.pace = pace
        self._waiting = waiting
        self._monotonic_s = monotonic_s
        self._sleep = sleep
        self._followed = 0
        self._leads: dict[str, RedisLead] = {}
        self._doubtful: list[RedisLead] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._watching: asyncio.Task[None] | None = None
        self._lead = Script(link, _LEAD)
        self.watch = Script(link, _WATCH)
        self.send = Script(link, _SEND)
        self.give_up = Script(link, _GIVE_UP)

    async def lead(self, key: str, wanted: Callable[[], None]) -> Lead | None:
        """The lead, or None if another process has it. Without Redis, each process leads for itself."""
        if self._followed >= self.pace.most_followed:
            return LocalLead()
        lead = RedisLead(self, key, secrets.token_hex(8), wanted, self._monotonic_s())
        asking, was_up = asyncio.create_task(self._state(key, lead.token)), self.link.is_up
        try:
            state = await asyncio.shield(asking)
        except RedisAway:
            if was_up:
                self._doubtful.append(lead)
                self._keep_watch()
            return LocalLead()
        except asyncio.CancelledError:
            self.start(_let_go(lead, asking))
            raise
        if state == 0:
            return None
        lead.is_successor = state == 2
        self._leads[lead.token] = lead
        self._keep_watch()
        return lead

    async def follow(self, key: str) -> AsyncIterator[bytes]:
        """The frames of the leader; ends when it has given up or died, or Redis has gone."""
        self._followed += 1
        try:
            async for frame in self._frames(key):
                yield frame
        except RedisAway:
            await self._sleep(self.pace.watch_s)  # who followed asks to lead next, perhaps in vain
        finally:
            self._followed -= 1

    async def close(self) -> None:
        """Stop watching, and finish giving up leads."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` in the background."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def forget(self, lead: "RedisLead") -> None:
        """Stop watching this lead."""
        self._leads.pop(lead.token, None)

    async def _state(self, key: str, token: str) -> int:
        """Whether the lead is ours, in the words of the script."""
        told: list[str | int] = [token, int(self.pace.lease_s * 1000)]
        state: int = await self._lead([keys.lead(key)], told)
        return state

    async def _frames(self, key: str) -> AsyncIterator[bytes]:
        token, last = await self._token(key), b"0"
        while token is not None:
            await self._want(key)
            entries = await self._read(keys.frames(key, token.decode()), last, self.pace.slice_s)
            is_led = bool(entries) or await self._token(key) == token
            if not is_led:  # what came between the last check and the end
                entries = await self._read(keys.frames(key, token.decode()), last, None)
            for place, fields in entries:
                if _OVER in fields:
                    return
                last = place
                yield fields[_FRAME]
            if not is_led:
                return

    async def _token(self, key: str) -> bytes | None:
        token: bytes | None = await self.link.send("GET", keys.lead(key))
        return None if token == _ENDED else token

    async def _want(self, key: str) -> None:
        for_ms = int(self.pace.wish_s * 1000)
        await self.link.send("SET", keys.wanted(key), b"1", "PX", for_ms)

    async def _read(
        self, stream: str, after: bytes, for_s: float | None
    ) -> list[tuple[bytes, dict[bytes, bytes]]]:
        """The next entries of a stream; waits `for_s` for one, None for not at all."""
        block = None if for_s is None else int(for_s * 1000)
        found = await self._waiting.ask(
            lambda: self._waiting.client.xread({stream: after}, block=block)
        )
        if not found:
            return []
        named = found.items() if isinstance(found, dict) else found
        ((_, entries),) = named
        # In the newer protocol, a stream's entries are wrapped in one more list.
        return list(entries[0] if entries and isinstance(entries[0], list) else entries)

    def _keep_watch(self) -> None:
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch_all())

    async def _watch_all(self) -> None:
        is_told = False
        while True:
            turns = max(1.0, len(self._leads) / _LOOKS)
            await self._sleep(min(self.pace.watch_s, self.pace.lease_s / 3 / turns))
            self._give_up_doubtful()
            try:
                await asyncio.gather(*(lead.look() for lead in self._next_due()))
            except Exception:  # noqa: BLE001 - the other leads must be renewed all the same
                if not is_told:
                    _LOG.exception("a lead could not be looked after")
                is_told = True

    def _give_up_doubtful(self) -> None:
        """A Redis that was too late with its answer may have given us a lead that nobody here has."""
        if self._doubtful and self.link.is_up:
            doubtful, self._doubtful = self._doubtful, []
            for lead in doubtful:
                self.start(lead.give_up())

    def _next_due(self) -> list["RedisLead"]:
        """Those that were looked at longest ago. Most are over before they are looked at for the first time."""
        since_s = self._monotonic_s() - self.pace.watch_s
        begun = (lead for lead in self._leads.values() if lead.began_s <= since_s)
        due = list(islice(begun, _LOOKS))
        for lead in due:
            self._leads[lead.token] = self._leads.pop(lead.token)
        return due


class RedisLead:
    """Implements `router.ports.Lead`."""

    def __init__(
        self,
        coordinator: RedisFlightCoordinator,
        key: str,
        token: str,
        wanted: Callable[[], None],
        began_s: float,
    ) -> None:
        self.token = token
        self.began_s = began_s
        self.is_successor = False
        self._coordinator = coordinator
        self._key = key
        self._wanted = wanted
        self._is_wanted = False
        self._is_broken = False

    def __repr__(self) -> str:
        return f"<RedisLead {self._key[:8]} wanted={self._is_wanted} broken={self._is_broken}>"

    async def look(self) -> None:
        """Renew the lead, and check whether the answer is wanted."""
        told: list[str | int] = [self.token, int(self._coordinator.pace.lease_s * 1000)]
        names = [keys.lead(self._key), keys.wanted(self._key)]
        try:
            state = await self._coordinator.watch(names, told)
        except RedisAway:
            return
        if state == 0:
            self._coordinator.forget(self)
        elif state == 2 and not self._is_wanted:
            self._is_wanted = True
            self._wanted()

    async def send(self, frame: bytes) -> None:
        """Send a frame to all. After one that was lost, no other is sent: nobody must miss a piece."""
        if self._is_broken:
            return
        names = [keys.lead(self._key), keys.frames(self._key, self.token)]
        told: list[str | bytes | int] = [self.token, frame, _KEPT_MS]
        try:
            sent = await self._coordinator.send(names, told)
        except RedisAway:
            sent = 0
        self._is_broken = not sent

    async def is_wanted(self) -> bool:
        """Whether a process has recently said that it waits."""
        try:
            return bool(await self._coordinator.link.send("EXISTS", keys.wanted(self._key)))
        except RedisAway:
            return False

    async def give_up(self) -> None:
        """Free the lead; those who still wait learn that no more will come."""
        self._coordinator.forget(self)
        names = [
            keys.lead(self._key),
            keys.wanted(self._key),
            keys.frames(self._key, self.token),
        ]
        ended_ms = int(self._coordinator.pace.ended_s * 1000)
        with suppress(RedisAway):
            await self._coordinator.give_up(names, [self.token, _KEPT_MS, ended_ms])


async def _let_go(lead: RedisLead, asking: "asyncio.Task[int]") -> None:
    """Give it up once Redis has answered: what is sent now could overtake what is to be undone."""
    with suppress(RedisAway):
        await asking
    await lead.give_up()

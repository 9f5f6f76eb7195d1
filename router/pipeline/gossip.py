"""What processes tell each other about models: in the background, never on a request's way.

A process that finds out that a model fails, or that its provider wants no more calls, tells the others,
and hears what they have found out, a few times a second.
"""

import logging
from collections.abc import Awaitable, Callable, Container

from msgspec import Struct

from router.dispatch.fleet import Fleet
from router.dispatch.notice import About, Subject
from router.pipeline.current import Current
from router.ports import Notices

_LOG = logging.getLogger(__name__)
_EVERY_S = 0.3
"""News reach another process after twice this at most, plus a moment for Redis."""


class Subjects(Struct, frozen=True):
    """What this process knows: its models and their upstreams as they are at the moment."""

    current: Current

    def __contains__(self, subject: object) -> bool:
        judge = self.current.pipeline.judge
        vectors = judge.vectors.at(judge.world.unix_s())
        models = (*judge.models.values(), *vectors.values())
        places = (place for model in models for place in model.places)
        match subject:
            case Subject(About.UPSTREAM, name):
                return any(place.upstream == name for place in places)
            case Subject(_, key):
                return any(place.key == key for place in places)
        return False


class Gossip(Struct, frozen=True):
    """Between a process' fleet and the board that all processes read; `known` are our own subjects."""

    fleet: Fleet
    notices: Notices
    known: Container[Subject]
    monotonic_s: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]

    async def watch(self) -> None:
        """Tell and hear until cancelled."""
        is_told = False
        while True:
            try:
                await self.exchange()
            except Exception:  # noqa: BLE001 - whatever it is, the next time may go well
                if not is_told:
                    _LOG.exception("processes could not tell each other about models")
                is_told = True
            await self.sleep(_EVERY_S)

    async def exchange(self) -> None:
        """Post our news, then read what the others have posted: in this order, since ours are newer."""
        news = self.fleet.news(self.monotonic_s())
        if not news.notices or await self.notices.post(news.notices):
            self.fleet.told(news)
        for notice in await self.notices.read():
            if notice.subject in self.known:
                self.fleet.heard(notice, self.monotonic_s())

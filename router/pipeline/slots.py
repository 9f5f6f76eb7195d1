"""Places for calls in flight: a limited number per model, the rest wait in line.

A place is handed on in the order of asking. Whoever stops waiting leaves the line, and hands the
place on if it came at that very moment.
"""

import asyncio
from collections import defaultdict, deque

from router.domain.model import Model


class Slots:
    """The places of all models of a process; a model without a limit has any number."""

    def __init__(self) -> None:
        self._taken: defaultdict[str, int] = defaultdict(int)
        self._lines: defaultdict[str, deque[_Waiting]] = defaultdict(deque)

    def take_now(self, model: Model) -> bool:
        """Whether a place was free; then it is ours, and must be given back with `give`."""
        if not _has_room(self._taken[model.key], model.limits.in_flight):
            return False
        self._taken[model.key] += 1
        return True

    async def wait(self, model: Model) -> None:
        """Return once a place has become ours. It must be given back with `give`."""
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines[model.key].append((place, model.limits.in_flight))
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.give(model)
            raise

    def give(self, model: Model) -> None:
        """Give a place back: whoever still waits gets it, in the order of asking.

        A limit may have changed since somebody asked: more than one place may be free then, or none.
        """
        self._taken[model.key] -= 1
        line = self._lines[model.key]
        while line and _has_room(self._taken[model.key], line[0][1]):
            if not (place := line.popleft()[0]).done():
                self._taken[model.key] += 1
                place.set_result(None)


_Waiting = tuple[asyncio.Future[None], int | None]
"""A caller that waits, and the limit of calls in flight when it asked."""


def _has_room(taken: int, limit: int | None) -> bool:
    return limit is None or taken < limit

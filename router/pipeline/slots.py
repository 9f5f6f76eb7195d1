"""Places for calls under way: so many per model at a time, the rest wait in line.

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
        self._lines: defaultdict[str, deque[asyncio.Future[None]]] = defaultdict(deque)

    def take_now(self, model: Model) -> bool:
        """Whether a place was free; then it is ours, and must be given back with `give`."""
        limit = model.limits.in_flight
        if limit is not None and self._taken[model.key] >= limit:
            return False
        self._taken[model.key] += 1
        return True

    async def wait(self, model: Model) -> None:
        """Return once a place has become ours. It must be given back with `give`."""
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines[model.key].append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.give(model)
            raise

    def give(self, model: Model) -> None:
        """Give a place back: the first who still waits gets it."""
        line = self._lines[model.key]
        while line:
            if not (place := line.popleft()).done():
                place.set_result(None)
                return
        self._taken[model.key] -= 1

"""Which process leads a request that several have been asked, and how the others follow it."""

from collections.abc import AsyncIterator, Callable
from typing import Protocol

LED_LATELY_S = 1.0
"""For how many seconds after the end of a lead the next leader learns of it."""


class Lead(Protocol):
    """The right to answer a request for all processes that share a coordinator; given up once."""

    @property
    def is_successor(self) -> bool:
        """Whether another process may have led the same request in the last `LED_LATELY_S` seconds.

        Its answer is stored by now, if it could be.
        """
        ...

    async def send(self, frame: bytes) -> None:
        """Send a piece of the answer to all processes that wait for it, now or later."""
        ...

    async def is_wanted(self) -> bool:
        """Whether a process still waits for it."""
        ...

    async def give_up(self) -> None:
        """No more frames will come. A process that has not got the last one finds another leader."""
        ...


class FlightCoordinator(Protocol):
    """Knows which requests are being answered by one of several processes: each is led by one of them.

    A coordinator that is down lets everybody lead, and never raises.
    """

    @property
    def is_shared(self) -> bool:
        """Whether there can be other processes."""
        ...

    async def lead(self, key: str, wanted: Callable[[], None]) -> Lead | None:
        """The lead of the request `key`, or None when another process has it.

        `wanted` is called once, in the event loop, as soon as another process waits for the answer;
        until then nothing needs to be sent.
        """
        ...

    def follow(self, key: str) -> AsyncIterator[bytes]:
        """The frames of the process that leads, from its first one on; ends when it has given up.

        It also ends, a few seconds later, when that process has died or the coordinator is down.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...

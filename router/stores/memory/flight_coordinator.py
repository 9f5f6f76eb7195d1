"""A coordinator for one process: whoever asks leads, and nobody follows."""

from collections.abc import AsyncIterator, Callable


class LocalLead:
    """Implements `router.ports.Lead` where there is no other process, or none is known."""

    is_successor = True

    async def send(self, _frame: bytes) -> None:
        """Nobody listens."""

    async def is_wanted(self) -> bool:
        """Never."""
        return False

    async def give_up(self) -> None:
        """Nobody takes it up."""


class LocalFlightCoordinator:
    """Implements `router.ports.FlightCoordinator` for one process."""

    is_shared = False
    """There is nobody else."""

    async def lead(self, _key: str, _wanted: Callable[[], None]) -> LocalLead:
        """Always."""
        return LocalLead()

    async def follow(self, _key: str) -> AsyncIterator[bytes]:
        """Nothing comes."""
        for nothing in (b"",):
            if nothing:
                yield nothing

    async def close(self) -> None:
        """Nothing to release."""

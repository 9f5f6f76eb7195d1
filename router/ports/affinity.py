"""Which model a session is with."""

from typing import Protocol


class Affinity(Protocol):
    """Remembers which model a session is with, by whatever its caller calls it.

    It may forget; when it is down it remembers nothing, and never raises.
    """

    async def model_of(self, session: str) -> str | None:
        """The model that `session` stays with, if it is known."""
        ...

    async def stay(self, session: str, model: str, ttl_s: int) -> None:
        """`session` stays with this model for `ttl_s` seconds from now."""
        ...

"""Which model a session is with."""

from typing import Protocol


class Affinity(Protocol):
    """Remembers which model a session is with.

    It may forget; when it is down it remembers nothing, and never raises.
    """

    async def model_of(self, session: str) -> str | None:
        """The id of the model that `session` stays with, if it is known."""
        ...

    async def stay(self, session: str, model_id: str, ttl_s: int) -> None:
        """`session` stays with this model for `ttl_s` seconds from now."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...

"""What passing calls through needs of the world; `router.providers.passthrough` implements it."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from msgspec import Struct


class PassthroughCall(Struct, frozen=True):
    """A call that goes to an upstream as it came. `target` is its path below the address, with the query.

    `body` is None if it has none.
    """

    method: str
    target: str
    headers: Sequence[tuple[str, str]]
    body: AsyncIterator[bytes] | None


class PassthroughAnswer(Protocol):
    """An upstream's answer to a call that was passed through, whatever its status."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def request_id(self) -> str:
        """What the upstream calls the request; "" if it does not say."""
        ...

    @property
    def headers(self) -> Sequence[tuple[str, str]]:
        """All that the upstream has sent."""
        ...

    def pieces(self) -> AsyncIterator[bytes]:
        """The body as it arrives. Raises AttemptFailed when it breaks off."""
        ...

    async def close(self) -> None:
        """Let go of the connection; a body that was not read to its end is abandoned."""
        ...


class PassthroughUpstream(Protocol):
    """The way to an upstream for calls that are passed through."""

    async def send(self, call: PassthroughCall) -> PassthroughAnswer:
        """The head of the answer. Raises AttemptFailed when none comes."""
        ...

"""What streamed answers have in common, whatever their pieces are made of."""

from collections.abc import AsyncIterator


class Streamed(AsyncIterator[bytes]):
    """Implements `router.ports.Response` as an iterator over its own pieces.

    Not by a generator: one that is cancelled while it waits is finished, and could not be read further.
    """

    is_stream = True

    async def read(self) -> bytes:
        """All pieces together."""
        return b"".join([piece async for piece in self])

    def pieces(self) -> AsyncIterator[bytes]:
        """Itself."""
        return self

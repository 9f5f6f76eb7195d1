"""The last word on a connection: a response says so when no other will follow."""

from aiohttp import web


class ConnectionClose:
    """Has responses say that their connection ends with them, once that is so (RFC 9112, section 9.6)."""

    def __init__(self) -> None:
        self.is_due = False

    async def say(self, _: web.Request, response: web.StreamResponse) -> None:
        """Called by aiohttp before it sends the head of a response."""
        if self.is_due:
            response.force_close()
            response.headers["connection"] = "close"

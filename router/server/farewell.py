"""The last word on a connection: an answer says so when no other one will follow."""

from aiohttp import web


class Farewell:
    """Has answers say that their connection ends with them, once that is so (RFC 9112, section 9.6)."""

    def __init__(self) -> None:
        self.is_due = False

    async def say(self, _: web.Request, response: web.StreamResponse) -> None:
        """What aiohttp calls before it sends the head of an answer."""
        if self.is_due:
            response.force_close()
            response.headers["connection"] = "close"

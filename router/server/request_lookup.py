"""What became of a request, for those who may know: its own key, and operators."""

import re
from collections.abc import Awaitable, Callable

from aiohttp import web
from msgspec import Struct

from router.domain.errors import ApiError
from router.ledger.away import LedgerAway
from router.ledger.trace import RequestRecord
from router.server.http import Frontend

_ID = re.compile(r"[!-~]{1,128}")


class RequestLookup(Struct, frozen=True):
    """Finds requests in the ledger. `admit` admits operators, and raises ApiError for anybody else.

    `read` returns what the ledger has of a request. Raises LedgerAway while it cannot be read.
    """

    frontend: Frontend
    admit: Callable[[web.Request], None]
    read: Callable[[str], Awaitable[RequestRecord | None]]

    async def key_of(self, request: web.Request) -> str | None:
        """The name of the key that asks; None for an operator. Raises ApiError 401."""
        try:
            self.admit(request)
        except ApiError:
            return (await self.frontend.gate.admit(request.headers)).name
        return None

    async def trace(
        self, request_id: str, key: str | None, *, code: str, param: str
    ) -> RequestRecord:
        """What became of the request, if `key` sent it, or is None, for an operator.

        Raises ApiError 404 with `code` and `param` if the request is unknown or another key's, which the
        caller cannot tell apart, and 503 while the ledger cannot be read.
        """
        trace = await self._trace(request_id)
        if trace is None or (key is not None and trace.key != key):
            raise self._unknown(request_id, code, param)
        return trace

    async def _trace(self, request_id: str) -> RequestRecord | None:
        if not _ID.fullmatch(request_id):
            return None
        try:
            return await self.read(request_id)
        except LedgerAway as error:
            raise unavailable(f"The request cannot be looked up: {error}.") from None

    def _unknown(self, request_id: str, code: str, param: str) -> ApiError:
        waiting = self.frontend.pipeline.ledger.standing.waiting_rows
        later = f" It may be among the rows still to be written ({waiting})." if waiting else ""
        message = (
            f"The ledger has no request '{request_id}' of this key: it was refused before it"
            f" was sent, is still in progress, or was deleted.{later}"
        )
        return ApiError(404, message, code=code, param=param)


def unavailable(message: str) -> ApiError:
    """The error for whoever asks for something while the ledger cannot be read."""
    return ApiError(503, message, code="ledger_unavailable", kind="server_error", retry_after_s=1)

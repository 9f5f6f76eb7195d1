"""How requests are decided: `POST /v1/route` before they are sent, `GET /v1/decisions/{id}` afterwards."""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from router.decision.record import NotKept
from router.domain.errors import ApiError
from router.ledger.trace import Trace, TracesAway
from router.pipeline.history import history
from router.server.http import REQUEST_ID, Front
from router.server.protocol import meet_expectation

_ID = re.compile(r"[!-~]{1,128}")


@dataclass(frozen=True, slots=True)
class DecisionDesk:
    """The routes. `admit` lets operators in, and raises ApiError for anybody else.

    `read` returns what the ledger has of a request, and is called in a thread.
    """

    front: Front
    admit: Callable[[web.Request], None]
    read: Callable[[str], Trace | None]

    async def route(self, request: web.Request) -> web.StreamResponse:
        """`POST /v1/route`: what would be decided for a chat completion. Nothing is sent or booked."""
        raw, caller = await self.front.asked(request)
        return _json(await self.front.pipeline.route(raw, caller), request)

    async def decision(self, request: web.Request) -> web.StreamResponse:
        """`GET /v1/decisions/{id}`: how a request was decided, and what became of it.

        For operators, and for the key that made it; for all others there is none.
        """
        key = await self._key(request)
        request_id = request.match_info["id"]
        trace = await self._trace(request_id)
        if trace is None or (key is not None and trace.key != key):
            raise self._unknown(request_id)
        try:
            return _json(history(trace), request)
        except NotKept as why:
            message = f"How '{request_id}' was decided is not in the ledger: {why}."
            raise ApiError(404, message, code="decision_not_kept", param="id") from None

    def routes(self) -> list[web.RouteDef]:
        """The routes to add."""
        return [
            web.post("/v1/route", self.route, expect_handler=meet_expectation),
            web.get("/v1/decisions/{id}", self.decision),
        ]

    async def _key(self, request: web.Request) -> str | None:
        """The name of the key that asks; None for an operator. Raises ApiError 401."""
        try:
            self.admit(request)
        except ApiError:
            return (await self.front.gate.admit(request.headers)).name
        return None

    async def _trace(self, request_id: str) -> Trace | None:
        if not _ID.fullmatch(request_id):
            return None
        try:
            return await asyncio.to_thread(self.read, request_id)
        except TracesAway as error:
            raise ApiError(
                503,
                f"This cannot be told: {error}.",
                code="ledger_unavailable",
                kind="server_error",
                retry_after_s=1,
            ) from None

    def _unknown(self, request_id: str) -> ApiError:
        waiting = self.front.pipeline.ledger.standing.waiting_rows
        later = f" {waiting} rows wait to be written, and may be of it." if waiting else ""
        message = (
            f"There is no request '{request_id}' of this key in the ledger: it was refused before it"
            f" was sent, is still under way, or was deleted.{later}"
        )
        return ApiError(404, message, code="decision_not_found", param="id")


def _json(body: Mapping[str, Any], request: web.Request) -> web.Response:
    headers = {"x-request-id": request[REQUEST_ID], "cache-control": "no-store"}
    return web.Response(body=orjson.dumps(body), headers=headers, content_type="application/json")

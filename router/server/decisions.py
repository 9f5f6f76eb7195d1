"""How requests are decided: `POST /v1/route` before they are sent, `GET /v1/decisions/{id}` afterwards."""

from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web
from msgspec import Struct

from router.decision.record import NotKept
from router.domain.errors import ApiError
from router.pipeline.history import history
from router.server.http import REQUEST_ID, Frontend
from router.server.request_lookup import RequestLookup


class DecisionHandlers(Struct, frozen=True):
    """The routes."""

    frontend: Frontend
    request_lookup: RequestLookup

    async def route(self, request: web.Request) -> web.StreamResponse:
        """`POST /v1/route`: what would be decided for a chat completion. Nothing is sent or booked."""
        raw, caller = await self.frontend.asked(request)
        return _json(await self.frontend.pipeline.route(raw, caller), request)

    async def decision(self, request: web.Request) -> web.StreamResponse:
        """`GET /v1/decisions/{id}`: how a request was decided, and what became of it.

        For operators, and for the key that sent the request; for all others it does not exist.
        """
        key = await self.request_lookup.key_of(request)
        request_id = request.match_info["id"]
        trace = await self.request_lookup.trace(
            request_id, key, code="decision_not_found", param="id"
        )
        try:
            return _json(history(trace), request)
        except NotKept as why:
            message = f"The decision on request '{request_id}' is not in the ledger: {why}."
            raise ApiError(404, message, code="decision_not_kept", param="id") from None

    def routes(self) -> list[web.RouteDef]:
        """The routes to add."""
        return [
            web.post("/v1/route", self.route),
            web.get("/v1/decisions/{id}", self.decision),
        ]


def _json(body: Mapping[str, Any], request: web.Request) -> web.Response:
    headers = {"x-request-id": request[REQUEST_ID], "cache-control": "no-store"}
    return web.Response(body=orjson.dumps(body), headers=headers, content_type="application/json")

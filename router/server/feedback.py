"""What clients say about answers: `POST /v1/feedback`."""

from collections.abc import Callable

import orjson
from aiohttp import web
from msgspec import Struct

from router.domain.errors import ApiError
from router.domain.ledger import Entry
from router.domain.scored import Scored, ScoreSource
from router.ledger.trace import RequestRecord
from router.ledger.unrouted import UnroutedKind
from router.server.http import REQUEST_ID
from router.server.request_lookup import RequestLookup
from router.wire.feedback import parse_feedback, told


class FeedbackHandlers(Struct, frozen=True):
    """The route."""

    request_lookup: RequestLookup
    unix_s: Callable[[], float]

    async def feedback(self, request: web.Request) -> web.StreamResponse:
        """`POST /v1/feedback`: how good the answer to a request was; if it comes again, the last one counts.

        For operators, and for the key that sent the request; for all others the request does not exist.
        """
        key = await self.request_lookup.key_of(request)
        said = parse_feedback(await self.request_lookup.frontend.body(request))
        trace = await self.request_lookup.trace(
            said.request_id, key, code="request_not_found", param="request_id"
        )
        entry = _answered(trace)
        scored = Scored(
            said.request_id,
            entry.model,
            entry.category,
            said.score,
            ScoreSource.FEEDBACK,
            said.reason,
            self.unix_s(),
        )
        await self.request_lookup.frontend.pipeline.scorer.keep([scored])
        headers = {"x-request-id": request[REQUEST_ID], "cache-control": "no-store"}
        body = orjson.dumps(told(scored))
        return web.Response(body=body, headers=headers, content_type="application/json")

    def routes(self) -> list[web.RouteDef]:
        """The routes to add."""
        return [web.post("/v1/feedback", self.feedback)]


def _answered(trace: RequestRecord) -> Entry:
    """The entry of the answer that the client got, whole or not. Raises ApiError 400 if it got none."""
    for entry in trace.entries:
        is_conversation = entry.category not in tuple(UnroutedKind)
        if (
            is_conversation
            and entry.closes
            and (entry.is_answer or entry.first_content_s is not None)
        ):
            return entry
    raise ApiError(
        400,
        f"Request '{trace.request_id}' has no answer that could be scored.",
        code="no_answer",
        param="request_id",
    )

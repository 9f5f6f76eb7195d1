"""What can be asked for: `GET /v1/models` and `GET /v1/models/{id}`, in the shape of the client's API."""

from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web
from msgspec import Struct

from router.decision.resolve import AUTO, AUTO_PREFIX
from router.domain.errors import ApiError
from router.domain.key import Grants
from router.domain.nearest import nearest
from router.server.faults import MESSAGES_PATH, id_headers, told_error
from router.server.http import REQUEST_ID, Frontend
from router.wire.listing import Page, anthropic_list, anthropic_model, openai_list, openai_model

_ANTHROPIC = ("anthropic-version", "x-api-key")
"""Headers that Anthropic's clients send, and OpenAI's do not."""


class Listing(Struct, frozen=True):
    """The routes."""

    frontend: Frontend

    async def models(self, request: web.Request) -> web.StreamResponse:
        """`GET /v1/models`: the policies that can be asked for, the catalog, and the embedding models.

        Anthropic's clients get pages, and no embedding models: their API has none.
        """
        if not _is_anthropic(request):
            return self._sent(request, openai_list(self._embedding(await self._grants(request))))
        try:
            names = list(self._chatting(await self._grants(request)))
            return self._sent(request, anthropic_list(names, Page.of(request.query)))
        except ApiError as error:
            return told_error(error, MESSAGES_PATH, request[REQUEST_ID])

    async def model(self, request: web.Request) -> web.StreamResponse:
        """`GET /v1/models/{model}`: one of them."""
        name = request.match_info["model"]
        if not _is_anthropic(request):
            owners = self._embedding(await self._grants(request))
            return self._sent(request, openai_model(name, _found(name, owners)))
        try:
            _found(name, self._chatting(await self._grants(request)))
            return self._sent(request, anthropic_model(name))
        except ApiError as error:
            return told_error(error, MESSAGES_PATH, request[REQUEST_ID])

    def routes(self) -> list[web.RouteDef]:
        """The routes to add."""
        return [
            web.get("/v1/models", self.models),
            web.get("/v1/models/{model:.+}", self.model),
        ]

    async def _grants(self, request: web.Request) -> Grants:
        return (await self.frontend.gate.admit(request.headers)).grants

    def _chatting(self, grants: Grants) -> dict[str, str]:
        """What a key may use for conversations, with the owner of each."""
        judge = self.frontend.pipeline.judge
        book, models = judge.book, judge.models.values()
        policies = [name for name in book.policies if grants.allows_policy(name)]
        names = [AUTO] if grants.allows_policy(book.default) else []
        owners = dict.fromkeys([*names, *(AUTO_PREFIX + name for name in policies)], "farthing")
        return owners | {
            each.id: each.upstream for each in models if grants.allows_pinning(each.id)
        }

    def _embedding(self, grants: Grants) -> dict[str, str]:
        """All that a key may use: first for conversations, then for vectors."""
        judge = self.frontend.pipeline.judge
        models = judge.vectors.at(judge.world.unix_s()).values()
        vectors = {each.id: each.upstream for each in models if grants.allows_model(each.id)}
        return self._chatting(grants) | vectors

    def _sent(self, request: web.Request, body: Mapping[str, Any]) -> web.Response:
        path = MESSAGES_PATH if _is_anthropic(request) else request.path
        headers = id_headers(path, request[REQUEST_ID])
        return web.Response(
            body=orjson.dumps(body), headers=headers, content_type="application/json"
        )


def _is_anthropic(request: web.Request) -> bool:
    return any(name in request.headers for name in _ANTHROPIC)


def _found(name: str, owners: Mapping[str, str]) -> str:
    """The owner of a model. Raises ApiError 404."""
    if (owner := owners.get(name)) is None:
        message = f"There is no such model{nearest(name, owners)}"
        raise ApiError(404, message, code="model_not_found", param="model")
    return owner

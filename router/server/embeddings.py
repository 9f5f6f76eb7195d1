"""`POST /v1/embeddings`."""

from aiohttp import web
from msgspec import Struct

from router.pipeline.embeddings import vectors_for
from router.server.http import Frontend


class EmbeddingsHandlers(Struct, frozen=True):
    """The route; answers are stored for `ttl_s` seconds, 0 for not at all."""

    frontend: Frontend
    ttl_s: int

    async def embeddings(self, request: web.Request) -> web.StreamResponse:
        """The vectors that the named model makes, and no other."""
        raw, caller = await self.frontend.asked(request)
        reply = await vectors_for(self.frontend.pipeline, raw, caller, self.ttl_s)
        return web.Response(body=reply.body, headers=reply.headers, content_type="application/json")

    def routes(self) -> list[web.RouteDef]:
        """The routes to add."""
        return [web.post("/v1/embeddings", self.embeddings)]

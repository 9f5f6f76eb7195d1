"""What operators ask a running Farthing: the state of its models, its budgets, and metrics.

If keys are configured, these need the admin key; without any, Farthing listens on loopback only, and
whoever can connect may look, except for web pages from elsewhere.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web
from msgspec import Struct

from router.domain.errors import ApiError
from router.domain.key import VirtualKey
from router.server.gate import presented, presents, refuse_other_names, refuse_pages

_PROMETHEUS = {"content-type": "text/plain; version=0.0.4; charset=utf-8"}
"""Its text format."""


class Figures(Struct, frozen=True):
    """For operators: the text for Prometheus; as JSON the state of models and upstreams, and of budgets."""

    metrics: Callable[[], Awaitable[bytes]]
    fleet: Callable[[], Awaitable[bytes]]
    budgets: Callable[[], Awaitable[bytes]]


class Admin(Struct, frozen=True):
    """The admin routes. `is_open` says whether there is no key at all; then these need none either."""

    figures: Figures
    key: VirtualKey | None
    is_open: Callable[[], bool]

    async def fleet_state(self, request: web.Request) -> web.StreamResponse:
        """`GET /admin/fleet`: breakers, limits and calls in flight of every model and upstream."""
        self.admit(request)
        return web.Response(body=await self.figures.fleet(), content_type="application/json")

    async def metrics_text(self, request: web.Request) -> web.StreamResponse:
        """`GET /metrics`."""
        self.admit(request)
        return web.Response(body=await self.figures.metrics(), headers=_PROMETHEUS)

    async def budgets(self, request: web.Request) -> web.StreamResponse:
        """`GET /admin/budgets`: the state of every budget that anybody has drawn on."""
        self.admit(request)
        return web.Response(body=await self.figures.budgets(), content_type="application/json")

    def routes(self) -> list[web.RouteDef]:
        """The routes to add."""
        return [
            web.get("/admin/fleet", self.fleet_state),
            web.get("/admin/budgets", self.budgets),
            web.get("/metrics", self.metrics_text),
        ]

    def admit(self, request: web.Request) -> None:
        """Admit whoever may see the figures. Raises ApiError 401 or 403 for anybody else."""
        if self.key is not None:
            if not presents(request.headers, self.key):
                raise ApiError(401, _needed(request), code="invalid_api_key")
        elif self.is_open():
            refuse_pages(request.headers)
            refuse_other_names(request.headers)
        else:
            raise ApiError(
                403,
                "This route needs an admin key; set 'server: {admin_key: ${NAME}}'.",
                code="admin_key_needed",
            )


def _needed(request: web.Request) -> str:
    if presented(request.headers):
        return "This is not the admin key."
    return "This needs the admin key; send it as 'Authorization: Bearer <key>'."

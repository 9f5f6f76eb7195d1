"""What operators ask a running Farthing: the state of its models, and metrics.

With keys configured these need the admin key; without any, Farthing listens on loopback only, and
whoever can connect may look.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass

import orjson
from aiohttp import web

from router.dispatch.fleet import Fleet
from router.domain.errors import ApiError
from router.server.gate import Gate, VirtualKey


@dataclass(frozen=True, slots=True)
class Admin:
    """The admin routes. `metrics` returns the text and content type for Prometheus."""

    fleet: Fleet
    monotonic_s: Callable[[], float]
    metrics: Callable[[], tuple[bytes, str]]
    key: VirtualKey | None
    has_keys: bool

    async def fleet_state(self, request: web.Request) -> web.StreamResponse:
        """`GET /admin/fleet`: breakers, limits and calls in flight of every model and upstream."""
        self.admit(request)
        standings = [asdict(each) for each in self.fleet.standings(self.monotonic_s())]
        body = {"retries_left": self.fleet.retries.left, "standings": standings}
        return web.Response(body=orjson.dumps(body), content_type="application/json")

    async def metrics_text(self, request: web.Request) -> web.StreamResponse:
        """`GET /metrics`."""
        self.admit(request)
        body, content_type = self.metrics()
        return web.Response(body=body, headers={"content-type": content_type})

    def routes(self) -> list[web.RouteDef]:
        """The routes to add."""
        return [
            web.get("/admin/fleet", self.fleet_state),
            web.get("/metrics", self.metrics_text),
        ]

    def admit(self, request: web.Request) -> None:
        """Let in whoever may see the figures. Raises ApiError 401 or 403 for anybody else."""
        if self.key is not None:
            Gate((self.key,)).admit(request.headers)
        elif self.has_keys:
            raise ApiError(
                403,
                "This route needs an admin key; set 'server: {admin_key: ${NAME}}'.",
                code="admin_key_needed",
            )

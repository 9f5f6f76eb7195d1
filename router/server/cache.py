"""What operators ask a running Farthing about its cache: `/admin/cache`, for `farthing cache`."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from aiohttp import web
from msgspec import Struct

from router.domain.errors import ApiError
from router.pipeline.inventory import CacheInventory, Selection, inventory_of, purge, selected
from router.ports import Cache
from router.wire.cached import described

_MOST_SHOWN = 1000
_NAMES = Selection.__struct_fields__


class CacheHandlers(Struct, frozen=True):
    """The routes. `admit` admits operators, and raises ApiError for anybody else."""

    cache: Cache
    admit: Callable[[web.Request], None]

    async def stats(self, request: web.Request) -> web.StreamResponse:
        """`GET /admin/cache`: how much is stored, by whom and for whom."""
        self.admit(request)
        return _json(_told(await inventory_of(self.cache)))

    async def entries(self, request: web.Request) -> web.StreamResponse:
        """`GET /admin/cache/entries?id=&key=&tag=&model=`: where answers come from, not what they say."""
        self.admit(request)
        selection, shown = _selection_of(request.query), []
        async for entry, answer in selected(self.cache, selection):
            if answer is not None:
                shown.append({"digest": entry.key, **described(answer)})
            if len(shown) == _MOST_SHOWN:
                break
        return _json({"entries": shown})

    async def purge(self, request: web.Request) -> web.StreamResponse:
        """`POST /admin/cache/purge?id=&key=&tag=&model=`, or `?all=true`: forget answers."""
        self.admit(request)
        query = dict(request.query)
        everything = query.pop("all", "") == "true"
        selection = _selection_of(query)
        if selection.is_everything != everything:
            raise ApiError.invalid("all", "Specify which answers, or 'all=true', but not both.")
        return _json({"purged": await purge(self.cache, selection)})

    def routes(self) -> list[web.RouteDef]:
        """The routes to add."""
        return [
            web.get("/admin/cache", self.stats),
            web.get("/admin/cache/entries", self.entries),
            web.post("/admin/cache/purge", self.purge),
        ]


def _selection_of(query: Mapping[str, str]) -> Selection:
    """Which answers a query means. Raises ApiError 400 for an unknown name, and for an empty value."""
    for name, value in query.items():
        if name not in _NAMES:
            raise ApiError.invalid(
                name, f"'{name}' is unknown here; available: {', '.join(_NAMES)}."
            )
        if not value:  # that it means every answer nobody expects who deletes some
            raise ApiError.invalid(name, f"'{name}' must not be empty.")
    return Selection(**query)


def _told(inventory: CacheInventory) -> dict[str, Any]:
    """An inventory as JSON: sizes in bytes, times as Unix times."""
    return {
        "requests": len(inventory.requests),
        "answers": inventory.answers,
        "bytes": inventory.bytes,
        "damaged": inventory.damaged,
        "oldest_s": inventory.oldest_s,
        "newest_s": inventory.newest_s,
        "by_model": dict(inventory.by_model.most_common()),
        "by_key": dict(inventory.by_key.most_common()),
    }


def _json(body: Mapping[str, Any]) -> web.Response:
    return web.Response(body=orjson.dumps(body), content_type="application/json")

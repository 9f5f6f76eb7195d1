"""The dashboard: a page of static files that carries no data, and the data for whoever may see it."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

import orjson
from aiohttp import web
from msgspec import Struct, field

from router.domain.errors import ApiError, FarthingError
from router.domain.nearest import nearest
from router.ledger.away import LedgerAway
from router.ledger.overview import CUTS
from router.ledger.report import Filters
from router.pipeline.mistakes import noticed
from router.server.request_lookup import unavailable

_KEPT_S = 1.5
"""How long an overview is reused, so that many open pages cost as much as one."""

_USUAL_DAYS = 7
_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
_HEADERS = {
    "cache-control": "no-cache",  # cached, and revalidated by its ETag
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
        " img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

Read = Callable[[Filters, float], Awaitable[Mapping[str, Any]]]


class Asset(Struct, frozen=True):
    """A file of the page as it is sent, plain and compressed."""

    body: bytes
    packed: bytes
    content_type: str
    etag: str


@cache
def _assets() -> Mapping[str, Asset]:
    """The files of the page by name; read once, when the first browser asks."""
    found = (file for file in files("router").joinpath("page").iterdir())
    kinds = ((file, _TYPES.get(file.name.rpartition(".")[2])) for file in found)
    return {file.name: _asset(file.read_bytes(), kind) for file, kind in kinds if kind}


def _asset(body: bytes, content_type: str) -> Asset:
    etag = sha256(body).hexdigest()[:32]
    return Asset(body, gzip.compress(body, mtime=0), content_type, etag)


class Dashboard(Struct, frozen=True):
    """The routes of the dashboard.

    `admit` raises ApiError for whoever may not see the figures. `read` makes an overview; it raises
    LedgerAway while the ledger cannot be read. `unix_s` is the time.
    """

    admit: Callable[[web.Request], None]
    read: Read
    unix_s: Callable[[], float]
    _kept: dict[Filters, tuple[float, asyncio.Task[bytes]]] = field(default_factory=dict)

    def routes(self) -> list[web.RouteDef]:
        """The routes to add."""
        return [
            web.get("/", self.root),
            web.get("/dashboard", self.page),
            web.get("/dashboard/{name}", self.asset),
            web.get("/admin/overview", self.overview),
        ]

    async def root(self, request: web.Request) -> web.StreamResponse:
        """`GET /`: people are redirected to the dashboard, programs are told that nothing is here."""
        if "text/html" not in request.headers.get("accept", ""):
            raise web.HTTPNotFound
        return web.Response(status=302, headers={"location": "/dashboard"})

    async def page(self, request: web.Request) -> web.StreamResponse:
        """`GET /dashboard`."""
        return await _sent("index.html", request)

    async def asset(self, request: web.Request) -> web.StreamResponse:
        """`GET /dashboard/{name}`: a file that the page consists of."""
        return await _sent(request.match_info["name"], request)

    async def overview(self, request: web.Request) -> web.StreamResponse:
        """`GET /admin/overview`: all figures of a period, as JSON."""
        self.admit(request)
        now_s = self.unix_s()
        body = await self._made(_filters(request.query, now_s), now_s)
        headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
        return web.Response(body=body, headers=headers, content_type="application/json")

    async def _made(self, filters: Filters, now_s: float) -> bytes:
        """The overview, which another request may have asked for a moment ago; unless it could not be read then."""
        for old, (at_s, task) in list(self._kept.items()):
            if not 0 <= now_s - at_s <= _KEPT_S or _has_failed(task):
                del self._kept[old]
        if filters not in self._kept:
            # A separate task: the first client may leave before the others have their answer.
            task = asyncio.create_task(self._read(filters, now_s))
            task.add_done_callback(noticed)
            self._kept[filters] = now_s, task
        return await asyncio.shield(self._kept[filters][1])

    async def _read(self, filters: Filters, now_s: float) -> bytes:
        try:
            return orjson.dumps(await self.read(filters, now_s))
        except LedgerAway as error:
            raise unavailable(f"The figures cannot be read: {error}.") from None
        except FarthingError as error:
            raise ApiError(400, f"{error}.", code="not_kept") from None


def _has_failed(task: asyncio.Task[bytes]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


async def _sent(name: str, request: web.Request) -> web.StreamResponse:
    if (found := (await asyncio.to_thread(_assets)).get(name)) is None:
        raise web.HTTPNotFound
    headers = {**_HEADERS, "etag": f'"{found.etag}"', "vary": "accept-encoding"}
    if any(tag.value in (found.etag, "*") for tag in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    body = found.body
    if "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["content-encoding"] = found.packed, "gzip"
    return web.Response(
        body=body, headers=headers, content_type=found.content_type, charset="utf-8"
    )


def _filters(query: Mapping[str, str], now_s: float) -> Filters:
    """The filters that a query asks for; the last seven days unless it says since when.

    Raises ApiError 400 for an unknown name: a misspelt filter would show everything.
    """
    known = ("since", "until", *CUTS)
    for name, value in query.items():
        if name not in known:
            raise ApiError.invalid(name, f"'{name}' is unknown here{nearest(name, known)}")
        if "\0" in value:  # which PostgreSQL takes in no text
            raise ApiError.invalid(name, f"'{name}' must not contain a null character.")
    today = datetime.fromtimestamp(now_s, UTC).date()
    usual = (today - timedelta(days=_USUAL_DAYS - 1)).isoformat()
    since, until = _day(query, "since") or usual, _day(query, "until")
    if until and until < since:
        raise ApiError.invalid("until", "'until' must not be before 'since'.")
    if since > today.isoformat():
        raise ApiError.invalid("since", "'since' must not be in the future.")
    return Filters(since, until, **{name: query.get(name) for name in CUTS})


def _day(query: Mapping[str, str], name: str) -> str:
    if not (text := query.get(name, "")):
        return ""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ApiError.invalid(name, f"'{name}' must be a date such as 2026-05-04.") from None

"""What is served besides chat: other doors, standings, the dashboard, the cache, decisions, scores."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, TypeVar

from aiohttp import web
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from router.app.passthrough import passthrough_handlers
from router.app.reads import ReadsInTime
from router.app.stores import outbox_engine
from router.config.settings import Settings
from router.ledger.away import LedgerAway
from router.ledger.overview import document
from router.ledger.report import Filters
from router.ledger.trace import RequestRecord
from router.ports import World
from router.server.admin import Admin
from router.server.cache import CacheHandlers
from router.server.dashboard import Dashboard
from router.server.decisions import DecisionHandlers
from router.server.doors import Doors
from router.server.embeddings import EmbeddingsHandlers
from router.server.feedback import FeedbackHandlers
from router.server.http import Frontend
from router.server.listing import Listing
from router.server.request_lookup import RequestLookup
from router.stores.sql.overview import overview
from router.stores.sql.traces import trace_of

T = TypeVar("T")
_FIGURES_S = 30.0
"""How long a dashboard waits for its figures: those of many months take some seconds."""


def handlers(
    settings: Settings,
    frontend: Frontend,
    admin: Admin,
    engine: Engine,
    world: World,
    stack: AsyncExitStack,
) -> Sequence[web.RouteDef]:
    """The routes besides those of chat and of `admin`; `engine` is read for reports."""
    request_lookup = _request_lookup(settings, frontend, admin, engine, stack)
    return (
        *Doors(frontend, world.unix_s).routes(),
        *_dashboard(engine, admin, world).routes(),
        *CacheHandlers(frontend.current.pipeline.cache, admin.admit).routes(),
        *DecisionHandlers(frontend, request_lookup).routes(),
        *FeedbackHandlers(request_lookup, world.unix_s).routes(),
        *Listing(frontend).routes(),
        *EmbeddingsHandlers(frontend, settings.cache.vectors_ttl_s).routes(),
        # Last, since it takes every path that no other route handles.
        *passthrough_handlers(settings, frontend, stack).routes(),
    )


def _dashboard(engine: Engine, admin: Admin, world: World) -> Dashboard:
    in_time = ReadsInTime(_FIGURES_S)

    async def read(filters: Filters, now_s: float) -> Mapping[str, Any]:
        told = partial(overview, engine, filters=filters, now_s=now_s)
        return await _read(in_time, lambda: document(told()))

    return Dashboard(admin.admit, read, world.unix_s)


def _request_lookup(
    settings: Settings, frontend: Frontend, admin: Admin, engine: Engine, stack: AsyncExitStack
) -> RequestLookup:
    outbox = outbox_engine(settings, stack)
    engines = (engine,) if outbox is None else (outbox, engine)
    in_time = ReadsInTime()

    async def read(request_id: str) -> RequestRecord | None:
        return await _read(in_time, partial(trace_of, engines, request_id))

    return RequestLookup(frontend, admin.admit, read)


async def _read(in_time: ReadsInTime, read: Callable[[], T]) -> T:
    """What `read` returns or raises. Raises LedgerAway if the database fails, or does not answer in time."""
    try:
        return await in_time(read)
    except TimeoutError:
        raise LedgerAway("the ledger does not answer") from None
    except SQLAlchemyError as error:
        raise LedgerAway(f"the ledger cannot be read now ({type(error).__name__})") from None

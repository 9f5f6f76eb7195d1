"""What is served besides chat: other doors, standings, the dashboard, the cache, decisions, scores."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from aiohttp import web
from sqlalchemy import Engine

from router.app.figures import Figures
from router.app.passing import passing_desk
from router.app.reads import ReadsInTime, read_apart
from router.app.stores import outbox_engine
from router.config.settings import Settings
from router.ledger.overview import document
from router.ledger.report import Filters
from router.ledger.trace import RequestRecord, TracesAway
from router.ports import World
from router.server.admin import Admin
from router.server.cache import CacheDesk
from router.server.dashboard import Dashboard
from router.server.decisions import DecisionDesk
from router.server.doors import Doors
from router.server.embeddings import EmbeddingsDesk
from router.server.feedback import FeedbackDesk
from router.server.http import Front
from router.server.keyring import Keyring
from router.server.listing import Listing
from router.server.recall import RequestLookup
from router.stores.sql.overview import overview
from router.stores.sql.traces import trace_of


def admin_of(settings: Settings, keyring: Keyring, figures: Figures) -> Admin:
    """What operators can ask, and who may ask it."""
    return Admin(
        fleet=figures.fleet,
        metrics=figures.metrics,
        key=settings.serving.admin_key,
        is_open=lambda: keyring.is_open,
        balances=figures.budgets,
    )


def desks(
    settings: Settings,
    front: Front,
    admin: Admin,
    engine: Engine,
    world: World,
    stack: AsyncExitStack,
) -> Sequence[web.RouteDef]:
    """The routes besides those of chat and of `admin`; `engine` is read for reports."""
    recall = _recall(settings, front, admin, engine, stack)
    return (
        *Doors(front, world.unix_s).routes(),
        *_dashboard(engine, admin, world).routes(),
        *CacheDesk(front.current.pipeline.cache, admin.admit).routes(),
        *DecisionDesk(front, recall).routes(),
        *FeedbackDesk(recall, world.unix_s).routes(),
        *Listing(front).routes(),
        *EmbeddingsDesk(front, settings.cache.vectors_ttl_s).routes(),
        # Last, since it takes every path that no other route handles.
        *passing_desk(settings, front, stack).routes(),
    )


def _dashboard(engine: Engine, admin: Admin, world: World) -> Dashboard:
    async def read(filters: Filters, now_s: float) -> Mapping[str, Any]:
        told = partial(overview, engine, filters=filters, now_s=now_s)
        return await read_apart(lambda: document(told()))

    return Dashboard(admin.admit, read, world.unix_s)


def _recall(
    settings: Settings, front: Front, admin: Admin, engine: Engine, stack: AsyncExitStack
) -> RequestLookup:
    outbox = outbox_engine(settings, stack)
    engines = (engine,) if outbox is None else (outbox, engine)
    in_time = ReadsInTime()

    async def read(request_id: str) -> RequestRecord | None:
        try:
            return await in_time(partial(trace_of, engines, request_id))
        except TimeoutError:
            raise TracesAway("the ledger does not answer") from None

    return RequestLookup(front, admin.admit, read)

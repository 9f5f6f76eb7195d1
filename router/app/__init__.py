"""The composition root: the only place that builds adapters and puts them together."""

import asyncio
import random
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from aiohttp import web
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from router.app.languages import language_of_for
from router.app.reloading import Following, Reloader
from router.app.stores import (
    Links,
    Stores,
    affinity_of,
    cache_of,
    ledger_of,
    links_of,
    meter_of,
    outbox_engine,
    purse_of,
    reading_engine,
    retention_of,
    semantic_of,
    tower_of,
    vectors_of,
)
from router.app.watching import watch
from router.config.price_map import cl100k_ranks
from router.config.settings import LitellmSettings, Settings, SimulatedSettings, UpstreamSettings
from router.decision.experience import Experience
from router.decision.watch import Watch
from router.dispatch.fleet import Fleet
from router.domain.catalog import DatedCatalog
from router.features.extract import Reader
from router.features.tokens import TokenCounter, cl100k
from router.ledger.overview import document
from router.ledger.report import Filters
from router.pipeline.attempts import Means
from router.pipeline.current import Current
from router.pipeline.flights import Flights
from router.pipeline.flow import Pipeline
from router.pipeline.hearsay import Hearsay, Subjects
from router.pipeline.judge import Judge
from router.pipeline.planning import Hedging
from router.pipeline.scoring import Scorer
from router.pipeline.semantic import Semantic
from router.pipeline.similar import Similar
from router.pipeline.slots import Slots
from router.ports import Upstream, World
from router.providers.direct import DirectUpstream, Endpoint
from router.providers.simulated.models import default_models
from router.providers.simulated.server import running
from router.server.admin import Admin
from router.server.cache import CacheDesk
from router.server.dashboard import Dashboard
from router.server.decisions import DecisionDesk
from router.server.feedback import FeedbackDesk
from router.server.gate import Gate
from router.server.http import Front, build_web_app
from router.server.keyring import Keyring, StoreAway, Stored
from router.server.protocol import QuietRequestHandler
from router.server.recall import Recall
from router.stores.memory.affinity import MemoryAffinity
from router.stores.memory.cache import NoCache
from router.stores.memory.ledger import MemoryLedger
from router.stores.memory.meter import MemoryMeter
from router.stores.memory.purse import MemoryPurse
from router.stores.memory.tower import LonelyTower
from router.stores.redis.link import RedisLink
from router.stores.redis.notices import RedisNotices
from router.stores.sql.keys import KeyStore
from router.stores.sql.overview import overview
from router.stores.sql.traces import trace_of
from router.telemetry.metrics import (
    CONTENT_TYPE,
    FleetCollector,
    LedgerCollector,
    RedisCollector,
    exposition,
)
from router.telemetry.outcome_metrics import OutcomeCollector
from router.telemetry.reload_metrics import ReloadCollector
from router.telemetry.semantic_metrics import SemanticCollector

_BACKLOG = 1024


def real_world() -> World:
    """Clocks, chance and ids as they really are."""
    return World(
        monotonic_s=time.monotonic,
        unix_s=time.time,
        chance=random.SystemRandom().random,
        new_id=lambda: f"req_{secrets.token_hex(12)}",
        sleep=asyncio.sleep,
    )


if TYPE_CHECKING:
    from router.providers.litellm_upstream import LitellmUpstream


@dataclass(frozen=True, slots=True)
class Running:
    """A server that accepts connections."""

    url: str
    current: Current

    @property
    def pipeline(self) -> Pipeline:
        """What answers a request that comes now."""
        return self.current.pipeline


@asynccontextmanager
async def serving(
    settings: Settings, world: World, following: Following | None = None
) -> AsyncIterator[Running]:
    """Farthing as configured, listening until the block is left. Raises OSError if it cannot listen.

    With `following` it takes over what changes in the files.
    """
    async with AsyncExitStack() as stack:
        engine = reading_engine(settings, stack)
        links = await links_of(settings, world, stack)
        pipeline = await _pipeline(settings, world, stack, engine, links)
        stack.callback(pipeline.scorer.flush)
        current = Current(pipeline, world.unix_s())
        _share_hearsay(current, world, stack, links.quick)
        keyring = await _keyring(settings, engine, world, stack)
        front = Front(
            current=current,
            gate=Gate(keyring, world.unix_s),
            max_body_bytes=settings.max_body_bytes,
            write_timeout_s=settings.write_timeout_s,
            new_id=world.new_id,
            stopping=asyncio.Event(),
        )
        admin = _admin(settings, current, keyring, world, links)
        dashboard = _dashboard(engine, admin, world)
        desk = CacheDesk(pipeline.cache, admin.admit)
        recall = _recall(settings, front, admin, engine, stack)
        decisions, feedback = DecisionDesk(front, recall), FeedbackDesk(recall, world.unix_s)
        more = (
            *dashboard.routes(),
            *desk.routes(),
            *decisions.routes(),
            *feedback.routes(),
        )
        app = build_web_app(front, admin, more)
        url = await _listen(app, settings, stack)
        if following is not None:
            _follow(following, current, world, stack)
        yield Running(url, current)
        front.stopping.set()


@asynccontextmanager
async def calling(settings: Settings, world: World) -> AsyncIterator[Pipeline]:
    """The pipeline as configured, without a server: for commands that send requests themselves."""
    async with AsyncExitStack() as stack:
        engine = reading_engine(settings, stack)
        links = await links_of(settings, world, stack)
        yield await _pipeline(settings, world, stack, engine, links)


def dry_pipeline(settings: Settings, world: World) -> Pipeline:
    """A pipeline that can decide and has nothing to send with: for explanations and checks."""
    stores = Stores(
        NoCache(),
        MemoryAffinity(world.monotonic_s),
        Semantic({}, None, Watch(), world.chance),
        Flights(),
        LonelyTower(),
        MemoryLedger(),
        MemoryPurse(world.unix_s),
        MemoryMeter(world.monotonic_s),
    )
    return _assembled(settings, world, {}, stores)


def _assembled(
    settings: Settings, world: World, upstreams: Mapping[str, Upstream], stores: Stores
) -> Pipeline:
    counter = TokenCounter(cl100k(cl100k_ranks()))
    judge = Judge(
        catalog=DatedCatalog.of(settings.catalog),
        book=settings.book,
        reader=Reader(counter, settings.learnt.categories, settings.learnt.kinds),
        experience=Experience(settings.learnt.lengths),
        world=world,
        quality=settings.learnt.quality,
        agreement=settings.learnt.agreement,
        language_of=language_of_for(settings.book.asks),
        known=DatedCatalog.of(settings.known),
    )
    return Pipeline(
        judge=judge,
        fleet=Fleet(),
        hedging=Hedging({}),
        means=Means(upstreams, Slots(), world),
        cache=stores.cache,
        affinity=stores.affinity,
        flights=stores.flights,
        similar=Similar(stores.semantic, vectors_of(settings), judge, world),
        tower=stores.tower,
        tenancy=settings.tenancy,
        largest_stored_bytes=settings.cache_max_entry_bytes,
        ledger=stores.ledger,
        scorer=Scorer(stores.ledger, world, settings.scoring, stores.flights.start),
        keeps_decisions=settings.ledger_decisions,
        effort=settings.effort,
        rulebook=settings.rulebook,
        purse=stores.purse,
        meter=stores.meter,
        limits=settings.request_limits,
    )


def _admin(
    settings: Settings, current: Current, keyring: Keyring, world: World, links: Links
) -> Admin:
    pipeline = current.pipeline
    fleet = FleetCollector(pipeline.fleet, world.monotonic_s)
    ledger = LedgerCollector(pipeline.ledger)
    redis = RedisCollector(links.are_up)
    semantic = SemanticCollector(pipeline.similar.semantic)
    reloads = ReloadCollector(current)
    outcomes = OutcomeCollector(pipeline.scorer)
    collectors = (fleet, ledger, redis, semantic, reloads, outcomes)
    return Admin(
        fleet=pipeline.fleet,
        monotonic_s=world.monotonic_s,
        metrics=lambda: (exposition(*collectors), CONTENT_TYPE),
        key=settings.admin_key,
        is_open=lambda: keyring.is_open,
        balances=pipeline.purse.balances,
    )


async def _keyring(
    settings: Settings, engine: Engine, world: World, stack: AsyncExitStack
) -> Keyring:
    store = KeyStore(engine)

    async def read() -> Stored:
        try:
            every = await asyncio.to_thread(store.all)
        except SQLAlchemyError as error:
            raise StoreAway(f"stored keys cannot be read ({type(error).__name__})") from None
        there = tuple(each.key for each in every if each.revoked_s is None)
        return Stored(there, bool(every))

    keyring = Keyring(
        settings.keys,
        guests=settings.guests,
        read=read,
        monotonic_s=world.monotonic_s,
        sleep=world.sleep,
    )
    await keyring.refresh()
    stack.callback(asyncio.create_task(keyring.watch()).cancel)
    return keyring


def _share_hearsay(
    current: Current, world: World, stack: AsyncExitStack, link: RedisLink | None
) -> None:
    """Have the processes on one Redis tell each other which models to leave alone."""
    if link is None:
        return
    fleet = current.pipeline.fleet
    hearsay = Hearsay(fleet, RedisNotices(link), Subjects(current), world.monotonic_s, world.sleep)
    stack.callback(asyncio.create_task(hearsay.watch()).cancel)


def _follow(following: Following, current: Current, world: World, stack: AsyncExitStack) -> None:
    reloader = Reloader(following, current, world)
    seeing = watch(following.source, following.wishes.notice, world.sleep)
    for doing in (reloader.run(), seeing):
        stack.push_async_callback(_ended, asyncio.create_task(doing))


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])


def _dashboard(engine: Engine, admin: Admin, world: World) -> Dashboard:
    def read(filters: Filters, now_s: float) -> Mapping[str, Any]:
        return document(overview(engine, filters=filters, now_s=now_s))

    return Dashboard(admin.admit, read, world.unix_s)


def _recall(
    settings: Settings, front: Front, admin: Admin, engine: Engine, stack: AsyncExitStack
) -> Recall:
    outbox = outbox_engine(settings, stack)
    engines = (engine,) if outbox is None else (outbox, engine)
    return Recall(front, admin.admit, partial(trace_of, engines))


async def _pipeline(
    settings: Settings, world: World, stack: AsyncExitStack, engine: Engine, links: Links
) -> Pipeline:
    upstreams = {
        name: await _upstream(each, settings, world, stack)
        for name, each in settings.upstreams.items()
    }
    cache = cache_of(settings, world, links.quick)
    ledger = ledger_of(settings, world)
    stack.push_async_callback(ledger.close)
    if settings.ledger_keep_days is not None:
        stack.callback(retention_of(settings, settings.ledger_keep_days, world).close)
    outbox = outbox_engine(settings, stack)
    purse = purse_of(engine, outbox, world, links.patient)
    meter = meter_of(world, links.patient)
    stack.push_async_callback(purse.close)
    tower = tower_of(links, world)
    stack.push_async_callback(tower.close)
    flights = Flights()
    stack.push_async_callback(flights.close)
    semantic = await semantic_of(settings, world, links)
    stack.push_async_callback(semantic.close)
    affinity = affinity_of(links, world)
    stores = Stores(cache, affinity, semantic, flights, tower, ledger, purse, meter)
    return _assembled(settings, world, upstreams, stores)


async def _upstream(
    chosen: UpstreamSettings, settings: Settings, world: World, stack: AsyncExitStack
) -> Upstream:
    upstream: Upstream
    match chosen:
        case Endpoint():
            upstream = _direct(chosen, settings, world)
        case SimulatedSettings(speed, seed):
            simulator = await stack.enter_async_context(
                running(default_models(), speed=speed, seed=seed)
            )
            upstream = _direct(Endpoint(simulator.base_url), settings, world)
        case LitellmSettings():
            # Imported here and nowhere else: a Farthing without such an upstream never loads it.
            from router.providers.litellm_upstream import LitellmUpstream  # noqa: PLC0415

            upstream = LitellmUpstream(
                chosen.provider,
                api_key=chosen.api_key,
                base_url=chosen.base_url,
                options=chosen.options,
                unix_s=world.unix_s,
                connect_s=settings.connect_s,
            )
            stack.callback(asyncio.create_task(_warm(upstream)).cancel)
    stack.push_async_callback(upstream.close)
    return upstream


async def _warm(upstream: "LitellmUpstream") -> None:
    """Import litellm while nobody waits for it; if that fails, the first request will say so."""
    with suppress(ImportError):
        await upstream.warm()


def _direct(endpoint: Endpoint, settings: Settings, world: World) -> DirectUpstream:
    return DirectUpstream(endpoint, unix_s=world.unix_s, connect_s=settings.connect_s)


async def _listen(app: web.Application, settings: Settings, stack: AsyncExitStack) -> str:
    runner = web.AppRunner(
        app,
        handler_cancellation=True,  # a client that goes away cancels its call to the upstream
        access_log=None,
        shutdown_timeout=settings.shutdown_s,
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    loop, server = asyncio.get_running_loop(), runner.server
    assert server is not None  # noqa: S101 - setup() has made it

    def connection() -> QuietRequestHandler:
        return QuietRequestHandler(
            server,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]  # so it is switched off
            auto_decompress=False,  # bodies are unpacked by us, within bounds
        )

    listening = await loop.create_server(connection, settings.host, settings.port, backlog=_BACKLOG)
    stack.callback(listening.close)
    host, port = listening.sockets[0].getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

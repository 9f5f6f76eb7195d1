"""Where a running Farthing keeps what it must remember: in this process, in files, in Redis, in PostgreSQL."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import Engine

from router.app.spending import Spending
from router.config.settings import LedgerSettings, LocalEmbeddings, Settings, UpstreamEmbeddings
from router.decision.semantic_monitor import SemanticMonitor
from router.domain.semantic import Sameness
from router.pipeline.flights import Flights
from router.pipeline.semantic import Semantic
from router.pipeline.similar import Vectors
from router.ports import (
    Affinity,
    BudgetStore,
    Cache,
    Embedder,
    FlightCoordinator,
    Ledger,
    RateLimiter,
    VectorIndex,
    World,
)
from router.stores.memory.affinity import MemoryAffinity
from router.stores.memory.budget_store import MemoryBudgetStore
from router.stores.memory.cache import MemoryCache, NoCache
from router.stores.memory.flight_coordinator import LocalFlightCoordinator
from router.stores.memory.index import MemoryIndex
from router.stores.memory.ledger import MemoryLedger
from router.stores.memory.rate_limiter import MemoryRateLimiter
from router.stores.sql.books import Books
from router.stores.sql.database import central, open_database
from router.stores.sql.ledger import SqlLedger
from router.stores.sql.outbox import Outbox
from router.stores.sql.retention import Retention
from router.stores.sql.spool import Spool

if TYPE_CHECKING:
    from router.stores.redis.link import RedisLink

_PATIENT_S = 2.0
"""How long budgets wait for Redis: longer than a cache may, since without it each process counts only its
own spending."""
_LOCKED_S = 0.25
"""How long the ledger's writer waits for a locked database, and so the end of an answer may have to."""


class Links(Struct, frozen=True):
    """Connections to the Redis that processes share, if there is one, with three degrees of patience."""

    quick: "RedisLink | None" = None
    """For what a request can do without after a moment."""
    patient: "RedisLink | None" = None
    """For budgets: without it each process counts only its own spending."""
    waiting: "RedisLink | None" = None
    """For commands that wait until something happens."""

    def are_up(self) -> Mapping[str, bool]:
        """Whether Redis answers, by what it is used for."""
        named = {"cache": self.quick, "budgets": self.patient, "flights": self.waiting}
        return {name: link.is_up for name, link in named.items() if link is not None}


class Stores(Struct, frozen=True):
    """Where a pipeline keeps what it must remember."""

    cache: Cache
    affinity: Affinity
    semantic: Semantic
    flights: Flights
    coordinator: FlightCoordinator
    ledger: Ledger
    budget_store: BudgetStore
    rate_limiter: RateLimiter


async def stores_of(
    settings: Settings, world: World, stack: AsyncExitStack, databases: tuple[Engine, Links]
) -> Stores:
    """The stores as configured, each closed with `stack`."""
    engine, links = databases
    cache = _cache_of(settings, world, links.quick)
    ledger = _ledger_of(settings, world)
    stack.push_async_callback(ledger.close)
    if settings.ledger.keep_days is not None:
        stack.callback(_retention_of(settings, settings.ledger.keep_days, world).close)
    outbox = outbox_engine(settings, stack)
    budget_store = _budget_store_of(settings, engine, outbox, world, links.patient)
    rate_limiter = _rate_limiter_of(world, links.patient)
    stack.push_async_callback(budget_store.close)
    coordinator = _tower_of(links, world)
    stack.push_async_callback(coordinator.close)
    flights = Flights()
    stack.push_async_callback(flights.close)
    semantic = await _semantic_of(settings, world, links)
    stack.push_async_callback(semantic.close)
    affinity = _affinity_of(links, world)
    return Stores(
        cache, affinity, semantic, flights, coordinator, ledger, budget_store, rate_limiter
    )


def dry_stores(world: World) -> Stores:
    """Stores of this process alone, empty: for decisions of which nothing is sent."""
    return Stores(
        NoCache(),
        MemoryAffinity(world.monotonic_s),
        Semantic({}, None, SemanticMonitor(), world.chance),
        Flights(),
        LocalFlightCoordinator(),
        MemoryLedger(),
        MemoryBudgetStore(world.unix_s),
        MemoryRateLimiter(world.monotonic_s),
    )


def reading_engine(settings: Settings, stack: AsyncExitStack) -> Engine:
    """The database from which reports, keys and spending are read; it waits longer for a lock than the writer."""
    engine = _engine(settings.ledger)
    stack.callback(engine.dispose)
    return engine


def outbox_engine(settings: Settings, stack: AsyncExitStack) -> Engine | None:
    """The file where rows wait for PostgreSQL; None if there is no PostgreSQL and they stay in the file."""
    if not settings.ledger.url:
        return None
    engine = open_database(settings.ledger.path)
    stack.callback(engine.dispose)
    return engine


def _budget_store_of(
    settings: Settings,
    engine: Engine,
    outbox: Engine | None,
    world: World,
    link: "RedisLink | None",
) -> BudgetStore:
    """The keeper of budgets; `outbox` is where rows wait on their way to `engine`."""
    spent_by = Spending(engine, outbox, Spool(settings.ledger.spool))
    if link is not None:
        from router.stores.redis.budget_store import RedisBudgetStore

        longest_s = settings.serving.effort.total_s
        return RedisBudgetStore(link, world.unix_s, spent_by, longest_s=longest_s)
    return MemoryBudgetStore(world.unix_s, spent_by)


def _tower_of(links: Links, world: World) -> FlightCoordinator:
    """The coordinator, which knows which process is answering what."""
    if links.quick is None or links.waiting is None:
        return LocalFlightCoordinator()
    from router.stores.redis.flight_coordinator import RedisFlightCoordinator

    return RedisFlightCoordinator(links.quick, links.waiting, world.monotonic_s, world.sleep)


def _rate_limiter_of(world: World, link: "RedisLink | None") -> RateLimiter:
    """The keeper of limits per minute."""
    if link is not None:
        from router.stores.redis.rate_limiter import RedisRateLimiter

        return RedisRateLimiter(link, world.monotonic_s)
    return MemoryRateLimiter(world.monotonic_s)


def _ledger_of(settings: Settings, world: World) -> SqlLedger:
    """The ledger, which must be closed."""
    ledger = settings.ledger
    engine = open_database(ledger.path, busy_timeout_s=_LOCKED_S)
    books = Books(engine, Spool(ledger.spool), world.monotonic_s)
    outbox = None
    if ledger.url:
        turn = ledger.path.with_name(f"{ledger.path.name}.turn")
        outbox = Outbox(engine, central(ledger.url), turn, world.monotonic_s)
    return SqlLedger(engine, books, world.monotonic_s, outbox)


def _retention_of(settings: Settings, keep_days: int, world: World) -> Retention:
    """The job that deletes old attempts now and then; it must be closed."""
    return Retention(_engine(settings.ledger), keep_days, world.unix_s, world.monotonic_s)


def _engine(ledger: LedgerSettings) -> Engine:
    """The database that keeps the rows."""
    return central(ledger.url) if ledger.url else open_database(ledger.path)


async def links_of(settings: Settings, world: World, stack: AsyncExitStack) -> Links:
    """Connections to Redis, tried once before the first request; closed with `stack`."""
    if not settings.cache.has_redis:
        return Links()
    from router.stores.redis.link import RedisLink

    links = [
        RedisLink(
            settings.cache.url,
            timeout_s=timeout_s,
            monotonic_s=world.monotonic_s,
            sleep=world.sleep,
        )
        for timeout_s in (settings.cache.timeout_s, _PATIENT_S, _PATIENT_S)
    ]
    for link in links:
        stack.push_async_callback(link.close)
    await asyncio.gather(*(link.open() for link in links))
    return Links(*links)


def _cache_of(settings: Settings, world: World, link: "RedisLink | None") -> Cache:
    """Where answers are stored."""
    if link is not None:
        from router.stores.redis.cache import RedisCache

        return RedisCache(link, max_entry_bytes=settings.cache.max_entry_bytes)
    if settings.cache.url == "off":
        return NoCache()
    return MemoryCache(
        max_bytes=settings.cache.max_bytes,
        max_entry_bytes=settings.cache.max_entry_bytes,
        monotonic_s=world.monotonic_s,
    )


def _affinity_of(links: Links, world: World) -> Affinity:
    """The store that remembers which model a session is with."""
    if links.quick is not None:
        from router.stores.redis.affinity import RedisAffinity

        return RedisAffinity(links.quick)
    return MemoryAffinity(world.monotonic_s)


async def _semantic_of(settings: Settings, world: World, links: Links) -> Semantic:
    """The semantic cache. Raises ConfigError if vectors are to be made by something that is not installed."""
    index: VectorIndex = MemoryIndex(
        max_bytes=settings.cache.max_bytes // 4, monotonic_s=world.monotonic_s
    )
    plain = index
    if links.quick is not None:
        from router.stores.redis.index import RedisIndex
        from router.stores.redis.vectors import open_index

        index = await open_index(links.quick, world.unix_s)
        plain = RedisIndex(links.quick, world.unix_s)
    indexes = {Sameness.WORDING: plain, Sameness.MEANING: index}
    return Semantic(indexes, _embedder(settings, world), SemanticMonitor(), world.chance)


def _embedder(settings: Settings, world: World) -> Embedder | None:
    match settings.cache.embeddings:
        case UpstreamEmbeddings() as chosen:
            from router.providers.embeddings import UpstreamEmbedder

            return UpstreamEmbedder(
                chosen.endpoint,
                chosen.model,
                timeout_s=chosen.timeout_s,
                monotonic_s=world.monotonic_s,
            )
        case LocalEmbeddings():
            from router.providers.local_embeddings import load_wordllama

            return load_wordllama()
        case None:
            return None


def vectors_of(settings: Settings) -> Vectors:
    """What makes vectors, and at which price."""
    match settings.cache.embeddings:
        case UpstreamEmbeddings() as chosen:
            return Vectors(chosen.upstream, chosen.model, chosen.per_token)
        case _:
            return Vectors()

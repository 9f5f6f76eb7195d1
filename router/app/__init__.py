"""The composition root: the only place that builds adapters and puts them together.

Modules that serve or send are imported where they are used: commands that only decide load no HTTP. The tokenizer's
table is read before them, so that they reuse the memory which reading it has freed.
"""

import asyncio
import random
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import Engine

from router.app.judging import judge_of
from router.app.keys import keyring_of
from router.app.reloading import FollowedFiles, Reloader
from router.app.stores import (
    Links,
    Stores,
    dry_stores,
    links_of,
    reading_engine,
    stores_of,
    vectors_of,
)
from router.config.prices.price_map import cl100k_ranks
from router.config.settings import Settings
from router.dispatch.fleet import Fleet
from router.features.tallies import Texts
from router.features.tokenizer import cl100k
from router.features.tokens import TokenCounter
from router.pipeline.attempts import Runtime
from router.pipeline.current import Current
from router.pipeline.flow import Pipeline
from router.pipeline.gossip import Gossip, Subjects
from router.pipeline.hot_answers import HotAnswers
from router.pipeline.mistakes import noted
from router.pipeline.planning import Hedging
from router.pipeline.request_observer import Nobody
from router.pipeline.ruling import Referee
from router.pipeline.scoring import Scorer
from router.pipeline.similar import Similar
from router.pipeline.slots import Slots
from router.pipeline.time_limit import Pulse
from router.ports import Observer, Upstream, World
from router.server.crew.place import Place
from router.server.keyring import Keyring
from router.telemetry.log import Lines

if TYPE_CHECKING:
    from router.app.listening import HttpListener
    from router.server.http import Frontend
    from router.stores.redis.link import RedisLink


def real_world() -> World:
    """Clocks, chance and ids as they really are."""
    return World(
        monotonic_s=time.monotonic,
        unix_s=time.time,
        chance=random.SystemRandom().random,
        new_id=lambda: f"req_{secrets.token_hex(12)}",
        sleep=asyncio.sleep,
    )


class Running(Struct, frozen=True):
    """A server that accepts connections."""

    url: str
    current: Current
    http_listener: "HttpListener"

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline for a request that arrives now."""
        return self.current.pipeline

    async def emptied(self, within_s: float) -> None:
        """Wait until all connections have ended, and nobody elsewhere reads an answer from here any more.

        Neither takes longer than `within_s` seconds.
        """
        await self.http_listener.emptied(within_s)
        await self.pipeline.flights.finished(within_s)


@asynccontextmanager
async def serving(
    settings: Settings,
    world: World,
    following: FollowedFiles | None = None,
    place: Place | None = None,
    lines: Lines | None = None,
) -> AsyncIterator[Running]:
    """Farthing as configured, listening until the block is left. Raises OSError if it cannot listen.

    With `following`, changes in the files take effect; with `place`, this process is one of several workers. A log
    of requests, if configured, is written to `lines`; without them, to standard error.
    """
    async with AsyncExitStack() as stack:
        _note_mistakes(stack)
        engine = reading_engine(settings, stack)
        links = await links_of(settings, world, stack)
        from router.app.telemetry import telemetry_of

        telemetry = await telemetry_of(settings, world, stack, lines)
        pipeline = await _pipeline(settings, world, stack, (engine, links), telemetry.observer)
        stack.push_async_callback(pipeline.scorer.close)
        stack.callback(Pulse(pipeline.fleet.woke, world.unix_s).close)
        current = Current(pipeline, world.unix_s(), settings.unused)
        _share_gossip(current, world, stack, links.quick)
        from router.app.figures import figures_of, metrics_of
        from router.app.handlers import handlers
        from router.app.listening import listen
        from router.server.admin import Admin
        from router.server.http import build_web_app

        keyring = await keyring_of(settings, engine, world, stack)
        frontend = _frontend(settings, current, keyring, world, place)
        metrics = metrics_of(current, world, links, telemetry.collectors)
        figures = await figures_of(current, world, metrics, place, stack)
        admin = Admin(figures, settings.serving.admin_key, lambda: keyring.is_open)
        beside = handlers(settings, frontend, admin, engine, world, stack)
        app = build_web_app(frontend, admin, beside)
        http_listener = await listen(app, settings, stack, world.new_id, place)
        if following is not None:
            _follow(following, current, world, stack)
        yield Running(http_listener.url, current, http_listener)
        frontend.stopping.set()
        pipeline.flights.end_within(settings.serving.shutdown_s)


def _note_mistakes(stack: AsyncExitStack) -> None:
    loop = asyncio.get_running_loop()
    stack.callback(loop.set_exception_handler, loop.get_exception_handler())
    loop.set_exception_handler(noted)


@asynccontextmanager
async def calling(settings: Settings, world: World) -> AsyncIterator[Pipeline]:
    """The pipeline as configured, without a server: for commands that send requests themselves."""
    async with AsyncExitStack() as stack:
        engine = reading_engine(settings, stack)
        links = await links_of(settings, world, stack)
        yield await _pipeline(settings, world, stack, (engine, links), Nobody())


def dry_pipeline(settings: Settings, world: World) -> Pipeline:
    """A pipeline that can decide and has nothing to send with: for explanations and checks."""
    return _assembled(settings, world, _token_counter(), {}, dry_stores(world), Nobody())


def _token_counter(secret_of: Callable[[Texts], int] | None = None) -> TokenCounter:
    return TokenCounter(cl100k(cl100k_ranks()), secret_of=secret_of)


def _assembled(
    settings: Settings,
    world: World,
    counter: TokenCounter,
    upstreams: Mapping[str, Upstream],
    stores: Stores,
    observer: Observer,
) -> Pipeline:
    judge = judge_of(settings, world, counter)
    return Pipeline(
        judge=judge,
        fleet=Fleet(),
        hedging=Hedging({}),
        runtime=Runtime(upstreams, Slots(), world, observer),
        cache=stores.cache,
        affinity=stores.affinity,
        flights=stores.flights,
        similar=Similar(stores.semantic, vectors_of(settings), judge, world),
        referee=Referee(stores.semantic.embedder, vectors_of(settings)),
        coordinator=stores.coordinator,
        tenancy=settings.cache.tenancy,
        largest_stored_bytes=settings.cache.max_entry_bytes,
        stores_answers=settings.cache.url != "off",
        ledger=stores.ledger,
        scorer=Scorer(stores.ledger, world, settings.scoring, stores.flights.start),
        keeps_decisions=settings.ledger.keeps_decisions,
        effort=settings.serving.effort,
        rulebook=settings.rulebook,
        budget_store=stores.budget_store,
        rate_limiter=stores.rate_limiter,
        limits=settings.serving.limits,
        hot_answers=HotAnswers(),
    )


def _frontend(
    settings: Settings, current: Current, keyring: Keyring, world: World, place: Place | None
) -> "Frontend":
    from router.server.gate import Gate
    from router.server.http import Frontend

    return Frontend(
        current=current,
        gate=Gate(keyring, world.unix_s),
        max_body_bytes=settings.serving.max_body_bytes,
        write_timeout_s=settings.serving.write_timeout_s,
        new_id=world.new_id,
        stopping=asyncio.Event(),
        crew=place.told if place else tuple,
    )


def _share_gossip(
    current: Current, world: World, stack: AsyncExitStack, link: "RedisLink | None"
) -> None:
    """Have the processes on one Redis tell each other which models to leave alone."""
    if link is None:
        return
    from router.stores.redis.notices import RedisNotices

    fleet = current.pipeline.fleet
    gossip = Gossip(fleet, RedisNotices(link), Subjects(current), world.monotonic_s, world.sleep)
    stack.callback(asyncio.create_task(gossip.watch()).cancel)


def _follow(
    following: FollowedFiles, current: Current, world: World, stack: AsyncExitStack
) -> None:
    from router.app.watching import watch

    reloader = Reloader(following, current, world)
    seeing = watch(following.source, following.reload_requests.notice, world.sleep)
    for doing in (reloader.run(), seeing):
        stack.push_async_callback(_ended, asyncio.create_task(doing))


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])


async def _pipeline(
    settings: Settings,
    world: World,
    stack: AsyncExitStack,
    databases: tuple[Engine, Links],
    observer: Observer,
) -> Pipeline:
    counter = _token_counter(hash)  # for texts it differs from process to process
    from router.app.upstreams import upstreams_of

    upstreams = await upstreams_of(settings, world, stack)
    stores = await stores_of(settings, world, stack, databases)
    return _assembled(settings, world, counter, upstreams, stores, observer)

"""Requests that are interrupted at any moment, and what must hold afterwards."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from itertools import count
from pathlib import Path
from typing import Any

import orjson
from msgspec import Struct, field

from router.app import dry_pipeline
from router.config.load import load_settings
from router.config.settings import Settings
from router.decision.semantic_monitor import SemanticMonitor
from router.domain.cascade import CascadeTerms, Check
from router.domain.errors import ApiError
from router.domain.ledger import CostSource, Entry, Outcome
from router.domain.members import replace
from router.domain.money import ZERO, Money
from router.domain.passthrough import PassthroughTerms
from router.domain.price import Price
from router.domain.semantic import Sameness
from router.pipeline.attempts import Runtime
from router.pipeline.embeddings import vectors_for
from router.pipeline.flow import Pipeline
from router.pipeline.passthrough import Passthrough
from router.pipeline.passthrough_upstream import PassthroughCall
from router.pipeline.reply import PlainReply, Reply
from router.pipeline.request_context import Caller
from router.pipeline.request_observer import Nobody
from router.pipeline.ruling import Referee
from router.pipeline.semantic import Semantic
from router.pipeline.slots import Slots
from router.ports import World
from router.stores.memory.index import MemoryIndex
from router.wire.cached import unpack
from router.wire.passthrough import BodyEnds
from tests.pipeline.cascade_kit import CascadingJudge, said
from tests.pipeline.cascade_kit import text as streamed
from tests.pipeline.slow_ports import (
    WHOLE,
    Letters,
    Manner,
    Models,
    PassthroughUpstream,
    SlowBudgets,
    SlowCache,
    SlowLedger,
    SlowRates,
    Waits,
)
from tests.pipeline.turns import TurningLoop

PRICE = {"input_usd_per_mtok": 1, "output_usd_per_mtok": 2}
_MODEL = {"upstream": "it", "context_tokens": 100_000, "max_output_tokens": 10_000}
_ONE_AT_A_TIME = {"limits": {"in_flight": 1}}
_PASSED = PassthroughTerms("it", ("/v1/audio/*",), prices={"cheap": Price.per_mtok(1, 2)})


class Rig:
    """A pipeline before slow ports, in the time of its loop."""

    def __init__(self, loop: TurningLoop, settings: Settings, kind: "Kind") -> None:
        self.loop, self.kind, self.waits, self._ids = loop, kind, Waits(), count(1)
        self.models, self.passthrough = (
            Models(self.waits, kind.manners),
            PassthroughUpstream(self.waits),
        )
        self.ledger, self.embedder = SlowLedger(), Letters(self.waits)
        self.budgets = SlowBudgets(loop.time)
        self.was_left = self.has_failed = False
        self.cache = SlowCache(max_bytes=2**20, monotonic_s=loop.time)
        rates = SlowRates(loop.time)
        for port in (self.budgets, self.cache, rates):
            port.waits = self.waits
        world = World(loop.time, loop.time, lambda: 0.5, str, self.waits)
        dry = dry_pipeline(settings, world)
        index = MemoryIndex(max_bytes=2**20, monotonic_s=loop.time)
        semantic = Semantic(
            dict.fromkeys(Sameness, index), self.embedder, SemanticMonitor(), lambda: 1.0
        )
        self.pipeline: Pipeline = replace(
            dry,
            judge=kind.judge(dry),
            runtime=Runtime({"it": self.models}, Slots(), world, Nobody()),
            cache=self.cache,
            similar=replace(dry.similar, semantic=semantic),
            referee=Referee(self.embedder, dry.similar.vectors),
            ledger=self.ledger,
            budget_store=self.budgets,
            rate_limiter=rates,
        )

    def caller(self) -> Caller:
        """A client with a request of its own."""
        return Caller(f"req_{next(self._ids)}", key="team")

    def run(self, *asks: "Ask", strike: "Strike | None" = None) -> list[str]:
        """How the requests end that are made at once, after which everything that was begun has ended, too."""

        async def all_at_once() -> list[str]:
            tasks = [asyncio.create_task(ask(self)) for ask in asks]
            if strike is not None:
                strike(self, tasks[self.kind.struck])
            return [_ending(each) for each in await asyncio.gather(*tasks, return_exceptions=True)]

        self.waits.fails_at = 0
        self.loop.strike((), int)
        endings = self.loop.run_until_complete(all_at_once())
        self.turns, self.waited = self.loop.turns, -self.waits.fails_at
        self.loop.strike((), int)
        self.loop.run_until_complete(asyncio.sleep(1000))
        return endings


Ask = Callable[[Rig], Coroutine[Any, Any, str]]
"""A client's request; returns the words of its answer."""

Strike = Callable[[Rig, "asyncio.Task[str]"], None]
"""Sets up what is to befall a request that is about to begin."""


class Kind(Struct, frozen=True):
    """A kind of request: of `asks`, which are made at the same time, the one at the place `struck` is interrupted.

    Models answer in their `manners`, one after the other, then well. `before` are requests that have ended by then, and
    `prepare` is called after them. With `checks`, a cascade asks `cheap` and `other` before `strong`.
    """

    asks: tuple[Ask, ...]
    manners: Mapping[str, Sequence[Manner]] = field(default_factory=dict)
    before: tuple[Ask, ...] = ()
    prepare: Callable[[Rig], None] | None = None
    policy: Mapping[str, Any] = field(default_factory=dict)
    usd: float = 100
    checks: tuple[Check, ...] | None = None
    keep_alive_s: float | None = None
    struck: int = 0

    def judge(self, dry: Pipeline) -> Any:
        """What decides on such requests."""
        if self.checks is None:
            return dry.judge
        steps = [(("cheap", "other"), self.checks, None)]
        return CascadingJudge.of(dry.judge, steps, CascadeTerms(keep_alive_s=self.keep_alive_s))

    def settings(self, folder: Path) -> Settings:
        """The configuration in which they are made."""
        policy = {
            "policy": "test",
            "intent": "whatever a test needs",
            "reference": "best",
            "adequate": {"floor": 0.0},
            "models": {"ids": ["strong"] if self.checks else ["cheap", "strong"]},
            **self.policy,
        }
        config = {
            "version": 1,
            "upstreams": {"it": {"kind": "openai", "base_url": "http://127.0.0.1:9"}},
            "models": {
                **{
                    name: {**_MODEL, **_ONE_AT_A_TIME, "price": _price(dear)}
                    for dear, name in _DEAR
                },
                "embed": {"upstream": "it", "mode": "embedding", "price": _price(1)},
            },
            "policies": {"default": "test"},
            "cache": {
                "url": "memory",
                "embeddings": {"upstream": "it", "model": "embed", "usd_per_mtok": 1},
            },
            "ledger": {"path": "ledger.db"},
            "budgets": [{"usd": self.usd, "per": "month"}],
            "limits": [{"requests_per_minute": 10_000}],
        }
        return load_settings(_written(folder, config, policy), {})

    def begun(self, loop: TurningLoop, settings: Settings) -> Rig:
        """Everything before the request that is struck."""
        rig = Rig(loop, settings, self)
        for ask in self.before:
            rig.run(ask)
        if self.prepare is not None:
            self.prepare(rig)
        return rig


_DEAR = ((1, "cheap"), (2, "other"), (3, "strong"))


def _price(dear: int) -> Mapping[str, int]:
    return {key: usd * dear for key, usd in PRICE.items()}


def _written(folder: Path, config: Mapping[str, Any], policy: Mapping[str, Any]) -> Path:
    path = folder / "config.yaml"
    (folder / "policies").mkdir()
    for place, told in ((folder / "policies" / "test.yaml", policy), (path, config)):
        place.write_bytes(orjson.dumps(told))  # which is YAML, too
    return path


# ----------------------------------------------------------------------------------- requests


def chat(prompt: str = "How quiet is the harbour?", model: str = "auto", **fields: Any) -> Ask:
    """A chat completion."""
    told = {"model": model, "messages": [{"role": "user", "content": prompt}], **fields}
    raw = orjson.dumps(told)

    async def ask(rig: Rig) -> str:
        return await _read(await rig.pipeline.answer(raw, rig.caller()))

    return ask


async def embedding(rig: Rig) -> str:
    """Vectors for a text."""
    raw = orjson.dumps({"model": "embed", "input": "the river freezes"})
    await vectors_for(rig.pipeline, raw, rig.caller(), 60)
    return WHOLE


async def passed(rig: Rig) -> str:
    """A call that is passed through unread."""
    call = PassthroughCall("POST", "/audio/speech", (), None)
    passthrough = Passthrough(_PASSED, rig.passthrough)
    reply = await passthrough.passed(rig.pipeline, call, BodyEnds(""), rig.caller())
    async with aclosing(reply.body) as pieces:
        async for _ in pieces:
            await asyncio.sleep(0)  # the client takes it
    return WHOLE


async def _read(reply: Reply) -> str:
    """The words of an answer; with what is wrong with it if it has no proper end."""
    if isinstance(reply, PlainReply):
        return said(reply.body)
    whole = b""
    async with aclosing(reply.pieces) as pieces:
        async for piece in pieces:
            whole += piece
            await asyncio.sleep(0)  # the client takes it
    return (
        "broken off"
        if b'"error"' in whole or not whole.endswith(b"data: [DONE]\n\n")
        else streamed(whole)
    )


def _ending(result: str | BaseException) -> str:
    if isinstance(result, str):
        return result
    return result.code if isinstance(result, ApiError) else type(result).__name__


# --------------------------------------------------------------------------------------- laws


def check(rig: Rig) -> None:
    """What holds whenever nobody asks any more, whatever has befallen requests before."""
    assert asyncio.all_tasks(rig.loop) == set()
    assert len(rig.pipeline.flights) == 0
    _check_books(rig)
    _check_models(rig)
    for shelved in rig.loop.run_until_complete(_stored(rig)):
        assert shelved == WHOLE


def _check_books(rig: Rig) -> None:
    """Every call is one row, with what it costs, and the budgets have spent exactly that."""
    rows = rig.ledger.entries
    made = len(rig.models.calls) + len(rig.passthrough.calls) + rig.embedder.made
    calls = [row for row in rows if row.attempt and not _is_unmade(row)]
    assert len(calls) <= made <= len([row for row in rows if row.attempt]), rows
    for row in rows:
        is_free = row.outcome in (Outcome.FAILED, Outcome.CACHE_HIT) or not row.attempt
        assert is_free or row.cost or row.cost_source is CostSource.UNPRICED, row
    closing = [row.request_id for row in rows if row.closes]
    assert len(closing) == len(set(closing))
    for balance in rig.loop.run_until_complete(rig.budgets.balances()):
        assert balance.reserved == ZERO
        cost = Money(sum(row.cost.pico for row in rows))
        assert balance.spent <= cost if rig.has_failed else balance.spent == cost


def _is_unmade(row: Entry) -> bool:
    """Whether it may be the row of an attempt that a mistake of ours has ended before its call was made."""
    return row.error == "internal_error" and not row.cost


def _check_models(rig: Rig) -> None:
    """Nothing is open any more, no place is taken, and every model may be asked."""
    assert all(answer.is_closed for answer in (*rig.models.answers, *rig.passthrough.answers))
    fleet, slots, now_s = rig.pipeline.fleet, rig.pipeline.runtime.slots, rig.loop.time()
    assert all(standing.in_flight == 0 for standing in fleet.standings(now_s))
    for model in rig.pipeline.models.values():
        assert fleet.refusal(model, 0, now_s) is None
        assert slots.take_now(model)
        slots.give(model)


async def _stored(rig: Rig) -> list[str]:
    """The words of all stored answers."""
    stored = [unpack(each.value) async for each in rig.cache.entries()]
    found = [
        answer for answer in stored if answer is not None and b'"embedding"' not in answer.body
    ]
    return [streamed(each.body) if each.is_stream else said(each.body) for each in found]

"""A client may leave at any moment, and anything may fail: whenever that is, nothing stays behind.

For each kind of request there is a row in `KINDS`. It is made again and again in a time of its own, and interrupted at
each turn of the event loop until it is through; afterwards the laws of `tests.pipeline.interrupted_kit` must hold, and
the same request must be answered as if nothing had happened.
"""

import asyncio
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from router.decision.experience import ObservedAnswer
from router.dispatch.notice import About, Notice, Subject
from router.domain.cascade import AGREEMENT
from router.domain.category import Category
from tests.pipeline.cascade_kit import JUDGED, SIMILAR
from tests.pipeline.interrupted_kit import Kind, Rig, Strike, chat, check, embedding, passed
from tests.pipeline.slow_ports import WHOLE, Manner
from tests.pipeline.turns import TurningLoop

STREAM = chat(stream=True, stream_options={"include_usage": True})
KEPT = {"cache": {"ttl_s": 86_400}}
SEMANTIC = {
    "cache": {
        "ttl_s": 86_400,
        "semantic": {"mode": "on", "by": "meaning", "similarity": 0.6, "check_share": 0},
    }
}
HEDGED = {"hedge": {"after_quantile": 0.9, "share": 1.0}}
FAILS, SLOWLY = Manner.FAILS, Manner.SLOWLY
FAILURES = ("Struck", "ExceptionGroup", "internal_error", "broken off")
"""How a request may end where a port has failed."""


def taught(rig: Rig) -> None:
    """The cheap model is known to answer at once, so that it is hedged when it is silent."""
    seen = ObservedAnswer(
        output_tokens=5, reasoning_tokens=0, first_content_s=0.01, total_s=0.02, at_s=0.0
    )
    judge = rig.pipeline.judge
    for category in Category:
        for _ in range(20):
            judge.experience.observe(judge.models["cheap"], category, seen)


def half_open(rig: Rig) -> None:
    """The next call to the cheap model is the probe for which its breaker waits."""
    notice = Notice(Subject(About.MODEL, "cheap"), 1.0)
    rig.pipeline.fleet.heard(notice, rig.loop.time())
    rig.loop.now_s += 2


KINDS = {
    "pinned": Kind((chat(model="strong"),)),
    "auto": Kind((chat(),)),
    "stream": Kind((STREAM,)),
    "stream that breaks off": Kind((STREAM,), {"cheap": [Manner.BREAKS_OFF]}),
    "whole answer where a stream is wanted": Kind((STREAM,), {"cheap": [Manner.AS_A_WHOLE]}),
    "retry": Kind((chat(),), {"cheap": [FAILS]}),
    "fallback": Kind((STREAM,), {"cheap": [FAILS, FAILS]}),
    "everything fails": Kind((chat(),), {"cheap": [FAILS] * 2, "strong": [FAILS] * 2}),
    "probe": Kind((STREAM,), prepare=half_open),
    "probe that fails": Kind((chat(),), {"cheap": [FAILS]}, prepare=half_open),
    "in a line": Kind((chat("One"), chat("Two"))),
    "hedge": Kind((chat(),), {"cheap": [SLOWLY]}, prepare=taught, policy=HEDGED),
    "hedged stream": Kind((STREAM,), {"cheap": [SLOWLY]}, prepare=taught, policy=HEDGED),
    "budget exhausted": Kind((chat(),), usd=1e-6),
    "cache": Kind((chat(),), before=(chat(),), policy=KEPT),
    "replayed stream": Kind((STREAM,), before=(chat(),), policy=KEPT),
    "leader": Kind((chat(), chat(), chat()), policy=KEPT),
    "follower": Kind((chat(), chat(), chat()), policy=KEPT, struck=1),
    "leader of a stream": Kind((STREAM, STREAM, STREAM), policy=KEPT),
    "follower of a stream": Kind((STREAM, STREAM, STREAM), policy=KEPT, struck=1),
    "follower that is kept alive": Kind(
        (STREAM, STREAM),
        {"cheap": [SLOWLY]},
        checks=AGREEMENT,
        keep_alive_s=0.1,
        policy=KEPT,
        struck=1,
    ),
    "leader that is kept alive": Kind(
        (STREAM, STREAM), {"cheap": [SLOWLY]}, checks=AGREEMENT, keep_alive_s=0.1, policy=KEPT
    ),
    "semantic": Kind((chat(),), before=(chat("How quiet is that harbour?"),), policy=SEMANTIC),
    "semantic, nothing near": Kind((chat(), chat()), policy=SEMANTIC),
    "cascade": Kind((chat(),), checks=AGREEMENT),
    "streamed cascade": Kind((STREAM,), checks=AGREEMENT),
    "cascade that is kept alive": Kind(
        (STREAM,), {"other": [SLOWLY]}, checks=AGREEMENT, keep_alive_s=0.1
    ),
    "cascade by vectors": Kind((chat(),), checks=SIMILAR),
    "cascade with a judge": Kind((chat(),), checks=JUDGED),
    "cascade that fails": Kind((chat(),), {"other": [FAILS]}, checks=AGREEMENT),
    "embedding": Kind((embedding,)),
    "stored embedding": Kind((embedding,), before=(embedding,)),
    "passed through": Kind((passed,)),
}


@pytest.fixture
def loop() -> Iterator[TurningLoop]:
    loop = TurningLoop()
    asyncio.set_event_loop(loop)
    yield loop
    gc.collect()
    assert loop.complaints == []
    asyncio.set_event_loop(None)
    loop.close()


def leaving(at: int, *again: int) -> Strike:
    """The request is cancelled at this turn, and perhaps at later ones, while it cleans up."""

    def strike(rig: Rig, task: "asyncio.Task[str]") -> None:
        def leave() -> None:
            rig.was_left = task.cancel() or rig.was_left

        rig.loop.strike({at, *(at + later for later in again)}, leave)

    return strike


def failing(at: int) -> Strike:
    """A port fails at the wait of this number."""

    def strike(rig: Rig, _: "asyncio.Task[str]") -> None:
        rig.waits.fails_at, rig.has_failed = at, True

    return strike


def runs_on(rig: Rig) -> list[str]:
    """Nothing has stayed behind; how the same requests end after that, when every model answers well."""
    check(rig)
    rig.models.manners.clear()
    endings = rig.run(*rig.kind.asks)
    check(rig)
    return endings


OUTCOMES = {
    "retry": "failed ok",
    "fallback": "failed failed ok",
    "stream that breaks off": "cut",
    "probe that fails": "failed ok",
    "hedge": "hedge_lost ok",
    "hedged stream": "hedge_lost ok",
    "budget exhausted": "",
    "cache": "ok cache_hit",
    "replayed stream": "ok cache_hit",
    "leader": "ok cache_hit cache_hit",
    "leader of a stream": "ok cache_hit cache_hit",
    "follower that is kept alive": "rejected ok cache_hit",
    "semantic": "ok ok ok cache_hit",
    "cascade": "rejected ok",
    "cascade with a judge": "rejected rejected rejected rejected ok",
    "cascade by vectors": "rejected rejected rejected ok",
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_kind_is_what_its_name_says(loop: TurningLoop, tmp_path: Path, name: str) -> None:
    kind = KINDS[name]
    rig = kind.begun(loop, kind.settings(tmp_path))
    rig.run(*kind.asks)
    check(rig)
    assert " ".join(row.outcome for row in rig.ledger.entries) == OUTCOMES[name]


@pytest.mark.parametrize("again", [(), (1, 3)], ids=["once", "again"])
@pytest.mark.parametrize("name", KINDS)
def test_whenever_a_client_leaves_nothing_stays_behind(
    loop: TurningLoop, tmp_path: Path, name: str, again: tuple[int, ...]
) -> None:
    kind, settings = KINDS[name], KINDS[name].settings(tmp_path)
    usual = kind.begun(loop, settings)
    usually, turns = usual.run(*kind.asks), usual.turns
    later = runs_on(usual)
    for at in range(1, turns + 1):
        rig = kind.begun(loop, settings)
        endings = rig.run(*kind.asks, strike=leaving(at, *again))
        expected = ["CancelledError" if rig.was_left else usually[kind.struck]]
        expected = [*usually[: kind.struck], *expected, *usually[kind.struck + 1 :]]
        assert endings == expected, at
        assert runs_on(rig) == later, at


@pytest.mark.parametrize("name", KINDS)
def test_whatever_fails_nothing_stays_behind(loop: TurningLoop, tmp_path: Path, name: str) -> None:
    kind, settings = KINDS[name], KINDS[name].settings(tmp_path)
    usual = kind.begun(loop, settings)
    usually, waits = usual.run(*kind.asks), usual.waited
    later = runs_on(usual)
    for at in range(1, waits + 1):
        rig = kind.begun(loop, settings)
        for ending, usual_ending in zip(
            rig.run(*kind.asks, strike=failing(at)), usually, strict=True
        ):
            assert ending in (usual_ending, WHOLE, *FAILURES), at
        assert runs_on(rig) == later, at


def test_of_two_requests_at_a_budgets_edge_one_is_answered_and_whoever_leaves_makes_room(
    loop: TurningLoop, tmp_path: Path
) -> None:
    kind = Kind((chat("One"), chat("Two")), usd=0.03)
    settings = kind.settings(tmp_path)
    usual = kind.begun(loop, settings)
    assert sorted(usual.run(*kind.asks)) == [WHOLE, "budget_exceeded"]
    turns, later = usual.turns, runs_on(usual)
    for at in range(1, turns + 1):
        rig = kind.begun(loop, settings)
        left, other = rig.run(*kind.asks, strike=leaving(at))
        assert other in (WHOLE, "budget_exceeded")
        assert WHOLE in (left, other) or rig.was_left
        assert runs_on(rig) == later, at

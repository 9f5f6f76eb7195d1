"""A proxy whose decisions are cascades: cheap models first, a strong one behind them."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
from msgspec import structs

from router.acceptance.ruling import Evidence
from router.decision.policy import EVERY_MODEL
from router.domain.candidate import Candidate
from router.domain.cascade import (
    AGREEMENT,
    Cascade,
    CascadeTerms,
    Check,
    Opinion,
    Prospect,
    Ruling,
    Step,
    Test,
)
from router.domain.decision import Decision
from router.domain.estimate import EstimateSource
from router.domain.members import replace
from router.domain.turns import Turns
from router.pipeline.judge import Judge
from router.pipeline.request_context import RequestContext
from router.providers.simulated import SimulatedModel
from router.providers.simulated_models import price
from tests.pipeline.kit import Proxy, proxy

COMPLETE = (Check(Test.COMPLETE),)
SIMILAR = (Check(Test.SIMILARITY),)
JUDGED = (Check(Test.JUDGE, judge="other"),)
ACCEPT = Opinion(Ruling.ACCEPT, "taken as it is", 0)
ODD = Opinion(Ruling.REJECT, "it says \u2018h\u00e9\u2019\r\nx-evil: 1 " + "and so on " * 40)

SUM = "What is 17 + 25?"
PAIR = ("cheap", "other")
PROSPECT = Prospect(0.6, 0.05, 0.0, 0.02, EstimateSource.ARTEFACT)


def a_simulated(model_id: str, quality: float = 1.0, ttft_s: float = 0.01) -> SimulatedModel:
    return SimulatedModel(
        id=model_id,
        price=price("1", "2"),
        quality=quality,
        ttft_s=ttft_s,
        tokens_per_s=1_000,
        context_tokens=100_000,
        max_output_tokens=10_000,
    )


LYING = ("cheap", "liar")

MODELS = (
    a_simulated("cheap"),
    a_simulated("other"),
    a_simulated("liar", quality=0.0),
    a_simulated("strong"),
)
SLOW = (*MODELS[:3], a_simulated("strong", ttft_s=0.6))


class CascadingJudge(Judge, frozen=True, kw_only=True):
    """A judge whose decisions have these steps, unless an answer is at hand."""

    steps: Sequence[tuple[Sequence[str], tuple[Check, ...], float | None]]
    cascade_terms: CascadeTerms

    @classmethod
    def of(
        cls,
        judge: Judge,
        steps: Sequence[tuple[Sequence[str], tuple[Check, ...], float | None]],
        terms: CascadeTerms,
    ) -> "CascadingJudge":
        return cls(**structs.asdict(judge), steps=steps, cascade_terms=terms)

    def request_context(self, *args: Any, **options: Any) -> Turns[RequestContext]:
        context = yield from Judge.request_context(self, *args, **options)
        return replace(context, terms=replace(context.terms, cascade=self.cascade_terms))

    def judged(self, context: RequestContext, stored: Collection[str] = ()) -> Decision:
        decision = Judge.judged(self, context, stored)
        return replace(decision, cascade=self._cascade(decision, context))

    def _cascade(self, decision: Decision, context: RequestContext) -> Cascade | None:
        final = decision.chosen
        if final.is_stored:
            return None
        steps = []
        for names, checks, within_s in self.steps:
            asked = tuple(filter(None, (self._with_terms(name, context) for name in names)))
            steps.append(Step(asked, checks, PROSPECT, within_s))
        return Cascade(tuple(steps), final, final.quality, final.cost, final.latency)

    def _with_terms(self, name: str, context: RequestContext) -> Candidate | None:
        return self.candidate(name, context.features, replace(context.terms, pool=EVERY_MODEL))


@asynccontextmanager
async def cascading(
    folder: Path,
    *steps: Sequence[str],
    checks: tuple[Check, ...] = AGREEMENT,
    within_s: float | None = None,
    terms: CascadeTerms | None = None,
    simulated: Sequence[SimulatedModel] = MODELS,
    policy: Mapping[str, Any] | None = None,
    **options: Any,
) -> AsyncIterator[Proxy]:
    """A proxy that asks each of `steps`, two cheap models unless others are named, then `strong`."""
    asked = {"adequate": {"floor": 0.0}, "models": {"ids": ["strong"]}, **(policy or {})}
    ids = [each.id for each in simulated]
    async with proxy(folder, models=ids, simulated=simulated, policy=asked, **options) as it:
        current = it.running.current
        told = [(step, checks, within_s) for step in steps or (PAIR,)]
        judge = CascadingJudge.of(current.pipeline.judge, told, terms or CascadeTerms())
        current.take(judge, 0.0)
        yield it


def rule_with(it: Proxy, rule: Callable[[Evidence], Opinion]) -> None:
    """Let `rule` say what becomes of answers, whatever the checks are."""
    it.running.pipeline.referee.rule = lambda _, evidence: rule(evidence)


async def answer(it: Proxy, status: int = 200, **fields: Any) -> tuple[Mapping[str, str], bytes]:
    fields.setdefault("prompt", SUM)
    async with it.post(**fields) as response:
        body = await response.read()
        assert response.status == status, body
        return response.headers, body


def chunks(stream: bytes) -> list[dict[str, Any]]:
    return [orjson.loads(line[6:]) for line in stream.split(b"\n") if line.startswith(b"data: {")]


def text(stream: bytes) -> str:
    choices = [choice for chunk in chunks(stream) for choice in chunk["choices"]]
    return "".join(choice["delta"].get("content") or "" for choice in choices)


def said(body: bytes) -> str:
    content: str = orjson.loads(body)["choices"][0]["message"]["content"]
    return content


def outcomes(it: Proxy) -> list[tuple[str, str]]:
    return sorted((row["model"], row["outcome"]) for row in it.rows())


def asked(it: Proxy, model: str) -> int:
    return it.upstream.counters[model].requests if model in it.upstream.counters else 0


def in_flight(it: Proxy) -> int:
    fleet = it.running.pipeline.fleet
    return sum(each.in_flight for each in fleet.standings(0.0))

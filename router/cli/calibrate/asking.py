"""Asks the models of a configuration recorded requests, through the same pipeline that serves.

So retries, budgets and the ledger are as for any other request: each call is a row there, tagged
`calibrate`. No stored answer is taken, and none is stored.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson
from msgspec import Struct, field

from router.acceptance.judging import judge_name, judge_request, mark_in
from router.cli.calibrate.journal import Journal
from router.cli.calibrate.questions import Ask
from router.domain.errors import ApiError, FarthingError
from router.domain.members import replace
from router.domain.model import Model
from router.domain.money import ZERO, Money
from router.evaluation.answered import OWN, ScoredAnswer, shortened
from router.evaluation.scoring import ScoringRule, text_of
from router.pipeline.cache_slot import CacheControl
from router.pipeline.flow import Pipeline
from router.pipeline.reply import PlainReply
from router.pipeline.request_context import Caller
from router.ports import World

TAG = "calibrate"
_MOST_IN_A_ROW = 5
"""After this many consecutive failures a model is left alone."""


class Grading(Struct, frozen=True):
    """How answers are scored: by a rule, or by a model as the judge. `name` identifies it in outcome files."""

    name: str
    rule: ScoringRule | None = None
    judge: Model | None = None

    @classmethod
    def by_rule(cls, rule: ScoringRule) -> "Grading":
        """Scores by a rule, which cost nothing."""
        return cls(rule.name, rule=rule)

    @classmethod
    def by_judge(cls, judge: Model) -> "Grading":
        """Scores by a model, which is paid for them."""
        return cls(judge_name(judge.id), judge=judge)


class ReplayTally(Struct):
    """What a replay has done so far."""

    spent: Money = ZERO
    answers: int = 0
    unscored: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    reasons: dict[str, str] = field(default_factory=dict)
    is_at_limit: bool = False


class Replay:
    """Works through asks, some in parallel, never spending more than `most`."""

    def __init__(
        self,
        pipeline: Pipeline,
        world: World,
        journal: Journal,
        grading: Grading,
        most: Money | None,
    ) -> None:
        self._pipeline = pipeline
        self._world = world
        self._journal = journal
        self._grading = grading
        self._most = most
        self._reserved = ZERO
        self._settled = asyncio.Event()
        self._in_a_row: Counter[str] = Counter()
        self.tally = ReplayTally()

    async def run(
        self, asks: Iterable[Ask], parallel: int, done: Callable[[], None]
    ) -> ReplayTally:
        """Do them; `done` is called after each. Failures are counted in the tally, and not kept.

        Raises FarthingError if answers cannot be kept.
        """
        waiting = iter(asks)

        async def work() -> None:
            for ask in waiting:
                await self._one(ask)
                done()

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(parallel):
                    group.create_task(work())
        except* FarthingError as several:
            raise several.exceptions[0] from None
        return self.tally

    async def _one(self, ask: Ask) -> None:
        upper = ask.whole.upper
        if self._in_a_row[ask.model.id] >= _MOST_IN_A_ROW or not await self._has_room(upper):
            return
        self._reserved += upper
        try:
            answered = ask.held or await self._answer(ask)
            if ask.judging is not None:
                answered = await self._scored(ask, answered)
                self._journal.add(answered)
            if ask.again is not None and answered.response is not None:
                self._journal.add(await self._again(ask, answered))
            self._in_a_row[ask.model.id] = 0
        except ApiError as error:
            self._failed(ask.model.id, error)
        finally:
            self._reserved -= upper
            self._settled.set()

    async def _has_room(self, upper: Money) -> bool:
        """Whether this ask, at its highest cost, stays within the limit, once enough of those in flight have ended.

        If one has no room, all end: else the cheap models would go on alone, with nothing to compare them with.
        """
        while self._most is not None and not self.tally.is_at_limit:
            if self.tally.spent + self._reserved + upper <= self._most:
                return True
            if not self._reserved:
                self.tally.is_at_limit = True
            else:
                self._settled.clear()
                await self._settled.wait()
        return self._most is None

    def _failed(self, model_id: str, error: ApiError) -> None:
        self._in_a_row[model_id] += 1
        self.tally.failures[model_id] += 1
        self.tally.reasons.setdefault(model_id, error.message)

    async def _answer(self, ask: Ask) -> ScoredAnswer:
        """The model's answer, kept before anything else happens. Raises ApiError."""
        began_s = self._world.monotonic_s()
        told = await self._sent(ask.question.to(ask.model.id))
        answered = _answered(ask, told, self._world.monotonic_s() - began_s)
        self._journal.add(answered)
        self.tally.answers += 1
        return answered

    async def _again(self, ask: Ask, answered: ScoredAnswer) -> ScoredAnswer:
        """The answer with a second one to the same request. Raises ApiError."""
        told = await self._sent(ask.question.to(ask.model.id))
        self.tally.answers += 1
        text = text_of(told)
        return replace(
            answered,
            second_answer="" if text is None else shortened(text),
            second_response=text,
            second_cost_usd=float(told["farthing"]["cost_usd"]),
        )

    async def _scored(self, ask: Ask, answered: ScoredAnswer) -> ScoredAnswer:
        """The answer with its score; without one if there is nothing to score, or no verdict."""
        score = await self._score(ask, answered.response)
        self.tally.unscored += score is None
        return replace(answered, score=score, scored_by=self._grading.name)

    async def _score(self, ask: Ask, response: str | None) -> float | None:
        question, grading = ask.question, self._grading
        if response is None:
            return None
        if grading.rule is not None:
            return grading.rule.score(question.body, question.expected, response)
        if grading.judge is None:
            raise FarthingError("answers are scored by a rule or by a judge")
        body = judge_request(grading.judge, question.request.messages, response, question.expected)
        try:
            return mark_in(await self._sent(orjson.dumps(body)))
        except ApiError as error:
            self.tally.reasons.setdefault(grading.name, error.message)
            return None

    async def _sent(self, raw: bytes) -> Mapping[str, Any]:
        """The whole answer with its receipt. Raises ApiError."""
        caller = Caller(
            self._world.new_id(), tags=(TAG,), wish=CacheControl(False, False), wants_receipt=True
        )
        reply = await self._pipeline.answer(raw, caller)
        if not isinstance(reply, PlainReply):
            raise FarthingError("a request that is not streamed has a streamed answer")
        told: dict[str, Any] = orjson.loads(reply.body)
        self.tally.spent += Money.from_usd(told["farthing"]["cost_usd"])
        return told


def _answered(ask: Ask, told: Mapping[str, Any], took_s: float) -> ScoredAnswer:
    """An answer with its receipt, as a row without a score."""
    question, receipt, text = ask.question, told["farthing"], text_of(told)
    used = receipt["usage"]
    return ScoredAnswer(
        prompt_id=question.id,
        prompt=question.prompt,
        model=ask.model.id,
        score=None,
        dataset=f"{OWN}/{question.features.category}",
        answer=None if text is None else shortened(text),
        input_tokens=sum(
            count for name, count in used.items() if "input" in name or "cache" in name
        ),
        output_tokens=sum(used.get(name, 0) for name in ("output_tokens", "reasoning_tokens")),
        cost_usd=float(receipt["cost_usd"]),
        latency_s=took_s,
        category=question.features.category.value,
        scored_by="",
        response=text,
        request_id=question.request_id,
    )

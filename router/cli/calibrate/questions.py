"""Recorded requests as questions to several models, and what asking them will cost."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import orjson
from msgspec import Struct

from router.acceptance.judging import judge_request
from router.cli.traffic.files import LeftOut, Written, unwrapped
from router.decision.estimate import candidate_for
from router.decision.exclude import exclusions_by
from router.decision.lengths import TYPICAL_OUTPUT_TOKENS
from router.decision.policy import Circumstances, Terms
from router.decision.resolve import AUTO
from router.domain.category import Category
from router.domain.errors import ApiError
from router.domain.estimate import CostEstimate
from router.domain.features import Features
from router.domain.model import Model
from router.domain.money import ZERO
from router.domain.turns import finished
from router.evaluation.answered import ScoredAnswer, id_of
from router.features.text import last_from
from router.pipeline.judge import Judge
from router.pipeline.request_context import Caller
from router.wire.chat import ChatRequest, parse_chat

NOTHING = CostEstimate(ZERO, ZERO)
_NOT_REPLAYED = ("stream", "stream_options", "n", "model", "store", "farthing")
"""Which model is asked, and how many answers come in which form, is up to us."""
_REQUEST_ID = "request_id"
"""The member of a record that holds the `x-request-id` of its answer."""


class RecordedQuestion(Struct, frozen=True):
    """A recorded request, without a model: its id, its features, and the expected answer ("" for none).

    `request_id` is its id in the ledger, "" if the record does not say.
    """

    id: str
    request: ChatRequest
    expected: str
    features: Features
    circumstances: Circumstances
    request_id: str = ""

    @property
    def body(self) -> Mapping[str, Any]:
        """The fields that are sent to every model."""
        return {name: value for name, value in self.request.body.items() if name != "model"}

    @property
    def prompt(self) -> str:
        """The text that represents it in outcome files: the last question."""
        return last_from(self.request.messages, "user") or last_from(
            self.request.messages, "system"
        )

    def to(self, model_id: str) -> bytes:
        """The request for one model."""
        return orjson.dumps({"model": model_id, **self.body})


class Ask(Struct, frozen=True):
    """A task: have `model` answer and score that, or only score the answer that is `held`; have it answer once more.

    `cost` is that of the model's answer, `judging` that of the judge's verdict, `again` that of a second answer; None
    if there is to be none.
    """

    question: RecordedQuestion
    model: Model
    held: ScoredAnswer | None
    cost: CostEstimate
    judging: CostEstimate | None
    again: CostEstimate | None = None

    @property
    def calls(self) -> tuple[CostEstimate, ...]:
        """The costs of the calls of `model` that are to be made."""
        first = () if self.held else (self.cost,)
        return (*first, self.again) if self.again else first

    @property
    def whole(self) -> CostEstimate:
        """The cost of everything."""
        parts = (*self.calls, self.judging or NOTHING)
        return CostEstimate(
            sum((each.expected for each in parts), ZERO), sum((each.upper for each in parts), ZERO)
        )


def questions(
    found: Sequence[Written], expected: str, judge: Judge
) -> tuple[list[RecordedQuestion], list[LeftOut]]:
    """The chat requests in a file, each once; and what was left out. `expected` is the member with the right answer."""
    known: dict[str, RecordedQuestion] = {}
    left_out = []
    for each in found:
        try:
            question = _question(each, expected, judge)
            known.setdefault(question.id, question)
        except ApiError as error:
            left_out.append(LeftOut(each.place, error.message))
    return list(known.values()), left_out


def sampled(every: Sequence[RecordedQuestion], limit: int | None) -> list[RecordedQuestion]:
    """At most `limit` of them: a sample by hash, which a higher limit extends."""
    return sorted(every, key=lambda each: each.id)[:limit]


def asks(
    every: Sequence[RecordedQuestion],
    models: Sequence[Model],
    held: Mapping[tuple[str, str], ScoredAnswer],
    scored_by: str,
    judge: tuple[Judge, Model | None],
    twice: Collection[str] = (),
) -> Iterator[Ask]:
    """The tasks that remain, question by question. A model is not asked what it cannot answer.

    The models in `twice` are asked again what they may answer otherwise.
    """
    judging, grader = judge
    for question in every:
        for model in models:
            answered = held.get((question.id, model.id))
            is_scored = answered is not None and _is_done(answered, scored_by)
            asks_again = model.id in twice and _says_more(question, answered)
            if is_scored and not asks_again:
                continue
            candidate = candidate_for(model, question.features, judging.experience)
            if exclusions_by(question.features, Terms(), question.circumstances)(candidate):
                continue
            verdict = None if is_scored else _verdict_cost(question, grader, judging)
            again = candidate.cost if asks_again else None
            yield Ask(question, model, answered, candidate.cost, verdict, again)


def _says_more(question: RecordedQuestion, answered: ScoredAnswer | None) -> bool:
    """Whether a second answer would say anything: it may differ, is not there yet, and has one to compare it with."""
    is_open = answered is None or not (answered.was_asked_twice or answered.response is None)
    return is_open and question.features.answers_vary


def _is_done(answered: ScoredAnswer, scored_by: str) -> bool:
    """Whether nothing can be gained: it is scored in that way already, or there is nothing to score."""
    is_same = answered.scored_by == scored_by and answered.score is not None
    return is_same or answered.response is None


def _verdict_cost(question: RecordedQuestion, grader: Model | None, judge: Judge) -> CostEstimate:
    """The judge's charge, for an answer of typical length; nothing without one."""
    if grader is None:
        return NOTHING
    usual = TYPICAL_OUTPUT_TOKENS[question.features.category]
    rubric = judge.reader.counter.of_chat(
        judge_request(grader, [], "", question.expected)["messages"], None
    )
    features = Features(
        rubric.tokens + question.features.prompt_tokens + usual, Category.EXTRACTION
    )
    return candidate_for(grader, features, judge.experience).cost


def _question(found: Written, expected: str, judge: Judge) -> RecordedQuestion:
    """The question in a record. Raises ApiError if it is not a chat request."""
    _, body = unwrapped(found)
    whole = orjson.loads(found.text)
    right = whole.get(expected, body.get(expected))
    request_id = whole.get(_REQUEST_ID, body.get(_REQUEST_ID))
    dropped = {*_NOT_REPLAYED, _REQUEST_ID, expected}
    asked = {name: value for name, value in body.items() if name not in dropped}
    request = parse_chat(orjson.dumps({"model": AUTO, **asked}))
    caller = Caller("")
    context = finished(
        judge.request_context(request, caller, judge.target(request, caller), (), ())
    )
    text = (
        right if isinstance(right, str) else "" if right is None else orjson.dumps(right).decode()
    )
    plain = orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)
    return RecordedQuestion(
        id=id_of(plain),
        request=request,
        expected=text,
        features=context.features,
        circumstances=context.circumstances,
        request_id=request_id if isinstance(request_id, str) else "",
    )

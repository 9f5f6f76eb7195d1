"""The steps of a decision, each by the function that the pipeline calls for it.

Before each round a step is prepared anew, outside the measured time, so that nothing it remembers from the last
round helps it, except what the request's own conversation has left behind.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial

from benchmarks.rooms.asked import Asked
from router.decision.bid import Setting
from router.decision.cascade import cascade_for
from router.decision.choose import choose
from router.decision.estimate import candidate_for
from router.decision.exclude import exclusions_by
from router.decision.policy import Policy, Terms
from router.decision.ranking import best_first, ranked
from router.decision.record import Record
from router.domain.candidate import Candidate
from router.domain.cascade import NO_CASCADES
from router.domain.decision import Decision
from router.domain.features import Features
from router.domain.members import replace
from router.domain.resemblance import Resemblance
from router.domain.turns import finished
from router.features.category import plain_form, worded
from router.features.extract import Reader, features_of
from router.features.needs import needs_of
from router.features.session import thread_of
from router.features.tallies import Tallies
from router.features.text import both_ends
from router.features.turns import Asking, asking_of, is_tool_turn, question_of
from router.pipeline.flow import Pipeline
from router.pipeline.planning import plan_for
from router.pipeline.request_context import Caller, RequestContext, Session
from router.wire.cached import cache_key
from router.wire.chat import ChatRequest, parse_chat, upstream_bytes

Act = Callable[[], object]
_ALONE = Caller("req_1")
_TENANT = ("key", "")


@dataclass(frozen=True)
class Scene:
    """One request in one house, with whatever was found out before the step that is measured.

    A new scene is made for each round. It has no slots: what is found out is kept in its dictionary.
    """

    house: Pipeline
    asked: Asked

    @cached_property
    def request(self) -> ChatRequest:
        """Parsed."""
        return parse_chat(self.asked.raw)

    @cached_property
    def reader(self) -> Reader:
        """A reader that has read nothing, except what came before in the same conversation."""
        usual = self.house.judge.reader
        counter = replace(usual.counter, tallies=Tallies())
        fresh = Reader(counter, usual.categories, usual.kinds)
        if self.asked.before is not None:
            features_of(parse_chat(self.asked.before).body, fresh)
        return fresh

    @cached_property
    def asking(self) -> Asking:
        """What is asked for at its end."""
        return asking_of(self.request.messages)

    @cached_property
    def question(self) -> str:
        """What is read of it."""
        return question_of(self.request.messages, self.asking)

    @cached_property
    def tokens(self) -> list[int]:
        """The question's."""
        return self.reader.counter.tokenizer.encode_ordinary(self.question)

    @cached_property
    def resemblance(self) -> Resemblance:
        """The kinds that it resembles."""
        assert self.reader.kinds is not None
        return self.reader.kinds.of(self.tokens, len(self.tokens))

    @cached_property
    def read(self) -> Features:
        """Its features."""
        return features_of(self.request.body, self.reader)

    @cached_property
    def features(self) -> Features:
        """Its features, with what was learnt for them."""
        return self.house.judge.recognised(self.read)

    @cached_property
    def pipeline(self) -> Pipeline:
        """The house, with its own reader."""
        return replace(self.house, judge=replace(self.house.judge, reader=self.reader))

    @cached_property
    def context(self) -> RequestContext:
        """The request understood."""
        return understood(self.pipeline, self.request)

    @cached_property
    def candidates(self) -> list[Candidate]:
        """Every model, with its predictions."""
        terms, judge = self.context.terms, self.house.judge
        conversation = self.context.circumstances.conversation
        return [
            candidate_for(
                model, self.features, judge.experience, terms.latency_quantile, conversation
            )
            for model in judge.models.values()
        ]

    @cached_property
    def able(self) -> list[Candidate]:
        """Those that may answer."""
        exclusion_of = exclusions_by(self.features, self.context.terms, self.context.circumstances)
        return [each for each in self.candidates if exclusion_of(each) is None]

    @cached_property
    def setting(self) -> Setting:
        """What a cascade would have to beat."""
        bar, best = self.decision.bar, min(self.able, key=best_first)
        order = ranked(self.able, self.context.terms, bar)
        assert order.reason is not None
        return Setting(
            features=self.features,
            circumstances=self.context.circumstances,
            terms=self.context.terms,
            able=self.able,
            alone=order.ordered[0],
            reason=order.reason,
            reference=best,
            is_only_known=False,
            bar=bar,
            experience=self.house.judge.experience,
            verdicts=self.house.judge.observed(self.context),
        )

    @cached_property
    def decision(self) -> Decision:
        """The decision."""
        return self.house.judge.judged(self.context)

    @property
    def terms(self) -> Terms:
        """The policy's, for this request."""
        return self.context.terms


def understood(house: Pipeline, request: ChatRequest) -> RequestContext:
    """The request understood, as for a caller without a key."""
    judge, thread = house.judge, thread_of(request.body, {}, "", len(request.raw))
    if thread:
        is_tool_turn(request.messages)
    target = judge.target(request, _ALONE)
    return finished(judge.request_context(request, _ALONE, target, (), (), Session(thread)))


def _decided(house: Pipeline, request: ChatRequest) -> object:
    """Everything between a parsed request and the plan."""
    return _planned(house, house.judge.judged(understood(house, request)))


def _planned(house: Pipeline, decision: Decision) -> object:
    judge, effort = house.judge, house.effort
    return plan_for(decision, effort, judge.experience, stream=True, deadline_s=None, hedges=None)


def _excluded(scene: Scene) -> Act:
    context, candidates, features = scene.context, scene.candidates, scene.features
    terms, circumstances = context.terms, context.circumstances
    return lambda: list(map(exclusions_by(features, terms, circumstances), candidates))


def _estimated(scene: Scene) -> Act:
    judge, features, terms = scene.house.judge, scene.features, scene.context.terms
    models, conversation = judge.models.values(), scene.context.circumstances.conversation
    quantile = terms.latency_quantile
    return lambda: [
        candidate_for(model, features, judge.experience, quantile, conversation) for model in models
    ]


def _chosen_alone(scene: Scene) -> Act:
    """The choice of one model, by a policy without cascades."""
    context, judge = scene.context, scene.house.judge
    assert isinstance(context.target, Policy)
    single = replace(
        context.target,
        terms=replace(context.target.terms, cascade=NO_CASCADES),
        rules=tuple(
            replace(rule, terms=replace(rule.terms, cascade=NO_CASCADES))
            for rule in context.target.rules
        ),
    )
    return partial(
        choose, context.features, context.circumstances, single, judge.models, judge.experience
    )


def _categorised(scene: Scene) -> Act:
    return partial(worded, scene.question, scene.reader.categories, scene.tokens, sees=False)


def _counted(scene: Scene) -> Act:
    body, counter = scene.request.body, scene.reader.counter
    counter.was_counted(scene.question, len(scene.tokens))
    return partial(counter.of_chat, body["messages"], body.get("tools"))


def _recorded(scene: Scene) -> Act:
    return Record(scene.decision, scene.context.circumstances).text


Make = Callable[[Scene], Act]
STEPS: Mapping[tuple[str, str], Make] = {
    ("wire", "parse"): lambda scene: partial(parse_chat, scene.asked.raw),
    ("wire", "cache key"): lambda scene: partial(cache_key, scene.request.body, _TENANT),
    ("wire", "upstream bytes"): lambda scene: partial(
        upstream_bytes, scene.request, "another", ask_usage=True
    ),
    ("features", "session"): lambda scene: partial(
        thread_of, scene.request.body, {}, "", len(scene.asked.raw)
    ),
    ("features", "asking"): lambda scene: partial(asking_of, scene.request.messages),
    ("features", "form"): lambda scene: partial(plain_form, scene.request.body, scene.asking),
    ("features", "question's tokens"): lambda scene: partial(
        scene.reader.counter.tokenizer.encode_ordinary, both_ends(scene.question)
    ),
    ("features", "category"): _categorised,
    ("features", "kinds"): lambda scene: partial(
        scene.reader.kinds.of,  # type: ignore[union-attr]  # the shipped artefact has them
        scene.tokens,
        len(scene.tokens),
    ),
    ("features", "count"): _counted,
    ("features", "needs"): lambda scene: partial(needs_of, scene.request.body),
    ("features", "all"): lambda scene: partial(features_of, scene.request.body, scene.reader),
    ("decision", "quality"): lambda scene: partial(scene.house.judge.recognised, scene.read),
    ("decision", "estimates"): _estimated,
    ("decision", "exclude"): _excluded,
    ("decision", "rank"): lambda scene: partial(
        ranked, scene.able, scene.terms, scene.decision.bar
    ),
    ("decision", "cascade"): lambda scene: partial(cascade_for, scene.setting),
    ("decision", "choose one"): _chosen_alone,
    ("decision", "all"): lambda scene: partial(scene.house.judge.judged, scene.context),
    ("dispatch", "plan"): lambda scene: partial(_planned, scene.house, scene.decision),
    ("ledger", "record"): _recorded,
    ("all", "request to plan"): lambda scene: partial(_decided, scene.pipeline, scene.request),
}
"""Room and step to what is called in it. `all` holds the steps above it."""

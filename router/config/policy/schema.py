"""The shape of a policy file, as pydantic models.

The text beneath a key is its meaning in the reference page and in the JSON Schema, which are both
made from these classes (`router.config.policy.reference`).
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from router.config.semantic import SemanticSection
from router.config.words import (
    Dollars,
    ModelId,
    MomentOfZone,
    Name,
    Options,
    Probability,
    Seconds,
    Section,
)
from router.decision.policy import FallBackTo, Otherwise
from router.domain.cascade import NO_CASCADES, CascadeUse, Check, StepRecipe, Test


class AdequateSection(Section):
    """What is good enough: `within` a tolerance of the reference, or above a `floor`."""

    within: Probability | None = None
    """how far below the reference's predicted quality is still good enough"""
    floor: Probability | None = None
    """a predicted quality that is good enough, whatever the reference; takes the place of `within`"""
    confidence: Annotated[float, Field(ge=0.5, lt=1)] | None = None
    """how certain it must be that the quality is that good; at `0.5` the estimate is taken at face value,
    above it the uncertainty of both models counts against the one that is not the reference"""

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if self.within is not None and self.floor is not None:
            raise ValueError("needs either 'within' or 'floor', not both")
        if not self.model_fields_set:
            raise ValueError("needs 'within', 'floor' or 'confidence'")
        return self


class LatencySection(Section):
    """Latencies that a model must keep, once it has been observed."""

    first_content_s: Seconds | None = None
    """a model whose time to the first content of streams is above this is not asked; one that has
    not been observed yet, or not for five minutes, may be"""
    total_s: Seconds | None = None
    """the same for whole answers"""
    quantile: Annotated[float, Field(gt=0, lt=1)] | None = None
    """which share of a model's last answers must meet the targets: at `0.5` its median must, at
    `0.95` nearly every answer; above the median, this takes 20 answers to know"""


class DeadlinesSection(Section):
    """When to stop waiting: for an attempt's first content, for the next piece, for all of it."""

    first_content_s: Seconds | None = None
    """an attempt at a stream fails if it has sent no content by then, and the next model is asked; no
    deadline is later than the server's own"""
    stall_s: Seconds | None = None
    """a stream ends with an error if nothing arrives for this long"""
    total_s: Seconds | None = None
    """the request then ends with a 504, counted over all attempts"""


class HedgeSection(Section):
    """Ask the next model beside one that is silent for longer than this quantile of its own times."""

    after_quantile: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    """also ask the next model if the chosen one is silent for longer than in this share of its last
    answers"""
    share: Annotated[float, Field(gt=0, le=1)] = 0.05
    """the largest share of the requests under this policy that may be hedged"""


_HALF = 0.5


class CheckSection(Section):
    """A test of a step's answers, with its bar."""

    test: Test
    """`agreement`: the answers agree. `similarity`: they are close in meaning.
    `complete`: something is said, nothing is refused, and nothing was cut off. `schema` and `tool_calls`: they
    match the request's own schemas. `logprob`: the model was sure of its words. `judge`: another model
    finds it good"""
    at_least: Probability | None = None
    """the bar: for `agreement` the share of the answers that must agree, above one half; for `similarity`
    a cosine, for `logprob` a mean probability of the tokens, for `judge` a mark; none for the test's
    default"""
    judge: ModelId | None = None
    """the id of the model that judges; only for `judge`, and required there"""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        self.as_check()
        if self.at_least is not None and self.test in (Test.COMPLETE, Test.SCHEMA, Test.TOOL_CALLS):
            raise ValueError(f"the test '{self.test}' has no bar: leave out 'at_least'")
        if self.at_least is not None and self.test is Test.AGREEMENT and self.at_least <= _HALF:
            raise ValueError("'agreement' is of more than half: 'at_least' must be above 0.5")
        return self

    def as_check(self) -> Check:
        """As decisions know it. Raises ValueError for a judge where there must be none, and the other way round."""
        return Check(self.test, self.at_least, self.judge or "")


def _as_checks(written: Any) -> Any:
    """A test may be written as its mere word, and one alone without a list around it."""
    listed = written if isinstance(written, list) else [written]
    return tuple({"test": each} if isinstance(each, str) else each for each in listed)


TestWord = Literal["agreement", "similarity", "complete", "schema", "tool_calls", "logprob"]
Checks = Annotated[
    tuple[CheckSection, ...],
    Field(min_length=1),
    BeforeValidator(
        _as_checks,
        json_schema_input_type=TestWord | CheckSection | tuple[TestWord | CheckSection, ...],
    ),
]


class StepSection(Section):
    """Models that are asked at once, and what their answers must pass to be taken."""

    models: Annotated[tuple[ModelId, ...], Field(min_length=1, max_length=8)]
    """the ids of the models that are asked at once; an id twice for two of its answers,
    where the request lets these differ"""
    accept: Checks = Field("agreement", validate_default=True)
    """which tests an answer must pass, all of them: a word, `{test: logprob, at_least: 0.9}`,
    `{test: judge, judge: some-model}`, or a list of these. What does not pass, or cannot be judged, goes on to
    the next step"""
    within_s: Seconds | None = None
    """how long the step may take; what has not come by then counts as rejected"""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        self.as_recipe()
        return self

    def as_recipe(self) -> StepRecipe:
        """As decisions know it. Raises ValueError for one answer that would have to agree with itself."""
        return StepRecipe(
            self.models, tuple(each.as_check() for each in self.accept), self.within_s
        )


class CascadeSection(Section):
    """Look at cheap answers before a dear one is paid; see [cascades](cascades.md)."""

    use: CascadeUse = CascadeUse.AUTO
    """`auto`: where evidence says that it pays off and loses nothing beyond the tolerance. `always`: its `steps`
    wherever they can be used at all, whatever the evidence. `never`: one model answers"""
    steps: Annotated[tuple[StepSection, ...], Field(max_length=4)] = ()
    """which models are asked first, and what their answers must pass; without steps `auto` finds pairs of models that
    must agree"""
    final: ModelId = "reference"
    """the model that is asked if no step has settled the request: `reference`, or a model's id; if that one
    may not answer, the best that may"""
    first_content_s: Seconds = NO_CASCADES.first_content_s
    """how long all steps together may take: the client of a stream waits no longer than this for them"""
    keep_alive_s: Seconds | None = None
    """seconds between the comments, ignored by clients, that are sent while a stream waits for its steps"""
    check_share: Probability = NO_CASCADES.check_share
    """of the answers that steps settle, the share that is compared with the final model's answer, which is then
    requested and paid for, too: this shows when a cascade stops paying off"""


class PoolSection(Section):
    """Which models may answer."""

    ids: tuple[str, ...] = ()
    """only these models; empty for all"""
    with_tags: tuple[str, ...] = ()
    """only models that have all of these tags: `open-weight`, `eu`, `zero-retention`, or your own"""
    without_tags: tuple[str, ...] = ()
    """no model that has one of these tags"""


class PolicyCacheSection(Section):
    """For how long an answer may be given again, and which answers may not."""

    ttl_s: Annotated[int, Field(ge=0, le=10**8)] = 0
    """for how many seconds an answer may be reused; 0 for never"""
    tool_calls: bool = False
    """whether an answer that calls tools may be reused"""
    max_temperature: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """requests above it are not cached; one that does not set it has 1"""
    max_n: Annotated[int, Field(ge=1)] | None = None
    """requests for more choices are not cached"""
    semantic: SemanticSection | None = None
    """answers that were given to other words; see [the semantic cache](semantic-cache.md)"""


class WeightedSection(Section):
    """Dollars for what an answer lacks: the adequate model with the least in all is chosen."""

    usd_per_point: Dollars = 0
    """what a point (0.01) of predicted quality is worth"""
    usd_per_s: Dollars = 0
    """what a second until the whole answer is worth"""

    @model_validator(mode="after")
    def _weighs_something(self) -> Self:
        if not self.usd_per_point and not self.usd_per_s:
            raise ValueError(
                "needs 'usd_per_point' or 'usd_per_s' above 0; otherwise write 'cheapest'"
            )
        return self


Aims = Literal["cheapest", "fastest", "fastest-start", "best"]


class TermsSection(Section):
    """What a policy asks of an answer; in a rule's `then`, what it asks differently."""

    reference: str | None = None
    """what quality and saving are measured against. `asked`: the model that the client names, or that
    its route stands for; for `auto` or a name that is no model, the best that may answer. `best`:
    always that. Or a model's id"""
    adequate: AdequateSection | None = None
    """what is good enough"""
    objective: Aims | WeightedSection | None = None
    """which adequate model is chosen: the `cheapest`; the `fastest` (to the whole answer) or the one
    with the `fastest-start` (to the first content); the `best`; or the one that costs least when
    quality and time are paid for too, `{usd_per_point: ..., usd_per_s: ...}`. Set a `ceiling_usd`
    beside any but the first"""
    latency: LatencySection | None = None
    """targets, for choosing a model"""
    deadlines: DeadlinesSection | None = None
    """ends, for waiting"""
    strategy: Literal["single", "hedge", "cascade"] | None = None
    """one model at a time (`single`), a second one beside a silent first (`hedge`), or cheap answers that are
    looked at before a dear one is paid (`cascade`); each of the last two replaces the other"""
    hedge: HedgeSection | None = None
    """when to hedge; `hedge: {}` is `strategy: hedge`"""
    cascade: CascadeSection | None = None
    """which [cascades](cascades.md); `cascade: {}` is `strategy: cascade`"""
    models: PoolSection | None = None
    """which models may answer"""
    ceiling_usd: Dollars | None = None
    """no model that is expected to cost more for this request, and no further attempt once attempts
    together would"""
    otherwise: Otherwise | None = None
    """when no model is adequate: `best`, `cheapest`, or `refuse`"""
    fall_back_to: FallBackTo | Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """when the chosen model fails: other `adequate` ones, `any` (the adequate first, then the weaker
    ones, best first), `none`, or a list of models in the order in which to ask them"""
    cache: PolicyCacheSection | None = None
    """whether an answer may be reused"""


class RuleSection(Section):
    """Other terms for some requests; the first rule whose conditions all hold applies."""

    name: Annotated[str, Field(min_length=1)]
    """the rule's name in explanations"""
    when: dict[str, Any]
    """conditions; all must hold, and `{}` always holds"""
    then: TermsSection
    """terms, as above; what is not restated stays, members of a term included, and `null` resets a term to its
    default"""


class ExpectSection(Section):
    """What must come out of an example; everything that is written must hold."""

    model: str | None = None
    """the id of the chosen model"""
    category: str | None = None
    """the request's category"""
    tag: str | None = None
    """a tag of the chosen model"""
    rule: str | None = None
    """the name of the rule that applied, `""` for none"""
    reason: str | None = None
    """why it was chosen, or the code of an error, such as `no_adequate_model`"""


class ExampleFromSection(Section):
    """Who sends an example's request, and when: what conditions on other things than its text ask."""

    key: str = ""
    """the name of the key"""
    tags: tuple[str, ...] = ()
    """tags of the request"""
    headers: Options = {}
    """headers, by their names in lower case"""
    time: MomentOfZone | None = None
    """the moment, such as `2026-05-04T23:30:00+02:00`"""
    budget_left: Probability | None = None
    """the share that is left of the tightest budget"""


class ExampleSection(Section):
    """A request and what the policy must make of it: the policy's own test."""

    name: str
    """what the example shows"""
    request: dict[str, Any]
    """`prompt:`, or any fields of a chat request (`model: gpt-4o` is what the client asks for)"""
    sent: ExampleFromSection = ExampleFromSection()
    """by whom and when"""
    expect: ExpectSection
    """what must come out"""


class PolicyFile(TermsSection):
    """The whole file."""

    policy: Name
    """the name; that of the file without `.yaml`"""
    version: Literal[1] = 1
    """of this format"""
    intent: Annotated[str, Field(min_length=10)]
    """what the policy is for, in a sentence of at least ten characters"""
    extends: Name | None = None
    """another policy, whose terms apply where this one states none, and whose rules follow this one's;
    a rule of the same name replaces it"""
    rules: tuple[RuleSection, ...] = ()
    """other terms for some requests, the first that matches applies"""
    examples_on: Literal["config", "simulated"] = "config"
    """run the examples on the models of the `config`, or on the `simulated` ones"""
    examples: tuple[ExampleSection, ...] = ()
    """requests and what must become of them"""

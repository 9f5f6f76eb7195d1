"""The shape of a policy file, as pydantic models."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from router.config.semantic import SemanticSection
from router.config.words import Dollars, Name, Probability, Seconds, Section
from router.decision.policy import FallBackTo, Otherwise


class AdequateSection(Section):
    """What is good enough: `within` a tolerance of the reference, or above a `floor`."""

    within: Probability | None = None
    floor: Probability | None = None

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.within is None) == (self.floor is None):
            raise ValueError("needs 'within' or 'floor', one of the two")
        return self


class LatencySection(Section):
    """Medians that a model must keep, once it has been observed."""

    first_content_s: Seconds | None = None
    total_s: Seconds | None = None


class DeadlinesSection(Section):
    """When to stop waiting: for an attempt's first content, for the next piece, for all of it."""

    first_content_s: Seconds | None = None
    stall_s: Seconds | None = None
    total_s: Seconds | None = None


class HedgeSection(Section):
    """Ask the next model beside one that is silent for longer than this quantile of its own times."""

    after_quantile: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    share: Annotated[float, Field(gt=0, le=1)] = 0.05


class PoolSection(Section):
    """Which models may answer."""

    ids: tuple[str, ...] = ()
    with_tags: tuple[str, ...] = ()
    without_tags: tuple[str, ...] = ()


class PolicyCacheSection(Section):
    """For how long an answer may be given again (0 for not at all), and which answers may not."""

    ttl_s: Annotated[int, Field(ge=0, le=10**8)] = 0
    tool_calls: bool = False
    max_temperature: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    max_n: Annotated[int, Field(ge=1)] | None = None
    semantic: SemanticSection | None = None


class TermsSection(Section):
    """What a policy asks of an answer; in a rule's `then`, what it asks differently."""

    reference: str | None = None
    adequate: AdequateSection | None = None
    latency: LatencySection | None = None
    deadlines: DeadlinesSection | None = None
    hedge: HedgeSection | None = None
    models: PoolSection | None = None
    ceiling_usd: Dollars | None = None
    otherwise: Otherwise | None = None
    fall_back_to: FallBackTo | None = None
    cache: PolicyCacheSection | None = None


class RuleSection(Section):
    """Other terms for some requests; the first rule whose conditions all hold applies."""

    name: str
    when: dict[str, Any]
    then: TermsSection


class ExpectSection(Section):
    """What must come out of an example; everything that is written must hold."""

    model: str | None = None
    category: str | None = None
    tag: str | None = None
    rule: str | None = None
    reason: str | None = None


class ExampleSection(Section):
    """A request and what the policy must make of it: the policy's own test."""

    name: str
    request: dict[str, Any]
    expect: ExpectSection


class PolicyFile(TermsSection):
    """The whole file."""

    policy: Name
    version: Literal[1] = 1
    intent: Annotated[str, Field(min_length=10)]
    rules: tuple[RuleSection, ...] = ()
    examples_on: Literal["config", "simulated"] = "config"
    examples: tuple[ExampleSection, ...] = ()

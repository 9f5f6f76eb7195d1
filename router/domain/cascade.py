"""A cascade: cheap answers are examined before an expensive one is paid for.

Its steps come one after the other. A step asks one or more models at once, the same one twice if two
samples of it are wanted, and its checks say whether one of the answers is taken. A request whose answers
no check accepts, or can judge, goes on to the next step, and after the last one to the final model, which
is asked as if there had been no cascade.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from router.domain.candidate import Candidate
from router.domain.estimate import CostEstimate, EstimateSource, LatencyEstimate, QualityEstimate


class Test(StrEnum):
    """What an answer of a step can be held against."""

    AGREEMENT = "agreement"
    """Answers are the same in their normal form."""
    SIMILARITY = "similarity"
    """Answers are close to each other, by the cosine of their vectors."""
    COMPLETE = "complete"
    """The answer is not empty, is no refusal, and was not cut off."""
    SCHEMA = "schema"
    """The JSON matches the schema that was asked for."""
    TOOL_CALLS = "tool_calls"
    """The calls are of tools that were offered, with arguments that match their schemas."""
    LOGPROB = "logprob"
    """The model was sure of its words, by their mean log-probability."""
    JUDGE = "judge"
    """Another model finds it good."""


class Check(Struct, frozen=True):
    """A test with its bar: a cosine, a geometric mean of token probabilities or a mark, each from 0 to 1.

    For agreement it is the share of the answers that must be the same, above one half. None stands for the test's
    own usual bar. `judge` is the id of the model that judges, "" for tests that need none.
    """

    test: Test
    at_least: float | None = None
    judge: str = ""

    def __post_init__(self) -> None:
        """Refuse bars outside of 0 to 1 (NaN included), and judgements without a judge."""
        if self.at_least is not None and not 0.0 <= self.at_least <= 1.0:
            raise ValueError(f"a bar is from 0 to 1, not {self.at_least!r}")
        if (self.test is Test.JUDGE) != bool(self.judge):
            raise ValueError("the test 'judge' needs the id of a judge, and no other one does")


AGREEMENT = (Check(Test.AGREEMENT),)


class Ruling(StrEnum):
    """What a check, or all checks of a step, say of its answers."""

    ACCEPT = "accept"
    REJECT = "reject"
    CANNOT_TELL = "cannot_tell"


class Opinion(Struct, frozen=True):
    """A ruling and why, in a clause that quotes no answer.

    `taken` is the index of the answer that is accepted, None unless one is.
    """

    ruling: Ruling
    why: str
    taken: int | None = None

    def __post_init__(self) -> None:
        """Refuse an acceptance of no answer, and anything else that takes one."""
        if (self.ruling is Ruling.ACCEPT) != (self.taken is not None):
            raise ValueError(f"an accepted answer has a number, and no other: {self!r}")


class StepRecipe(Struct, frozen=True):
    """A step as a policy states it: ids of models, all asked at once, and what their answers must pass.

    `within_s` is how long it may take, None for no bound of its own; an answer that is not there by then counts as
    rejected.
    """

    models: tuple[str, ...]
    checks: tuple[Check, ...] = AGREEMENT
    within_s: float | None = None

    def __post_init__(self) -> None:
        """Refuse steps that ask nobody, or accept anything, and agreement of one with itself."""
        if not self.models or not self.checks:
            raise ValueError("a step asks at least one model, and checks what it says")
        needs_two = {Test.AGREEMENT, Test.SIMILARITY} & {check.test for check in self.checks}
        if needs_two and len(self.models) == 1:
            raise ValueError(f"'{min(needs_two)}' needs two answers: name two models, or one twice")


class CascadeUse(StrEnum):
    """Whether a policy wants cascades."""

    NEVER = "never"
    AUTO = "auto"
    """Where there is evidence that they pay off."""
    ALWAYS = "always"
    """Wherever its steps can be asked at all, whatever the evidence says."""


class CascadeTerms(Struct, frozen=True):
    """What a policy asks of cascades.

    `steps` are its own, none for pairs that are found by evidence. `final` is the id of the last model, "" for
    the reference. All steps together may take `first_content_s`, so that a streaming client waits no longer than
    that for the final model. While it waits, a comment is sent every `keep_alive_s` seconds, None for silence.
    `check_share` is the share of accepted answers that are compared with the final model's.
    """

    use: CascadeUse = CascadeUse.NEVER
    steps: tuple[StepRecipe, ...] = ()
    final: str = ""
    first_content_s: float = 20.0
    keep_alive_s: float | None = None
    check_share: float = 0.0

    def __post_init__(self) -> None:
        """Refuse times and shares out of range, and `always` without steps."""
        spans = (self.first_content_s, self.keep_alive_s or 1.0)
        if not all(0.0 < span < float("inf") for span in spans):
            raise ValueError(f"times are seconds above 0: {self!r}")
        if not 0.0 <= self.check_share <= 1.0:
            raise ValueError(f"a share is from 0 to 1, not {self.check_share!r}")
        if self.use is CascadeUse.ALWAYS and not self.steps:
            raise ValueError("'always' needs steps")


NO_CASCADES = CascadeTerms()


class Prospect(Struct, frozen=True):
    """What to expect of a step before a final model.

    `p_accept` is the share of requests that its answers settle. `gain` is the quality of the step with the
    final model behind it, less that of the final model alone, averaged over all requests: accepted answers bring
    it, or cost it. Both have standard deviations. `differs` is the share of requests in which the accepted answer
    differs from what the final model's would have been, for better or for worse.
    """

    p_accept: float
    p_accept_sd: float
    gain: float
    gain_sd: float
    source: EstimateSource
    differs: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no share, no difference of shares, or no deviation (NaN included)."""
        if not (0.0 <= self.p_accept <= 1.0 and abs(self.gain) <= self.p_accept + 1e-9):
            raise ValueError(f"only accepted answers bring a gain, or cost it: {self!r}")
        if not (self.p_accept_sd >= 0.0 and self.gain_sd >= 0.0):
            raise ValueError(f"a deviation is 0 or more: {self!r}")


class Prospects(Protocol):
    """What is known of cascades on requests like this one."""

    def of(self, first: Sequence[Candidate], final: Candidate) -> Prospect | None:
        """What to expect where `first` are asked at once and must agree; None where nothing is known."""
        ...


class Step(Struct, frozen=True):
    """A step that was decided on: whom to ask, what their answers must pass, and how long it may take.

    `judging` is what a judge's verdicts on all answers cost, None without a judge, and in a decision that was
    recorded: there only the cost of the whole cascade is kept.
    """

    candidates: tuple[Candidate, ...]
    checks: tuple[Check, ...]
    prospect: Prospect | None = None
    within_s: float | None = None
    judging: CostEstimate | None = None

    def __post_init__(self) -> None:
        """Refuse a step that asks nobody, or accepts anything."""
        if not self.candidates or not self.checks:
            raise ValueError("a step asks at least one model, and checks what it says")

    @property
    def costs(self) -> tuple[CostEstimate, ...]:
        """The costs of all its calls."""
        asked = tuple(each.cost for each in self.candidates)
        return asked if self.judging is None else (*asked, self.judging)


class Cascade(Struct, frozen=True):
    """Steps before the final model, and what is predicted of them together.

    `cost` and `latency` are those of the whole: of every step, and of the final model as often as it is asked.
    `final` is the decision's chosen model, `alone` the one that would have been chosen without a cascade.
    """

    steps: tuple[Step, ...]
    final: Candidate
    quality: QualityEstimate
    cost: CostEstimate
    latency: LatencyEstimate
    alone: Candidate | None = None

    def __post_init__(self) -> None:
        """Refuse a cascade without steps."""
        if not self.steps:
            raise ValueError("a cascade has at least one step before its final model")

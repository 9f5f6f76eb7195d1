"""What models have in common: the same questions are hard for them, and the same mistakes lie near.

A model is right on the share of questions that its quality says. Whether two are right on the same ones, and
whether two that are wrong say the same, is stated by `Minds`, and all that follows from it can be computed:

- Of the questions a share of `difficulty` is such that their difficulty alone decides: who is good enough is
  right. On the others each model has luck of its own. So models of qualities p <= q are both right on a share of
  `difficulty * p + (1 - difficulty) * p * q`.
- Two models that are wrong say the same with a probability of `mistakes`, or of one by the number of wrong answers
  where that is more: who picks the wrong one of two letters cannot but agree.
- On a share of `repeats` of the questions a model asked once more says the same again, right or wrong; on the
  others it is as if another model of its quality were asked.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

from router.providers.simulated.answering.chance import Chance
from router.providers.simulated.answering.truth import Truth


class Forms(StrEnum):
    """How answers are worded."""

    PLAIN = "plain"
    """One way for each kind of question."""
    VARIED = "varied"
    """In as many ways as real models have: boxed, in a sentence, as JSON, in other languages."""


@dataclass(frozen=True, slots=True)
class Minds:
    """What models have in common; all shares are in [0, 1].

    With `repeats` None there are no samples: who asks the very same once more hears the very same, and the choices
    of one request have nothing in common.
    """

    difficulty: float = 0.0
    mistakes: float = 0.0
    repeats: float | None = None
    forms: Forms = Forms.PLAIN

    def __post_init__(self) -> None:
        """Refuse what is no share (NaN included)."""
        for name in ("difficulty", "mistakes", "repeats"):
            share = getattr(self, name)
            if share is not None and not 0 <= share <= 1:
                raise ValueError(f"{name} must be in [0, 1], not {share!r}")

    def same_mistake(self, mistakes: int) -> float:
        """The probability that two that are wrong say the same, where there are so many wrong answers."""
        return max(self.mistakes, 1 / mistakes) if mistakes else 1.0

    def usual(self, mistakes: int) -> float:
        """The share of those who are wrong that make the usual mistake; the others spread evenly.

        It is the h with h² + (1 - h)² / (k - 1) = `same_mistake(k)` for k mistakes.
        """
        if mistakes < 2:
            return 1.0
        surplus = mistakes * self.same_mistake(mistakes) - 1
        return (1 + sqrt((mistakes - 1) * max(surplus, 0.0))) / mistakes


NOTHING_IN_COMMON = Minds()


@dataclass(frozen=True, slots=True)
class Sample:
    """Which of many answers of one model to one question: the choice, how often it was asked, the client's seed."""

    choice: int = 0
    repeat: int = 0
    seed: int | None = None

    @property
    def is_first(self) -> bool:
        """Whether it is the answer of who asks once, and for one choice."""
        return self == Sample()


class Mind:
    """One model before one question, for one sample. `own` is the chance of what only this sample does."""

    __slots__ = ("_minds", "_question", "_settled", "own")

    def __init__(self, minds: Minds, question: str, model: str, seed: int, sample: Sample) -> None:
        self._minds = minds
        self._question = Chance.of("question", question, seed)
        self.own = _chance(question, model, seed, sample)
        share = 0.0 if sample.is_first else minds.repeats or 0.0
        is_settled = Chance.of("settled", question, model, seed).share() < share
        self._settled = _chance(question, model, seed, Sample()) if is_settled else self.own

    def is_right(self, quality: float) -> bool:
        """Whether this sample is right where so large a share of the questions is answered rightly."""
        if self._question.share("is telling") < self._minds.difficulty:
            return self._question.share("difficulty") < quality
        return self._settled.share("right") < quality

    def value(self, truth: Truth, right: bool) -> str:
        """What this sample takes for true: the truth or one of the mistakes, where there are any."""
        mistakes = () if right else truth.mistakes
        if not mistakes:
            return truth.right
        if self._settled.share("usual") < self._minds.usual(len(mistakes)):
            return mistakes[0]
        return self._settled.pick(mistakes[1:], "mistake")


def _chance(question: str, model: str, seed: int, sample: Sample) -> Chance:
    own = Chance.of(question, model, seed, sample.seed).at(sample.choice)
    return own.at("repeat", sample.repeat) if sample.repeat else own

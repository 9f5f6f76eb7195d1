"""What models have in common: the same questions are hard for them, and they tend to make the same mistakes.

A model is right on the share of questions that is its quality. `Minds` states whether two models are right on the
same ones, and whether two that are wrong say the same; everything that follows from it can be computed:

- On a share of `difficulty` of the questions, difficulty alone decides: whoever is good enough is right. On the
  others each model has luck of its own. So models of qualities p <= q are both right on a share of
  `difficulty * p + (1 - difficulty) * p * q`.
- Two models that are wrong say the same with a probability of `mistakes`, or of 1 / the number of wrong answers
  if that is more: with a single wrong answer, for example, they cannot but agree.
- On a share of `repeats` of the questions a model that is asked again says the same again, right or wrong; on the
  others it is as if another model of the same quality were asked.
"""

from enum import StrEnum
from math import sqrt

from msgspec import Struct

from router.providers.simulated.answering.chance import Chance
from router.providers.simulated.answering.truth import Truth


class Forms(StrEnum):
    """How answers are worded."""

    PLAIN = "plain"
    """One way for each kind of question."""
    VARIED = "varied"
    """In as many ways as real models do: boxed, in a sentence, as JSON, in other languages."""


class Minds(Struct, frozen=True):
    """What models have in common; all shares are in [0, 1].

    With `repeats` None nothing is sampled: the same question always gets the same answer, and the choices of one
    request are independent.
    """

    difficulty: float = 0.0
    mistakes: float = 0.0
    repeats: float | None = None
    forms: Forms = Forms.PLAIN

    def __post_init__(self) -> None:
        """Refuse what is not a share (including NaN)."""
        for name in ("difficulty", "mistakes", "repeats"):
            share = getattr(self, name)
            if share is not None and not 0 <= share <= 1:
                raise ValueError(f"{name} must be in [0, 1], not {share!r}")

    def same_mistake(self, mistakes: int) -> float:
        """The probability that two that are wrong say the same, if there are that many wrong answers."""
        return max(self.mistakes, 1 / mistakes) if mistakes else 1.0

    def usual(self, mistakes: int) -> float:
        """The share of wrong answers that are the usual mistake; the others are spread evenly.

        It is the h with h² + (1 - h)² / (k - 1) = `same_mistake(k)` for k mistakes.
        """
        if mistakes < 2:
            return 1.0
        surplus = mistakes * self.same_mistake(mistakes) - 1
        return (1 + sqrt((mistakes - 1) * max(surplus, 0.0))) / mistakes


NOTHING_IN_COMMON = Minds()


class Sample(Struct, frozen=True):
    """Which of many answers of a model to a question: the choice, the number of earlier repeats, the client's seed."""

    choice: int = 0
    repeat: int = 0
    seed: int | None = None

    @property
    def is_first(self) -> bool:
        """Whether it is the only answer to a question that is asked once."""
        return self == Sample()


class Mind:
    """One model facing one question, for one sample. `own` is the chance of what concerns only this sample."""

    __slots__ = ("_minds", "_question", "_settled", "own")

    def __init__(self, minds: Minds, question: str, model: str, seed: int, sample: Sample) -> None:
        self._minds = minds
        self._question = Chance.of("question", question, seed)
        self.own = _chance(question, model, seed, sample)
        share = 0.0 if sample.is_first else minds.repeats or 0.0
        is_settled = Chance.of("settled", question, model, seed).share() < share
        self._settled = _chance(question, model, seed, Sample()) if is_settled else self.own

    def is_right(self, quality: float) -> bool:
        """Whether this sample is right, for a model that answers this share of questions rightly."""
        if self._question.share("is telling") < self._minds.difficulty:
            return self._question.share("difficulty") < quality
        return self._settled.share("right") < quality

    def value(self, truth: Truth, right: bool) -> str:
        """What this sample believes: the truth, or one of the mistakes if it is wrong and there are any."""
        mistakes = () if right else truth.mistakes
        if not mistakes:
            return truth.right
        if self._settled.share("usual") < self._minds.usual(len(mistakes)):
            return mistakes[0]
        return self._settled.pick(mistakes[1:], "mistake")


def _chance(question: str, model: str, seed: int, sample: Sample) -> Chance:
    own = Chance.of(question, model, seed, sample.seed).at(sample.choice)
    return own.at("repeat", sample.repeat) if sample.repeat else own

"""What a cascade of two models must accept, get right, cost and take, given what was stated about the models.

A pair agrees if both are right, or if both are wrong and make the same mistake. All of it follows from the
models' qualities and from what they have in common: on the share `difficulty` of the questions every model good
enough is right, on the others each is right independently (`router.providers.simulated.answering.minds`).
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from router.providers.simulated import Minds


@dataclass(frozen=True, slots=True)
class Chain:
    """Qualities of two models that are asked at once, and of the final one, on one question.

    `mistakes` is the number of possible wrong answers. With `is_one` the pair is two samples of one model.
    """

    first: float
    second: float
    final: float
    mistakes: int
    is_one: bool = False


@dataclass(frozen=True, slots=True)
class Expected:
    """Long-run shares: accepted, accepted and right, and right in the end, together with the final model alone."""

    p_accept: float
    p_accepted_right: float
    quality: float
    alone: float

    @property
    def gain(self) -> float:
        """By how much the cascade is better than the final model alone."""
        return self.quality - self.alone

    @property
    def accuracy(self) -> float:
        """How often an accepted answer is right; nan if none is accepted."""
        return self.p_accepted_right / self.p_accept if self.p_accept else float("nan")


def expected(chain: Chain, minds: Minds) -> Expected:
    """What to expect of that chain on that question."""
    p_accept = accepted_right = quality = 0.0
    for case in _cases(chain, minds):
        accepts = {2: 1.0, 1: 0.0, 0: case.p_same}[case.right]
        p_accept += case.share * accepts
        accepted_right += case.share * (case.right == 2)
        quality += case.share * (accepts * (case.right == 2) + (1 - accepts) * case.final)
    return Expected(p_accept, accepted_right, quality, chain.final)


def mean(each: Sequence[Expected]) -> Expected:
    """The mean over all questions."""
    count = len(each)
    return Expected(
        sum(one.p_accept for one in each) / count,
        sum(one.p_accepted_right for one in each) / count,
        sum(one.quality for one in each) / count,
        sum(one.alone for one in each) / count,
    )


@dataclass(frozen=True, slots=True)
class _Case:
    """A share of the questions: how many of the pair are right, whether the final one is.

    With probability `p_same` a pair that is wrong gives the same answer.
    """

    share: float
    right: int
    final: bool
    p_same: float


def _cases(chain: Chain, minds: Minds) -> Iterator[_Case]:
    same = minds.same_mistake(chain.mistakes)
    repeats = (minds.repeats or 0.0) if chain.is_one else 0.0
    told = repeats + (1 - repeats) * same
    yield from _by_difficulty(chain, minds.difficulty, told)
    yield from _by_luck(chain, (1 - minds.difficulty) * (1 - repeats), same)
    yield from _as_one(chain, (1 - minds.difficulty) * repeats)


def _by_difficulty(chain: Chain, weight: float, p_same: float) -> Iterator[_Case]:
    """Every model that is good enough is right."""
    bounds = sorted({0.0, chain.first, chain.second, chain.final, 1.0})
    for low, high in itertools.pairwise(bounds):
        right = (chain.first > low) + (chain.second > low)
        yield _Case(weight * (high - low), right, chain.final > low, p_same)


def _by_luck(chain: Chain, weight: float, p_same: float) -> Iterator[_Case]:
    """Each is right independently."""
    qualities = (chain.first, chain.second, chain.final)
    for rights in itertools.product((True, False), repeat=3):
        likely = prod(q if right else 1 - q for q, right in zip(qualities, rights, strict=True))
        yield _Case(weight * likely, rights[0] + rights[1], rights[2], p_same)


def _as_one(chain: Chain, weight: float) -> Iterator[_Case]:
    """The second sample repeats the first one."""
    for right, final in itertools.product((True, False), repeat=2):
        likely = (chain.first if right else 1 - chain.first) * (
            chain.final if final else 1 - chain.final
        )
        yield _Case(weight * likely, 2 * right, final, 1.0)

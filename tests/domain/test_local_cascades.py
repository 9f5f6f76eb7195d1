"""Own answers are asked first what two models bring, and others only where they say nothing."""

from collections.abc import Sequence

import pytest

from router.domain.candidate import Candidate
from router.domain.cascade import Prospect
from router.domain.category import Category
from router.domain.estimate import EstimateSource
from router.domain.local_cascades import (
    NO_LOCAL_CASCADES,
    LocalCascade,
    LocalCascades,
    OwnFirst,
)
from tests.domain.builders import candidate, model

OWN = Prospect(0.6, 0.02, 0.01, 0.005, EstimateSource.LOCAL)
LEARNT = Prospect(0.4, 0.1, 0.0, 0.05, EstimateSource.ARTEFACT)
A, B, C, TOP = (candidate(model(name)) for name in ("a", "b", "c", "top"))
CASCADES = LocalCascades({Category.MATHS: (LocalCascade(("a", "b", "top"), OWN, 120),)})


class Learnt:
    def of(self, first: Sequence[Candidate], final: Candidate) -> Prospect | None:
        return LEARNT


@pytest.mark.parametrize("first", [(A, B), (B, A)])
def test_own_answers_are_asked_first_in_whatever_order(first: Sequence[Candidate]) -> None:
    found = CASCADES.prospects(Category.MATHS, Learnt())

    assert found
    assert found.of(first, TOP) == OWN


@pytest.mark.parametrize(
    ("first", "final"), [((A, C), TOP), ((A, B), C), ((A, A), TOP), ((A, B, C), TOP), ((A,), TOP)]
)
def test_of_what_they_do_not_speak_of_others_are_asked(
    first: Sequence[Candidate], final: Candidate
) -> None:
    found, alone = (CASCADES.prospects(Category.MATHS, each) for each in (Learnt(), None))

    assert found
    assert alone
    assert (found.of(first, final), alone.of(first, final)) == (LEARNT, None)


@pytest.mark.parametrize("first", [(A, B), (B, A)])
def test_what_own_answers_speak_against_is_never_used_whatever_was_learnt(
    first: Sequence[Candidate],
) -> None:
    against = LocalCascades(refuted={Category.MATHS: (("a", "b", "top"),)})
    found = against.prospects(Category.MATHS, Learnt())

    assert against
    assert not [*against.models]
    assert found
    assert found.of(first, TOP) is None
    assert found.of((A, C), TOP) == found.of((A, B), C) == LEARNT


def test_a_model_that_is_asked_twice_is_a_pair_of_its_own() -> None:
    twice = LocalCascade(("a", "a", "top"), OWN, 60)
    found = LocalCascades({Category.MATHS: (twice,)}).prospects(Category.MATHS, Learnt())
    against = LocalCascades(refuted={Category.MATHS: (twice.models,)})
    refuted = against.prospects(Category.MATHS, Learnt())

    assert isinstance(found, OwnFirst)
    assert [*found.before("top")] == [("a", "a")]
    assert found.of((A, A), TOP) == OWN
    assert found.of((A, B), TOP) == found.of((A, A, A), TOP) == found.of((A,), TOP) == LEARNT
    assert refuted
    assert (refuted.of((A, A), TOP), refuted.of((A, B), TOP)) == (None, LEARNT)


def test_other_categories_are_as_they_were() -> None:
    learnt = Learnt()

    assert CASCADES.prospects(Category.CHAT, learnt) is learnt
    assert CASCADES.prospects(Category.CHAT, None) is None
    assert NO_LOCAL_CASCADES.prospects(Category.MATHS, learnt) is learnt


@pytest.mark.parametrize(
    ("models", "prompts"),
    [(("b", "a", "top"), 9), (("a", "a", "a"), 9), (("a", "b", "a"), 9), (("a", "b", "c"), 0)],
)
def test_what_is_no_pair_before_a_third_is_refused(
    models: tuple[str, str, str], prompts: int
) -> None:
    with pytest.raises(ValueError, match=r"third|rests on"):
        LocalCascade(models, OWN, prompts)

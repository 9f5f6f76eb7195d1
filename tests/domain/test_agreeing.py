"""What becomes of two answers that agree, for models that are as good as one likes: laws, and numbers done by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.agreeing import Agreeing, Habits
from router.domain.candidate import Candidate
from router.domain.cascade import Prospect
from router.domain.estimate import UNOBSERVED, CostEstimate, EstimateSource, QualityEstimate
from router.domain.members import replace
from router.domain.money import ZERO
from tests.domain.builders import model

SHARE, LOGIT, SD = st.floats(0.0, 1.0), st.floats(-6.0, 6.0), st.floats(0.0, 1.0)
HABITS = st.builds(Habits, st.floats(-0.9, 0.9), SHARE, SHARE, LOGIT, LOGIT)
VARIANCES = st.tuples(*[SD] * 5)
AGREEING = st.builds(Agreeing, HABITS, VARIANCES, SD, SD)
QUALITY = st.builds(QualityEstimate, SHARE, SD)
USUAL = Habits(alike=0.4, same_right=1.0, same_wrong=0.25, easier=1.5, harder=-1.5)
SURE = Agreeing(USUAL, (0.0,) * 5, 0.0, 0.0)


def sure(p: float) -> QualityEstimate:
    return QualityEstimate(p, 0.0)


def expected(agreeing: Agreeing, *p: float) -> Prospect:
    return agreeing.between(*map(sure, p))


# --------------------------------------------------------------------------------------- laws


@given(AGREEING, QUALITY, QUALITY, QUALITY)
def test_only_accepted_answers_bring_a_gain_or_cost_it(
    agreeing: Agreeing, one: QualityEstimate, other: QualityEstimate, final: QualityEstimate
) -> None:
    found = agreeing.between(one, other, final)

    assert 0.0 <= found.p_accept <= 1.0
    assert abs(found.gain) <= found.p_accept + 1e-9
    assert found.source is EstimateSource.ARTEFACT


@given(AGREEING, SHARE, SHARE, SHARE, SHARE)
def test_a_better_final_model_never_raises_the_gain(
    agreeing: Agreeing, a: float, b: float, s: float, t: float
) -> None:
    worse, better = sorted((s, t))

    assert expected(agreeing, a, b, better).gain <= expected(agreeing, a, b, worse).gain + 1e-12


@given(AGREEING, QUALITY, QUALITY, QUALITY)
def test_who_of_two_is_named_first_does_not_matter(
    agreeing: Agreeing, one: QualityEstimate, other: QualityEstimate, final: QualityEstimate
) -> None:
    there, back = agreeing.between(one, other, final), agreeing.between(other, one, final)

    assert there.gain == pytest.approx(back.gain, abs=1e-12)
    assert there.p_accept == pytest.approx(back.p_accept, abs=1e-12)
    assert there.gain_sd == pytest.approx(back.gain_sd, rel=1e-6, abs=1e-9)


@given(AGREEING, VARIANCES, QUALITY, QUALITY, QUALITY)
def test_to_know_less_never_makes_surer(
    agreeing: Agreeing,
    more: tuple[float, float, float, float, float],
    one: QualityEstimate,
    other: QualityEstimate,
    final: QualityEstimate,
) -> None:
    sums = tuple(old + new for old, new in zip(agreeing.variances, more, strict=True))
    before, after = (
        each.between(one, other, final) for each in (agreeing, replace(agreeing, variances=sums))
    )

    assert after.gain_sd >= before.gain_sd - 1e-12
    assert after.p_accept_sd >= before.p_accept_sd - 1e-12


@given(HABITS, SHARE, SHARE, SHARE)
def test_models_that_share_no_mistakes_cannot_lose(
    habits: Habits, a: float, b: float, s: float
) -> None:
    found = expected(Agreeing(replace(habits, same_wrong=0.0), (0.0,) * 5, 0.0, 0.0), a, b, s)

    assert found.gain >= 0.0


# ------------------------------------------------------------------------------- done by hand


def test_two_models_of_seventy_percent_before_one_of_eighty() -> None:
    found = expected(SURE, 0.7, 0.7, 0.8)
    # Both right .49 + .4 * .21 = .574, both wrong .174. The final one's odds are 4, times e^1.5 and e^-1.5.
    missed, known = 1 / (1 + 4 * 4.481689), 4 / (4 + 4.481689)

    assert found.p_accept == pytest.approx(0.574 + 0.25 * 0.174)
    assert found.gain == pytest.approx(0.574 * missed - 0.25 * 0.174 * known, abs=1e-7)
    assert found.gain_sd == found.p_accept_sd == 0.0


def test_of_few_options_the_same_wrong_one_is_taken_and_that_costs() -> None:
    many, few = (
        expected(replace(SURE, habits=replace(USUAL, same_wrong=share)), 0.6, 0.6, 0.7)
        for share in (0.05, 0.8)
    )

    assert few.p_accept > many.p_accept
    assert many.gain > 0.0 > few.gain


def test_deviations_are_the_slopes_times_what_is_not_known() -> None:
    one_sd = replace(SURE, variances=(0.0, 0.0, 0.01, 0.0, 0.0)).between(
        sure(0.7), sure(0.7), sure(0.8)
    )
    step = expected(replace(SURE, habits=replace(USUAL, same_wrong=0.26)), 0.7, 0.7, 0.8)
    here = expected(SURE, 0.7, 0.7, 0.8)

    assert one_sd.gain_sd == pytest.approx(10 * abs(step.gain - here.gain))
    assert one_sd.p_accept_sd == pytest.approx(10 * abs(step.p_accept - here.p_accept))


def test_an_error_of_all_models_together_moves_the_gain_less_than_errors_of_each() -> None:
    all_sds = SURE.between(*(QualityEstimate(p, 0.1) for p in (0.7, 0.7, 0.8)))
    alone = [
        SURE.between(
            *(QualityEstimate(p, 0.1 * (at == one)) for at, p in enumerate((0.7, 0.7, 0.8)))
        )
        for one in range(3)
    ]

    assert all_sds.gain_sd < sum(each.gain_sd**2 for each in alone) ** 0.5


# ------------------------------------------------------------------------- who may be asked


def named(name: str, p: float) -> Candidate:
    return Candidate(model(name), sure(p), CostEstimate(ZERO, ZERO), UNOBSERVED)


def test_two_models_before_a_third_have_a_prospect() -> None:
    pair, final = (named("a", 0.7), named("b", 0.7)), named("c", 0.8)

    assert SURE.of(pair, final) == SURE.between(*(each.quality for each in (*pair, final)))


@pytest.mark.parametrize("names", ["a", "aa", "abd", "ac"])
def test_nothing_is_known_of_anything_but_two_models_before_a_third(names: str) -> None:
    assert SURE.of([named(name, 0.7) for name in names], named("c", 0.8)) is None


@pytest.mark.parametrize(
    "numbers",
    [(1.5, 1, 0, 0, 0), (0, 1.1, 0, 0, 0), (0, 1, -0.1, 0, 0), (0, 1, 0, float("nan"), 0)],
)
def test_what_is_no_habit_is_refused(numbers: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"correlation|logits"):
        Habits(*numbers)

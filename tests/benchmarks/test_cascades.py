"""What a cascade must come to, by formula: held against simulated models that really answer."""

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.cascades.expected import Chain, expected, mean
from benchmarks.cascades.questions import KINDS, questions
from benchmarks.cascades.told import drawn
from router.domain.members import replace
from router.providers.simulated import Forms, Minds, default_models

_SHARES = st.floats(0, 1)
_MINDS = st.builds(Minds, _SHARES, _SHARES, _SHARES)
_PAIRS = st.builds(Chain, _SHARES, _SHARES, _SHARES, st.integers(1, 30))
_SAMPLES = st.builds(lambda pair: replace(pair, second=pair.first, is_one=True), _PAIRS)
_CHAINS = _PAIRS | _SAMPLES
_SIGMAS = 4.0
FRONTIER, _, OPEN_70B, OPEN_8B = default_models()


def share_of(found: list[bool], stated: float) -> None:
    """What was found is what was stated, within what chance allows."""
    share, spread = sum(found) / len(found), sqrt(stated * (1 - stated) / len(found))
    assert abs(share - stated) <= _SIGMAS * spread, (share, stated)


@pytest.mark.parametrize(
    ("minds", "is_one"),
    [
        (Minds(), False),
        (Minds(difficulty=0.5, mistakes=0.5), False),
        (Minds(mistakes=1.0, forms=Forms.VARIED), False),
        (Minds(difficulty=0.2, mistakes=0.3, repeats=0.6), True),
    ],
)
@pytest.mark.parametrize("kind", ["sums", "letters"])
def test_models_agree_and_are_right_as_often_as_the_formula_says(
    kind: str, minds: Minds, is_one: bool
) -> None:
    first = (OPEN_70B, OPEN_70B) if is_one else (OPEN_8B, OPEN_70B)
    asked = questions(800, 5, [kind])
    come_to = [drawn(each, first, FRONTIER, minds, seed=3) for each in asked]
    category = asked[0].question.category
    low, high, final = (model.quality_for(category) for model in (*first, FRONTIER))
    truths = [each.question.truth for each in asked if each.question.truth]
    chains = [Chain(low, high, final, len(truth.mistakes), is_one) for truth in truths]
    stated = mean([expected(chain, minds) for chain in chains])
    share_of([each.is_accepted for each in come_to], stated.p_accept)
    share_of([each.is_accepted and each.is_right for each in come_to], stated.p_accepted_right)
    share_of([each.is_right for each in come_to], stated.quality)


@given(_CHAINS, _MINDS)
def test_only_accepted_answers_bring_a_gain_or_cost_it(chain: Chain, minds: Minds) -> None:
    found = expected(chain, minds)
    assert -1e-9 <= found.p_accepted_right <= found.p_accept + 1e-9 <= 1.0 + 2e-9
    assert abs(found.gain) <= found.p_accept + 1e-9
    assert found.alone == chain.final


@given(_SHARES, _SHARES, _SHARES)
def test_with_luck_of_ones_own_and_no_mistake_in_common_the_shares_multiply(
    first: float, second: float, final: float
) -> None:
    found = expected(Chain(first, second, final, 10**9), Minds())
    assert found.p_accept == pytest.approx(first * second, abs=1e-6)
    assert found.gain == pytest.approx(first * second * (1 - final), abs=1e-6)


@given(_SHARES, _SHARES, _SHARES)
def test_where_difficulty_decides_the_best_model_alone_is_never_beaten(
    first: float, second: float, spare: float
) -> None:
    best = max(first, second, spare)
    found = expected(Chain(first, second, best, 20), Minds(difficulty=1.0))
    assert found.p_accepted_right == pytest.approx(min(first, second), abs=1e-9)
    assert found.gain <= 1e-9


def test_every_kind_of_question_has_one_right_answer_and_no_two_are_the_same() -> None:
    asked = questions(60, 1, KINDS)
    assert {each.kind for each in asked} == set(KINDS)
    assert len({str(each.body) for each in asked}) == 60

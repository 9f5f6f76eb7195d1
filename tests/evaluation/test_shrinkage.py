"""Own scores draw an estimate towards themselves, the more of them the nearer."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.category import Category
from router.domain.local_quality import logit, moved
from router.domain.model import Ability
from router.evaluation.labelled import Labelled
from router.evaluation.shrinkage import OwnScores, local_category, shrunk, worth
from router.evaluation.weak_labels import FeedbackScores, Flaws, Trust, WeakLabels
from tests.evaluation.own import NAMES, labelled

SHARES = st.floats(0.0, 1.0)
SHIPPED = st.builds(Ability, SHARES, st.floats(0.0, 0.5), st.just("a test"))
ANSWERS = st.integers(1, 10_000)


@given(SHIPPED, SHARES, ANSWERS)
def test_an_estimate_lies_between_what_was_shipped_and_what_was_seen(
    shipped: Ability, mean: float, answers: int
) -> None:
    found = shrunk(shipped, mean, answers)

    low, high = sorted((shipped.p, mean))
    assert low - 1e-12 <= found.p <= high + 1e-12
    assert 0.0 <= found.sd <= 0.5


@given(SHIPPED, SHARES, ANSWERS, ANSWERS)
def test_more_answers_bring_it_nearer_to_what_was_seen(
    shipped: Ability, mean: float, answers: int, more: int
) -> None:
    before, after = shrunk(shipped, mean, answers), shrunk(shipped, mean, answers + more)

    assert abs(after.p - mean) <= abs(before.p - mean) + 1e-12


@given(SHIPPED)
def test_without_answers_nothing_moves(shipped: Ability) -> None:
    assert shrunk(shipped, 0.0, 0).p == shipped.p


@given(st.floats(0.05, 0.95), st.floats(0.02, 0.15))
def test_a_surer_estimate_yields_less(p: float, sd: float) -> None:
    sure, unsure = Ability(p, sd / 2, "a test"), Ability(p, sd, "a test")

    assert worth(sure) >= worth(unsure)
    assert abs(shrunk(sure, 1 - p, 20).p - p) <= abs(shrunk(unsure, 1 - p, 20).p - p) + 1e-12


def test_the_formula_is_that_of_a_beta_distribution() -> None:
    found = shrunk(Ability(0.8, 0.1, "a test"), 0.5, 30)  # worth 15: Beta(12, 3)

    assert worth(Ability(0.8, 0.1, "a test")) == pytest.approx(15)
    assert found.p == pytest.approx((12 + 15) / (15 + 30))
    assert found.sd == pytest.approx((0.6 * 0.4 / 46) ** 0.5)


def chats(scores: Sequence[Sequence[float]]) -> Labelled:
    return labelled(np.array(scores, dtype=np.float64), [Category.CHAT] * len(scores))


def alike(p: float, sd: float = 0.05) -> dict[str, Ability]:
    return {name: Ability(p, sd, "a test") for name in NAMES}


def test_a_model_with_too_few_answers_is_moved_as_the_others_were() -> None:
    asked = [[place % 2, 1.0 if place < 3 else np.nan] for place in range(200)]
    shipped = alike(0.9)
    found = local_category(chats(asked), Category.CHAT, shipped)

    assert found is not None
    assert list(found.models) == ["small"]
    moved = found.ability("middle", shipped["middle"])
    assert logit(moved.p) - logit(0.9) == pytest.approx(found.shift)
    assert moved.p == pytest.approx(found.models["small"].p)
    assert moved.sd > 0.05


def test_where_no_model_has_enough_answers_nothing_is_measured() -> None:
    assert local_category(chats([[0.5]] * 9), Category.CHAT, alike(0.9)) is None


# --------------------------------------------------------------------------------- hearsay


def heard(count: int, mean: float, weight: float = 0.25) -> WeakLabels:
    return WeakLabels({(Category.CHAT, "small"): FeedbackScores(count, mean)}, Trust(weight))


def test_feedback_counts_for_what_it_is_trusted() -> None:
    gold, shipped = chats([[1.0]] * 20), alike(0.5)
    both = local_category(gold, Category.CHAT, shipped, heard(40, 0.0))

    assert both is not None
    assert both.models["small"].p == pytest.approx(shrunk(shipped["small"], 20 / 30, 30).p)
    assert both.models["small"].answers == 60


def test_what_is_worth_ten_gold_labels_is_enough_without_one() -> None:
    gold = chats([[np.nan, 1.0]] * 20)

    assert "small" not in found_models(gold, heard(39, 1.0))
    assert "small" in found_models(gold, heard(40, 1.0))
    assert "small" not in found_models(gold, heard(4000, 1.0, weight=0.0))


def found_models(gold: Labelled, weak_labels: WeakLabels) -> set[str]:
    found = local_category(gold, Category.CHAT, alike(0.5), weak_labels)
    return set(found.models) if found else set()


def test_kindness_is_taken_off_feedback() -> None:
    seen = OwnScores(0.5, 10.0, 10).beside(FeedbackScores(40, 0.9), Trust(0.25, kinder_by=0.4))

    assert seen.mean == pytest.approx(0.5)
    assert (seen.weight, seen.answers) == (20.0, 50)


def test_flaws_hold_an_estimate_down_only_when_they_are_to_count_and_never_up() -> None:
    gold = chats([[1.0, 0.0]] * 40)
    flaws = {(Category.CHAT, name): Flaws(1000, 300) for name in ("small", "middle")}
    free = local_category(gold, Category.CHAT, alike(0.9))
    shown = local_category(gold, Category.CHAT, alike(0.9), WeakLabels(flaws=flaws))
    held = local_category(gold, Category.CHAT, alike(0.9), WeakLabels(flaws=flaws, holds_down=True))

    assert free is not None
    assert held is not None
    assert shown == free
    assert held.models["small"].p == Flaws(1000, 300).ceiling
    assert held.models["small"].p < free.models["small"].p
    assert held.models["middle"] == free.models["middle"]


# --------------------------------------------------------------------------------- harder requests


def test_harder_requests_are_harder_for_models_that_nobody_doubted() -> None:
    """An estimate of 0.98 counts for 200 answers; it must not outlive as many that say 0.6, as all models do."""
    scores = np.arange(200)[:, None] % 5 < np.array([[2, 3, 3]])
    shipped = {
        name: Ability(p, 0.5 * p * (1 - p), "a test")
        for name, p in zip(NAMES, (0.9, 0.98, 0.98), strict=True)
    }
    found = local_category(chats(scores.astype(np.float64).tolist()), Category.CHAT, shipped)

    assert found is not None
    assert [each.p for each in found.models.values()] == pytest.approx([0.4, 0.6, 0.6], abs=0.04)
    assert shrunk(shipped["large"], 0.6, 200).p > 0.75


def test_a_model_starts_from_what_the_others_say_and_not_from_its_own_answers() -> None:
    shipped = alike(0.8)
    alone = local_category(chats([[1.0]] * 20), Category.CHAT, shipped)
    beside = local_category(chats([[1.0, 0.0, 0.0]] * 20), Category.CHAT, shipped)

    assert alone is not None
    assert beside is not None
    assert alone.models["small"].p == pytest.approx(shrunk(shipped["small"], 1.0, 20).p)
    assert beside.models["small"].p < alone.models["small"].p


def test_requests_that_are_easier_for_one_model_make_no_other_one_surer() -> None:
    shipped = {"small": Ability(0.5, 0.1, "a test"), "middle": Ability(0.95, 0.02, "a test")}
    found = local_category(
        chats([[1.0, place % 10 > 0] for place in range(50)]), Category.CHAT, shipped
    )

    assert found is not None
    assert found.models["middle"].p <= shrunk(shipped["middle"], 0.9, 50).p


@given(st.floats(0.02, 0.98), st.floats(0.01, 0.5), st.floats(-3.0, 3.0))
def test_what_is_moved_towards_the_middle_gets_less_certain_and_never_more(
    p: float, sd: float, shift: float
) -> None:
    before = Ability(p, sd * p * (1 - p), "a test")
    after = moved(before, shift, 0.0)

    assert after.sd == pytest.approx(max(before.sd, sd * after.p * (1 - after.p)))

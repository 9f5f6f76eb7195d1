"""Means of scores by kind, drawn towards what the rest of the table makes likely."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from router.domain.arrays import Floats
from router.training.tables import kind_means, numbered

Table = tuple[Floats, NDArray[np.intp]]


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Scores of two to four models to one to twelve prompts of three kinds, some unknown."""
    prompts, models = draw(st.integers(1, 12)), draw(st.integers(2, 4))
    cell = st.sampled_from([0.0, 0.25, 1.0, np.nan])
    scores = draw(st.lists(cell, min_size=prompts * models, max_size=prompts * models))
    kinds = draw(st.lists(st.integers(0, 2), min_size=prompts, max_size=prompts))
    return np.array(scores).reshape(prompts, models), np.array(kinds, dtype=np.intp)


def observed(scores: Floats, kinds: NDArray[np.intp], kind: int) -> tuple[Floats, Floats]:
    """Means and counts of the models on a kind; a mean of none is 0."""
    rows = scores[kinds == kind]
    counts = np.isfinite(rows).sum(axis=0)
    return np.nansum(rows, axis=0) / np.maximum(counts, 1), counts


@given(tables())
def test_a_mean_is_drawn_towards_a_share_by_the_weight_of_a_few_answers(
    table: Table,
) -> None:
    found = kind_means(*table, 3)

    for kind in range(3):
        means, counts = observed(*table, kind)
        drawn = found.scores[:, kind]
        # Between the observed mean and some expectation from 0 to 1, which counts as eight answers.
        assert (drawn >= means * counts / (counts + 8) - 1e-9).all()
        assert (drawn <= (means * counts + 8) / (counts + 8) + 1e-9).all()
        assert found.counts[:, kind].tolist() == counts.tolist()
    assert ((found.sds > 0) & (found.sds < 0.2)).all()


@given(tables(), st.sampled_from([2, 5, 50]))
def test_more_of_the_same_answers_are_closer_to_their_mean_and_surer(
    table: Table, times: int
) -> None:
    scores, kinds = np.tile(table[0], (times, 1)), np.tile(table[1], times)
    found = kind_means(scores, kinds, 3)

    for kind in range(3):
        means, counts = observed(scores, kinds, kind)
        off = np.abs(found.scores[:, kind] - means)
        assert (off[counts > 0] <= 8 / (counts[counts > 0] + 8)).all()
        assert (found.sds[:, kind] <= 0.5 / np.sqrt(counts + 8) + 1e-12).all()


def test_few_answers_are_drawn_to_what_the_others_make_likely() -> None:
    # `b` is as good as `a` where both answered, and has answered two of the hard kind: wrongly by luck.
    easy = [[1.0, 1.0]] * 80 + [[0.0, 0.0]] * 20
    hard = [[1.0, np.nan]] * 40 + [[0.0, np.nan]] * 58 + [[0.0, 0.0]] * 2
    kinds = np.repeat([0, 1], 100)
    found = kind_means(np.array(easy + hard), kinds, 2)

    assert found.scores[:, 0] == pytest.approx([0.8, 0.8], abs=0.01)
    assert found.scores[0, 1] == pytest.approx(0.4, abs=0.02)
    assert 0.2 < found.scores[1, 1] < 0.4
    assert found.sds[1, 1] > 2 * found.sds[0, 1]


def test_ability_and_difficulty_say_what_nobody_asked() -> None:
    """`b` was never asked the hard kind: it is as much below `a` there, in logits, as on the easy one."""
    dice = np.random.default_rng(0)
    easy = dice.random((4000, 2)) < [0.9, 0.8]
    hard = np.where([True, False], dice.random((4000, 2)) < 0.6, np.nan)
    found = kind_means(np.vstack((easy, hard)), np.repeat([0, 1], 4000), 2)

    odds = 0.6 / 0.4 * (0.8 / 0.2) / (0.9 / 0.1)
    assert found.scores[1, 1] == pytest.approx(odds / (1 + odds), abs=0.03)


def test_a_model_without_any_answer_is_taken_for_a_usual_one() -> None:
    dice = np.random.default_rng(1)
    scores = np.hstack((dice.random((900, 2)) < [0.9, 0.8], np.full((900, 1), np.nan)))
    found = kind_means(scores, np.zeros(900, np.intp), 1)

    assert 0.8 < found.scores[2, 0] < 0.9
    assert found.counts[2, 0] == 0


def test_a_kind_without_any_answer_is_taken_for_a_usual_one() -> None:
    scores = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [np.nan, np.nan]] * 50)
    found = kind_means(scores, np.array([0, 0, 0, 1] * 50), 2)

    assert found.scores[0, 1] > 0.85
    assert found.scores[:, 1] == pytest.approx(found.scores[:, 0], abs=0.05)


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_where_all_is_right_or_wrong_nothing_is_certain(score: float) -> None:
    found = kind_means(np.full((50, 2), score), np.zeros(50, np.intp), 1)

    assert found.scores == pytest.approx(np.full((2, 1), score), abs=0.01)
    assert ((found.scores > 0) & (found.scores < 1) & (found.sds > 0)).all()


@given(st.lists(st.text(max_size=4), min_size=1))
def test_labels_are_numbered_in_their_order(labels: list[str]) -> None:
    names, numbers = numbered(labels)

    assert list(names) == sorted(set(labels))
    assert [names[number] for number in numbers] == labels


def rated(abilities: Floats, answers: Sequence[int]) -> Floats:
    """Scores of models with these abilities on prompts of one kind; NaN beyond each one's number of answers."""
    chances = np.random.default_rng(7).random((max(answers), len(answers)))
    right = (chances < 1.0 / (1.0 + np.exp(-abilities))).astype(np.float64)
    right[np.arange(max(answers))[:, None] >= np.array(answers)] = np.nan
    return right


ABILITIES = np.array([-1.5, -0.9, -0.3, 0.3, 0.9, 1.5])


def last_score(answers: int, published: Floats | None) -> float:
    """Of the last of the models, the others having 400 answers."""
    scores = rated(ABILITIES, [400] * 5 + [answers])
    return float(kind_means(scores, np.zeros(400, np.intp), 1, published).scores[-1, 0])


def test_who_has_few_answers_is_drawn_towards_what_is_published() -> None:
    published = ABILITIES - 3.0  # on a scale of its own

    told, untold = last_score(5, published), last_score(5, None)
    low = last_score(5, np.append(published[:-1], published[0]))

    assert told > low
    assert abs(told - untold) < abs(low - untold)


def test_what_is_published_says_nothing_to_who_has_many_answers() -> None:
    published = ABILITIES - 3.0

    assert last_score(400, published) == pytest.approx(last_score(400, -published), abs=0.01)


@pytest.mark.parametrize("known", [[0, 5], [0, 1, 2, 5]])
def test_a_few_published_results_are_no_scale(known: list[int]) -> None:
    published = np.full(6, np.nan)
    published[known] = ABILITIES[known]

    assert last_score(5, published) == last_score(5, None)

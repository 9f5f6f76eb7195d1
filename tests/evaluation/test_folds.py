"""Folds: what is held out together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.errors import FarthingError
from router.domain.outcomes import Outcomes
from router.evaluation.folds import NOWHERE, by_dataset, by_prompt, normalised
from tests.evaluation.made_up import outcomes


def twenty(prompts: list[str] | None = None) -> Outcomes:
    return outcomes([[1.0]] * 20, [[0.1]] * 20, prompts=prompts or [])


def test_folds_are_of_one_size_and_the_same_for_the_same_seed() -> None:
    split = by_prompt(twenty(), 5, seed=3)

    assert np.bincount(split.folds).tolist() == [4] * 5
    assert len(split.names) == 5
    assert (split.folds == by_prompt(twenty(), 5, seed=3).folds).all()
    assert (split.folds != by_prompt(twenty(), 5, seed=4).folds).any()


def test_the_folds_are_those_that_published_figures_were_made_with() -> None:
    order = np.random.default_rng(0).permutation(20)
    expected = np.empty(20, dtype=int)
    expected[order] = np.arange(20) % 5

    assert (by_prompt(twenty(), 5, seed=0).folds == expected).all()


@given(st.lists(st.sampled_from("abcdefgh"), min_size=20, max_size=20))
def test_a_question_that_is_repeated_stays_in_one_fold(letters: list[str]) -> None:
    folds = by_prompt(twenty([f"What is {letter}?" for letter in letters]), 5, seed=0).folds

    for letter in set(letters):
        here = [fold for fold, each in zip(folds.tolist(), letters, strict=True) if each == letter]
        assert len(set(here)) == 1


def test_what_some_model_did_not_answer_is_in_no_fold_unless_it_repeats_one_that_is() -> None:
    scores = [[1.0, 1.0], [1.0, 0.0], [np.nan, 1.0], [1.0, np.nan]]
    table = outcomes(scores, [[0.1, 0.2]] * 4, prompts=["one", "two", "ONE!", "four"])
    folds = by_prompt(table, 2, seed=0).folds

    assert {folds[0], folds[1]} == {0, 1}
    assert folds[2] == folds[0]
    assert folds[3] == NOWHERE


def test_more_folds_than_prompts_are_refused() -> None:
    with pytest.raises(FarthingError, match="20 complete prompts make no 21 folds"):
        by_prompt(twenty(), 21, seed=0)


def test_each_dataset_is_a_fold() -> None:
    table = outcomes([[1.0]] * 3, [[0.1]] * 3, ["b/x", "a/x", "b/x"])
    split = by_dataset(table)

    assert split.names == ("a/x", "b/x")
    assert split.folds.tolist() == [1, 0, 1]


def test_a_dataset_alone_leaves_nothing_to_learn_from() -> None:
    with pytest.raises(FarthingError, match="only some/set is there"):
        by_dataset(twenty())


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        ("Which is it?\nA. this\nB. that", "which is IT?\nA) other\nB) options", True),
        ("Example?\nA. x\n\nWhich?\nA. y", "Example?\nA. x\n\nWhy?\nA. y", False),
        ("Which is it?", "Who is it?", False),
        ("A. all\nB. that there is", "A. all\nB. else", False),
        ("東京はどこですか?", "大阪はどこですか?", False),
        ("???", "!!!", False),
    ],
)
def test_questions_are_one_when_they_are_the_same_up_to_their_options(
    one: str, other: str, are_one: bool
) -> None:
    assert (normalised(one) == normalised(other)) is are_one

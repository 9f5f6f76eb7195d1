"""Learning which kind a prompt is of: held against prompts that were not learnt from."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.domain.arrays import Floats, softmax
from router.domain.resemblance import Resemblance
from router.features.kinds import KindModel
from router.training.kinds import (
    Traits,
    Weighted,
    fit_kinds,
    fit_traits,
    logits_of,
    rows_of,
    sharpened,
    weighted,
)
from router.training.prompt_lengths import PromptLengths
from router.training.tables import numbered
from tests.training.learning import drawn, tokenize

TOKENS = st.lists(st.lists(st.integers(0, 400), max_size=30), min_size=1, max_size=12)


def kinds_of(prompts: Sequence[str], datasets: Sequence[str]) -> KindModel:
    names, kinds = numbered(datasets)
    data = weighted([tokenize(each) for each in prompts])
    lengths = PromptLengths(np.ones((len(names), 2)), np.zeros((1, 1)), np.zeros(len(names)))
    return fit_kinds(data, kinds, lengths, _none(data), seed=0)


def akin(model: KindModel, prompt: str) -> Resemblance:
    tokens = tokenize(prompt)
    return model.of(tokens, len(tokens))


def _none(data: Weighted) -> Traits:
    return Traits(np.zeros((len(data.idf), 0)), np.zeros((1, 0)))


@given(TOKENS)
def test_a_prompt_is_a_row_of_length_one_or_an_empty_one(prompts: list[list[int]]) -> None:
    data = weighted(prompts, bits=10)
    lengths = np.sqrt(np.asarray(data.rows.multiply(data.rows).sum(axis=1)).ravel())

    assert data.rows.shape == (len(prompts), 1024)
    assert all(length == pytest.approx(1.0) or length == 0.0 for length in lengths)
    assert (data.idf >= 0.0).all()
    assert (rows_of(prompts, data.idf) != data.rows).nnz == 0


def test_a_word_counts_the_more_the_rarer_it_is_unless_one_prompt_alone_has_it() -> None:
    data = weighted([[1, 2, 3], [1, 2], [1], [4]], bits=14)
    everywhere, often, once, never = (_weight(data, token) for token in (1, 2, 3, 99))

    assert often > everywhere > 0.0
    assert once == 0.0
    assert never == _weight(data, 98)


def _weight(data: Weighted, token: int) -> float:
    return float(data.idf[rows_of([[token]], np.ones_like(data.idf)).indices[0]])


def test_prompts_that_were_not_learnt_from_are_told_apart() -> None:
    seen, unseen = drawn(150, seed=1), drawn(60, seed=2)
    model = kinds_of(seen.prompts, seen.datasets)
    names = numbered(seen.datasets)[0]
    found = [akin(model, prompt) for prompt in unseen.prompts]

    right = [names[int(np.argmax(each.shares))] for each in found]
    assert np.mean([a == b for a, b in zip(right, unseen.datasets, strict=True)]) > 0.95
    assert np.mean([each.familiarity for each in found]) > 0.8


def test_prompts_of_no_known_kind_are_less_familiar_and_those_without_a_known_word_are_not() -> (
    None
):
    at_home = ["garden/roses", "harbour/tides"]
    known, unseen = drawn(150, kinds=at_home), drawn(60, seed=5, kinds=at_home)
    model = kinds_of(known.prompts, known.datasets)
    near = _familiarity(model, unseen.prompts)
    # Half of their words are those that every prompt has, and no others have any weight.
    far = _familiarity(model, drawn(60, kinds=["kitchen/bread"]).prompts)

    assert near.mean() > 0.95
    assert far.mean() < near.mean() - 0.1
    assert _familiarity(model, ["flour yeast oven", "zebra", ""]).max() < 0.01


def _familiarity(model: KindModel, prompts: Sequence[str]) -> Floats:
    return np.array([akin(model, prompt).familiarity for prompt in prompts])


@pytest.mark.parametrize("count", [1, 2, 3, 40])
def test_any_number_of_kinds_can_be_learnt(count: int) -> None:
    datasets = [f"kind {number % count:02}" for number in range(4 * count)]
    prompts = [f"about {name} {name} question {at}" for at, name in enumerate(datasets)]
    model = kinds_of(prompts, datasets)
    found = akin(model, prompts[0])

    assert (model.kinds, model.traits) == (count, 1)
    assert np.argmax(found.shares) == 0
    assert sum(found.shares) == pytest.approx(1.0, abs=len(found.shares) * 1e-7)
    assert 0.0 <= found.familiarity <= 1.0


def test_where_one_kind_is_known_its_common_prompts_are_familiar_and_others_are_not() -> None:
    known, unseen = (drawn(100, seed=seed, kinds=["garden/roses"]) for seed in (1, 2))
    model = kinds_of(known.prompts, known.datasets)

    assert np.mean(_familiarity(model, unseen.prompts) > 0.5) > 0.85
    assert _familiarity(model, ["tide buoy keel mast", ""]).max() < 0.5


@pytest.mark.parametrize(
    "prompts",
    [[""] * 6, ["same words"] * 6, ["", "", "a b", "a b", "", "c d"], ["only"]],
    ids=["empty", "equal", "some empty", "one"],
)
def test_prompts_that_tell_nothing_teach_nothing(prompts: list[str]) -> None:
    datasets = ["x", "y", "x", "y", "x", "y"][: len(prompts)]
    model = kinds_of(prompts, datasets)

    for prompt in (*prompts, "never seen"):
        found = akin(model, prompt)
        assert sum(found.shares) == pytest.approx(1.0, abs=len(found.shares) * 1e-7)
        assert 0.0 <= found.familiarity <= 1.0


def test_prompts_without_a_word_change_the_measure_of_familiarity_little() -> None:
    """They resemble no centre: neither with themselves in it, nor without."""
    seen = drawn(90)
    plain = kinds_of(seen.prompts, seen.datasets)
    padded = kinds_of((*seen.prompts, ""), (*seen.datasets, seen.datasets[0]))
    asked = seen.prompts[0]

    assert akin(padded, asked).familiarity == pytest.approx(akin(plain, asked).familiarity, abs=0.1)


@pytest.mark.parametrize("power", [0.5, 1.0, 3.0])
def test_shares_to_a_power_are_those_shares_and_the_rest_stays(power: float) -> None:
    seen = drawn(60)
    model = kinds_of(seen.prompts, seen.datasets)
    sharp = sharpened(model, power)
    for prompt in (*seen.prompts[:5], "rose tide", ""):
        before, after = akin(model, prompt), akin(sharp, prompt)
        expected = np.array(before.shares) ** power

        assert after.shares == pytest.approx(expected / expected.sum(), abs=1e-5)
        assert after.familiarity == before.familiarity
    assert logits_of(sharp, [[], tokenize("tide")]) == pytest.approx(
        power * logits_of(model, [[], tokenize("tide")]), rel=1e-5
    )


def test_logits_are_those_of_the_shares() -> None:
    seen = drawn(60)
    model = kinds_of(seen.prompts, seen.datasets)
    logits = logits_of(model, [tokenize(prompt) for prompt in seen.prompts])

    for row, prompt in zip(logits, seen.prompts, strict=True):
        assert akin(model, prompt).shares == pytest.approx(softmax(row), abs=1e-6)


@settings(max_examples=15)
@given(st.integers(1, 12), st.integers(1, 5), st.integers(0, 2**32))
def test_traits_are_at_most_three_and_finite(prompts: int, models: int, seed: int) -> None:
    dice = np.random.default_rng(seed)
    data = weighted(dice.integers(0, 50, (prompts, 8)).tolist(), bits=8)
    residuals = np.where(dice.random((prompts, models)) < 0.2, np.nan, dice.normal(size=models))
    traits = fit_traits(data, residuals, 1)

    assert traits.columns.shape[1] == traits.loadings.shape[1] <= min(3, models)
    assert traits.loadings.shape[0] == models
    assert np.isfinite(traits.columns).all()


def test_a_word_by_which_answers_differ_becomes_a_trait() -> None:
    """Of prompts of one kind, those with a `hard` in them are answered worse by one of the models."""
    dice = np.random.default_rng(3)
    is_hard = dice.random(400) < 0.5
    prompts = [
        f"w{a} w{b} {'hard' if h else 'easy'}"
        for (a, b), h in zip(dice.integers(0, 20, (400, 2)), is_hard, strict=True)
    ]
    residuals = np.where(is_hard, -0.3, 0.3)[:, None] * [1.0, 0.0] + dice.normal(0, 0.1, (400, 2))
    data = weighted([tokenize(each) for each in prompts])
    traits = fit_traits(data, residuals, 1)
    expected = (data.rows @ traits.columns) @ traits.loadings.T

    assert np.corrcoef(expected[:, 0], residuals[:, 0])[0, 1] > 0.8
    assert np.abs(expected[:, 1]).max() < 0.1

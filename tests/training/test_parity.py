"""What the server computes from an artefact's numbers is what scikit-learn computes from them."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.config.prices.price_map import cl100k_ranks
from router.domain.members import replace
from router.features.kinds import KindModel
from router.features.tokenizer import cl100k
from router.training.parity import TEXTS, parity_cases
from tests.training.learning import drawn, learnt, tokenize

KINDS = (1, 2, 3, 40)
WITHIN = 1e-6


@cache
def model_of(kinds: int) -> KindModel:
    outcomes = drawn(30 + 3 * kinds, seed=kinds)
    prompts = [f"{asked} w{at} w{at * 7 % 100}" for at, asked in enumerate(outcomes.prompts)]
    datasets = [f"kind {at % kinds:02}" for at in range(len(prompts))]
    return learnt(replace(outcomes, datasets=tuple(datasets), prompts=tuple(prompts))).kinds


def agree(model: KindModel, prompts: list[list[int]]) -> None:
    for case in parity_cases(model, prompts):
        found = model.of(case.tokens, case.prompt_tokens)
        assert found.shares == pytest.approx(np.array(case.shares), abs=WITHIN)
        assert found.traits == pytest.approx(np.array(case.traits), abs=WITHIN)
        assert found.familiarity == pytest.approx(case.familiarity, abs=WITHIN)
        assert found.hardness == pytest.approx(case.hardness, abs=WITHIN)
        assert len(case.shares) == model.kinds


@pytest.mark.parametrize("kinds", KINDS)
@settings(max_examples=25)
@given(st.lists(st.lists(st.integers(0, 100_276), max_size=40), min_size=1, max_size=8))
def test_the_numbers_of_any_tokens_are_scikit_learn_s(kinds: int, prompts: list[list[int]]) -> None:
    agree(model_of(kinds), prompts)


@pytest.mark.parametrize("kinds", KINDS)
@settings(max_examples=25)
@given(data=st.data())
def test_the_numbers_of_words_that_were_learnt_from_are_scikit_learn_s(
    kinds: int, data: st.DataObject
) -> None:
    words = st.sampled_from(sorted({word for text in drawn(60).prompts for word in text.split()}))
    prompts = data.draw(
        st.lists(st.lists(words, max_size=30).map(" ".join), min_size=1, max_size=5)
    )

    agree(model_of(kinds), [tokenize(each) for each in prompts])


def test_the_texts_that_go_with_every_artefact_are_worth_it() -> None:
    encode = cl100k(cl100k_ranks()).encode_ordinary
    cases = parity_cases(model_of(3), [encode(text) for text in TEXTS])

    assert len({case.tokens for case in cases}) == len(TEXTS) >= 8
    assert cases[0].tokens == ()
    assert any(not text.isascii() for text in TEXTS)
    assert all(sum(case.shares) == pytest.approx(1.0) for case in cases)
    assert len({case.prompt_tokens for case in cases}) == len(TEXTS)


def test_cases_of_other_numbers_would_be_noticed() -> None:
    """Changing the last bit of one weight moves a share by more than is tolerated."""
    model = model_of(3)
    tokens = tokenize(drawn(39, seed=3).prompts[0])
    case = parity_cases(model, [tokens])[0]
    table = model.table.copy()
    table[:, 0] ^= 1
    moved = KindModel.from_arrays({**model.arrays(), "table": table}).of(tokens, len(tokens))

    assert np.abs(np.subtract(moved.shares, case.shares)).max() > 10 * WITHIN

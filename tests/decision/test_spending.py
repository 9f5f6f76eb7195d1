"""How many tokens a call takes, by what it took on prompts that resemble it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.decision.spending import SpendingModel
from router.domain.members import replace
from router.domain.resemblance import Resemblance

MODEL = SpendingModel(
    names=("brief", "wordy"),
    outputs=np.array([[10.0, 50.0], [100.0, 900.0]]),
    usual=np.array([30.0, 500.0]),
    input_ratios=np.array([1.0, 1.5]),
    floor=0.2,
)


def prompt(*shares: float, familiarity: float = 1.0) -> Resemblance:
    return Resemblance(shares, (), familiarity)


def test_a_prompt_of_a_kind_takes_what_that_kind_took() -> None:
    assert MODEL.tokens("brief", prompt(1, 0), 200) == pytest.approx((200, 10))
    assert MODEL.tokens("wordy", prompt(0, 1), 200) == pytest.approx((300, 900))


def test_far_from_every_kind_what_is_usual_counts_most() -> None:
    strange = prompt(0, 1, familiarity=0.0)

    assert MODEL.tokens("wordy", strange, 10)[1] == pytest.approx(0.2 * 900 + 0.8 * 500)
    assert replace(MODEL, floor=0.0).tokens("wordy", strange, 10)[1] == pytest.approx(500)


@pytest.mark.parametrize("name", [None, "stranger"])
def test_a_model_that_was_never_seen_takes_the_mean_of_those_that_were(name: str | None) -> None:
    assert MODEL.tokens(name, prompt(1, 0), 100) == pytest.approx((125, 55))


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 10**7), st.sampled_from(["brief", "wordy"]))
def test_no_more_and_no_less_than_was_ever_usual(
    share: float, familiarity: float, tokens: int, name: str
) -> None:
    read, written = MODEL.tokens(name, prompt(share, 1 - share, familiarity=familiarity), tokens)
    row = MODEL.names.index(name)

    assert read == pytest.approx(MODEL.input_ratios[row] * tokens)
    assert MODEL.outputs[row].min() - 1e-9 <= written <= MODEL.outputs[row].max() + 1e-9


def test_what_is_taken_apart_comes_back_as_it_was() -> None:
    again = SpendingModel.from_arrays(MODEL.names, MODEL.floor, MODEL.arrays())

    assert again.tokens("wordy", prompt(0.4, 0.6), 7) == MODEL.tokens("wordy", prompt(0.4, 0.6), 7)


@pytest.mark.parametrize(
    ("name", "wrong", "complaint"),
    [
        ("outputs", np.full((2, 2), -1.0), "zero or more"),
        ("outputs", np.full((2, 2), np.nan), "zero or more"),
        ("outputs", np.full((2, 2), np.inf), "zero or more"),
        ("outputs", np.ones(2), "one column a kind"),
        ("outputs", np.ones((3, 2)), "2 models have tables of"),
        ("usual", np.ones(3), "2 models have tables of"),
        ("usual", np.array([1.0, np.nan]), "zero or more"),
        ("input_ratios", np.ones((2, 1)), "2 models have tables of"),
        ("input_ratios", np.array([1.0, np.inf]), "zero or more"),
    ],
)
def test_tables_that_make_no_sense_are_refused(
    name: str, wrong: np.ndarray[tuple[int, ...], np.dtype[np.float64]], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        SpendingModel.from_arrays(MODEL.names, 0.2, {**MODEL.arrays(), name: wrong})

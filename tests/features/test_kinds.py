"""Which kinds of prompts a prompt resembles, by tables that were drawn and not learnt."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.arrays import softmax
from router.domain.members import replace
from router.features.hashing import buckets_of
from router.features.kinds import FARTHEST, MOST_HARDENING, KindModel
from router.features.text import both_ends, whole_length
from router.features.tokenizer import Tokenizer

TOKENS = st.lists(st.integers(0, 100_276), max_size=80)
ROUNDED = 0.5e-7 + 1e-15
"""Shares and traits have seven decimals: decisions are kept with them."""


def drawn(kinds: int = 3, traits: int = 2, seed: int = 0, bits: int = 10) -> KindModel:
    dice, columns = np.random.default_rng(seed), 2 * kinds + traits
    return KindModel(
        kinds=kinds,
        bits=bits,
        idf=dice.uniform(0, 5, 2**bits).astype(np.float32),
        table=dice.integers(-127, 128, (2**bits, columns)).astype(np.int8),
        scales=dice.uniform(1e-3, 0.05, columns).astype(np.float32),
        offsets=dice.normal(size=kinds).astype(np.float32),
        trusts=np.tile(np.array([0.8, 0.1, 0.5], np.float32), (kinds, 1)),
        lengths=dice.uniform(0.5, 5, (kinds, 2)).astype(np.float32),
        hardening=dice.uniform(-MOST_HARDENING, MOST_HARDENING, kinds).astype(np.float32),
    )


@given(TOKENS, st.integers(0, 10**9), st.integers(1, 40), st.integers(0, 3))
def test_shares_sum_to_one_whatever_is_asked(
    tokens: list[int], prompt_tokens: int, kinds: int, traits: int
) -> None:
    found = drawn(kinds, traits, seed=kinds).of(tokens, prompt_tokens)

    assert len(found.shares) == kinds
    assert sum(found.shares) == pytest.approx(1.0, abs=kinds * ROUNDED)
    assert min(found.shares) >= 0.0
    assert len(found.traits) == traits + 1
    assert np.isfinite(found.traits).all()
    assert 0.0 <= found.familiarity <= 1.0
    assert -1.0 <= found.hardness <= 1.0


@given(TOKENS)
def test_how_often_a_text_is_said_changes_little(tokens: list[int]) -> None:
    """Only the pair where the two meet is new."""
    once, twice = (set(buckets_of(each, 10).tolist()) for each in (tokens, tokens * 2))

    assert len(twice - once) <= 1


def test_of_an_empty_prompt_only_the_constants_speak() -> None:
    model = drawn()
    found = model.of([], 0)

    assert found.shares == pytest.approx(softmax(model.offsets.astype(np.float64)), abs=ROUNDED)
    assert found.traits == (0.0, 0.0, 0.0)


def liked(likeness: float, trusts: tuple[float, float, float]) -> float:
    """The familiarity of a prompt of one word that is so like the second of two kinds."""
    model = replace(
        drawn(2, 0),
        idf=np.ones(1024, np.float32),
        table=np.tile(np.array([0, 0, 0, 127], np.int8), (1024, 1)),
        scales=np.full(4, likeness / 127, np.float32),
        trusts=np.array([(1.0, 0.0, 1e-6), trusts], np.float32),
    )
    return model.of([1], 1).familiarity


@pytest.mark.parametrize(
    ("likeness", "familiarity"), [(0.05, 0.0), (0.1, 0.0), (0.3, 0.4), (0.5, 0.8), (0.9, 0.8)]
)
def test_trust_in_the_nearest_kind_grows_between_two_likenesses(
    likeness: float, familiarity: float
) -> None:
    assert liked(likeness, (0.8, 0.1, 0.5)) == pytest.approx(familiarity, abs=1e-6)


def like_the_second(trust: float) -> KindModel:
    """Two kinds, of which every prompt resembles the second, which is trusted so far."""
    return replace(
        drawn(2, 0),
        idf=np.ones(1024, np.float32),
        table=np.tile(np.array([-127, 127, 0, 127], np.int8), (1024, 1)),
        scales=np.full(4, 1.0, np.float32),
        trusts=np.array([(1.0, 0.0, 0.1), (trust, 0.0, 0.1)], np.float32),
    )


def measured(prompt_tokens: int, trust: float = 1.0) -> float:
    """How long a prompt of the second of two kinds is, whose prompts have 20 to 2,000 tokens as a rule."""
    lengths = np.log(np.array([(2.0, 2.0), (200.0, 10.0)])).astype(np.float32)
    model = replace(like_the_second(trust), lengths=lengths)
    return model.of([1], prompt_tokens).traits[-1]


def test_length_is_in_deviations_from_what_is_usual_of_the_kind() -> None:
    assert measured(200) == pytest.approx(0.0, abs=1e-6)
    assert measured(100) == pytest.approx(-np.log(2.0) / np.log(10.0), abs=1e-6)
    assert measured(400) == pytest.approx(np.log(2.0) / np.log(10.0), abs=1e-6)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_longer_prompt_is_never_a_shorter_one_and_none_is_out_of_reach(
    one: int, other: int
) -> None:
    shorter, longer = (measured(each) for each in sorted((one, other)))

    assert -FARTHEST - 1e-7 <= shorter <= longer <= FARTHEST + 1e-7


@given(st.integers(0, 10**6), st.floats(0.0, 1.0))
def test_the_length_of_a_prompt_counts_as_far_as_its_kind_is_trusted(
    prompt_tokens: int, trust: float
) -> None:
    whole = measured(prompt_tokens)

    assert measured(prompt_tokens, trust) == pytest.approx(trust * whole, abs=1e-6)
    assert measured(prompt_tokens, 0.0) == 0.0


def hardness(prompt_tokens: int, trust: float = 0.0, between: float = 1.0) -> float:
    """How hard that length makes a prompt that resembles the second of two kinds, which is trusted so far.

    A deviation, of a factor of e, makes prompts of that kind .4 logits harder; the first kind says the reverse. The
    kinds' mean log lengths are so far apart.
    """
    model = replace(
        like_the_second(trust),
        lengths=np.array([(5.0 - between / 2, 1.0), (5.0 + between / 2, 1.0)], np.float32),
        hardening=np.array([-0.4, 0.4], np.float32),
    )
    return model.of([1], prompt_tokens).hardness


def test_an_unfamiliar_prompt_is_as_much_harder_as_it_is_longer_than_others() -> None:
    found = [hardness(tokens, between=0.0) for tokens in (148, 403, 1097, 55)]

    assert found == pytest.approx([0.0, 0.4, 0.8, -0.4], abs=5e-3)


def test_where_kinds_differ_in_length_that_of_a_prompt_says_less() -> None:
    near, apart = hardness(403, between=0.0), hardness(403, between=2.0)

    assert apart == pytest.approx(near / 3, abs=1e-4)  # 1 of 1 + 2 is its own variance


@given(st.integers(0, 10**6), st.floats(0.0, 1.0))
def test_the_more_familiar_a_prompt_the_less_its_length_makes_it_hard(
    prompt_tokens: int, trust: float
) -> None:
    whole = hardness(prompt_tokens)

    assert hardness(prompt_tokens, trust) == pytest.approx((1.0 - trust) * whole, abs=1e-6)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_longer_prompt_is_never_an_easier_one_where_long_ones_are_harder(
    one: int, other: int
) -> None:
    easier, harder = (hardness(each) for each in sorted((one, other)))

    assert -0.8 - 1e-7 <= easier <= harder <= 0.8 + 1e-7


def test_a_kind_that_is_not_to_be_told_from_others_is_never_familiar() -> None:
    assert liked(0.9, (0.0, 0.1, 0.5)) == 0.0


def test_a_prompt_whose_words_have_no_weight_is_as_an_empty_one() -> None:
    model = replace(drawn(), idf=np.zeros(1024, np.float32))

    assert model.of([5, 6, 7], 3) == model.of([], 3)
    assert model.of([], 3).familiarity == 0.0


def test_the_nearer_a_centre_the_more_familiar() -> None:
    model = replace(
        drawn(),
        table=np.zeros((1024, 8), np.int8),
        idf=np.ones(1024, np.float32),
        scales=np.full(8, 1 / 127 / 1.8, np.float32),
        trusts=np.tile(np.array([1.0, 0.0, 1.0], np.float32), (3, 1)),
    )
    model.table[buckets_of([1, 2], 10), 3] = 127  # the centre of the first kind

    asked = ([7, 8], [1, 2, 7, 8], [1, 2])
    far, near, nearest = (model.of(tokens, 9).familiarity for tokens in asked)
    assert far < near < nearest


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=5))
def test_no_logit_is_too_large(logits: list[float]) -> None:
    assert softmax(np.array(logits)).sum() == pytest.approx(1.0)


def test_what_is_taken_apart_comes_back_as_it_was() -> None:
    model = drawn(5, 1)
    again = KindModel.from_arrays(model.arrays())

    assert (again.kinds, again.bits, again.traits) == (5, 10, 2)
    assert (again.trusts == model.trusts).all()
    assert again.of([3, 1, 4], 70) == model.of([3, 1, 4], 70)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("idf", np.zeros(1000, np.float32)),
        ("idf", np.zeros(0, np.float32)),
        ("idf", np.zeros(1, np.float32)),
        ("idf", np.full(1024, np.nan, np.float32)),
        ("idf", np.zeros((1024, 1), np.float32)),
        ("table", np.zeros(1024, np.int8)),
        ("table", np.zeros((1024, 5), np.int8)),
        ("table", np.zeros((1024, 8, 1), np.int8)),
        ("scales", np.zeros(7, np.float32)),
        ("scales", np.full(8, np.inf, np.float32)),
        ("offsets", np.zeros(0, np.float32)),
        ("offsets", np.zeros(5, np.float32)),
        ("offsets", np.array([0.0, np.nan, 0.0], np.float32)),
        ("trusts", np.full((3, 3), np.nan, np.float32)),
        ("trusts", np.zeros((2, 3), np.float32)),
        ("trusts", np.array([[0.5, 0.3, 0.3]] * 3, np.float32)),
        ("trusts", np.array([[1.5, 0.1, 0.3]] * 3, np.float32)),
        ("prompt_lengths", np.ones((2, 2), np.float32)),
        ("prompt_lengths", np.ones(3, np.float32)),
        ("prompt_lengths", np.array([[4.0, 0.0]] * 3, np.float32)),
        ("prompt_lengths", np.array([[np.nan, 1.0]] * 3, np.float32)),
        ("prompt_lengths", np.array([[4.0, np.inf]] * 3, np.float32)),
        ("hardening", np.zeros(2, np.float32)),
        ("hardening", np.zeros((3, 1), np.float32)),
        ("hardening", np.array([0.0, np.nan, 0.0], np.float32)),
        ("hardening", np.array([0.0, 0.6, 0.0], np.float32)),
    ],
)
def test_tables_that_do_not_belong_together_are_refused(
    name: str, wrong: np.ndarray[tuple[int, ...], np.dtype[np.generic]]
) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has words of its own
        KindModel.from_arrays({**drawn().arrays(), name: wrong})


def test_a_table_of_other_numbers_is_refused() -> None:
    whole = drawn().arrays()
    for other in (np.zeros((1024, 8)), np.full((1024, 8), 300, np.int16)):
        with pytest.raises(TypeError):
            KindModel.from_arrays({**whole, "table": other})
    with pytest.raises(KeyError, match="scales"):
        KindModel.from_arrays({name: each for name, each in whole.items() if name != "scales"})


def test_a_short_text_is_read_whole_and_a_long_one_at_both_ends() -> None:
    long = "a" * 3000 + "b" * 200_000 + "c" * 3000

    assert both_ends("short") == "short"
    assert both_ends("x" * 2000) == "x" * 2000
    assert both_ends("x" * 2001) == "x" * 1500 + "\n" + "x" * 500
    assert both_ends(long) == "a" * 1500 + "\n" + "c" * 500


def test_the_length_of_a_text_is_guessed_from_what_was_read_of_it(tokenizer: Tokenizer) -> None:
    text = "The harbour is closed until the tide turns, says the pilot.\n" * 1000
    counted = len(tokenizer.encode_ordinary(text))
    read = tokenizer.encode_ordinary(both_ends(text))

    assert len(read) < counted / 10
    assert whole_length(text, read) == pytest.approx(counted, rel=0.03)
    assert whole_length("of three words", [1, 2, 3]) == 3
    assert whole_length("", []) == 0

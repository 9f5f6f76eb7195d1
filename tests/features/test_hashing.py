"""Buckets of token ids and of bytes: an artefact's table is looked up by them, so they must never change."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.features.hashing import buckets_of, runs_of

TOKENS = st.lists(st.integers(0, 2**32 - 1), max_size=60)
BITS = st.integers(1, 32)


def test_they_are_today_what_they_were_when_artefacts_were_made() -> None:
    assert buckets_of([], 14).tolist() == []
    assert buckets_of([9906], 14).tolist() == [4008]
    assert buckets_of([9906, 1917, 0], 14).tolist() == [0, 3575, 4008, 12634, 15173]


@given(TOKENS, BITS)
def test_they_are_distinct_ascending_and_within_the_table(tokens: list[int], bits: int) -> None:
    found = buckets_of(tokens, bits).tolist()

    assert found == sorted(set(found))
    assert all(0 <= bucket < 2**bits for bucket in found)
    assert len(found) <= max(0, 2 * len(tokens) - 1)


@given(TOKENS, TOKENS, BITS)
def test_more_text_takes_no_bucket_away(head: list[int], tail: list[int], bits: int) -> None:
    whole = set(buckets_of(head + tail, bits).tolist())

    assert set(buckets_of(head, bits).tolist()) <= whole
    assert set(buckets_of(tail, bits).tolist()) <= whole


def test_neighbours_count_in_their_order() -> None:
    there, back = (set(buckets_of(pair, 30).tolist()) for pair in ([1, 2], [2, 1]))

    assert len(there) == len(back) == 3
    assert len(there & back) == 2


@settings(max_examples=20)
@given(st.integers(0, 2**32))
def test_different_tokens_are_spread_as_balls_thrown_into_bins(seed: int) -> None:
    # As many balls as bins leave a share of 1/e of these empty.
    ids = np.random.default_rng(seed).choice(100_277, 4096, replace=False).tolist()
    filled = {int(buckets_of([token], 12)[0]) for token in ids}

    assert len(filled) / 4096 == pytest.approx(0.632, abs=0.03)


def test_the_ids_of_any_tokenizer_fit() -> None:
    assert len(buckets_of([0, 2**32 - 1], 14)) == 3


def test_runs_are_today_what_they_were_when_artefacts_were_made() -> None:
    assert runs_of("", 17).tolist() == runs_of("abc", 17).tolist() == []
    assert runs_of("abcd", 17).tolist() == [4590]
    assert runs_of("Übermut", 17).tolist() == [13682, 44171, 62186, 89685, 102736]
    assert runs_of("abcde", 17).tolist() == sorted(
        [*runs_of("abcd", 17).tolist(), *runs_of("bcde", 17).tolist()]
    )


@given(st.text(max_size=60), BITS)
def test_runs_are_distinct_ascending_and_within_the_table(text: str, bits: int) -> None:
    found = runs_of(text, bits).tolist()

    assert found == sorted(set(found))
    assert all(0 <= bucket < 2**bits for bucket in found)
    assert len(found) <= max(0, len(text.encode("utf-8", "replace")) - 3)

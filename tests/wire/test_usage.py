"""Vendors count in different ways; the buckets always sum up to what each counts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.usage import Usage
from router.wire.usage import read_usage
from tests.wire.documents import TREES

COUNTS = st.integers(0, 10**6)


def test_openai_counts_cached_and_reasoning_tokens_within() -> None:
    usage = {
        "prompt_tokens": 2006,
        "completion_tokens": 300,
        "total_tokens": 2306,
        "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 192, "accepted_prediction_tokens": 0},
    }
    assert read_usage(usage) == Usage(86, 1920, 0, 108, 192)


def test_deepseek_counts_its_cache_in_fields_of_its_own() -> None:
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "total_tokens": 120,
        "prompt_cache_hit_tokens": 64,
        "prompt_cache_miss_tokens": 36,
    }
    assert read_usage(usage) == Usage(36, 64, 0, 20)


def test_xai_counts_reasoning_beside_the_completion() -> None:
    usage = {
        "prompt_tokens": 32,
        "completion_tokens": 9,
        "total_tokens": 135,
        "completion_tokens_details": {"reasoning_tokens": 94},
    }
    assert read_usage(usage) == Usage(32, output_tokens=9, reasoning_tokens=94)


def test_gemini_counts_thoughts_in_the_total_alone() -> None:
    usage = {"prompt_tokens": 20, "completion_tokens": 424, "total_tokens": 1016}

    assert read_usage(usage) == Usage(20, output_tokens=424, reasoning_tokens=572)
    cached = {**usage, "prompt_tokens_details": {"cached_tokens": 12}}
    assert read_usage(cached) == Usage(8, 12, 0, output_tokens=424, reasoning_tokens=572)


def test_a_total_by_itself_is_no_thought() -> None:
    usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 90}
    assert read_usage(usage) == Usage()


def test_a_cache_that_the_total_counts_beside_the_prompt_is_no_thought() -> None:
    usage = {
        "prompt_tokens": 20,
        "completion_tokens": 4,
        "total_tokens": 39,
        "prompt_tokens_details": {"cached_tokens": 15},
    }
    read = read_usage(usage)
    assert read is not None
    assert read.reasoning_tokens == 0


def test_cache_writes_are_a_part_of_the_prompt_by_either_name() -> None:
    plain = {"prompt_tokens": 50, "completion_tokens": 1}

    assert read_usage({**plain, "cache_creation_input_tokens": 20}) == Usage(30, 0, 20, 1)
    details = {"cached_tokens": 10, "cache_creation_tokens": 20}
    assert read_usage({**plain, "prompt_tokens_details": details}) == Usage(20, 10, 20, 1)


def test_what_qwen_writes_to_an_explicit_cache_is_counted_in_the_details() -> None:
    details = {"cached_tokens": 10, "cache_creation_input_tokens": 20, "cache_type": "ephemeral"}
    usage = {"prompt_tokens": 50, "completion_tokens": 1, "prompt_tokens_details": details}

    assert read_usage(usage) == Usage(20, 10, 20, 1)


def test_litellm_counts_what_geminis_tools_brought_into_the_prompt_beside_it() -> None:
    details = {"cached_tokens": 10, "tool_use_tokens": 7, "web_search_requests": 2}
    usage = {
        "prompt_tokens": 50,
        "completion_tokens": 1,
        "total_tokens": 58,
        "prompt_tokens_details": details,
    }
    assert read_usage(usage) == Usage(47, 10, 0, 1, web_searches=2)


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ({"prompt_tokens_details": {"cached_tokens": 9}}, Usage(0, 5, 0, 1)),
        ({"cache_creation_input_tokens": 9}, Usage(0, 0, 5, 1)),
        (
            {"prompt_tokens_details": {"cached_tokens": 3, "cache_creation_tokens": 9}},
            Usage(0, 3, 2, 1),
        ),
    ],
)
def test_no_more_tokens_are_cached_than_were_sent(said: dict[str, Any], read: Usage) -> None:
    assert read_usage({"prompt_tokens": 5, "completion_tokens": 1, **said}) == read


def test_more_reasoning_than_completion_can_only_come_on_top() -> None:
    usage = {
        "prompt_tokens": 5,
        "completion_tokens": 1,
        "completion_tokens_details": {"reasoning_tokens": 9},
    }
    assert read_usage(usage) == Usage(5, output_tokens=1, reasoning_tokens=9)


def test_details_may_be_null() -> None:
    usage = {
        "prompt_tokens": 5,
        "completion_tokens": 6,
        "total_tokens": 11,
        "prompt_tokens_details": None,
        "completion_tokens_details": None,
    }
    assert read_usage(usage) == Usage(5, output_tokens=6)


def test_a_count_may_be_written_with_a_point() -> None:
    usage = {
        "prompt_tokens": 12.0,
        "completion_tokens": 3.0,
        "prompt_tokens_details": {"cached_tokens": 8.0},
    }
    assert read_usage(usage) == Usage(4, 8, 0, 3)


@pytest.mark.parametrize(
    "usage",
    [
        None,
        [],
        "many",
        {},
        {"prompt_tokens": 5},
        {"prompt_tokens": 5, "completion_tokens": None},
        {"prompt_tokens": -5, "completion_tokens": 1},
        {"prompt_tokens": 5.5, "completion_tokens": 1},
        {"prompt_tokens": 1e300, "completion_tokens": 1},
        {"prompt_tokens": float("inf"), "completion_tokens": 1},
        {"prompt_tokens": True, "completion_tokens": 1},
        {"prompt_tokens": 10**18, "completion_tokens": 1},
        {"prompt_tokens": 10**8 + 1, "completion_tokens": 1},
        {"prompt_tokens": 1, "completion_tokens": 1e9},
    ],
)
def test_what_makes_no_sense_is_no_usage(usage: object) -> None:
    assert read_usage(usage) is None


@given(prompt=COUNTS, cached=COUNTS, written=COUNTS, completion=COUNTS, reasoning=COUNTS)
def test_buckets_sum_to_what_openai_counts(
    prompt: int, cached: int, written: int, completion: int, reasoning: int
) -> None:
    sent, generated = prompt + cached + written, completion + reasoning
    usage = read_usage(
        {
            "prompt_tokens": sent,
            "completion_tokens": generated,
            "total_tokens": sent + generated,
            "prompt_tokens_details": {"cached_tokens": cached, "cache_creation_tokens": written},
            "completion_tokens_details": {"reasoning_tokens": reasoning},
        }
    )
    assert usage == Usage(prompt, cached, written, completion, reasoning)


@given(missed=COUNTS, hit=COUNTS, completion=COUNTS, reasoning=COUNTS)
def test_buckets_sum_to_what_deepseek_counts(
    missed: int, hit: int, completion: int, reasoning: int
) -> None:
    usage = read_usage(
        {
            "prompt_tokens": missed + hit,
            "prompt_cache_hit_tokens": hit,
            "prompt_cache_miss_tokens": missed,
            "completion_tokens": completion + reasoning,
            "total_tokens": missed + hit + completion + reasoning,
            "completion_tokens_details": {"reasoning_tokens": reasoning},
        }
    )
    assert usage == Usage(missed, hit, 0, completion, reasoning)


@given(prompt=COUNTS, cached=COUNTS, completion=COUNTS, reasoning=COUNTS)
def test_buckets_sum_to_what_xai_counts(
    prompt: int, cached: int, completion: int, reasoning: int
) -> None:
    usage = read_usage(
        {
            "prompt_tokens": prompt + cached,
            "completion_tokens": completion,
            "total_tokens": prompt + cached + completion + reasoning,
            "prompt_tokens_details": {"cached_tokens": cached},
            "completion_tokens_details": {"reasoning_tokens": reasoning},
        }
    )
    assert usage == Usage(prompt, cached, 0, completion, reasoning)


_NUMBERS = st.integers(-5, 50) | st.integers() | st.floats() | TREES
_DETAILS = TREES | st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("cached_tokens", "cache_creation_tokens", "reasoning_tokens"), _NUMBERS
    ),
)


@given(
    usage=st.fixed_dictionaries(
        {"prompt_tokens": _NUMBERS, "completion_tokens": _NUMBERS},
        optional={
            "total_tokens": _NUMBERS,
            "prompt_cache_hit_tokens": _NUMBERS,
            "cache_creation_input_tokens": _NUMBERS,
            "prompt_tokens_details": _DETAILS,
            "completion_tokens_details": _DETAILS,
        },
    )
    | TREES
)
def test_a_malformed_usage_is_none_or_counts_the_prompt_once(usage: Any) -> None:
    read = read_usage(usage)

    if read is not None:
        assert read.input_tokens == usage["prompt_tokens"]
        assert read.total_output_tokens >= usage["completion_tokens"]

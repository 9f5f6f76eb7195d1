"""Predictions before a request is sent: its cost within bounds, and what was learnt from others."""

from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.decision.estimate import candidate_for, cost_of
from router.decision.experience import TYPICAL_OUTPUT_TOKENS, Experience, RunningMedian
from router.domain.category import Category
from router.domain.estimate import UNOBSERVED, LatencyEstimate
from router.domain.features import Features
from router.domain.money import Money
from router.domain.price import Price
from tests.domain.builders import model

SEEN = st.lists(st.integers(0, 10_000), min_size=1, max_size=150)


def seen(experience: Experience, name: str, tokens: int, total_s: float = 1.0) -> None:
    experience.observe(
        name, Category.CHAT, output_tokens=tokens, first_content_s=total_s / 2, total_s=total_s
    )


def test_cost_is_prompt_and_expected_answers_at_the_models_rates() -> None:
    what = Features(1000, Category.CHAT, choices=2, max_output_tokens=500)
    cost = cost_of(model(price=("1", "2")), what, expected_output_tokens=100)

    assert cost.expected == Money.from_usd("0.001") + Money.from_usd("0.0002") * 2
    assert cost.upper == Money.from_usd("0.002064") + Money.from_usd("0.001") * 2


def test_without_a_limit_of_the_client_the_models_own_bounds_the_cost() -> None:
    of = model(price=("0", "1"))

    assert cost_of(of, Features(0, Category.CHAT), 10**9).expected == Money(4096 * 10**6)
    wide = Features(0, Category.CHAT, max_output_tokens=10**9)
    assert cost_of(of, wide, 10).upper == Money(4096 * 10**6)


@given(
    prompt=st.integers(0, 10**6),
    limit=st.none() | st.integers(1, 10**6),
    choices=st.integers(1, 5),
    expected=st.integers(0, 10**6),
    rate=st.integers(0, 10**9),
)
def test_the_expected_cost_never_exceeds_the_largest(
    prompt: int, limit: int | None, choices: int, expected: int, rate: int
) -> None:
    what = Features(prompt, Category.CHAT, choices=choices, max_output_tokens=limit)
    cost = cost_of(model(price=Price(rate, rate, rate, rate, rate)), what, expected)

    assert Money(0) <= cost.expected <= cost.upper


def test_a_candidate_has_the_ability_for_the_requests_category() -> None:
    lopsided = dict.fromkeys(Category, 0.9) | {Category.MATHS: 0.2}
    of = model(p=lopsided)

    assert candidate_for(of, Features(1, Category.MATHS), Experience()).quality.p == 0.2
    assert candidate_for(of, Features(1, Category.CHAT), Experience()).quality.p == 0.9


def test_before_anything_was_seen_answers_are_as_long_as_is_typical() -> None:
    nothing = Experience()

    assert {c: nothing.output_tokens("m", c) for c in Category} == TYPICAL_OUTPUT_TOKENS
    assert nothing.latency("m") == UNOBSERVED


def test_what_was_seen_of_a_model_moves_its_own_estimate_most() -> None:
    experience = Experience()
    for _ in range(100):
        seen(experience, "wordy", 1000)
    typical = TYPICAL_OUTPUT_TOKENS[Category.CHAT]

    assert typical < experience.output_tokens("new", Category.CHAT)
    assert experience.output_tokens("new", Category.CHAT) < experience.output_tokens(
        "wordy", Category.CHAT
    )
    assert experience.output_tokens("wordy", Category.CHAT) < 1000
    assert (
        experience.output_tokens("wordy", Category.MATHS) == TYPICAL_OUTPUT_TOKENS[Category.MATHS]
    )


@given(own=SEEN, others=SEEN)
def test_an_expected_length_lies_between_what_was_seen_and_what_is_typical(
    own: list[int], others: list[int]
) -> None:
    experience = Experience()
    for tokens in others:
        seen(experience, "other", tokens)
    for tokens in own:
        seen(experience, "m", tokens)
    everything = [*own, *others, TYPICAL_OUTPUT_TOKENS[Category.CHAT]]

    assert min(everything) <= experience.output_tokens("m", Category.CHAT) <= max(everything)


def test_latencies_are_medians_and_one_stalled_call_changes_little() -> None:
    experience = Experience()
    for total_s in (2.0, 2.2, 2.4, 2.6, 600.0):
        seen(experience, "m", 1, total_s)

    assert experience.latency("m") == LatencyEstimate(first_content_s=1.2, total_s=2.4)
    assert experience.latency("other") == UNOBSERVED


def test_an_answer_in_one_piece_has_no_first_content() -> None:
    experience = Experience()
    experience.observe("m", Category.CHAT, output_tokens=1, first_content_s=None, total_s=3.0)

    assert experience.latency("m") == LatencyEstimate(None, 3.0)


@given(values=st.lists(st.floats(0, 1e6), min_size=1, max_size=150))
def test_a_running_median_is_the_median_of_the_last_64(values: list[float]) -> None:
    running = RunningMedian()
    for value in values:
        running.add(value)

    assert running.value == median(values[-64:])


def test_what_is_long_past_is_forgotten() -> None:
    running = RunningMedian()
    for value in [1000.0] * 64 + [1.0] * 64:
        running.add(value)

    assert running.value == 1.0


@given(values=st.lists(st.floats(0, 1e6), min_size=20, max_size=64), share=st.floats(0.5, 0.99))
def test_a_quantile_is_not_exceeded_by_that_share(values: list[float], share: float) -> None:
    running = RunningMedian()
    for value in values:
        running.add(value)
    quantile = running.quantile(share)

    assert quantile is not None
    assert sum(value <= quantile for value in values) >= share * len(values)


@pytest.mark.parametrize("count", [0, 1, 19])
def test_few_values_have_no_quantile(count: int) -> None:
    running = RunningMedian()
    for _ in range(count):
        running.add(1.0)

    assert running.quantile(0.9) is None


def test_silence_is_the_wait_for_the_first_content_or_for_a_whole_answer() -> None:
    experience = Experience()
    for _ in range(20):
        seen(experience, "m", 1, total_s=4.0)

    assert experience.silence_s("m", 0.9, stream=True) == 2.0
    assert experience.silence_s("m", 0.9, stream=False) == 4.0
    assert experience.silence_s("other", 0.9, stream=True) is None

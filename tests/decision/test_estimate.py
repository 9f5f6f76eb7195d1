"""Predictions before a request is sent: its cost within bounds, and what was learnt from others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.decision.estimate import candidate_for, cost_of, tokens_within
from router.decision.experience import Experience, ObservedAnswer
from router.decision.lengths import (
    TYPICAL_OUTPUT_TOKENS,
    LatencyLine,
    LengthPrior,
    ModelHabits,
    Tier,
)
from router.decision.window import SIZE
from router.domain.category import Category
from router.domain.estimate import UNOBSERVED, LatencyEstimate, LengthEstimate
from router.domain.features import Features
from router.domain.members import replace
from router.domain.model import Capability, Model
from router.domain.money import Money
from router.domain.price import Price
from router.domain.spread import Spread
from tests.decision.answers import OTHER, THINKER, M, hid, seen
from tests.domain.builders import length, model

SEEN = st.lists(st.integers(0, 10_000), min_size=1, max_size=150)


def mean(experience: Experience, of: Model, category: Category = Category.CHAT) -> float:
    return experience.length(of, category).tokens.mean


# -------------------------------------------------------------------------------------- cost


def test_cost_is_prompt_and_expected_answers_at_the_models_rates() -> None:
    what = Features(1000, Category.CHAT, choices=2, max_output_tokens=500)
    cost = cost_of(model(price=("1", "2")), what, length(100))

    assert cost.expected == Money.from_usd("0.001") + Money.from_usd("0.0002") * 2
    assert cost.upper == Money.from_usd("0.002064") + Money.from_usd("0.001") * 2
    assert (cost.p10, cost.p90) == (cost.expected, cost.expected)  # all answers are as long


@given(cents=st.integers(1, 120), choices=st.integers(1, 3), prompt=st.integers(0, 1000))
def test_an_answer_of_as_many_tokens_as_fit_into_a_budget_costs_no_more_and_one_more_would(
    cents: int, choices: int, prompt: int
) -> None:
    of, left = model(price=("1", "300")), Money.from_usd("0.01") * cents
    what = Features(prompt, Category.CHAT, choices=choices)
    fitting = tokens_within(of, what, left)

    most = [
        cost_of(of, replace(what, max_output_tokens=tokens), length(10)).upper
        for tokens in (max(1, fitting), fitting + 1)
    ]
    assert most[1] > left
    assert most[0] <= left or fitting == 0


def test_without_a_limit_of_the_client_the_models_own_bounds_the_cost() -> None:
    of = model(price=("0", "1"))

    assert cost_of(of, Features(0, Category.CHAT), length(10**9)).expected == Money(4096 * 10**6)
    wide = Features(0, Category.CHAT, max_output_tokens=10**9)
    assert cost_of(of, wide, length(10)).upper == Money(4096 * 10**6)


def test_a_request_with_sound_may_cost_what_sound_costs() -> None:
    of = model(price=replace(Price.per_mtok("2", "10"), audio_output_pico=80_000_000))
    text = Features(0, Category.CHAT, max_output_tokens=1000)
    spoken = replace(text, needs=frozenset({Capability.AUDIO}))

    costs = [
        cost_of(of, what, length(10)).upper - cost_of(of, text, length(10)).upper
        for what in (text, spoken)
    ]
    assert costs == [Money(0), Money.from_usd("0.07")]


def test_only_a_request_with_pictures_may_cost_what_pictures_cost() -> None:
    plain = model(price=("2", "10"))
    of = replace(plain, price=replace(plain.price, image_input_pico=80_000_000))
    text = Features(1000, Category.CHAT, max_output_tokens=1000)
    shown = replace(text, needs=frozenset({Capability.VISION}))

    assert cost_of(of, text, length(10)).upper == cost_of(plain, text, length(10)).upper
    assert cost_of(of, shown, length(10)).upper > cost_of(plain, shown, length(10)).upper


def test_sound_in_the_prompt_is_expected_to_cost_what_sound_costs() -> None:
    dear = model(price=replace(Price.per_mtok("2", "0"), audio_input_pico=40_000_000))
    what = Features(1000, Category.CHAT, guessed_tokens=900, audio_tokens=900)

    assert cost_of(dear, what, length(1)).expected == Money.from_usd("0.0002") + Money.from_usd(
        "0.036"
    )
    plain = model(price=("2", "0"))
    assert cost_of(plain, what, length(1)).expected == Money.from_usd("0.002")


def test_a_prompt_with_parts_elsewhere_may_fill_the_whole_context_at_the_dearest_rates() -> None:
    sounds = replace(Price.per_mtok("2", "0"), audio_input_pico=40_000_000)
    of = model(price=sounds, context_tokens=100_000)
    what = Features(10, Category.CHAT, parts_elsewhere=1, tokens_exact=False)

    cost = cost_of(of, what, length(1))
    assert cost.upper == Money.from_usd("4")
    assert cost.expected == Money.from_usd("0.00002")
    longer = replace(what, prompt_tokens=90_000)
    assert cost_of(of, longer, length(1)).upper > cost.upper


def test_where_nobody_knows_how_much_a_model_writes_the_clients_limit_bounds_the_cost() -> None:
    of = model(price=("0", "1"), max_output_tokens=None)
    wide, silent = Features(0, Category.CHAT, max_output_tokens=9000), Features(0, Category.CHAT)

    assert cost_of(of, wide, length(10)).upper == Money(9000 * 10**6)
    assert cost_of(of, silent, length(10)).upper == Money(4096 * 10**6)


def test_a_limit_cuts_the_long_answers_and_so_the_mean_as_well() -> None:
    of, long = model(price=("0", "1")), LengthEstimate(Spread.log_normal(400.0, 0.8))
    free = cost_of(of, Features(0, Category.CHAT), long)
    limited = cost_of(of, Features(0, Category.CHAT, max_output_tokens=400), long)

    assert limited.p10 == free.p10
    assert limited.p90 == Money(400 * 10**6)
    assert limited.expected < free.expected


def test_thought_is_paid_at_its_own_rate() -> None:
    of = model(price=Price(0, 1000, 0, 0, 3000))
    cost = cost_of(of, Features(0, Category.CHAT), length(100, reasoning=0.75))

    assert cost.expected == Money(25 * 1000 + 75 * 3000)
    assert (cost.p10, cost.p90) == (cost.expected, cost.expected)


@given(
    prompt=st.integers(0, 10**6),
    limit=st.none() | st.integers(1, 10**6),
    choices=st.integers(1, 5),
    expected=st.integers(0, 10**6),
    reasoning=st.floats(0, 1),
    rates=st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)),
)
def test_the_expected_cost_never_exceeds_the_largest(
    prompt: int,
    limit: int | None,
    choices: int,
    expected: int,
    reasoning: float,
    rates: tuple[int, int],
) -> None:
    what = Features(prompt, Category.CHAT, choices=choices, max_output_tokens=limit)
    long = LengthEstimate(Spread.log_normal(expected, 0.8), reasoning)
    cost = cost_of(model(price=Price(rates[0], rates[0], rates[0], rates[0], rates[1])), what, long)

    assert cost.p10 is not None
    assert cost.p90 is not None
    assert Money(0) <= cost.expected <= cost.upper
    assert Money(0) <= cost.p10 <= cost.p90 <= cost.upper


def test_a_candidate_has_the_ability_for_the_requests_category() -> None:
    lopsided = dict.fromkeys(Category, 0.9) | {Category.MATHS: 0.2}
    of = model(p=lopsided)

    assert candidate_for(of, Features(1, Category.MATHS), Experience()).quality.p == 0.2
    assert candidate_for(of, Features(1, Category.CHAT), Experience()).quality.p == 0.9


# ----------------------------------------------------------------------------------- lengths


def test_before_anything_was_seen_answers_are_as_long_as_is_typical() -> None:
    nothing = Experience()

    assert {c: mean(nothing, M, c) for c in Category} == TYPICAL_OUTPUT_TOKENS
    assert nothing.latency(M, Category.CHAT) == UNOBSERVED


def test_another_prior_is_held_at_once_and_what_was_seen_stays() -> None:
    experience = Experience()
    for _ in range(64):
        seen(experience, M, 400)
    assert mean(experience, OTHER) > 300  # as the first one, compared with what was held of it
    experience.take_prior(LengthPrior(categories={Category.CHAT: Spread.log_normal(10.0, 0.5)}))

    assert mean(experience, OTHER) == pytest.approx(10.0)
    assert mean(experience, M) > 300


def test_what_was_seen_of_a_model_moves_its_own_estimate_most() -> None:
    experience = Experience()
    for _ in range(100):
        seen(experience, M, 1000)
    typical = TYPICAL_OUTPUT_TOKENS[Category.CHAT]

    assert typical < mean(experience, OTHER) < mean(experience, M) < 1000
    assert mean(experience, M, Category.MATHS) == TYPICAL_OUTPUT_TOKENS[Category.MATHS]


@given(own=SEEN, others=SEEN)
def test_an_expected_length_lies_between_what_was_seen_and_what_is_typical(
    own: list[int], others: list[int]
) -> None:
    experience = Experience()
    for tokens in others:
        seen(experience, OTHER, tokens)
    for tokens in own:
        seen(experience, M, tokens)
    typical = experience.length(model("new"), Category.MATHS).tokens
    relative = [each / typical.mean for each in typical.quantiles]
    usual = TYPICAL_OUTPUT_TOKENS[Category.CHAT]
    everything = [*own, *others, usual, *(usual * each for each in relative)]

    found = experience.length(M, Category.CHAT).tokens
    assert min(everything) * (1 - 1e-9) <= min(found.mean, found.p10)
    assert max(found.mean, found.p90) <= max(everything) * (1 + 1e-9)


def test_how_far_others_are_from_their_priors_is_expected_of_a_new_model_too() -> None:
    wordy = ModelHabits(categories={Category.CHAT: Spread.log_normal(600.0, 0.5)})
    terse = ModelHabits(categories={Category.CHAT: Spread.log_normal(60.0, 0.5)})
    experience = Experience(LengthPrior(models={"m": wordy, "other": terse}))
    for _ in range(SIZE):
        seen(experience, M, 300)

    assert mean(experience, M) == pytest.approx(300, rel=0.1)
    assert 30 < mean(experience, OTHER) < 45


@pytest.mark.parametrize("before", [0, SIZE])
def test_what_a_client_has_cut_short_says_nothing_of_lengths_and_durations(before: int) -> None:
    experience = Experience()
    for _ in range(before):
        seen(experience, M, 100, total_s=4.0)
    expected = experience.foreseen(M, Category.CHAT, 0.9)
    cut = ObservedAnswer(1, first_content_s=None, total_s=0.1, at_s=0.0, is_cut=True)
    for _ in range(SIZE):
        experience.observe(M, Category.CHAT, cut)

    assert experience.foreseen(M, Category.CHAT, 0.9) == expected


def test_of_what_a_client_has_cut_short_the_beginning_counts() -> None:
    experience = Experience()
    cut = ObservedAnswer(1, first_content_s=0.5, total_s=0.6, at_s=0.0, is_cut=True)
    experience.observe(M, Category.CHAT, cut)

    assert experience.latency(M, Category.CHAT) == LatencyEstimate(0.5, None, as_of_s=0.0)


def test_what_was_longer_than_expected_when_it_was_cut_counts_as_that_long() -> None:
    experience = Experience()
    cut = ObservedAnswer(1000, first_content_s=None, total_s=9.0, at_s=0.0, is_cut=True)
    for _ in range(SIZE):
        experience.observe(M, Category.CHAT, cut)

    assert 900 < mean(experience, M) < 1000
    assert experience.latency(M, Category.CHAT).total_s == 9.0


def test_an_estimate_is_computed_again_only_when_something_was_seen() -> None:
    experience = Experience()
    seen(experience, M, 100)
    first = experience.length(M, Category.CHAT)

    assert experience.length(M, Category.CHAT) is first
    seen(experience, M, 100)
    assert experience.length(M, Category.CHAT) is not first


def test_a_model_that_is_configured_otherwise_is_expected_otherwise() -> None:
    experience = Experience()
    plain = mean(experience, M)

    assert mean(experience, replace(M, tags=THINKER.tags)) == 4 * plain


def test_a_model_that_thinks_is_expected_to_and_is_believed_when_it_does_not() -> None:
    experience = Experience()
    supposed = experience.length(THINKER, Category.CHAT)
    for _ in range(SIZE):
        seen(experience, THINKER, 100)
    observed = experience.length(THINKER, Category.CHAT)

    assert supposed.tokens.mean == 4 * TYPICAL_OUTPUT_TOKENS[Category.CHAT]
    assert supposed.reasoning == 0.75
    assert observed.reasoning < 0.1
    assert observed.tokens.median == 100


def test_a_model_that_thinks_untold_is_found_out_in_all_categories() -> None:
    experience = Experience()
    for _ in range(SIZE):
        seen(experience, M, 1000, category=Category.MATHS, reasoning=800)

    assert experience.length(M, Category.MATHS).reasoning == pytest.approx(0.8, abs=0.05)
    assert experience.length(M, Category.CHAT).reasoning == pytest.approx(0.8, abs=0.05)
    assert experience.length(OTHER, Category.MATHS).reasoning == 0.0


ANSWERS = st.lists(
    st.tuples(
        st.sampled_from([M, OTHER, THINKER]),
        st.sampled_from([Category.CHAT, Category.MATHS]),
        st.integers(0, 5000),
        st.floats(0.1, 9.0),
    ),
    max_size=80,
)


@given(answers=ANSWERS)
def test_what_is_foreseen_is_never_older_than_what_was_learnt(
    answers: list[tuple[Model, Category, int, float]],
) -> None:
    experience = Experience()
    for of, category, tokens, total_s in answers:
        seen(experience, of, tokens, total_s, category)
        for every in (M, OTHER, THINKER):
            for quantile in (0.5, 0.9):
                found = experience.foreseen(every, Category.CHAT, quantile)
                assert found.length == experience.length(every, Category.CHAT)
                assert found.latency == experience.latency(every, Category.CHAT, quantile)
                assert found.usual == experience.usual_latency(every, Category.CHAT, quantile)


def test_what_is_foreseen_of_a_model_is_forgotten_with_it_and_with_the_prior() -> None:
    experience, dearer = Experience(), model("m", price=("10", "20"))
    priors = LengthPrior(tiers=(Tier(5.0, LatencyLine(1, 0, 0)), Tier(50.0, LatencyLine(2, 0, 0))))
    assert experience.foreseen(M, Category.CHAT).latency == UNOBSERVED
    experience.take_prior(priors)
    assert experience.foreseen(M, Category.CHAT).latency.total_s == 1
    assert experience.foreseen(dearer, Category.CHAT).latency.total_s == 2


@pytest.mark.parametrize("changed", [{"upstream": "elsewhere"}, {"name": "another"}])
def test_an_id_that_stands_for_another_model_has_nothing_of_what_was_seen_before(
    changed: dict[str, str],
) -> None:
    experience, now = Experience(), replace(M, **changed)  # type: ignore[arg-type]
    hid(experience, 100)
    seen(experience, OTHER, 900, total_s=3.0)
    experience.take_catalog({"m": M, "other": OTHER}, {"m": now, "other": OTHER})
    seen(experience, M, 1, total_s=30.0)  # it was still under way

    assert experience.latency(now, Category.CHAT) == UNOBSERVED
    assert experience.hidden_tokens(now, Category.CHAT) == 0.0
    assert experience.latency(OTHER, Category.CHAT).total_s == 3.0
    seen(experience, now, 1, total_s=2.0)
    assert experience.latency(now, Category.CHAT).total_s == 2.0


def test_a_model_that_answers_in_one_more_place_is_still_the_same() -> None:
    experience = Experience()
    places = tuple(replace(M, upstream=each, replica=f"m@{each}") for each in (M.upstream, "new"))
    seen(experience, M, 1, total_s=3.0)
    experience.take_catalog({"m": M}, {"m": M.answering_in(places)})
    seen(experience, places[1], 1, total_s=5.0)

    assert experience.latency(M, Category.CHAT).total_s == 4.0

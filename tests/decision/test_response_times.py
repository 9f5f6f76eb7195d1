"""How long answers are expected to take, from what was seen."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from router.decision.estimate import candidate_for
from router.decision.experience import Experience, ObservedAnswer
from router.decision.lengths import LatencyLine, LengthPrior, ModelHabits, Tier
from router.decision.window import SIZE
from router.domain.category import Category
from router.domain.estimate import UNOBSERVED, LatencyEstimate
from router.domain.features import Features
from router.domain.members import replace
from tests.decision.answers import OTHER, M, seen


def test_latencies_are_medians_and_one_stalled_call_changes_little() -> None:
    experience = Experience()
    for total_s in (2.0, 2.2, 2.4, 2.6, 600.0):
        seen(experience, M, 1, total_s)

    found = experience.latency(M, Category.CHAT)
    assert found == LatencyEstimate(first_content_s=1.2, total_s=2.4, as_of_s=0.0)
    assert experience.latency(OTHER, Category.CHAT) == UNOBSERVED


def test_an_answer_in_one_piece_has_no_first_content() -> None:
    experience = Experience()
    experience.observe(
        M,
        Category.CHAT,
        ObservedAnswer(output_tokens=1, first_content_s=None, total_s=3.0, at_s=0.0),
    )

    assert experience.latency(M, Category.CHAT) == LatencyEstimate(None, 3.0, as_of_s=0.0)


def test_a_category_speaks_for_itself_from_its_twentieth_answer_on() -> None:
    experience = Experience()
    for _ in range(19):
        seen(experience, M, 1, total_s=8.0, category=Category.MATHS)
    for _ in range(30):
        seen(experience, M, 1, total_s=1.0)

    assert experience.latency(M, Category.MATHS).total_s == 1.0
    seen(experience, M, 1, total_s=8.0, category=Category.MATHS)
    assert experience.latency(M, Category.MATHS).total_s == 8.0
    assert experience.latency(M, Category.WRITING).total_s == 1.0


def test_what_was_never_seen_is_predicted_by_its_name_or_its_price_and_marked() -> None:
    slow, fast = LatencyLine(2.0, 0.1, 0.5), LatencyLine(0.5, 0.01, 0.5)
    prior = LengthPrior(models={"m": ModelHabits(latency=slow)}, tiers=(Tier(5.0, fast),))
    experience = Experience(prior)

    named, priced = (experience.latency(each, Category.CHAT) for each in (M, OTHER))
    assert named == slow.estimate(150, 0.5)
    assert priced == fast.estimate(150, 0.5)
    assert named.is_predicted
    assert experience.latency(replace(M, name="house/7"), Category.CHAT) == named  # by its id
    assert (experience.latency(OTHER, Category.CHAT, 0.9).total_s or 0.0) > 3.5
    seen(experience, OTHER, 1, total_s=9.0)
    assert experience.latency(OTHER, Category.CHAT) == LatencyEstimate(4.5, 9.0, as_of_s=0.0)


def test_after_a_pause_what_is_seen_then_counts_and_what_was_seen_before_does_not() -> None:
    experience = Experience()
    for _ in range(SIZE):
        seen(experience, M, 1, total_s=8.0)
    seen(experience, M, 1, total_s=2.0, at_s=400.0)

    assert experience.latency(M, Category.CHAT) == LatencyEstimate(1.0, 2.0, as_of_s=400.0)
    assert experience.silence_s(M, Category.CHAT, 0.9, stream=False) == 8.0
    assert experience.latency(M, Category.CHAT, 0.9).total_s == 8.0
    for _ in range(19):
        seen(experience, M, 1, total_s=2.0, at_s=500.0)
    assert experience.latency(M, Category.CHAT, 0.9).total_s == 2.0


def test_answers_in_one_piece_do_not_keep_an_old_first_content_in_mind() -> None:
    experience = Experience()
    seen(experience, M, 1, total_s=8.0)
    for at_s in (200.0, 400.0):
        experience.observe(
            M,
            Category.CHAT,
            ObservedAnswer(output_tokens=1, first_content_s=None, total_s=8.0, at_s=at_s),
        )

    assert experience.latency(M, Category.CHAT) == LatencyEstimate(None, 8.0, as_of_s=400.0)


def test_who_asks_after_a_pause_asks_for_all_and_nobody_else_need_for_five_minutes() -> None:
    experience = Experience()
    experience.asked(M, Category.CHAT, 0.0)  # nothing is known yet, and nothing noted
    seen(experience, M, 1, total_s=8.0)
    for now_s, as_of_s in ((299.0, 0.0), (301.0, 301.0), (600.0, 301.0), (602.0, 602.0)):
        assert experience.foreseen(M, Category.CHAT).latency.total_s == 8.0
        experience.asked(M, Category.CHAT, now_s)
        assert experience.foreseen(M, Category.CHAT).latency.as_of_s == as_of_s


HOURS_6_S = 6 * 3600.0


@pytest.mark.parametrize("later_s", [300.0, 300.0 + HOURS_6_S, 300.0 + 2 * HOURS_6_S, 1e12])
def test_an_old_latency_is_drawn_towards_the_usual_one_half_the_way_in_six_hours(
    later_s: float,
) -> None:
    experience = Experience(LengthPrior(tiers=(Tier(100.0, LatencyLine(2.0, 0.0, 0.5)),)))
    seen(experience, M, 1, total_s=8.0, at_s=1000.0)
    at_s, left = 1000.0 + later_s, 0.5 ** ((later_s - 300.0) / HOURS_6_S)

    latency = candidate_for(M, Features(1, Category.CHAT), experience, now_s=at_s).latency

    assert latency.total_s == pytest.approx(2.0 + left * 6.0)
    assert latency.first_content_s == pytest.approx(2.0 + left * 2.0)
    assert (latency.is_predicted, latency.as_of_s) == (False, 1000.0)


@given(usual_s=st.none() | st.floats(0, 100), seen_s=st.floats(0, 100), now_s=st.floats(-1e9, 1e9))
def test_an_old_latency_is_between_what_was_seen_and_what_is_usual(
    usual_s: float | None, seen_s: float, now_s: float
) -> None:
    held = LatencyEstimate(None, seen_s, as_of_s=0.0)
    assume(held.has_aged(now_s))

    aged = held.aged(LatencyEstimate(None, usual_s), now_s)

    low, high = sorted((usual_s or 0.0, seen_s))
    assert low <= (aged.total_s or 0.0) <= high + 1e-9
    assert aged.first_content_s is None


def test_silence_is_the_wait_for_the_first_content_or_for_a_whole_answer() -> None:
    experience = Experience()
    for _ in range(20):
        seen(experience, M, 1, total_s=4.0)

    assert experience.silence_s(M, Category.CHAT, 0.9, stream=True) == 2.0
    assert experience.silence_s(M, Category.CHAT, 0.9, stream=False) == 4.0
    assert experience.silence_s(OTHER, Category.CHAT, 0.9, stream=True) is None

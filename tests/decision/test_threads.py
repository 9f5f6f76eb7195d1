"""How far conversations are, what providers have of them, and how many more calls are to be expected."""

from hypothesis import given
from hypothesis import strategies as st

from router.decision.horizon import FURTHEST, Horizon
from router.decision.threads import HOUR_S, MINUTES_S, OVER_S, Threads
from router.domain.conversation import NOTHING_KEPT, Conversation, Kept
from router.domain.usage import NO_USAGE, Usage


def read(fresh: int, cached: int = 0, written: int = 0, hour: int = 0) -> Usage:
    return Usage(fresh, cached, written, 100, cache_write_1h_tokens=hour)


def answered(
    threads: Threads, usage: Usage, now_s: float = 0.0, place: str = "a", thread: str = "t"
) -> None:
    threads.answered(thread, place, usage, usage.input_tokens, now_s, has_tools=True)


def at(threads: Threads, tokens: int, now_s: float = 0.0, thread: str = "t") -> Conversation:
    return threads.conversation(thread, tokens, now_s, has_tools=True)


# ------------------------------------------------------------------------------ what is kept


def test_what_a_model_has_read_is_kept_for_five_minutes_from_its_last_use() -> None:
    threads = Threads()
    answered(threads, read(5000), now_s=0)
    assert at(threads, 6000, now_s=MINUTES_S - 1).at("a").tokens == 5000
    assert at(threads, 6000, now_s=MINUTES_S).at("a").tokens == 0

    answered(threads, read(1000, cached=5000), now_s=200)
    assert at(threads, 6500, now_s=MINUTES_S + 100).at("a").tokens == 6000
    assert at(threads, 6500).at("b").tokens == 0


def test_an_hour_that_was_paid_for_is_an_hour_with_each_use() -> None:
    threads = Threads()
    answered(threads, read(100, hour=4900), now_s=0)
    assert at(threads, 5000, now_s=HOUR_S - 1).at("a").tokens == 4900

    answered(threads, read(500, cached=4900), now_s=3000)
    assert at(threads, 5400, now_s=3000 + HOUR_S - 1).at("a").tokens == 5400


def test_where_writing_is_billed_only_what_was_written_or_read_is_kept() -> None:
    threads = Threads()
    answered(threads, read(1000, cached=5000, written=2000))

    assert at(threads, 9000).at("a").tokens == 7000


def test_an_answer_that_nobody_gets_is_no_call_but_its_prompt_was_read() -> None:
    threads = Threads()
    threads.answered("t", "b", read(5000), 5000, 0.0, has_tools=True, is_given=False)
    assert at(threads, 5000).turns == 0
    assert at(threads, 5000).at("b").tokens == 5000

    answered(threads, read(5000))
    threads.answered("t", "b", read(5000), 5000, 0.0, has_tools=True, is_given=False)
    answered(threads, read(6000))
    assert at(threads, 7000).turns == 2
    assert at(threads, 7000).growth == 1000


def test_nothing_is_cached_where_another_model_answers_now() -> None:
    threads = Threads()
    for place in ("a", "b"):
        answered(threads, read(5000), place=place)
        answered(threads, read(3000, cached=2000), place=place)
    threads.forget({"a"})

    assert at(threads, 6000).at("a") == NOTHING_KEPT
    assert at(threads, 6000).at("b").tokens == 5000


def test_a_prompt_that_no_provider_caches_is_not_kept() -> None:
    threads = Threads()
    answered(threads, read(1000))

    assert at(threads, 1100).at("a").tokens == 0


def test_of_a_history_that_was_rewritten_nothing_is_kept() -> None:
    threads = Threads()
    answered(threads, read(50_000))

    assert at(threads, 8000).at("a").tokens == 0


def test_a_provider_that_keeps_nothing_is_found_out() -> None:
    threads = Threads()
    for call in range(10):
        answered(threads, read(50_000 + call), now_s=call)

    assert at(threads, 50_010, now_s=11).at("a").reads < 0.05


def test_what_is_billed_as_written_is_found_out_too() -> None:
    threads = Threads()
    for call in range(10):
        answered(threads, read(10_000 + call), now_s=call)

    assert at(threads, 10_010, now_s=11).at("a").writes < 0.1


def test_an_upstream_that_tells_no_usage_says_nothing_of_its_cache() -> None:
    threads = Threads()
    for call in range(5):
        threads.answered("t", "a", NO_USAGE, 50_000, float(call), has_tools=True)

    assert at(threads, 50_000, now_s=6).at("a") == Kept(50_000)


def test_a_prefix_that_expired_says_nothing_against_a_provider() -> None:
    threads = Threads()
    for call in range(10):
        answered(threads, read(50_000 + call), now_s=call * 2 * MINUTES_S)

    assert at(threads, 50_010, now_s=21 * MINUTES_S).at("a").reads == 1.0


# --------------------------------------------------------------------------- how far it is


def test_calls_are_counted_and_so_is_what_each_adds() -> None:
    threads = Threads()
    for call in range(5):
        answered(threads, read(10_000 + 400 * call), now_s=call)

    found = at(threads, 12_000, now_s=6)
    assert (found.turns, found.growth) == (5, 400)


def test_a_chore_makes_a_conversation_no_longer_and_begins_none() -> None:
    threads = Threads()
    for thread in ("t", "chore"):
        if thread == "t":
            answered(threads, read(5000))
        threads.answered(thread, "b", read(5200), 5200, 1.0, has_tools=True, is_housekeeping=True)

    assert at(threads, 5300, now_s=2).turns == 1
    assert at(threads, 5300, now_s=2).at("b").tokens == 5200
    assert not threads.knows("chore")


def test_one_that_was_quiet_for_an_hour_has_ended_and_says_how_long_they_are() -> None:
    threads, other = Threads(), Threads()
    for call in range(200):
        answered(threads, read(5000 + call), now_s=call, thread="long")
    expected = at(other, 5000).ahead

    assert at(threads, 5000, now_s=200 + OVER_S).ahead > expected
    assert not threads.knows("long")


def test_a_stay_ends_where_another_model_takes_over() -> None:
    threads = Threads()
    before = at(threads, 5000).ahead
    for call in range(60):
        answered(threads, read(5000 + call), now_s=call, place="ab"[call % 2])

    assert at(threads, 5060, now_s=60).ahead < before / 2


@given(st.lists(st.sampled_from("abcdefgh"), max_size=60))
def test_no_more_conversations_are_remembered_than_there_is_room_for(names: list[str]) -> None:
    threads = Threads(most=3)
    for now_s, name in enumerate(names):
        answered(threads, read(2000), now_s=now_s, thread=name)

    assert len(threads) == min(3, len(set(names)))
    assert all(threads.knows(name) for name in names[-1:])


# -------------------------------------------------------------------------- how many more


def test_until_enough_have_ended_it_will_last_about_as_long_again() -> None:
    ahead = [Horizon().ahead(turns) for turns in (0, 8, 32, 100)]

    assert ahead == sorted(ahead)
    assert 4 < ahead[0] < 12
    assert 20 < ahead[2] < 60


def test_what_has_ended_is_what_is_expected() -> None:
    horizon = Horizon()
    for _ in range(400):
        horizon.ended(40)

    assert abs(horizon.ahead(0) - 39) < 6
    assert horizon.ahead(35) < 12


LENGTHS = st.lists(st.integers(1, 2000), max_size=600)


@given(LENGTHS, st.integers(0, 10_000))
def test_it_is_a_number_of_calls(lengths: list[int], turns: int) -> None:
    horizon = Horizon()
    for length in lengths:
        horizon.ended(length)

    assert 0.0 <= horizon.ahead(turns) <= FURTHEST


@given(LENGTHS.filter(lambda all_: len(all_) < 500), st.integers(1, 2000), st.integers(0, 2000))
def test_a_longer_one_never_lowers_what_is_expected_by_more_than_a_shorter(
    lengths: list[int], length: int, more: int
) -> None:
    longer, shorter = Horizon(), Horizon()
    for each in lengths:
        longer.ended(each)
        shorter.ended(each)
    longer.ended(length + more)
    shorter.ended(length)

    assert longer.ahead(0) >= shorter.ahead(0) - 1e-9

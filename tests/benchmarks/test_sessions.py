"""The sessions that rules are compared on: what is billed, and what Farthing's rule achieves."""

from random import Random

import pytest

from benchmarks.sessions.__main__ import made, ran
from benchmarks.sessions.provider import POOLS, Providers
from benchmarks.sessions.rules import RULES, Pool
from benchmarks.sessions.traces import LONGEST_TOKENS, SHAPES, Call, Shape, Turn, session

POOL = Pool(POOLS["several (5, 1, 0.6 and 0.25 USD)"])
LARGE = POOL.models["large"]


def call(tokens: int, at_s: float, thread: str = "t") -> Call:
    return Call(Turn.HUMAN, thread, tokens, 100, 0.5, 0.5, at_s)


def test_what_was_read_within_five_minutes_is_read_again_at_a_tenth() -> None:
    providers = Providers()
    first = providers.answer(LARGE, call(5000, 0))
    again = providers.answer(LARGE, call(6000, 299))
    cold = providers.answer(LARGE, call(7000, 700))

    assert (first.cache_write_tokens, first.cache_read_tokens) == (5000, 0)
    assert (again.cache_write_tokens, again.cache_read_tokens) == (1000, 5000)
    assert (cold.cache_write_tokens, cold.cache_read_tokens) == (7000, 0)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_a_session_is_one_of_an_agent(shape: Shape) -> None:
    calls = session(shape, "s", Random(7))

    assert {each.turn for each in calls} == {*Turn}
    assert [each.at_s for each in calls] == sorted(each.at_s for each in calls)
    wishes = [each for each in calls if each.turn is Turn.HUMAN]
    assert all(each.prompt_tokens < LONGEST_TOKENS + 1000 for each in wishes)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_farthing_is_cheaper_than_staying_and_than_a_switch_budget_and_never_too_weak(
    shape: Shape,
) -> None:
    sessions = made(shape, 8)
    ours, staying, budget, next_call, anew, best = (
        ran(RULES[name](POOL), sessions)
        for name in (
            "farthing",
            "stay, up only",
            "switch budget",
            "each wish by itself",
            "each call by itself",
            "always the best",
        )
    )

    assert ours.weak == staying.weak == budget.weak == 0
    assert ours.pico < budget.pico < staying.pico < best.pico
    assert ours.pico < 1.02 * next_call.pico
    assert anew.weak > 0

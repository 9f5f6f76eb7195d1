"""Slots for calls in progress, also while the limit changes."""

import asyncio

from router.domain.limits import Limits
from router.domain.members import replace
from router.domain.model import Model
from router.pipeline.slots import Slots
from tests.dispatch.model_kit import a_model


def at_most(in_flight: int | None) -> Model:
    return replace(a_model("a"), limits=Limits(in_flight=in_flight))


async def waiting(slots: Slots, model: Model, count: int) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(slots.wait(model)) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


async def served(tasks: list[asyncio.Task[None]]) -> int:
    await asyncio.sleep(0)
    return sum(task.done() for task in tasks)


async def test_a_place_is_handed_on_in_the_order_of_asking() -> None:
    slots, model = Slots(), at_most(1)
    assert slots.take_now(model)
    assert not slots.take_now(model)
    first, second = await waiting(slots, model, 2)
    slots.give(model)
    await first
    assert not second.done()
    slots.give(model)
    await second
    slots.give(model)
    assert slots.take_now(model)


async def test_whoever_leaves_the_line_is_passed_over() -> None:
    slots, model = Slots(), at_most(1)
    assert slots.take_now(model)
    first, second = await waiting(slots, model, 2)
    first.cancel()
    await asyncio.wait([first])
    slots.give(model)
    await second
    slots.give(model)
    assert slots.take_now(model)


async def test_whoever_leaves_at_the_moment_when_the_place_comes_hands_it_on() -> None:
    slots, model = Slots(), at_most(1)
    assert slots.take_now(model)
    first, second = await waiting(slots, model, 2)
    slots.give(model)
    first.cancel()
    await asyncio.wait([first])
    await second


async def test_under_a_lower_limit_places_are_not_handed_on_until_there_are_few_enough() -> None:
    slots = Slots()
    assert [slots.take_now(at_most(3)) for _ in range(3)] == [True] * 3
    assert not slots.take_now(at_most(1))
    line = await waiting(slots, at_most(1), 2)
    handed_on = []
    for _ in range(3):
        slots.give(at_most(3))
        handed_on.append(await served(line))

    assert handed_on == [0, 0, 1]
    slots.give(at_most(1))
    assert await served(line) == 2


async def test_under_a_higher_limit_all_for_whom_there_is_room_get_a_place() -> None:
    slots = Slots()
    assert slots.take_now(at_most(1))
    old = await waiting(slots, at_most(1), 1)
    new = await waiting(slots, at_most(3), 3)
    slots.give(at_most(1))

    assert await served(old) == 1
    assert await served(new) == 2

"""Long work leaves others their turn; short work is done at once."""

import asyncio

from router.domain.turns import Turns
from router.pipeline.in_turns import in_turns, turn_after
from router.wire.parted import LONG_BYTES


def work(parts: int, done: list[str]) -> Turns[str]:
    for part in range(parts):
        done.append(f"part {part}")
        yield
    return "result"


async def beside(done: list[str], turns: int) -> None:
    for turn in range(turns):
        done.append(f"turn {turn}")
        await asyncio.sleep(0)


async def test_between_two_parts_everybody_else_has_a_turn() -> None:
    done = list[str]()
    other = asyncio.create_task(beside(done, 2))
    assert await in_turns(work(3, done)) == "result"
    await other
    assert done == ["part 0", "turn 0", "part 1", "turn 1", "part 2"]


async def test_work_of_one_part_waits_for_nobody() -> None:
    done = list[str]()
    other = asyncio.create_task(beside(done, 1))
    assert await in_turns(work(0, done)) == "result"
    assert done == []
    await other


async def test_after_a_step_of_a_large_request_there_is_a_turn_and_after_one_of_a_small_there_is_none() -> (
    None
):
    done = list[str]()
    other = asyncio.create_task(beside(done, 1))
    await turn_after(LONG_BYTES)
    assert done == []
    await turn_after(LONG_BYTES + 1)
    assert done == ["turn 0"]
    await other

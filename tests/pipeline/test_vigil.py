"""One timer watches wait after wait, and interrupts none but the one that takes too long."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import pytest

from router.pipeline.vigil import Vigil

_T = TypeVar("_T")


async def within(vigil: Vigil, delay_s: float, wait: Awaitable[_T]) -> _T:
    with vigil.within(delay_s):
        return await wait


async def soon(value: int) -> int:
    await asyncio.sleep(0)
    return value


async def test_a_wait_in_time_brings_what_it_waited_for() -> None:
    vigil = Vigil()

    assert [await within(vigil, 60, soon(each)) for each in range(3)] == [0, 1, 2]
    vigil.close()


async def test_a_wait_that_takes_too_long_is_cancelled() -> None:
    vigil, never = Vigil(), asyncio.Event()
    await within(vigil, 60, soon(1))

    with pytest.raises(TimeoutError):
        await within(vigil, 0.01, never.wait())
    assert await within(vigil, 60, soon(2)) == 2
    vigil.close()


async def test_time_that_was_over_for_an_earlier_wait_ends_no_later_one() -> None:
    vigil, loop, news = Vigil(), asyncio.get_running_loop(), asyncio.Event()
    await within(vigil, 0.01, soon(1))
    loop.call_later(0.03, news.set)

    assert await within(vigil, 60, news.wait())
    vigil.close()


async def test_time_that_passes_between_waits_does_not_count() -> None:
    vigil = Vigil()
    await within(vigil, 0.001, soon(1))
    await asyncio.sleep(0.01)

    assert await within(vigil, 60, soon(2)) == 2
    vigil.close()


async def test_whoever_cancels_a_wait_is_obeyed() -> None:
    vigil = Vigil()
    task = asyncio.create_task(within(vigil, 60, asyncio.Event().wait()))
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    vigil.close()


async def test_what_fails_while_it_is_waited_for_is_raised() -> None:
    async def fails() -> None:
        raise ValueError("no")

    vigil = Vigil()
    with pytest.raises(ValueError, match="no"):
        await within(vigil, 60, fails())
    vigil.close()

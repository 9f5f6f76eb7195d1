"""One timer watches wait after wait, and interrupts none but the one that takes too long."""

import asyncio
import socket
from collections.abc import Awaitable
from typing import TypeVar

import pytest

from router.pipeline.time_limit import GRACE_S, Pulse, TimeLimit, at_most
from tests.clock import Clock

_T = TypeVar("_T")


async def within(time_limit: TimeLimit, delay_s: float, wait: Awaitable[_T]) -> _T:
    with time_limit.within(delay_s):
        return await wait


async def soon(value: int) -> int:
    await asyncio.sleep(0)
    return value


async def test_a_wait_in_time_brings_what_it_waited_for() -> None:
    time_limit = TimeLimit()

    assert [await within(time_limit, 60, soon(each)) for each in range(3)] == [0, 1, 2]
    time_limit.close()


async def test_a_wait_that_takes_too_long_is_cancelled() -> None:
    time_limit, never = TimeLimit(), asyncio.Event()
    await within(time_limit, 60, soon(1))

    with pytest.raises(TimeoutError):
        await within(time_limit, 0.01, never.wait())
    assert await within(time_limit, 60, soon(2)) == 2
    time_limit.close()


async def test_time_that_was_over_for_an_earlier_wait_ends_no_later_one() -> None:
    time_limit, loop, news = TimeLimit(), asyncio.get_running_loop(), asyncio.Event()
    await within(time_limit, 0.01, soon(1))
    loop.call_later(0.03, news.set)

    assert await within(time_limit, 60, news.wait())
    time_limit.close()


async def test_time_that_passes_between_waits_does_not_count() -> None:
    time_limit = TimeLimit()
    await within(time_limit, 0.001, soon(1))
    await asyncio.sleep(0.01)

    assert await within(time_limit, 60, soon(2)) == 2
    time_limit.close()


async def test_whoever_cancels_a_wait_is_obeyed() -> None:
    time_limit = TimeLimit()
    task = asyncio.create_task(within(time_limit, 60, asyncio.Event().wait()))
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    time_limit.close()


async def test_what_fails_while_it_is_waited_for_is_raised() -> None:
    async def fails() -> None:
        raise ValueError("no")

    time_limit = TimeLimit()
    with pytest.raises(ValueError, match="no"):
        await within(time_limit, 60, fails())
    time_limit.close()


class StoppedLoop:
    """The time of the running loop, which stands still until it is moved; a loop that was stopped finds it moved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = Clock()
        monkeypatch.setattr(asyncio.get_running_loop(), "time", self.clock)

    async def goes_on(self, after_s: float) -> None:
        """Move the time, and let the loop run its timers and read what has come."""
        self.clock.now_s += after_s
        for _ in range(4):
            await asyncio.sleep(0)


async def test_what_came_while_the_process_was_stopped_is_read_though_time_is_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    loop, time_limit = StoppedLoop(monkeypatch), TimeLimit()
    reading = asyncio.create_task(within(time_limit, 60, reader.read(100)))
    await loop.goes_on(1)

    theirs.send(b"news")
    await loop.goes_on(600)

    assert await reading == b"news"
    time_limit.close()
    writer.close()
    theirs.close()


async def test_what_does_not_come_then_either_has_taken_too_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop, time_limit = StoppedLoop(monkeypatch), TimeLimit()
    waiting = asyncio.create_task(within(time_limit, 60, asyncio.Event().wait()))
    await loop.goes_on(0)
    await loop.goes_on(600)
    await loop.goes_on(GRACE_S / 2)
    assert not waiting.done()

    await loop.goes_on(GRACE_S)

    with pytest.raises(TimeoutError):
        await waiting
    time_limit.close()


async def test_a_process_that_is_always_late_ends_a_wait_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop, time_limit = StoppedLoop(monkeypatch), TimeLimit()
    waiting = asyncio.create_task(within(time_limit, 60, asyncio.Event().wait()))
    await loop.goes_on(0)
    for _ in range(2):
        await loop.goes_on(600)

    with pytest.raises(TimeoutError):
        await waiting
    time_limit.close()


async def test_a_timer_that_is_hardly_late_ends_a_wait_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = StoppedLoop(monkeypatch)

    async def waits() -> None:
        with at_most(60):
            await asyncio.Event().wait()

    waiting = asyncio.create_task(waits())
    await loop.goes_on(0)
    await loop.goes_on(60.1)

    with pytest.raises(TimeoutError):
        await waiting


async def test_a_wait_that_begins_when_its_time_was_long_up_is_not_prolonged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = StoppedLoop(monkeypatch)

    async def waits() -> None:
        with at_most(-60):
            await asyncio.Event().wait()

    waiting = asyncio.create_task(waits())
    await loop.goes_on(0)
    await loop.goes_on(0)
    assert waiting.done()

    with pytest.raises(TimeoutError):
        await waiting


async def test_that_the_process_was_stopped_is_told_before_what_has_come_is_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    loop, told = StoppedLoop(monkeypatch), list[str]()
    pulse = Pulse(lambda: told.append("woke"), loop.clock)

    async def read() -> None:
        await reader.read()
        told.append("read")

    reading = asyncio.create_task(read())
    for _ in range(8):
        await loop.goes_on(0.25)
    assert told == []

    theirs.close()
    await loop.goes_on(600)
    await reading

    assert told == ["woke", "read"]
    pulse.close()
    writer.close()

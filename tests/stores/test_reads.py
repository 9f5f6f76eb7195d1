"""Reads of a database that hangs: nobody waits for them for ever, and nothing else does."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from router.app.reads import ReadsInTime, read_apart


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    """A read that waits for this hangs until the test is over, or lets it go."""
    event = threading.Event()
    yield event
    event.set()


async def test_a_late_read_is_not_waited_for_and_no_other_begins_before_it_has_ended(
    hanging: threading.Event,
) -> None:
    in_time = ReadsInTime(within_s=0.05)
    with pytest.raises(TimeoutError):
        await in_time(hanging.wait)
    begun: list[bool] = []
    with pytest.raises(TimeoutError):
        await in_time(lambda: begun.append(True))
    assert begun == []

    hanging.set()
    async with asyncio.timeout(20):
        while True:
            try:
                assert await in_time(lambda: 7) == 7
                return
            except TimeoutError:
                await asyncio.sleep(0)


async def test_what_a_read_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        await ReadsInTime()(lambda: 1 // 0)


async def test_any_number_of_reads_that_hang_leave_threads_to_others(
    hanging: threading.Event,
) -> None:
    reads = [asyncio.create_task(read_apart(hanging.wait)) for _ in range(50)]
    assert await asyncio.to_thread(lambda: 7) == 7
    hanging.set()
    assert await asyncio.gather(*reads) == [True] * 50

"""Commands to Redis that wait at the same time are sent together, and each gets its own reply."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.stores.redis.batches import MOST_AT_ONCE, SENDERS, Batches, Words
from router.stores.redis.link import RedisAway
from tests.stores.waiting import until


class Road:
    """Sends commands when it is told to, and answers each with its own words."""

    def __init__(self, *, is_open: bool = False) -> None:
        self.batches: list[list[Words]] = []
        self.until_s: list[float] = []
        self.under_way = 0
        self.most_under_way = 0
        self.error: type[Exception] | None = None
        self._open = asyncio.Event()
        if is_open:
            self._open.set()

    async def carry(self, commands: Sequence[Words], until_s: float) -> Sequence[Any]:
        self.batches.append(list(commands))
        self.until_s.append(until_s)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await self._open.wait()
            await asyncio.sleep(0)
        finally:
            self.under_way -= 1
        if self.error is not None:
            raise self.error
        return [("reply", *words) for words in commands]

    def open(self) -> None:
        self._open.set()


def batches(road: Road) -> Batches:
    return Batches(road.carry, timeout_s=5.0)


def size_of(words: Words) -> int:
    """The bytes of a command's words."""
    return sum(len(word) for word in words if isinstance(word, str | bytes))


async def begun(sending: Batches, *commands: Words) -> list["asyncio.Task[Any]"]:
    """These commands, sent one after the other, none of them answered yet."""
    tasks = []
    for words in commands:
        tasks.append(asyncio.create_task(sending.reply(words)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    return tasks


async def test_what_comes_while_others_travel_goes_together() -> None:
    road = Road()
    sending = batches(road)
    tasks = await begun(sending, *(("GET", number) for number in range(20)))
    road.open()

    assert await asyncio.gather(*tasks) == [("reply", "GET", number) for number in range(20)]
    assert [len(batch) for batch in road.batches] == [1, 1, 16, 2]
    assert road.most_under_way == SENDERS == 2


@given(
    sizes=st.lists(st.integers(0, 200_000), min_size=1, max_size=60),
    leaving=st.sets(st.integers(0, 59)),
)
def test_each_gets_its_own_reply_and_no_batch_is_too_large(
    sizes: list[int], leaving: set[int]
) -> None:
    async def play() -> None:
        road = Road()
        sending = batches(road)
        tasks = [
            asyncio.create_task(sending.reply(("SET", number, b"x" * size)))
            for number, size in enumerate(sizes)
        ]
        await asyncio.sleep(0)
        for number in leaving & set(range(len(tasks))):
            tasks[number].cancel()
        road.open()
        replies = await asyncio.gather(*tasks, return_exceptions=True)

        for number, reply in enumerate(replies):
            if number not in leaving:
                assert isinstance(reply, tuple)
                assert reply[:3] == ("reply", "SET", number)
        for batch in road.batches:
            assert len(batch) <= MOST_AT_ONCE
            assert len(batch) == 1 or sum(map(size_of, batch)) <= 2**18
        numbers = [words[1] for batch in road.batches for words in batch]
        assert sorted(numbers) == sorted(set(numbers)), "sent twice"

    asyncio.run(play())


async def test_whoever_leaves_before_its_turn_is_not_sent() -> None:
    road = Road()
    sending = batches(road)
    tasks = await begun(sending, *(("GET", number) for number in range(5)))
    tasks[2].cancel()
    road.open()
    replies = await asyncio.gather(*tasks, return_exceptions=True)

    assert isinstance(replies[2], asyncio.CancelledError)
    assert ("GET", 2) not in road.batches[2]


async def test_a_batch_that_fails_fails_for_all_of_it_and_for_nobody_else() -> None:
    road = Road()
    sending = batches(road)
    tasks = await begun(sending, *(("GET", number) for number in range(4)))
    road.error = RedisAway
    road.open()
    errors = await asyncio.gather(*tasks, return_exceptions=True)
    road.error = None

    assert [type(error) for error in errors] == [RedisAway] * 4
    assert len({id(error) for error in errors}) == 4, "each has a traceback of its own"
    assert await sending.reply(("GET", 9)) == ("reply", "GET", 9)


async def test_time_runs_from_when_a_command_came() -> None:
    road = Road()
    sending = batches(road)
    before_s = asyncio.get_running_loop().time()
    tasks = await begun(sending, ("GET", 0), ("GET", 1), ("GET", 2))
    after_s = asyncio.get_running_loop().time()
    road.open()
    await asyncio.gather(*tasks)

    assert len(road.until_s) == 3
    assert all(before_s + 5 <= until_s <= after_s + 5 for until_s in road.until_s)


async def test_for_whom_there_was_no_turn_in_time_time_is_over_and_for_the_others_it_is_not() -> (
    None
):
    road = Road()
    sending = Batches(road.carry, timeout_s=0.2)
    early = await begun(sending, *(("GET", number) for number in range(3)))
    await until(lambda: asyncio.get_running_loop().time() > road.until_s[1] + 0.05)
    late = await begun(sending, ("GET", 3), ("GET", 4))
    road.open()

    assert isinstance((await asyncio.gather(early[2], return_exceptions=True))[0], TimeoutError)
    assert await asyncio.gather(*late) == [("reply", "GET", 3), ("reply", "GET", 4)]
    assert road.batches[2] == [("GET", 3), ("GET", 4)]
    await asyncio.gather(*early, return_exceptions=True)


async def test_closing_waits_for_what_was_sent() -> None:
    road = Road()
    sending = batches(road)
    tasks = await begun(sending, ("SET", "a", 1), ("SET", "b", 2))
    closing = asyncio.create_task(sending.close())
    await until(lambda: road.under_way == 2)
    assert not closing.done()
    road.open()
    await closing

    assert await asyncio.gather(*tasks) == [("reply", "SET", "a", 1), ("reply", "SET", "b", 2)]


@pytest.mark.parametrize("many", [1, 40])
async def test_nothing_is_left_behind(many: int) -> None:
    road = Road(is_open=True)
    sending = batches(road)
    await asyncio.gather(*(sending.reply(("GET", number)) for number in range(many)))
    await sending.close()

    assert len([task for task in asyncio.all_tasks() if "_travel" in repr(task)]) == 0

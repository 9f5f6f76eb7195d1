"""A stream that several clients read at once."""

import asyncio

import pytest

from router.pipeline.listener import Listener
from router.pipeline.relay import Broadcast, Patience
from router.wire.sse import DONE
from tests.pipeline.relay_kit import REMARK, USAGE, Canned, Client, collect, ends, says


class Pushed(Canned):
    """A response whose pieces come when the test says so."""

    def __init__(self) -> None:
        super().__init__([])
        self._queue: asyncio.Queue[bytes] = asyncio.Queue()
        self.waits = 0

    def push(self, *pieces: bytes) -> None:
        for piece in pieces:
            self._queue.put_nowait(piece)

    async def __anext__(self) -> bytes:
        self.waits += 1
        if piece := await self._queue.get():
            return piece
        raise StopAsyncIteration


WORDS = [says(word) for word in "a stream that many read at once".split()]


def joined(broadcast: Broadcast, client: Client) -> "asyncio.Task[bytes]":
    """One more who reads from the first event on, to the end."""
    return asyncio.create_task(collect(broadcast.reading(broadcast.enter(), client.reader())))


async def settled(response: Pushed) -> None:
    """Let everything run that can, up to where somebody waits for the next piece."""
    for _ in range(20):
        await asyncio.sleep(0)
    assert response.waits


async def test_all_who_read_get_everything_and_the_upstream_is_read_once() -> None:
    response = Pushed()
    client = Client(response)
    response.push(WORDS[0])
    broadcast = await client.broadcast()
    reading = [joined(broadcast, client) for _ in range(100)]
    for word in WORDS[1:]:
        response.push(word)
        await settled(response)
    late = joined(broadcast, client)
    response.push(ends(), USAGE, DONE)

    got = await asyncio.gather(*reading, late)
    assert set(got) == {b"".join(WORDS) + ends() + USAGE + REMARK + DONE}
    assert client.ending == (1, 0, 1, 1)
    assert (client.books.kept, response.waits) == (1, len(WORDS) + 3)


async def test_who_leaves_while_reading_for_all_is_followed_by_another() -> None:
    response = Pushed()
    client = Client(response)
    response.push(WORDS[0])
    broadcast = await client.broadcast()
    reading = [joined(broadcast, client) for _ in range(3)]
    for leaving in reading[:2]:
        await settled(response)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
    response.push(WORDS[1], ends(), DONE)

    assert await reading[2] == WORDS[0] + WORDS[1] + ends() + REMARK + DONE
    assert client.reasons == ["client_left"] * 2
    assert client.ending == (1, 0, 1, 1)


async def test_when_all_have_left_the_stream_is_abandoned() -> None:
    response = Pushed()
    client = Client(response)
    response.push(WORDS[0])
    broadcast = await client.broadcast()
    reading = [joined(broadcast, client) for _ in range(3)]
    await settled(response)
    for leaving in reading:
        leaving.cancel()
    await asyncio.gather(*reading, return_exceptions=True)

    assert client.ending == (0, 1, 1, 1)
    assert not broadcast.is_whole


async def test_a_client_that_reads_slowly_holds_nobody_up() -> None:
    response = Pushed()
    client = Client(response)
    response.push(WORDS[0])
    broadcast = await client.broadcast()
    slow = broadcast.reading(broadcast.enter(), client.reader())
    assert await anext(slow) == WORDS[0]
    quick = joined(broadcast, client)
    response.push(*WORDS[1:], ends(), DONE)

    whole = b"".join(WORDS) + ends() + REMARK + DONE
    assert await quick == whole
    assert WORDS[0] + await collect(slow) == whole


async def test_the_seconds_in_which_nobody_takes_what_has_come_are_counted() -> None:
    now_s, response = 0.0, Pushed()
    client = Client(response)
    client.patience = Patience(60, 60, lambda: now_s)
    response.push(WORDS[0])
    broadcast = await client.broadcast()
    pieces = broadcast.reading(broadcast.enter(), client.reader())
    assert await anext(pieces) == WORDS[0]
    now_s = 3.0
    waiting = asyncio.create_task(collect(pieces))
    await asyncio.sleep(0)
    now_s = 10.0  # this time, it is the model that takes seven seconds
    response.push(*WORDS[1:], ends(), DONE)
    await waiting

    assert client.listener.heard.held_s == 3.0


async def test_a_silent_stream_is_given_up_by_all_at_the_same_time() -> None:
    client = Client(Canned([says("one")], stalls=True), stall_s=0.05)
    broadcast = await client.broadcast()
    began_s = asyncio.get_running_loop().time()
    got = await asyncio.gather(
        *(collect(broadcast.reading(broadcast.enter(), client.reader())) for _ in range(20))
    )
    assert all(b"sent nothing for 0.05 s" in each for each in got)
    assert asyncio.get_running_loop().time() - began_s < 10 * 0.05
    assert client.response.closed == 1


async def test_whose_own_time_is_up_leaves_the_stream_to_the_others() -> None:
    response = Pushed()
    client = Client(response)
    hasty = Client(response, deadline_s=0.02)
    response.push(WORDS[0])
    broadcast = await client.broadcast()
    patient = joined(broadcast, client)
    got = await collect(broadcast.reading(broadcast.enter(), hasty.reader()))
    assert b"was interrupted" in got
    assert hasty.reasons == ["timeout"]
    response.push(ends(), DONE)
    assert await patient == WORDS[0] + ends() + REMARK + DONE


async def test_what_is_too_long_to_keep_is_forgotten_as_it_passes() -> None:
    response = Pushed()
    client = Client(response)
    client.listener = Listener(len(WORDS[0]))
    response.push(WORDS[0])
    broadcast = await client.broadcast()
    first = broadcast.reading(broadcast.enter(), client.reader())
    assert await anext(first) == WORDS[0]
    could_be_had = [broadcast.is_whole]
    response.push(WORDS[1], WORDS[2], ends(), DONE)
    assert await anext(first) == WORDS[1]
    assert [*could_be_had, broadcast.is_whole] == [True, False]
    assert await collect(first) == WORDS[2] + ends() + REMARK + DONE


async def test_who_falls_too_far_behind_is_let_go() -> None:
    response = Pushed()
    client, slow = Client(response), Client(response)
    client.listener = Listener(1000)
    response.push(WORDS[0])
    broadcast = await client.broadcast()
    behind = broadcast.reading(broadcast.enter(), slow.reader())
    assert await anext(behind) == WORDS[0]
    quick = joined(broadcast, client)
    response.push(*[says("x" * 2**20)] * 18, ends(), DONE)

    assert len(await quick) > 18 * 2**20
    assert b"read too slowly" in await collect(behind)
    assert slow.reasons == ["timeout"]

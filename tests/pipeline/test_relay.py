"""What becomes of a stream after its first content: whole, cut, malformed, late, abandoned."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import orjson
import pytest

from router.domain.fault import AttemptFailed, FaultKind
from router.pipeline.listener import Listener
from router.pipeline.opened import OpenedStream
from router.pipeline.relay import Broadcast, Patience, StreamClient
from router.wire.answer import read_event
from router.wire.sse import DONE, event_of


class Canned:
    """A response that sends these pieces; implements `router.ports.Response`."""

    def __init__(
        self, pieces: Iterable[bytes], *, breaks: bool = False, stalls: bool = False
    ) -> None:
        self._pieces = list(pieces)
        self._breaks = breaks
        self._stalls = stalls
        self.closed = 0

    @property
    def is_stream(self) -> bool:
        return True

    async def read(self) -> bytes:
        return b"".join(self._pieces)

    def pieces(self) -> AsyncIterator[bytes]:
        return self

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._pieces:
            return self._pieces.pop(0)
        if self._breaks:
            raise AttemptFailed.transient("the connection broke", "connection_broken")
        if self._stalls:
            await asyncio.Event().wait()
        raise StopAsyncIteration

    async def close(self) -> None:
        self.closed += 1


def says(text: str, index: int = 0) -> bytes:
    return event_of(orjson.dumps({"choices": [{"index": index, "delta": {"content": text}}]}))


def ends(index: int = 0) -> bytes:
    choice = {"index": index, "delta": {}, "finish_reason": "stop"}
    return event_of(orjson.dumps({"choices": [choice]}))


USAGE = event_of(
    orjson.dumps({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 5}})
)
REMARK = b": settled\n\n"


class Books:
    """Counts what a stream's owner is told; implements `router.pipeline.relay.Owner`."""

    def __init__(self) -> None:
        self.settled = 0
        self.kept = 0
        self.abandoned = 0

    def close_books(self, listener: Listener) -> None:
        self.settled += 1

    async def keep(self, listener: Listener) -> None:
        self.kept += 1

    def abandon(self, listener: Listener) -> None:
        self.abandoned += 1


class Client:
    """Reads a stream; records what came and what was settled."""

    def __init__(self, response: Canned, *, deadline_s: float = 60, stall_s: float = 60) -> None:
        self.response = response
        self.listener = Listener(2**18)
        self.books = Books()
        self.released = 0
        self.reasons: list[str] = []
        self.patience = Patience(stall_s, deadline_s, lambda: 0.0)

    @property
    def ending(self) -> tuple[int, int, int, int]:
        """How often it was settled, abandoned, released and closed."""
        return self.books.settled, self.books.abandoned, self.released, self.response.closed

    async def broadcast(self) -> Broadcast:
        opened = OpenedStream(self.response, self._release)
        await opened.until_content()
        return Broadcast(opened, self.listener, self.books)

    def reader(self, *, shows_usage: bool = True) -> StreamClient:
        return StreamClient(shows_usage, self.patience, self._finish, self.reasons.append)

    async def read(self, *, at_most: int = 1000, shows_usage: bool = True) -> bytes:
        broadcast = await self.broadcast()
        pieces = broadcast.reading(broadcast.enter(), self.reader(shows_usage=shows_usage))
        got = [piece async for piece in _first(pieces, at_most)]
        await pieces.aclose()
        return b"".join(got)

    def _release(self) -> None:
        self.released += 1

    async def _finish(self) -> bytes:
        return REMARK


async def _first(pieces: AsyncIterator[bytes], count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        try:
            yield await anext(pieces)
        except StopAsyncIteration:
            return


async def test_a_whole_stream_passes_unchanged_and_is_settled_before_done() -> None:
    client = Client(Canned([says("one"), says("two"), ends(), USAGE, DONE]))
    assert await client.read() == says("one") + says("two") + ends() + USAGE + REMARK + DONE
    assert client.ending == (1, 0, 1, 1)
    assert client.listener.heard.usage is not None


async def test_events_that_come_at_once_go_on_at_once() -> None:
    client = Client(Canned([says("one"), says("two") + says("three"), says("four"), ends(), DONE]))
    broadcast = await client.broadcast()
    got = [piece async for piece in broadcast.reading(broadcast.enter(), client.reader())]

    assert got == [says("one"), says("two") + says("three"), says("four"), ends(), REMARK + DONE]
    assert client.listener.last == ends()


async def test_words_are_counted_up_to_where_the_client_leaves() -> None:
    client = Client(Canned([says("one"), says("two") + says("three"), says("four"), ends(), DONE]))
    await client.read(at_most=2)

    assert client.listener.heard.output_chars == len("onetwothree")
    assert client.listener.last == says("three")


async def test_usage_that_was_not_asked_for_is_heard_and_not_shown() -> None:
    client = Client(Canned([says("one"), ends(), USAGE, DONE]))
    assert USAGE not in await client.read(shows_usage=False)
    assert client.listener.heard.usage is not None


@pytest.mark.parametrize(
    "response",
    [
        Canned([says("one")]),
        Canned([says("one")], breaks=True),
        Canned([says("one"), event_of(b"{nonsense")]),
        Canned([says("one") + event_of(b"{nonsense") + says("two"), ends(), DONE]),
        Canned([says("one"), event_of(b'{"error": {"message": "overloaded"}}'), DONE]),
        Canned([says("one"), says("other", 1), ends(0)]),
    ],
    ids=["closed", "broken", "malformed", "malformed at once", "error event", "one choice of two"],
)
async def test_a_broken_stream_ends_in_an_error_event_and_never_in_done(response: Canned) -> None:
    client = Client(response)
    got = await client.read()
    assert got.startswith(says("one"))
    assert b"two" not in got
    assert DONE not in got
    last = orjson.loads(got.rstrip().rsplit(b"data: ", 1)[1])
    assert last["error"]["code"] == "stream_cut"
    assert client.ending == (1, 0, 1, 1)


async def test_comments_before_the_content_reach_the_client_as_they_came() -> None:
    comments = b": processing\n\n" * 3
    assert (await Client(Canned([comments, says("one"), ends(), DONE])).read()).startswith(
        comments + says("one")
    )


@pytest.mark.parametrize(
    "event",
    [b": " + b"x" * 2**18 + b"\n\n", event_of(b'{"id":"%s","choices":[{}]}' % (b"x" * 2**18))],
    ids=["comments", "empty chunks"],
)
async def test_what_is_held_back_before_the_content_has_an_end(event: bytes) -> None:
    pieces = [event] * (32 * 2**20 // len(event))
    response = Canned([*pieces, says("one"), ends(), DONE])
    with pytest.raises(AttemptFailed, match="without content") as failed:
        await OpenedStream(response, lambda: None).until_content()

    fault = failed.value.fault
    assert (fault.kind, fault.code) == (FaultKind.TRANSIENT, "malformed_answer")
    assert len(await response.read()) > 15 * 2**20


async def test_thoughts_that_are_hidden_in_thousands_of_empty_chunks_may_take_their_time() -> None:
    thoughts = says("") * 30_000
    opened = OpenedStream(Canned([thoughts, says("one")]), lambda: None)
    await opened.until_content()

    assert opened.beginning == thoughts + says("one")


async def test_a_stream_of_more_choices_than_anybody_asks_for_is_malformed() -> None:
    client = Client(Canned([b"".join(says("x", index) for index in range(n)) for n in (1, 9000)]))
    got = await client.read()

    assert b"more than 4096 choices" in got
    assert got.count(b'"content":"x"') < 5000
    assert client.listener.error_code == "malformed_answer"


def test_what_is_heard_of_choices_grows_in_place() -> None:
    """A copy of it for each event would take as long as all events before it together."""
    listener = Listener(0)
    begun, finished, reasons = listener.begun, listener.finished, listener.finish_reasons
    listener.hear([read_event(each(index)) for index in range(9) for each in (_says, ends)])

    assert begun is listener.begun
    assert finished is listener.finished
    assert reasons is listener.finish_reasons
    assert begun == finished == set(range(9))
    assert listener.heard.finish_reasons == {"stop"}


def _says(index: int) -> bytes:
    return says("x", index)


@pytest.mark.parametrize("tail", [[], [DONE], [DONE, DONE]], ids=["none", "one", "two"])
async def test_done_is_sent_once_however_often_the_upstream_sends_it(tail: list[bytes]) -> None:
    got = await Client(Canned([says("one"), ends(), *tail])).read()
    assert got.count(b"[DONE]") == 1
    assert got.endswith(DONE)


async def test_a_stalled_stream_is_given_up() -> None:
    client = Client(Canned([says("one")], stalls=True), stall_s=0.01)
    assert b"sent nothing for 0.01 s" in await client.read()


async def test_the_requests_deadline_ends_a_stream_too() -> None:
    client = Client(Canned([says("one")], stalls=True), deadline_s=0.01)
    assert b"was interrupted" in await client.read()


class Mistaken(Canned):
    """A response in which a mistake of ours shows after its pieces."""

    async def __anext__(self) -> bytes:
        if self._pieces:
            return await super().__anext__()
        raise RuntimeError("nobody has thought of that")


@pytest.mark.parametrize("is_in_words", [True, False])
async def test_a_mistake_of_ours_ends_a_stream_for_all_who_read_it(
    monkeypatch: pytest.MonkeyPatch, is_in_words: bool
) -> None:
    client = Client(Canned([says("one"), says("two")]) if is_in_words else Mistaken([says("one")]))
    broadcast = await client.broadcast()

    def hear_words(*_: object) -> None:
        raise TypeError("unhashable")

    monkeypatch.setattr(Listener, "hear_words", hear_words)
    reading = [broadcast.reading(broadcast.enter(), client.reader()) for _ in range(2)]
    got = await asyncio.gather(*map(collect, reading))
    for each in got:
        assert each.startswith(says("one"))
        assert b"Farthing failed" in each.removeprefix(says("one"))
        assert DONE not in each
    assert client.listener.error_code == "internal_error"
    assert (client.ending, client.reasons) == ((1, 0, 1, 1), [])


async def test_a_client_that_leaves_abandons_the_stream_and_gives_the_place_back() -> None:
    client = Client(Canned([says("one"), says("two"), ends(), DONE]))
    assert await client.read(at_most=1) == says("one")
    assert client.ending == (0, 1, 1, 1)
    assert client.reasons == ["client_left"]


async def test_a_client_that_leaves_while_the_books_are_written_is_not_booked_twice() -> None:
    writing = asyncio.Event()

    class Slow(Client):
        async def _finish(self) -> bytes:
            writing.set()
            await asyncio.Event().wait()
            return b""

    client = Slow(Canned([says("one"), ends(), DONE]))
    task = asyncio.create_task(client.read())
    await writing.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert client.ending == (1, 0, 1, 1)


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


async def collect(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


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
    reading = [
        asyncio.create_task(collect(broadcast.reading(broadcast.enter(), client.reader())))
        for _ in range(100)
    ]
    for word in WORDS[1:]:
        response.push(word)
        await settled(response)
    late = asyncio.create_task(collect(broadcast.reading(broadcast.enter(), client.reader())))
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
    reading = [
        asyncio.create_task(collect(broadcast.reading(broadcast.enter(), client.reader())))
        for _ in range(3)
    ]
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
    reading = [
        asyncio.create_task(collect(broadcast.reading(broadcast.enter(), client.reader())))
        for _ in range(3)
    ]
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
    quick = asyncio.create_task(collect(broadcast.reading(broadcast.enter(), client.reader())))
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
    patient = asyncio.create_task(collect(broadcast.reading(broadcast.enter(), client.reader())))
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
    quick = asyncio.create_task(collect(broadcast.reading(broadcast.enter(), client.reader())))
    response.push(*[says("x" * 2**20)] * 18, ends(), DONE)

    assert len(await quick) > 18 * 2**20
    assert b"read too slowly" in await collect(behind)
    assert slow.reasons == ["timeout"]

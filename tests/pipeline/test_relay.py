"""What becomes of a stream after its first content: whole, cut, malformed, late, abandoned."""

import asyncio

import orjson
import pytest

from router.domain.fault import AttemptFailed, FaultKind
from router.pipeline.listener import Listener
from router.pipeline.opened import OpenedStream
from router.wire.answer import read_event
from router.wire.sse import DONE, event_of
from tests.pipeline.relay_kit import REMARK, USAGE, Canned, Client, collect, ends, says


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

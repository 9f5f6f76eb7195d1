"""An attempt up to the moment when its answer is certain to begin.

A plain answer is read whole and checked. A stream is read up to its first content: until then
nothing has reached the client, and another model can still take over unseen.
"""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from router.dispatch.faults import fault_of_said
from router.domain.fault import AttemptFailed
from router.domain.usage import Usage
from router.ledger.account import Heard
from router.ports import Call, EndsLater, Native, Response, TellsPrompt
from router.wire.answer import EventKind, MalformedAnswer, PlainAnswer, StreamEvent, Told, Words
from router.wire.dialects.dialect import Dialect
from router.wire.errors import read_error
from router.wire.events import EventReader
from router.wire.native.forms import CHAT_FORM, StreamForm
from router.wire.native.reading import CHAT, AnswerDialect
from router.wire.replay import as_events
from router.wire.request_ids import plain_id

_MOST_BEFORE_CONTENT = 16 * 2**20
"""Bytes that are held back until the content comes: as many as one event may have. Comments take kilobytes, but a
model that hides its thoughts may send an empty chunk of 300 bytes for each of 30,000 tokens, and Responses repeats
the instructions and tools of the request two or three times."""


class OpenedPlain(Struct, frozen=True):
    """A whole answer, as bytes of a dialect and as what was read from them.

    `is_streamed` says that a stream was asked for: the client gets it as one.
    """

    body: bytes
    answer: PlainAnswer
    dialect: Dialect = Dialect.CHAT
    is_streamed: bool = False

    @property
    def heard(self) -> Heard:
        """What an account needs to know."""
        answer = self.answer
        return Heard(
            answer.usage,
            answer.output_chars,
            answer.service_tier,
            answer.finish_reasons,
            cites=answer.cites,
            consults=answer.consults,
            stated_cost=answer.stated_cost,
        )

    @property
    def answer_id(self) -> str:
        """The id in the answer itself, "" for none."""
        return plain_id(self.answer.id)

    @property
    def beginning(self) -> bytes:
        """What has come of it so far: all of it."""
        return self.body

    async def close(self) -> None:
        """Nothing is left to close."""


class OpenedStream:
    """A stream whose first content has arrived: batches of events, the first ones already here."""

    is_streamed = True

    def __init__(
        self, response: Response, release: Callable[[], None], form: StreamForm = CHAT_FORM
    ) -> None:
        self.form = form
        self._response = response
        self._release = release
        self._is_closed = False
        self._pieces = response.pieces()
        self._reader = EventReader(form)
        self._waiting: list[Told] = []
        self._failure: AttemptFailed | None = None
        self._prompt: Usage | None = None

    @property
    def dialect(self) -> Dialect:
        """The API whose events these are."""
        return self.form.dialect

    @property
    def answer_id(self) -> str:
        """The id in the events up to the first content, until they are taken; "" for none."""
        ids = (each.id for each in self._waiting if isinstance(each, StreamEvent) and each.id)
        return plain_id(next(ids, ""))

    @property
    def beginning(self) -> bytes:
        """What has come up to the first content, until it is taken."""
        return b"".join(event.raw for event in self._waiting)

    @property
    def prompt(self) -> Usage | None:
        """What the prompt has used, where the upstream has told that before the end."""
        response = self._response
        return self._prompt or (response.prompt if isinstance(response, TellsPrompt) else None)

    async def until_content(self) -> None:
        """Read up to the first content. Raises AttemptFailed if there is none, or too much else before it."""
        heard: list[Told] = []
        left = _MOST_BEFORE_CONTENT
        while (piece := await self.next_piece()) is not None:
            events = self.told(piece)
            heard += events
            for event in events:
                if isinstance(event, Words) or _is_content(event):
                    self._waiting = heard
                    return
                self._prompt = event.prompt or self._prompt
                if event.kind is EventKind.ERROR:
                    raise AttemptFailed(fault_of_said(event.error or {}, "stream"))
            if (left := left - sum(len(event.raw) for event in events)) < 0:
                raise _malformed("the stream goes on and on without content")
        raise _malformed("the stream ended without content")

    def next_piece(self) -> Awaitable[bytes | None]:
        """The next piece; b"" while the events up to the first content are still to be told, None at the end.

        Raises AttemptFailed when the stream breaks off, or has sent something that is no event. A
        cancelled wait loses nothing.
        """
        if self._waiting:
            return _nothing()
        if self._failure is not None:
            raise self._failure
        return anext(self._pieces, None)

    def words(self, piece: bytes) -> Words | None:
        """The words of a piece that differs from earlier events in nothing else, as nearly all do; else None."""
        return None if self._waiting else self._reader.words(piece)

    def told(self, piece: bytes) -> list[Told]:
        """The events that `piece` completes, after those that were read up to the content."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            return waiting
        events: list[Told] = []
        try:
            for event in self._reader.feed(piece):
                events.append(event)  # noqa: PERF402 - what came before an error counts
        except (MalformedAnswer, OverflowError) as error:
            self._failure = _malformed(str(error))
        if events and _is_end(events[-1]) and isinstance(self._response, EndsLater):
            self._response.hear_out()
        return events

    async def close(self) -> None:
        """Abandon what was not read and give the model's place back; closing again is harmless."""
        if not self._is_closed:
            self._is_closed = True
            self._release()
            await self._response.close()


def _is_content(event: StreamEvent) -> bool:
    """Whether it is content, or in some dialects the end of an answer that has none: its tokens went into thoughts."""
    return event.kind is EventKind.CONTENT or (event.kind is EventKind.DONE and bool(event.choices))


def _is_end(event: Told) -> bool:
    return isinstance(event, StreamEvent) and event.kind is EventKind.DONE


async def _nothing() -> bytes:
    return b""


Opened = OpenedPlain | OpenedStream


async def open_answer(response: Response, call: Call, release: Callable[[], None]) -> Opened:
    """Wait for a whole answer, or a stream's first content, after the head of it has come. Raises AttemptFailed.

    Some servers ignore that a stream is wanted: a whole answer of theirs must be one that can be told as a stream.
    `release` is called once, when the answer has ended in whatever way.
    """
    answer_dialect = response.answer_dialect if isinstance(response, Native) else CHAT
    stream = OpenedStream(response, release, answer_dialect.form())
    try:
        if not response.is_stream:
            return await _whole(response, stream, answer_dialect, is_streamed=call.stream)
        if not call.stream:
            raise _malformed("the upstream answered with a stream, which was not asked for")
        await stream.until_content()
        return stream
    except BaseException:
        await stream.close()
        raise


async def _whole(
    response: Response, holder: OpenedStream, answer_dialect: AnswerDialect, *, is_streamed: bool
) -> OpenedPlain:
    raw = await response.read()
    try:
        body, answer = answer_dialect.plain(raw)
        if is_streamed:
            as_events(body, is_stream=False, answer_id="", usage=True)
    except MalformedAnswer as error:
        raise _reported(raw) or _malformed(str(error)) from None
    await holder.close()
    return OpenedPlain(body, answer, answer_dialect.dialect, is_streamed)


def _malformed(message: str) -> AttemptFailed:
    return AttemptFailed.transient(message, "malformed_answer", reached_model=True)


def _reported(raw: bytes) -> AttemptFailed | None:
    """The failure that is reported with status 200, as OpenRouter does if the model behind it fails; None for none."""
    said = read_error(raw)
    return None if said is None else AttemptFailed(fault_of_said(said, "answer"))

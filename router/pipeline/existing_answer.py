"""An answer that costs nothing: stored before, or paid for by another request at this moment."""

from collections.abc import AsyncGenerator

from msgspec import Struct

from router.domain.caching import Writer
from router.domain.candidate import Candidate
from router.domain.members import replace
from router.pipeline.attempts import Stopwatch
from router.pipeline.cache_slot import writer_of
from router.pipeline.flights import JoinedStream, Whole
from router.pipeline.listener import Listener
from router.pipeline.relay import Patience, StreamClient
from router.pipeline.reply import Reply, StreamReply
from router.pipeline.reply_details import ReplyDetails
from router.pipeline.scoring import Scoring
from router.ports import World
from router.wire.cached import StoredAnswer
from router.wire.chat import ChatRequest
from router.wire.replay import as_events, as_plain
from router.wire.sse import DONE, EventSplitter

_PIECE_BYTES = 2**16


class ExistingAnswer(Struct, frozen=True):
    """A request whose decision has chosen an answer that already exists."""

    request: ChatRequest
    details: ReplyDetails
    patience: Patience
    world: World
    scoring: Scoring

    async def from_stored(self, answer: StoredAnswer, *, is_similar: bool) -> Reply:
        """A stored answer, under a new id, as old as its `age` header says.

        `is_similar` says that it was given to other words.
        """
        watch = Stopwatch.started(self.world)
        stream = self._stream(answer) if self.request.stream else b""
        body = b"" if self.request.stream else self._plain(answer)
        written, origin = self._written_by(answer.origin.writer), answer.origin
        entry = self.details.books.from_cache(
            written, origin.usage, watch.timing(), is_step=origin.is_accepted
        )
        await self.details.books.post()
        self.scoring.handed_out(entry)
        headers = self._headers(written, "similar" if is_similar else "hit")
        headers["age"] = str(max(0, int(watch.at_s - answer.origin.at_s)))
        if self.request.stream:
            return StreamReply(headers, self._replay(stream))
        return self.details.receipted(headers, body)

    async def from_flight(self, landed: Whole | JoinedStream) -> Reply:
        """The answer that another request is receiving at this moment, or has just received."""
        watch = Stopwatch.started(self.world)
        written = self._written_by(landed.writer)
        headers = self._headers(written, "shared")
        match landed:
            case Whole(answer):
                usage, is_step = answer.origin.usage, landed.is_accepted
                entry = self.details.books.from_cache(
                    written, usage, watch.timing(), is_step=is_step
                )
                await self.details.books.post()
                self.scoring.handed_out(entry)
                return self.details.receipted(headers, answer.body, answer.dialect)
            case JoinedStream(_, broadcast, place):
                reader = StreamClient(
                    self.request.wants_usage,
                    self.patience,
                    finish=lambda: self._finished(written, broadcast.listener, watch),
                    leave=lambda reason: self._left(written, reason, watch),
                )
                pieces = broadcast.reading(place, reader)
                return StreamReply(headers, pieces, broadcast.form.dialect)

    async def _finished(self, written: Candidate, listener: Listener, watch: Stopwatch) -> bytes:
        """The remark at the end of a stream that another request has paid for."""
        timing, books = watch.timing(), self.details.books
        if listener.error:
            books.shared_cut(written, listener.error_code, timing)
            await books.post()
            return b""
        is_step = listener.is_accepted
        entry = books.from_cache(written, listener.paid, timing, is_step=is_step)
        await books.post()
        self.scoring.handed_out(entry)
        return self.details.remark(listener.last, listener.dialect)

    def _left(self, written: Candidate, reason: str, watch: Stopwatch) -> None:
        """The client did not get to the end of a stream that another request pays for."""
        self.details.books.shared_cut(written, reason, watch.timing())
        self.details.books.post()  # nobody is left to wait for it

    @property
    def _answer_id(self) -> str:
        return f"chatcmpl-{self.details.request_id}"

    def _plain(self, answer: StoredAnswer) -> bytes:
        return as_plain(answer.body, is_stream=answer.is_stream, answer_id=self._answer_id)

    def _stream(self, answer: StoredAnswer) -> bytes:
        events = as_events(
            answer.body,
            is_stream=answer.is_stream,
            answer_id=self._answer_id,
            usage=self.request.wants_usage,
        )
        return b"".join(events)

    async def _replay(self, stream: bytes) -> AsyncGenerator[bytes]:
        """A stored stream once more, with its own cost."""
        for at in range(0, len(stream), _PIECE_BYTES):
            yield stream[at : at + _PIECE_BYTES]
        first = EventSplitter(len(stream)).feed(stream)[0] if self.details.tells_receipt else b""
        yield self.details.remark(first) + DONE

    def _written_by(self, writer: Writer) -> Candidate:
        """The chosen candidate, in the place where `writer` wrote the answer."""
        chosen = self.details.decision.chosen
        if not chosen.model.replicas:
            return chosen
        places = (each for each in chosen.model.replicas if writer_of(each) == writer)
        return replace(chosen, model=next(places, chosen.model))

    def _headers(self, written: Candidate, cache: str) -> dict[str, str]:
        return self.details.headers(written, attempts=0, cache=cache)

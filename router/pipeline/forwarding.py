"""A decided request to an upstream and back: the attempts, the answer, the books, the cache."""

from collections.abc import Awaitable

from msgspec import Struct

from router.dispatch.commands import Start
from router.dispatch.fleet import CallVerdict
from router.domain.caching import Origin
from router.domain.decision import Reason
from router.domain.errors import ApiError
from router.domain.ledger import Entry, Outcome
from router.domain.model import Model
from router.domain.usage import Usage
from router.ledger.account import Heard
from router.pipeline.attempts import Begun, Machine, Race, Runtime
from router.pipeline.bookkeeper import Bookkeeper
from router.pipeline.cache_slot import CacheSlot, writer_of
from router.pipeline.cascading import Cascading
from router.pipeline.flights import Flight
from router.pipeline.kept_alive import KeptAlive
from router.pipeline.listener import Listener
from router.pipeline.opened import OpenedPlain, OpenedStream
from router.pipeline.owner import StreamOwner
from router.pipeline.relay import Broadcast, EventSource, Patience, StreamClient
from router.pipeline.replayed import Replayed
from router.pipeline.reply import Reply, StreamReply
from router.pipeline.reply_details import ReplyDetails, late_words
from router.pipeline.scoring import AnswerSeen, Scoring
from router.pipeline.thought_owner import UNCLAIMED, ThoughtOwner
from router.ports import Call
from router.wire.cached import StoredAnswer
from router.wire.chat import ChatRequest, upstream_bytes, upstream_fields
from router.wire.dialects.dialect import Dialect
from router.wire.dialects.seals import origin_of
from router.wire.native.forms import CHAT_FORM
from router.wire.native.stored import stored_id
from router.wire.native.thoughts import may_think
from router.wire.original import Original


class Forwarding(Struct, frozen=True):
    """A decided request, and everything it needs from here on; `cascading` where a cascade was decided on.

    `thought_owner` says which model has written the thinking in its conversation that does not say so itself.
    """

    request: ChatRequest
    machine: Machine
    runtime: Runtime
    cache_slot: CacheSlot
    details: ReplyDetails
    scoring: Scoring
    patience: Patience
    cascading: Cascading | None = None
    thought_owner: ThoughtOwner = UNCLAIMED

    @property
    def books(self) -> Bookkeeper:
        """Where its attempts are written down."""
        return self.details.books

    async def from_upstream(self, flight: Flight | None = None) -> Reply:
        """The answer of the first candidate that gives one. Raises ApiError when none does.

        `flight` are other requests that wait for the same answer.
        """
        every_s = None if self.cascading is None else self.cascading.terms.keep_alive_s
        if every_s is not None and self.request.stream:
            return await KeptAlive(self, flight, every_s).reply()
        begun = await self.begun()
        if isinstance(begun.opened, OpenedPlain) and not self.request.stream:
            return await self._plain(begun, begun.opened, flight)
        return await self.relayed(begun, flight)

    async def begun(self) -> Begun:
        """The attempt that answers. Raises ApiError; what was paid until then is booked."""
        race = self._race()
        try:
            begun = await race.run()
        except ApiError as error:
            self.books.request_observer.status = error.status
            await self.books.post()
            raise
        except BaseException:
            self.machine.left(self.runtime.world.monotonic_s())
            self.books.post()  # mostly the client has left, and nobody is there to wait for it
            raise
        self._settle(begun)
        return begun

    def _settle(self, begun: Begun) -> None:
        """Remember what the conversation's next request depends on.

        That is which model has written thinking that does not say so itself, and which upstream has stored the answer.
        """
        original, model = self.request.original, begun.start.candidate.model
        if original is None or begun.opened.dialect is Dialect.CHAT:
            return
        is_thoughtless = isinstance(begun.opened, OpenedPlain) and not may_think(begun.opened.body)
        if not is_thoughtless and self.thought_owner.is_of(_origin(model)):
            self.thought_owner.claimed(_origin(model))
        if given := self.stored_as(begun):
            features, opened = self.details.decision.features, begun.opened
            used = opened.answer.usage if isinstance(opened, OpenedPlain) else None
            self.has_stored(begun, given, used or Usage(features.prompt_tokens))

    def stored_as(self, begun: Begun) -> str:
        """The id by which the provider has stored the answer that has just begun; "" if it has not."""
        original = self.request.original
        if original is None or begun.opened.dialect is Dialect.CHAT:
            return ""
        return stored_id(original, begun.opened.beginning)

    def has_stored(self, begun: Begun, given: str, usage: Usage) -> None:
        """Remember who has stored the answer `given`, and that its conversation has had this `usage` up to there."""
        tokens = usage.input_tokens + usage.total_output_tokens
        self.thought_owner.has_stored(given, begun.start.candidate.model, tokens)

    async def relayed(self, begun: Begun, flight: Flight | None) -> StreamReply:
        """`begun` as a stream; if that fails, nothing of it stays open, reserved or unbooked."""
        try:
            return self.streamed(begun, flight)
        except BaseException:
            await self.abandoned(begun)
            raise

    def streamed(
        self, begun: Begun, flight: Flight | None, *, is_late: bool = False
    ) -> StreamReply:
        """`begun` as a stream, relayed or replayed; `is_late` says that the headers have gone out already."""
        opened = begun.opened
        if isinstance(opened, OpenedStream):
            listener = self._listener(dialect=opened.dialect)
            return self._stream(begun, opened, listener, flight, is_late=is_late)
        source = Replayed.of(opened, f"chatcmpl-{self.details.request_id}")
        is_accepted = begun.start.is_whole
        listener = self._listener(usage=opened.answer.usage, is_accepted=is_accepted)
        return self._stream(begun, source, listener, flight, is_late=is_late)

    async def abandoned(self, begun: Begun) -> None:
        """The client gets nothing of this answer: mostly it has left."""
        self.machine.calls.end(
            begun.start.attempt, CallVerdict.NEITHER, self.runtime.world.monotonic_s()
        )
        opened = begun.opened
        heard = opened.heard if isinstance(opened, OpenedPlain) else Heard(prompt=opened.prompt)
        left = Outcome.CLIENT_LEFT
        self.books.broke_off(begun, heard, left, left.value)
        self.books.post()
        await opened.close()

    @property
    def early_headers(self) -> dict[str, str]:
        """The headers that can be sent before anything is known of the answer."""
        return self.details.early_headers(cache=self.cache_slot.state)

    def _race(self) -> Race:
        if self.cascading is not None:
            return self.cascading.race(self._call, self.runtime, self.books)
        return Race(self.machine, self._call, self.runtime, self.books)

    def _call(self, start: Start) -> Call:
        model, original = start.candidate.model, self._original
        asks, request = self.runtime.upstreams[model.upstream].asks_usage, self._request_to(model)
        body = upstream_bytes(request, model.name, ask_usage=asks, is_whole=start.is_whole)
        return Call(
            model=model,
            body=body,
            fields=upstream_fields(request, is_whole=start.is_whole),
            stream=request.stream and not start.is_whole,
            fresh=start.is_again,
            original=original,
            owns_thoughts=original is None or self.thought_owner.is_of(_origin(model)),
            headers=self.books.request_observer.onward(start.attempt),
        )

    def _request_to(self, model: Model) -> ChatRequest:
        """The request for no more than `model` is known to write; a pinned model gets it as the client sent it."""
        limit = model.limit_below(self.request.max_output_tokens)
        if limit is None or self.details.decision.reason is Reason.PINNED:
            return self.request
        return self.request.asking_at_most(limit)

    @property
    def _original(self) -> Original | None:
        """What the client sent, if it may be passed on unchanged; not in a cascade, whose steps compare chat."""
        return None if self.cascading is not None else self.request.original

    async def _plain(self, begun: Begun, opened: OpenedPlain, flight: Flight | None) -> Reply:
        self.machine.calls.end(
            begun.start.attempt, CallVerdict.GOOD, self.runtime.world.monotonic_s()
        )
        entry = self.books.answered(begun, opened.heard)
        posted = self.books.post()
        origin = self.origin(begun, entry.usage)
        stored = StoredAnswer(origin, is_stream=False, body=opened.body, dialect=opened.dialect)
        if flight is None:
            await self.cache_slot.keep(stored, self.request)  # while the ledger writes
            await posted
        else:
            await self._landed(flight, stored, posted)
        self._seen(begun, entry, _seen(opened))
        return self.details.receipted(self._answered_by(begun), opened.body, opened.dialect)

    async def _landed(self, flight: Flight, stored: StoredAnswer, posted: Awaitable[None]) -> None:
        """Hand the answer to all who wait; the flight is over once it is stored."""
        flight.whole(stored)
        try:
            await self.cache_slot.keep(stored, self.request)  # while the ledger writes
            await posted
        finally:
            flight.end()

    def _listener(
        self,
        usage: Usage | None = None,
        *,
        is_accepted: bool = False,
        dialect: Dialect = Dialect.CHAT,
    ) -> Listener:
        stored_bytes = self.cache_slot.largest_bytes if self.cache_slot.may_store else 0
        most_bytes = max(stored_bytes, self.scoring.most_kept_bytes)
        return Listener(most_bytes, usage=usage, is_accepted=is_accepted, dialect=dialect)

    def _stream(
        self,
        begun: Begun,
        source: EventSource,
        listener: Listener,
        flight: Flight | None,
        *,
        is_late: bool,
    ) -> StreamReply:
        owner, headers = StreamOwner(self, begun, flight), self._answered_by(begun)
        words = late_words(headers) if is_late else b""
        form = source.form if isinstance(source, OpenedStream) else CHAT_FORM
        broadcast = Broadcast(source, listener, owner, form)
        reader = StreamClient(
            self.request.wants_usage,
            self.patience,
            finish=lambda: self._settled(begun, owner, listener, words),
            leave=owner.leave,
        )
        place = broadcast.enter()
        if flight is not None:
            flight.begun(writer_of(begun.start.candidate.model), broadcast)
        return StreamReply(headers, broadcast.reading(place, reader), listener.dialect)

    async def _settled(
        self, begun: Begun, owner: StreamOwner, listener: Listener, words: bytes
    ) -> bytes:
        """The remark at the end of the stream that this request pays for; returns once its entry is durable."""
        await owner.durable()
        if owner.entry is None:
            return words
        self._seen(begun, owner.entry, listener.seen)
        return words + self.details.remark(listener.last, listener.dialect)

    def _seen(self, begun: Begun, entry: Entry, seen: AnswerSeen) -> None:
        """The client gets this answer: it is scored, and perhaps checked if a cascade has accepted it."""
        self.scoring.answered(entry, seen)
        if self.cascading is not None:
            self.cascading.answered(begun, self._call, self.runtime, self.books)

    def origin(self, begun: Begun, usage: Usage) -> Origin:
        """Where the answer of `begun` comes from, for those who are given it later."""
        account = self.books.account
        return Origin(
            writer=writer_of(begun.start.candidate.model),
            usage=usage,
            at_s=self.runtime.world.unix_s(),
            request_id=self.details.request_id,
            key=account.key,
            tags=account.tags,
            policy=self.details.decision.policy,
            is_accepted=begun.start.is_whole,
            terms=self.details.decision.terms if begun.start.is_whole else "",
        )

    def _answered_by(self, begun: Begun) -> dict[str, str]:
        start, cache = begun.start, self.cache_slot.state
        if self.cascading is None:
            return self.details.headers(start.candidate, attempts=start.attempt, cache=cache)
        return self.details.headers(
            start.candidate,
            attempts=self.machine.calls.made,
            cache=cache,
            cascade=self.cascading.words,
            is_accepted=start.is_whole,
        )


def _seen(opened: OpenedPlain) -> AnswerSeen:
    answer, pieces = opened.answer, (opened.body,)
    return AnswerSeen(
        answer.finish_reasons,
        answer.refuses,
        answer.calls_tools,
        pieces,
        is_stream=False,
        dialect=opened.dialect,
    )


def _origin(model: Model) -> str:
    return origin_of(model.upstream, model.name)

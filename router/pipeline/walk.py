"""One request from its decision to its last byte: the cache, the attempts, the answer, the books."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from router.dispatch.fleet import Verdict
from router.dispatch.machine import Attempts, Start
from router.domain.decision import Decision
from router.domain.errors import ApiError
from router.domain.ledger import Entry, Outcome
from router.domain.receipt import Receipt
from router.ledger.account import Heard
from router.pipeline.attempts import Begun, Means, Race, Stopwatch
from router.pipeline.bookkeeper import Bookkeeper
from router.pipeline.opened import OpenedPlain, OpenedStream
from router.pipeline.relay import Listener, Patience, relay
from router.pipeline.reply import PlainReply, Reply, StreamReply, headers_of
from router.pipeline.shelf import Shelf
from router.ports import Call
from router.wire.answer import EventKind, read_event
from router.wire.cached import CachedAnswer
from router.wire.chat import ChatRequest, upstream_bytes
from router.wire.receipt import receipt_event, receipt_headers, with_receipt
from router.wire.sse import DONE, EventSplitter


@dataclass(frozen=True, slots=True)
class Walk:
    """A decided request, and everything it needs from here on."""

    request_id: str
    request: ChatRequest
    decision: Decision
    machine: Attempts
    means: Means
    shelf: Shelf
    books: Bookkeeper
    tells_receipt: bool = False

    async def from_cache(self) -> Reply | None:
        """The stored answer, if there is one that the decision accepts."""
        watch = Stopwatch.started(self.means.world)
        if (taken := await self.shelf.take(self.decision)) is None:
            return None
        writer, answer = taken
        self.books.from_cache(writer, answer.usage, watch.timing())
        await self.books.post()
        headers = headers_of(self.request_id, self.decision, writer, attempts=0, cache="hit")
        if self.request.stream:
            return StreamReply(headers, self._replay(answer.body))
        return self._receipted(headers, answer.body)

    async def from_upstream(self) -> Reply:
        """The answer of the first candidate that gives one. Raises ApiError when none does."""
        race = Race(self.machine, self._call, self.means, self.books)
        try:
            begun = await race.run()
        except ApiError:
            await self.books.post()
            raise
        except asyncio.CancelledError:
            self.machine.left(self._now_s())
            self.books.post()  # nobody is left to wait for it
            raise
        match begun.opened:
            case OpenedPlain() as opened:
                return await self._plain(begun, opened)
            case OpenedStream() as opened:
                return self._stream(begun, opened)

    def _call(self, start: Start) -> Call:
        model = start.candidate.model
        asks = self.means.upstreams[model.upstream].asks_usage
        body = upstream_bytes(self.request, model.name, ask_usage=asks)
        return Call(
            request_id=self.request_id,
            model=model,
            body=body,
            fields=self.request.body,
            stream=self.request.stream,
            fresh=start.attempt > 1,
        )

    async def _plain(self, begun: Begun, opened: OpenedPlain) -> Reply:
        answer = opened.answer
        entry = await self._answered(
            begun, Heard(answer.usage, answer.output_chars, answer.service_tier)
        )
        stored = CachedAnswer(entry.model, entry.usage, opened.body)
        await self.shelf.keep(stored, answer.finish_reasons, calls_tools=answer.calls_tools)
        return self._receipted(self._headers(begun), opened.body)

    def _receipted(self, headers: dict[str, str], body: bytes) -> PlainReply:
        """The whole answer, with what it cost in its headers, and in itself where that is wished."""
        receipt = Receipt.of(self.books.posted)
        headers["x-farthing-cost-usd"] = str(receipt.answer.cost)
        if not self.tells_receipt:
            return PlainReply(headers, body)
        return PlainReply(headers | receipt_headers(receipt), with_receipt(body, receipt))

    def _stream(self, begun: Begun, opened: OpenedStream) -> Reply:
        listener = Listener(keeps=self.shelf.may_store)
        pieces = relay(
            opened,
            listener,
            shows_usage=self.request.wants_usage,
            patience=self._patience(),
            settle=lambda: self._settle(begun, listener),
            abandon=lambda: self._abandon(begun, listener),
        )
        return StreamReply(self._headers(begun), pieces)

    async def _settle(self, begun: Begun, listener: Listener) -> bytes:
        """The ended stream goes into the books and the cache; returns a remark on its cost."""
        if listener.error:
            self.machine.ended(begun.start.attempt, Verdict.BAD, self._now_s())
            self.books.broke_off(begun, listener.heard, Outcome.CUT, listener.error_code)
            await self.books.post()
            return b""
        entry = await self._answered(begun, listener.heard)
        if listener.kept is not None:
            stored = CachedAnswer(entry.model, entry.usage, b"".join(listener.kept))
            await self.shelf.keep(stored, listener.finish_reasons, calls_tools=listener.calls_tools)
        return self._remark(entry, listener.last)

    def _remark(self, entry: Entry, last: bytes) -> bytes:
        """What a stream says of its cost before its last event; `last` is an event with content."""
        remark = f": farthing cost-usd={entry.cost}\n\n".encode()
        if not self.tells_receipt:
            return remark
        return receipt_event(Receipt.of(self.books.posted), last) + remark

    def _abandon(self, begun: Begun, listener: Listener) -> None:
        """The client left in the middle of the answer."""
        self.machine.ended(begun.start.attempt, Verdict.NEITHER, self._now_s())
        self.books.broke_off(begun, listener.heard, Outcome.CLIENT_LEFT, "client_left")
        self.books.post()

    async def _answered(self, begun: Begun, heard: Heard) -> Entry:
        """The whole answer is there; returns once that is durable."""
        self.machine.ended(begun.start.attempt, Verdict.GOOD, self._now_s())
        entry = self.books.answered(begun, heard)
        await self.books.post()
        return entry

    async def _replay(self, events: bytes) -> AsyncGenerator[bytes]:
        """A stored stream once more, with its own cost."""
        last = b""
        for raw in EventSplitter().feed(events):
            event = read_event(raw)
            last = raw if event.choices else last
            if self.request.wants_usage or event.kind is not EventKind.USAGE:
                yield raw
        if self.tells_receipt:
            yield receipt_event(Receipt.of(self.books.posted), last)
        yield DONE

    def _patience(self) -> Patience:
        machine = self.machine
        return Patience(machine.stall_s, machine.deadline_s, self.means.world.monotonic_s)

    def _now_s(self) -> float:
        return self.means.world.monotonic_s()

    def _headers(self, begun: Begun) -> dict[str, str]:
        return headers_of(
            self.request_id,
            self.decision,
            begun.start.candidate,
            attempts=begun.start.attempt,
            cache=self.shelf.state,
        )

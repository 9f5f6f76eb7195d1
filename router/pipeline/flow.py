"""The path of one chat request, each step in its own room.

parse -> understand -> cached? -> judge -> same request in flight? -> send -> relay -> account
"""

from collections.abc import Awaitable, Sequence
from functools import partial
from typing import Any

import orjson

from router.decision.document import document
from router.decision.settled import settled
from router.domain.budget import Balance
from router.domain.errors import ApiError
from router.domain.members import replace
from router.domain.model import Model
from router.features.text import definitions_in
from router.pipeline.cache_slot import CacheSlot, is_still
from router.pipeline.dialect_support import check_spoken, may_pass
from router.pipeline.flight_publisher import Led, SharedFlightPublisher
from router.pipeline.flights import Flight, FlightTurn, JoinedStream, Landing, Whole
from router.pipeline.forwarding import Forwarding
from router.pipeline.in_time import in_time
from router.pipeline.in_turns import in_turns, turn_after
from router.pipeline.kept_alive import KeptWaiting
from router.pipeline.overriding import overriding
from router.pipeline.refusals import limit_exceeded
from router.pipeline.reply import PlainReply, Reply
from router.pipeline.reply_details import ReplyDetails
from router.pipeline.request_context import Caller, RequestContext, payer_of
from router.pipeline.similar import CacheLookup, settled_by
from router.pipeline.wiring import Wiring
from router.wire.chat import parsing, refuse_repeats
from router.wire.original import Original


class Pipeline(Wiring, frozen=True):
    """Leads each request along its path."""

    async def answer(self, raw: bytes, caller: Caller, original: Original | None = None) -> Reply:
        """The reply to one request. Raises ApiError for everything the client must be told.

        `original` is what the client sent, where `raw` is the chat view of it.
        """
        if original is None and (reply := await self._from_hot_answers(raw, caller)):
            return reply
        context = await self._request_context(raw, caller, original)
        cache_slot = await self.cache_slot(context)
        await turn_after(len(raw))
        if context.caller.overrides.dry_run:
            headers = {"x-request-id": caller.request_id}
            told = orjson.dumps(await self._dry(context, cache_slot))
            return PlainReply(headers, told, is_answer=False)
        if cache_slot.is_shared:
            return await self._together(context, cache_slot)
        return await self._served(context, await self._look(context, cache_slot))

    async def route(
        self, raw: bytes, caller: Caller, original: Original | None = None
    ) -> dict[str, Any]:
        """The document of what `answer` would decide now. Nothing is sent, booked or counted.

        The cache is searched for the same words, but not for similar ones, since that may take a
        call. Raises the ApiError that `answer` would raise.
        """
        context = await self._request_context(raw, caller, original)
        return await self._dry(context, await self.cache_slot(context))

    async def _dry(self, context: RequestContext, cache_slot: CacheSlot) -> dict[str, Any]:
        lookup = await self._look(context, cache_slot)
        return document(lookup.decision, context.circumstances)

    async def count(self, raw: bytes, caller: Caller) -> int:
        """An estimate of a prompt's tokens, counted locally. Raises ApiError if the caller may not send it."""
        request = await in_turns(parsing(raw, self.limits))
        self.judge.target(request, overriding(request, caller))
        counter = self.judge.reader.counter
        counting = counter.counting(request.messages, definitions_in(request.body))
        return (await in_turns(counting)).tokens

    async def _request_context(
        self, raw: bytes, caller: Caller, original: Original | None
    ) -> RequestContext:
        began_s = self.runtime.world.monotonic_s()
        request = await in_turns(parsing(raw, self.limits, original))
        caller = overriding(request, caller)
        target = self.judge.target(request, caller)
        check_spoken(request, target, self.models)
        budgets = self.rulebook.budgets_for(payer_of(caller, target))
        if budgets or self.limits.output_tokens is not None:
            refuse_repeats(request)
        balances: Sequence[Balance] = ()
        if budgets:
            balances = await in_time(self.budget_store.look(budgets), caller.deadline_s)
        is_pinned = isinstance(target, Model)
        session = await self.conversation_memory.session(request, caller, is_pinned=is_pinned)
        context = await in_turns(
            self.judge.request_context(request, caller, target, balances, budgets, session)
        )
        await turn_after(len(raw))
        return replace(context, began_s=began_s)

    async def _from_hot_answers(self, raw: bytes, caller: Caller) -> Reply | None:
        """The reply to a request that was answered from the cache a moment ago, if the answer is still there."""
        world = self.runtime.world
        known = self.hot_answers.find(raw, caller, self.judge, world.monotonic_s())
        if known is None:
            return None
        stored = await known.lookup.cache_slot.look(self.models, world.unix_s())
        if stored.keys() != known.models:
            return None
        context = replace(known.context, caller=caller, began_s=world.monotonic_s())
        return await self._from_stored(context, replace(known.lookup, stored=stored))

    async def _together(self, context: RequestContext, cache_slot: CacheSlot) -> Reply:
        """The reply to a request that others may be sending at the same time."""
        flight = self.flights.board((cache_slot.key, context.kind))
        turn = self._turn(context, cache_slot, flight)
        landed = partial(self._landed, context, cache_slot, flight)
        if (every_s := context.keep_alive_s) is None:
            return await landed(await turn)
        return await KeptWaiting(every_s, context.early_headers, landed, flight.decline).reply(turn)

    async def _turn(
        self, context: RequestContext, cache_slot: CacheSlot, flight: Flight
    ) -> Landing | CacheLookup:
        """What this request is to do, once that is known; what is stored, if it leads in all processes."""
        landing = await flight.turn(self.patience(context).rest_s())
        if landing is not FlightTurn.LEAD:
            return landing
        looked_s = self.runtime.world.monotonic_s()
        try:
            lookup = await self._look(context, cache_slot)
            is_led = self.coordinator.is_shared and not may_pass(context.request, lookup.decision)
            if not is_led or lookup.decision.chosen.is_stored:
                return lookup
            publisher = SharedFlightPublisher(flight, self.patience(context), self.flights.start)
            led = await publisher.led(
                self.coordinator, cache_slot.flight_key(context.kind), looked_s
            )
            if led is Led.AFTER_ANOTHER:
                return await self._look(context, cache_slot, lookup)
            return lookup if led is Led.FIRST else led
        except BaseException:
            flight.failed(None)
            raise

    async def _landed(
        self,
        context: RequestContext,
        cache_slot: CacheSlot,
        flight: Flight,
        landing: Landing | CacheLookup,
    ) -> Reply:
        match landing:
            case CacheLookup():
                return await self._leading(context, landing, flight)
            case FlightTurn.LOOK:
                lookup = await self._look(context, cache_slot)
                return await self._served(context, await self._widened(context, lookup))
            case Whole() | JoinedStream():
                return await self._joined(context, cache_slot, landing)
        return await self._served(context, self._nothing(context, cache_slot))

    async def _leading(self, context: RequestContext, lookup: CacheLookup, flight: Flight) -> Reply:
        """Answer for everyone who waits on this flight; whatever goes wrong, they are told."""
        try:
            lookup = await self._widened(context, lookup)
            if lookup.decision.chosen.is_stored:
                flight.look()
                return await self._handed_out(context, lookup)
            forwarding = await self._forwarding(context, lookup)
        except BaseException:
            flight.failed(None)
            raise
        try:
            return await forwarding.from_upstream(flight)
        except BaseException as error:
            flight.failed(error if isinstance(error, ApiError) else None)
            raise

    async def _look(
        self, context: RequestContext, cache_slot: CacheSlot, before: CacheLookup | None = None
    ) -> CacheLookup:
        """The stored answers and the decision; `before` itself if no other answers have been stored since."""
        stored = await cache_slot.look(self.models, self.runtime.world.unix_s())
        if before is not None and stored.keys() == before.stored.keys():
            return before
        decision = settled_by(self.judge.judged(context, stored), stored)
        return CacheLookup(decision, stored, cache_slot)

    def _widened(self, context: RequestContext, lookup: CacheLookup) -> Awaitable[CacheLookup]:
        """`lookup`, with an answer to other words where one serves."""
        return self.similar.widened(
            context, lookup, lambda sofar: self.details(context, sofar).books
        )

    def _nothing(self, context: RequestContext, cache_slot: CacheSlot) -> CacheLookup:
        return CacheLookup(self.judge.judged(context), {}, cache_slot)

    async def _joined(
        self, context: RequestContext, cache_slot: CacheSlot, landed: Whole | JoinedStream
    ) -> Reply:
        """The answer that another request pays for, where it is good enough for this one."""
        try:
            writer = landed.writer
            at_hand = (writer.model_id,) if is_still(writer, self.models) else ()
            decision = self.judge.judged(context, at_hand)
            decision = settled(decision, at_hand if landed.is_accepted else ())
            if decision.chosen.is_stored:
                existing_answer = self.existing_answer(context, decision)
                await self._admit(context, 0)
                return await existing_answer.from_flight(landed)
        except BaseException:
            await landed.leave()
            raise
        await landed.leave()
        return await self._served(context, self._nothing(context, cache_slot))

    async def _served(self, context: RequestContext, lookup: CacheLookup) -> Reply:
        """The reply to a request that goes alone."""
        if lookup.decision.chosen.is_stored:
            return await self._handed_out(context, lookup)
        return await (await self._forwarding(context, lookup)).from_upstream()

    async def _handed_out(self, context: RequestContext, lookup: CacheLookup) -> Reply:
        """A stored answer, remembered in case the same is asked again at once."""
        self.hot_answers.keep(context, lookup, self.judge, self.runtime.world.monotonic_s())
        return await self._from_stored(context, lookup)

    async def _from_stored(self, context: RequestContext, lookup: CacheLookup) -> Reply:
        existing_answer = self.existing_answer(context, lookup.decision)
        await self._entered(context, lookup, existing_answer.details, 0)
        answer = lookup.stored[lookup.decision.chosen.model.id]
        return await existing_answer.from_stored(answer, is_similar=lookup.is_similar)

    async def _entered(
        self, context: RequestContext, lookup: CacheLookup, details: ReplyDetails, tokens: int
    ) -> None:
        """Write down what a request has cost by now (an embedding of its words), whether or not it is admitted."""
        try:
            await lookup.book_in(details.books)
            await self._admit(context, tokens)
        except BaseException:
            await details.books.post()
            raise

    async def _admit(self, context: RequestContext, tokens: int) -> None:
        """Count the request against its rate limits. Raises ApiError: 429, or 504 if that takes too long."""
        limits = self.rulebook.limits_for(context.payer)
        if not limits:
            return
        took_s = self.runtime.world.monotonic_s() - context.began_s
        taking = self.rate_limiter.take(limits, tokens)
        if exceeded := await in_time(taking, context.caller.deadline_s, took_s):
            raise limit_exceeded(exceeded)

    async def _forwarding(self, context: RequestContext, lookup: CacheLookup) -> Forwarding:
        machine = self.machine(context, lookup.decision)
        details = self.details(context, lookup.decision)
        await self._entered(context, lookup, details, machine.plan.tokens)
        return self.forwarding(context, lookup, details, machine)

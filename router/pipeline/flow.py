"""The path of one chat request, each step in its own room.

    _visit      it is parsed, its policy or model is found, and it is understood
    _together   where the same request is being answered already, this one waits for that answer (a flight)
    _look       stored answers are looked up, and the decision is made: a stored answer is one of its candidates
    _widened    where none serves, the semantic cache is asked for an answer to other words
    _served     the stored answer is handed out, or the request walks to an upstream and back (`router.pipeline.walk`)

`_again` is a shortcut past all of this for a question that was answered from the cache a moment ago.
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
from router.pipeline.beacon import Led, SharedBeacon
from router.pipeline.flights import Aboard, Flight, FlightTurn, Landing, Whole
from router.pipeline.in_time import in_time
from router.pipeline.in_turns import in_turns, turn_after
from router.pipeline.kept_alive import KeptWaiting
from router.pipeline.overriding import overriding
from router.pipeline.refusals import limit_exceeded
from router.pipeline.reply import PlainReply, Reply
from router.pipeline.shelf import Shelf, is_still
from router.pipeline.similar import Find, settled_by
from router.pipeline.spoken import check_spoken, may_pass
from router.pipeline.telling import Telling
from router.pipeline.visit import Caller, Visit, payer_of
from router.pipeline.walk import Walk
from router.pipeline.wiring import Wiring
from router.wire.chat import parsing, refuse_repeats
from router.wire.original import Original


class Pipeline(Wiring, frozen=True):
    """Leads each request along its path."""

    async def answer(self, raw: bytes, caller: Caller, original: Original | None = None) -> Reply:
        """The reply to one request. Raises ApiError for everything the client must be told.

        `original` is what the client sent, where `raw` is the chat view of it.
        """
        if original is None and (reply := await self._again(raw, caller)):
            return reply
        visit = await self._visit(raw, caller, original)
        shelf = await self.shelf(visit)
        await turn_after(len(raw))
        if visit.caller.overrides.dry_run:
            headers = {"x-request-id": caller.request_id}
            told = orjson.dumps(await self._dry(visit, shelf))
            return PlainReply(headers, told, is_answer=False)
        if shelf.is_shared:
            return await self._together(visit, shelf)
        return await self._served(visit, await self._look(visit, shelf))

    async def route(
        self, raw: bytes, caller: Caller, original: Original | None = None
    ) -> dict[str, Any]:
        """The document of what `answer` would decide now. Nothing is sent, booked or counted.

        The cache is searched for the same words, but not for similar ones, since that may take a
        call. Raises the ApiError that `answer` would raise.
        """
        visit = await self._visit(raw, caller, original)
        return await self._dry(visit, await self.shelf(visit))

    async def _dry(self, visit: Visit, shelf: Shelf) -> dict[str, Any]:
        find = await self._look(visit, shelf)
        return document(find.decision, visit.circumstances)

    async def count(self, raw: bytes, caller: Caller) -> int:
        """An estimate of a prompt's tokens, counted locally. Raises ApiError if the caller may not send it."""
        request = await in_turns(parsing(raw, self.limits))
        self.judge.target(request, overriding(request, caller))
        counter = self.judge.reader.counter
        counting = counter.counting(request.messages, definitions_in(request.body))
        return (await in_turns(counting)).tokens

    async def _visit(self, raw: bytes, caller: Caller, original: Original | None) -> Visit:
        began_s = self.means.world.monotonic_s()
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
        session = await self.conversing.session(request, caller, is_pinned=is_pinned)
        visit = await in_turns(
            self.judge.visiting(request, caller, target, balances, budgets, session)
        )
        await turn_after(len(raw))
        return replace(visit, began_s=began_s)

    async def _again(self, raw: bytes, caller: Caller) -> Reply | None:
        """The reply to a request that was answered from the cache a moment ago, if the answer is still there."""
        world = self.means.world
        known = self.again.find(raw, caller, self.judge, world.monotonic_s())
        if known is None:
            return None
        stored = await known.find.shelf.look(self.models, world.unix_s())
        if stored.keys() != known.models:
            return None
        visit = replace(known.visit, caller=caller, began_s=world.monotonic_s())
        return await self._from_stored(visit, replace(known.find, stored=stored))

    async def _together(self, visit: Visit, shelf: Shelf) -> Reply:
        """The reply to a request that others may be sending at the same time."""
        flight = self.flights.board((shelf.key, visit.kind))
        turn = self._turn(visit, shelf, flight)
        landed = partial(self._landed, visit, shelf, flight)
        if (every_s := visit.keep_alive_s) is None:
            return await landed(await turn)
        return await KeptWaiting(every_s, visit.early_headers, landed, flight.decline).reply(turn)

    async def _turn(self, visit: Visit, shelf: Shelf, flight: Flight) -> Landing | Find:
        """What this request is to do on its flight, once that is known.

        A `Find` says that it leads, in all processes: it answers for all who wait, by this decision. Anything else
        comes from the request that leads.
        """
        landing = await flight.turn(self.patience(visit).rest_s())
        if landing is not FlightTurn.LEAD:
            return landing
        looked_s = self.means.world.monotonic_s()
        try:
            find = await self._look(visit, shelf)
            is_led = self.tower.is_shared and not may_pass(visit.request, find.decision)
            if not is_led or find.decision.chosen.is_stored:
                return find
            beacon = SharedBeacon(flight, self.patience(visit), self.flights.start)
            led = await beacon.led(self.tower, shelf.flight_key(visit.kind), looked_s)
            if led is Led.AFTER_ANOTHER:
                return await self._look(visit, shelf, find)
            return find if led is Led.FIRST else led
        except BaseException:
            flight.failed(None)
            raise

    async def _landed(
        self, visit: Visit, shelf: Shelf, flight: Flight, landing: Landing | Find
    ) -> Reply:
        match landing:
            case Find():
                return await self._leading(visit, landing, flight)
            case FlightTurn.LOOK:
                find = await self._look(visit, shelf)
                return await self._served(visit, await self._widened(visit, find))
            case Whole() | Aboard():
                return await self._joined(visit, shelf, landing)
        return await self._served(visit, self._nothing(visit, shelf))

    async def _leading(self, visit: Visit, find: Find, flight: Flight) -> Reply:
        """Answer for everyone who waits on this flight; whatever goes wrong, they are told."""
        try:
            find = await self._widened(visit, find)
            if find.decision.chosen.is_stored:
                flight.look()
                return await self._handed_out(visit, find)
            walk = await self._walk(visit, find)
        except BaseException:
            flight.failed(None)
            raise
        try:
            return await walk.from_upstream(flight)
        except BaseException as error:
            flight.failed(error if isinstance(error, ApiError) else None)
            raise

    async def _look(self, visit: Visit, shelf: Shelf, before: Find | None = None) -> Find:
        """The stored answers and the decision; `before` itself if no other answers have been stored since."""
        stored = await shelf.look(self.models, self.means.world.unix_s())
        if before is not None and stored.keys() == before.stored.keys():
            return before
        decision = settled_by(self.judge.judged(visit, stored), stored)
        return Find(decision, stored, shelf)

    def _widened(self, visit: Visit, find: Find) -> Awaitable[Find]:
        """`find`, or what the semantic cache has instead: a stored answer to the same question in other words."""
        return self.similar.widened(visit, find, lambda sofar: self.telling(visit, sofar).books)

    def _nothing(self, visit: Visit, shelf: Shelf) -> Find:
        """The decision as if no answer were stored."""
        return Find(self.judge.judged(visit), {}, shelf)

    async def _joined(self, visit: Visit, shelf: Shelf, landed: Whole | Aboard) -> Reply:
        """The answer that another request pays for, where it is good enough for this one."""
        try:
            writer = landed.writer
            at_hand = (writer.model_id,) if is_still(writer, self.models) else ()
            decision = self.judge.judged(visit, at_hand)
            decision = settled(decision, at_hand if landed.is_accepted else ())
            if decision.chosen.is_stored:
                handout = self.handout(visit, decision)
                await self._admit(visit, 0)
                return await handout.from_flight(landed)
        except BaseException:
            await landed.leave()
            raise
        await landed.leave()
        return await self._served(visit, self._nothing(visit, shelf))

    async def _served(self, visit: Visit, find: Find) -> Reply:
        """The reply to a request that goes alone."""
        if find.decision.chosen.is_stored:
            return await self._handed_out(visit, find)
        return await (await self._walk(visit, find)).from_upstream()

    async def _handed_out(self, visit: Visit, find: Find) -> Reply:
        """A stored answer, remembered in case the same is asked again at once."""
        self.again.keep(visit, find, self.judge, self.means.world.monotonic_s())
        return await self._from_stored(visit, find)

    async def _from_stored(self, visit: Visit, find: Find) -> Reply:
        handout = self.handout(visit, find.decision)
        await self._entered(visit, find, handout.telling, 0)
        answer = find.stored[find.decision.chosen.model.id]
        return await handout.from_stored(answer, is_similar=find.is_similar)

    async def _entered(self, visit: Visit, find: Find, telling: Telling, tokens: int) -> None:
        """Count the request against its limits; what it has cost by now, for an embedding, is booked in any case."""
        try:
            await find.book_in(telling.books)
            await self._admit(visit, tokens)
        except BaseException:
            await telling.books.post()
            raise

    async def _admit(self, visit: Visit, tokens: int) -> None:
        """Count the request against its rate limits. Raises ApiError: 429, or 504 if that takes too long."""
        limits = self.rulebook.limits_for(visit.payer)
        if not limits:
            return
        took_s = self.means.world.monotonic_s() - visit.began_s
        taking = self.rate_limiter.take(limits, tokens)
        if exceeded := await in_time(taking, visit.caller.deadline_s, took_s):
            raise limit_exceeded(exceeded)

    async def _walk(self, visit: Visit, find: Find) -> Walk:
        machine = self.machine(visit, find.decision)
        telling = self.telling(visit, find.decision)
        await self._entered(visit, find, telling, machine.plan.tokens)
        return self.walk(visit, find, telling, machine)

"""The way of one chat request, each step in its own room.

parse -> understand -> stored? -> judge -> is somebody else just asking? -> send -> relay -> account
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from router.decision.choose import NothingAdequate, choose, pin
from router.decision.experience import Experience
from router.decision.policy import Circumstances, Policy, Terms
from router.decision.resolve import PolicyBook, resolve
from router.dispatch.fleet import Fleet
from router.dispatch.machine import Attempts
from router.dispatch.plan import Effort
from router.domain.budget import Balance, Budget
from router.domain.caching import Tenancy
from router.domain.catalog import DatedCatalog
from router.domain.decision import Decision, ExclusionReason
from router.domain.errors import ApiError
from router.domain.model import Model
from router.features.extract import features_of
from router.features.tokens import TokenCounter
from router.ledger.account import Account
from router.ledger.rulebook import Payer, Rulebook, least_left, least_share_left, tightest
from router.pipeline.attempts import Means
from router.pipeline.bookkeeper import Bookkeeper
from router.pipeline.flights import Aboard, Flight, Flights, Turn, Whole
from router.pipeline.handout import Handout
from router.pipeline.planning import Hedging, plan_for, tightened
from router.pipeline.refusals import (
    budget_exceeded,
    limit_exceeded,
    model_not_allowed,
    policy_not_allowed,
)
from router.pipeline.relay import Patience
from router.pipeline.reply import Reply
from router.pipeline.shelf import Shelf, is_still
from router.pipeline.telling import Telling
from router.pipeline.visit import Caller, Visit, payer_of
from router.pipeline.walk import Walk
from router.pipeline.wallet import Wallet
from router.ports import Cache, Ledger, Meter, Purse
from router.wire.cached import StoredAnswer
from router.wire.chat import ChatRequest, parse_chat
from router.wire.limits import RequestLimits

Stored = Mapping[str, StoredAnswer]
"""Answers that are at hand, by the id of the model that wrote them."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Everything that a request meets on its way; built once by the composition root."""

    catalog: DatedCatalog
    book: PolicyBook
    counter: TokenCounter
    experience: Experience
    fleet: Fleet
    hedging: Hedging
    means: Means
    cache: Cache
    flights: Flights
    tenancy: Tenancy
    largest_stored_bytes: int
    ledger: Ledger
    effort: Effort
    rulebook: Rulebook
    purse: Purse
    meter: Meter
    limits: RequestLimits

    @property
    def models(self) -> Mapping[str, Model]:
        """The catalog of this moment."""
        return self.catalog.at(self.means.world.unix_s())

    def decide(
        self, request: ChatRequest, caller: Caller, balances: Sequence[Balance] = ()
    ) -> Decision:
        """Understand and judge; nothing is sent. Raises ApiError for what cannot be decided."""
        return self._judged(
            self._visit(request, caller, self._target(request, caller), balances, ())
        )

    async def answer(self, raw: bytes, caller: Caller) -> Reply:
        """The reply to one request. Raises ApiError for everything the client must be told."""
        request = parse_chat(raw, self.limits)
        target = self._target(request, caller)
        budgets = self.rulebook.budgets_for(payer_of(caller, target))
        balances = await self.purse.look(budgets) if budgets else ()
        visit = self._visit(request, caller, target, balances, budgets)
        shelf = self._shelf(visit)
        if shelf.is_shared:
            return await self._together(visit, shelf)
        return await self._served(visit, shelf, await self._stored(shelf))

    async def _together(self, visit: Visit, shelf: Shelf) -> Reply:
        """The reply to a request that others may be sending at the same time."""
        flight = self.flights.board(shelf.flight_key(visit.kind))
        match await flight.turn(self._patience(visit).rest_s()):
            case Turn.LEAD:
                return await self._leading(visit, shelf, flight)
            case Turn.LOOK:
                return await self._served(visit, shelf, await self._stored(shelf))
            case Turn.LATE:
                return await self._served(visit, shelf, {})
            case Whole() | Aboard() as landed:
                return await self._joined(visit, shelf, landed)

    async def _leading(self, visit: Visit, shelf: Shelf, flight: Flight) -> Reply:
        """Answer for all that wait; whatever goes wrong, they learn of it."""
        try:
            stored = await self._stored(shelf)
            decision = self._judged(visit, stored)
            if decision.chosen.is_stored:
                flight.look()
                return await self._handed_out(visit, decision, stored)
            walk = await self._walk(visit, shelf, decision)
        except BaseException:
            flight.failed(None)
            raise
        try:
            return await walk.from_upstream(flight)
        except BaseException as error:
            flight.failed(error if isinstance(error, ApiError) else None)
            raise

    async def _joined(self, visit: Visit, shelf: Shelf, landed: Whole | Aboard) -> Reply:
        """The answer that another request pays for, where it is good enough for this one."""
        try:
            writer = landed.writer
            at_hand = (writer.model_id,) if is_still(writer, self.models) else ()
            decision = self._judged(visit, at_hand)
            if decision.chosen.is_stored:
                await self._meter(visit.payer, 0)
                return await self._handout(visit, decision).from_flight(landed)
        except BaseException:
            await landed.leave()
            raise
        await landed.leave()
        return await (await self._walk(visit, shelf, decision)).from_upstream()

    async def _served(self, visit: Visit, shelf: Shelf, stored: Stored) -> Reply:
        """The reply to a request that goes alone."""
        decision = self._judged(visit, stored)
        if decision.chosen.is_stored:
            return await self._handed_out(visit, decision, stored)
        return await (await self._walk(visit, shelf, decision)).from_upstream()

    async def _handed_out(self, visit: Visit, decision: Decision, stored: Stored) -> Reply:
        await self._meter(visit.payer, 0)
        answer = stored[decision.chosen.model.id]
        return await self._handout(visit, decision).from_stored(answer)

    async def _stored(self, shelf: Shelf) -> Stored:
        return await shelf.look(self.models, self.means.world.unix_s())

    def _target(self, request: ChatRequest, caller: Caller) -> Policy | Model:
        """What is to decide, or to answer. Raises ApiError 404, and 403 for what the key may not use."""
        target, grants = resolve(request.asked, self.book, self.models), caller.grants
        if isinstance(target, Model):
            if not grants.allows_model(target.id):
                raise model_not_allowed(target.id, grants.models)
        elif not grants.allows_policy(target.name):
            raise policy_not_allowed(target.name, grants.policies)
        return target

    def _visit(
        self,
        request: ChatRequest,
        caller: Caller,
        target: Policy | Model,
        balances: Sequence[Balance],
        budgets: tuple[Budget, ...],
    ) -> Visit:
        features = features_of(request.body, self.counter)
        circumstances = Circumstances(
            asked=request.asked,
            key=caller.key,
            tags=frozenset(caller.tags),
            models=caller.grants.models,
            money_left=least_left(balances),
            budget_left=_supposed(caller.budget_left, least_share_left(balances)),
        )
        if isinstance(target, Model):
            terms = Terms(cache=self.book.named(self.book.default).terms.cache)
        else:
            _, terms = target.terms_for(features, circumstances)
        return Visit(
            request=request,
            caller=caller,
            target=target,
            features=features,
            circumstances=circumstances,
            terms=terms,
            budgets=budgets,
            balances=balances,
            began_s=self.means.world.monotonic_s(),
        )

    def _judged(self, visit: Visit, stored: Collection[str] = ()) -> Decision:
        """The decision. Raises ApiError: 400 where nothing may answer, 402 where it is the money."""
        target, features = visit.target, visit.features
        if isinstance(target, Model):
            return self._pinned(visit, target, is_stored=target.id in stored)
        try:
            return choose(
                features, visit.circumstances, target, self.models, self.experience, stored
            )
        except NothingAdequate as nothing:
            if any(each.reason is ExclusionReason.BUDGET for each in nothing.exclusions):
                raise budget_exceeded(tightest(visit.balances)) from None
            raise

    def _pinned(self, visit: Visit, model: Model, *, is_stored: bool) -> Decision:
        cache, left = visit.terms.cache, visit.circumstances.money_left
        pinned = pin(visit.features, model, self.experience, cache=cache, is_stored=is_stored)
        if left is not None and pinned.chosen.cost.upper > left:
            raise budget_exceeded(tightest(visit.balances))
        return pinned

    async def _meter(self, payer: Payer, tokens: int) -> None:
        """Count the request in the limits that hold for it. Raises ApiError 429."""
        limits = self.rulebook.limits_for(payer)
        if limits and (exceeded := await self.meter.take(limits, tokens)):
            raise limit_exceeded(exceeded)

    def _shelf(self, visit: Visit) -> Shelf:
        caller = visit.caller
        return Shelf.of(
            self.cache,
            visit.request,
            visit.terms.cache,
            tenant=self.tenancy.tenant_of(caller.key, caller.key_tags),
            wish=caller.wish,
            largest_bytes=self.largest_stored_bytes,
        )

    async def _walk(self, visit: Visit, shelf: Shelf, decision: Decision) -> Walk:
        machine = self._machine(visit, decision)
        await self._meter(visit.payer, machine.tokens)
        return Walk(
            request=visit.request,
            machine=machine,
            means=self.means,
            shelf=shelf,
            telling=self._telling(visit, decision),
        )

    def _handout(self, visit: Visit, decision: Decision) -> Handout:
        return Handout(
            visit.request,
            self._telling(visit, decision),
            self._patience(visit),
            self.means.world,
        )

    def _telling(self, visit: Visit, decision: Decision) -> Telling:
        caller, request = visit.caller, visit.request
        account = Account(
            caller.request_id, request.asked, caller.key, caller.tags, request.stream, decision
        )
        wallet = Wallet(self.purse, visit.budgets)
        books = Bookkeeper(account, self.ledger, self.experience, wallet)
        return Telling(
            caller.request_id, decision, books, caller.wants_receipt or request.extension.receipt
        )

    def _patience(self, visit: Visit) -> Patience:
        """How long this client waits, for itself or along with others."""
        effort = tightened(self.effort, visit.terms.deadlines, visit.caller.deadline_s)
        deadline_s = visit.began_s + effort.total_s
        return Patience(effort.stall_s, deadline_s, self.means.world.monotonic_s)

    def _machine(self, visit: Visit, decision: Decision) -> Attempts:
        plan = plan_for(
            decision,
            self.effort,
            self.experience,
            stream=visit.request.stream,
            deadline_s=visit.caller.deadline_s,
            hedges=self.hedging.of(decision),
        )
        return Attempts(plan, self.fleet, started_s=visit.began_s, jitter=self.means.world.chance)


def _supposed(share: float | None, real: float) -> float:
    return real if share is None else share

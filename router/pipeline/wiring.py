"""What the path of a chat request runs through, and the objects that are made from it for each request."""

from collections.abc import Mapping
from functools import partial

from msgspec import Struct

from router.dispatch.cascade_machine import CascadeMachine
from router.dispatch.fleet import Fleet
from router.dispatch.machine import Attempts
from router.dispatch.plan import Effort
from router.domain.caching import Tenancy
from router.domain.cascade import Cascade
from router.domain.decision import Decision
from router.domain.members import replace
from router.domain.model import Model
from router.ledger.account import Account
from router.ledger.rulebook import Rulebook
from router.pipeline.again import Again
from router.pipeline.attempts import Means
from router.pipeline.bookkeeper import Bookkeeper
from router.pipeline.cascading import Cascading
from router.pipeline.conversing import Conversing
from router.pipeline.flights import Flights
from router.pipeline.handout import Handout
from router.pipeline.judge import Judge
from router.pipeline.overriding import choosing
from router.pipeline.planning import Hedging, plan_for, tightened
from router.pipeline.relay import Patience
from router.pipeline.request_observer import RequestObserver
from router.pipeline.reservations import Reservations
from router.pipeline.ruling import Referee
from router.pipeline.scoring import Scorer, Scoring
from router.pipeline.shelf import Shelf
from router.pipeline.similar import Find, Similar
from router.pipeline.telling import Telling
from router.pipeline.visit import Visit
from router.pipeline.walk import Walk
from router.ports import Affinity, BudgetStore, Cache, Ledger, RateLimiter, Tower
from router.wire.limits import RequestLimits


class Wiring(Struct, frozen=True):
    """Everything that requests need on their way; built once by the composition root. Its methods serve one request."""

    judge: Judge
    fleet: Fleet
    hedging: Hedging
    means: Means
    cache: Cache
    affinity: Affinity
    similar: Similar
    referee: Referee
    flights: Flights
    tower: Tower
    tenancy: Tenancy
    largest_stored_bytes: int
    stores_answers: bool
    ledger: Ledger
    scorer: Scorer
    keeps_decisions: bool
    effort: Effort
    rulebook: Rulebook
    budget_store: BudgetStore
    rate_limiter: RateLimiter
    limits: RequestLimits
    again: Again

    @property
    def models(self) -> Mapping[str, Model]:
        """The catalog of this moment."""
        return self.judge.models

    async def shelf(self, visit: Visit) -> Shelf:
        """Where the answers to this request are stored, and whether they may be."""
        caller = visit.caller
        shelf = await Shelf.of(
            self.cache,
            visit.request,
            visit.terms.cache,
            tenant=self.tenancy.tenant_of(caller.key, caller.key_tags),
            wish=caller.wish,
            largest_bytes=self.largest_stored_bytes,
        )
        return shelf if self.stores_answers else replace(shelf, stores=False)

    def walk(self, visit: Visit, find: Find, telling: Telling, machine: Attempts) -> Walk:
        """The way to an upstream and back, by this decision."""
        walk = Walk(
            request=visit.request,
            machine=machine,
            means=self.means,
            shelf=find.shelf,
            telling=telling,
            scoring=self._scoring(visit),
            patience=self.patience(visit),
            home=visit.home,
        )
        cascade = find.decision.cascade
        return walk if cascade is None else self._cascaded(visit, walk, cascade, machine)

    def _cascaded(self, visit: Visit, walk: Walk, cascade: Cascade, final: Attempts) -> Walk:
        """The same walk, with the steps of a cascade before the attempts of its final model."""
        terms, start = visit.terms, self.flights.start
        cascade_machine = CascadeMachine(cascade, final, steps_s=terms.cascade.first_content_s)
        check_s = tightened(self.effort, terms.deadlines, None).total_s
        cascading = Cascading.of(cascade_machine, visit, self.judge, self.referee, check_s, start)
        return replace(walk, machine=cascade_machine, cascading=cascading)

    def handout(self, visit: Visit, decision: Decision) -> Handout:
        """An answer that exists already, on its way to the client."""
        return Handout(
            visit.request,
            self.telling(visit, decision),
            self.patience(visit),
            self.means.world,
            self._scoring(visit),
        )

    def _scoring(self, visit: Visit) -> Scoring:
        asker = (visit.caller.key, visit.caller.session)
        return Scoring(self.scorer, visit.request, asker, visit.began_s)

    def telling(self, visit: Visit, decision: Decision) -> Telling:
        """The books of this request, and what its client is told besides the answer."""
        caller, request = visit.caller, visit.request
        account = Account(
            caller.request_id,
            request.asked,
            caller.key,
            caller.tags,
            request.stream,
            decision,
            visit.recorded(decision) if self.keeps_decisions else None,
        )
        reservations = Reservations(self.budget_store, visit.budgets)
        request_observer = RequestObserver.of(self.means, caller, visit.began_s, decision)
        books = Bookkeeper(
            account, self.ledger, self.judge.experience, reservations, request_observer
        )
        if visit.thread:
            books.has_read = partial(self.judge.has_read, visit)
            if visit.may_call_tools:
                books.answers_by = self.conversing.staying(visit.thread)
        return Telling(
            caller.request_id,
            decision,
            books,
            caller.wants_receipt or request.extension.receipt,
            overridden=choosing(caller),
        )

    @property
    def conversing(self) -> Conversing:
        """What is remembered of conversations."""
        return Conversing(self.affinity, self.flights.start, self.models)

    def patience(self, visit: Visit) -> Patience:
        """How long this client waits, for itself or along with others."""
        effort = tightened(self.effort, visit.terms.deadlines, visit.caller.deadline_s)
        deadline_s = visit.began_s + effort.total_s
        return Patience(effort.stall_s, deadline_s, self.means.world.monotonic_s, effort.is_hurried)

    def machine(self, visit: Visit, decision: Decision) -> Attempts:
        """The attempts to which this decision leads."""
        plan = plan_for(
            decision,
            self.effort,
            self.judge.experience,
            stream=visit.request.stream,
            deadline_s=visit.caller.deadline_s,
            hedges=self.hedging.of(decision),
        )
        return Attempts(plan, self.fleet, started_s=visit.began_s, jitter=self.means.world.chance)

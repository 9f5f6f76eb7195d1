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
from router.pipeline.attempts import Runtime
from router.pipeline.bookkeeper import Bookkeeper
from router.pipeline.cache_slot import CacheSlot
from router.pipeline.cascading import Cascading
from router.pipeline.conversation_memory import ConversationMemory
from router.pipeline.existing_answer import ExistingAnswer
from router.pipeline.flights import Flights
from router.pipeline.forwarding import Forwarding
from router.pipeline.hot_answers import HotAnswers
from router.pipeline.judge import Judge
from router.pipeline.overriding import choosing
from router.pipeline.planning import Hedging, plan_for, tightened
from router.pipeline.relay import Patience
from router.pipeline.reply_details import ReplyDetails
from router.pipeline.request_context import RequestContext
from router.pipeline.request_observer import RequestObserver
from router.pipeline.reservations import Reservations
from router.pipeline.ruling import Referee
from router.pipeline.scoring import Scorer, Scoring
from router.pipeline.similar import CacheLookup, Similar
from router.ports import Affinity, BudgetStore, Cache, FlightCoordinator, Ledger, RateLimiter
from router.wire.limits import RequestLimits


class Wiring(Struct, frozen=True):
    """Everything that requests need on their way; built once by the composition root. Its methods serve one request."""

    judge: Judge
    fleet: Fleet
    hedging: Hedging
    runtime: Runtime
    cache: Cache
    affinity: Affinity
    similar: Similar
    referee: Referee
    flights: Flights
    coordinator: FlightCoordinator
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
    hot_answers: HotAnswers

    @property
    def models(self) -> Mapping[str, Model]:
        """The catalog of this moment."""
        return self.judge.models

    async def cache_slot(self, context: RequestContext) -> CacheSlot:
        """Where the answers to this request are stored, and whether they may be."""
        caller = context.caller
        cache_slot = await CacheSlot.of(
            self.cache,
            context.request,
            context.terms.cache,
            tenant=self.tenancy.tenant_of(caller.key, caller.key_tags),
            wish=caller.wish,
            largest_bytes=self.largest_stored_bytes,
        )
        return cache_slot if self.stores_answers else replace(cache_slot, stores=False)

    def forwarding(
        self, context: RequestContext, lookup: CacheLookup, details: ReplyDetails, machine: Attempts
    ) -> Forwarding:
        """The way to an upstream and back, by this decision."""
        forwarding = Forwarding(
            request=context.request,
            machine=machine,
            runtime=self.runtime,
            cache_slot=lookup.cache_slot,
            details=details,
            scoring=self._scoring(context),
            patience=self.patience(context),
            thought_owner=context.thought_owner,
        )
        cascade = lookup.decision.cascade
        return (
            forwarding if cascade is None else self._cascaded(context, forwarding, cascade, machine)
        )

    def _cascaded(
        self, context: RequestContext, forwarding: Forwarding, cascade: Cascade, final: Attempts
    ) -> Forwarding:
        """The same, with the steps of a cascade before the attempts of its final model."""
        terms, start = context.terms, self.flights.start_optional
        cascade_machine = CascadeMachine(cascade, final, steps_s=terms.cascade.first_content_s)
        check_s = tightened(self.effort, terms.deadlines, None).total_s
        cascading = Cascading.of(cascade_machine, context, self.judge, self.referee, check_s, start)
        return replace(forwarding, machine=cascade_machine, cascading=cascading)

    def existing_answer(self, context: RequestContext, decision: Decision) -> ExistingAnswer:
        """An answer that exists already, on its way to the client."""
        return ExistingAnswer(
            context.request,
            self.details(context, decision),
            self.patience(context),
            self.runtime.world,
            self._scoring(context),
        )

    def _scoring(self, context: RequestContext) -> Scoring:
        asker = (context.caller.key, context.caller.session)
        return Scoring(self.scorer, context.request, asker, context.began_s)

    def details(self, context: RequestContext, decision: Decision) -> ReplyDetails:
        """The books of this request, and what its client is told besides the answer."""
        caller, request = context.caller, context.request
        account = Account(
            caller.request_id,
            request.asked,
            caller.key,
            caller.tags,
            request.stream,
            decision,
            context.recorded(decision) if self.keeps_decisions else None,
        )
        reservations = Reservations(self.budget_store, context.budgets)
        request_observer = RequestObserver.of(self.runtime, caller, context.began_s, decision)
        books = Bookkeeper(
            account, self.ledger, self.judge.experience, reservations, request_observer
        )
        if context.thread:
            books.has_read = partial(self.judge.has_read, context)
            if context.may_call_tools:
                books.answers_by = self.conversation_memory.staying(context.thread)
        return ReplyDetails(
            caller.request_id,
            decision,
            books,
            caller.wants_receipt or request.extension.receipt,
            overridden=choosing(caller),
        )

    @property
    def conversation_memory(self) -> ConversationMemory:
        """What is remembered of conversations."""
        return ConversationMemory(self.affinity, self.flights.start, self.models)

    def patience(self, context: RequestContext) -> Patience:
        """How long this client waits, for itself or along with others."""
        effort = tightened(self.effort, context.terms.deadlines, context.caller.deadline_s)
        deadline_s = context.began_s + effort.total_s
        return Patience(
            effort.stall_s, deadline_s, self.runtime.world.monotonic_s, effort.is_hurried
        )

    def machine(self, context: RequestContext, decision: Decision) -> Attempts:
        """The attempts to which this decision leads."""
        plan = plan_for(
            decision,
            self.effort,
            self.judge.experience,
            stream=context.request.stream,
            deadline_s=context.caller.deadline_s,
            hedges=self.hedging.of(decision),
        )
        return Attempts(
            plan, self.fleet, started_s=context.began_s, jitter=self.runtime.world.chance
        )

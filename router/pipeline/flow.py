"""The walk of one chat request, each step in its own room.

parse -> understand -> judge -> (cached?) -> send -> relay -> account
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from router.decision.choose import NothingAdequate, choose, pin
from router.decision.experience import Experience
from router.decision.policy import Circumstances, Policy
from router.decision.resolve import PolicyBook, resolve
from router.dispatch.fleet import Fleet
from router.dispatch.machine import Attempts
from router.dispatch.plan import Effort
from router.domain.budget import Balance
from router.domain.catalog import DatedCatalog
from router.domain.decision import Decision, ExclusionReason
from router.domain.key import EVERYTHING_GRANTED, Grants
from router.domain.model import Model
from router.features.extract import features_of
from router.features.tokens import TokenCounter
from router.ledger.account import Account
from router.ledger.rulebook import Payer, Rulebook, least_left, least_share_left, tightest
from router.pipeline.attempts import Means
from router.pipeline.bookkeeper import Bookkeeper
from router.pipeline.planning import Hedging, plan_for
from router.pipeline.refusals import (
    budget_exceeded,
    limit_exceeded,
    model_not_allowed,
    policy_not_allowed,
)
from router.pipeline.reply import Reply
from router.pipeline.shelf import ANY_WISH, Shelf, Wish
from router.pipeline.walk import Walk
from router.pipeline.wallet import Wallet
from router.ports import Cache, Ledger, Meter, Purse
from router.wire.chat import ChatRequest, parse_chat
from router.wire.limits import RequestLimits


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the request's id, the name of the key, tags for reports, and two wishes.

    `wish` is about caching; `deadline_s` is how long the client is willing to wait, None where it
    did not say; `wants_receipt` whether what the answer cost shall come with it. `grants` are those
    of the key. `budget_left` is a share to suppose, for explanations; None takes it as it is.
    """

    request_id: str
    key: str = ""
    tags: tuple[str, ...] = ()
    wish: Wish = ANY_WISH
    deadline_s: float | None = None
    wants_receipt: bool = False
    grants: Grants = EVERYTHING_GRANTED
    budget_left: float | None = None


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
        return self._judged(request, self._target(request, caller), caller, balances)

    async def answer(self, raw: bytes, caller: Caller) -> Reply:
        """The reply to one request. Raises ApiError for everything the client must be told."""
        request = parse_chat(raw, self.limits)
        target = self._target(request, caller)
        payer = _payer(caller, target)
        budgets = self.rulebook.budgets_for(payer)
        balances = await self.purse.look(budgets) if budgets else ()
        decision = self._judged(request, target, caller, balances)
        machine = self._machine(request, decision, caller)
        await self._meter(payer, machine.tokens)
        walk = self._walk(request, decision, caller, Wallet(self.purse, budgets), machine)
        return await walk.from_cache() or await walk.from_upstream()

    def _target(self, request: ChatRequest, caller: Caller) -> Policy | Model:
        """What is to decide, or to answer. Raises ApiError 404, and 403 for what the key may not use."""
        target, grants = resolve(request.asked, self.book, self.models), caller.grants
        if isinstance(target, Model):
            if not grants.allows_model(target.id):
                raise model_not_allowed(target.id, grants.models)
        elif not grants.allows_policy(target.name):
            raise policy_not_allowed(target.name, grants.policies)
        return target

    def _judged(
        self,
        request: ChatRequest,
        target: Policy | Model,
        caller: Caller,
        balances: Sequence[Balance],
    ) -> Decision:
        features = features_of(request.body, self.counter)
        if isinstance(target, Model):
            usual = self.book.named(self.book.default).terms
            pinned = pin(features, target, self.experience, cache_ttl_s=usual.cache_ttl_s)
            left = least_left(balances)
            if left is not None and pinned.chosen.cost.upper > left:
                raise budget_exceeded(tightest(balances))
            return pinned
        circumstances = Circumstances(
            asked=request.asked,
            key=caller.key,
            tags=frozenset(caller.tags),
            models=caller.grants.models,
            money_left=least_left(balances),
            budget_left=_supposed(caller.budget_left, least_share_left(balances)),
        )
        try:
            return choose(features, circumstances, target, self.models, self.experience)
        except NothingAdequate as nothing:
            if any(each.reason is ExclusionReason.BUDGET for each in nothing.exclusions):
                raise budget_exceeded(tightest(balances)) from None
            raise

    async def _meter(self, payer: Payer, tokens: int) -> None:
        """Count the request in the limits that hold for it. Raises ApiError 429."""
        limits = self.rulebook.limits_for(payer)
        if limits and (exceeded := await self.meter.take(limits, tokens)):
            raise limit_exceeded(exceeded)

    def _walk(
        self,
        request: ChatRequest,
        decision: Decision,
        caller: Caller,
        wallet: Wallet,
        machine: Attempts,
    ) -> Walk:
        account = Account(
            caller.request_id, request.asked, caller.key, caller.tags, request.stream, decision
        )
        return Walk(
            request_id=caller.request_id,
            request=request,
            decision=decision,
            machine=machine,
            means=self.means,
            shelf=Shelf.of(self.cache, request, decision, tenant=caller.key, wish=caller.wish),
            books=Bookkeeper(account, self.ledger, self.experience, wallet),
            tells_receipt=caller.wants_receipt or request.extension.receipt,
        )

    def _machine(self, request: ChatRequest, decision: Decision, caller: Caller) -> Attempts:
        plan = plan_for(
            decision,
            self.effort,
            self.experience,
            stream=request.stream,
            deadline_s=caller.deadline_s,
            hedges=self.hedging.of(decision),
        )
        world = self.means.world
        return Attempts(plan, self.fleet, started_s=world.monotonic_s(), jitter=world.chance)


def _payer(caller: Caller, target: Policy | Model) -> Payer:
    policy = "" if isinstance(target, Model) else target.name
    return Payer(caller.key, caller.tags, policy, caller.grants)


def _supposed(share: float | None, real: float) -> float:
    return real if share is None else share

"""The walk of one chat request, each step in its own room.

parse -> understand -> judge -> (cached?) -> send -> relay -> account
"""

from collections.abc import Mapping
from dataclasses import dataclass

from router.decision.choose import choose, pin
from router.decision.experience import Experience
from router.decision.policy import Circumstances
from router.decision.resolve import PolicyBook, resolve
from router.dispatch.fleet import Fleet
from router.dispatch.machine import Attempts
from router.dispatch.plan import Effort
from router.domain.catalog import DatedCatalog
from router.domain.decision import Decision
from router.domain.model import Model
from router.features.extract import features_of
from router.features.tokens import TokenCounter
from router.ledger.account import Account
from router.pipeline.attempts import Means
from router.pipeline.bookkeeper import Bookkeeper
from router.pipeline.planning import Hedging, plan_for
from router.pipeline.reply import Reply
from router.pipeline.shelf import ANY_WISH, Shelf, Wish
from router.pipeline.walk import Walk
from router.ports import Cache, Ledger
from router.wire.chat import ChatRequest, parse_chat


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the request's id, the name of the key, tags for reports, and two wishes.

    `wish` is about caching; `deadline_s` is how long the client is willing to wait, None where it
    did not say; `wants_receipt` whether what the answer cost shall come with it.
    """

    request_id: str
    key: str = ""
    tags: tuple[str, ...] = ()
    wish: Wish = ANY_WISH
    deadline_s: float | None = None
    wants_receipt: bool = False


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

    @property
    def models(self) -> Mapping[str, Model]:
        """The catalog of this moment."""
        return self.catalog.at(self.means.world.unix_s())

    def decide(self, request: ChatRequest, caller: Caller) -> Decision:
        """Understand and judge; nothing is sent. Raises ApiError for what cannot be decided."""
        catalog = self.models
        target = resolve(request.asked, self.book, catalog)
        features = features_of(request.body, self.counter)
        if isinstance(target, Model):
            usual = self.book.named(self.book.default).terms
            return pin(features, target, self.experience, cache_ttl_s=usual.cache_ttl_s)
        circumstances = Circumstances(request.asked, caller.key, frozenset(caller.tags))
        return choose(features, circumstances, target, catalog, self.experience)

    async def answer(self, raw: bytes, caller: Caller) -> Reply:
        """The reply to one request. Raises ApiError for everything the client must be told."""
        request = parse_chat(raw)
        walk = self._walk(request, self.decide(request, caller), caller)
        return await walk.from_cache() or await walk.from_upstream()

    def _walk(self, request: ChatRequest, decision: Decision, caller: Caller) -> Walk:
        account = Account(
            caller.request_id, request.asked, caller.key, caller.tags, request.stream, decision
        )
        machine = self._machine(request, decision, caller)
        return Walk(
            request_id=caller.request_id,
            request=request,
            decision=decision,
            machine=machine,
            means=self.means,
            shelf=Shelf.of(self.cache, request, decision, tenant=caller.key, wish=caller.wish),
            books=Bookkeeper(account, self.ledger, self.experience),
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

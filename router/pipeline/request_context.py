"""A request and its caller, once understood: what every later step works with."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct, field

from router.decision.policy import Circumstances, Policy, Terms
from router.decision.record import Record
from router.domain.budget import Balance, Budget
from router.domain.category import Category
from router.domain.decision import Decision
from router.domain.features import Features
from router.domain.key import EVERYTHING_GRANTED, Grants
from router.domain.model import Model
from router.domain.overrides import NO_OVERRIDES, Overrides
from router.ledger.rulebook import Payer
from router.pipeline.cache_slot import ANY_WISH, CacheControl
from router.pipeline.thought_owner import UNCLAIMED, ThoughtOwner
from router.wire.chat import ChatRequest
from router.wire.overrides import Stated


class Caller(Struct, frozen=True):
    """Who asks: the request's id, the name of the key, tags for reports, and the client's wishes.

    `wish` is about caching; `deadline_s` is how long the client is willing to wait, None if it did
    not say; `wants_receipt` asks for the answer's cost to come with it. `grants` are those of the key,
    and `key_tags` the tags that come from the key rather than the client. `session` is the
    conversation's name in `x-session-id`, "" for none. `headers` are the request's, by lower-case or
    case-insensitive name. `stated` are the overrides as stated, by name, and `overrides` the same once
    they are allowed. For explanations, `budget_left` (a share) and `unix_s` may be supposed; None
    takes the real ones.
    """

    request_id: str
    key: str = ""
    tags: tuple[str, ...] = ()
    wish: CacheControl = ANY_WISH
    deadline_s: float | None = None
    wants_receipt: bool = False
    grants: Grants = EVERYTHING_GRANTED
    key_tags: tuple[str, ...] = ()
    session: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    stated: Stated = field(default_factory=dict)
    overrides: Overrides = NO_OVERRIDES
    budget_left: float | None = None
    unix_s: float | None = None


class Session(NamedTuple):
    """The id of a request's conversation, and the model that called the tools whose results come now.

    Both are "" if there is none. `thought_owner` says which model the unnamed thoughts in it belong to; `held_by` is
    the upstream that stores what the request continues from, "" if nothing is stored, and `stored_tokens` how
    long that is, 0 where it is unknown.
    """

    thread: str = ""
    stays_with: str = ""
    thought_owner: ThoughtOwner = UNCLAIMED
    held_by: str = ""
    stored_tokens: int = 0


ALONE = Session()


class RequestContext(Struct, frozen=True):
    """A request with its caller, and what was found out about both.

    `target` is the policy that decides, or the model that is pinned; `terms` are those that hold for it, by the
    policy's `rule` if that is not "". `thread` is the id of its conversation, "" outside of any, and `thought_owner` says which
    model the unnamed thoughts in it belong to. `began_s` is when the request came, by the monotonic clock. `record` is
    the decision of a moment ago, if that is used again.
    """

    request: ChatRequest
    caller: Caller
    target: Policy | Model
    features: Features
    circumstances: Circumstances
    terms: Terms
    rule: str
    budgets: tuple[Budget, ...]
    balances: Sequence[Balance]
    began_s: float
    thread: str = ""
    thought_owner: ThoughtOwner = UNCLAIMED
    record: Record | None = None

    @property
    def payer(self) -> Payer:
        """Who pays for it."""
        return payer_of(self.caller, self.target)

    @property
    def may_call_tools(self) -> bool:
        """Whether tool results may follow the answer, to be read by the same model."""
        is_housekeeping = self.features.category is Category.HOUSEKEEPING
        return not is_housekeeping and bool(self.request.body.get("tools") or self.caller.session)

    @property
    def keep_alive_s(self) -> float | None:
        """Seconds between signs of life while another request's answer is awaited, None for none.

        None, too, where that may be an answer in another dialect than chat: a stream cannot change its dialect.
        """
        request = self.request
        is_chat = request.stream and request.original is None
        return self.terms.cascade.keep_alive_s if is_chat else None

    @property
    def early_headers(self) -> dict[str, str]:
        """The headers that are known while another request's answer is awaited."""
        name = "none" if isinstance(self.target, Model) else self.target.name
        return {"x-request-id": self.caller.request_id, "x-farthing-policy": name}

    @property
    def kind(self) -> tuple[str, str, str, bool, str]:
        """What two requests must have in common, besides words and tenant, to share one answer.

        Their dialect is part of it, since an answer may be passed on unchanged; the rule that applies, since
        another one may have an answer pass other checks.
        """
        target, original = self.target, self.request.original
        form = (self.request.stream, "" if original is None else original.dialect.value)
        if isinstance(target, Model):
            return ("model", target.id, "", *form)
        chosen = self.caller.overrides.of_the_choice
        return (target.name, target.version + chosen, self.rule, *form)

    def recorded(self, decision: Decision) -> Record:
        """What the ledger keeps of `decision`; the same as a moment ago, if that one is used again."""
        return self.record or Record(decision, self.circumstances)


def payer_of(caller: Caller, target: Policy | Model) -> Payer:
    """Who pays for a request of `caller` that `target` decides or answers."""
    policy = "" if isinstance(target, Model) else target.name
    return Payer(caller.key, caller.tags, policy, caller.grants)

"""One request and whoever sends it, understood: what the rest of its way is decided by."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct, field

from router.decision.policy import Circumstances, Policy, Terms
from router.decision.record import Record
from router.domain.budget import Balance, Budget
from router.domain.features import Features
from router.domain.key import EVERYTHING_GRANTED, Grants
from router.domain.model import Model
from router.domain.overrides import NO_OVERRIDES, Overrides
from router.ledger.rulebook import Payer
from router.pipeline.home import ANYWHERE, Home
from router.pipeline.shelf import ANY_WISH, Wish
from router.wire.chat import ChatRequest
from router.wire.overrides import Stated


class Caller(Struct, frozen=True):
    """Who asks: the request's id, the name of the key, tags for reports, and two wishes.

    `wish` is about caching; `deadline_s` is how long the client is willing to wait, None where it
    did not say; `wants_receipt` whether what the answer cost shall come with it. `grants` are those
    of the key, `session` is what `x-session-id` calls the conversation, "" for nothing, `key_tags` the
    tags that were given to it and not by the client. `headers` are those of the request, by their
    names in small letters or whatever their case; `stated` what they ask otherwise, by name, and
    `overrides` what they and the body ask, once that is allowed. `budget_left` is a share to suppose, `unix_s` a
    moment, for explanations; None takes them as they are.
    """

    request_id: str
    key: str = ""
    tags: tuple[str, ...] = ()
    wish: Wish = ANY_WISH
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
    """What stands for a request's conversation, and the model that has called the tools whose results come now.

    Both are "" where there is none. `home` says whose thoughts go without a name in it, `held_by` is the
    upstream that has stored what it goes on from, "" where nothing is stored.
    """

    thread: str = ""
    stays_with: str = ""
    home: Home = ANYWHERE
    held_by: str = ""


ALONE = Session()


class Visit(Struct, frozen=True):
    """A request with its caller, and what was found out about both.

    `target` is the policy that decides, or the model that is pinned; `terms` are those that hold
    for it. `thread` stands for its conversation, "" outside of any, and `home` says whose thoughts go
    without a name in it. `began_s` is when the request came, by the clock that measures durations. `record` is how
    it was decided a moment ago, where it is not decided anew.
    """

    request: ChatRequest
    caller: Caller
    target: Policy | Model
    features: Features
    circumstances: Circumstances
    terms: Terms
    budgets: tuple[Budget, ...]
    balances: Sequence[Balance]
    began_s: float
    thread: str = ""
    home: Home = ANYWHERE
    record: Record | None = None

    @property
    def payer(self) -> Payer:
        """On whose account it goes."""
        return payer_of(self.caller, self.target)

    @property
    def kind(self) -> tuple[str, str, bool, str]:
        """What two requests must have in common, beside words and tenant, to be answered as one.

        Their dialect is part of it, for an answer may pass as it is.
        """
        target, original = self.target, self.request.original
        form = (self.request.stream, "" if original is None else original.dialect.value)
        if isinstance(target, Model):
            return ("model", target.id, *form)
        chosen = self.caller.overrides.of_the_choice
        return (target.name, target.version + chosen, *form)


def payer_of(caller: Caller, target: Policy | Model) -> Payer:
    """On whose account a request goes that `target` decides, or answers."""
    policy = "" if isinstance(target, Model) else target.name
    return Payer(caller.key, caller.tags, policy, caller.grants)

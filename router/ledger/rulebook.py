"""Which budgets and limits apply to a request."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from msgspec import Struct

from router.domain.budget import Balance, Budget, RateLimit, Scope, ScopeKind
from router.domain.key import EVERYTHING_GRANTED, Grants
from router.domain.members import replace
from router.domain.money import Money

_R = TypeVar("_R", Budget, RateLimit)


class Payer(Struct, frozen=True):
    """Who pays for a request: its key, its tags, its policy ("" for a pinned model)."""

    key: str = ""
    tags: tuple[str, ...] = ()
    policy: str = ""
    grants: Grants = EVERYTHING_GRANTED

    def names(self, kind: ScopeKind) -> Sequence[str]:
        """The payer's names in scopes of `kind`; "" stands for everything."""
        match kind:
            case ScopeKind.ALL:
                return ("",)
            case ScopeKind.KEY:
                return (self.key,) if self.key else ()
            case ScopeKind.TAG:
                return self.tags
            case ScopeKind.POLICY:
                return (self.policy,) if self.policy else ()


class Rulebook(Struct, frozen=True):
    """The budgets and limits of the configuration; a key may have further ones of its own."""

    budgets: tuple[Budget, ...] = ()
    limits: tuple[RateLimit, ...] = ()

    def budgets_for(self, payer: Payer) -> tuple[Budget, ...]:
        """The budgets that `payer` draws on, each once."""
        if not self.budgets and not payer.grants.budgets:
            return ()
        return tuple(dict.fromkeys([*_applying(self.budgets, payer), *payer.grants.budgets]))

    def limits_for(self, payer: Payer) -> tuple[RateLimit, ...]:
        """The limits per minute that hold for `payer`, each once."""
        if not self.limits and not payer.grants.limits:
            return ()
        return tuple(dict.fromkeys([*_applying(self.limits, payer), *payer.grants.limits]))


def _applying(rules: Iterable[_R], payer: Payer) -> Iterator[_R]:
    for rule in rules:
        kind, name = rule.scope.kind, rule.scope.name
        if rule.scope.is_for_each:
            yield from (replace(rule, scope=Scope(kind, each)) for each in payer.names(kind))
        elif name in payer.names(kind):
            yield rule


def least_left(balances: Sequence[Balance]) -> Money | None:
    """What the tightest budget has left; None without budgets."""
    return min((balance.left for balance in balances), default=None)


def least_share_left(balances: Sequence[Balance]) -> float:
    """The least share that any budget has left, 1.0 without budgets."""
    return min((balance.share_left for balance in balances), default=1.0)


def tightest(balances: Sequence[Balance]) -> Balance:
    """The balance that has least left. Raises ValueError without any."""
    return min(balances, key=lambda balance: balance.left)

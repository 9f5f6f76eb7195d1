"""Which budgets and limits apply to a request."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import force_setattr

from router.domain.budget import EACH, Balance, Budget, RateLimit, Scope, ScopeKind
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


_ByScope = Mapping[ScopeKind, Mapping[str, Sequence[tuple[int, _R]]]]
"""Rules by the kind of their scope, then by its name, each with its place among all."""


class Rulebook(Struct, frozen=True):
    """The budgets and limits of the configuration; a key may have further ones of its own.

    What applies to a request is looked up: there may be thousands of others.
    """

    budgets: tuple[Budget, ...] = ()
    limits: tuple[RateLimit, ...] = ()
    _budgets: _ByScope[Budget] = {}
    _limits: _ByScope[RateLimit] = {}

    def __post_init__(self) -> None:
        """Make the registers."""
        force_setattr(self, "_budgets", _by_scope(self.budgets))
        force_setattr(self, "_limits", _by_scope(self.limits))

    def budgets_for(self, payer: Payer) -> tuple[Budget, ...]:
        """The budgets that `payer` draws on, each once."""
        if not self.budgets and not payer.grants.budgets:
            return ()
        return tuple(dict.fromkeys([*_applying(self._budgets, payer), *payer.grants.budgets]))

    def limits_for(self, payer: Payer) -> tuple[RateLimit, ...]:
        """The limits per minute that hold for `payer`, each once."""
        if not self.limits and not payer.grants.limits:
            return ()
        return tuple(dict.fromkeys([*_applying(self._limits, payer), *payer.grants.limits]))


def _by_scope(rules: Iterable[_R]) -> _ByScope[_R]:
    found: dict[ScopeKind, dict[str, list[tuple[int, _R]]]] = {}
    for place, rule in enumerate(rules):
        of_kind = found.setdefault(rule.scope.kind, {})
        of_kind.setdefault(rule.scope.name, []).append((place, rule))
    return found


def _applying(rules: _ByScope[_R], payer: Payer) -> Iterator[_R]:
    """Those of the payer's own scopes, in the order of the configuration."""
    found = list[tuple[int, _R]]()
    for kind, of_kind in rules.items():
        for name in payer.names(kind):
            found += of_kind.get(name, ())
            for place, rule in of_kind.get(EACH, ()):
                found.append((place, replace(rule, scope=Scope(kind, name))))
    return (rule for _, rule in sorted(found, key=itemgetter(0)))


def least_left(balances: Sequence[Balance]) -> Money | None:
    """What the tightest budget has left; None without budgets."""
    return min((balance.left for balance in balances), default=None)


def least_share_left(balances: Sequence[Balance]) -> float:
    """The least share that any budget has left, 1.0 without budgets."""
    return min((balance.share_left for balance in balances), default=1.0)


def tightest(balances: Sequence[Balance]) -> Balance:
    """The balance that has least left. Raises ValueError without any."""
    return min(balances, key=lambda balance: balance.left)

"""The accounts that a process draws on in Redis, and the balances that it last read."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from msgspec import Struct

from router.domain.budget import Balance, Budget, Period
from router.domain.money import Money
from router.stores.memory.budget_store import is_due
from router.stores.redis import keys

PICO_PER_NANO = 1000
_DOUBTED_AGAIN_S = 5.0
_TRUSTED_S, _PLENTY = 2.0, 0.25
"""A balance read within 2 s is not read again while at least this share of the budget is left."""


class BudgetPeriod(Struct, frozen=True):
    """A budget in one period, and the key under which Redis keeps it."""

    budget: Budget
    period: Period
    key: str

    @classmethod
    def of(cls, budget: Budget, now_s: float) -> "BudgetPeriod":
        """The account of the period that contains `now_s` (Unix time)."""
        scope, period = budget.scope, budget.period(now_s)
        named = (scope.kind, scope.name, budget.window, budget.timezone)
        return cls(budget, period, keys.account(*named, repr(period.start_s)))

    def balance(self, spent_nano: int, reserved_nano: int) -> Balance:
        """Amounts from Redis, in nano-dollars, as a balance."""
        spent, reserved = Money(spent_nano * PICO_PER_NANO), Money(reserved_nano * PICO_PER_NANO)
        return Balance(self.budget, self.period, spent, reserved)


class ReadBalance(Struct):
    """An account, and its balance as it was read at `read_s` (Unix time), if it ever was.

    `spent` is the most that was ever spent in it, as far as this process knows, None if it does not. At
    `doubted_s` Redis had less. `is_compared` says whether the ledger was asked since Redis was last away.
    """

    account: BudgetPeriod
    balance: Balance | None = None
    read_s: float = 0.0
    spent: Money | None = None
    doubted_s: float = float("-inf")
    is_compared: bool = False

    def read(self, balance: Balance, now_s: float) -> None:
        """Note a balance that has just been read."""
        self.balance, self.read_s = balance, now_s
        if self.spent is None or self.spent < balance.spent:
            self.spent = balance.spent

    def was_set_back(self, balance: Balance, before: Money | None, now_s: float) -> bool:
        """Whether less is spent than was known `before` Redis was asked; what others read meanwhile may be newer.

        Says so once in five seconds: other processes look into it, too.
        """
        if before is None or balance.spent >= before:
            return False
        if 0 <= now_s - self.doubted_s < _DOUBTED_AGAIN_S:
            return False
        self.doubted_s = now_s
        return True

    def trusted(self, now_s: float) -> Balance | None:
        """The balance, if it may be used again: it is recent, and far from zero."""
        if self.balance is None or not 0.0 <= now_s - self.read_s < _TRUSTED_S:
            return None
        return self.balance if self.balance.share_left >= _PLENTY else None


class Accounts:
    """The accounts of the budgets drawn on most recently, at most `most_known` of them."""

    def __init__(self, unix_s: Callable[[], float], most_known: int) -> None:
        self._unix_s = unix_s
        self._most_known = most_known
        self._known: OrderedDict[Budget, ReadBalance] = OrderedDict()

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """All of them, the least recently drawn on first."""
        return tuple(self._known)

    def seen(self) -> Iterator[Balance]:
        """The balances of current periods as they were last read."""
        now_s = self._unix_s()
        for each in self._known.values():
            if each.balance is not None and each.account.period.has(now_s):
                yield each.balance

    def of(self, budgets: Sequence[Budget]) -> tuple[BudgetPeriod, ...]:
        """The current account of each budget."""
        return tuple([each.account for each in self.known(budgets)])

    def known(self, budgets: Sequence[Budget]) -> list[ReadBalance]:
        """What is known of the current account of each budget."""
        now_s, every = self._unix_s(), self._known
        for budget in budgets:
            known = every.get(budget)
            if known is None or not known.account.period.has(now_s):
                every[budget] = ReadBalance(BudgetPeriod.of(budget, now_s))
            every.move_to_end(budget)
        found = [every[budget] for budget in budgets]
        while len(every) > self._most_known:
            every.popitem(last=False)
        return found

    def opened(self, account: BudgetPeriod, spent: Money) -> None:
        """Note what the ledger says was spent."""
        known = self._known.get(account.budget)
        if known is not None and known.account == account:
            known.spent, known.is_compared = spent, True

    def doubt(self) -> None:
        """Redis is away: it may come back with an older state, also of what only others have drawn on since."""
        for each in self._known.values():
            each.is_compared = False

    def distrust(self, budgets: Sequence[Budget]) -> None:
        """Have these balances read again: one of the budgets turned out to have too little left."""
        for each in self.known(budgets):
            each.read_s = float("-inf")


class UnsureAccounts:
    """Accounts of which the ledger is to be asked again, once that is due; beyond `most` the oldest are dropped."""

    def __init__(self, most: int) -> None:
        self._due_s: dict[BudgetPeriod, float] = {}
        self._most = most

    def __len__(self) -> int:
        return len(self._due_s)

    def __contains__(self, account: BudgetPeriod) -> bool:
        return account in self._due_s

    def keep(self, accounts: Sequence[BudgetPeriod], due_s: float) -> None:
        """Have the ledger asked of these from `due_s` (Unix time) on."""
        self._due_s.update(dict.fromkeys(accounts, due_s))
        for oldest in tuple(islice(self._due_s, max(0, len(self._due_s) - self._most))):
            del self._due_s[oldest]

    def take(self, now_s: float, most: int) -> tuple[BudgetPeriod, ...]:
        """At most `most` of those that are due, which are dropped: the caller asks."""
        due = (each for each, due_s in self._due_s.items() if is_due(due_s, now_s))
        taken = tuple(islice(due, most))
        for account in taken:
            del self._due_s[account]
        return taken


def bounding_of(accounts: Sequence[BudgetPeriod]) -> tuple[BudgetPeriod, ...]:
    """The accounts, each key once: of several budgets with the same account, the one that allows least.

    They differ only in their amounts, such as a key's own budget and that of each key.
    """
    least = {each.key: each for each in sorted(accounts, key=lambda each: -each.budget.usd.pico)}
    return tuple(least.values())

"""Which budgets and limits of the configuration a request draws on."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from router.domain.budget import EACH, Budget, BudgetWindow, RateLimit, Scope, ScopeKind
from router.domain.members import replace
from router.domain.money import Money
from router.ledger.rulebook import Payer, Rulebook

NAMES = st.sampled_from(["a", "b", "c"])
SCOPES = st.just(Scope()) | st.builds(
    Scope,
    st.sampled_from([ScopeKind.KEY, ScopeKind.TAG, ScopeKind.POLICY]),
    NAMES | st.just(EACH),
)
BUDGETS = st.builds(
    Budget, SCOPES, st.just(Money(1)), st.sampled_from(BudgetWindow), st.just("UTC")
)
PAYERS = st.builds(
    Payer,
    NAMES | st.just(""),
    st.lists(NAMES, max_size=3, unique=True).map(tuple),
    NAMES | st.just(""),
)


def one_by_one(budgets: tuple[Budget, ...], payer: Payer) -> Iterator[Budget]:
    """Those that apply, by looking at each of them."""
    for budget in budgets:
        kind, name = budget.scope.kind, budget.scope.name
        for own in payer.names(kind):
            if name in (own, EACH):
                yield replace(budget, scope=Scope(kind, own))


@given(budgets=st.lists(BUDGETS, max_size=8).map(tuple), payer=PAYERS)
def test_those_of_its_key_its_tags_its_policy_and_everything_apply_in_their_order(
    budgets: tuple[Budget, ...], payer: Payer
) -> None:
    told = Rulebook(budgets).budgets_for(payer)
    assert told == tuple(dict.fromkeys(one_by_one(budgets, payer)))


def test_limits_are_found_likewise() -> None:
    everybody, each, another = (
        RateLimit(scope, 1, None)
        for scope in (Scope(), Scope(ScopeKind.TAG, EACH), Scope(ScopeKind.KEY, "b"))
    )
    book = replace(Rulebook(), limits=(another, each, everybody))
    own = replace(each, scope=Scope(ScopeKind.TAG, "t"))

    assert book.limits_for(Payer("a", ("t",))) == (own, everybody)
    assert book.limits_for(Payer("b")) == (another, everybody)

"""Why a conversation stays with its model, or moves to another one, in words."""

from collections.abc import Iterator

from router.domain.candidate import Candidate
from router.domain.decision import Decision
from router.domain.money import Money


def kept(candidate: Candidate) -> str:
    """How much of the conversation its provider has cached, as a clause of a headline; "" for nothing."""
    staying = candidate.cost.staying
    return f"; {staying.kept_tokens} tokens kept" if staying and staying.kept_tokens else ""


def of_the_conversation(decision: Decision) -> Iterator[str]:
    """A sentence about what the chosen model's provider has cached, and one about the next best model."""
    chosen = decision.chosen
    if (staying := chosen.cost.staying) is None:
        return
    has = (
        f"Its provider has {staying.kept_tokens} tokens of this conversation already"
        if staying.kept_tokens
        else "Its provider has nothing of this conversation yet"
    )
    whole = _rounded(chosen.cost.in_all)
    yield f"{has}; with the calls that are likely to follow it is expected to cost {whole} USD."
    others = [each for each in decision.fallbacks if decision.is_adequate(each)]
    if others:
        yield _beside(min(others, key=lambda each: each.cost.in_all))


def _beside(other: Candidate) -> str:
    staying = other.cost.staying
    has = f"{staying.kept_tokens} tokens" if staying and staying.kept_tokens else "nothing"
    whole = _rounded(other.cost.in_all)
    return f"With {other.model.id}, {has} would be cached, and it would cost {whole} USD."


def _rounded(money: Money) -> Money:
    """`money` to three digits: the number of calls to follow is not known any better."""
    return Money.from_usd(f"{money.usd:.3g}")

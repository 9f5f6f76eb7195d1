"""Amounts of money, rounded for people."""

from router.domain.money import Money


def dollars(money: Money) -> str:
    """An amount for people: to the cent from a dollar on, below that to a thousandth of a cent."""
    return unsigned_zero(_rounded(money))


def signed_dollars(change: Money) -> str:
    """A change for people, with a plus for an increase."""
    return unsigned_zero(f"{'+' if change.pico > 0 else ''}{_rounded(change)}")


def unsigned_zero(number: str) -> str:
    """A rounded number without a sign if it has become zero: `-$0.00000` is no loss."""
    return number if number.strip("+-$0.%") else number.strip("+-")


def _rounded(money: Money) -> str:
    sign, usd = ("-" if money.pico < 0 else ""), abs(money.usd)
    return f"{sign}${usd:,.{2 if usd >= 1 else 5}f}"

"""Amounts and figures, rounded for people."""

from router.domain.money import Money


def dollars(money: Money) -> str:
    """An amount for people: to the cent from a dollar on, below that to a thousandth of a cent, or in two digits."""
    sign, usd = ("-" if money.pico < 0 else ""), abs(money.usd)
    digits = 2 if usd >= 1 else max(5, 1 - usd.adjusted()) if usd else 5
    return f"{sign}${usd:,.{digits}f}"


def signed_dollars(change: Money) -> str:
    """A change for people, with a plus for an increase."""
    return f"{'+' if change.pico > 0 else ''}{dollars(change)}"


def unsigned_zero(number: str) -> str:
    """A rounded number without a sign if it has become zero: `-0.000` is no loss."""
    return number if number.strip("+-0.") else number.strip("+-")

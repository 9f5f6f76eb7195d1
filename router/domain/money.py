"""Exact money: whole pico-dollars (10^-12 USD), so that sums never drift.

A token of the cheapest models costs about 10^4 pico-dollars, and a million dollars is 10^18:
every price per token that a vendor publishes is a whole number here, and Python integers do
not overflow.
"""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Self

from msgspec import Struct

PICO_PER_USD = 10**12


class Money(Struct, frozen=True, order=True, gc=False):
    """An amount of US dollars as a whole number of pico-dollars; negative is a loss or a refund."""

    pico: int = 0

    def __post_init__(self) -> None:
        """Refuse anything but a whole number: a float here is an invoice that does not add up."""
        if type(self.pico) is not int:
            raise TypeError(f"Money takes whole pico-dollars, not {self.pico!r}")

    @classmethod
    def from_usd(cls, usd: Decimal | str | int | float) -> Self:
        """Money for `usd` dollars, rounded half-even to a pico-dollar.

        A float is read by its shortest decimal form, so 2.5e-06 means exactly 2.5e-06.
        Raises ValueError for NaN, infinities and text that is no number.
        """
        try:
            amount = Decimal(str(usd)) * PICO_PER_USD
            return cls(int(amount.to_integral_value(ROUND_HALF_EVEN)))
        except (ArithmeticError, ValueError) as error:
            raise ValueError(f"{usd!r} is not an amount of dollars") from error

    @property
    def usd(self) -> Decimal:
        """The amount in dollars, exact."""
        return Decimal(self.pico).scaleb(-12)

    def __add__(self, other: Self) -> "Money":
        return Money(self.pico + other.pico)

    def __sub__(self, other: Self) -> "Money":
        return Money(self.pico - other.pico)

    def __neg__(self) -> "Money":
        return Money(-self.pico)

    def __mul__(self, times: int) -> "Money":
        return Money(self.pico * times)

    def __bool__(self) -> bool:
        return self.pico != 0

    def __str__(self) -> str:
        """Dollars in plain decimals, all digits kept and trailing zeros dropped: `0.00125`."""
        text = f"{self.usd:f}"
        # Who wants no bound may write 1e30: that many digits have no decimals, and its zeros are no trailing ones.
        return text.rstrip("0").rstrip(".") if "." in text else text


ZERO = Money(0)

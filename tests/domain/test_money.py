"""Money: whole pico-dollars, so that sums do not depend on their order and nothing is lost."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.money import PICO_PER_USD, ZERO, Money

AMOUNTS = st.integers(-(10**24), 10**24).map(Money)


def test_a_dollar_is_a_million_million_picos() -> None:
    assert Money.from_usd(1) == Money(PICO_PER_USD)


def test_a_float_means_its_shortest_decimals() -> None:
    assert Money.from_usd(2.5e-06) == Money(2_500_000)
    assert Money.from_usd(0.1) + Money.from_usd(0.2) == Money.from_usd(0.3)


@pytest.mark.parametrize(
    ("usd", "pico"),
    [("0.0000000000005", 0), ("0.0000000000015", 2), ("0.00000000000051", 1), ("-1e-12", -1)],
)
def test_less_than_a_pico_is_rounded_half_to_even(usd: str, pico: int) -> None:
    assert Money.from_usd(usd) == Money(pico)


@pytest.mark.parametrize("nonsense", ["", "free", "1,5", float("nan"), float("inf"), "1e5x"])
def test_what_is_no_amount_is_refused(nonsense: str | float) -> None:
    with pytest.raises(ValueError, match="not an amount of dollars"):
        Money.from_usd(nonsense)


@pytest.mark.parametrize("pico", [1.0, 0.5, "1", True, None, Decimal(1)])
def test_nothing_but_a_whole_number_becomes_money(pico: object) -> None:
    with pytest.raises(TypeError, match="whole pico-dollars"):
        Money(pico)  # type: ignore[arg-type]


def test_a_share_of_money_is_not_money() -> None:
    with pytest.raises(TypeError):
        Money(3) * 0.5  # type: ignore[operator]


@pytest.mark.parametrize(
    ("pico", "text"),
    [
        (0, "0"),
        (1, "0.000000000001"),
        (-1, "-0.000000000001"),
        (1_250_000_000, "0.00125"),
        (10**13, "10"),
        (120 * 10**12, "120"),
        (-3 * 10**12, "-3"),
        (10**42, "1" + "0" * 30),
    ],
)
def test_it_is_written_in_plain_decimals_with_every_digit(pico: int, text: str) -> None:
    assert str(Money(pico)) == text


@given(pico=st.integers(-(10**27), 10**27))
def test_what_is_written_is_read_back_exactly(pico: int) -> None:
    assert Money.from_usd(str(Money(pico))) == Money(pico)


@given(digits=st.integers(0, 10**15), places=st.integers(0, 12))
def test_decimals_of_prices_are_exact(digits: int, places: int) -> None:
    usd = Decimal(digits).scaleb(-places)

    assert Fraction(Money.from_usd(usd).pico, PICO_PER_USD) == Fraction(usd)


@given(amounts=st.lists(AMOUNTS), shuffled=st.randoms(use_true_random=False))
def test_parts_sum_to_the_whole_in_any_order(amounts: list[Money], shuffled: object) -> None:
    forwards, again = sum(amounts, ZERO), list(amounts)
    shuffled.shuffle(again)  # type: ignore[attr-defined]

    assert sum(again, ZERO) == forwards
    assert forwards.pico == sum(each.pico for each in amounts)


@given(one=AMOUNTS, other=AMOUNTS, times=st.integers(-1000, 1000))
def test_arithmetic_stays_whole(one: Money, other: Money, times: int) -> None:
    assert one - other == one + -other
    assert one * times == Money(one.pico * times)
    assert all(type(result.pico) is int for result in (one + other, one - other, one * times))


@given(one=AMOUNTS, other=AMOUNTS)
def test_more_is_more(one: Money, other: Money) -> None:
    assert (one < other) == (one.pico < other.pico)
    assert bool(one) == (one != ZERO)

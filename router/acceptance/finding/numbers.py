r"""Numbers with their units, however they are written: 1,234.5 and 1.234,5; 1/2 and \frac{1}{2}; 3e5 and 3 × 10^5.

Values are exact fractions. "1,234" is read in the English way; a comma is a decimal mark where it cannot
separate thousands. Percentages are numbers of their own: 50 % is neither 50 nor 0.5.
"""

import re
from fractions import Fraction
from typing import NamedTuple

from router.acceptance.words.units import CURRENCIES, PERCENT, SCALES, UNITS

_MOST_DIGITS = 60
_LARGEST_EXPONENT = 300
_DIGITS = r"\d++(?:[.,'’]\d++|[ \u00a0\u202f\u2009]\d{3}(?!\d))*"
_NUMBER = re.compile(
    rf"""
    (?P<sign>[+-]?)(?P<currency>US\$|[$€£¥₹₽₩])?[ ]?(?P<sign_after>-?)
    (?P<digits>{_DIGITS}|\.\d++)
    (?:
        [ ]?/[ ]?(?P<below>{_DIGITS})
      | [ ](?P<above>\d{{1,4}})/(?P<part>\d{{1,4}})
      | (?:e|[ ]?[*x][ ]?10[ ]?\^[ ]?)[({{]?(?P<power>[+-]?\d{{1,4}})[)}}]?
    )?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_THOUSANDS = re.compile(r"\d{1,3}(?:(?P<by>[,.'’ \u00a0\u202f\u2009])\d{3}(?:(?P=by)\d{3})*)")
_INDIAN = re.compile(r"\d{1,2}(?:,\d{2})+,\d{3}")
_NAME = re.compile(r"0\d")
"""A leading zero means an identifier, such as a telephone number, rather than a quantity."""
_MARKS = re.compile(r"[,.'’ \u00a0\u202f\u2009]")


class Number(NamedTuple):
    """An exact value, the currency before it ("" for none), and what follows it in the text."""

    value: Fraction
    currency: str
    rest: str


def number_at(text: str) -> Number | None:
    """The number that a text begins with; None if there is none, or it is too large to be meant."""
    match = _NUMBER.match(text)
    value = _value(match) if match else None
    if match is None or value is None:
        return None
    minus = "-" in (match["sign"], match["sign_after"])
    return Number(-value if minus else value, match["currency"] or "", text[match.end() :])


def _value(match: re.Match[str]) -> Fraction | None:
    base = _decimal(match["digits"])
    if base is None:
        return None
    if match["below"]:
        return _divided(base, _decimal(match["below"]))
    if match["part"]:
        part = _divided(Fraction(match["above"]), Fraction(match["part"]))
        return None if part is None else base + part
    return _scaled(base, int(match["power"])) if match["power"] else base


def _divided(above: Fraction, below: Fraction | None) -> Fraction | None:
    return above / below if below else None


def _scaled(base: Fraction, power: int) -> Fraction | None:
    return base * Fraction(10) ** power if abs(power) <= _LARGEST_EXPONENT else None


def _decimal(digits: str) -> Fraction | None:
    """The value of digits with marks between them; None if they make no number, like 1.2.3 and 007."""
    if len(digits) > _MOST_DIGITS or _NAME.match(digits):
        return None
    marks = _MARKS.findall(digits)
    if not marks:
        return Fraction(digits)
    whole, mark, decimals = _parted(digits, marks)
    if whole is None:
        return None
    return Fraction(f"{whole}.{decimals}" if mark else whole)


def _parted(digits: str, marks: list[str]) -> tuple[str | None, str, str]:
    """The whole part without marks, the decimal mark or "", and the decimals."""
    last = marks[-1]
    is_decimal = last in ",." and marks.count(last) == 1 and not _parts_thousands(digits, last)
    if not is_decimal:
        return _without_marks(digits), "", ""
    whole, _, decimals = digits.rpartition(last)
    return _without_marks(whole or "0"), last, decimals


def _parts_thousands(digits: str, mark: str) -> bool:
    """Whether the only mark of its kind separates thousands: an English comma before three digits."""
    return mark == "," and not digits.startswith("0") and _THOUSANDS.fullmatch(digits) is not None


def _without_marks(digits: str) -> str | None:
    if digits.isdigit():
        return digits
    if _THOUSANDS.fullmatch(digits) or _INDIAN.fullmatch(digits):
        return _MARKS.sub("", digits)
    return None


# ------------------------------------------------------------------------------------- units


class Unit(NamedTuple):
    """What follows a number: a factor, and a unit; `is_known` if it is in the table."""

    scale: int
    name: str
    is_known: bool = True


def unit_of(text: str, currency: str) -> Unit | None:
    """The unit that a text consists of, "%" for percentages; None if it is more than a unit can be."""
    words = text.strip(" .!").split()
    scale = 1
    while words and words[0].lower() in SCALES and len(words) <= 4:
        scale *= SCALES[words.pop(0).lower()]
    if currency in CURRENCIES:
        return Unit(scale, UNITS[currency.lower()]) if _is_currency(words, currency) else None
    return _named(words, scale)


def _is_currency(words: list[str], currency: str) -> bool:
    return not words or (len(words) == 1 and _spelt(words[0]) == UNITS[currency.lower()])


def _named(words: list[str], scale: int) -> Unit | None:
    if not words:
        return Unit(scale, "")
    if len(words) > 3:
        return None
    if len(words) == 1 and words[0].lower() in PERCENT:
        return Unit(scale, "%")
    joined = _joined(words)
    known = _compound(joined)
    return Unit(scale, known) if known else Unit(scale, " ".join(words), is_known=False)


def _joined(words: list[str]) -> str:
    return " ".join(words).replace(" per ", "/").replace("° ", "°").replace(" / ", "/")


def _compound(text: str) -> str:
    """The one spelling of a unit, or of a quotient of units; "" if a part is unknown."""
    if spelt := _spelt(text):
        return spelt
    above, slash, below = text.partition("/")
    parts = (_spelt(above), _spelt(below))
    if not (slash and all(parts)):
        return ""
    return _spelt("/".join(parts)) or "/".join(parts)


def _spelt(text: str) -> str:
    """The one spelling of a unit, "" if unknown; one-letter symbols are case-sensitive."""
    return UNITS.get(text) or (UNITS.get(text.lower(), "") if len(text) > 1 else "")

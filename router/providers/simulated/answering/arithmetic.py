"""Sums in plain language: `what is 17 * 23`, `12 plus 30`, `15% of 80`, `(2 + 3) times 4`."""

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from msgspec import Struct

from router.providers.simulated.answering.chance import Chance
from router.providers.simulated.answering.truth import Kind, Truth

_WORDS = (
    (re.compile(r"\bmultiplied by\b|\btimes\b|×|·"), " * "),
    (re.compile(r"\bdivided by\b|÷"), " / "),
    (re.compile(r"\bto the power of\b|\*\*"), " ^ "),
    (re.compile(r"\bplus\b"), " + "),
    (re.compile(r"\bminus\b|\u2212"), " - "),
    (re.compile(r"(\d)\s*(?:%|\bpercent\b)\s+of\b"), r"\1 / 100 * "),
    (re.compile(r"\bsquared\b"), " ^ 2 "),
    (re.compile(r"(?<=\d)\s*x\s*(?=\d)"), " * "),
)
_UNIT = re.compile(r"\bhow many ([a-z]+)", re.IGNORECASE)
_DIGIT = re.compile(r"[0-9]")
_DATE = re.compile(r"\b\d{4}-\d{1,2}-\d{1,2}\b|\b\d{1,2}/\d{1,2}/\d{2,4}\b")
_CUE = re.compile(r"what(?:'s| is| are)|how much|calculate|compute|evaluate|=", re.IGNORECASE)
# Possessive quantifiers: what was read as a number is never retried as a shorter one.
_NUMBER = r"\d++(?:,\d{3})*+(?:\.\d++)?+"
_SUM = re.compile(rf"[( ]*+-?{_NUMBER}[) ]*+(?:[-+*/^][( ]*+-?{_NUMBER}[) ]*+)+")
_SPACED_SUM = re.compile(rf"[( ]*+-?{_NUMBER}\)*+(?:(?: [-/] | ?[+*^] ?)[( ]*+-?{_NUMBER}\)*+)+")
_TOKEN = re.compile(rf"{_NUMBER}|[-+*/^()]")
_MOST_CHARS = 2000
_MOST_EXPONENT = 64
_MOST_DIGITS = 30
_CARRIES = (-1, 1, 2, -2, 3, -3, 11, -11)


class Sum(Struct, frozen=True):
    """A sum found in a text, neatly written, and its value."""

    text: str
    value: Fraction

    @property
    def answer(self) -> str:
        """The value with at most six decimals."""
        return decimal(self.value)


def find(text: str) -> Sum | None:
    """The first sum in `text`, None if there is none.

    Slashes and hyphens without spaces count as operators only if the text asks for a result:
    `24/7` and `5-6 days` are not sums.
    """
    if not _DIGIT.search(text):
        return None
    text = _DATE.sub(" ", text[:_MOST_CHARS].lower())
    pattern = _SUM if _CUE.search(text) else _SPACED_SUM
    for word, operator in _WORDS:
        text = word.sub(operator, text)
    text = " ".join(text.split())
    return next((found for match in pattern.finditer(text) if (found := _read(match[0]))), None)


def truth(text: str) -> Truth | None:
    """The value of the first sum in `text`, and what it could be mistaken for; None if there is no sum."""
    if (found := find(text)) is None:
        return None
    unit = _UNIT.search(text[:_MOST_CHARS])
    chance = Chance.of("sum", text)
    counted = unit[1].lower() if unit else ""
    return Truth(Kind.NUMBER, found.answer, lambda: slips(found.value, chance), found.text, counted)


def slips(value: Fraction, chance: Chance) -> list[str]:
    """Results that someone in a hurry might get; `chance` determines which comes first.

    None of them is or contains `value`, since answers are also marked by what they contain.
    """
    right = decimal(value)
    tens = 10 ** max(len(decimal(abs(value)).split(".")[0]) - 2, 0)
    by = [1, -1, 2, -2, 3, 4, 5, -5, 9, -9, 10, -10, *(tens * each for each in _CARRIES)]
    texts = map(decimal, [*(value + each for each in by), value * 2])
    return chance.turned([text for text in dict.fromkeys(texts) if right not in text])


def decimal(value: Fraction) -> str:
    """`value` in decimals: whole if it is, otherwise rounded to six places."""
    if value.denominator == 1:
        return str(value.numerator)
    return f"{float(value):.6f}".rstrip("0").rstrip(".")


def _read(found: str) -> Sum | None:
    """`found` as a sum; unbalanced brackets around it are dropped."""
    symbols = _balanced(_TOKEN.findall(found))
    try:
        reader = _Reader(symbols)
        value = reader.whole()
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    if len(str(value.numerator)) > _MOST_DIGITS or len(str(value.denominator)) > _MOST_DIGITS:
        return None
    return Sum(" ".join(symbols).replace("( ", "(").replace(" )", ")"), value)


def _balanced(symbols: Sequence[str]) -> list[str]:
    surplus = symbols.count("(") - symbols.count(")")
    kept = list(symbols)
    for _ in range(surplus):
        if kept[0] == "(":
            kept.pop(0)
    for _ in range(-surplus):
        if kept[-1] == ")":
            kept.pop()
    return kept


class _Reader:
    """Recursive descent over the symbols: sums of products of powers."""

    def __init__(self, symbols: Sequence[str]) -> None:
        self._symbols: Iterator[str] = iter(symbols)
        self._next = next(self._symbols, "")

    def whole(self) -> Fraction:
        """The value of all symbols. Raises ValueError if they are not a sum."""
        value = self._sum()
        if self._next:
            raise ValueError(f"{self._next} stands where the sum should end")
        return value

    def _take(self) -> str:
        taken, self._next = self._next, next(self._symbols, "")
        return taken

    def _sum(self) -> Fraction:
        value = self._product()
        while self._next in {"+", "-"}:
            value += self._product() if self._take() == "+" else -self._product()
        return value

    def _product(self) -> Fraction:
        value = self._power()
        while self._next in {"*", "/"}:
            value = value * self._power() if self._take() == "*" else value / self._power()
        return value

    def _power(self) -> Fraction:
        base = self._atom()
        if self._next != "^":
            return base
        self._take()
        exponent = self._power()
        if exponent.denominator != 1 or abs(exponent) > _MOST_EXPONENT or abs(base) > 10**6:
            raise ValueError("the power is too large to be worked out here")
        return Fraction(base**exponent)

    def _atom(self) -> Fraction:
        taken = self._take()
        if taken == "-":
            return -self._power()
        if taken == "(":
            value = self._sum()
            if self._take() != ")":
                raise ValueError("a bracket is not closed")
            return value
        return Fraction(taken.replace(",", ""))

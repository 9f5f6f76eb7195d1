"""Numbers within the bounds of a JSON schema: minimum, maximum, their exclusive variants, multipleOf."""

import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any, TypeAlias

from router.providers.simulated.answering.chance import Chance

# A bound, and whether it is itself excluded.
_Limit: TypeAlias = tuple[Fraction, bool]


def number_within(
    schema: Mapping[str, Any], step: Fraction | None, chance: Chance
) -> Fraction | None:
    """A number that `schema` allows and that is a multiple of `step`; None if none was found."""
    bounds = _Bounds(schema, step)
    return next((number for number in bounds.candidates(chance) if bounds.allow(number)), None)


def is_within(number: Fraction, schema: Mapping[str, Any], step: Fraction | None) -> bool:
    """Whether `schema` allows the number, and it is a multiple of `step`."""
    return _Bounds(schema, step).allow(number)


def fraction(text: str) -> Fraction | None:
    """`text` as a number, None if it is not one."""
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None


class _Bounds:
    """The bounds of a number, and its step."""

    def __init__(self, schema: Mapping[str, Any], step: Fraction | None) -> None:
        self._step = step
        self._low = _limit(schema, "minimum", max)
        self._high = _limit(schema, "maximum", min)

    def allow(self, number: Fraction) -> bool:
        """Whether `number` is within the bounds and a multiple of the step."""
        if self._step and (number / self._step).denominator != 1:
            return False
        if self._low and (number < self._low[0] or (number == self._low[0] and self._low[1])):
            return False
        return (
            not self._high
            or number < self._high[0]
            or (number == self._high[0] and not self._high[1])
        )

    def candidates(self, chance: Chance) -> Iterator[Fraction]:
        """Numbers worth trying, the likeliest first."""
        low = self._low[0] if self._low else None
        high = self._high[0] if self._high else None
        start = low if low is not None else (high - 10 if high is not None else Fraction(1))
        step = self._step or Fraction(1)
        first = math.ceil(start / step) * step
        yield first + chance.whole(0, 9, "number") * step
        yield from (first + index * step for index in range(3))
        if self._step is None and low is not None and high is not None:
            yield Fraction(float((low + high) / 2))
            yield from (low, high)
        elif self._step is None:
            yield start


def _limit(
    schema: Mapping[str, Any], name: str, stricter: Callable[[list[_Limit]], _Limit]
) -> _Limit | None:
    """The bound and whether it is itself excluded, None if there is none."""
    exclusive = f"exclusive{name.capitalize()}"
    found = [
        (Fraction(schema[key]), key == exclusive)
        for key in (name, exclusive)
        if isinstance(schema.get(key), int | float) and not isinstance(schema[key], bool)
    ]
    if len({limit for limit, _ in found}) == 1:
        return found[0][0], any(excluded for _, excluded in found)
    return stricter(found) if found else None

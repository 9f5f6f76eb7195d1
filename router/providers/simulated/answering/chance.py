"""Chance that always falls the same way: numbers drawn from a hash of what they are about.

A simulated model has no dice. Whether it knows an answer depends only on the question, the model and
the seed, so that the same request gets the same answer, in whatever order requests come.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Self, TypeVar

from msgspec import Struct

_Option = TypeVar("_Option")
_DIGEST_BYTES = 16


class Chance(Struct, frozen=True):
    """A source of draws; the same key always draws the same, and `at` another name is independent."""

    key: bytes

    @classmethod
    def of(cls, *names: object) -> Self:
        """The chance for these names together, in this order."""
        return cls(_digest(b"", names))

    def at(self, *names: object) -> "Chance":
        """The chance for something within this one."""
        return Chance(_digest(self.key, names))

    def share(self, *names: object) -> float:
        """A number in [0, 1), uniformly distributed."""
        return int.from_bytes(_digest(self.key, names)[:6]) / 2**48

    def whole(self, low: int, high: int, *names: object) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.share(*names) * (high - low + 1))

    def pick(self, options: Sequence[_Option], *names: object) -> _Option:
        """One of `options`, all equally likely. Raises IndexError if there are none."""
        return options[int(self.share(*names) * len(options))]

    def shuffled(self, options: Sequence[_Option], *names: object) -> list[_Option]:
        """All `options` in another order."""
        places = sorted(range(len(options)), key=lambda place: self.share(*names, place))
        return [options[place] for place in places]

    def turned(self, options: Sequence[_Option], *names: object) -> list[_Option]:
        """All `options` in their order, rotated to a random start: cheaper than `shuffled`."""
        start = self.whole(0, max(len(options) - 1, 0), *names)
        return [*options[start:], *options[:start]]

    def hex(self, digits: int, *names: object) -> str:
        """`digits` (at most 32) hexadecimal digits, for identifiers."""
        return _digest(self.key, names).hex()[:digits]


def _digest(key: bytes, names: Sequence[object]) -> bytes:
    text = "\x1f".join(map(str, names))
    return blake2b(
        text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES, key=key
    ).digest()

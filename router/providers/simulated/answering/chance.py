"""Chance that always falls the same way: numbers drawn from a hash of what they are about.

A simulated model has no dice. Whether it knows an answer depends on the question, the model and
the seed alone, so that the same request meets the same answer, in whatever order requests come.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Self, TypeVar

_Option = TypeVar("_Option")
_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class Chance:
    """A source of draws; two with the same key draw the same, `at` another name another."""

    key: bytes

    @classmethod
    def of(cls, *names: object) -> Self:
        """The chance that belongs to these names together, in this order."""
        return cls(_digest(b"", names))

    def at(self, *names: object) -> "Chance":
        """The chance of something within this."""
        return Chance(_digest(self.key, names))

    def share(self, *names: object) -> float:
        """A number in [0, 1), every one as likely."""
        return int.from_bytes(_digest(self.key, names)[:6]) / 2**48

    def whole(self, low: int, high: int, *names: object) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.share(*names) * (high - low + 1))

    def pick(self, options: Sequence[_Option], *names: object) -> _Option:
        """One of `options`, every one as likely. Raises IndexError when there is none."""
        return options[int(self.share(*names) * len(options))]

    def shuffled(self, options: Sequence[_Option], *names: object) -> list[_Option]:
        """All `options` in another order."""
        places = sorted(range(len(options)), key=lambda place: self.share(*names, place))
        return [options[place] for place in places]

    def turned(self, options: Sequence[_Option], *names: object) -> list[_Option]:
        """All `options` in the order in which they are, from any one of them on: sooner made than `shuffled`."""
        start = self.whole(0, max(len(options) - 1, 0), *names)
        return [*options[start:], *options[:start]]

    def hex(self, digits: int, *names: object) -> str:
        """So many (at most 32) hexadecimal digits, for identifiers."""
        return _digest(self.key, names).hex()[:digits]


def _digest(key: bytes, names: Sequence[object]) -> bytes:
    text = "\x1f".join(map(str, names))
    return blake2b(
        text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES, key=key
    ).digest()

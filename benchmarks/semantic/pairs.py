"""Pairs of questions: may the answer to one be given to the other?

A family is a few forms times a few fillings, written by hand. Half of the families were looked at
while the gates were written; the other half were written before them and kept separate.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pair:
    """Two wordings in the family `family`."""

    one: str
    other: str
    family: str
    may_share: bool


@dataclass(frozen=True, slots=True)
class Family:
    """Every form with every filling: `{0}` and `{1}` in a form stand for the parts of a filling."""

    name: str
    forms: Sequence[tuple[str, ...]]
    fillings: Sequence[tuple[str, ...]] = ((),)
    may_share: bool = False

    def pairs(self) -> Iterator[Pair]:
        """The pairs, in the order in which they are written."""
        for filling in self.fillings:
            for one, other in self.forms:
                yield Pair(one.format(*filling), other.format(*filling), self.name, self.may_share)


def rows(text: str) -> tuple[tuple[str, ...], ...]:
    """Forms or fillings, one per line, with their parts separated by a bar."""
    lines = (line.strip() for line in text.strip().splitlines())
    return tuple(tuple(part.strip() for part in line.split("|")) for line in lines if line)


_BEFORE = (
    "This came up in a seminar on general knowledge, and nobody in the room had an answer"
    " that everybody could accept."
)
_AFTER = (
    "Please give the answer together with the reasons for it, so that a listener without any previous"
    " knowledge of the subject can follow the argument from its start to its end."
)


def within_a_longer_text(pair: Pair) -> Pair:
    """The same difference among fifty equal words, where it hardly moves a vector."""
    one, other = (f"{_BEFORE} {said} {_AFTER}" for said in (pair.one, pair.other))
    return Pair(one, other, pair.family, pair.may_share)

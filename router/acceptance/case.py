"""What a check is given, and what it says: about each answer by itself, or about several together."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from router.acceptance.said import Said, Unusable
from router.domain.cascade import Check, Ruling


class Case(Struct, frozen=True):
    """Answers to be checked: the request, what each answer says, by index, and what calls have found out.

    `marks` are a judge's, `cosines` those of the answers' vectors; both are empty if nobody asked for them.
    """

    request: Mapping[str, Any]
    said: Sequence[Said | Unusable]
    marks: Sequence[float | None] = ()
    cosines: Sequence[Sequence[float]] = ()

    @property
    def standing(self) -> dict[int, Said]:
        """The answers that can be taken at all, by index."""
        return {number: each for number, each in enumerate(self.said) if isinstance(each, Said)}


class Verdict(Struct, frozen=True):
    """What a check says about answers, by index, and why, in a clause that quotes none of them.

    It has nothing to say about an answer that is not among them: it neither rejects nor accepts that.
    """

    rulings: Mapping[int, Ruling]
    why: str


Hold = Callable[[Check, Case], Verdict]
"""A test: checks the answers of a case against the bar of a check."""

ACCEPT, REJECT, CANNOT_TELL = Ruling.ACCEPT, Ruling.REJECT, Ruling.CANNOT_TELL


def of_all(case: Case, ruling: Ruling, why: str) -> Verdict:
    """One ruling for every answer that can be taken."""
    return Verdict(dict.fromkeys(case.standing, ruling), why)


def of_each(rulings: Mapping[int, Ruling], what: str) -> Verdict:
    """A ruling for each answer; the clause says for how many `what` holds, and for how many that is unknown."""
    good, unknown = (list(rulings.values()).count(each) for each in (ACCEPT, CANNOT_TELL))
    rest = f", {unknown} undecided" if unknown else ""
    return Verdict(rulings, f"{what} in {good} of {len(rulings)}{rest}")

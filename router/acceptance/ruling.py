"""What all checks of a step say about its answers together.

Each check sees every answer that came, and may reject some of them; one of the rest may then be taken. A
check that cannot tell is no reason to accept, nor is one that has nothing to say, such as that of a schema
when none was asked for. An answer that did not come, is empty, refuses or was cut off is ruled out before
any check.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from router.acceptance.case import Case, Verdict
from router.acceptance.said import Said, Unusable, has_choices, read
from router.domain.cascade import Check, Opinion, Ruling


class Evidence(Struct, frozen=True):
    """What checks may look at: the request, the answers as chat completions, and what calls have found out.

    An answer is None if its model gave none. `marks` are a judge's for each answer, from 0 to 1, None for no
    verdict; `cosines` those of the answers' vectors, answers in rows and columns. Both are empty if nobody asked for
    them.
    """

    request: Mapping[str, Any]
    answers: Sequence[Mapping[str, Any] | None]
    marks: Sequence[float | None] = ()
    cosines: Sequence[Sequence[float]] = field(default=())


def ruled(checks: Sequence[Check], evidence: Evidence) -> Opinion:
    """The opinion on the answers: the first one is taken that every check accepts or has nothing to say about.

    At least one check must accept it. The step is rejected if every answer is rejected by some check, or
    can never be taken; otherwise it cannot be told. Never raises, whatever the request and the answers are.
    """
    # What finds final answers takes 40 ms to load, and is needed only if there are cascades.
    from router.acceptance.checks import CHECKS  # noqa: PLC0415

    if _wants_choices(evidence.request) or any(map(has_choices, evidence.answers)):
        return Opinion(Ruling.CANNOT_TELL, "there is more than one choice in an answer")
    said = tuple(map(read, evidence.answers))
    case = Case(evidence.request, said, evidence.marks, evidence.cosines)
    if not case.standing:
        return Opinion(Ruling.REJECT, _of_unusable(said))
    verdicts = [CHECKS[check.test](check, case) for check in checks]
    clauses = [f"{c.test}: {v.why}" for c, v in zip(checks, verdicts, strict=True)]
    return _opinion(case, verdicts, "; ".join(filter(None, [*clauses, _of_unusable(said)])))


def _wants_choices(request: Mapping[str, Any]) -> bool:
    """Whether a request asks for more than one choice: then none of its answers can be judged."""
    wanted = request.get("n")
    return isinstance(wanted, int | float) and wanted > 1


def _opinion(case: Case, verdicts: Sequence[Verdict], why: str) -> Opinion:
    rulings = [_together(number, verdicts) for number in case.standing]
    for number, ruling in zip(case.standing, rulings, strict=True):
        if ruling is Ruling.ACCEPT:
            return Opinion(ruling, why, taken=number)
    is_rejected = all(ruling is Ruling.REJECT for ruling in rulings)
    return Opinion(Ruling.REJECT if is_rejected else Ruling.CANNOT_TELL, why)


def _together(number: int, verdicts: Sequence[Verdict]) -> Ruling:
    """What all verdicts say about one answer; if none says anything, it cannot be told."""
    told = {verdict.rulings[number] for verdict in verdicts if number in verdict.rulings}
    if Ruling.REJECT in told:
        return Ruling.REJECT
    return Ruling.ACCEPT if told == {Ruling.ACCEPT} else Ruling.CANNOT_TELL


def _of_unusable(said: Sequence[Said | Unusable]) -> str:
    """How many answers can never be taken, and why; "" for none."""
    reasons = Counter(each.why for each in said if isinstance(each, Unusable))
    if not reasons:
        return "" if said else "there is no answer"
    told = ", ".join(f"{count} {why}" for why, count in reasons.items())
    return f"of {len(said)} answers {told}"

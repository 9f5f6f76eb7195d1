"""Answers are close to each other, by the cosine of their vectors.

Close is not the same: two sentences that differ in one number are as close as can be. So answers whose final
answers are found, and differ, do not count as close. For the rest the usual bar is a guess.
"""

from router.acceptance.case import ACCEPT, CANNOT_TELL, REJECT, Case, Verdict, of_all
from router.acceptance.finding import final_answer
from router.acceptance.finding.asked import asked
from router.acceptance.finding.found import SHARP, AnswerKind, Final, Found, agree
from router.acceptance.grouping import is_enough, largest_group
from router.domain.cascade import Check

USUAL_BAR = 0.9


def hold(check: Check, case: Case) -> Verdict:
    """Accepts the largest group of answers of which any two are close: both of two, else more than half."""
    if not case.cosines:
        return of_all(case, CANNOT_TELL, "there are no vectors")
    bar = USUAL_BAR if check.at_least is None else check.at_least
    differ = _differing(case)
    group = largest_group(
        tuple(case.standing),
        lambda one, other: (one, other) not in differ and _cosine(case, one, other) >= bar,
    )
    why = f"{len(group)} of {len(case.said)} answers are {bar:g} or nearer to each other"
    if not is_enough(len(group), len(case.said)):
        return of_all(case, REJECT, why)
    return Verdict({each: ACCEPT if each in group else REJECT for each in case.standing}, why)


def _cosine(case: Case, one: int, other: int) -> float:
    """The smaller of the two cosines given for this pair, where a missing one is -1."""
    rows = ((one, other), (other, one))
    told = (
        case.cosines[row][column]
        if len(case.cosines) > row and len(case.cosines[row]) > column
        else -1.0
        for row, column in rows
    )
    return min(told)


def _differing(case: Case) -> frozenset[tuple[int, int]]:
    """The pairs in which one calls what the other does not, or whose sharp final answers are not the same."""
    question = asked(case.request)
    found = [(number, final_answer(question, said)) for number, said in case.standing.items()]
    return frozenset(
        (one, other)
        for one, mine in found
        for other, theirs in found
        if one != other and _differ(mine, theirs)
    )


def _differ(one: Final, other: Final) -> bool:
    kinds = {final.kind for final in (one, other) if isinstance(final, Found)}
    are_sharp = AnswerKind.CALLS in kinds or (len(kinds) == 1 and kinds <= SHARP)
    are_found = isinstance(one, Found) and isinstance(other, Found)
    return are_sharp and (are_found or AnswerKind.CALLS in kinds) and not agree(one, other)

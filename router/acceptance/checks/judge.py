"""Another model finds the answer good: its mark, from 0 to 1, reaches the bar.

The usual bar is "right, with small flaws of form" in the words of the judge's prompt.
"""

from router.acceptance.case import ACCEPT, CANNOT_TELL, REJECT, Case, Verdict, of_each
from router.domain.cascade import Check, Ruling

USUAL_BAR = 0.8


def hold(check: Check, case: Case) -> Verdict:
    """Cannot tell for an answer that got no mark from the judge."""
    bar = USUAL_BAR if check.at_least is None else check.at_least
    rulings = {number: _ruling(_mark(case, number), bar) for number in case.standing}
    return of_each(rulings, f"a mark of {bar:g} or more")


def _mark(case: Case, number: int) -> float | None:
    return case.marks[number] if number < len(case.marks) else None


def _ruling(mark: float | None, bar: float) -> Ruling:
    if mark is None or not 0.0 <= mark <= 1.0:
        return CANNOT_TELL
    return ACCEPT if mark >= bar else REJECT

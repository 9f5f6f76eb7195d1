"""The answer is not empty, is no refusal, and was not cut off: no more than is asked of every answer."""

from router.acceptance.case import ACCEPT, Case, Verdict, of_each
from router.domain.cascade import Check


def hold(_check: Check, case: Case) -> Verdict:
    """Accepts every answer that can be taken."""
    return of_each(dict.fromkeys(case.standing, ACCEPT), "something whole")

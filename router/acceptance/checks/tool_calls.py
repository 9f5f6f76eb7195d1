"""The calls are of tools that were offered, with arguments that match their schemas.

Says nothing about an answer that calls none, unless a call was demanded.
"""

from router.acceptance.case import ACCEPT, CANNOT_TELL, REJECT, Case, Verdict, of_each
from router.acceptance.said import Said
from router.domain.cascade import Check, Ruling
from router.wire.fitness import of_calls, offers_tools


def hold(_check: Check, case: Case) -> Verdict:
    """Rejects calls of tools not offered, arguments that do not fit, and an answer in words if a call was demanded."""
    if not offers_tools(case.request):
        rulings = {number: REJECT for number, said in case.standing.items() if said.calls}
        return Verdict(rulings, f"no tools were offered, and {len(rulings)} answers call one")
    rulings = {
        number: _ruling(case, said)
        for number, said in case.standing.items()
        if said.calls or _is_demanded(case.request.get("tool_choice"))
    }
    return of_each(rulings, "fitting calls")


def _is_demanded(choice: object) -> bool:
    return choice == "required" or isinstance(choice, dict)


def _ruling(case: Case, said: Said) -> Ruling:
    if not said.calls:
        return REJECT
    finding = next(of_calls(case.request, [said.message]), None)
    if finding is None:
        return CANNOT_TELL
    return ACCEPT if finding.score == 1.0 else REJECT

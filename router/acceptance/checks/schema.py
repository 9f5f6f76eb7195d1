"""The JSON matches the schema that was asked for. Says nothing if none was, or about an answer that calls tools."""

from router.acceptance.case import ACCEPT, CANNOT_TELL, REJECT, Case, Verdict, of_each
from router.acceptance.said import Said
from router.domain.cascade import Check, Ruling
from router.wire.fitness import of_json, wants_json


def hold(_check: Check, case: Case) -> Verdict:
    """Cannot tell if a schema refers to something outside of it, or would take too long to check."""
    if not wants_json(case.request):
        return Verdict({}, "no JSON was asked for")
    rulings = {
        number: _ruling(case, said) for number, said in case.standing.items() if not said.calls
    }
    return of_each(rulings, "the JSON that was asked for")


def _ruling(case: Case, said: Said) -> Ruling:
    message = {**said.message, "content": said.text}
    finding = next(of_json(case.request, [message]), None)
    if finding is None:
        return CANNOT_TELL
    return ACCEPT if finding.score == 1.0 else REJECT

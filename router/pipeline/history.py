"""How a request was decided and what became of it, in one document, from the ledger."""

from typing import Any

from router.decision.document import document
from router.decision.record import NotKept, Record
from router.ledger.trace import RequestRecord, told
from router.ledger.unrouted import UnroutedKind

_UNDECIDED = frozenset(UnroutedKind)


def history(trace: RequestRecord) -> dict[str, Any]:
    """The document of the decision, with what followed from it. Raises NotKept if there is none."""
    if trace.decision is None:
        raise NotKept(_why_not(trace))
    kept = Record.of(trace.decision)
    decided = document(kept.decision, kept.circumstances)
    return {"request_id": trace.request_id, **decided, **told(trace)}


def _why_not(trace: RequestRecord) -> str:
    """Why nothing is kept of how a request was decided."""
    if trace.entries[0].category in _UNDECIDED:
        return "no policy decides about such requests"
    if not any(entry.closes for entry in trace.entries):
        return "it was refused before any model was asked to answer it"
    return "it was not kept then ('ledger: {decisions: true}' keeps it)"

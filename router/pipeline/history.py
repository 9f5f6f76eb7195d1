"""How a request was decided and what became of it, in one document, from the ledger."""

from typing import Any

from router.decision.document import document
from router.decision.record import NotKept, Record
from router.ledger.trace import Trace, told


def history(trace: Trace) -> dict[str, Any]:
    """The document of the decision, with what followed from it. Raises NotKept if there is none."""
    if trace.decision is None:
        raise NotKept("it was not kept then ('ledger: {decisions: true}' keeps it)")
    kept = Record.of(trace.decision)
    decided = document(kept.decision, kept.circumstances)
    return {"request_id": trace.request_id, **decided, **told(trace)}

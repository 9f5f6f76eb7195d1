"""How a request was decided, as the ledger has it; where it has nothing, it says why."""

import pytest

from router.decision.record import NotKept
from router.ledger.trace import RequestRecord
from router.ledger.unrouted import UnroutedKind
from router.pipeline.history import history
from tests.stores.entries import entry


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, r"not kept then \('ledger: {decisions: true}' keeps it\)"),
        ({"category": UnroutedKind.EMBEDDING}, "no policy decides about such requests"),
        ({"category": UnroutedKind.PASSED}, "no policy decides about such requests"),
        (
            {"attempt": -1, "is_answer": False, "closes": False},
            "refused before any model was asked",
        ),
    ],
)
def test_why_a_decision_is_not_kept_is_told(fields: dict[str, object], why: str) -> None:
    with pytest.raises(NotKept, match=why):
        history(RequestRecord((entry(**fields),)))  # type: ignore[arg-type]

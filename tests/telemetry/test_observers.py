"""Every observer is told about each request once."""

from router.domain.booked_request import BookedRequest, ErrorResponse
from router.domain.ledger import Entry, Outcome
from router.telemetry.observers import Observers


class _Told:
    """Records what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def closed(self, booked: BookedRequest) -> None:
        self.said.append(f"closed {booked.request_id}")

    def refused(self, refusal: ErrorResponse) -> None:
        self.said.append(f"refused {refusal.request_id}")


def _closing(request_id: str, status: int) -> BookedRequest:
    entry = Entry(
        request_id=request_id,
        attempt=1,
        at_s=100.0,
        asked="auto",
        policy="test",
        policy_version="1",
        category="chat",
        model="small",
        upstream="up",
        outcome=Outcome.REJECTED if status >= 400 else Outcome.OK,
        closes=True,
    )
    return BookedRequest(request_id, (entry,), 100.0, 101.0, status)


def _refusal(request_id: str) -> ErrorResponse:
    return ErrorResponse(request_id, 101.0, "/v1/chat/completions", 502, "upstream_error")


def test_an_error_after_attempts_is_counted_and_told_with_them_alone() -> None:
    counts, log = _Told(), _Told()
    observers = Observers(None, counts, [log])
    observers.closed(_closing("a", 502))
    observers.refused(_refusal("a"))

    assert counts.said == ["closed a", "refused a"]
    assert log.said == ["closed a"]


def test_an_error_without_an_attempt_is_told_to_all() -> None:
    counts, log = _Told(), _Told()
    observers = Observers(None, counts, [log])
    observers.closed(_closing("a", 200))
    observers.refused(_refusal("b"))

    assert log.said == counts.said == ["closed a", "refused b"]


def test_failures_whose_clients_were_told_otherwise_are_forgotten_after_a_thousand() -> None:
    log = _Told()
    observers = Observers(None, _Told(), [log])
    for number in range(1_100):
        observers.closed(_closing(str(number), 502))
    observers.refused(_refusal("0"))
    observers.refused(_refusal("1099"))

    assert log.said[1_100:] == ["refused 0"]

"""What there is to report about a request: once, when it is in the books, or was refused."""

from msgspec import Struct

from router.domain.decision import Decision
from router.domain.ledger import Entry
from router.domain.money import Money
from router.domain.trace import Trace


class BookedRequest(Struct, frozen=True):
    """Entries that went into the books together: those of a whole request, or some that came afterwards.

    `began_at_s` is when the request came, `ended_at_s` when these were booked, both in Unix time.
    `status` is the one that the client gets. `decision` is None where no policy has decided, `trace`
    if nobody asks for traces.
    """

    request_id: str
    entries: tuple[Entry, ...]
    began_at_s: float
    ended_at_s: float
    status: int = 200
    finish_reasons: frozenset[str] = frozenset()
    decision: Decision | None = None
    trace: Trace | None = None

    @property
    def end(self) -> Entry | None:
        """The entry by which the request is counted; None where these came afterwards."""
        return next((entry for entry in self.entries if entry.closes), None)

    @property
    def total_s(self) -> float:
        """Seconds from when the request came, never negative: clocks are set back at times."""
        return max(0.0, self.ended_at_s - self.began_at_s)

    @property
    def first_content_s(self) -> float | None:
        """Seconds from when the request came to the first content of its answer, if that was a stream."""
        end = self.end
        if end is None or end.first_content_s is None:
            return None
        return max(0.0, end.at_s + end.first_content_s - self.began_at_s)

    @property
    def before_upstream_s(self) -> float | None:
        """Seconds from when the request came to its first attempt; None where there was no attempt."""
        began = [entry.at_s for entry in self.entries if entry.attempt > 0]
        return max(0.0, min(began) - self.began_at_s) if began else None

    @property
    def attempts(self) -> int:
        """How many calls were made to answer it."""
        return sum(entry.attempt > 0 for entry in self.entries)

    @property
    def cost(self) -> Money:
        """What all of it has cost."""
        return Money(sum(entry.cost.pico for entry in self.entries))

    @property
    def saving(self) -> Money:
        """How much more the reference would have cost."""
        return Money(sum(entry.saving.pico for entry in self.entries))


class ErrorResponse(Struct, frozen=True):
    """An error response: its path, its status, and its code, which is ours or an upstream's.

    `at_s` is when it was given, in Unix time, and `key` the name of its client's key, "" without one.
    """

    request_id: str
    at_s: float
    path: str
    status: int
    code: str
    trace: Trace | None = None
    key: str = ""

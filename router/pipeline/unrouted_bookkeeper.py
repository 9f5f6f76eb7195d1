"""Keeps the books of a request that no policy decides, while its attempts are made."""

from collections.abc import Awaitable

from msgspec import Struct, field

from router.dispatch.commands import Start
from router.domain.fault import Fault, FaultKind
from router.domain.ledger import Entry, Outcome
from router.domain.members import replace
from router.domain.model import Model
from router.domain.money import ZERO, Money
from router.domain.usage import Usage
from router.ledger.account import Heard, Timing
from router.ledger.unrouted import UnroutedRequest, closed
from router.pipeline.attempts import Begun
from router.pipeline.request_observer import RequestObserver
from router.pipeline.reservations import Reservations
from router.ports import Ledger


class UnroutedBookkeeper(Struct):
    """Implements `router.pipeline.attempts.AttemptBooks`; the ledger gets the entries in one go, at the end."""

    unrouted: UnroutedRequest
    ledger: Ledger
    reservations: Reservations
    request_observer: RequestObserver
    posted: tuple[Entry, ...] = ()
    _entries: list[Entry] = field(default_factory=list)
    _names: dict[int, str] = field(default_factory=dict)

    async def set_aside(self, start: Start) -> Fault | None:
        """Reserve what the attempt may cost. Returns a fault if a budget has too little left."""
        return await self.reservations.set_aside(start)

    def named(self, start: Start, request_id: str) -> None:
        """The upstream calls the attempt `request_id`; "" if it does not say."""
        if request_id:
            self._names[start.attempt] = request_id

    def failed(self, start: Start, fault: Fault, timing: Timing) -> Money:
        """An attempt brought no answer; returns what it cost."""
        if fault.kind is FaultKind.BUDGET:
            return ZERO  # it was never made
        model = start.candidate.model
        return self._write(self.unrouted.failed(start.attempt, model, fault, timing)).cost

    def stopped(self, start: Start, timing: Timing, outcome: Outcome) -> None:
        """An attempt was stopped by us."""
        self._write(self.unrouted.stopped(start.attempt, start.candidate.model, timing, outcome))

    def answered(self, begun: Begun, heard: Heard) -> Entry:
        """The client gets this attempt's answer; returns its entry."""
        start, timing = begun.start, begun.timing()
        return self._write(
            self.unrouted.answered(start.attempt, start.candidate.model, heard, timing)
        )

    def from_cache(self, model: Model, usage: Usage, timing: Timing) -> None:
        """The client gets an answer that was stored."""
        self._entries.append(self.unrouted.from_cache(model, usage, timing))

    def post(self) -> Awaitable[None]:
        """Hand the entries to the ledger, each once; await the result for them to be durable."""
        entries, self._entries = closed(self._entries), []
        self.posted += entries
        self.reservations.close()
        self.request_observer.tell(entries)
        return self.ledger.post(entries)

    @property
    def cost(self) -> Money:
        """The cost of all attempts that the ledger has."""
        return Money(sum(entry.cost.pico for entry in self.posted))

    def _write(self, entry: Entry) -> Entry:
        if name := self._names.get(entry.attempt):
            entry = replace(entry, upstream_request_id=name)
        self._entries.append(entry)
        self.reservations.settle(entry.attempt, entry.cost)
        return entry

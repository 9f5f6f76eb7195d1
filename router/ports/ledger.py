"""Where each attempt is accounted for."""

from collections.abc import Awaitable, Sequence
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from router.domain.ledger import Entry
from router.domain.scored import Scored


class LedgerState(StrEnum):
    """Where entries go at the moment: to the database, to the spool, or no further than memory."""

    OK = "ok"
    SPOOLING = "spooling"
    MEMORY = "memory"


class LedgerStanding(Struct, frozen=True):
    """The state of the ledger, for operators.

    `waiting_rows` are in the spool or in memory; `outbox_rows` are durable here, and on their way to
    the PostgreSQL where reports look for them.
    """

    state: LedgerState = LedgerState.OK
    waiting_rows: int = 0
    outbox_rows: int = 0


class Ledger(Protocol):
    """Where entries are kept for good."""

    def post(self, entries: Sequence[Entry]) -> Awaitable[None]:
        """Take over `entries` at once; the result is done when they are durable."""
        ...

    def score(self, scores: Sequence[Scored]) -> Awaitable[None]:
        """Take over `scores` at once; the result is done when they are durable.

        For the same request and source, the latest is kept.
        """
        ...

    @property
    def standing(self) -> LedgerStanding:
        """Its state at the moment."""
        ...

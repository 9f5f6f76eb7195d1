"""A ledger in memory: for dry runs, and for tests."""

import asyncio
from collections.abc import Awaitable, Sequence

from router.domain.ledger import Entry
from router.ports import LedgerStanding


class MemoryLedger:
    """Implements `router.ports.Ledger` in a list that tests can read."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    @property
    def standing(self) -> LedgerStanding:
        """Always well."""
        return LedgerStanding()

    def post(self, entries: Sequence[Entry]) -> Awaitable[None]:
        """Keep `entries`; done at once."""
        self.entries.extend(entries)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

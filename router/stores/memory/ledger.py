"""A ledger in memory: for dry runs, and for tests."""

import asyncio
from collections.abc import Awaitable, Sequence

from router.domain.ledger import Entry
from router.domain.scored import Scored, ScoreSource
from router.ports import LedgerStanding


class MemoryLedger:
    """Implements `router.ports.Ledger` in a list and a mapping that tests can read."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.scores: dict[tuple[str, ScoreSource], Scored] = {}

    @property
    def standing(self) -> LedgerStanding:
        """Always well."""
        return LedgerStanding()

    def post(self, entries: Sequence[Entry]) -> Awaitable[None]:
        """Keep `entries`; done at once."""
        self.entries.extend(entries)
        return _done()

    def score(self, scores: Sequence[Scored]) -> Awaitable[None]:
        """Keep the latest score of each request and source; done at once."""
        for each in scores:
            place = each.request_id, each.source
            before = self.scores.get(place)
            if before is None or each.at_s >= before.at_s:
                self.scores[place] = each
        return _done()


def _done() -> Awaitable[None]:
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    done.set_result(None)
    return done

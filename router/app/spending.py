"""What was spent, according to the ledger, for budgets that begin or are lost."""

import logging
from functools import partial

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from router.app.reads import ReadsInTime, read_apart
from router.domain.budget import Period, Scope
from router.domain.money import ZERO, Money
from router.stores.memory.budget_store import SpentUnknown
from router.stores.sql.spent import spent, waiting_in_outbox
from router.stores.sql.spool import Spool

_LOG = logging.getLogger(__name__)
_WAITS_S = 2.0
"""A request waits for this, as it does for a Redis that keeps budgets."""


class Spending:
    """Asks `engine`, and `outbox`, if there is one, for the rows that are on their way to it.

    While rows wait in `spool`, that is not all.
    """

    def __init__(self, engine: Engine, outbox: Engine | None, spool: Spool) -> None:
        self._engine = engine
        self._outbox = outbox
        self._spool = spool
        self._in_time = ReadsInTime(_WAITS_S)
        self._is_well = True

    async def __call__(self, scope: Scope, period: Period) -> Money:
        """What `scope` has spent in `period`. Raises SpentUnknown."""
        # The spool first: what is brought back meanwhile may be missing in what is read.
        is_all = not await read_apart(self._spool.has_rows)
        told = await self._told(scope, period)
        if not is_all:
            raise SpentUnknown(told)
        return told

    async def _told(self, scope: Scope, period: Period) -> Money:
        """What the databases say. Raises SpentUnknown."""
        here, within = ZERO, (scope, period.start_s, period.resets_s)
        try:
            if self._outbox is None:
                told = await read_apart(partial(spent, self._engine, *within))
            else:
                # The outbox first, and of what has moved on by then nothing more: each row counts once.
                waiting = await read_apart(partial(waiting_in_outbox, self._outbox, *within))
                here = waiting.cost
                there = partial(spent, self._engine, *within, but=waiting.first)
                told = here + await self._in_time(there)
        except (SQLAlchemyError, TimeoutError) as error:
            if self._is_well:
                _LOG.warning("this process counts budgets by itself (%s)", type(error).__name__)
            self._is_well = False
            raise SpentUnknown(here) from None
        self._is_well = True
        return told

"""The requests that the ledger has kept, as understood when they came."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from router.cli.books import opened_ledger
from router.cli.traffic.files import GatheredRequests, LeftOut
from router.config.settings import Settings
from router.decision.compare import TrialRequest
from router.decision.record import NotKept, Record
from router.domain.errors import FarthingError
from router.domain.features import Features
from router.pipeline.judge import Judge
from router.stores.sql.decided import decided

Opened = Callable[[Settings], AbstractContextManager[Engine]]
MOST = 100_000
"""How many requests at a time: each takes some 2 kB of memory."""


def from_ledger(
    settings: Settings, judge: Judge, since: str, most: int, opened: Opened = opened_ledger
) -> GatheredRequests:
    """The newest `most` requests that a policy has decided, from a day on ("" for all); the ledger is `opened`.

    They are recognised as `judge` would recognise them today. Raises FarthingError if the ledger cannot
    be read, or has none.
    """
    with opened(settings) as engine:
        kept = decided(engine, since, most)
    from_then = f" since {since}" if since else ""
    if not kept:
        keep = "'ledger: {decisions: true}' keeps them"
        raise FarthingError(f"no decisions by a policy are in the ledger{from_then} ({keep})")
    return GatheredRequests(f"the ledger{from_then}", len(kept), recorded(kept, judge.recognised))


def first_day(since: str, now_s: float) -> str:
    """The day itself; for `7d` the first of 7 days of which today is the last."""
    if not since.endswith("d"):
        return since
    today = datetime.fromtimestamp(now_s, UTC).date()
    return (today - timedelta(days=int(since[:-1]) - 1)).isoformat()


def recorded(
    kept: Iterable[tuple[str, str]], recognised: Callable[[Features], Features]
) -> Iterator[TrialRequest | LeftOut]:
    """Ids and kept decisions as requests, their features `recognised`; unreadable ones are left out."""
    for request_id, text in kept:
        try:
            record = Record.of(text)
            features = recognised(record.decision.features)
            yield TrialRequest(request_id, features, record.circumstances)
        except NotKept as why:
            yield LeftOut(request_id, str(why))

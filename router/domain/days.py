"""Days, as the ledger and its readers count them: of UTC."""

from datetime import UTC, datetime

_DAY_S = 86_400


def midnight_s(day: str, days_later: int = 0) -> float:
    """The Unix time at which a day (YYYY-MM-DD) begins, or the day that many `days_later`."""
    begins = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return begins.timestamp() + days_later * _DAY_S  # after 9999-12-31 there is a time, but no date

"""When to stop waiting for an answer."""

from msgspec import Struct


class Deadlines(Struct, frozen=True):
    """Seconds until an attempt's first content, between two pieces, and in all; None where nothing is asked."""

    first_content_s: float | None = None
    stall_s: float | None = None
    total_s: float | None = None


NO_DEADLINES = Deadlines()

"""How much of a model may be used at once: what its provider, or its operator, allows."""

from msgspec import Struct


class Limits(Struct, frozen=True):
    """Bounds for one model; None for no bound.

    `in_flight` calls at the same time (more wait in a queue), `requests_per_minute` and
    `tokens_per_minute` (prompt and expected answer) as the provider counts them.
    """

    in_flight: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None

    def __post_init__(self) -> None:
        """Refuse bounds that would admit nothing."""
        for bound in (self.in_flight, self.requests_per_minute, self.tokens_per_minute):
            if bound is not None and bound < 1:
                raise ValueError(f"a limit is at least 1, not {bound!r}")


UNLIMITED = Limits()

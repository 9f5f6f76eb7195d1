"""When a second model is asked alongside a silent first one."""

from msgspec import Struct


class Hedge(Struct, frozen=True):
    """Hedge after the `quantile` of the model's own time to first content, for at most `share` of requests."""

    quantile: float
    share: float

    def __post_init__(self) -> None:
        """Refuse what is no quantile and no share."""
        if not (0.5 <= self.quantile < 1.0 and 0.0 < self.share <= 1.0):
            raise ValueError(
                f"a hedge needs a quantile in [0.5, 1) and a share in (0, 1]: {self!r}"
            )

"""What one request may try: which models, how often, for how long, at what cost."""

from msgspec import Struct

from router.dispatch.allowance import Allowance
from router.domain.candidate import Candidate
from router.domain.money import Money
from router.domain.price import STANDARD


class Effort(Struct, frozen=True):
    """How hard to try: bounds for one request over all of its attempts.

    `first_content_s` bounds the wait for the first content of each streamed attempt, `stall_s` the
    silence between two pieces, `total_s` everything from the first attempt on. An answer that is
    not streamed has no first content before its end, and is bounded by `total_s` alone.
    `longest_wait_s` is how long a request may wait for a limit to pass when every model is limited.
    `is_hurried` says that `total_s` is the client's own wish: who takes longer has done nothing wrong.
    """

    attempts_per_model: int = 2
    first_content_s: float = 120.0
    stall_s: float = 60.0
    total_s: float = 600.0
    longest_wait_s: float = 5.0
    is_hurried: bool = False

    def __post_init__(self) -> None:
        """Refuse efforts that could never end or never start."""
        spans = (self.first_content_s, self.stall_s, self.total_s)
        if self.attempts_per_model < 1 or not all(0 < span < float("inf") for span in spans):
            raise ValueError(f"an effort needs at least one attempt and some time: {self!r}")


class Plan(Struct, frozen=True):
    """The candidates of one request, the chosen one first, and the bounds for trying them.

    `hedge_after_s` is how long the chosen one may be silent before the next is asked alongside it,
    None for never, and `hedges` the allowance that such attempts are taken from. `tokens` is what an
    attempt is expected to use of a limit per minute, `tier` the service tier that is asked for.
    """

    candidates: tuple[Candidate, ...]
    effort: Effort
    stream: bool
    tokens: int
    ceiling: Money | None = None
    hedge_after_s: float | None = None
    hedges: Allowance | None = None
    tier: str = STANDARD

    def __post_init__(self) -> None:
        """Refuse a plan without anybody to ask."""
        if not self.candidates:
            raise ValueError("a plan needs at least one candidate")

    @property
    def patience_s(self) -> float:
        """How long one attempt may take to its first content."""
        return self.effort.first_content_s if self.stream else self.effort.total_s

"""What a single request wants done differently from its policy and the proxy's defaults."""

from msgspec import Struct

from router.domain.money import Money


class Overrides(Struct, frozen=True):
    """`policy` decides, whatever the model's name says, "" for the usual one.

    `tolerance` replaces the policy's own, and its floor; `ceiling` counts if it is below the policy's;
    of the models that may answer anyway, only `candidates` may, none for all of them. Without `cache`
    no stored answer is used, and this one is not stored; without `cascade` one model answers. A
    `dry_run` returns the decision, and nothing is sent.
    """

    policy: str = ""
    tolerance: float | None = None
    ceiling: Money | None = None
    candidates: frozenset[str] = frozenset()
    cache: bool = True
    cascade: bool = True
    dry_run: bool = False

    def __post_init__(self) -> None:
        """Refuse a tolerance outside of 0 to 1 (NaN included)."""
        if self.tolerance is not None and not 0.0 <= self.tolerance <= 1.0:
            raise ValueError(f"a tolerance lies between 0 and 1, not {self.tolerance!r}")

    @property
    def of_the_choice(self) -> str:
        """A text that is the same for overrides with the same effect on the choice, "" for no effect."""
        stated = (self.tolerance, self.ceiling, sorted(self.candidates), self.cascade)
        return "" if stated == (None, None, [], True) else repr(stated)


NO_OVERRIDES = Overrides()

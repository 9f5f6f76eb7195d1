"""How far a prompt resembles those whose outcomes are known."""

from msgspec import Struct


class Kinship(Struct, frozen=True):
    """`shares` are the probabilities of the kinds of prompts that were learnt from, and sum to 1.

    `traits` are how the prompt differs from others of its kinds, a few numbers about 0; the last is how much longer it
    is, in deviations.
    `familiarity`, from 0 to 1, is how surely it is of one of these kinds at all.
    """

    shares: tuple[float, ...]
    traits: tuple[float, ...]
    familiarity: float

    def __post_init__(self) -> None:
        """Refuse a familiarity that is no share (NaN included)."""
        if not 0.0 <= self.familiarity <= 1.0:
            raise ValueError(f"familiarity is from 0 to 1, not {self.familiarity!r}")

"""How far a prompt resembles those whose outcomes are known."""

from msgspec import Struct


class Resemblance(Struct, frozen=True):
    """`shares` are the probabilities of the kinds of prompts that were learnt from, and sum to 1.

    `traits` are how the prompt differs from others of its kinds, a few numbers about 0; the last is how much longer it
    is, in deviations.
    `familiarity`, from 0 to 1, is how surely it is of one of these kinds at all. `hardness` is by how many logits it is
    harder for every model than its kinds are, from -1 to 1. `options` is how many answers it offers to choose from, 0
    where any may be given.
    """

    shares: tuple[float, ...]
    traits: tuple[float, ...]
    familiarity: float
    hardness: float = 0.0
    options: int = 0

    def __post_init__(self) -> None:
        """Refuse a familiarity that is no share, a hardness beyond 1 (NaN included), and fewer options than none."""
        if self.options < 0:
            raise ValueError(f"a prompt cannot have {self.options} options")
        if not 0.0 <= self.familiarity <= 1.0:
            raise ValueError(f"familiarity is from 0 to 1, not {self.familiarity!r}")
        if not -1.0 <= self.hardness <= 1.0:
            raise ValueError(f"hardness is from -1 to 1, not {self.hardness!r}")

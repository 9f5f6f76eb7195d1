"""How many tokens a call to a model takes, from what it took on similar prompts."""

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from router.domain.arrays import Floats
from router.domain.resemblance import Resemblance


class SpendingModel(Struct, frozen=True, eq=False):
    """Tokens of `names` on each kind of prompt.

    `outputs` are mean output tokens, (models, kinds), reasoning included; `usual` those over all prompts,
    (models,). `input_ratios` are a vendor's count of input tokens divided by ours, (models,). A model that
    was not seen gets the mean of those that were. `floor` is the least weight of the kind against the usual.
    """

    names: tuple[str, ...]
    outputs: Floats
    usual: Floats
    input_ratios: Floats
    floor: float

    def __post_init__(self) -> None:
        """Refuse tables that do not belong together, and numbers of tokens below 0."""
        rows, tables = (len(self.names),), (self.outputs, self.usual, self.input_ratios)
        if not self.outputs.shape[:1] == self.usual.shape == self.input_ratios.shape == rows:
            raise ValueError(f"{rows[0]} models have tables of {[each.shape for each in tables]}")
        if self.outputs.ndim != 2:
            raise ValueError("numbers of tokens have one column a kind")
        if not all((np.isfinite(each) & (each >= 0)).all() for each in tables):
            raise ValueError("numbers of tokens are zero or more")

    def tokens(
        self, scored_as: str | None, resemblance: Resemblance, prompt_tokens: int
    ) -> tuple[float, float]:
        """Expected input and output tokens of one call."""
        weight = self.floor + (1.0 - self.floor) * resemblance.familiarity
        if scored_as in self.names:
            row = self.names.index(scored_as)
            of_kinds, usual, ratio = self.outputs[row], self.usual[row], self.input_ratios[row]
        else:
            of_kinds, usual = self.outputs.mean(axis=0), self.usual.mean()
            ratio = self.input_ratios.mean()
        output = weight * (of_kinds @ resemblance.shares) + (1.0 - weight) * usual
        return float(ratio) * prompt_tokens, float(output)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The tables, as arrays by name."""
        return {"outputs": self.outputs, "usual": self.usual, "input_ratios": self.input_ratios}

    @classmethod
    def from_arrays(
        cls, names: Sequence[str], floor: float, arrays: Mapping[str, NDArray[np.generic]]
    ) -> "SpendingModel":
        """The reverse of `arrays`. Raises KeyError for what is missing, ValueError for what is wrong."""
        return cls(
            names=tuple(names),
            outputs=arrays["outputs"].astype(np.float64),
            usual=arrays["usual"].astype(np.float64),
            input_ratios=arrays["input_ratios"].astype(np.float64),
            floor=floor,
        )

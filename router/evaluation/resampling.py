"""How certain a number is: the same number on a thousand resamples of the prompts.

The bootstrap of Efron (1979): prompts are drawn with replacement, as many as there are, and everything
is computed again from those drawn. Numbers from one sample belong together, so their differences have
intervals, too.
"""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from router.domain.arrays import Floats

SAMPLES = 1000
LEVEL = 0.95
_CHUNK = 100

Rows = NDArray[np.int64]
Found = TypeVar("Found")


class Interval(Struct, frozen=True):
    """An estimate, and the bounds of 95 % of the resamples; all NaN if there is none."""

    estimate: float
    low: float
    high: float

    def __post_init__(self) -> None:
        """Refuse bounds that do not contain the estimate."""
        if self.low > self.estimate or self.estimate > self.high:
            raise ValueError(f"{self.estimate} is not between {self.low} and {self.high}")


class Resamples(Struct, frozen=True, eq=False):
    """How often each prompt counts: samples in rows, prompts in columns.

    The first row is the original prompts, each once; whatever is computed from it is the estimate.
    """

    counts: NDArray[np.uint16]

    @classmethod
    def drawn(cls, prompts: int, samples: int, seed: int) -> "Resamples":
        """That many samples of that many prompts; the same seed draws the same."""
        dice = np.random.default_rng(seed)
        counts = np.ones((samples + 1, prompts), dtype=np.uint16)
        for row in counts[1:]:
            row[:] = np.bincount(dice.integers(prompts, size=prompts), minlength=prompts)
        return cls(counts)

    def sums(self, table: Floats) -> Floats:
        """The sums of a table's columns, a row for each sample; the table has prompts in rows."""
        chunks = range(0, len(self.counts), _CHUNK)
        return np.concatenate(
            [self.counts[at : at + _CHUNK].astype(np.float64) @ table for at in chunks]
        )

    def means(self, table: Floats) -> Floats:
        """The means of a table's columns, a row for each sample."""
        return self.sums(table) / len(table)

    def each(self, figure: Callable[[Rows], Found]) -> list[Found]:
        """What `figure` returns for the drawn prompts' row numbers, for each sample."""
        rows = np.arange(self.counts.shape[1])
        return [figure(np.repeat(rows, counts)) for counts in self.counts]


def interval(values: Floats) -> Interval:
    """The percentile interval of the values after the first, widened if necessary to contain the first.

    Infinite values (a saving that is never reached) count like others; samples without a value (NaN)
    are left out.
    """
    estimate, samples = float(values[0]), np.sort(values[1:][~np.isnan(values[1:])])
    if np.isnan(estimate) or not len(samples):
        return Interval(estimate, float("nan"), float("nan"))
    tail = (1.0 - LEVEL) / 2.0 * (len(samples) - 1)
    low, high = samples[int(np.floor(tail))], samples[int(np.ceil(len(samples) - 1 - tail))]
    return Interval(estimate, min(float(low), estimate), max(float(high), estimate))

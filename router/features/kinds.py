"""Which of the kinds of prompts with known outcomes a prompt resembles, and how surely.

A kind is a set of prompts that were learnt from: one dataset, one user's category. Everything is linear
in the weights of the prompt's token ids and neighbouring pairs (`router.features.hashing`), so one
table of numbers holds it all: the classifier of kinds, the centre of each kind, and the traits. One more trait is how
long the prompt is. Where the prompt is unfamiliar, length says how hard it is instead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from router.domain.arrays import Floats, softmax
from router.domain.resemblance import Resemblance
from router.features.hashing import buckets_of

FARTHEST = 0.7
"""Deviations, of a prompt's length from what is usual of a kind. Held within 2, what is learnt of long prompts reaches
beyond where it holds: on datasets that were not learnt from it costs more than it brings (docs/evidence.md)."""
MOST_HARDENING = 0.5
"""Logits, for a deviation of length."""
MOST_DEVIATIONS = 2.0
"""An unfamiliar prompt's length is clipped to as many: nothing was learnt of longer ones."""


@dataclass(frozen=True, slots=True, eq=False)
class KindModel:
    """What was learnt of `kinds` kinds of prompts, by 2 ** `bits` buckets.

    `idf` is the weight of each bucket, (buckets,); `table` and `scales` are (buckets, columns) and
    (columns,), whose product has three groups of columns: the classifier's weights and the centres
    (of length 1), one column per kind each, then one per trait. `offsets` are the classifier's
    constants, (kinds,). `trusts` are, of each kind, how far likeness to its centre is to be trusted, from
    0 to 1, and the likenesses between which trust grows from nothing to that, (kinds, 3). `lengths` are how long
    its prompts are: mean and standard deviation of the logarithm of their tokens, (kinds, 2). `hardening` is by how
    many logits a prompt that resembles the kind gets harder with a deviation of length, (kinds,).
    """

    kinds: int
    bits: int
    idf: NDArray[np.float32]
    table: NDArray[np.int8]
    scales: NDArray[np.float32]
    offsets: NDArray[np.float32]
    trusts: NDArray[np.float32]
    lengths: NDArray[np.float32]
    hardening: NDArray[np.float32]
    _usual: Floats = field(init=False, repr=False)
    _spread: Floats = field(init=False, repr=False)
    """The columns of `lengths` in double precision."""
    _middle: float = field(init=False, repr=False)
    _pace: float = field(init=False, repr=False)
    """Of a prompt of unknown kind: the mean of log tokens, and how many deviations a unit of log tokens is."""
    _hardening: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse tables that do not belong together, and numbers that are none."""
        self._require_columns()
        self._require_numbers()
        object.__setattr__(self, "_usual", self.lengths[:, 0].astype(np.float64))
        object.__setattr__(self, "_spread", self.lengths[:, 1].astype(np.float64))
        object.__setattr__(self, "_hardening", self.hardening.astype(np.float64))
        middle, pace = _anywhere(self._usual, self._spread)
        object.__setattr__(self, "_middle", middle)
        object.__setattr__(self, "_pace", pace)

    def _require_columns(self) -> None:
        if self.table.ndim != 2 or not 0 < self.bits <= 32:
            raise ValueError(f"a table of kinds has {self.table.ndim} axes, {self.bits} bits")
        buckets, columns = 2**self.bits, self.table.shape[1]
        shapes = (self.idf.shape, self.table.shape, self.scales.shape, self.offsets.shape)
        if shapes != ((buckets,), (buckets, columns), (columns,), (self.kinds,)):
            raise ValueError(f"tables of kinds do not belong together: {shapes}")
        if not 0 < 2 * self.kinds <= columns or self.table.dtype != np.int8:
            raise ValueError(f"{columns} columns of {self.table.dtype} for {self.kinds} kinds")

    def _require_numbers(self) -> None:
        numbers = (self.idf, self.scales, self.offsets, self.trusts, self.lengths, self.hardening)
        if not all(np.isfinite(each).all() for each in numbers):
            raise ValueError("a table of kinds holds what is no number")
        if self.trusts.shape != (self.kinds, 3) or not _are_trusts(self.trusts):
            raise ValueError("a trust is from 0 to 1, and grows from a likeness to a greater one")
        if self.lengths.shape != (self.kinds, 2) or not (self.lengths[:, 1] > 0).all():
            raise ValueError("a kind has a mean length and a deviation above 0")
        if self.hardening.shape != (self.kinds,) or not _are_at_most(self.hardening):
            raise ValueError(f"hardening is from -{MOST_HARDENING} to {MOST_HARDENING}, by kind")

    @property
    def traits(self) -> int:
        """How many traits a prompt has: those of its words, and last its length."""
        return int(self.table.shape[1]) - 2 * self.kinds + 1

    def of(self, tokens: Sequence[int], prompt_tokens: int, options: int = 0) -> Resemblance:
        """The resemblance of a prompt with these token ids (of `both_ends` of its text) and so many tokens in all.

        `options` is how many answers it offers, which says nothing of its kind, and is passed on.
        """
        buckets = buckets_of(tokens, self.bits)
        weights = self.idf.take(buckets).astype(np.float64)
        norm = sqrt(weights @ weights) or 1.0
        signs = weights @ self.table.take(buckets, axis=0).astype(np.float64)
        signs *= self.scales / norm
        logits = signs[: self.kinds] + self.offsets
        shares, familiarity = softmax(logits), self._familiarity(signs[self.kinds : 2 * self.kinds])
        length, longer, harder = log(max(1, prompt_tokens)), 0.0, 0.0
        if familiarity > 0.0:
            longer = familiarity * float(self._longer(length) @ shares)
        if familiarity < 1.0:
            harder = (1.0 - familiarity) * self._farther(length) * float(self._hardening @ shares)
        traits = (*_short(signs[2 * self.kinds :]), round(longer, 7))
        return Resemblance(_short(shares), traits, familiarity, round(harder, 7), options)

    def _farther(self, length: float) -> float:
        """By how many deviations a `length` in log tokens is above the mean over kinds, where the kind is unknown."""
        off = self._pace * (length - self._middle)
        return min(max(off, -MOST_DEVIATIONS), MOST_DEVIATIONS)

    def _longer(self, length: float) -> Floats:
        """By how many deviations a `length` in log tokens is above each kind's mean, within FARTHEST, (kinds,)."""
        off: Floats = length - self._usual
        off /= self._spread
        return np.minimum(np.maximum(off, -FARTHEST), FARTHEST)

    def _familiarity(self, likenesses: Floats) -> float:
        nearest = int(likenesses.argmax())
        trust, least, most = self.trusts[nearest].tolist()
        grown = (float(likenesses[nearest]) - least) / (most - least)
        return float(trust * min(1.0, max(0.0, grown)))

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """All that was learnt, as arrays by name."""
        return {
            "idf": self.idf,
            "table": self.table,
            "scales": self.scales,
            "offsets": self.offsets,
            "trusts": self.trusts,
            "prompt_lengths": self.lengths,
            "hardening": self.hardening,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> "KindModel":
        """The reverse of `arrays`. Raises KeyError for what is missing, TypeError or ValueError for what is wrong."""
        idf = arrays["idf"].astype(np.float32, casting="same_kind")
        return cls(
            kinds=len(arrays["offsets"]),
            bits=(len(idf) - 1).bit_length(),
            idf=idf,
            table=arrays["table"].astype(np.int8, casting="safe"),
            scales=arrays["scales"].astype(np.float32, casting="same_kind"),
            offsets=arrays["offsets"].astype(np.float32, casting="same_kind"),
            trusts=arrays["trusts"].astype(np.float32, casting="same_kind"),
            lengths=arrays["prompt_lengths"].astype(np.float32, casting="same_kind"),
            hardening=arrays["hardening"].astype(np.float32, casting="same_kind"),
        )


def _short(numbers: Floats) -> tuple[float, ...]:
    """To seven decimals: decisions are kept with these numbers, so that they can be made again."""
    return tuple(numbers.round(7).tolist())


def _anywhere(usual: Floats, spread: Floats) -> tuple[float, float]:
    """Of a prompt of unknown kind: the mean of log tokens, and how many deviations a unit of log tokens is.

    Kinds differ in length too, and a prompt that is longer than others may only be of a longer kind. Deviations are
    what of a prompt's length is expected to be its own (Henderson's best linear prediction), the less the more kinds
    differ.
    """
    own = float(np.mean(spread**2))
    between = float(usual.var(ddof=1)) if len(usual) > 1 else 0.0
    return float(usual.mean()), sqrt(own) / (own + between)


def _are_at_most(hardening: NDArray[np.float32]) -> bool:
    return bool((np.abs(hardening) <= MOST_HARDENING).all())


def _are_trusts(trusts: NDArray[np.float32]) -> bool:
    trust, least, most = trusts.T
    return bool(((trust >= 0) & (trust <= 1) & (least < most)).all())

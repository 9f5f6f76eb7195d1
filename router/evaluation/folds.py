"""Which prompts are held out together: what is fitted for a fold never sees any of its prompts."""

import re
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from router.domain.errors import FarthingError
from router.domain.outcomes import Outcomes

NOWHERE = -1
"""The fold of prompts that are never judged, and always learnt from."""

_OPTION = re.compile(r"(?m)^\s*A[.):]")
_UNSAID = re.compile(r"[\W_]+")

Folds = NDArray[np.int64]


class Split(Struct, frozen=True, eq=False):
    """The fold of each prompt, and a name for each fold."""

    folds: Folds
    names: tuple[str, ...]


def by_prompt(outcomes: Outcomes, count: int, seed: int) -> Split:
    """Folds of random complete cases, all of about the same size.

    A question that repeats an earlier one goes into the same fold. Prompts that some model did not answer
    are in no fold, or in that of a question that they repeat. Raises FarthingError for fewer prompts
    than folds.
    """
    complete = np.flatnonzero(outcomes.is_complete)
    if not 2 <= count <= len(complete):
        raise FarthingError(f"{len(complete)} complete prompts make no {count} folds")
    folds = np.full(len(outcomes), NOWHERE, dtype=np.int64)
    order = np.random.default_rng(seed).permutation(len(complete))
    folds[complete[order]] = np.arange(len(complete)) % count
    return Split(_together(folds, outcomes.prompts), tuple(f"fold {n + 1}" for n in range(count)))


def by_dataset(outcomes: Outcomes) -> Split:
    """A fold for each dataset. Raises FarthingError if there is only one."""
    names, folds = np.unique(np.array(outcomes.datasets, dtype=np.str_), return_inverse=True)
    if len(names) < 2:
        raise FarthingError(f"only {', '.join(names)} is there: nothing remains to learn from")
    return Split(folds.astype(np.int64), tuple(map(str, names)))


def normalised(prompt: str) -> str:
    """What is the same in two prompts that ask the same: letters and digits, of any script, before the options.

    So a different order of options does not make a different question. The last options count: earlier ones
    belong to examples. A prompt with neither letters nor digits is unchanged.
    """
    *_, last = (0, *(found.start() for found in _OPTION.finditer(prompt)))
    return _UNSAID.sub("", (prompt[:last].strip() or prompt).lower()) or prompt


def _together(folds: Folds, prompts: Sequence[str]) -> Folds:
    """`folds`, with every repeated question in the fold of its first occurrence that has one."""
    homes: dict[str, int] = {}
    texts = [normalised(prompt) for prompt in prompts]
    for text, fold in zip(texts, folds.tolist(), strict=True):
        if fold != NOWHERE:
            homes.setdefault(text, fold)
    return np.array([homes.get(text, NOWHERE) for text in texts], dtype=np.int64)

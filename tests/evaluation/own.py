"""Labelled answers as a user might have them, drawn with a seed."""

from collections.abc import Mapping, Sequence

import numpy as np

from router.domain.category import Category
from router.domain.model import Ability
from router.domain.outcomes import Outcomes
from router.evaluation.calibration import Shipped
from router.evaluation.labelled import Labelled

NAMES = ("small", "middle", "large")
USD = (0.0001, 0.001, 0.01)
Shares = Mapping[Category, Sequence[float]]


def drawn(truth: Shares, prompts: int, seed: int) -> Labelled:
    """So many prompts of each category, each answered by all models, right with the shares in `truth`."""
    categories = tuple(category for category in truth for _ in range(prompts))
    p = np.array([truth[category] for category in categories])
    scores = (np.random.default_rng(seed).random(p.shape) < p).astype(np.float64)
    return labelled(scores, categories)


def labelled(
    scores: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    categories: Sequence[Category],
    prompts: Sequence[str] = (),
) -> Labelled:
    """Answers of the models with these scores."""
    count, width = scores.shape
    ids = tuple(f"prompt {place}" for place in range(count))
    unknown = np.full(scores.shape, np.nan)
    outcomes = Outcomes(
        prompt_ids=ids,
        prompts=tuple(prompts) or ids,
        datasets=("own",) * count,
        models=NAMES[:width],
        scores=scores,
        costs_usd=np.tile(np.array(USD[:width]), (count, 1)),
        input_tokens=unknown,
        output_tokens=unknown,
        latencies_s=unknown,
        answers=np.full(scores.shape, None, dtype=object),
    )
    return Labelled(outcomes, tuple(categories), ("a test",) * count)


def shipped(shares: Shares, sd: float = 0.1) -> Shipped:
    """What is thought of the models before; 0.8 in every other category."""
    return Shipped(
        {
            name: {
                category: Ability(shares[category][at] if category in shares else 0.8, sd, "a test")
                for category in Category
            }
            for at, name in enumerate(NAMES)
        }
    )

"""What the offline commands share: where their predictions come from, and how far they are."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from rich.console import Console
from rich.progress import track

from router.domain.errors import FarthingError
from router.domain.outcomes import Floats, Outcomes
from router.domain.pool import Pool, PoolModel
from router.domain.predictions import Fit, Forecaster, Predictions

NONE, SHIPPED = "none", "shipped"

Item = TypeVar("Item")

_UNKNOWN_P, _UNKNOWN_SD = 0.5, 0.29
"""Of a model of which nothing is known: anything from 0 to 1."""
_CHARACTERS_A_TOKEN = 4
_USUAL_OUTPUT_TOKENS = 300


def forecasting(artefact: str) -> Fit:
    """Where predictions come from: 'none' learns from the outcomes alone, 'shipped' and a folder from an artefact.

    Raises FarthingError for an artefact that cannot be used.
    """
    if artefact == NONE:
        return _fit_means
    if artefact == SHIPPED:
        return _take_priors
    raise FarthingError(
        f"--artefact {artefact}: artefacts cannot be read yet; there is none, shipped"
    )


def watched(items: Iterable[Item], doing: str, count: int) -> Iterator[Item]:
    """`items`, with a bar on a terminal that shows how far they are."""
    console = Console(stderr=True)
    is_hidden = not console.is_terminal
    return iter(
        track(items, doing, total=count, console=console, transient=True, disable=is_hidden)
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Constant:
    """Predicts the same of every prompt: a probability, its deviation and a cost for each model."""

    p: Floats
    sd: Floats
    costs_usd: Floats

    def predict(self, prompts: Sequence[str], pool: Pool, prompt_ids: Sequence[str]) -> Predictions:
        shape = (len(prompts), len(pool.models))
        return Predictions(
            prompt_ids=tuple(prompt_ids),
            models=pool.names,
            p_quality=np.broadcast_to(self.p, shape),
            p_sd=np.broadcast_to(self.sd, shape),
            costs_usd=np.broadcast_to(self.costs_usd, shape),
            latencies_s=np.full(shape, np.nan),
        )


def _fit_means(train: Outcomes, pool: Pool, seed: int) -> Forecaster:  # noqa: ARG001 - as Fit has it
    """Each model's mean score and cost, whatever is asked."""
    known = train.of(pool.names)
    counts = np.isfinite(known.scores).sum(axis=0)
    means = np.nansum(known.scores, axis=0) / np.maximum(counts, 1)
    p = np.where(counts > 0, means, _UNKNOWN_P)
    priced = np.isfinite(known.costs_usd).sum(axis=0)
    costs = np.nansum(known.costs_usd, axis=0) / np.maximum(priced, 1)
    return _Constant(p, np.sqrt(p * (1 - p) / np.maximum(counts, 1)), costs)


class _Priors:
    """Goes by what the pool file says: abilities, prices, and answers of usual length."""

    def predict(self, prompts: Sequence[str], pool: Pool, prompt_ids: Sequence[str]) -> Predictions:
        stated = np.array([_stated(model) for model in pool.models])
        constant = _Constant(stated[:, 0], stated[:, 1], np.zeros(len(pool.models)))
        lengths = np.array([[len(prompt)] for prompt in prompts]).reshape(-1, 1)
        tokens = lengths / _CHARACTERS_A_TOKEN
        input_usd, output_usd = (
            np.array([getattr(model, name) for model in pool.models]) / 1e6
            for name in ("input_usd_per_1m", "output_usd_per_1m")
        )
        per_call = np.array([model.usd_per_call for model in pool.models], dtype=np.float64)
        by_tokens = tokens * input_usd + _USUAL_OUTPUT_TOKENS * output_usd
        costs = np.where(np.isnan(per_call), by_tokens, per_call)
        found = constant.predict(prompts, pool, prompt_ids)
        return Predictions(
            found.prompt_ids, found.models, found.p_quality, found.p_sd, costs, found.latencies_s
        )


def _take_priors(train: Outcomes, pool: Pool, seed: int) -> Forecaster:  # noqa: ARG001 - as Fit has it
    return _Priors()


def _stated(model: PoolModel) -> tuple[float, float]:
    """The mean ability that the pool's author holds of a model, with its deviation."""
    if not (abilities := list(model.abilities.values())):
        return _UNKNOWN_P, _UNKNOWN_SD
    count = len(abilities)
    return sum(each.p for each in abilities) / count, sum(each.sd for each in abilities) / count

"""What an artefact predicts of a pool's models for many prompts, as tables: the offline use of it."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from router.domain.estimate import QualityEstimate
from router.domain.kinship import Kinship
from router.domain.pool import Pool, PoolModel
from router.domain.predictions import Predictions
from router.features.kinds import read_part
from router.pipeline.artefact import Artefact

PriorOf = Callable[[PoolModel], QualityEstimate]
"""What is held of a model's quality before anything was learnt."""


def predict(
    artefact: Artefact,
    prompt_ids: Sequence[str],
    prompts: Sequence[str],
    pool: Pool,
    tokenize: Callable[[str], Sequence[int]],
    prior_of: PriorOf,
    scored_as: Mapping[str, str],
) -> Predictions:
    """Tables of (prompts, models). `scored_as` says under which name a model of the pool was scored."""
    shape = (len(prompts), len(pool.models))
    p, sd, costs = np.empty(shape), np.empty(shape), np.empty(shape)
    priors = [prior_of(model) for model in pool.models]
    for row, prompt in enumerate(prompts):
        tokens = tokenize(read_part(prompt))
        kinship = artefact.kinds.of(tokens)
        length = round(len(tokens) * max(1.0, len(prompt) / max(1, len(read_part(prompt)))))
        outlook = artefact.quality.outlook(kinship)
        for column, (model, prior) in enumerate(zip(pool.models, priors, strict=True)):
            name = scored_as.get(model.name)
            estimate = outlook.quality(name, prior)
            p[row, column], sd[row, column] = estimate.p, estimate.sd
            costs[row, column] = _cost_usd(artefact, model, name, kinship, length)
    return Predictions(
        tuple(prompt_ids), pool.names, p, sd, costs, latencies_s=np.full(shape, np.nan)
    )


def _cost_usd(
    artefact: Artefact, model: PoolModel, name: str | None, kinship: Kinship, prompt_tokens: int
) -> float:
    if model.usd_per_call is not None:
        return model.usd_per_call
    read, written = artefact.spending.tokens(name, kinship, prompt_tokens)
    return (read * model.input_usd_per_1m + written * model.output_usd_per_1m) / 1e6

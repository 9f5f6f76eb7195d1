"""What an artefact predicts of a pool's models for many prompts, as tables: the offline use of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from router.domain.category import Category
from router.domain.estimate import QualityEstimate
from router.domain.kinship import Kinship
from router.domain.pool import Pool, PoolModel
from router.domain.predictions import Predictions
from router.features.category import categorise
from router.features.kinds import read_part, whole_length
from router.pipeline.artefact import Artefact

PriorOf = Callable[[PoolModel, Category], QualityEstimate]
"""What is held of a model's quality in a category before anything was learnt."""
Tokenize = Callable[[str], Sequence[int]]


@dataclass(frozen=True, slots=True, eq=False)
class Foresight:
    """Predicts by an artefact. `scored_as` says under which name of the artefact a model was scored, if any."""

    artefact: Artefact
    tokenize: Tokenize
    prior_of: PriorOf
    scored_as: Callable[[str], str | None]

    def predict(self, prompts: Sequence[str], pool: Pool, prompt_ids: Sequence[str]) -> Predictions:
        """Predictions for these prompts and every model of the pool, in their orders."""
        rows = [self._row(prompt, pool) for prompt in prompts]
        table = np.asarray(rows, dtype=np.float64).reshape(len(prompts), len(pool.models), 3)
        return Predictions(
            prompt_ids=tuple(prompt_ids),
            models=pool.names,
            p_quality=table[:, :, 0],
            p_sd=table[:, :, 1],
            costs_usd=table[:, :, 2],
            latencies_s=np.full(table.shape[:2], np.nan),
        )

    def _row(self, prompt: str, pool: Pool) -> list[tuple[float, float, float]]:
        tokens = self.tokenize(read_part(prompt))
        kinship = self.artefact.kinds.of(tokens)
        outlook = self.artefact.quality.outlook(kinship)
        category, _ = categorise({"messages": [{"role": "user", "content": prompt}]})
        length = whole_length(prompt, tokens)
        row = []
        for model in pool.models:
            name = self.scored_as(model.name)
            estimate = outlook.quality(name, self.prior_of(model, category))
            row.append((estimate.p, estimate.sd, self._cost_usd(model, name, kinship, length)))
        return row

    def _cost_usd(
        self, model: PoolModel, name: str | None, kinship: Kinship, prompt_tokens: int
    ) -> float:
        if model.usd_per_call is not None:
            return model.usd_per_call
        read, written = self.artefact.spending.tokens(name, kinship, prompt_tokens)
        return (read * model.input_usd_per_1m + written * model.output_usd_per_1m) / 1e6

"""What an artefact predicts of a pool's models for many prompts, as tables: its offline use."""

from collections.abc import Callable, Sequence
from math import nan

import numpy as np
from msgspec import Struct

from router.domain.category import Category
from router.domain.estimate import QualityEstimate
from router.domain.pool import Pool, PoolModel
from router.domain.predictions import Predictions
from router.domain.resemblance import Resemblance
from router.features.category import categorise
from router.features.classify import CategoryModel
from router.features.options import options_in
from router.features.text import both_ends, whole_length
from router.pipeline.artefact import Artefact

PriorOf = Callable[[PoolModel, Category], QualityEstimate]
"""The prior of a model's quality in a category, before anything was learnt."""
PriorsIn = Callable[[Pool], PriorOf]
"""The priors of a pool's models. What is assumed of one may depend on which others are in the pool."""
Tokenize = Callable[[str], Sequence[int]]


class ArtefactForecaster(Struct, frozen=True, eq=False):
    """Predicts by an artefact; `categories` tells the categories of prompts (None: the table of cues does)."""

    artefact: Artefact
    tokenize: Tokenize
    priors_in: PriorsIn
    categories: CategoryModel | None

    def predict(self, prompts: Sequence[str], pool: Pool, prompt_ids: Sequence[str]) -> Predictions:
        """Predictions for these prompts and every model of the pool, in their orders."""
        agreeing, agreement = [], self.artefact.agreement
        prior_of = self.priors_in(pool)
        table = np.empty((len(prompts), len(pool.models), 4))
        for row, prompt in enumerate(prompts):
            tokens = self.tokenize(both_ends(prompt))
            length, options = whole_length(prompt, tokens), options_in(prompt)
            resemblance = self.artefact.kinds.of(tokens, length, options)
            table[row] = self._row(prompt, tokens, resemblance, pool, prior_of)
            if agreement is not None:
                agreeing.append(agreement.prospects(resemblance))
        return Predictions(
            prompt_ids=tuple(prompt_ids),
            models=pool.names,
            p_quality=table[:, :, 0],
            p_sd=table[:, :, 1],
            costs_usd=table[:, :, 2],
            latencies_s=table[:, :, 3],
            agreeing=tuple(agreeing),
        )

    def _row(
        self,
        prompt: str,
        tokens: Sequence[int],
        resemblance: Resemblance,
        pool: Pool,
        prior_of: PriorOf,
    ) -> list[tuple[float, float, float, float]]:
        prompt_scores = self.artefact.quality.prompt_scores(resemblance)
        category = self.category_of(prompt, tokens)
        length = whole_length(prompt, tokens)
        row = []
        for model in pool.models:
            estimate = prompt_scores.quality(model.name, prior_of(model, category))
            spent = self._spent(model, resemblance, length)
            row.append((estimate.p, estimate.sd, *spent))
        return row

    def category_of(self, prompt: str, tokens: Sequence[int]) -> Category:
        """The category of a prompt with these token ids of its `both_ends`."""
        body = {"messages": [{"role": "user", "content": prompt}]}
        return categorise(body, self.categories, tokens)[0]

    def _spent(
        self, model: PoolModel, resemblance: Resemblance, prompt_tokens: int
    ) -> tuple[float, float]:
        """Expected dollars and seconds of a call; NaN seconds where nothing is known."""
        name = self.artefact.scored_as(model.name)
        read, written = self.artefact.spending.tokens(name, resemblance, prompt_tokens)
        usd = (read * model.input_usd_per_1m + written * model.output_usd_per_1m) / 1e6
        line = self.artefact.lengths.line(name or model.name, model.output_usd_per_1m)
        seconds = line.total_s(written) if line else nan
        return (usd if model.usd_per_call is None else model.usd_per_call), seconds

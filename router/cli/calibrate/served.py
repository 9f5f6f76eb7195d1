"""What the server of a configuration would understand of prompts and predict for them, without a server."""

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
import orjson
from msgspec import Struct

from router.app import dry_pipeline
from router.config.settings import Settings
from router.decision.estimate import candidate_for
from router.decision.resolve import AUTO
from router.domain.agreeing import Agreeing
from router.domain.candidate import Candidate
from router.domain.category import Category
from router.domain.estimate import QualityEstimate
from router.domain.features import Features, Recognised
from router.domain.members import replace
from router.domain.model import Model
from router.domain.money import Money
from router.domain.pool import Pool
from router.domain.predictions import Predictions
from router.domain.turns import finished
from router.pipeline.judge import Judge
from router.pipeline.request_context import Caller
from router.ports import World
from router.wire.chat import parse_chat

_LOOKED_INTO = 200


def unrouted(settings: Settings) -> Settings:
    """The settings without aliases for models: each answers only to its own name."""
    return replace(settings, book=replace(settings.book, routes={}))


class Understanding:
    """What the server knows of a prompt that is sent alone, as a user's only message."""

    def __init__(self, settings: Settings, world: World) -> None:
        self.judge: Judge = dry_pipeline(unrouted(settings), world).judge
        # The features of a prompt are needed for its category, its cost and its quality.
        self.features = cache(self._features)

    def category(self, prompt: str) -> Category:
        """The category of the prompt."""
        return self.features(prompt).category

    def quality(self, prompt: str, model: Model, category: Category) -> QualityEstimate:
        """The predicted quality of the model's answer, if the prompt is of this category."""
        return self._candidate(prompt, model, category).quality

    def cost(self, prompt: str, model: Model, category: Category) -> Money:
        """The cost of an answer of typical length."""
        return self._candidate(prompt, model, category).cost.expected

    def agreeing(self, prompt: str) -> Agreeing | None:
        """How models agree on such a prompt, by the artefact; None if nothing was learnt of that."""
        features = self.features(prompt)
        found = features.prospects if isinstance(features, Recognised) else None
        return found if isinstance(found, Agreeing) else None

    def _features(self, prompt: str) -> Features:
        messages = [{"role": "user", "content": prompt}]
        request = parse_chat(orjson.dumps({"model": AUTO, "messages": messages}))
        caller = Caller("")
        target = self.judge.target(request, caller)
        return finished(self.judge.request_context(request, caller, target, (), ())).features

    def _candidate(self, prompt: str, model: Model, category: Category) -> Candidate:
        features = replace(self.features(prompt), category=category)
        return candidate_for(model, features, self.judge.experience)


class Served(Struct, frozen=True, eq=False):
    """The server as a forecaster of `models`; `categories` has the prompts' categories by their ids."""

    understanding: Understanding
    models: Mapping[str, Model]
    categories: Mapping[str, Category]

    def predict(self, prompts: Sequence[str], pool: Pool, prompt_ids: Sequence[str]) -> Predictions:
        """The server's P(good answer); costs and latencies stay unknown (NaN)."""
        found = [
            [self._estimate(prompt, name, prompt_id) for name in pool.names]
            for prompt, prompt_id in zip(prompts, prompt_ids, strict=True)
        ]
        shape = (len(prompts), len(pool.names))
        p, sd = (
            np.array([[getattr(each, name) for each in row] for row in found]).reshape(shape)
            for name in ("p", "sd")
        )
        unknown = np.full(shape, np.nan)
        return Predictions(tuple(prompt_ids), pool.names, p, sd, unknown, unknown)

    def goes_by_prompts(self, prompts: Sequence[str], prompt_ids: Sequence[str]) -> bool:
        """Whether an artefact has an effect: it moves an ability for one of the first prompts."""
        asked = list(zip(prompts, prompt_ids, strict=True))[:_LOOKED_INTO]
        return any(
            self._estimate(prompt, name, prompt_id).p
            != model.abilities[self.categories[prompt_id]].p
            for prompt, prompt_id in asked
            for name, model in self.models.items()
        )

    def _estimate(self, prompt: str, name: str, prompt_id: str) -> QualityEstimate:
        category = self.categories[prompt_id]
        return self.understanding.quality(prompt, self.models[name], category)

"""The product with one part removed or replaced: what the ablation compares."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.neighbors import NearestNeighbors

from router.cli.offline import categories_of, tokenizer
from router.domain.arrays import Floats
from router.domain.members import replace
from router.domain.outcomes import Outcomes
from router.domain.pool import Pool
from router.domain.predictions import Forecaster, Predictions
from router.domain.resemblance import Resemblance
from router.features.kinds import KindModel
from router.pipeline.artefact import Artefact
from router.pipeline.artefact_forecaster import ArtefactForecaster
from router.providers.local_embeddings import load_wordllama
from router.training.fit import Recipe, fit
from router.training.kinds import rows_of, sharpened, weighted

Change = Callable[[Artefact], Artefact]
_NEIGHBOURS = 60
_PENALTY = 10.0


class _Certain(KindModel):
    """Every prompt belongs entirely to its likeliest kind."""

    def of(self, tokens: Sequence[int], prompt_tokens: int, options: int = 0) -> Resemblance:
        found = KindModel.of(self, tokens, prompt_tokens, options)
        shares = np.zeros(self.kinds)
        shares[int(np.argmax(found.shares))] = 1.0
        return replace(found, shares=tuple(shares.tolist()))


class _Familiar(KindModel):
    """Every prompt is completely familiar."""

    def of(self, tokens: Sequence[int], prompt_tokens: int, options: int = 0) -> Resemblance:
        found = KindModel.of(self, tokens, prompt_tokens, options)
        return replace(found, familiarity=1.0, hardness=0.0)


class _Strange(KindModel):
    """No prompt is familiar."""

    def of(self, tokens: Sequence[int], prompt_tokens: int, options: int = 0) -> Resemblance:
        return replace(KindModel.of(self, tokens, prompt_tokens, options), familiarity=0.0)


def _kinds(of: type[KindModel]) -> Change:
    def change(artefact: Artefact) -> Artefact:
        parts = {
            each.name: getattr(artefact.kinds, each.name) for each in fields(KindModel) if each.init
        }
        return replace(artefact, kinds=of(**parts))

    return change


def _without_traits(artefact: Artefact) -> Artefact:
    quality = artefact.quality
    return replace(artefact, quality=replace(quality, loadings=np.zeros_like(quality.loadings)))


def _without_length(artefact: Artefact) -> Artefact:
    loadings = artefact.quality.loadings.copy()
    loadings[:, -1] = 0.0
    return replace(artefact, quality=replace(artefact.quality, loadings=loadings))


def _no_harder(artefact: Artefact) -> Artefact:
    kinds = artefact.kinds
    return replace(artefact, kinds=replace(kinds, hardening=np.zeros_like(kinds.hardening)))


def _sure(artefact: Artefact) -> Artefact:
    return replace(artefact, quality=replace(artefact.quality, evenness=1.0))


def _flat(artefact: Artefact) -> Artefact:
    """Shares as the classifier learnt them."""
    flat = sharpened(artefact.kinds, artefact.quality.evenness)
    return replace(_sure(artefact), kinds=flat)


def _uncalibrated(artefact: Artefact) -> Artefact:
    return replace(artefact, quality=replace(artefact.quality, calibration=(1.0, 0.0)))


def _floor(floor: float) -> Change:
    return lambda artefact: replace(artefact, quality=replace(artefact.quality, floor=floor))


CHANGES: Mapping[str, Change] = {
    "as it is": lambda artefact: artefact,
    "without traits": _without_traits,
    "without length alone": _without_length,
    "unfamiliar long prompts no harder": _no_harder,
    "flat shares": _flat,
    "sharp shares, unfamiliar or not": _sure,
    "kinds for certain, not by shares": _kinds(_Certain),
    "every prompt wholly familiar": _kinds(_Familiar),
    "no prompt familiar": _kinds(_Strange),
    "no least weight (floor 0)": _floor(0.0),
    "least weight 0.6": _floor(0.6),
    "not calibrated": _uncalibrated,
}
"""What is changed after fitting. One fit serves them all."""


@dataclass(frozen=True, slots=True, eq=False)
class Replaced:
    """Another way to predict quality; costs are predicted as in the product."""

    inner: Forecaster
    expects: Callable[[Sequence[str]], Floats]

    def predict(self, prompts: Sequence[str], pool: Pool, prompt_ids: Sequence[str]) -> Predictions:
        """The inner one's predictions with different qualities."""
        found = self.inner.predict(prompts, pool, prompt_ids)
        return replace(found, p_quality=np.clip(self.expects(prompts), 0.005, 0.995))


Expectation = Callable[[Outcomes], Callable[[Sequence[str]], Floats]]


def neighbours(train: Outcomes) -> Callable[[Sequence[str]], Floats]:
    """The mean score of the 60 most similar prompts learnt from, by weights of tokens and pairs."""
    tokenize = tokenizer()
    data = weighted([tokenize(prompt) for prompt in train.prompts])
    near = NearestNeighbors(n_neighbors=min(_NEIGHBOURS, len(train)), metric="cosine").fit(
        data.rows
    )
    scores = _filled(train.scores)

    def expects(prompts: Sequence[str]) -> Floats:
        rows = rows_of([tokenize(prompt) for prompt in prompts], data.idf)
        return np.asarray(scores[near.kneighbors(rows, return_distance=False)].mean(axis=1))

    return expects


def embedded(train: Outcomes) -> Callable[[Sequence[str]], Floats]:
    """Ridge regression of each model's score on wordllama's 256-dimensional embedding of a prompt."""
    model = Ridge(alpha=_PENALTY).fit(_vectors(train.prompts), _filled(train.scores))
    return lambda prompts: np.asarray(model.predict(_vectors(prompts)))


def _vectors(prompts: Sequence[str]) -> Floats:
    embedder = load_wordllama()

    async def all_of_them() -> list[Sequence[float]]:
        found = [await embedder.embed(prompt) for prompt in prompts]
        return [each.vector if each else [0.0] * 256 for each in found]

    return np.array(asyncio.run(all_of_them()), dtype=np.float64)


def _filled(scores: Floats) -> Floats:
    """A model's mean score if it has no answer."""
    means = np.nanmean(scores, axis=0)
    return np.where(np.isfinite(scores), scores, means)


INSTEAD: Mapping[str, Expectation] = {
    f"the {_NEIGHBOURS} nearest prompts instead": neighbours,
    "ridge on a static embedding instead": embedded,
}
"""What stands in place of the whole prediction of quality."""


def apart(train: Outcomes, pool: Pool, found: ArtefactForecaster, seed: int) -> ArtefactForecaster:
    """Learnt from tokens alone: the same third token is put between any two, so that pairs say nothing."""

    def tokenize(words: str) -> list[int]:
        return [part for token in found.tokenize(words) for part in (token, 0)]

    categories = categories_of(train.prompts, found.tokenize)
    artefact = fit(train, pool, tokenize, categories, Recipe(seed=seed))
    return replace(found, artefact=artefact, tokenize=tokenize)

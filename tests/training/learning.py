"""Outcomes of made-up kinds of prompts, and what is learnt from them, for every test of an artefact."""

from collections.abc import Mapping, Sequence
from functools import cache
from zlib import crc32

import numpy as np

from router.domain.arrays import Floats
from router.domain.category import Category
from router.domain.estimate import QualityEstimate
from router.domain.outcomes import Outcomes
from router.domain.pool import Pool, PoolModel
from router.pipeline.artefact import Artefact
from router.pipeline.artefact_forecaster import ArtefactForecaster
from router.training.fit import Recipe, fit

WORDS: Mapping[str, str] = {
    "garden/roses": "rose thorn prune petal bloom hedge compost soil spade bud",
    "harbour/tides": "tide buoy mast keel anchor harbour rope gull wave pilot",
    "kitchen/bread": "flour yeast oven crust knead loaf butter salt dough rise",
}
SKILL: Mapping[str, Sequence[float]] = {
    "garden/roses": (0.9, 0.8, 0.3),
    "harbour/tides": (0.85, 0.4, 0.75),
    "kitchen/bread": (0.6, 0.5, 0.2),
}
MODELS = ("large", "middle", "small")
PRICES = ((3.0, 15.0), (0.5, 2.0), (0.1, 0.4))
POOL = Pool("made up", tuple(PoolModel(n, *p) for n, p in zip(MODELS, PRICES, strict=True)))
FILLER = "the a of to and in is what how which".split()
EVEN = QualityEstimate(0.6, 0.2)
AS_USUAL = Recipe()


def tokenize(text: str) -> list[int]:
    """A token a word, by a number that is the same in every process."""
    return [crc32(word.encode("utf-8", "surrogatepass")) % 100_000 for word in text.split()]


def drawn(
    count: int, seed: int = 0, kinds: Sequence[str] = tuple(WORDS), known: float = 1.0
) -> Outcomes:
    """This many prompts, the kinds in turn, a share `known` of them answered by each of three models."""
    dice = np.random.default_rng(seed)
    datasets = [kinds[number % len(kinds)] for number in range(count)]
    scores = np.array([dice.random(3) < SKILL[each] for each in datasets], dtype=np.float64)
    scores[dice.random(scores.shape) >= known] = np.nan
    return table([_asked(dice, WORDS[each]) for each in datasets], datasets, scores)


def table(
    prompts: Sequence[str], datasets: Sequence[str], scores: Floats, models: Sequence[str] = MODELS
) -> Outcomes:
    """Outcomes with these scores; every answer took 100 tokens, at the prices of POOL."""
    inputs = np.repeat([[2.0 * len(tokenize(each))] for each in prompts], len(models), axis=1)
    prices = np.array([dict(zip(MODELS, PRICES, strict=True)).get(n, (1.0, 1.0)) for n in models])
    return Outcomes(
        prompt_ids=tuple(f"p{number:04}" for number in range(len(prompts))),
        prompts=tuple(prompts),
        datasets=tuple(datasets),
        models=tuple(models),
        scores=np.asarray(scores, dtype=np.float64).reshape(len(prompts), len(models)),
        costs_usd=(inputs * prices[:, 0] + 100.0 * prices[:, 1]) / 1e6,
        input_tokens=inputs,
        output_tokens=np.full(inputs.shape, 100.0),
        latencies_s=np.full(inputs.shape, np.nan),
        answers=np.full(inputs.shape, None, dtype=np.object_),
    )


def learnt(outcomes: Outcomes, recipe: Recipe = AS_USUAL, pool: Pool | None = POOL) -> Artefact:
    """What `farthing fit` would learn, with the tokens of this file."""
    return fit(outcomes, pool, tokenize, [Category.KNOWLEDGE] * len(outcomes), recipe)


@cache
def usual_artefact() -> Artefact:
    """Learnt from 300 prompts of three kinds, once for all tests."""
    return learnt(drawn(300))


def artefact_forecaster(artefact: Artefact) -> ArtefactForecaster:
    """What `farthing predict` would predict by, with the tokens of this file and one prior for all;
    categories are told apart by the cues of words."""

    def prior_of(model: PoolModel, category: Category) -> QualityEstimate:
        return artefact.usual(model.name) or EVEN

    return ArtefactForecaster(artefact, tokenize, lambda pool: prior_of, None)  # noqa: ARG005 - one for all pools


def _asked(dice: np.random.Generator, words: str) -> str:
    chosen = [*dice.choice(words.split(), 4), *dice.choice(FILLER, 4)]
    dice.shuffle(chosen)
    return " ".join(chosen)

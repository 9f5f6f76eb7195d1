"""What each part of the prediction contributes to single calls, in distribution and on datasets that were left out."""

from collections.abc import Iterator

import numpy as np

from benchmarks.routing.findings import (
    Cell,
    Found,
    Table,
    count,
    difference,
    quality,
    share,
    text,
)
from benchmarks.routing.outcome_folder import OutcomeFolder
from benchmarks.routing.running import FOLDS, Settings, Splitting
from benchmarks.routing.variants import CHANGES, INSTEAD, Replaced, apart
from router.cli.offline import tokenizer, watched
from router.domain.members import replace
from router.domain.outcomes import Outcomes
from router.domain.pool import Pool
from router.domain.predictions import Forecaster, Predictions
from router.evaluation.crossing import HeldOut, gathered, held_out
from router.evaluation.judge import Evaluation
from router.evaluation.standing import ROUTER
from router.features.text import both_ends
from router.pipeline.artefact_forecaster import ArtefactForecaster
from router.training.kinds import Traits, fit_kinds, weighted
from router.training.prompt_lengths import PromptLengths
from router.training.tables import numbered

TITLE = "What each part buys"

POOLS = ("zeroeval12", "routerbench11", "bfcl12")
"""Not mmlu_pro9: it has as many prompts as the others together."""
_BITS = (10, 12, 14, 16)
_BITS_POOL = "mmlu_pro9"
_COLUMNS = (
    text("pool"),
    text("variant"),
    quality("AIQ"),
    difference("above Zero"),
    share("saved at 95 %, %"),
    quality("ECE"),
)


def run(folder: OutcomeFolder, settings: Settings) -> Iterator[Found]:
    """A table for each split, and one of how many buckets tell kinds apart."""
    for name, split in settings.splits:
        rows = [
            row
            for pool in POOLS
            for row in _rows(pool, folder.outcomes(pool), split, folder, settings)
        ]
        yield Table(f"ablation, {name}", _COLUMNS, tuple(rows))
    buckets = tuple(_buckets(folder.outcomes(_BITS_POOL), settings.seed))
    yield Table("buckets", (count("buckets"), share("kinds told right, %")), buckets)


def _rows(
    name: str,
    outcomes: Outcomes,
    split: Splitting,
    folder: OutcomeFolder,
    settings: Settings,
) -> Iterator[tuple[Cell, ...]]:
    folds, pool = split(outcomes), folder.pool(name)
    parts: dict[str, list[Predictions]] = {}
    for fold in watched(held_out(outcomes, folds), name, len(folds.names)):
        for variant, forecaster in _variants(fold, pool, settings):
            predicted = forecaster.predict(fold.test.prompts, pool, fold.test.prompt_ids)
            parts.setdefault(variant, []).append(replace(predicted, agreeing=()))
    for variant, found in parts.items():
        yield (name, variant, *_figures(settings.judged(gathered(outcomes, folds, found))))


def _variants(fold: HeldOut, pool: Pool, settings: Settings) -> Iterator[tuple[str, Forecaster]]:
    found = settings.fit(fold.train, pool, settings.seed)
    assert isinstance(found, ArtefactForecaster)
    for variant, change in CHANGES.items():
        yield variant, replace(found, artefact=change(found.artefact))
    yield "tokens alone, no pairs", apart(fold.train, pool, found, settings.seed)
    for variant, expectation in INSTEAD.items():
        yield variant, Replaced(found, expectation(fold.train.of(pool.names)))


def _figures(found: Evaluation) -> tuple[Cell, ...]:
    standing = next(row.standing for row in found.rows if row.name == ROUTER)
    return (standing.aiq, standing.aiq_above_zero, standing.saved_at_95, found.telling.ece)


def _buckets(outcomes: Outcomes, seed: int) -> Iterator[tuple[int, float]]:
    """In the first of five folds, how many prompts are assigned to the dataset that they come from."""
    tokenize, dice = tokenizer(), np.random.default_rng(seed)
    prompts = [tokenize(both_ends(prompt)) for prompt in outcomes.prompts]
    names, kinds = numbered(outcomes.datasets)
    is_held_out = dice.permutation(len(prompts)) % FOLDS == 0
    learnt = np.flatnonzero(~is_held_out)
    for bits in watched(_BITS, "buckets", len(_BITS)):
        rows = weighted([prompts[row] for row in learnt], bits)
        none = Traits(np.zeros((2**bits, 1)), np.zeros((1, 1)))
        lengths = PromptLengths(np.ones((len(names), 2)), np.zeros((1, 1)), np.zeros(len(names)))
        model = fit_kinds(rows, kinds[learnt], lengths, none, seed)
        told = [np.argmax(model.of(prompts[row], 0).shares) for row in np.flatnonzero(is_held_out)]
        yield 2**bits, float(np.mean(np.array(told) == kinds[is_held_out]))

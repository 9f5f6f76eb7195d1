"""The router beside what needs none, on each pool: random prompts held out, and whole datasets."""

from collections.abc import Iterator

from benchmarks.routing.data import POOLS, Data
from benchmarks.routing.findings import Cell, Found, Table, count, difference, quality, share, text
from benchmarks.routing.running import FOLDS, Settings
from router.evaluation.folds import by_dataset, by_prompt
from router.evaluation.judge import Evaluation
from router.evaluation.standing import CATEGORY, ORACLE, RANDOM, ROUTER, ZERO

TITLE = "In distribution, and one dataset left out after the other"

COLUMNS = (
    text("pool"),
    text(""),
    quality("AIQ"),
    difference("above Zero"),
    share("saved at best quality, %"),
    share("saved at 95 % of it, %"),
)
_TELLING = (
    text("pool"),
    count("prompts"),
    quality("AUC"),
    quality("ECE"),
    difference("gain at λ = 0"),
    share("its cost, %"),
)


def run(data: Data, settings: Settings) -> Iterator[Found]:
    """Two tables for each of the two splits."""
    splits = {
        f"{FOLDS} folds of random prompts": lambda outcomes: by_prompt(
            outcomes, FOLDS, settings.seed
        ),
        "each dataset held out in turn": by_dataset,
    }
    for name, split in splits.items():
        found = {}
        for pool in POOLS:
            outcomes = data.outcomes(pool)
            forecast = settings.crossed(outcomes, split(outcomes), data.pool(pool))
            found[pool] = (len(forecast.outcomes), settings.judged(forecast))
        standings = [row for pool, (_, each) in found.items() for row in standing(pool, each)]
        yield Table(name, COLUMNS, tuple(standings))
        yield Table(
            f"predictions, {name}",
            _TELLING,
            tuple(_telling(pool, *each) for pool, each in found.items()),
        )


def standing(pool: str, found: Evaluation) -> Iterator[tuple[Cell, ...]]:
    """A row for each way to choose."""
    for row in found.rows:
        if row.name in (RANDOM, ZERO, CATEGORY, ROUTER, ORACLE):
            its = row.standing
            yield (
                pool,
                row.name,
                its.aiq,
                its.aiq_above_zero,
                its.saved_at_best_quality,
                its.saved_at_95,
            )


def _telling(pool: str, prompts: int, found: Evaluation) -> tuple[Cell, ...]:
    first = found.quality_first
    return (pool, prompts, found.telling.auc, found.telling.ece, first.gain, first.cost_share)

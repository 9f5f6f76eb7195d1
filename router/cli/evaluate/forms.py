"""An evaluation as plain data, and its notes."""

from collections import Counter
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

from msgspec import Struct, structs

from router.cli.offline import NONE
from router.evaluation.cascades import MAX_QUALITY_LOSS
from router.evaluation.judge import Alone, Discrimination, Evaluation, PairFigures, RouterPoint
from router.evaluation.resampling import LEVEL, Interval
from router.evaluation.standing import Row

Document = dict[str, Any]

_DIGITS = 6
_DIGITS_OF_USD = 12


class Evaluated(Struct, frozen=True):
    """An evaluation and what it was made of; `datasets` has one entry per prompt.

    `left_out` prompts lack a score or cost of some model, so they were at most learnt from.
    """

    evaluation: Evaluation
    pool: str
    files: tuple[str, ...]
    datasets: tuple[str, ...]
    left_out: int
    split: str
    folds: int
    artefact: str
    seed: int
    samples: int


def document(found: Evaluated) -> Document:
    """The evaluation as plain data.

    An interval is an object of `estimate`, `low` and `high`, each null if it is not a number: an
    infinite saving or share of calls, which is never reached, or an AUC of answers that are all alike.
    """
    evaluation = found.evaluation
    return {
        "pool": found.pool,
        "files": list(found.files),
        "prompts": len(found.datasets),
        "left_out": found.left_out,
        "datasets": dict(sorted(Counter(found.datasets).items())),
        "split": found.split,
        "folds": found.folds,
        "artefact": found.artefact,
        "seed": found.seed,
        "samples": found.samples,
        "level": LEVEL,
        "best": evaluation.models[evaluation.best].name,
        "models": [_model(each) for each in evaluation.models],
        "rows": [_row(each) for each in evaluation.rows],
        **_telling(evaluation.telling),
        "quality_first": _setting(evaluation.quality_first),
        "best_in_arena": _setting(evaluation.best_in_arena),
        "fixed": {"max_quality_loss": MAX_QUALITY_LOSS, **_setting(evaluation.fixed)},
        "pairs": {name: _pair(each) for name, each in evaluation.pairs.items()},
        "notes": list(notes(found)),
    }


def notes(found: Evaluated) -> Iterator[str]:
    """What must be known to interpret the figures correctly."""
    if found.left_out == 1:
        yield "1 prompt lacks a score or a cost of some model: it is not evaluated, but may be learnt from."
    elif found.left_out:
        yield (
            f"{found.left_out:,} prompts lack a score or a cost of some model: they are not evaluated,"
            " but may be learnt from."
        )
    if found.artefact != NONE:
        yield (
            f"Nothing was fitted here: all predictions are those of the artefact ({found.artefact})."
            " Its card says what it has learnt from; on prompts among those, the figures are optimistic."
        )
    yield (
        "The best setting for RouterArena's score is chosen in hindsight, as are Zero's mixes and the oracle."
    )


def _model(each: Alone) -> Document:
    return {
        "name": each.name,
        "quality": _interval(each.quality),
        "cost_usd": _interval(each.cost_usd, _DIGITS_OF_USD),
        **_telling(each.telling),
    }


def _telling(each: Discrimination) -> Document:
    return {"auc": _interval(each.auc), "ece": _interval(each.ece)}


def _row(each: Row) -> Document:
    figures = structs.asdict(each.standing)
    corners = zip(each.hull.costs_usd, each.hull.qualities, strict=True)
    return {
        "name": each.name,
        **{name: _interval(figure) for name, figure in figures.items()},
        "hull": [
            {"cost_usd": _number(cost, _DIGITS_OF_USD), "quality": _number(quality)}
            for cost, quality in corners
        ],
    }


def _setting(each: RouterPoint) -> Document:
    return {
        "lambda_per_usd": _number(each.lambda_per_usd),
        "quality": _interval(each.quality),
        "gain": _interval(each.gain),
        "cost_usd": _interval(each.cost_usd, _DIGITS_OF_USD),
        "cost_share": _interval(each.cost_share),
        "arena": _interval(each.arena),
    }


def _pair(each: PairFigures) -> Document:
    curve = zip(each.curve.strong_shares.tolist(), each.curve.pgrs.tolist(), strict=True)
    return {
        "prompts": each.prompts,
        "weak": each.weak,
        "strong": each.strong,
        "curve": [{"strong_share": _number(share), "pgr": _number(pgr)} for share, pgr in curve],
        "apgr": _interval(each.apgr),
        "cpt": {f"{gap:.0%}": _interval(share) for gap, share in each.cpt.items()},
    }


def _interval(each: Interval, digits: int = _DIGITS) -> Mapping[str, float | None]:
    return {
        name: _number(value, digits)
        for name, value in (("estimate", each.estimate), ("low", each.low), ("high", each.high))
    }


def _number(value: float, digits: int = _DIGITS) -> float | None:
    """Rounded beyond what any sample of prompts can tell; None if it is not finite."""
    return round(value, digits) + 0.0 if isfinite(value) else None

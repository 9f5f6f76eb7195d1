"""An evaluation as tables for people."""

from collections.abc import Callable, Iterator
from math import isinf, isnan
from typing import Literal

from msgspec import Struct
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from router.cli.evaluate.forms import Evaluated, notes
from router.cli.output.tables import print_lines, print_table
from router.evaluation.cascades import MAX_QUALITY_LOSS
from router.evaluation.judge import Evaluation, PairFigures
from router.evaluation.resampling import Interval
from router.evaluation.standing import ROUTER, Row

_NONE = "-"
_NAME_WIDTH = 8


def print_evaluation(found: Evaluated, console: Console) -> None:
    """The rows side by side, then the value of the predictions, then the notes."""
    print_lines(_about(found), console)
    print_table(_rows(found.evaluation), console)
    print_table(_models(found.evaluation), console)
    print_lines((*_settings(found.evaluation), *_pairs(found.evaluation), *notes(found)), console)


def _about(found: Evaluated) -> Iterator[str]:
    best = found.evaluation.models[found.evaluation.best]
    datasets = len(set(found.datasets))
    held_out = (
        f"each of {datasets} datasets held out in turn"
        if found.split == "dataset"
        else f"{found.folds} folds of prompts"
    )
    yield f"{len(found.datasets):,} prompts of {', '.join(found.files)}, pool {found.pool}, {held_out}."
    yield (
        f"Best single model: {best.name}, quality {_SCORE.alone(best.quality.estimate)}"
        f" at {_dollars(best.cost_usd.estimate)} for 1,000 prompts."
    )


def _rows(found: Evaluation) -> Table:
    headings = ("quality at\nbest's cost", "saved at\nbest quality", "saved at\n95 % of it")
    table = _table("", "AIQ", "above Zero", *headings, title="Ways to choose a model")
    for row in found.rows:
        table.add_row(*_cells(row), style="bold" if row.name == ROUTER else None)
    return table


def _cells(row: Row) -> Iterator[str]:
    yield row.name
    standing = row.standing
    yield _SCORE.above(standing.aiq)
    yield _POINTS.above(standing.aiq_above_zero)
    yield _SCORE.above(standing.quality_at_best_cost)
    yield _SHARE.above(standing.saved_at_best_quality)
    yield _SHARE.above(standing.saved_at_95)


def _models(found: Evaluation) -> Table:
    table = _table("", "quality", "USD for 1,000", "AUC", "ECE", title="Predictions, by model")
    for each in found.models:
        table.add_row(
            escape(each.name),
            _SCORE.above(each.quality),
            _COST.above(each.cost_usd),
            _SCORE.above(each.telling.auc),
            _SCORE.above(each.telling.ece),
        )
    table.add_section()
    telling = (_SCORE.above(each) for each in (found.telling.auc, found.telling.ece))
    table.add_row("all models", "", "", *telling, style="bold")
    return table


def _settings(found: Evaluation) -> Iterator[str]:
    first, arena = found.quality_first, found.best_in_arena
    yield (
        f"At its most careful (lambda 0) the router scores {_SCORE.said(first.quality)}, which is"
        f" {_POINTS.said(first.gain)} compared with the best single model, at {_SHARE.said(first.cost_share)}"
        " of its cost."
    )
    yield (
        f"With an expected loss of at most {MAX_QUALITY_LOSS:g} it scores {_SCORE.said(found.fixed.quality)}, which"
        f" is {_POINTS.said(found.fixed.gain)} compared with the best single model, at"
        f" {_SHARE.said(found.fixed.cost_share)} of its cost."
    )
    yield (
        f"RouterArena's score is {_SCORE.said(arena.arena)} at best (lambda {arena.lambda_per_usd:.4g}"
        f" per USD: quality {_SCORE.alone(arena.quality.estimate)}, {_dollars(arena.cost_usd.estimate)} for 1,000)."
    )


def _pairs(found: Evaluation) -> Iterator[str]:
    for name, pair in found.pairs.items():
        yield f"Pair, {name} ({pair.prompts:,} prompts): APGR {_SCORE.said(pair.apgr)}; {_calls(pair)}."


def _calls(pair: PairFigures) -> str:
    """The CPT, in words."""
    shares = (f"CPT({gap:.0%}) {_SHARE.said(share)}" for gap, share in pair.cpt.items())
    return ", ".join(shares)


def _table(*headings: str, title: str) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    for index, heading in enumerate(headings):
        justify: Literal["left", "right"] = "right" if index else "left"
        width = None if index else _NAME_WIDTH
        table.add_column(
            heading, justify=justify, overflow="fold", min_width=width, no_wrap=index > 0
        )
    return table


class _Written(Struct, frozen=True):
    """How a kind of number is written: on its own, and with fewer digits as a bound."""

    alone: Callable[[float], str]
    bound: Callable[[float], str]
    unit: str = ""

    def above(self, figure: Interval) -> str:
        """A number above its interval, if it has one."""
        bounds = self._bounds(figure)
        written = self.alone(figure.estimate)
        return f"{written}\n[dim]{bounds}[/]" if bounds else written

    def said(self, figure: Interval) -> str:
        """A number in a sentence, with its interval."""
        bounds = self._bounds(figure)
        written = self.alone(figure.estimate)
        return f"{written} ({bounds}{self.unit})" if bounds else written

    def _bounds(self, figure: Interval) -> str:
        """The bounds; "" if they say no more than the number does."""
        low, high = self.bound(figure.low), self.bound(figure.high)
        return "" if isnan(figure.low) or low == high else f"{low} to {high}"


def _fraction(digits: int, sign: str = "") -> Callable[[float], str]:
    """A number from -1 to 1 without the zero before the point."""

    def written(value: float) -> str:
        if isnan(value):
            return _NONE
        rounded = round(value, digits) + 0.0
        if abs(rounded) >= 1.0:
            return f"{rounded:{sign}.{digits - 1}f}"
        return f"{rounded:{sign if rounded else ''}.{digits}f}".replace("0.", ".", 1)

    return written


def _percent(digits: int, unit: str = "") -> Callable[[float], str]:
    def written(value: float) -> str:
        if isnan(value):
            return _NONE
        return "never" if isinf(value) else f"{round(100.0 * value, digits) + 0.0:.{digits}f}{unit}"

    return written


def _dollars(cost_usd: float) -> str:
    """The cost of 1,000 calls."""
    return f"${1000.0 * cost_usd:.3g}"


_SCORE = _Written(_fraction(4), _fraction(3))
_POINTS = _Written(_fraction(4, "+"), _fraction(3))
_SHARE = _Written(_percent(1, " %"), _percent(0), " %")
_COST = _Written(_dollars, _dollars)

"""A calibration as tables for people."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

Document = Mapping[str, Any]


def print_calibration(told: Document, console: Console) -> None:
    """Where own answers are the better evidence, and what they say there."""
    for line in _head(told):
        console.print(escape(line), highlight=False, soft_wrap=True)
    console.print(_categories(told))
    for note in told["notes"]:
        console.print(escape(note), highlight=False, soft_wrap=True)
    for each in told["categories"]:
        if each["installed"]:
            console.print(_estimates(each))


def _head(told: Document) -> Iterator[str]:
    sources = ", ".join(
        f"{count:,} by {name or 'nobody'}" for name, count in told["sources"].items()
    )
    yield (
        f"{told['prompts']:,} questions ({sources}), {told['judged']:,} of them answered by all of"
        f" {', '.join(told['models'])}."
    )
    if told["aiq"]:
        aiq = ", ".join(f"{name} {area:.4f}" for name, area in told["aiq"].items())
        yield f"AIQ on prompts that were held back: {aiq}."


def _categories(told: Document) -> Table:
    level = told["rule"]["level"]
    table = _table("Own answers against what was shipped, and against Zero")
    for heading in (
        "category",
        "questions",
        "value against shipped",
        "Brier",
        "p",
        "value against Zero",
    ):
        table.add_column(heading, justify="left" if heading == "category" else "right")
    table.add_column("verdict", overflow="fold", min_width=24)
    for each in told["categories"]:
        shipped, zero = each["against"]["shipped"], each["against"]["zero"]
        table.add_row(
            each["category"],
            f"{each['prompts']:,}",
            _gain(shipped["value"]),
            _gain(shipped["brier"]),
            f"{shipped['p_value']:.3f}",
            _gain(zero["value"]),
            "[green]own answers[/]" if each["installed"] else f"shipped stays: {each['why_not']}",
        )
    table.caption = (
        "Gains of own answers, with central 90 % intervals; p is corrected for"
        f" {len(told['categories'])} categories, and must not be above {level:g}."
    )
    table.caption_justify = "left"
    return table


def _estimates(each: Document) -> Table:
    table = _table(f"P(good answer): {each['category']}")
    for heading in ("model", "shipped", "own answers", "mean score", "answers", "feedback"):
        table.add_column(heading, justify="left" if heading == "model" else "right")
    for one in each["estimates"]:
        scored, heard = one.get("scored"), one.get("feedback")
        table.add_row(
            escape(one["model"]),
            _p(one["shipped"]),
            _p(one["local"]),
            f"{scored['mean']:.3f}" if scored else "-",
            f"{scored['answers']:,}" if scored else "0",
            f"{heard['mean']:.3f} ({heard['answers']:,})" if heard else "-",
        )
    return table


def _table(title: str) -> Table:
    return Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False
    )


def _p(estimate: Document) -> str:
    return f"{estimate['p']:.3f} ± {estimate['sd']:.3f}"


def _gain(gain: Document) -> str:
    return f"{gain['mean']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f})"

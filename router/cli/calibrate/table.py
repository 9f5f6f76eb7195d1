"""A calibration as tables for people."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from router.cli.calibrate.cascades import print_cascades
from router.cli.output.tables import print_lines
from router.evaluation.weak_labels import LEAST_PAIRS

Document = Mapping[str, Any]


def print_calibration(told: Document, console: Console) -> None:
    """Where own answers are the better evidence, and their estimates there."""
    print_lines(_head(told), console)
    console.print(_categories(told))
    print_lines(_verdicts(told), console)
    print_cascades(told["cascades"], console)
    print_heard(told, console)
    print_lines(_contradictions(told), console)
    print_lines(told["notes"], console)
    for each in told["categories"]:
        if each["installed"]:
            console.print(_estimates(each))


def print_heard(told: Document, console: Console) -> None:
    """What was heard besides gold labels, and its weight; nothing if nothing was heard."""
    if not told["heard"]:
        return
    table = _table("Other evidence, beside gold labels (which count 1)")
    for heading in ("category", "model", "source", "scores", "mean", "of answers", "counts"):
        is_text = heading in ("category", "model", "source")
        table.add_column(heading, justify="left" if is_text else "right")
    for each in told["heard"]:
        texts = (each["category"], escape(each["model"]), each["source"])
        answers = "-" if each["answers"] is None else f"{each['answers']:,}"
        weight = f"{each['weight']:.2f}" if each["weight"] else "0"
        table.add_row(*texts, f"{each['scores']:,}", f"{each['mean']:.3f}", answers, weight)
    console.print(table)
    print_lines(_how_heard(told), console)


def _how_heard(told: Document) -> Iterator[str]:
    """Where the weights come from."""
    trust = told["trust"]
    if trust["how"] == "measured":
        yield (
            f"Feedback counts {trust['weight']:.2f} of a gold label: the share of the labels' variance that it explains,"
            f" on {trust['pairs']:,} answers that have both. It differs from gold labels by {trust['kinder_by']:+.3f} on"
            " average, which is subtracted."
        )
    elif any(each["source"] == "feedback" for each in told["heard"]):
        yield (
            f"Feedback counts {trust['weight']:g} of a gold label: that is a guess. Measuring it takes"
            f" {LEAST_PAIRS} answers that have both and vary; there are {trust['pairs']:,}."
        )
    if any(each["source"] != "feedback" for each in told["heard"]):
        yield (
            "What answers show by themselves is one-sided, and never counts in a model's favour. "
            + (
                "Flaws lower its estimate."
                if told["holds_down"]
                else "Estimates are compared with it, but not changed (--count-automatic)."
            )
        )


def _contradictions(told: Document) -> Iterator[str]:
    """The estimates that are higher than the share of answers without a flaw allows."""
    for category in told["categories"]:
        for one in category["estimates"]:
            flaws = one.get("flaws", {"contradict": ()})
            for name in flaws["contradict"]:
                yield (
                    f"{category['category']}: {one['model']} {name} {one[name]['p']:.3f} is too good to be true:"
                    f" {flaws['flawed']:,} of {flaws['answers']:,} answers are of no use, so at most"
                    f" {flaws['at_most']:.3f}."
                )


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
        yield f"AIQ on held-out prompts: {aiq}."


def _categories(told: Document) -> Table:
    table = _table("What own answers gain (with 90 % bootstrap intervals)")
    for heading in ("category", "asked", "value", "Brier", "p", "Zero"):
        table.add_column(heading, justify="left" if heading == "category" else "right")
    for each in told["categories"]:
        shipped, zero = each["against"]["shipped"], each["against"]["zero"]
        gains = (shipped["value"], shipped["brier"], zero["value"])
        value, brier, against_zero = map(_gain, gains)
        p_value = f"{shipped['p_value']:.3f}"
        asked = f"{each['prompts']:,}"
        table.add_row(each["category"], asked, value, brier, p_value, against_zero)
    return table


def _verdicts(told: Document) -> Iterator[str]:
    """The verdict for each category, and how to read the table."""
    for each in told["categories"]:
        why = "own answers" if each["installed"] else f"shipped stays, {each['why_not']}"
        yield f"  {each['category']}: {why}"
    yield (
        "value, Brier: how much better than what is shipped, on held-out questions; Zero: how"
        " much more value than the best fixed choice. p is corrected for multiple testing."
    )
    yield told["rule"]["says"]
    yield f"Shipped is {told['shipped']}."


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
    """The mean, with its interval beneath."""
    return f"{gain['mean']:+.3f}\n{gain['low']:+.3f}…{gain['high']:+.3f}"

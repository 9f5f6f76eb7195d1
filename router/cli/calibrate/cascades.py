"""The cascades that a calibration has looked at: as plain data, and as a table for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import structs
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from router.cli.output.tables import print_lines
from router.evaluation.cascades import RISK
from router.evaluation.own_cascades import LEAST_PROMPTS, Attempt, Tried

Document = dict[str, Any]

_SHOWN = 3
"""How many cascades per category the table shows."""
_HEADINGS = ("category", "cascade", "prompts", "agree", "right", "gain", "saving")


def attempt_document(attempt: Attempt) -> Document:
    """A category with all its cascades."""
    return {
        "category": attempt.category.value,
        "prompts": attempt.prompts,
        "why_not": attempt.why_not or None,
        "too_few_second_answers": dict(attempt.too_few),
        "tried": [_tried(each) for each in attempt.tried],
    }


def _tried(tried: Tried) -> Document:
    one, other, final = tried.models
    return {
        "first": [one, other],
        "final": final,
        "prompts": tried.prompts,
        "agreement": tried.agreement,
        "right": tried.right,
        "gain": structs.asdict(tried.gain),
        "saving": structs.asdict(tried.saving),
        "cost_usd": tried.cost_usd,
        "p_value": tried.p_value,
        "expected": structs.asdict(tried.expected),
        "installed": not tried.why_not,
        "why_not": tried.why_not or None,
    }


def print_cascades(told: Sequence[Mapping[str, Any]], console: Console) -> None:
    """The cascades that save most, and the verdict on each; nothing if no answers could be compared."""
    if not told:
        return
    if any(each["tried"] for each in told):
        console.print(_table(told))
    print_lines(_lines(told), console)


def _table(told: Sequence[Mapping[str, Any]]) -> Table:
    title = "Two models that must agree, before a third (with 90 % bootstrap intervals)"
    table = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False
    )
    for place, heading in enumerate(_HEADINGS):
        is_text = place < 2
        table.add_column(heading, justify="left" if is_text else "right", no_wrap=not is_text)
    for category in told:
        for each in category["tried"][:_SHOWN]:
            table.add_row(category["category"], *_row(each))
    return table


def _row(each: Mapping[str, Any]) -> Iterator[str]:
    yield escape(_named(each))
    yield f"{each['prompts']:,}"
    yield f"{each['agreement']:.0%}"
    yield "-" if each["right"] is None else f"{each['right']:.3f}"
    gain, saving = each["gain"], each["saving"]
    yield f"{gain['mean']:+.3f}\n{gain['low']:+.3f}…{gain['high']:+.3f}"
    yield f"{saving['mean']:+.0%}\n{saving['low']:+.0%}…{saving['high']:+.0%}"


def _named(each: Mapping[str, Any]) -> str:
    return f"{' + '.join(each['first'])} > {each['final']}"


def _lines(told: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The verdicts, and how to read the table."""
    for category in told:
        tried, too_few = category["tried"][:_SHOWN], category["too_few_second_answers"]
        if not (tried or too_few):
            yield f"  {category['category']}: no cascade, {category['why_not']}"
        for each in tried:
            yield f"  {category['category']}: {_named(each)}: {each['why_not'] or 'installed'}"
        for model, count in too_few.items():
            needed = f"needs {LEAST_PROMPTS} prompts with second answers, and has {count}"
            yield f"  {category['category']}: {model} twice: {needed}"
        if more := len(category["tried"]) - len(tried):
            yield f"  {category['category']}: {more} more save less (--json has all)"
    yield (
        "agree: how often the two agree; right: the mean score of what they agree on; gain: quality"
        " against the third model alone; saving: against the cheapest mix of single models that is as good."
        f" Installed is what significantly saves, and loses no more than {RISK:g} (Holm over all that were tried)."
    )

"""How a decision is shown: its sentences, a table of the candidates, and how the request went."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from router.cli.output.tables import print_lines, print_table
from router.decision.choose import NothingAdequate
from router.decision.explain import ModelRow, rows
from router.domain.estimate import EstimateSource

Document = Mapping[str, Any]


def print_decision(document: Document, *, as_json: bool) -> None:
    """Print a decision in sentences and as a table, or its document."""
    if as_json:
        print_json(document)
        return
    console = Console()
    print_lines(document["sentences"], console)
    print_table(_table(document), console)
    print_lines(_notes(document), console)


def print_refusal(refusal: NothingAdequate) -> None:
    """Print why no model may answer."""
    console = Console()
    console.print("No model may answer this request:")
    print_lines((f"  {each.model_id}: {each.detail}" for each in refusal.exclusions), console)


def print_json(document: Document) -> None:
    """Print JSON, for people and for programs."""
    text = orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()
    print_lines([text])


def _table(document: Document) -> Table:
    """One line per model; why one may not answer stands beneath, since it is a sentence."""
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("model", "role"):
        table.add_column(heading, no_wrap=True)
    for heading in ("quality", "cost", "first content"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows(document):
        table.add_row(*_cells(row))
    return table


def _cells(row: ModelRow) -> list[str]:
    latency = "" if row.first_content_s is None else f"{row.first_content_s:.2f} s"
    evidence = "" if row.evidence == EstimateSource.PRIOR else f" {row.evidence}"
    quality = f"{row.quality:.2f} ± {row.sd:.2f}{evidence}"
    return [escape(row.model_id), row.role, quality, f"${row.expected_cost.usd:.6f}", latency]


def _notes(document: Document) -> Iterator[str]:
    """The objections to the models that have any."""
    for row in rows(document):
        if row.note:
            yield f"  {row.model_id}: {row.note}"

"""`farthing explain`: what would be decided for a request, and why. Nothing is sent."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from router.app import dry_pipeline, real_world
from router.cli.options import add_config, settings_of
from router.decision.choose import NothingAdequate
from router.decision.explain import Row, rows, sentences
from router.domain.decision import Decision
from router.domain.errors import FarthingError
from router.pipeline.visit import Caller
from router.wire.chat import parse_chat, upstream_bytes

HELP = "what would be decided for a request, and why; nothing is sent"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `explain`."""
    add_config(parser)
    parser.add_argument("prompt", nargs="?", help="a question to decide on")
    parser.add_argument(
        "--file", "-f", metavar="FILE", help="a whole request as JSON ('-' reads standard input)"
    )
    parser.add_argument(
        "--model", "-m", help="the model to ask for (default: auto, or the file's own)"
    )
    parser.add_argument("--key", default="", help="decide as for this key's name")
    parser.add_argument("--tag", action="append", default=[], help="decide as with this tag")
    parser.add_argument(
        "--budget-left",
        type=_share,
        metavar="SHARE",
        help="decide as if so much of the tightest budget were left: 0.1",
    )


def _share(text: str) -> float:
    """A share; argparse turns the ValueError of anything else into its own message."""
    share = float(text)
    if not 0.0 <= share <= 1.0:
        raise ValueError(text)
    return share


def run(args: argparse.Namespace) -> int:
    """Print the decision in sentences and as a table; 1 when the policy allows no model."""
    raw = _request(args)
    world = real_world()
    pipeline = dry_pipeline(settings_of(args), world)
    console = Console()
    try:
        caller = Caller("", args.key, tuple(args.tag), budget_left=args.budget_left)
        decision = pipeline.decide(parse_chat(raw), caller)
    except NothingAdequate as refusal:
        console.print("No model may answer this request:")
        for exclusion in refusal.exclusions:
            console.print(f"  {exclusion.model_id}: {escape(exclusion.detail)}")
        return 1
    for sentence in sentences(decision):
        console.print(escape(sentence), highlight=False)
    console.print(_table(decision))
    for note in _notes(decision):
        console.print(escape(note), highlight=False, soft_wrap=True)
    return 0


def _request(args: argparse.Namespace) -> bytes:
    """The request's bytes. Raises FarthingError unless there is exactly one of prompt and file."""
    if (args.prompt is None) == (args.file is None):
        raise FarthingError("explain needs a prompt or --file, one of the two")
    if args.prompt is not None:
        # A terminal may send bytes that are no UTF-8; Python keeps them as halves of surrogates.
        prompt = args.prompt.encode(errors="surrogateescape").decode(errors="replace")
        message = {"role": "user", "content": prompt}
        return orjson.dumps({"model": args.model or "auto", "messages": [message]})
    raw = _read(args.file)
    if args.model:
        return upstream_bytes(parse_chat(raw), args.model, ask_usage=False)
    return raw


def _is_text(prompt: str) -> bool:
    """Whether the shell gave us text: bytes that are none arrive as lone surrogates."""
    try:
        prompt.encode()
    except UnicodeEncodeError:
        return False
    return True


def _read(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise FarthingError(f"{name} cannot be read: {error.strerror}") from None


def _table(decision: Decision) -> Table:
    """One line a model; why one may not answer stands beneath, for it is a sentence."""
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("model", "role"):
        table.add_column(heading, no_wrap=True)
    for heading in ("quality", "cost", "first content"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows(decision):
        table.add_row(*_cells(row))
    return table


def _cells(row: Row) -> list[str]:
    latency = "" if row.first_content_s is None else f"{row.first_content_s:.2f} s"
    quality = f"{row.quality:.2f} ± {row.sd:.2f}"
    return [escape(row.model_id), row.role, quality, f"${row.expected_cost.usd:.6f}", latency]


def _notes(decision: Decision) -> Iterator[str]:
    """What speaks against the models that have something against them."""
    for row in rows(decision):
        if row.note:
            yield f"  {row.model_id}: {row.note}"

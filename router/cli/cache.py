"""`farthing cache`: how much is stored, where stored answers come from, and how to delete them.

Answers are stored in the server's own memory, or in Redis: in both cases the running server is
asked, so that there is one way of doing it, with one permission.
"""

import argparse
import asyncio
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import aiohttp
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from router.cli.arguments.options import add_config, unlearnt_settings_of
from router.cli.output.documents import print_json
from router.cli.output.tables import print_table
from router.config.settings import Settings
from router.domain.errors import FarthingError

ADMIN_KEY = "FARTHING_ADMIN_KEY"
_PATIENCE = aiohttp.ClientTimeout(total=60)
_SHOWN_DIGEST = 12
_REQUEST_ID = len("req_") + 24
"""The width at which an id can be copied."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions of `cache`, and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, (act, told) in _ACTIONS.items():
        each = actions.add_parser(name, help=told, description=told)
        add_config(each)
        each.add_argument("--url", help="the server's address (default: as configured)")
        each.add_argument("--json", action="store_true", help="print JSON")
        each.set_defaults(act=act)
        if name != "stats":
            _add_selection(each)
        if name == "purge":
            each.add_argument("--all", action="store_true", help="all stored answers")


def _add_selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--id", help="an x-request-id, or the beginning of a digest")
    parser.add_argument("--key", help="answers paid for by the key of this name")
    parser.add_argument("--tag", help="answers paid for under this tag")
    parser.add_argument("--model", help="answers written by this model")


def run(args: argparse.Namespace) -> int:
    """Do what was asked for. Raises FarthingError that says what cannot be done."""
    act = args.act
    done: int = act(args)
    return done


def _stats(args: argparse.Namespace) -> int:
    stock = _ask(args, "GET", "/admin/cache", {}, "answers")
    if args.json:
        print_json(stock)
        return 0
    console = Console()
    console.print(
        f"Answers: {stock['answers']}, to {stock['requests']} different requests,"
        f" {stock['bytes'] / 2**20:.1f} MB, from {_when(stock['oldest_s'])} to {_when(stock['newest_s'])}"
    )
    if stock["damaged"]:
        console.print(
            f"{stock['damaged']} entries are damaged or in another format, and never used."
        )
    table = Table("written by", "answers", box=box.SIMPLE_HEAD)
    for model, count in stock["by_model"].items():
        table.add_row(escape(model), str(count))
    if stock["answers"]:
        console.print(table)
    return 0


def _inspect(args: argparse.Namespace) -> int:
    entries = _ask(args, "GET", "/admin/cache/entries", _selection(args), "entries")["entries"]
    if args.json:
        print_json(entries)
        return 0
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("digest", "written by", "when"):
        table.add_column(heading, overflow="fold", no_wrap=heading != "written by")
    table.add_column("for", overflow="fold", min_width=_REQUEST_ID)
    table.add_column("bytes", justify="right", no_wrap=True)
    for entry in entries:
        table.add_row(
            entry["digest"][:_SHOWN_DIGEST],
            escape(entry["model_id"]),
            _when(entry["at_s"]),
            escape(f"{entry['request_id']} {entry['key']} {' '.join(entry['tags'])}".strip()),
            str(entry["bytes"]),
        )
    print_table(table)
    return 0 if entries else 1


def _purge(args: argparse.Namespace) -> int:
    selection = _selection(args)
    if args.all == bool(selection):
        raise FarthingError("specify which answers (--id, --key, --tag, --model), or --all")
    done = _ask(args, "POST", "/admin/cache/purge", selection or {"all": "true"}, "purged")
    if args.json:
        print_json(done)
    else:
        Console().print(f"Answers deleted: {done['purged']}")
    return 0


_ACTIONS = {
    "stats": (_stats, "how much is stored, and which models wrote it"),
    "inspect": (_inspect, "where stored answers come from, without their content"),
    "purge": (_purge, "delete stored answers"),
}


def _selection(args: argparse.Namespace) -> dict[str, str]:
    named = {name: getattr(args, name) for name in ("id", "key", "tag", "model")}
    return {name: value for name, value in named.items() if value is not None}


def _ask(
    args: argparse.Namespace, method: str, path: str, query: Mapping[str, str], member: str
) -> dict[str, Any]:
    """What the server says, which has a `member` of that name. Raises FarthingError."""
    url = (args.url or _address(unlearnt_settings_of(args))).rstrip("/") + path
    secret = os.environ.get(ADMIN_KEY, "")
    status, body = asyncio.run(_asked(method, url, query, secret))
    match body:
        case {"error": {"message": str(message)}}:
            hint = f" (put the admin key in {ADMIN_KEY})" if status in (401, 403) else ""
            raise FarthingError(f"{message}{hint}")
        case dict() if member in body:
            return body
    raise _nobody(url, f"status {status}")


def _address(settings: Settings) -> str:
    """Where the server is by its configuration, in which no host stands for all addresses."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host or "localhost"
    return f"http://{host}:{settings.port}"


async def _asked(method: str, url: str, query: Mapping[str, str], secret: str) -> tuple[int, Any]:
    """The status, and the JSON in the body. Raises FarthingError."""
    headers = {"authorization": f"Bearer {secret}"} if secret else {}
    try:
        async with (
            aiohttp.ClientSession(timeout=_PATIENCE) as session,
            session.request(method, url, params=query, headers=headers) as response,
        ):
            return response.status, await response.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise _nobody(url, type(error).__name__) from None


def _nobody(url: str, why: str) -> FarthingError:
    return FarthingError(
        f"no Farthing answers at {url} ({why}); is it running? Set its address with --url"
    )


def _when(unix_s: float | None) -> str:
    return "-" if unix_s is None else datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%d %H:%M")

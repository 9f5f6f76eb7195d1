"""`farthing explain`: what would be decided for a request and why, or how a past one was decided.

Nothing is sent. A request may be given as a question, as JSON, or as a curl line; a past one by its id.
"""

import argparse
import asyncio
import re
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import orjson
from sqlalchemy import Engine

from router.app import dry_pipeline, real_world
from router.cli.arguments.named_key import named_key
from router.cli.arguments.options import add_caller, add_config, dry_settings_of, read_bytes
from router.cli.arguments.reading import share, utf8
from router.cli.books import opened_ledger, opened_outbox
from router.cli.explain.curl import CurlRequest, is_curl, parse_curl
from router.cli.explain.forms import (
    print_decision,
    print_json,
    print_refusal,
)
from router.cli.output.tables import print_lines
from router.config.settings import Settings
from router.decision.choose import NothingAdequate
from router.decision.record import NotKept
from router.domain.errors import ApiError, FarthingError
from router.domain.members import replace
from router.ledger.trace import RequestRecord
from router.ledger.trace import sentences as happened
from router.pipeline.history import history
from router.server.callers import caller_of
from router.stores.sql.spool import Spool
from router.stores.sql.traces import trace_of
from router.wire.chat import json_object
from router.wire.doors.completions import COMPLETIONS
from router.wire.doors.door import Door
from router.wire.doors.translated import MESSAGES, RESPONSES
from router.wire.errors import error_object
from router.wire.splice import set_members

_ID = re.compile(r"req_\S*")
"""No question is such a word, but an id is that was not copied whole."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `explain`."""
    add_config(parser)
    parser.add_argument(
        "prompt", nargs="?", help="a question to decide on; the id of a request, or a curl line"
    )
    parser.add_argument(
        "--file", "-f", metavar="FILE", help="a whole request as JSON ('-' reads standard input)"
    )
    parser.add_argument("--curl", metavar="LINE", help="a request as a curl command")
    parser.add_argument(
        "--id", type=utf8, help="a finished request, by its x-request-id, as the ledger has it"
    )
    parser.add_argument(
        "--model",
        "-m",
        type=utf8,
        help="the model to ask for (default: auto, or the request's own)",
    )
    add_caller(parser)
    parser.add_argument(
        "--budget-left",
        type=share,
        metavar="SHARE",
        help="decide as if this share of the tightest budget were left: 0.1",
    )
    parser.add_argument("--json", action="store_true", help="print the decision as JSON")


def run(args: argparse.Namespace) -> int:
    """Print the decision in sentences and as a table; 1 if the policy allows no model."""
    _sort(args)
    settings = dry_settings_of(args)
    if args.id is not None:
        return _recall(args, settings)
    request = _request(args)
    try:
        document = asyncio.run(_decided(args, settings, request))
    except NothingAdequate as refusal:
        print_json(error_object(refusal)) if args.json else print_refusal(refusal)
        return 1
    print_decision(document, as_json=args.json)
    return 0


def _sort(args: argparse.Namespace) -> None:
    """Find out what the positional argument is. Raises FarthingError unless there is exactly one request."""
    if args.prompt is not None and _ID.fullmatch(args.prompt.strip()):
        args.id, args.prompt = args.id or args.prompt.strip(), None
    elif args.prompt is not None and is_curl(args.prompt):
        args.curl, args.prompt = args.curl or args.prompt, None
    given = [each for each in (args.prompt, args.file, args.curl, args.id) if each is not None]
    if len(given) != 1:
        raise FarthingError("explain needs exactly one of: a prompt, --file, --curl, --id")


# ------------------------------------------------------------------------- before it is sent


async def _decided(
    args: argparse.Namespace, settings: Settings, request: CurlRequest
) -> Mapping[str, Any]:
    """The document of the decision that would be made. Raises ApiError."""
    sent = caller_of(request.headers, "", named_key(args.key, settings))
    caller = replace(sent, tags=(*sent.tags, *args.tag), budget_left=args.budget_left)
    pipeline, door = dry_pipeline(settings, real_world()), _door_of(request)
    if door is None:
        return await pipeline.route(request.body, caller)
    try:
        asked = door.read(request.body)
        return await pipeline.route(asked.chat, caller, asked.original)
    except ApiError as error:
        raise door.in_its_words(error) from None


_DOORS: Mapping[str, Door] = {
    "messages": MESSAGES,
    "responses": RESPONSES,
    "completions": COMPLETIONS,
}


def _door_of(request: CurlRequest) -> Door | None:
    """The API of a request, None for chat: by its path, or by a member that chat does not have."""
    if request.path:
        *_, before, end = ("", *request.path.rstrip("/").split("/"))
        return None if before == "chat" else _DOORS.get(end)
    body = json_object(request.body)
    signs = {"input": RESPONSES, "prompt": COMPLETIONS, "system": MESSAGES}
    return next((door for sign, door in signs.items() if body.get(sign) is not None), None)


def _request(args: argparse.Namespace) -> CurlRequest:
    if args.prompt is not None:
        # A terminal may send bytes that are not UTF-8; Python keeps them as lone surrogates.
        prompt = args.prompt.encode(errors="surrogateescape").decode(errors="replace")
        message = {"role": "user", "content": prompt}
        return CurlRequest(
            body=orjson.dumps({"model": args.model or "auto", "messages": [message]})
        )
    request = parse_curl(args.curl) if args.curl is not None else CurlRequest(read_bytes(args.file))
    if args.model:
        told = json_object(request.body)
        return replace(request, body=set_members(request.body, told, {"model": args.model}))
    return request


# ---------------------------------------------------------------------------- when it is over


def _recall(args: argparse.Namespace, settings: Settings) -> int:
    """Print how a request was decided, if that is kept, and how it went. Raises FarthingError."""
    trace = _trace(settings, args.id)
    try:
        print_decision(history(trace), as_json=args.json)
    except NotKept as why:
        missing = f"How {args.id} was decided is not in the ledger: {why}."
        if args.json:
            raise FarthingError(missing) from None
        print_lines([missing])
    if not args.json:
        print_lines(["", *happened(trace)])
    return 0


def _trace(settings: Settings, request_id: str) -> RequestRecord:
    with ExitStack() as stack:
        trace = trace_of(_engines(settings, stack), request_id)
    if trace is not None:
        return trace
    waiting = Spool(settings.ledger.spool).files()
    where = f"; it may be among the rows that wait in {waiting[0]}" if waiting else ""
    raise FarthingError(f"there is no request '{request_id}' in the ledger{where}")


def _engines(settings: Settings, stack: ExitStack) -> list[Engine]:
    """The databases that may have its rows: the outbox first, since rows move on from there."""
    outbox = stack.enter_context(opened_outbox(settings))
    ledger = stack.enter_context(opened_ledger(settings))
    return [ledger] if outbox is None else [outbox, ledger]

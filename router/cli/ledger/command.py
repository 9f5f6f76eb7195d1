"""`farthing ledger`: its state, its attempts as files, and deleting old ones."""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct
from rich.console import Console
from rich.progress import Progress

from router.cli.arguments.options import add_config, check_period, day, unlearnt_settings_of
from router.cli.books import opened_ledger, opened_outbox
from router.cli.ledger.files import FORMS, STANDARD_OUTPUT, write_file
from router.cli.output.saying import counted
from router.config.settings import Settings
from router.domain.errors import FarthingError
from router.domain.ledger import LEAST_KEPT_DAYS
from router.ledger.export import Attempt, Column
from router.ledger.focus import FOCUS
from router.stores.sql.database import place_of
from router.stores.sql.export import NATIVE, attempts, extent
from router.stores.sql.retention import give_back, prunable, prune
from router.stores.sql.rollups import roll_up
from router.stores.sql.spool import AnyWaiting, Spool, read
from router.stores.sql.status import size_of, status

COLUMNS: Mapping[str, Sequence[Column]] = {"native": NATIVE, "focus": FOCUS}
"""What `--columns` can be."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions of `ledger`, each with its options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, action in _ACTIONS.items():
        each = actions.add_parser(name, help=action.help, description=action.help)
        add_config(each)
        action.add_options(each)
        each.set_defaults(act=action.act)


def run(args: argparse.Namespace) -> int:
    """Do what the action says."""
    act: Callable[[argparse.Namespace, Settings], int] = args.act
    return act(args, unlearnt_settings_of(args))


# --------------------------------------------------------------------------------- export


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", required=True, metavar="FILE", help="'-' for standard output")
    parser.add_argument("--format", choices=[*FORMS], default="parquet", help="default: parquet")
    parser.add_argument(
        "--columns",
        choices=[*COLUMNS],
        default="native",
        help="the ledger's own, or those of the FinOps specification FOCUS (default: native)",
    )
    parser.add_argument("--since", type=day, metavar="DAY", help="first day (UTC)")
    parser.add_argument("--until", type=day, metavar="DAY", help="last day (UTC)")


def _export(args: argparse.Namespace, settings: Settings) -> int:
    """Write the file; progress goes to standard error, which may be a terminal."""
    written = 0

    def watching(batches: Iterable[list[Attempt]], total: int) -> Iterator[list[Attempt]]:
        nonlocal written
        with _progress("exporting", total) as advance:
            for batch in batches:
                yield batch
                written += len(batch)
                advance(len(batch))

    since, until = args.since or "", args.until or ""
    check_period(since, until)
    with opened_ledger(settings) as engine:
        where = extent(engine, since, until)
        batches = watching(attempts(engine, where), where.rows)
        write_file(args.out, args.format, COLUMNS[args.columns], batches)
    if args.out != STANDARD_OUTPUT:
        _say(f"{counted(written, 'attempt')} in {args.out}")
    return 0


@contextmanager
def _progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.advance(task, done)


# ---------------------------------------------------------------------------------- prune


def _add_prune(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--before",
        required=True,
        type=day,
        metavar="DAY",
        help=f"the first day whose attempts are kept (UTC), {LEAST_KEPT_DAYS} days ago or earlier",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    parser.add_argument(
        "--vacuum",
        action="store_true",
        help="then rewrite the SQLite file to shrink it; no other process can write meanwhile",
    )


def _prune(args: argparse.Namespace, settings: Settings) -> int:
    before_s = datetime.fromisoformat(args.before).replace(tzinfo=UTC).timestamp()
    _refuse_recent(args.before, time.time())
    _refuse_while_older_wait(settings, before_s)
    with opened_ledger(settings) as engine:
        rows = prunable(engine, before_s)
        if not rows:
            _say(f"There are no attempts before {args.before}.")
            return 0
        if not args.yes and not _agreed(rows, args.before):
            _say("Nothing was deleted.")
            return 1
        roll_up(engine)
        with _progress("deleting", rows) as advance:
            deleted = _told(prune(engine, before_s), advance)
        if args.vacuum:
            give_back(engine)
    _say(f"{counted(deleted, 'attempt')} deleted. Reports still include them.")
    return 0


def _told(steps: Iterable[int], advance: Callable[[int], None]) -> int:
    deleted = 0
    for step in steps:
        deleted += step
        advance(step)
    return deleted


def _refuse_recent(before: str, now_s: float) -> None:
    last = datetime.fromtimestamp(now_s, UTC).date() - timedelta(days=LEAST_KEPT_DAYS)
    if before > last.isoformat():
        raise FarthingError(
            f"--before: {last} at the latest: budgets are counted from the attempts of their first day"
        )


def _refuse_while_older_wait(settings: Settings, before_s: float) -> None:
    """Refuse to delete while older rows wait: one already written, deleted, and written again would count twice."""
    with opened_outbox(settings) as outbox:
        waits = outbox is not None and prunable(outbox, before_s) > 0
    with _spool_files(settings) as files:
        waits = waits or any(row.row["at_s"] < before_s for row in _rows(files))
    if waits:
        raise FarthingError(
            "attempts from that time wait outside the database: start Farthing to bring them in"
        )


def _agreed(rows: int, before: str) -> bool:
    """Whether the user says yes; no user means no."""
    print(  # noqa: T201 - a command line speaks by printing
        f"{counted(rows, 'attempt')} before {before} will be deleted permanently. Reports will still include"
        " them. Delete them? [y/N] ",
        end="",
        flush=True,
    )
    return sys.stdin.readline().strip().lower() in ("y", "yes")


# --------------------------------------------------------------------------------- status


def _add_status(_: argparse.ArgumentParser) -> None:
    """Add nothing: `status` has no options of its own."""


def _status(_: argparse.Namespace, settings: Settings) -> int:
    with opened_ledger(settings) as engine:
        found = status(engine)
        place = place_of(engine)
    lines = {
        "ledger": f"{place}, {_megabytes(found.bytes_on_disk)}",
        "attempts": f"{found.attempts:,}{_from_to(found.first_day, found.last_day)}",
        "in sums": f"{found.summed_attempts:,}{_from_to(found.first_summed_day, '')}",
        "not in sums yet": f"{found.not_rolled_up:,}",
        "spool": _spooled(settings),
    }
    with opened_outbox(settings) as outbox:
        if outbox is not None:
            lines["outbox"] = (
                f"{counted(status(outbox).attempts, 'attempt')} in {settings.ledger.path}"
            )
    for name, text in lines.items():
        _say(f"{name + ':':17}{text}")
    return 0


@contextmanager
def _spool_files(settings: Settings) -> Iterator[list[Path]]:
    """The files in which rows wait, to be read. Raises FarthingError if that is impossible."""
    try:
        yield Spool(settings.ledger.spool).files()
    except OSError as error:
        name = error.filename or settings.ledger.spool
        raise FarthingError(f"{name} cannot be read: {error.strerror}") from None


def _rows(files: Iterable[Path]) -> Iterator[AnyWaiting]:
    return (row for file in files for row in read(file) if row is not None)


def _spooled(settings: Settings) -> str:
    with _spool_files(settings) as files:
        rows = sum(1 for _ in _rows(files))
        return f"{counted(rows, 'row')}, {_megabytes(size_of(files))}" if files else "empty"


def _from_to(first: str, last: str) -> str:
    if not first:
        return ""
    return f", {first} to {last}" if last else f", from {first}"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _say(text: str) -> None:
    print(text)  # noqa: T201 - a command line speaks by printing


class _Action(Struct, frozen=True):
    """An action of `farthing ledger`: its help, its options, and its function."""

    help: str
    add_options: Callable[[argparse.ArgumentParser], None]
    act: Callable[[argparse.Namespace, Settings], int]


_ACTIONS: Mapping[str, _Action] = {
    "status": _Action("what is in the ledger, and how large it is", _add_status, _status),
    "export": _Action("write the ledger's attempts to a file", _add_export, _export),
    "prune": _Action("delete old attempts; their sums stay", _add_prune, _prune),
}

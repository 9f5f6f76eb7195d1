"""The `farthing` command: one file a subcommand, one row here.

A subcommand is a module with `HELP` (a line), `add_arguments(parser)` and `run(args) -> int`.
"""

import argparse
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from typing import Protocol, cast

from router.cli.heap import uncollected
from router.domain.errors import ConfigError, FarthingError


class Command(Protocol):
    """What a module of a subcommand offers."""

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the subcommand's options."""
        ...

    def run(self, args: argparse.Namespace) -> int:
        """Do it; returns the exit status."""
        ...


COMMANDS: Mapping[str, str] = {
    "serve": "router.cli.serve",
    "check": "router.cli.check",
    "report": "router.cli.report",
    "keys": "router.cli.keys",
    "cache": "router.cli.cache",
    "reconcile": "router.cli.reconcile",
    "ledger": "router.cli.ledger",
    "outcomes": "router.cli.outcomes",
    "explain": "router.cli.explain",
    "try": "router.cli.trial",
    "fit": "router.cli.fit",
    "predict": "router.cli.predict",
    "evaluate": "router.cli.evaluate",
    "replay": "router.cli.replay",
    "calibrate": "router.cli.calibrate",
    "schema": "router.cli.schema",
    "simulate": "router.cli.simulate",
}

INTERNAL: Mapping[str, str] = {
    "supervise": "router.cli.supervise",
    "work": "router.cli.work",
}
"""What `farthing serve` calls; nobody else needs to."""

_STOPPED_BY_SIGINT = 130
_EPILOG = "Start with 'farthing serve --config config.example.yaml --hello'."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0 done, 1 something is wrong, 2 wrong usage."""
    try:
        return _main(argv)
    except KeyboardInterrupt:
        return _STOPPED_BY_SIGINT


def _main(argv: Sequence[str] | None) -> int:
    parser = argparse.ArgumentParser(
        prog="farthing",
        description="An OpenAI-compatible proxy that answers with the cheapest model that is good enough.",
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"farthing {version('farthing')}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    with _interruptible(), uncollected():
        commands = {name: _load(module) for name, module in _wanted(argv).items()}
    for name, command in commands.items():
        subparser = subparsers.add_parser(name, help=command.HELP, description=command.HELP)
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    return _guarded(parser.parse_args(argv))


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C ends the process on the spot: in the middle of an import Python may lose a KeyboardInterrupt."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _wanted(argv: Sequence[str] | None) -> Mapping[str, str]:
    """The one subcommand that is called by name, else all: their imports take most of a second."""
    first = next(iter(sys.argv[1:] if argv is None else argv), "")
    known = {**COMMANDS, **INTERNAL}
    return {first: known[first]} if first in known else COMMANDS


def _load(module: str) -> Command:
    return cast(Command, import_module(module))


def _guarded(args: argparse.Namespace) -> int:
    """Run the chosen subcommand; what the user must know is told in a line, not in a traceback."""
    try:
        status: int = args.run(args)
    except ConfigError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)  # noqa: T201 - a command line speaks by printing
        return 1
    except FarthingError as error:
        print(f"farthing: {error}", file=sys.stderr)  # noqa: T201 - as above
        return 1
    except BrokenPipeError:
        return 0
    return status

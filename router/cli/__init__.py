"""The `farthing` command: one file or folder per subcommand, one row here.

A subcommand is a module with `add_arguments(parser)` and `run(args) -> int`. It is imported when it is called,
not in order to be listed: importing all of them takes longer than most of what they do.

`arguments/`, `output/`, `program/`, `traffic/`, `books.py` and `offline.py` are what subcommands share.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple, Protocol, cast

from router.cli.program.heap import keep, uncollected
from router.cli.program.loading import heed_sigterm, interruptible
from router.cli.program.standard_files import open_standard_files
from router.cli.program.written import written
from router.domain.errors import ConfigError, FarthingError


class Command(Protocol):
    """What the module of a subcommand offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the subcommand's options."""
        ...

    def run(self, args: argparse.Namespace) -> int:
        """Do it; returns the exit status."""
        ...


class Subcommand(NamedTuple):
    """Where a subcommand is, and what it does."""

    module: str
    does: str


COMMANDS: Mapping[str, Subcommand] = {
    "serve": Subcommand("router.cli.serve.command", "run the proxy"),
    "check": Subcommand(
        "router.cli.check.command", "check the configuration and run every policy's examples"
    ),
    "report": Subcommand(
        "router.cli.report.command",
        "what was spent and saved, by day, model, policy, key, tag, category or upstream",
    ),
    "keys": Subcommand("router.cli.keys.command", "create, list, rotate and revoke clients' keys"),
    "cache": Subcommand(
        "router.cli.cache",
        "what the cache of answers holds, where it comes from, and how to delete it",
    ),
    "reconcile": Subcommand(
        "router.cli.reconcile", "compare the ledger with a vendor's invoice, by day and model"
    ),
    "ledger": Subcommand(
        "router.cli.ledger.command",
        "show how large the ledger is, export its attempts, delete old ones",
    ),
    "outcomes": Subcommand(
        "router.cli.outcomes", "how good answers were, by feedback and by automatic checks"
    ),
    "explain": Subcommand(
        "router.cli.explain.command",
        "what would be decided for a request, or was decided for one, and why; nothing is sent",
    ),
    "try": Subcommand(
        "router.cli.trial.command",
        "which decisions another policy would change, at what cost and quality; nothing is sent",
    ),
    "fit": Subcommand(
        "router.cli.fit",
        "learn from outcomes how good each model is on each kind of prompt, and write an artefact",
    ),
    "predict": Subcommand(
        "router.cli.predict",
        "predict the quality, cost and latency of each model's answer to each prompt",
    ),
    "evaluate": Subcommand(
        "router.cli.evaluate.command",
        "what a router would score and cost on known outcomes, compared with choices that need none",
    ),
    "replay": Subcommand(
        "router.cli.replay",
        "what would be decided on prompts with known answers; each answer looked at is charged",
    ),
    "calibrate": Subcommand(
        "router.cli.calibrate.command",
        "learn from scored answers of your own, and use that where it beats the shipped estimates",
    ),
    "schema": Subcommand(
        "router.cli.schema",
        "print the policy language: a JSON Schema for editors, or the reference page for people",
    ),
    "simulate": Subcommand(
        "router.cli.simulate",
        "serve simulated models on an OpenAI-compatible port, with any fault on request",
    ),
}

INTERNAL: Mapping[str, Subcommand] = {
    "supervise": Subcommand(
        "router.cli.serve.supervise", "supervise the workers of 'farthing serve', which calls this"
    ),
    "work": Subcommand(
        "router.cli.serve.work", "run a worker of 'farthing serve', which calls this"
    ),
}
"""Subcommands that `farthing serve` calls; nobody else needs to."""

_STOPPED_BY_SIGINT = 130
_EPILOG = "Start with 'farthing serve --config config.example.yaml --hello'."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0 done, 1 something is wrong, 2 wrong usage."""
    open_standard_files()
    heed_sigterm()
    try:
        return written(lambda: _main(argv))
    except KeyboardInterrupt:
        return _STOPPED_BY_SIGINT


def _main(argv: Sequence[str] | None) -> int:
    with uncollected():
        args = _parser(argv).parse_args(argv)
        if argv is None:  # a separate program, with no other objects in it
            keep()
    return _guarded(args)


def _parser(argv: Sequence[str] | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="farthing",
        description="An OpenAI-compatible proxy that answers with the cheapest model that is good enough.",
        epilog=_EPILOG,
    )
    parser.add_argument(
        "--version", action=_Version, nargs=0, help="show program's version number and exit"
    )
    subparsers = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", parser_class=_Subcommand
    )
    for name, row in _offered(argv).items():
        subparsers.add_parser(name, help=row.does, description=row.does).module = row.module
    return parser


def _offered(argv: Sequence[str] | None) -> Mapping[str, Subcommand]:
    """The subcommands; an internal one only if it is the one that is called."""
    first = next(iter(sys.argv[1:] if argv is None else argv), "")
    return {first: INTERNAL[first]} if first in INTERNAL else COMMANDS


class _Subcommand(argparse.ArgumentParser):
    """Learns its options only when it is called: then its `module` is imported."""

    module = ""

    def parse_known_args(self, *args: Any, **named: Any) -> Any:
        """As argparse does, except that what is unknown here is an error here, beside this usage.

        The parsers of a subcommand's actions have no module of their own.
        """
        if self.module:
            command = _load(self.module)
            command.add_arguments(self)
            self.set_defaults(run=command.run)
        found, unknown = super().parse_known_args(*args, **named)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}{self._meant(unknown[0])}")
        return found, unknown

    def _meant(self, unknown: str) -> str:
        """The option that was probably meant, as the end of a sentence."""
        from difflib import get_close_matches  # noqa: PLC0415 - after a mistake only

        if not unknown.startswith("-"):
            return ""
        # Without dashes, which all of them have in common.
        options = {name.lstrip("-"): name for name in self._option_string_actions}
        close = get_close_matches(unknown.partition("=")[0].lstrip("-"), options, n=1)
        return f"; did you mean '{options[close[0]]}'?" if close else ""


class _Version(argparse.Action):
    """Looks the version up only when it is asked for: the import takes longer than everything else here."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version  # noqa: PLC0415 - as said

        print(f"farthing {version('farthing')}")  # noqa: T201 - a command line speaks by printing
        parser.exit()


def _load(module: str) -> Command:
    with interruptible():
        return cast(Command, import_module(module))


def _guarded(args: argparse.Namespace) -> int:
    """Run the chosen subcommand; what the user must know is printed as a line, not as a traceback."""
    try:
        status: int = args.run(args)
    except ConfigError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)  # noqa: T201 - a command line speaks by printing
        return 1
    except FarthingError as error:
        print(f"farthing: {error}", file=sys.stderr)  # noqa: T201 - as above
        return 1
    return status

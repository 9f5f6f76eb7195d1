"""`farthing serve`: run the proxy until it is told to stop."""

import argparse
from typing import TYPE_CHECKING

from router.cli.arguments.options import add_config, source_of
from router.cli.arguments.reading import port, whole
from router.cli.output.saying import not_listening, say, tell_notes
from router.cli.program.heap import uncollected
from router.cli.program.loading import interruptible
from router.cli.serve.crew.leading import lead
from router.cli.serve.process import raise_open_files
from router.config.schema import MOST_WORKERS
from router.config.settings import Settings
from router.config.source import Source
from router.config.stored_keys import may_have_keys
from router.stores.sql.database import open_ledger

if TYPE_CHECKING:
    from router.cli.serve.hello import Greeting


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `serve`; they take precedence over the config."""
    add_config(parser)
    parser.add_argument("--host", help="listen on this address instead of the config's")
    parser.add_argument("--port", type=port, help="listen on this port instead of the config's")
    parser.add_argument(
        "--workers",
        type=whole(1, MOST_WORKERS),
        metavar="N",
        help="number of worker processes instead of the config's; more than one need Redis",
    )
    parser.add_argument(
        "--hello",
        action="store_true",
        help="send one request through the proxy and show how to use it",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM, reading the files again on SIGHUP; 1 if the address cannot be listened on."""
    with uncollected():
        source = source_of(args)
        booted = source.settings()
        settings = with_overrides(booted, args.host, args.port)
        settings = settings.shared_by(args.workers or settings.workers)
        greeting = _greeting() if args.hello else None
        if greeting:
            settings = settings.admitting(greeting.key)
        raise_open_files()
        try:
            return _served(args, settings, greeting, (source, booted))
        except OSError as error:
            say(f"farthing: {not_listening(settings.host, settings.port, error)}")
            return 1


def _served(
    args: argparse.Namespace,
    settings: Settings,
    greeting: "Greeting | None",
    read: tuple[Source, Settings],
) -> int:
    """Serve by `settings`, alone or with workers; `read` is their source, and the settings as read from it."""
    if settings.workers > 1:
        tell_notes(settings)
        return lead(settings, read[1], args, greeting.secret if greeting else "")
    with interruptible():
        # Its import is half of the start, and not needed for a mistake or a supervisor.
        from router.cli.serve.alone import serve_alone  # noqa: PLC0415

    serve_alone(settings, greeting, *read)
    return 0


def _greeting() -> "Greeting":
    from router.cli.serve.hello import Greeting  # noqa: PLC0415 - rich comes with it

    return Greeting.fresh()


def with_overrides(settings: Settings, host: str | None, port: int | None) -> Settings:
    """The settings with the command line's overrides; the ledger, if there is one, is migrated. Raises ConfigError."""
    return settings.listening_on(
        settings.host if host is None else host,
        settings.port if port is None else port,
        has_stored_keys=may_have_keys(settings.ledger, open_ledger),
    )

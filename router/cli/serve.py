"""`farthing serve`: run the proxy until it is told to stop."""

import argparse
import asyncio
import logging
import os
import signal
import sys

from rich.console import Console
from rich.markup import escape

from router.app import real_world, serving
from router.app.reloading import Following, Wishes
from router.cli.crew.leading import lead
from router.cli.crew.notify import notify
from router.cli.heap import settle
from router.cli.hello import Greeting
from router.cli.loop import loop_factory
from router.cli.options import add_config, source_of
from router.cli.process import has_terminal, raise_open_files, unless
from router.config.load import has_stored_keys
from router.config.schema import MOST_WORKERS
from router.config.settings import Settings
from router.telemetry.log import Lines, start_logging

HELP = "run the proxy"
_EXIT_BY_SIGINT = 130
_LAST_PORT = 65535
_LOG = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `serve`; they win over the config."""
    add_config(parser)
    parser.add_argument("--host", help="listen on this address instead of the config's")
    parser.add_argument("--port", type=_port, help="listen on this port instead of the config's")
    parser.add_argument(
        "--workers",
        type=_workers,
        metavar="N",
        help="answer in so many processes instead of the config's number; more than one need Redis",
    )
    parser.add_argument(
        "--hello",
        action="store_true",
        help="send one request through the proxy and show how to use it",
    )


def _port(text: str) -> int:
    """A port; argparse turns the ValueError of anything else into its own message."""
    port = int(text)
    if not 0 <= port <= _LAST_PORT:
        raise ValueError(text)
    return port


def _workers(text: str) -> int:
    """A number of workers; the same holds for anything else."""
    workers = int(text)
    if not 1 <= workers <= MOST_WORKERS:
        raise ValueError(text)
    return workers


def run(args: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM, read the files again on SIGHUP; 1 when the address cannot be listened on."""
    source = source_of(args)
    booted = source.settings()
    settings = with_overrides(booted, args.host, args.port)
    settings = settings.shared_by(args.workers or settings.workers)
    greeting = Greeting.fresh() if args.hello else None
    if greeting:
        settings = settings.admitting(greeting.key)
    raise_open_files()
    try:
        if settings.workers > 1:
            tell_notes(settings, Console(stderr=True))
            return lead(settings, args, greeting.secret if greeting else "")
        _alone(settings, greeting, Following(source, booted, Wishes()))
    except OSError as error:
        reason = error.strerror or error
        print(  # noqa: T201 - a command line speaks by printing
            f"farthing: cannot listen on {settings.host}:{settings.port}: {reason}", file=sys.stderr
        )
        return 1
    return 0


def _alone(settings: Settings, greeting: Greeting | None, following: Following) -> None:
    lines = start_logging(settings.serving.log_level)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(settings, greeting, following, lines))


def with_overrides(settings: Settings, host: str | None, port: int | None) -> Settings:
    """The settings with what the command line says instead. Raises ConfigError."""
    return settings.listening_on(
        settings.host if host is None else host,
        settings.port if port is None else port,
        has_stored_keys=has_stored_keys(settings.ledger_path, settings.ledger_url),
    )


async def _serve(
    settings: Settings, greeting: Greeting | None, following: Following, lines: Lines
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, _stop_or_exit, stop)
    may_hang_up = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN and has_terminal()
    loop.add_signal_handler(signal.SIGHUP, _reload_or_stop, following.wishes, stop, may_hang_up)
    loop.add_signal_handler(
        signal.SIGUSR2, _LOG.warning, "one process cannot be replaced by another"
    )
    console = Console(stderr=True)
    async with serving(settings, real_world(), following, lines=lines) as running:
        tell_notes(settings, console)
        console.print(
            f"Farthing listens on [bold]{running.url}[/] ({len(settings.catalog)} models)"
        )
        settle()
        notify("READY=1", os.environ)
        if greeting:
            await unless(stop, greeting.say(running.url, settings, console))
        await stop.wait()
        notify("STOPPING=1", os.environ)
        with console.capture() as said:
            console.print("\nStopping: no new requests; those under way may finish.")
        lines.put(said.get().removesuffix("\n"))  # nobody may be reading any more


def tell_notes(settings: Settings, console: Console) -> None:
    """Tell what was left out, and what is wrong with what was learnt."""
    for note in settings.notes:
        console.print(f"[dim]{note}[/]")
    for trouble in settings.learnt.troubles:
        console.print(f"[bold red]{escape(trouble)}[/]", soft_wrap=True)
    if settings.quality_trouble:
        console.print(f"[bold red]{escape(settings.quality_trouble)}[/]", soft_wrap=True)


def _stop_or_exit(stop: asyncio.Event) -> None:
    """The first signal asks for an orderly end; a second one does not wait for it."""
    if stop.is_set():
        os._exit(_EXIT_BY_SIGINT)
    stop.set()


def _reload_or_stop(wishes: Wishes, stop: asyncio.Event, may_hang_up: bool) -> None:
    """SIGHUP has the files read again. If it means what it once meant, the terminal is gone: stop."""
    if may_hang_up and not has_terminal():
        stop.set()
    else:
        wishes.order()

"""`farthing serve`: run the proxy until it is told to stop."""

import argparse
import asyncio
import os
import resource
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from rich.console import Console
from rich.markup import escape

from router.app import real_world, serving
from router.app.reloading import Following, Wishes
from router.cli.heap import settle
from router.cli.hello import Greeting
from router.cli.options import add_config, source_of
from router.config.load import has_stored_keys
from router.config.settings import Settings
from router.telemetry.log import start_logging

HELP = "run the proxy"
_EXIT_BY_SIGINT = 130
_OPEN_FILES = 2**16
_LAST_PORT = 65535


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `serve`; they win over the config."""
    add_config(parser)
    parser.add_argument("--host", help="listen on this address instead of the config's")
    parser.add_argument("--port", type=_port, help="listen on this port instead of the config's")
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


def run(args: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM, read the files again on SIGHUP; 1 when the address cannot be listened on."""
    source = source_of(args)
    booted = source.settings()
    start_logging(booted.serving.log_level)
    _raise_open_files()
    settings = _with_overrides(booted, args)
    greeting = Greeting.fresh() if args.hello else None
    if greeting:
        settings = settings.admitting(greeting.key)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(settings, greeting, Following(source, booted, Wishes())))
    except OSError as error:
        reason = error.strerror or error
        print(  # noqa: T201 - a command line speaks by printing
            f"farthing: cannot listen on {settings.host}:{settings.port}: {reason}", file=sys.stderr
        )
        return 1
    return 0


def _with_overrides(settings: Settings, args: argparse.Namespace) -> Settings:
    return settings.listening_on(
        settings.host if args.host is None else args.host,
        settings.port if args.port is None else args.port,
        has_stored_keys=has_stored_keys(settings.ledger_path, settings.ledger_url),
    )


async def _serve(settings: Settings, greeting: Greeting | None, following: Following) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, _stop_or_exit, stop)
    may_hang_up = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN and _has_terminal()
    loop.add_signal_handler(signal.SIGHUP, _reload_or_stop, following.wishes, stop, may_hang_up)
    console = Console(stderr=True)
    async with serving(settings, real_world(), following) as running:
        for note in settings.notes:
            console.print(f"[dim]{note}[/]")
        for trouble in settings.learnt.troubles:
            console.print(f"[bold red]{escape(trouble)}[/]", soft_wrap=True)
        if settings.quality_trouble:
            console.print(f"[bold red]{escape(settings.quality_trouble)}[/]", soft_wrap=True)
        console.print(
            f"Farthing listens on [bold]{running.url}[/] ({len(settings.catalog)} models)"
        )
        settle()
        if greeting:
            await _unless(stop, greeting.say(running.url, settings, console))
        await stop.wait()
        with suppress(OSError):  # the terminal may be gone
            console.print("\nStopping: no new requests; those under way may finish.")


async def _unless(stop: asyncio.Event, doing: Coroutine[Any, Any, None]) -> None:
    """Do it, but not beyond the moment when we are told to stop."""
    tasks = [asyncio.create_task(doing), asyncio.create_task(stop.wait())]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _stop_or_exit(stop: asyncio.Event) -> None:
    """The first signal asks for an orderly end; a second one does not wait for it."""
    if stop.is_set():
        os._exit(_EXIT_BY_SIGINT)
    stop.set()


def _reload_or_stop(wishes: Wishes, stop: asyncio.Event, may_hang_up: bool) -> None:
    """SIGHUP has the files read again. If it means what it once meant, the terminal is gone: stop."""
    if may_hang_up and not _has_terminal():
        stop.set()
    else:
        wishes.order()


def _has_terminal() -> bool:
    """Whether there is a terminal whose end would be ours."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


def _raise_open_files() -> None:
    """Each connection is an open file; the soft limit is often 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if most == resource.RLIM_INFINITY else min(most, _OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Uvloop where the platform has it: twice the requests per second of the standard loop."""
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        return None
    return uvloop.new_event_loop

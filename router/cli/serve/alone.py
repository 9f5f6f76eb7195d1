"""A single process that serves until it is told to stop."""

import asyncio
import logging
import os
import signal
from typing import TYPE_CHECKING

from router.app import real_world, serving
from router.app.reloading import FollowedFiles, ReloadRequests
from router.cli.output.saying import BOLD, counted, say, styled, tell_notes
from router.cli.program.heap import settle
from router.cli.program.loop import loop_factory
from router.cli.serve.crew.notify import notify, said_alive
from router.cli.serve.process import has_terminal, unless
from router.config.settings import Settings
from router.config.source import Source
from router.telemetry.log import Lines, start_logging

if TYPE_CHECKING:
    from router.cli.serve.hello import Greeting

_EXIT_BY_SIGINT = 130
_LOG = logging.getLogger(__name__)


def serve_alone(
    settings: Settings, greeting: "Greeting | None", source: Source, booted: Settings
) -> None:
    """Serve by `settings`: the `booted` ones of `source`, with the command line's options. Raises OSError."""
    lines = start_logging(settings.serving.log_level)
    following = FollowedFiles(source, booted, ReloadRequests())
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(settings, greeting, following, lines))


async def _serve(
    settings: Settings, greeting: "Greeting | None", following: FollowedFiles, lines: Lines
) -> None:
    stop = asyncio.Event()
    _heed_signals(stop, following.reload_requests)
    async with serving(settings, real_world(), following, lines=lines) as running:
        tell_notes(settings)
        say(
            f"Farthing listens on {styled(BOLD, running.url)} ({counted(len(settings.catalog), 'model')})"
        )
        settle()
        notify("READY=1", os.environ)
        async with said_alive(os.environ):
            if greeting:
                await unless(stop, greeting.say(running.url, settings))
            await stop.wait()
        notify("STOPPING=1", os.environ)
        # Nobody may be reading any more.
        lines.put("\nStopping: no new requests; those in progress may finish.")


def _heed_signals(stop: asyncio.Event, reload_requests: ReloadRequests) -> None:
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, _stop_or_exit, stop)
    may_hang_up = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN and has_terminal()
    loop.add_signal_handler(signal.SIGHUP, _reload_or_stop, reload_requests, stop, may_hang_up)
    loop.add_signal_handler(
        signal.SIGUSR2, _LOG.warning, "a single process cannot be replaced by another"
    )


def _stop_or_exit(stop: asyncio.Event) -> None:
    """The first signal asks for an orderly shutdown; a second one does not wait for it."""
    if stop.is_set():
        os._exit(_EXIT_BY_SIGINT)
    stop.set()


def _reload_or_stop(
    reload_requests: ReloadRequests, stop: asyncio.Event, may_hang_up: bool
) -> None:
    """SIGHUP has the files read again; but if the terminal has gone, it has its original meaning: stop."""
    if may_hang_up and not has_terminal():
        stop.set()
    else:
        reload_requests.order()

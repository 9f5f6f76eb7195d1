"""A worker of `farthing serve`, started by its supervisor; not to be called by hand."""

import argparse
import asyncio
import json
import os
import shutil
import signal
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from router.app import Running, real_world, serving
from router.app.reloading import FollowedFiles, ReloadRequests
from router.cli.program.heap import settle, uncollected
from router.cli.program.loop import loop_factory
from router.cli.serve.command import with_overrides
from router.cli.serve.crew.orders import Job, Orders
from router.cli.serve.crew.worker import orders_of
from router.cli.serve.process import unless
from router.config.part import Part
from router.config.settings import Settings
from router.config.source import Source
from router.domain.members import replace
from router.server.crew.place import Place
from router.server.crew.worker_table import WorkerTable
from router.telemetry.log import Lines, start_logging

if TYPE_CHECKING:
    from router.cli.serve.hello import Greeting


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The option that says how to reach the supervisor."""
    parser.add_argument("fd", type=int, help="an inherited socket to the supervisor")


def run(args: argparse.Namespace) -> int:
    """Work until SIGTERM, or the supervisor's end, or until it has been replaced and all its clients have left."""
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)  # it may be sent to all processes of a service
    with uncollected():
        return _work(args.fd)


def _work(fd: int) -> int:
    job = Job.read(fd)
    orders = Orders.of(job.orders)
    source = Source(Path(orders.config), os.environ, Part(job.number, orders.workers))
    read = source.settings()
    lines = start_logging(read.serving.log_level)
    settings = with_overrides(read, orders.host, orders.port).shared_by(orders.workers)
    greeting = _greeting(orders.greeting) if orders.greeting else None
    if greeting:
        settings = settings.admitting(greeting.key)
    following = _following(source, read, orders)
    shift = _Shift(settings, greeting, following, _place(job, orders), lines)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(shift.work(socket.socket(fileno=fd)))
    return 0


def _following(source: Source, read: Settings, orders: Orders) -> FollowedFiles:
    """The files that were `read`, whose supervisor goes by what they said when it started."""
    shutdown_s = min(read.serving.shutdown_s, orders.shutdown_s)
    serving = replace(read.serving, shutdown_s=shutdown_s)
    booted = replace(read, **orders.stated, serving=serving)
    following = FollowedFiles(source, booted, ReloadRequests())
    if booted != read:
        following.reload_requests.order()  # so that it is told what waits for a restart
    return following


def _greeting(secret: str) -> "Greeting":
    from router.cli.serve.hello import Greeting  # noqa: PLC0415 - rich comes with it

    return Greeting(secret)


def _place(job: Job, orders: Orders) -> Place:
    listener = socket.socket(fileno=orders.listener)
    return Place(job.number, job.at, WorkerTable(job.roll), listener, Path(job.folder))


class _Shift(Struct, frozen=True):
    """What a worker does until it is told to stop, or to leave its place to another one."""

    settings: Settings
    greeting: "Greeting | None"
    following: FollowedFiles
    place: Place
    lines: Lines
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    retired: asyncio.Event = field(default_factory=asyncio.Event)

    async def work(self, channel: socket.socket) -> None:
        """Take requests until then; those in flight when it is retired may take as long as any."""
        self._heed_signals()
        reader, writer = await asyncio.open_connection(sock=channel)
        beating = asyncio.create_task(self.place.beat())
        try:
            await self._serve(reader, writer)
        except FileNotFoundError:
            if not reader.at_eof():
                raise
            # The supervisor went while this one started, and another one has removed its folder.
        finally:
            beating.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with serving(
            self.settings, real_world(), self.following, self.place, self.lines
        ) as running:
            settle()
            writer.write(json.dumps({"models": len(self.settings.catalog)}).encode() + b"\n")
            listening = asyncio.create_task(self._listen(reader, running))
            await unless(self.stop, self.retired.wait())
            if not self.stop.is_set():
                running.http_listener.shut()
                longest_s = self.settings.serving.effort.total_s
                await unless(self.stop, running.emptied(longest_s))
            listening.cancel()
        writer.close()

    def _heed_signals(self) -> None:
        """Handle signals; a second one is harmless, since it may have come both directly and through our supervisor."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, self.stop.set)
        loop.add_signal_handler(signal.SIGHUP, self.following.reload_requests.order)

    async def _listen(self, reader: asyncio.StreamReader, running: Running) -> None:
        """Do what the supervisor says; stop when it has gone."""
        with suppress(ConnectionError):  # it had gone before it could hear that we are ready
            while line := await reader.readline():
                match orders_of(line).get("do"):
                    case "retire":
                        self.retired.set()
                    case "greet":
                        await self._greet(running)
        self.stop.set()
        shutil.rmtree(self.place.folder, ignore_errors=True)  # whoever made it has gone

    async def _greet(self, running: Running) -> None:
        if self.greeting:
            await unless(self.stop, self.greeting.say(running.url, self.settings))

"""What `farthing serve` becomes when it has several workers; not to be called by hand.

It imports as little as it can, since it stays as long as they do.
"""

import argparse
import asyncio
import logging
import os
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import IO

from msgspec import Struct

from router.cli.serve.crew.crew import Crew
from router.cli.serve.crew.notify import notify, said_alive
from router.cli.serve.crew.orders import Job, Orders, own_command
from router.cli.serve.crew.watchdog import Watchdog
from router.cli.serve.crew.worker import Worker, hired
from router.cli.serve.process import has_terminal, unless
from router.domain.errors import FarthingError
from router.server.crew.address import url_of
from router.server.crew.place import BEAT_S, LONGEST_FOLDER
from router.server.crew.worker_table import WorkerTable
from router.telemetry.log import Lines, start_logging

_EXIT_BY_SIGINT = 130
_LOG = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The option that says where the orders come from."""
    parser.add_argument("fd", type=int, help="an inherited file with the orders")


def run(args: argparse.Namespace) -> int:
    """Supervise until SIGINT or SIGTERM; 1 if the workers do not start. Raises FarthingError if it cannot begin."""
    orders = Orders.read(args.fd)
    os.close(args.fd)
    lines = start_logging(orders.log_level)
    try:
        with _agency(orders) as agency:
            return asyncio.run(_supervised(orders, agency, lines))
    except OSError as error:
        raise FarthingError(f"the workers cannot be started: {error.strerror or error}") from None


@contextmanager
def _agency(orders: Orders) -> Iterator["_Agency"]:
    """Who hires workers, with what they share. Raises OSError if there is no room for it, FarthingError."""
    with tempfile.TemporaryDirectory(prefix="farthing-") as folder:
        if len(os.fsencode(folder)) > LONGEST_FOLDER:
            raise FarthingError(
                f"{folder} is too long for the workers' sockets: set a shorter TMPDIR"
            )
        with _memory() as table:
            yield _Agency(orders, WorkerTable.made(table.fileno()), table.fileno(), folder)


def _memory() -> IO[bytes]:
    """A file that exists only in memory, where the system has such: on a frozen disk, nobody could write to it."""
    # A system may have it, and forbid it (`vm.memfd_noexec=2`, some sandboxes).
    with suppress(AttributeError, OSError):
        return os.fdopen(os.memfd_create("farthing-workers"), "r+b")
    return tempfile.TemporaryFile()


class _Agency(Struct, frozen=True):
    """Hires workers, each with a row in the table of workers. Through `folder` they ask each other for figures."""

    orders: Orders
    worker_table: WorkerTable
    table: int
    folder: str

    async def hire(self, number: int) -> Worker:
        """A worker that is starting. Raises OSError."""
        if (at := self.worker_table.free()) is None:
            raise OSError("too many workers are still shutting down")
        job = Job(number, at, self.table, self.folder, asdict(self.orders))
        command = own_command(["work"])
        worker = await hired(command, job, self.table, self.orders.listener)
        self.worker_table.enter(at, number, worker.pid)
        return worker

    def dismiss(self, worker: Worker) -> None:
        """Free the row of a worker that has ended."""
        self.worker_table.vacate(worker.at)


async def _supervised(orders: Orders, agency: _Agency, lines: Lines) -> int:
    with socket.socket(fileno=orders.listener) as listener:
        crew = Crew(orders.workers, agency.hire, agency.dismiss, orders.shutdown_s)
        _heed_signals(crew)
        models = await crew.start()
        if models is not None:
            # Nobody may be reading any more.
            lines.put(
                f"Farthing listens on {url_of(listener)} ({models} models, {orders.workers} workers)"
            )
            _tell_ready(crew, orders)
            async with said_alive(os.environ):
                await unless(crew.stopping, watch(crew, Watchdog(agency.worker_table)))
            lines.put("\nStopping: no new requests; those in progress may finish.")
        is_asked = crew.stopping.is_set()
        notify("STOPPING=1", os.environ)
        listener.close()
        await crew.stop()
    return 0 if models is not None or is_asked else 1


async def watch(crew: Crew, watchdog: Watchdog) -> None:
    """Kill every worker that has become silent, until cancelled."""
    while True:
        await asyncio.sleep(BEAT_S)
        for row in watchdog.look():
            told = row.number, row.pid, f"{watchdog.most_looks(row)} s"
            _LOG.error("worker %s (process %s) has not run for %s: it is killed", *told)
            watchdog.worker_table.count_killed(row.number)
            crew.kill(row.pid)


def _tell_ready(crew: Crew, orders: Orders) -> None:
    notify("READY=1", os.environ)
    if orders.greeting:
        crew.greet()


def _heed_signals(crew: Crew) -> None:
    """Stop on SIGINT and SIGTERM; on SIGHUP have all of them read the files again; replace all on SIGUSR2."""
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, _stop_or_exit, crew)
    may_hang_up = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN and has_terminal()
    loop.add_signal_handler(signal.SIGHUP, _reload_or_stop, crew, may_hang_up)
    loop.add_signal_handler(signal.SIGUSR2, crew.renew)


def _stop_or_exit(crew: Crew) -> None:
    """The first signal asks for an orderly shutdown; a second one does not wait for it."""
    if crew.stopping.is_set():
        crew.send(signal.SIGKILL)
        raise SystemExit(_EXIT_BY_SIGINT)
    crew.stopping.set()


def _reload_or_stop(crew: Crew, may_hang_up: bool) -> None:
    """Reload on SIGHUP; but if the terminal has gone, it has its original meaning: stop."""
    if may_hang_up and not has_terminal():
        crew.stopping.set()
    else:
        crew.reload()

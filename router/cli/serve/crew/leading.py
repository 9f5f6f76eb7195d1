"""From `farthing serve` to a supervisor: the address is opened, and this process becomes another program."""

import argparse
import os
import sys
from typing import NoReturn

from router.cli.serve.crew.orders import Orders, own_command
from router.config.settings import Settings
from router.server.crew.address import bound
from router.stores.sql.database import open_database


def lead(settings: Settings, booted: Settings, args: argparse.Namespace, greeting: str) -> NoReturn:
    """Become the supervisor of the workers that `settings` want. Raises OSError if it cannot listen, LedgerUnusable.

    `settings` are the `booted` ones of the file, with the command line's options. What was read for them is dropped
    with this program: a supervisor needs a fifth of its memory.
    """
    # SQLite fails instead of waiting if two workers create the same database at the same moment.
    open_database(settings.ledger.path).dispose()
    listener = bound(settings.host, settings.port)
    orders = Orders(
        workers=settings.workers,
        listener=listener.detach(),
        config=args.config,
        host=settings.host,
        port=settings.port,
        log_level=settings.serving.log_level,
        shutdown_s=settings.serving.shutdown_s,
        stated={name: getattr(booted, name) for name in ("host", "port", "workers")},
        greeting=greeting,
    )
    reading, writing = os.pipe()
    os.write(writing, orders.as_line())
    for each in (reading, orders.listener):
        os.set_inheritable(each, True)
    sys.stdout.flush()
    sys.stderr.flush()
    command = own_command(["supervise", str(reading)])
    os.execv(command[0], command)  # noqa: S606 - it is this very program

"""What every serving process sets up when it starts, and how it waits for its end."""

import asyncio
import os
import resource
from collections.abc import Coroutine
from typing import Any

_OPEN_FILES = 2**16


def raise_open_files() -> None:
    """Raise the soft limit of open files, often 1,024: each connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if most == resource.RLIM_INFINITY else min(most, _OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def has_terminal() -> bool:
    """Whether there is a terminal whose end would be ours."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


async def unless(stop: asyncio.Event, doing: Coroutine[Any, Any, object]) -> None:
    """Do it until it is done or we are told to stop; raises what it raises."""
    tasks = [asyncio.create_task(doing), asyncio.create_task(stop.wait())]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    done, _ = await asyncio.gather(*tasks, return_exceptions=True)
    if isinstance(done, Exception):
        raise done

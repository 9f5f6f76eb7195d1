"""Reads of a database that may hang: frozen, locked, or behind a network that swallows what is sent to it.

Each is done in a thread of its own. In the event loop's pool, a few that never end would leave no thread to resolve
names with, and the process could not end before them.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from router.pipeline.mistakes import noticed

T = TypeVar("T")
_IN_TIME_S = 5.0
"""As long as connecting to PostgreSQL may take."""


async def read_apart(read: Callable[[], T]) -> T:
    """What `read` returns or raises, however long that takes."""
    loop, result = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()

    def tell(told: Callable[[], None]) -> None:
        if not result.done():  # nobody may be waiting any more
            told()

    def work() -> None:
        try:
            told = partial(result.set_result, read())
        except Exception as error:  # noqa: BLE001 - it is for who awaits the result
            told = partial(result.set_exception, error)
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(tell, told)

    threading.Thread(target=work, name="farthing-read", daemon=True).start()
    found: T = await result
    return found


class ReadsInTime:
    """Reads that are not waited for longer than `within_s` seconds; while one is late, no other is begun."""

    def __init__(self, within_s: float = _IN_TIME_S) -> None:
        self._within_s = within_s
        self._late: asyncio.Task[Any] | None = None

    async def __call__(self, read: Callable[[], T]) -> T:
        """What `read` returns or raises. Raises TimeoutError if the database does not answer in time."""
        if self._late is not None and not self._late.done():
            raise TimeoutError
        reading = asyncio.create_task(read_apart(read))
        reading.add_done_callback(noticed)
        done, _ = await asyncio.wait([reading], timeout=self._within_s)
        if not done:
            self._late = reading
            raise TimeoutError
        return reading.result()

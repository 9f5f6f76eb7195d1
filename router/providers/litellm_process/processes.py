"""Several litellm processes, each with its own core, that take turns."""

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import chain

import aiohttp

from router.providers.litellm_process.process import LitellmProcess


class LitellmProcesses:
    """Like one process, for one or several. Raises ValueError for none."""

    def __init__(self, processes: Sequence[LitellmProcess]) -> None:
        if not processes:
            raise ValueError("at least one process is needed")
        self._turns = deque(processes)

    def start(self) -> None:
        """Start all of them, so that nobody waits for one later."""
        for process in self._turns:
            process.start()

    async def session(self) -> aiohttp.ClientSession:
        """Connections to the next one that runs, else to one that is at least there; if none is, like a single one."""
        self.start()
        self._turns.rotate(-1)
        running = (each for each in self._turns if each.is_running)
        there = (each for each in self._turns if each.is_there)
        chosen = next(chain(running, there), self._turns[0])
        self._turns.rotate(-self._turns.index(chosen))
        return await chosen.session()

    async def close(self) -> None:
        """End all of them."""
        await asyncio.gather(*(process.close() for process in self._turns))

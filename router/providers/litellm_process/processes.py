"""Several litellm processes, each with its own core, that take turns."""

import asyncio
from collections import deque
from collections.abc import Sequence

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
        """Connections to the next one that runs; if none does, like a single one."""
        self.start()
        for _ in range(len(self._turns)):
            self._turns.rotate(-1)
            if self._turns[0].is_running:
                break
        return await self._turns[0].session()

    async def close(self) -> None:
        """End all of them."""
        await asyncio.gather(*(process.close() for process in self._turns))

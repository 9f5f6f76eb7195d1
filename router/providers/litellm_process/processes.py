"""Several litellm processes, each with its own core, that take turns."""

import asyncio
from collections import deque
from collections.abc import Sequence

import aiohttp

from router.providers.litellm_process.process import LitellmProcess


class LitellmProcesses:
    """Like one keeper, for one process or several. Raises ValueError for none."""

    def __init__(self, litellm_processes: Sequence[LitellmProcess]) -> None:
        if not litellm_processes:
            raise ValueError("at least one process is needed")
        self._turns = deque(litellm_processes)

    def start(self) -> None:
        """Start all of them, so that nobody waits for one later."""
        for litellm_process in self._turns:
            litellm_process.start()

    async def session(self) -> aiohttp.ClientSession:
        """Connections to the next one that runs; if none does, like a single keeper."""
        self.start()
        for _ in range(len(self._turns)):
            self._turns.rotate(-1)
            if self._turns[0].is_running:
                break
        return await self._turns[0].session()

    async def close(self) -> None:
        """End all of them."""
        await asyncio.gather(*(litellm_process.close() for litellm_process in self._turns))

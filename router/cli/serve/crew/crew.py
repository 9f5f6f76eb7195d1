"""Keeps a number of workers running: starts them, replaces them, ends them.

Each number from 0 on is a seat. The worker in it is watched: if it ends without having been told to,
another one gets the seat, after a pause. In a rolling restart a new worker first becomes ready, then takes the seat,
and only then is the old one told to leave, which it does when its last connection has ended.
"""

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Awaitable, Callable

from msgspec import Struct, field

from router.cli.serve.crew.pauses import Pauses
from router.cli.serve.crew.worker import Worker

_LOG = logging.getLogger(__name__)
_START_S = 120.0
_LAST_WORDS_S = 15.0

Hire = Callable[[int], Awaitable[Worker]]
"""Starts a worker for a seat. Raises OSError if it cannot."""


class Crew(Struct, eq=False):
    """The workers in `seats` seats. `dismiss` is called for each that has ended.

    Once `stopping` is set, none are started any more; `stop` then ends those that are there.
    """

    seats: int
    hire: Hire
    dismiss: Callable[[Worker], None]
    shutdown_s: float
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _seated: dict[int, Worker] = field(default_factory=dict)
    _present: set[Worker] = field(default_factory=set)
    _pauses: dict[int, Pauses] = field(default_factory=dict)
    _watching: set["asyncio.Task[None]"] = field(default_factory=set)
    _renewing: "asyncio.Task[None] | None" = None
    _renews_again: bool = False

    async def start(self) -> int | None:
        """Fill all seats; returns how many models there are, or None if not every worker became ready."""
        hired = [await self._hired(number) for number in range(self.seats)]
        self._seated = {worker.number: worker for worker in hired}
        models = await asyncio.gather(*map(self._models, hired))
        return None if None in models else models[0]

    def send(self, number: signal.Signals) -> None:
        """Send a signal to every worker."""
        for worker in self._present:
            worker.send(number)

    def reload(self) -> None:
        """Have every worker read its files again; one that is still starting does so anyway."""
        for worker in self._present:
            if worker.takes_requests:
                worker.send(signal.SIGHUP)

    def kill(self, pid: int) -> None:
        """End a worker at once that does nothing any more; another one gets its seat."""
        for worker in self._present:
            if worker.pid == pid:
                worker.send(signal.SIGKILL)

    def greet(self) -> None:
        """Have one of them greet the user at the terminal."""
        self._seated[0].greet()

    async def stop(self) -> None:
        """End all of them in good order, and kill those that are not done in time."""
        self.stopping.set()
        if self._renewing:
            self._renewing.cancel()
        self.send(signal.SIGTERM)
        if self._watching:
            await asyncio.wait(self._watching, timeout=2 * self.shutdown_s + _LAST_WORDS_S)
        self.send(signal.SIGKILL)
        if self._watching:
            await asyncio.wait(self._watching)

    def renew(self) -> None:
        """Begin to replace every worker; if that is already going on, once more afterwards.

        Those that are new by then may have read files that have changed since.
        """
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._renewed())
        else:
            self._renews_again = True
            _LOG.warning("workers are being replaced already: they will be once more after that")

    async def _renewed(self) -> None:
        await self._all_replaced()
        while self._renews_again:
            self._renews_again = False
            await self._all_replaced()

    async def _all_replaced(self) -> None:
        """Replace one after the other. The first that cannot be replaced ends the restart."""
        for number in range(self.seats):
            if not await self._replaced(number):
                if not self.stopping.is_set():
                    _LOG.error("worker %s is not replaced: the present workers stay", number)
                return
        _LOG.info("all workers have been replaced")

    async def _replaced(self, number: int) -> bool:
        try:
            fresh = await self._hired(number)
        except OSError as error:
            _LOG.error("worker %s does not start: %s", number, error)
            return False
        if await self._models(fresh) is None:
            fresh.send(signal.SIGKILL)
            return False
        before, self._seated[number] = self._seated[number], fresh
        self._pauses.pop(number, None)
        before.retire()
        _LOG.info("worker %s is process %s now, not %s", number, fresh.pid, before.pid)
        return True

    async def _models(self, worker: Worker) -> int | None:
        """How many models it has once it is ready; None if it is not in time, or we are told to stop first."""
        ready = asyncio.create_task(worker.models())
        stopping = asyncio.create_task(self.stopping.wait())
        both = {ready, stopping}
        await asyncio.wait(both, timeout=_START_S, return_when=asyncio.FIRST_COMPLETED)
        models = ready.result() if ready.done() else None
        for each in both:
            each.cancel()
        return models

    async def _hired(self, number: int) -> Worker:
        worker = await self.hire(number)
        self._present.add(worker)
        task = asyncio.create_task(self._seen_off(worker))
        self._watching.add(task)
        task.add_done_callback(self._watching.discard)
        if self.stopping.is_set():
            worker.send(signal.SIGTERM)
        return worker

    async def _seen_off(self, worker: Worker) -> None:
        """Wait for its end, and if that was unexpected, fill its seat again."""
        how = await worker.ended()
        self._present.discard(worker)
        self.dismiss(worker)
        if worker.is_leaving or self.stopping.is_set():
            return
        if self._seated.get(worker.number) is not worker:
            _LOG.error(
                "worker %s (process %s) ended %s while it started", worker.number, worker.pid, how
            )
            return
        await self._filled_again(worker, how)

    async def _filled_again(self, gone: Worker, how: str) -> None:
        number = gone.number
        pauses = self._pauses.get(number, Pauses()).after(time.monotonic() - gone.began_s)
        while self._seated.get(number) is gone and not self.stopping.is_set():
            told = number, gone.pid, how, pauses.next_s
            _LOG.error("worker %s (process %s) ended %s: another one starts in %.1f s", *told)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), pauses.next_s)
            self._pauses[number] = pauses = pauses.doubled()
            await self._seat(number, gone)

    async def _seat(self, number: int, gone: Worker) -> None:
        if self._seated.get(number) is not gone or self.stopping.is_set():
            return
        try:
            fresh = await self._hired(number)
        except OSError as error:
            _LOG.error("worker %s does not start: %s", number, error)
            return
        if self._seated.get(number) is gone:
            self._seated[number] = fresh
        else:  # a rolling restart has filled the seat meanwhile
            fresh.retire()

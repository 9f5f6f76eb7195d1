"""Runs the attempt machine against real upstreams: the machine decides, this module awaits."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial
from typing import Protocol

from msgspec import Struct, field

from router.dispatch.cascade_machine import CascadeMachine
from router.dispatch.commands import Cancel, CheckAnswers, Command, Commit, GiveUp, Start, Wake
from router.dispatch.fleet import CallVerdict
from router.dispatch.machine import Attempts
from router.domain.errors import ApiError
from router.domain.fault import AttemptFailed, Fault, FaultKind
from router.domain.ledger import Outcome
from router.domain.model import Model
from router.domain.money import Money
from router.ledger.account import CHARS_PER_TOKEN, Timing
from router.pipeline.mistakes import place_of
from router.pipeline.opened import Opened, OpenedStream, open_answer
from router.pipeline.slots import Slots
from router.pipeline.time_limit import at_most
from router.pipeline.to_the_end import to_the_end
from router.ports import Call, Observer, Response, Upstream, World

_LOG = logging.getLogger(__name__)
_QUEUE_S = 10.0
_BUSY_RETRY_S = 1.0
_HELD_SHARE = 0.1
"""A reader that was awaited for more than this share of a stream's time may have held it up: how much of the time the
model has taken is unknown then, since it may have gone on writing into the buffers between."""

_TOKENS_BEFORE_THE_FIRST = 50
"""A first token takes as long as a few dozen later ones, in large models as in small ones."""


class Stopwatch(Struct, frozen=True):
    """When an attempt began, by the calendar and by the monotonic clock."""

    world: World
    at_s: float
    began_s: float

    @classmethod
    def started(cls, world: World) -> "Stopwatch":
        """A stopwatch that starts now."""
        return cls(world, world.unix_s(), world.monotonic_s())

    def elapsed_s(self) -> float:
        """Seconds since the start."""
        return self.world.monotonic_s() - self.began_s

    def timing(self, first_content_s: float | None = None) -> Timing:
        """The attempt's timing, were it to end now."""
        return Timing(self.at_s, self.elapsed_s(), first_content_s)


class Begun(Struct, frozen=True):
    """An attempt whose answer has begun (a stream) or is there (a plain one).

    `ended` is its timing if it ended some time ago.
    """

    start: Start
    opened: Opened
    watch: Stopwatch
    first_content_s: float | None
    ended: Timing | None = None

    def timing(self) -> Timing:
        """The attempt's timing, were it to end now."""
        return self.ended or self.watch.timing(self.first_content_s)

    def is_held(self, held_s: float) -> bool:
        """Whether its readers may have held it up, if nobody has read from it for so many seconds."""
        return self.ended is None and held_s > _HELD_SHARE * self.timing().total_s

    @property
    def slowness(self) -> float:
        """Seconds to a stream's first content; for a whole answer, seconds per token.

        The time before the first token counts as that of 50 more tokens.
        """
        if self.first_content_s is not None or isinstance(self.opened, OpenedStream):
            return self.first_content_s or 0.0
        tokens = self.opened.answer.output_chars // CHARS_PER_TOKEN
        return self.watch.elapsed_s() / (tokens + _TOKENS_BEFORE_THE_FIRST)


class Failed(Struct, frozen=True):
    """An attempt that ended before its first content."""

    start: Start
    fault: Fault
    timing: Timing


class AttemptBooks(Protocol):
    """Is told about attempts that brought no answer."""

    async def set_aside(self, start: Start) -> Fault | None:
        """Reserve what the attempt may cost. Returns a fault if there is too little: then it is not made."""
        ...

    def failed(self, start: Start, fault: Fault, timing: Timing) -> Money:
        """The attempt failed before its first content; returns what it cost."""
        ...

    def stopped(self, start: Start, timing: Timing, outcome: Outcome) -> None:
        """The attempt was stopped by us: the client left, or another attempt was faster."""
        ...

    def named(self, start: Start, request_id: str) -> None:
        """The upstream calls the attempt `request_id`; "" if it does not say."""
        ...


class Runtime(Struct, frozen=True):
    """What attempts are made with, and who watches them; shared by all requests of a process.

    `told` are the models of which the log says that their upstream does not have them.
    """

    upstreams: Mapping[str, Upstream]
    slots: Slots
    world: World
    observer: Observer
    told: set[str] = field(default_factory=set)

    def tell_if_not_found(self, model: Model, fault: Fault) -> None:
        """Log, once for each place of a model, that it is not there: as others answer, nobody else may notice."""
        if fault.kind is FaultKind.NOT_FOUND and model.key not in self.told:
            self.told.add(model.key)
            place = (model.upstream, fault.status, fault.code or "no code", model.name, model.id)
            _LOG.warning(
                "upstream %s answers %s (%s) when asked for '%s', the model %s: are name and address right?",
                *place,
            )


Opens = Callable[[Response, Call, Callable[[], None]], Awaitable[Opened]]
"""How an answer is read whose head has come: `router.pipeline.opened.open_answer` for chat."""

Machine = Attempts | CascadeMachine
"""What decides on a request's calls: without a cascade, and with one."""


class Race:
    """The attempts of one request: usually one after the other, side by side when hedged."""

    def __init__(
        self,
        machine: Machine,
        call_for: Callable[[Start], Call],
        runtime: Runtime,
        attempt_books: AttemptBooks,
        opens: Opens = open_answer,
    ) -> None:
        self._machine = machine
        self._call_for = call_for
        self._runtime = runtime
        self._attempt_books = attempt_books
        self._opens = opens
        self._starting: list[Start] = []
        self._tasks: dict[asyncio.Task[Begun | Failed], Start] = {}
        self._wake_s: float | None = None
        self._sent: set[int] = set()
        self._stopped_by = Outcome.CLIENT_LEFT

    async def run(self) -> Begun:
        """The attempt that answers. Raises the ApiError that the machine gives up with.

        Attempts that are still in progress then are stopped and paid.
        """
        try:
            winner = await self._first()
        except BaseException:
            await self._stop_all()
            raise
        if self._tasks:
            self._stopped_by = Outcome.HEDGE_LOST
            await self._stop_others(winner)
        return winner

    def _first(self) -> Awaitable[Begun]:
        return self._raced(self._machine.begin(self._runtime.world.monotonic_s()))

    async def _raced(self, commands: tuple[Command, ...]) -> Begun:
        """The attempt that answers, starting from `commands`."""
        while True:
            self._take(commands)
            event = await self._next_event()
            commands = self._tell(event)
            if isinstance(event, Begun) and Commit(event.start.attempt) in commands:
                return event

    async def _stop_others(self, winner: Begun) -> None:
        """Stop the attempts that lost; the winner too, should the client leave meanwhile."""
        try:
            await self._stop_all()
        except asyncio.CancelledError:
            self._stopped_by = Outcome.CLIENT_LEFT
            self._stop(winner.start, winner.timing())
            await winner.opened.close()
            raise

    def _take(self, commands: tuple[Command, ...]) -> None:
        for command in commands:
            match command:
                case Start():
                    self._starting.append(command)
                case Wake(at_s):
                    self._wake_s = at_s
                case GiveUp(error):
                    self._stopped_by = Outcome.HEDGE_LOST
                    raise error
                case Commit() | Cancel() | CheckAnswers():
                    """Obeyed by `run`, which stops all others when one answers, and by those who judge."""

    def _tell(self, event: Begun | Failed | None) -> tuple[Command, ...]:
        now_s = self._runtime.world.monotonic_s()
        match event:
            case None:
                return self._machine.tick(now_s)
            case Begun(start):
                if start.candidate.model.replica:
                    self._machine.calls.measured(start.attempt, event.slowness, now_s)
                return self._machine.answering(start.attempt)
            case Failed(start, fault, timing):
                cost = self._attempt_books.failed(start, fault, timing)
                return self._machine.failed(start.attempt, fault, now_s, cost)

    async def _next_event(self) -> Begun | Failed | None:
        """What happens next to an attempt, or None when it is time to wake.

        A single attempt that nothing can overtake is awaited here: a task of its own costs as
        much as a tenth of the whole request.
        """
        starting, self._starting = self._starting, []
        if self._wake_s is None and not self._tasks and len(starting) == 1:
            return await self.attempt(starting[0])
        for start in starting:
            self._tasks[asyncio.create_task(self.attempt(start))] = start
        timeout_s = None
        if self._wake_s is not None:
            timeout_s = max(0.0, self._wake_s - self._runtime.world.monotonic_s())
        done, _ = await asyncio.wait(
            self._tasks, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED
        )
        if not done:
            self._wake_s = None
            return None
        task = min(done, key=lambda each: self._tasks[each].attempt)
        del self._tasks[task]
        return task.result()

    async def _stop_all(self) -> None:
        """Cancel what is still in progress, wait until it is gone, and close what answered too late."""
        tasks, self._tasks = self._tasks, {}
        await self._stop_these(tasks)

    async def _stop_these(self, tasks: Collection["asyncio.Task[Begun | Failed]"]) -> None:
        """The same for some of them, even if the client leaves meanwhile."""
        if tasks:
            await to_the_end(self._gone(tasks))

    async def _gone(self, tasks: Collection["asyncio.Task[Begun | Failed]"]) -> None:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            match result:
                case Begun():
                    await result.opened.close()
                    self._unwanted(result)
                case Failed(start, fault, timing):
                    # It failed in the very instant in which the race was over: it still counts.
                    cost = self._attempt_books.failed(start, fault, timing)
                    now_s = self._runtime.world.monotonic_s()
                    self._machine.failed(start.attempt, fault, now_s, cost)

    def _unwanted(self, begun: Begun) -> None:
        """It has answered in the very instant in which nobody wanted it any more."""
        self._stop(begun.start, begun.timing())

    def _stop(self, start: Start, timing: Timing) -> None:
        """The attempt is stopped by us; it cost something only if it was ever sent."""
        was_sent = start.attempt in self._sent
        verdict = CallVerdict.NEITHER if was_sent else CallVerdict.UNSENT
        self._machine.calls.end(start.attempt, verdict, self._runtime.world.monotonic_s())
        if was_sent:
            self._book_stopped(start, timing)

    def _book_stopped(self, start: Start, timing: Timing) -> None:
        self._attempt_books.stopped(start, timing, self._stopped_by)

    async def attempt(self, start: Start) -> Begun | Failed:
        """One attempt up to its first content, or its failure."""
        watch = Stopwatch.started(self._runtime.world)
        try:
            if start.at_s > watch.began_s:
                await self._runtime.world.sleep(start.at_s - watch.began_s)
                watch = Stopwatch.started(self._runtime.world)
            with at_most(start.until_s - watch.began_s):
                if fault := await self._attempt_books.set_aside(start):
                    return Failed(start, fault, watch.timing())
                opened = await self._open(start)
        except TimeoutError:
            was_sent = start.attempt in self._sent
            fault = _too_late(watch.elapsed_s()) if was_sent else _busy(watch.elapsed_s())
            return Failed(start, fault, watch.timing())
        except AttemptFailed as failed:
            self._attempt_books.named(start, failed.fault.request_id)
            self._runtime.tell_if_not_found(start.candidate.model, failed.fault)
            return Failed(start, failed.fault, watch.timing())
        except ApiError as refused:  # what it would be asked cannot be written
            fault = Fault(FaultKind.CLIENT, refused.status, refused.message, refused.code)
            return Failed(start, fault, watch.timing())
        except asyncio.CancelledError:
            self._stop(start, watch.timing())
            raise
        except Exception as error:  # noqa: BLE001 - a mistake of ours: nothing may stay reserved for it
            _LOG.error("a call to %s failed: %s", start.candidate.model.key, place_of(error))
            return Failed(start, _ours(was_sent=start.attempt in self._sent), watch.timing())
        return Begun(start, opened, watch, watch.elapsed_s() if opened.is_streamed else None)

    async def _open(self, start: Start) -> Opened:
        """The answer's beginning, in a place of the model that is held until the answer ends."""
        model, slots = start.candidate.model, self._runtime.slots
        call = self._call_for(start)
        if not slots.take_now(model):
            await self._wait_for_place(model)
        self._sent.add(start.attempt)
        release = partial(slots.give, model)
        response = await self._answering(call, release)
        self._attempt_books.named(start, response.request_id)
        opened = await self._opens(response, call, release)
        # A translated answer's own id would be a translation, too: its response knows the original one by now.
        self._attempt_books.named(start, response.request_id or opened.answer_id)
        return opened

    async def _answering(self, call: Call, release: Callable[[], None]) -> Response:
        """The head of the answer; without one the place is given back."""
        try:
            return await self._runtime.upstreams[call.model.upstream].send(call)
        except BaseException:
            release()
            raise

    async def _wait_for_place(self, model: Model) -> None:
        try:
            with at_most(_QUEUE_S):
                await self._runtime.slots.wait(model)
        except TimeoutError:
            raise AttemptFailed(_busy(_QUEUE_S)) from None


def _too_late(waited_s: float) -> Fault:
    message = f"it sent no content for {waited_s:.1f} s"
    return Fault(FaultKind.TRANSIENT, 504, message, "timeout", reached_model=True)


def _ours(*, was_sent: bool) -> Fault:
    message, code = "Farthing failed; its log says why", "internal_error"
    return Fault(FaultKind.OURS, 502, message, code, reached_model=was_sent)


def _busy(waited_s: float) -> Fault:
    message = f"all of its slots were taken for {waited_s:.1f} s"
    return Fault(FaultKind.BUSY, 429, message, "model_busy", _BUSY_RETRY_S)

"""Load: as much as goes through a number of connections, or a fixed rate of requests whatever comes back."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count

from benchmarks.overhead.asked import Question
from benchmarks.overhead.client import Answer, Client, Done

_GIVE_UP_S = 30.0


@dataclass(frozen=True, slots=True)
class Target:
    """Where questions go: a port on this machine, the path and headers, and whether streams come back.

    With `same` all questions are identical, so that a cache can answer them.
    """

    port: int
    path: str
    headers: tuple[tuple[str, str], ...]
    question: Question
    is_stream: bool = False
    same: bool = False

    def requests(self, first: int) -> Iterator[bytes]:
        """Whole requests without end, with numbers from `first` on."""
        head = self._head()
        numbers = iter(lambda: 0, None) if self.same else count(first)
        return (head + self.question.numbered(number) for number in numbers)

    def _head(self) -> bytes:
        length = len(self.question.numbered(0))
        fields = {
            "host": f"127.0.0.1:{self.port}",
            "content-type": "application/json",
            "content-length": str(length),
            "authorization": "Bearer sk-any",
            **dict(self.headers),
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"POST {self.path} HTTP/1.1\r\n{lines}\r\n".encode()


@dataclass(slots=True)
class Outcome:
    """All answers during `seconds` of load, and how many stamped chunks came meanwhile."""

    seconds: float = 0.0
    answers: list[Answer] = field(default_factory=list)
    chunks: int = 0

    def __add__(self, other: "Outcome") -> "Outcome":
        """This and what came after it."""
        answers = [*self.answers, *other.answers]
        return Outcome(self.seconds + other.seconds, answers, self.chunks + other.chunks)

    @property
    def good(self) -> list[Answer]:
        """Those that are as expected."""
        return [each for each in self.answers if not each.problem]

    @property
    def problems(self) -> list[str]:
        """What is wrong with the others."""
        return [each.problem for each in self.answers if each.problem]


class Saturation:
    """Connections that ask again as soon as they are answered."""

    def __init__(self, target: Target, first: int) -> None:
        self._target = target
        self._requests = target.requests(first)
        self._answers: list[Answer] = []
        self._clients: list[Client] = []
        self._is_over = False
        self._are_closed = asyncio.Event()

    async def start(self, connections: int) -> None:
        """Connect, and ask for the first time. Raises OSError if nobody listens."""
        for _ in range(connections):
            self._clients.append(await connected(self._target, self._done))
        for client in self._clients:
            client.ask(next(self._requests), time.monotonic_ns())

    async def window(self, seconds: float) -> Outcome:
        """What is answered in the next `seconds`; it ends early if all connections are closed."""
        self._answers, chunks = [], self._chunks
        began_ns = time.monotonic_ns()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._are_closed.wait()
        passed_s = (time.monotonic_ns() - began_ns) / 1e9
        return Outcome(passed_s, self._answers, self._chunks - chunks)

    def stop(self) -> None:
        """Close, whatever is in progress."""
        self._is_over = True
        for client in self._clients:
            client.close()

    @property
    def is_dead(self) -> bool:
        """Whether all connections are closed."""
        return self._are_closed.is_set()

    @property
    def _chunks(self) -> int:
        return sum(client.chunks for client in self._clients)

    def _done(self, client: Client, answer: Answer) -> None:
        self._answers.append(answer)
        if client.is_open and not self._is_over:
            client.ask(next(self._requests), time.monotonic_ns())
        elif not any(each.is_open for each in self._clients):
            self._are_closed.set()


class Pace:
    """Requests at moments that are fixed beforehand, whatever comes back meanwhile."""

    def __init__(self, target: Target, first: int) -> None:
        self._target = target
        self._requests = target.requests(first)
        self._outcome = Outcome()
        self._idle: list[Client] = []
        self._wanted = 0
        self._over = asyncio.Event()

    async def run(self, per_s: float, seconds: float) -> Outcome:
        """This many a second for this long, and as long as the last answers take, at most half a minute."""
        loop, wanted = asyncio.get_running_loop(), round(per_s * seconds)
        self._idle.append(await connected(self._target, self._done))
        began_s = loop.time()
        for number in range(wanted):
            due_s = began_s + number / per_s
            await asyncio.sleep(due_s - loop.time())
            await self._ask(int(due_s * 1e9))
        await self._settle(wanted)
        self._outcome.seconds = loop.time() - began_s
        return self._outcome

    async def _ask(self, due_ns: int) -> None:
        while self._idle and not self._idle[-1].is_open:
            self._idle.pop()
        client = self._idle.pop() if self._idle else await connected(self._target, self._done)
        client.ask(next(self._requests), due_ns)

    async def _settle(self, wanted: int) -> None:
        self._wanted = wanted
        self._look()
        try:
            async with asyncio.timeout(_GIVE_UP_S):
                await self._over.wait()
        except TimeoutError:
            late = wanted - len(self._outcome.answers)
            missing = [Answer(0, problem="there was no answer in half a minute")] * late
            self._outcome.answers.extend(missing)
        for client in self._idle:
            client.close()

    def _done(self, client: Client, answer: Answer) -> None:
        self._outcome.answers.append(answer)
        if client.is_open:
            self._idle.append(client)
        self._look()

    def _look(self) -> None:
        if self._wanted and len(self._outcome.answers) >= self._wanted:
            self._over.set()


async def connected(target: Target, done: Done) -> Client:
    """A new connection to the target. Raises OSError if nobody listens."""
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(
        lambda: Client(done, is_stream=target.is_stream), "127.0.0.1", target.port
    )
    return client

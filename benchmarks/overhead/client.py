"""A client that costs little: one connection that asks, checks what comes, and reports how long it took."""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from benchmarks.overhead.asked import ANSWER_WORD, CHUNKS

_STAMP = re.compile(rb"@(\d{16})@")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_LAST_CHUNK = b"0\r\n\r\n"


@dataclass(slots=True)
class Answer:
    """The result of a question; times in ns since it was due. `problem` is empty if all is as expected."""

    due_ns: int
    done_ns: int = 0
    first_ns: int = 0
    delays_ns: list[int] = field(default_factory=list)
    problem: str = ""


Done = Callable[["Client", Answer], None]


class Client(asyncio.Protocol):
    """One connection to a contestant; `done` is called with each answer, and may ask again.

    `chunks` is how many stamped events it has received in total.
    """

    def __init__(self, done: Done, *, is_stream: bool) -> None:
        self._done = done
        self._is_stream = is_stream
        self._arrived = bytearray()
        self._answer: Answer | None = None
        self._end = -1
        self._seen = 0
        self.chunks = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it for writing."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is not a subclass of it

    @property
    def is_open(self) -> bool:
        """Whether it can ask again."""
        return not self._transport.is_closing()

    def ask(self, request: bytes, due_ns: int) -> None:
        """Send a whole request; its time counts from when it was due."""
        self._arrived.clear()
        self._end, self._seen = -1, 0
        self._answer = Answer(due_ns)
        self._transport.write(request)

    def close(self) -> None:
        """Close, without waiting for an answer."""
        self._answer = None
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Add what came; if it is complete, report it."""
        if self._answer is None:
            return
        self._arrived += data
        if self._is_stream:
            self._read_stamps(self._answer)
        if self._is_whole():
            self._finish(self._answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """An answer that is not complete by then counts as none."""
        if self._answer is not None:
            self._answer.problem = f"the connection was closed: {exc}"
            self._finish(self._answer)

    def _read_stamps(self, answer: Answer) -> None:
        now_ns = time.monotonic_ns()
        for stamp in _STAMP.finditer(self._arrived, self._seen):
            answer.delays_ns.append(now_ns - int(stamp[1]))
            self.chunks += 1
            self._seen = stamp.end()
        if answer.delays_ns and not answer.first_ns:
            answer.first_ns = now_ns - answer.due_ns

    def _is_whole(self) -> bool:
        if self._end == -1:
            self._end = _end_of(self._arrived)
        if self._end == 0:
            return self._arrived.endswith(_LAST_CHUNK)
        return 0 < self._end <= len(self._arrived)

    def _finish(self, answer: Answer) -> None:
        answer.done_ns = time.monotonic_ns() - answer.due_ns
        answer.problem = answer.problem or problem_of(bytes(self._arrived), answer, self._is_stream)
        self._answer = None
        self._done(self, answer)


def _end_of(arrived: bytearray) -> int:
    """The answer's length including its head; 0 if it is chunked, -1 if that is not known yet."""
    head_end = arrived.find(b"\r\n\r\n")
    if head_end < 0:
        return -1
    length = _LENGTH.search(arrived, 0, head_end)
    return head_end + 4 + int(length[1]) if length else 0


def problem_of(arrived: bytes, answer: Answer, is_stream: bool) -> str:
    """What is wrong with a complete answer; empty if nothing is."""
    if arrived[9:12] != b"200":
        return f"it is no success: {arrived[:2000].decode(errors='replace')}"
    if ANSWER_WORD not in arrived:
        return f"the upstream's words are not in it: {arrived[:2000].decode(errors='replace')}"
    if is_stream and len(answer.delays_ns) != CHUNKS:
        return f"the stream has {len(answer.delays_ns)} of {CHUNKS} chunks"
    if is_stream and b"[DONE]" not in arrived[-400:]:
        return "the stream does not say that it is done"
    return ""

"""The upstream: one canned answer, or a stream with an event every 5 ms that says when it was sent.

    python -m benchmarks.overhead.mock PORT

Streams start at five different phases, so that their events do not come in bursts. A GET returns how
many questions there were.
"""

import asyncio
import re
import sys
import time
from collections.abc import Iterator
from typing import cast

import orjson
import uvloop

from benchmarks.overhead.asked import ANSWER_WORD, CHUNKS

PERIOD_S = 0.005
"""Between two events of a stream."""
_PHASES = 5
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_STREAM = (b'"stream":true', b'"stream": true')
_HEAD = {"id": "chatcmpl-1", "created": 1_700_000_000, "model": "mock"}
_USAGE = {"prompt_tokens": 40, "completion_tokens": CHUNKS, "total_tokens": 40 + CHUNKS}


def _plain() -> bytes:
    said = {"role": "assistant", "content": ANSWER_WORD.decode() + " is a river in France. " * 20}
    choice = {"index": 0, "message": said, "finish_reason": "stop"}
    told = {**_HEAD, "object": "chat.completion", "choices": [choice], "usage": _USAGE}
    body = orjson.dumps(told)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return head % len(body) + body


def _event(data: bytes) -> bytes:
    """A server-sent event as a chunk of HTTP."""
    line = b"data: %b\n\n" % data
    return b"%x\r\n%b\r\n" % (len(line), line)


def _told(reason: str | None, **delta: str) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return orjson.dumps({**_HEAD, "object": "chat.completion.chunk", "choices": [choice]})


_PLAIN = _plain()
_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    + _event(_told(None, role="assistant", content=ANSWER_WORD.decode()))
)
_NO_TIME = "0" * 16
_STAMPED = _event(_told(None, content=f" @{_NO_TIME}@")).split(_NO_TIME.encode())
_STREAM_END = (
    _event(_told("stop"))
    + _event(orjson.dumps({**_HEAD, "object": "chat.completion.chunk", "choices": [], "usage": _USAGE}))
    + _event(b"[DONE]")
    + b"0\r\n\r\n"
)  # fmt: skip


def _stamped() -> bytes:
    """An event that gives the time, in ns of the system's monotonic clock."""
    return b"%b%016d%b" % (_STAMPED[0], time.monotonic_ns(), _STAMPED[1])


class Ticker:
    """Sends each stream its next event, to a fifth of all streams every millisecond."""

    def __init__(self) -> None:
        self._phases: list[dict[asyncio.Transport, int]] = [{} for _ in range(_PHASES)]
        self._next = 0
        self.calls = 0

    def add(self, transport: asyncio.Transport) -> None:
        """Start a stream: its head and its first stamped event at once."""
        transport.write(_STREAM_HEAD + _stamped())
        min(self._phases, key=len)[transport] = CHUNKS - 1

    async def run(self) -> None:
        """Tick until cancelled."""
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while True:
            due_s = max(due_s + PERIOD_S / _PHASES, loop.time() - PERIOD_S)
            await asyncio.sleep(due_s - loop.time())
            self._tick(self._phases[self._next])
            self._next = (self._next + 1) % _PHASES

    def _tick(self, streams: dict[asyncio.Transport, int]) -> None:
        for transport, left in list(streams.items()):
            if transport.is_closing():
                del streams[transport]
            elif left:
                transport.write(_stamped())
                streams[transport] = left - 1
            else:
                transport.write(_STREAM_END)
                del streams[transport]


class Answering(asyncio.Protocol):
    """One connection, one question at a time."""

    def __init__(self, ticker: Ticker) -> None:
        self._ticker = ticker
        self._arrived = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it for writing."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is not a subclass of it

    def data_received(self, data: bytes) -> None:
        """Answer every question that is complete."""
        self._arrived += data
        for head, body in whole_requests(self._arrived):
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"GET"):
            told = b"%d" % self._ticker.calls
            self._transport.write(
                b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(told) + told
            )
            return
        self._ticker.calls += 1
        if any(word in body for word in _STREAM):
            self._ticker.add(self._transport)
        else:
            self._transport.write(_PLAIN)


def whole_requests(arrived: bytearray) -> Iterator[tuple[bytes, bytes]]:
    """Head and body of every complete request; they are removed from `arrived`."""
    while (head_end := arrived.find(b"\r\n\r\n")) >= 0:
        head, begin = bytes(arrived[:head_end]), head_end + 4
        if length := _LENGTH.search(head):
            end = begin + int(length[1])
        elif _CHUNKED.search(head):
            last = arrived.find(b"0\r\n\r\n", begin)
            end = last + 5 if last >= 0 else len(arrived) + 1
        else:
            end = begin
        if end > len(arrived):
            return
        body = bytes(arrived[begin:end])
        del arrived[:end]
        yield head, body


async def serve(port: int) -> None:
    """Answer on a port of 127.0.0.1 until cancelled."""
    ticker = Ticker()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answering(ticker), "127.0.0.1", port, backlog=4096)
    async with server, asyncio.TaskGroup() as tasks:
        tasks.create_task(ticker.run())
        tasks.create_task(server.serve_forever())


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(int(sys.argv[1])))

"""How long one large request keeps all others from their turn in the event loop.

    python -m benchmarks.rooms.stalls [--rounds 7]

A whole Farthing in this process, with an upstream that answers at once; the client is a thread that sends bytes. A
task asks for its turn again and again, and notes how long it had to wait: by the clock, and by the processor's time of
the loop's own thread, which what else the machine does cannot lengthen. Told is the longest wait of each round, and of
the rounds the median. At rest it is some microseconds.
"""

import argparse
import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, thread_time
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson
import yaml

from benchmarks.kept_decisions import AtOnce
from benchmarks.rooms.asked import conversation, question
from benchmarks.rooms.house import a_dozen, config_of
from router.app import Running, real_world, serving
from router.cli.program.heap import settle
from router.config.load import load_settings
from router.config.settings import Settings

_MB = 1_000_000


class Wait(NamedTuple):
    """The longest wait for a turn, in milliseconds."""

    clock_ms: float
    cpu_ms: float


def requests() -> dict[str, bytes]:
    """What is sent, by name."""
    return {
        "1 KB": question(1000),
        "question, 1 MB": question(_MB),
        "question, 8 MB": question(8 * _MB),
        "conversation, 100 KB": conversation(60),
        "conversation, 1 MB": conversation(760),
        "conversation, 8 MB": conversation(6100),
        "tags, 8 MB": _asked([_user("<system-reminder></system-reminder>" * 240_000)]),
        "approvals, 8 MB": _asked([_user("yes")] * 250_000),
        "parts, 8 MB": _asked([_user([_PART] * 300_000), _user("Hello!")]),
        "tools, 8 MB": _asked([_user("Hello!")], tools=[_TOOL] * 130_000),
        "one member 9,000 times": _asked([_user("Hello!")])[:-1] + b',"model":"auto"' * 9000 + b"}",
        "lists, 2.9 MB": _asked([_user("Hello!")], x=[[]] * 490_000, farthing={"receipt": True}),
    }


_PART = {"type": "text", "text": "a"}
_TOOL = {"type": "function", "function": {"name": "a", "parameters": {}}}


def _user(content: object) -> dict[str, Any]:
    return {"role": "user", "content": content}


def _asked(messages: list[dict[str, Any]], **more: Any) -> bytes:
    return orjson.dumps({"model": "auto", "messages": messages, **more})


def _settings(folder: str) -> Settings:
    path = Path(folder, "config.yaml")
    path.write_text(yaml.safe_dump({**config_of(a_dozen()), "server": {"port": 0}}), "utf-8")
    return load_settings(path, {})


@asynccontextmanager
async def _farthing() -> AsyncIterator[Running]:
    with tempfile.TemporaryDirectory() as folder:
        async with serving(_settings(folder), real_world()) as running:
            upstreams = running.pipeline.runtime.upstreams
            assert isinstance(upstreams, dict)
            upstreams["up"] = AtOnce()
            yield running


def _sent(url: str, raw: bytes) -> bytes:
    """The head of the answer to a request over a separate connection."""
    address = urlsplit(url)
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        f"connection: close\r\ncontent-length: {len(raw)}\r\n\r\n"
    )
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(head.encode() + raw)
        connection.settimeout(60)
        answer = b""
        while piece := connection.recv(2**16):
            answer += piece
    return answer


async def _longest_wait(act: Callable[[], bytes]) -> Wait:
    """The longest wait for a turn while `act` runs in a thread."""
    doing = asyncio.get_running_loop().run_in_executor(None, act)
    clock_s, cpu_s = 0.0, 0.0
    while not doing.done():
        began, cpu = perf_counter(), thread_time()
        await asyncio.sleep(0)
        clock_s, cpu_s = max(clock_s, perf_counter() - began), max(cpu_s, thread_time() - cpu)
    answer = await doing
    assert answer.startswith(b"HTTP/1.1 200"), answer[:500]
    return Wait(clock_s * 1000, cpu_s * 1000)


async def _measure(rounds: int) -> None:
    async with _farthing() as running:
        settle()  # as `farthing serve` does
        print("longest wait for a turn, ms        clock  processor")
        for name, raw in requests().items():
            await _longest_wait(partial(_sent, running.url, raw))
            waits = [
                await _longest_wait(partial(_sent, running.url, _another(raw, number)))
                for number in range(rounds)
            ]
            clock, cpu = (median(column) for column in zip(*waits, strict=True))
            print(f"{name:30}{clock:10.2f}{cpu:11.2f}", flush=True)


def _another(raw: bytes, number: int) -> bytes:
    """The same request with one more member, so that its answer is not stored yet."""
    return raw[:-1] + b',"seed":%d}' % number


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    asyncio.run(_measure(parser.parse_args().rounds))


if __name__ == "__main__":
    main()

"""What it costs to come in by another door: the processor's time for a request, beside chat's for the same one.

    python -m benchmarks.doors [--requests 300] [--rounds 5]

All doors run in this process, in turns, before an upstream that answers at once; reading, routing,
books and telling count, sockets do not. `small` is a question, `agent` a coding agent's 45 KB with ten
tools; streams have 200 chunks. Each figure is the best of the rounds, each ratio their median.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from benchmarks.kept_decisions import written
from router.app import real_world, serving
from router.config.load import load_settings
from router.pipeline.flow import Pipeline
from router.pipeline.reply import PlainReply, Reply
from router.pipeline.visit import Caller
from router.ports import Call
from router.server.doors import retold
from router.wire.doors.door import Door
from router.wire.doors.translated import MESSAGES, RESPONSES

_CHUNKS = 200
_PROSE = (
    "You are a coding agent that works on the files of a repository. Read before you write. " * 50
)
_SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
_QUESTION = "Name a river in France."
_HEAD = {"id": "chatcmpl-1", "created": 1, "model": "m"}
_USAGE = {"prompt_tokens": 240, "completion_tokens": 200, "total_tokens": 440}
_DOORS: Mapping[str, Door] = {"responses": RESPONSES, "messages": MESSAGES}


def _chunk(**choice: Any) -> bytes:
    return b"data: " + orjson.dumps({**_HEAD, "choices": [{"index": 0, **choice}]}) + b"\n\n"


_PLAIN = orjson.dumps(
    {
        **_HEAD,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "The Loire. " * _CHUNKS},
                "finish_reason": "stop",
            }
        ],
        "usage": _USAGE,
    }
)
_STREAM = (
    _chunk(delta={"role": "assistant", "content": ""}),
    *(_chunk(delta={"content": "The Loire. "}) for _ in range(_CHUNKS)),
    _chunk(delta={}, finish_reason="stop"),
    b"data: " + orjson.dumps({**_HEAD, "choices": [], "usage": _USAGE}) + b"\n\n",
    b"data: [DONE]\n\n",
)


@dataclass(frozen=True, slots=True)
class _Answered:
    is_stream: bool

    async def read(self) -> bytes:
        return _PLAIN

    async def pieces(self) -> AsyncIterator[bytes]:
        for piece in _STREAM:
            yield piece

    async def close(self) -> None:
        pass


class _AtOnce:
    """An upstream that costs nothing."""

    asks_usage = True

    async def send(self, call: Call) -> _Answered:
        return _Answered(call.stream)

    async def close(self) -> None:
        pass


def _messages(*, is_agent: bool, stream: bool) -> bytes:
    asked = [{"role": "user", "content": _QUESTION}]
    body: dict[str, Any] = {"model": "auto", "max_tokens": 500, "stream": stream, "messages": asked}
    if is_agent:
        body["system"] = [{"type": "text", "text": _PROSE * 3}]
        body["tools"] = [
            {"name": f"tool_{each}", "description": _PROSE[:3000], "input_schema": _SCHEMA}
            for each in range(10)
        ]
    return orjson.dumps(body)


def _responses(*, is_agent: bool, stream: bool) -> bytes:
    told = [{"type": "input_text", "text": _QUESTION}]
    asked = [{"type": "message", "role": "user", "content": told}]
    body: dict[str, Any] = {"model": "auto", "stream": stream, "input": asked}
    body["max_output_tokens"] = 500
    if is_agent:
        body["instructions"] = _PROSE * 3
        body["tools"] = [
            {
                "type": "function",
                "name": f"tool_{each}",
                "description": _PROSE[:3000],
                "parameters": _SCHEMA,
            }
            for each in range(10)
        ]
    return orjson.dumps(body)


async def _taken(reply: Reply) -> None:
    if not isinstance(reply, PlainReply):
        async for _ in reply.pieces:
            pass


async def _by_chat(pipeline: Pipeline, raw: bytes) -> None:
    await _taken(await pipeline.answer(raw, Caller(pipeline.means.world.new_id())))


async def _by_door(pipeline: Pipeline, raw: bytes, door: Door) -> None:
    asked = door.read(raw)
    caller = Caller(pipeline.means.world.new_id())
    reply = await pipeline.answer(asked.chat, caller, asked.original)
    await _taken(retold(reply, asked, 1, {}))


async def _cpu_us(pipeline: Pipeline, raw: bytes, door: Door | None, requests: int) -> float:
    began = time.process_time()
    for _ in range(requests):
        await (_by_door(pipeline, raw, door) if door else _by_chat(pipeline, raw))
    return (time.process_time() - began) / requests * 1e6


async def _measure(requests: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = written(Path(folder, "doors"), models=8, decisions=False)
        async with serving(load_settings(config, {}), real_world()) as running:
            means = replace(running.pipeline.means, upstreams={"up": _AtOnce()})
            pipeline = replace(running.pipeline, means=means)
            for is_agent in (False, True):
                for stream in (False, True):
                    await _compare(pipeline, requests, rounds, is_agent=is_agent, stream=stream)


async def _compare(
    pipeline: Pipeline, requests: int, rounds: int, *, is_agent: bool, stream: bool
) -> None:
    bodies = {
        "responses": _responses(is_agent=is_agent, stream=stream),
        "messages": _messages(is_agent=is_agent, stream=stream),
    }
    chat = MESSAGES.read(bodies["messages"]).chat
    times: dict[str, list[float]] = {"chat": [], "responses": [], "messages": []}
    for _ in range(rounds):
        times["chat"].append(await _cpu_us(pipeline, chat, None, requests))
        for name, door in _DOORS.items():
            times[name].append(await _cpu_us(pipeline, bodies[name], door, requests))
    kind = f"{'agent' if is_agent else 'small'}, {'streamed' if stream else 'plain'}"
    told = [f"chat {min(times['chat']):.0f} us"]
    for name in _DOORS:
        ratio = statistics.median(a / b for a, b in zip(times[name], times["chat"], strict=True))
        told.append(f"{name} {min(times[name]):.0f} us (x {ratio:.2f})")
    print(f"{kind}: {', '.join(told)}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    asyncio.run(_measure(args.requests, args.rounds))


if __name__ == "__main__":
    main()

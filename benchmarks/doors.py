"""What it costs to come in by another door: the processor's time for a request, beside chat's for the same one.

    python -m benchmarks.doors [--requests 300] [--rounds 5]

All doors run in this process, in turns, before an upstream that answers at once; reading, routing,
books and telling count, sockets do not. `small` is a question, `agent` a coding agent's 45 KB with ten
tools; streams have 200 chunks. Each figure is the best of the rounds, each ratio their median.

Three upstreams are behind each door: one of chat, whose answer is told in the door's API; one that speaks
Messages or Responses as the door does, and is translated to chat and back (`both ways`); and the same one
passed as it is (`native`).
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from benchmarks.kept_decisions import written
from router.app import real_world, serving
from router.config.load import load_settings
from router.domain.members import replace
from router.pipeline.flow import Pipeline
from router.pipeline.reply import PlainReply, Reply
from router.pipeline.request_context import Caller
from router.ports import Call, Upstream
from router.providers.anthropic import anthropic_upstream
from router.providers.endpoints import AnthropicEndpoint, Endpoint
from router.providers.responses import responses_upstream
from router.server.doors import retold
from router.wire.dialects.answer import AnswerContext
from router.wire.dialects.dialect import Dialect, Target
from router.wire.dialects.translate import StreamTranslator, event_bytes, translate_answer
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
    plain: bytes = _PLAIN
    stream: tuple[bytes, ...] = _STREAM
    request_id: str = "req_1234567890abcdef1234567890abcdef"

    async def read(self) -> bytes:
        return self.plain

    async def pieces(self) -> AsyncIterator[bytes]:
        for piece in self.stream:
            yield piece

    async def close(self) -> None:
        pass


class _AtOnce:
    """An upstream that takes no time."""

    asks_usage = True

    async def send(self, call: Call) -> _Answered:
        return _Answered(call.stream)

    async def close(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class _Told:
    """An upstream of posts that takes no time: chat's answer, as another dialect would have it."""

    plain: bytes
    stream: tuple[bytes, ...]

    @classmethod
    def of(cls, dialect: Dialect) -> "_Told":
        """The answer in `dialect`."""
        source, answer_context = Target(Dialect.CHAT), AnswerContext(1)
        whole = translate_answer(orjson.loads(_PLAIN), source, dialect, answer_context)
        translator = StreamTranslator(source, dialect, answer_context)
        chunks = [orjson.loads(each[6:]) for each in _STREAM[:-1]]
        events = [event for chunk in chunks for event in translator.feed(chunk)]
        told = [event_bytes(event, dialect) for event in (*events, *translator.end())]
        return cls(orjson.dumps(whole), tuple(told))

    async def post(self, body: bytes, *, fresh: bool, headers: Mapping[str, str]) -> _Answered:
        """The answer, to whatever."""
        del fresh, headers
        return _Answered(b'"stream":true' in body, self.plain, self.stream)

    async def close(self) -> None:
        """Nothing to close."""


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to the same model: its upstream, by dialect, and whether requests may be passed on unchanged."""

    name: str
    passes: bool = True
    upstreams: Mapping[str, Upstream] = field(default_factory=dict)


async def _ways() -> tuple[_Way, ...]:
    """Chat; the door's own dialect, translated to chat and back; and the same, passed on unchanged."""
    own: dict[str, Upstream] = {
        "messages": await _upstream(
            anthropic_upstream, AnthropicEndpoint("http://nowhere"), "messages"
        ),
        "responses": await _upstream(responses_upstream, Endpoint("http://nowhere"), "responses"),
    }
    chat: dict[str, Upstream] = {"messages": _AtOnce(), "responses": _AtOnce()}
    return _Way("", True, chat), _Way("both ways", False, own), _Way("native", True, own)


async def _upstream(made: Callable[..., Any], endpoint: Any, dialect: str) -> Upstream:
    upstream: Any = made(endpoint, unix_s=time.time)
    await upstream.close()
    upstream._line = _Told.of(Dialect(dialect))  # noqa: SLF001 - sockets are not to be measured
    told: Upstream = upstream
    return told


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
    await _taken(await pipeline.answer(raw, Caller(pipeline.runtime.world.new_id())))


async def _by_door(pipeline: Pipeline, raw: bytes, door: Door, *, passes: bool) -> None:
    asked = door.read(raw)
    caller = Caller(pipeline.runtime.world.new_id())
    original = asked.original if passes else None
    reply = await pipeline.answer(asked.chat, caller, original)
    await _taken(retold(reply, asked, 1, {}))


async def _cpu_us(requests: int, ask: Callable[[], Awaitable[None]]) -> float:
    began = time.process_time()
    for _ in range(requests):
        await ask()
    return (time.process_time() - began) / requests * 1e6


async def _measure(requests: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = written(Path(folder, "doors"), models=8, decisions=False)
        async with serving(load_settings(config, {}), real_world()) as running:
            ways = await _ways()
            for is_agent in (False, True):
                for stream in (False, True):
                    kind = (
                        f"{'agent' if is_agent else 'small'}, {'streamed' if stream else 'plain'}"
                    )
                    asked = _asking(running.pipeline, ways, is_agent=is_agent, stream=stream)
                    await _compare(kind, asked, requests, rounds)


def _asking(
    pipeline: Pipeline, ways: tuple[_Way, ...], *, is_agent: bool, stream: bool
) -> Mapping[str, Callable[[], Awaitable[None]]]:
    """Each way to ask, by name."""
    bodies = {
        "responses": _responses(is_agent=is_agent, stream=stream),
        "messages": _messages(is_agent=is_agent, stream=stream),
    }
    chat, direct = MESSAGES.read(bodies["messages"]).chat, _at(pipeline, _AtOnce())
    asked: dict[str, Callable[[], Awaitable[None]]] = {"chat": lambda: _by_chat(direct, chat)}
    for name, door in _DOORS.items():
        for way in ways:
            there = _at(pipeline, way.upstreams[name])
            asked[f"{name} {way.name}".strip()] = partial(
                _by_door, there, bodies[name], door, passes=way.passes
            )
    return asked


def _at(pipeline: Pipeline, upstream: Upstream) -> Pipeline:
    return replace(pipeline, runtime=replace(pipeline.runtime, upstreams={"up": upstream}))


async def _compare(
    kind: str, asked: Mapping[str, Callable[[], Awaitable[None]]], requests: int, rounds: int
) -> None:
    times: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(rounds):
        for name, ask in asked.items():
            times[name].append(await _cpu_us(requests, ask))
    print(f"{kind}:")
    for name, found in times.items():
        ratio = statistics.median(a / b for a, b in zip(found, times["chat"], strict=True))
        print(f"  {name:<20} {min(found):6.0f} us  x {ratio:.2f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    asyncio.run(_measure(args.requests, args.rounds))


if __name__ == "__main__":
    main()

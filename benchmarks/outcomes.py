"""What it costs to look at answers: the pipeline's time for a request, with and without.

    python -m benchmarks.outcomes [--requests 1000] [--rounds 9]

Two pipelines run in this process, in turns, before an upstream that answers at once, each with a ledger in
a file. The processor's time counts, the ledger's thread included: it is the same core that answers. Each
request is of another question; the last kind is asked twice each time, so that half of them are retries.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import yaml

from router.app import real_world, serving
from router.config.load import load_settings
from router.domain.members import replace
from router.pipeline.flow import Pipeline
from router.pipeline.reply import StreamReply
from router.pipeline.request_context import Caller
from router.ports import Call

_POLICIES = Path(__file__).parents[1] / "policies"
_CITY = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "people": {"type": "integer"}},
    "required": ["name", "people"],
    "additionalProperties": False,
}
_JSON = {"response_format": {"type": "json_schema", "json_schema": {"name": "c", "schema": _CITY}}}
_TOOL = {"type": "function", "function": {"name": "find", "parameters": _CITY}}
_CITY_TEXT = '{"name": "Lyon", "people": 520774}'
_CALL = {"id": "t", "type": "function", "function": {"name": "find", "arguments": _CITY_TEXT}}
_WORDS = 200


@dataclass(frozen=True)
class Kind:
    """A kind of request: its fields, its answer, and the length of its prompt."""

    fields: Mapping[str, Any]
    message: Mapping[str, Any]
    prompt_chars: int = 1000
    is_again: bool = False


_KINDS = {
    "plain, 1 KB": Kind({}, {"content": "The Loire."}),
    "plain, 32 KB": Kind({}, {"content": "The Loire."}, 32_000),
    "20 tools offered, none called": Kind({"tools": [_TOOL] * 20}, {"content": "The Loire."}),
    f"stream of {_WORDS} events": Kind({"stream": True}, {"content": "word "}),
    f"stream of {_WORDS} events, tools offered": Kind(
        {"stream": True, "tools": [_TOOL]}, {"content": "word "}
    ),
    "JSON of a schema": Kind(_JSON, {"content": _CITY_TEXT}),
    "a tool is called": Kind({"tools": [_TOOL] * 20}, {"content": None, "tool_calls": [_CALL]}),
    "asked again": Kind({}, {"content": "The Loire."}, is_again=True),
}


class _Answered:
    request_id = ""

    def __init__(self, pieces: list[bytes], *, is_stream: bool) -> None:
        self.is_stream = is_stream
        self._pieces = pieces

    async def read(self) -> bytes:
        return b"".join(self._pieces)

    async def pieces(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece

    async def close(self) -> None:
        pass


class _AtOnce:
    """An upstream that takes no time."""

    asks_usage = True

    def __init__(self, kind: Kind) -> None:
        self._stream = bool(kind.fields.get("stream"))
        self._pieces = _stream(kind.message) if self._stream else [_plain(kind.message)]

    async def send(self, call: Call) -> _Answered:  # noqa: ARG002 - every call is the same to it
        return _Answered(self._pieces, is_stream=self._stream)

    async def close(self) -> None:
        pass


_HEAD = {"id": "chatcmpl-1", "created": 1, "model": "m"}
_USAGE = {"prompt_tokens": 240, "completion_tokens": 4, "total_tokens": 244}


def _plain(message: Mapping[str, Any]) -> bytes:
    choice = {
        "index": 0,
        "message": {"role": "assistant", **message},
        "finish_reason": "tool_calls" if message.get("tool_calls") else "stop",
    }
    return orjson.dumps(
        {**_HEAD, "object": "chat.completion", "choices": [choice], "usage": _USAGE}
    )


def _stream(message: Mapping[str, Any]) -> list[bytes]:
    choices = [{"index": 0, "delta": message, "finish_reason": None}] * _WORDS
    choices.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    events = [{**_HEAD, "object": "chat.completion.chunk", "choices": [each]} for each in choices]
    return [*(b"data: %s\n\n" % orjson.dumps(event) for event in events), b"data: [DONE]\n\n"]


def _config(folder: Path, *, looks: bool) -> Path:
    folder.mkdir()
    price = {"input_usd_per_mtok": 0.1, "output_usd_per_mtok": 0.4}
    config = {
        "version": 1,
        "server": {"port": 0},
        "upstreams": {"up": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1"}},
        "models": {"model": {"upstream": "up", "price": price}},
        "policies": {"directory": str(_POLICIES), "default": "balanced"},
        "cache": {"url": "off"},
        "ledger": {"path": "ledger.db"},
        "outcomes": {"automatic": looks},
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config), "utf-8")
    return path


@asynccontextmanager
async def _pipeline(config: Path) -> AsyncIterator[Pipeline]:
    async with serving(load_settings(config, {}), real_world()) as running:
        yield running.pipeline


def _body(kind: Kind, number: int) -> bytes:
    text = f"{number} " + "Name a river in France. " * (kind.prompt_chars // 24)
    messages = [{"role": "user", "content": text}]
    return orjson.dumps({"model": "model", "messages": messages, **kind.fields})


async def _cpu_us(pipeline: Pipeline, bodies: list[bytes]) -> float:
    new_id = pipeline.runtime.world.new_id
    began = time.process_time()
    for body in bodies:
        reply = await pipeline.answer(body, Caller(new_id()))
        if isinstance(reply, StreamReply):
            async for _ in reply.pieces:
                pass
        await asyncio.sleep(0)  # as a server would, before the next request has come
    return (time.process_time() - began) / len(bodies) * 1e6


async def _measure(requests: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            both = [
                await stack.enter_async_context(
                    _pipeline(_config(Path(folder, str(looks)), looks=looks))
                )
                for looks in (False, True)
            ]
            for name, kind in _KINDS.items():
                await _compare(name, kind, both, requests, rounds)


async def _compare(name: str, kind: Kind, both: list[Pipeline], requests: int, rounds: int) -> None:
    upstreams = {"up": _AtOnce(kind)}
    ready = [replace(each, runtime=replace(each.runtime, upstreams=upstreams)) for each in both]
    times = []
    for turn in range(rounds):
        numbers = range(turn * requests, (turn + 1) * requests)
        bodies = [_body(kind, number // 2 if kind.is_again else number) for number in numbers]
        order = (0, 1) if turn % 2 else (1, 0)
        spent = {which: await _cpu_us(ready[which], bodies) for which in order}
        times.append((spent[0], spent[1]))
    without, looked = (min(column) for column in zip(*times, strict=True))
    ratio = statistics.median(after / before for before, after in times)
    print(f"{name:42} {without:7.0f} us {looked:7.0f} us, median ratio {ratio:.3f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    asyncio.run(_measure(args.requests, args.rounds))


if __name__ == "__main__":
    main()

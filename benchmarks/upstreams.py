"""CPU that one call takes in this process, by the dialect of the upstream: bytes through, or translated.

`python -m benchmarks.upstreams [--calls 200] [--litellm]`. The simulated models answer in a process of
their own, so only the way to them is measured: a small request, and an agent's of 60 KB with tools and
a history of calls; plain, and streamed.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from router.domain.category import Category
from router.domain.model import Ability, Model
from router.domain.price import Price
from router.ports import Call, Upstream
from router.providers.anthropic import anthropic_upstream
from router.providers.direct import DirectUpstream
from router.providers.endpoints import AnthropicEndpoint, Endpoint
from router.providers.responses import responses_upstream
from router.wire.dialects.dialect import Dialect

MODEL = "sim-mid"
ROUNDS = 5
"""The least of so many is told: everything else that the machine does can only add to it."""
WARM_UPS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--litellm", action="store_true")
    args = parser.parse_args()
    with simulator() as url:
        asyncio.run(measure(url, args.calls, with_litellm=args.litellm))


@contextmanager
def simulator() -> Iterator[str]:
    command = [sys.executable, "-m", "router", "simulate", "--speed", "0", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            yield line.split(" at ")[1].split("/v1")[0]
        finally:
            process.terminate()


def ways(url: str, *, with_litellm: bool) -> dict[str, Upstream]:
    openai = Endpoint(f"{url}/v1", "sk-any")
    made: dict[str, Upstream] = {
        "chat": DirectUpstream(openai, unix_s=time.time),
        "responses": responses_upstream(
            Endpoint(f"{url}/v1", "sk-any", dialect=Dialect.RESPONSES), unix_s=time.time
        ),
        "messages": anthropic_upstream(AnthropicEndpoint(url, "sk-any"), unix_s=time.time),
    }
    if with_litellm:
        from router.providers.litellm_upstream import LitellmUpstream  # noqa: PLC0415  it is slow

        made["litellm"] = LitellmUpstream("anthropic", api_key="sk-any", base_url=url)
    return made


async def measure(url: str, calls: int, *, with_litellm: bool) -> None:
    print(f"{'':20}" + "".join(f"{title:>26}" for title in BODIES))
    for name, upstream in ways(url, with_litellm=with_litellm).items():
        for stream in (False, True):
            cells = [await cost_ms(upstream, body(), stream, calls) for body in BODIES.values()]
            title = f"{name}, {'streamed' if stream else 'plain'}"
            print(f"{title:20}" + "".join(f"{cell:>23.2f} ms" for cell in cells))
        await upstream.close()


async def cost_ms(upstream: Upstream, fields: dict[str, Any], stream: bool, calls: int) -> float:
    call = a_call({**fields, "stream": stream}, stream)
    await ask(upstream, call, WARM_UPS)
    least = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        await ask(upstream, call, calls // ROUNDS)
        least = min(least, (time.process_time() - began) / (calls // ROUNDS))
    return least * 1000


async def ask(upstream: Upstream, call: Call, times: int) -> None:
    for _ in range(times):
        response = await upstream.send(call)
        if call.stream:
            async for _piece in response.pieces():
                pass
        else:
            await response.read()
        await response.close()


def a_call(fields: dict[str, Any], stream: bool) -> Call:
    wishes = {"stream_options": {"include_usage": True}} if stream else {}
    body = json.dumps({**fields, "model": MODEL, **wishes}).encode()
    return Call(a_model(), body, fields, stream)


def a_model() -> Model:
    ability = Ability(0.8, 0.05, "a benchmark")
    return Model(
        id=MODEL,
        upstream="sim",
        name=MODEL,
        price=Price.per_mtok("1", "2", source="a benchmark"),
        context_tokens=128_000,
        max_output_tokens=16_000,
        abilities=dict.fromkeys(Category, ability),
    )


def small() -> dict[str, Any]:
    return {"model": MODEL, "messages": [{"role": "user", "content": "What is 17 * 23?"}]}


def agents() -> dict[str, Any]:
    """System prompt, two dozen tools, and forty calls with their results: about 60 KB."""
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "You are a careful programmer. " * 200},
        {"role": "user", "content": "Make the tests pass."},
    ]
    for at in range(40):
        function = {"name": f"tool_{at % 24}", "arguments": json.dumps({"path": f"src/{at}.py"})}
        calls = [{"id": f"call_{at}", "type": "function", "function": function}]
        messages.append({"role": "assistant", "content": None, "tool_calls": calls})
        result = "def f(x):\n    return x + 1\n" * 32
        messages.append({"role": "tool", "tool_call_id": f"call_{at}", "content": result})
    return {"model": MODEL, "messages": messages, "tools": [a_tool(at) for at in range(24)]}


def a_tool(number: int) -> dict[str, Any]:
    properties = {
        name: {"type": "string", "description": f"What {name} is to be, in a few words."}
        for name in ("path", "pattern", "content", "mode")
    }
    schema = {"type": "object", "properties": properties, "required": ["path"]}
    described = {"name": f"tool_{number}", "description": "Does a thing. " * 8}
    return {"type": "function", "function": {**described, "parameters": schema}}


BODIES: dict[str, Callable[[], dict[str, Any]]] = {
    "small": small,
    f"{len(json.dumps(agents())) // 1000} KB, with tools": agents,
}


if __name__ == "__main__":
    main()

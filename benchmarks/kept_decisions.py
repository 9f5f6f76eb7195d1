"""What it costs to keep how each request was decided: the pipeline's time for a request, with and without.

    python -m benchmarks.kept_decisions [--requests 2000] [--rounds 7] [--models 8]

Both pipelines run in this process, in turns, before an upstream that answers at once, with a ledger in a
file each. The processor's time counts, that of the ledger's thread included, for it is the same core that
answers. `alone` is the best round of requests one after the other, `under load` that of 64 at a time,
where a commit serves many.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import orjson
import yaml

from router.app import real_world, serving
from router.config.load import load_settings
from router.domain.members import replace
from router.pipeline.flow import Pipeline
from router.pipeline.request_context import Caller
from router.ports import Call

_POLICIES = Path(__file__).parents[1] / "policies"
_AT_A_TIME = 64
_REQUEST = orjson.dumps(
    {"model": "auto", "messages": [{"role": "user", "content": "Name a river in France. " * 40}]}
)
_ANSWER = orjson.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "The Loire."},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 240, "completion_tokens": 4, "total_tokens": 244},
    }
)


class _Answered:
    is_stream = False
    request_id = "req_1234567890abcdef1234567890abcdef"

    async def read(self) -> bytes:
        return _ANSWER

    async def pieces(self) -> AsyncIterator[bytes]:
        yield _ANSWER

    async def close(self) -> None:
        pass


class AtOnce:
    """An upstream that takes no time."""

    asks_usage = True

    async def send(self, call: Call) -> _Answered:  # noqa: ARG002 - every call is the same to it
        """The answer."""
        return _Answered()

    async def close(self) -> None:
        """Nothing is open."""


def written(folder: Path, models: int, decisions: bool) -> Path:
    """A configuration in a new `folder`, for an upstream `up` that a benchmark replaces."""
    folder.mkdir()
    catalog = {
        f"model-{number}": {
            "upstream": "up",
            "context_tokens": 100_000,
            "price": {
                "input_usd_per_mtok": 0.1 * (number + 1),
                "output_usd_per_mtok": 0.4 * (number + 1),
            },
        }
        for number in range(models)
    }
    config = {
        "version": 1,
        "server": {"port": 0},
        "upstreams": {"up": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1"}},
        "models": catalog,
        "policies": {"directory": str(_POLICIES), "default": "balanced"},
        "cache": {"url": "off"},
        "ledger": {"path": "ledger.db", "decisions": decisions},
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config), "utf-8")
    return path


@asynccontextmanager
async def _pipeline(config: Path) -> AsyncIterator[Pipeline]:
    async with serving(load_settings(config, {}), real_world()) as running:
        runtime = replace(running.pipeline.runtime, upstreams={"up": AtOnce()})
        yield replace(running.pipeline, runtime=runtime)


async def _one_by_one(pipeline: Pipeline, requests: int) -> None:
    new_id = pipeline.runtime.world.new_id
    for _ in range(requests):
        await pipeline.answer(_REQUEST, Caller(new_id()))


async def _together(pipeline: Pipeline, requests: int) -> None:
    each = requests // _AT_A_TIME
    await asyncio.gather(*(_one_by_one(pipeline, each) for _ in range(_AT_A_TIME)))


_Run = Callable[[Pipeline, int], Awaitable[None]]


async def _cpu_us(run: _Run, pipeline: Pipeline, requests: int) -> float:
    began = time.process_time()
    await run(pipeline, requests)
    return (time.process_time() - began) / requests * 1e6


async def _measure(requests: int, rounds: int, models: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            pipelines = [
                await stack.enter_async_context(
                    _pipeline(written(Path(folder, str(keeps)), models, keeps))
                )
                for keeps in (False, True)
            ]
            for name, run in (("alone", _one_by_one), ("under load", _together)):
                times = [
                    [await _cpu_us(run, each, requests) for each in pipelines]
                    for _ in range(rounds)
                ]
                _tell(name, times)
        rows = (requests + requests // _AT_A_TIME * _AT_A_TIME) * rounds
        without, kept = (_ledger_bytes(Path(folder, str(keeps))) for keeps in (False, True))
        print(f"a row on disk: {without / rows:.0f} bytes without, {kept / rows:.0f} with")


def _ledger_bytes(folder: Path) -> int:
    return (folder / "ledger.db").stat().st_size


def _tell(name: str, times: list[list[float]]) -> None:
    without, kept = (min(column) for column in zip(*times, strict=True))
    ratio = statistics.median(after / before for before, after in times)
    print(f"{name}: {without:.0f} us without, {kept:.0f} us with; median ratio {ratio:.3f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--models", type=int, default=8)
    args = parser.parse_args()
    asyncio.run(_measure(args.requests, args.rounds, args.models))


if __name__ == "__main__":
    main()

"""What uvloop and hiredis save: CPU of a Farthing for a request, with both, without one, and without both.

    python -m benchmarks.wheels [--rounds 100] [--times 48]

Four of them take turns before one simulator and one Redis, all as `tests/e2e/operations/test_without_wheels.py` starts
them. A round is so many requests, 16 at a time; a third of them are streams, a third are answered from the cache.
"""

import argparse
import asyncio
import itertools
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles

import aiohttp

from benchmarks.overhead.processes import cpu_s
from tests.e2e.configs import write_config
from tests.e2e.programs import Farthing, Simulate
from tests.e2e.wheels import without
from tests.servers import RedisServer

_AT_ONCE = 16
_MISSING = ("nothing", "hiredis", "uvloop", "uvloop,hiredis")
_NUMBERS = itertools.count()


class Lacking(Farthing):
    """A Farthing that may take long to start, without these modules."""

    patience_s = 300.0

    def __init__(self, config: Path, missing: str) -> None:
        super().__init__(config)
        self.program = without(missing)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--times", type=int, default=48)
    args = parser.parse_args()
    with ExitStack() as stack:
        server, simulator = stack.enter_context(RedisServer()), stack.enter_context(Simulate())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wheels-")))
        running = {}
        for missing in _MISSING:
            place = folder / missing
            place.mkdir()
            config = write_config(
                place, f"{simulator.url}/v1", cache={"url": server.url, "timeout_s": 5.0}
            )
            running[missing] = stack.enter_context(Lacking(config, missing))
        told(asyncio.run(measured(running, args.rounds, args.times)))


async def measured(
    running: Mapping[str, Farthing], rounds: int, times: int
) -> Mapping[str, list[float]]:
    """CPU us per request in each round; the first one is the warm-up."""
    seen: dict[str, list[float]] = {missing: [] for missing in running}
    for number in range(rounds + 1):
        order = list(running.items())
        for missing, farthing in order if number % 2 else reversed(order):
            before = cpu_s([farthing.process.pid])
            await asked(farthing.url, times)
            if number:
                seen[missing].append(1e6 * (cpu_s([farthing.process.pid]) - before) / times)
    return seen


async def asked(url: str, times: int) -> None:
    left = iter(range(times))

    async def keep_on(session: aiohttp.ClientSession) -> None:
        for number in left:
            text = "Who was number 1?" if number % 3 == 0 else f"Who was {next(_NUMBERS)}?"
            said = [{"role": "user", "content": text}]
            body = {"model": "auto", "messages": said, "stream": number % 3 == 1}
            async with session.post(f"{url}/v1/chat/completions", json=body) as answer:
                await answer.read()
                assert answer.status == 200

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        for _ in range(_AT_ONCE):
            group.create_task(keep_on(session))


def told(seen: Mapping[str, list[float]]) -> None:
    """The fastest tenth, since other programs can only make a round slower; and the ratios of whole rounds."""
    best = _fastest(seen["nothing"])
    for missing, costs in seen.items():
        pairs = zip(costs, seen["nothing"], strict=True)
        low, middle, high = quantiles((cost / least for cost, least in pairs), n=4)
        fastest = _fastest(costs)
        print(
            f"without {missing:15} {fastest:6.0f} us, x {fastest / best:.2f} of that with both;"
            f" by rounds x {middle:.2f} ({low:.2f} to {high:.2f})"
        )


def _fastest(costs: Sequence[float]) -> float:
    return median(sorted(costs)[: max(1, len(costs) // 10)])


if __name__ == "__main__":
    main()

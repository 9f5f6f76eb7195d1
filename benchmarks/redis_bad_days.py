"""What asking a shared cache adds to a request, while Redis is well, frozen, dead, and back again.

    python -m benchmarks.redis_bad_days

So many requests a second look into the cache, as in `answers`, whether the ones before have been
answered or not. Then Redis is stopped by SIGSTOP, goes on, is killed, and is started again.
"""

import argparse
import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from router.stores.redis.cache import RedisCache
from router.stores.redis.link import RedisLink
from tests.servers import RedisServer

_KEYS = 100
_ANSWER = bytes(4096)


@dataclass(slots=True)
class Phase:
    """What was measured in one state of Redis: milliseconds added to each request, and what was found."""

    name: str
    took_ms: list[float] = field(default_factory=list)
    hits: int = 0
    back_s: float | None = None

    def row(self) -> list[str]:
        """Its line of the table."""
        took_ms = sorted(self.took_ms)
        shares = (took_ms[int(len(took_ms) * share)] for share in (0.5, 0.99))
        figures = [f"{figure:.2f}" for figure in (*shares, took_ms[-1])]
        back = "" if self.back_s is None else f"{self.back_s:.2f}"
        return [self.name, str(len(took_ms)), str(self.hits), *figures, back]


async def asked(phase: Phase, cache: RedisCache, number: int) -> None:
    """One request's look into the cache."""
    began_s = time.perf_counter()
    found = await cache.answers(f"bench-{number % _KEYS}")
    phase.took_ms.append((time.perf_counter() - began_s) * 1000)
    phase.hits += bool(found)


async def load(phase: Phase, link: RedisLink, per_s: int, for_s: float) -> Phase:
    """Send requests at a steady rate; records when Redis was found again."""
    cache, began_s, number = RedisCache(link), time.perf_counter(), 0
    was_up = link.is_up
    async with asyncio.TaskGroup() as group:
        while (passed_s := time.perf_counter() - began_s) < for_s:
            while number < passed_s * per_s:
                group.create_task(asked(phase, cache, number))
                number += 1
            if link.is_up and not was_up:
                phase.back_s, was_up = passed_s, True
            await asyncio.sleep(0.001)
    return phase


async def measured(per_s: int, for_s: float, timeout_s: float) -> list[Phase]:
    """All phases, one after the other, on a separate Redis."""
    nothing: Callable[[], None] = lambda: None  # noqa: E731 - a row of the table below
    with RedisServer() as server:
        link = RedisLink(server.url, timeout_s=timeout_s, monotonic_s=time.monotonic)
        await link.open()
        await filled(link)
        phases = []
        for name, happens in (
            ("well", nothing),
            ("frozen", server.pause),
            ("goes on", server.resume),
            ("killed", server.kill),
            ("started again", server.restart),
        ):
            await asyncio.to_thread(happens)
            phases.append(await load(Phase(name), link, per_s, for_s))
        await link.close()
        return phases


async def filled(link: RedisLink) -> None:
    cache = RedisCache(link)
    for number in range(_KEYS):
        await cache.put(f"bench-{number}", "some-model", _ANSWER, 600)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--per-s", type=int, default=200, help="requests a second")
    options.add_argument("--for-s", type=float, default=5.0, help="seconds for each phase")
    options.add_argument("--timeout-s", type=float, default=0.05, help="cache.timeout_s")
    chosen = options.parse_args()
    phases = asyncio.run(measured(chosen.per_s, chosen.for_s, chosen.timeout_s))
    table = Table("Redis is", "asked", "found", "p50 ms", "p99 ms", "max ms", "back after s")
    for phase in phases:
        table.add_row(*phase.row())
    Console().print(table)


if __name__ == "__main__":
    main()

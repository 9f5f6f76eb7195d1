"""Does memory grow with requests? A real Farthing, mixed traffic, and its memory by the number of requests.

    python -m benchmarks.slope [--requests 200000] [--at-once 48] [--warm 0.4] [--trace]

What the first `--warm` of the requests make is not counted: caches and memories fill, and each has its bound.
That of questions is reached after some 12,000 requests, that of the cache (8 MB here) after 5,000. After
that a line is fitted through the means of ten parts, and its slope told with the interval in which it is with
95 %, in bytes per request; the same of each third of them. An answer that nobody expected is told with its
body and its rows in the ledger.

Beside it `/healthz` is asked ten times a second; an answer that takes more than 50 ms is a stall of the event
loop, if neither process was waiting for a core meanwhile (Linux's schedstat), for that is the machine's doing.

`--trace` runs the server under tracemalloc, several times slower, and tells what has grown since the warm part
was over; of its memory as a whole nothing can be said then.
"""

import argparse
import random
import signal
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import uvloop
from rich.progress import Progress

from benchmarks.slope.line import slope_of, thirds
from benchmarks.slope.load import STALL_MS, Load
from benchmarks.slope.traced import WRITTEN, grown
from benchmarks.slope.traffic import KEYS, Traffic
from tests.e2e.configs import write_config
from tests.e2e.programs import Farthing, Simulate

_POLICIES = {
    "pair": """
policy: pair
version: 1
intent: Two cheap models are asked first.
reference: sim-frontier
strategy: cascade
cascade:
  use: always
  steps: [{models: [sim-open-8b, sim-open-70b], accept: agreement}]
  final: sim-frontier
""",
    "balanced": """
policy: balanced
intent: A policy as most have, with a cache and sessions that stay.
adequate: {within: 0.05}
cache: {ttl_s: 300}
""",
}


class Patient(Farthing):
    """A Farthing that may take long to start, as this may run next to other things."""

    patience_s = 300.0


class Traced(Patient):
    """A Farthing that writes snapshots of its memory into a folder."""

    def __init__(self, config: Path, folder: Path, env: dict[str, str]) -> None:
        super().__init__(config, env=env)
        self.program = [sys.executable, "-m", "benchmarks.slope.traced", str(folder)]

    def snap(self) -> None:
        """Start tracing; afterwards, ask for a snapshot."""
        self.tell(signal.SIGUSR1)

    def snapshot(self, number: int) -> Path:
        """A snapshot that was asked for, once it is complete."""
        return Path(self.wait_for(WRITTEN.format(rf"(\S+/{number})"))[1])


def main() -> None:
    """Run it and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--at-once", type=int, default=48)
    parser.add_argument("--warm", type=float, default=0.4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trace", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slope-") as place, Simulate() as simulator:
        folder = Path(place)
        config = written(folder, f"{simulator.url}/v1")
        env = {f"KEY{number}": key for number, key in enumerate(KEYS)}
        if not args.trace:
            with Patient(config, env=env) as farthing:
                told(sent(farthing, args, lambda _: None), args.warm * args.requests)
            return
        with Traced(config, folder, env) as farthing:
            traced(farthing, args)


def sent(farthing: Farthing, args: argparse.Namespace, at: Callable[[int], None]) -> Load:
    """Send all requests to `farthing`; `at` is called with the number started, a thousand times."""
    with Progress() as progress:
        task = progress.add_task("requests", total=args.requests)

        def both(begun: int) -> None:
            progress.update(task, completed=begun)
            at(begun)

        load = Load(farthing, Traffic(random.Random(args.seed)), args.requests, both)
        uvloop.run(load.run(args.at_once))
    return load


def traced(farthing: Traced, args: argparse.Namespace) -> None:
    """Send all of them, reading the memory after the warm-up and at the end."""
    left = [args.warm * args.requests]

    def at(begun: int) -> None:
        if left and begun >= left[0]:
            left.clear()
            farthing.snap()

    farthing.snap()
    load = sent(farthing, args, at)
    farthing.snap()
    answers(load)
    first, last = farthing.snapshot(1), farthing.snapshot(2)
    print(f"what has grown in the last {args.requests - args.warm * args.requests:.0f} requests:")
    print("\n".join(grown(first, last, 40)))


def written(folder: Path, models_url: str) -> Path:
    """A configuration with keys, budgets, limits, a cache and two policies."""
    policies = folder / "policies"
    policies.mkdir()
    for name, text in _POLICIES.items():
        (policies / f"{name}.yaml").write_text(text, "utf-8")
    keys = [{"name": f"team-{n}", "key": f"${{KEY{n}}}"} for n in range(len(KEYS))]
    return write_config(
        folder,
        models_url,
        policies={"directory": str(policies), "default": "balanced"},
        cache={"url": "memory", "max_mb": 8},
        keys=keys,
        budgets=[{"usd": 1000, "per": "day", "tag": "*"}, {"usd": 1000, "per": "day", "key": "*"}],
        limits=[{"requests_per_minute": 100_000, "tag": "*"}],
    )


# ------------------------------------------------------------ the report


def answers(load: Load) -> None:
    """Report what came back, and what was unexpected."""
    print(f"{sum(load.statuses.values()) / load.seconds:.0f} requests per second")
    print("answers:", dict(load.statuses.most_common()))
    print("\n".join(load.surprises))


def told(load: Load, warm: float) -> None:
    """Report memory, for each part of the run, and stalls."""
    answers(load)
    mib = [rss / 2**20 for _, rss in load.memory]
    print(f"memory: {mib[0]:.1f} MiB at first, {mib[-1]:.1f} at the end, {max(mib):.1f} at most")
    tenths = [mib[len(mib) * tenth // 10] for tenth in range(10)]
    print("by tenths of the requests:", " ".join(f"{each:.1f}" for each in tenths))
    counted = [(n, rss) for n, rss in load.memory if n > warm]
    print(f"slope after the first {warm:.0f}: {slope_of(counted)}")
    for part in thirds(counted):
        print(f"  {part[0][0]} to {part[-1][0]}: {slope_of(part)}")
    waits = sorted(load.waits_ms)
    p50, p99 = statistics.median(waits), waits[int(0.99 * len(waits))]
    print(f"/healthz: p50 {p50:.1f} ms, p99 {p99:.1f}")
    print(f"stalls above {STALL_MS:.0f} ms: {load.stalls} of {load.looks} looks")


if __name__ == "__main__":
    main()

"""What reloading costs those who are just being answered, and how soon a change is in force.

python -m benchmarks.reload [--streams 1000] [--rounds 20]

Simulated models in one process, clients in a second one, Farthing in this one, so that its event loop
can be watched: how long is it held up while files are read, and how long otherwise? In each round the
policy is first written broken, then sound; all writes are in place, and not by renaming.
"""

import argparse
import asyncio
import logging
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import orjson
import uvloop
import yaml

from benchmarks.reload.client import MODELS, Seen, policy
from router.app import real_world, serving
from router.app.reloading import FollowedFiles, ReloadRequests
from router.config.source import Source
from router.domain.members import replace
from tests.e2e.books import rows
from tests.e2e.configs import as_yaml, ledger_of
from tests.e2e.programs import Simulate

_BEAT_S = 0.001
_AFTER_A_WRITE_S = 0.12
"""For so long after a write the event loop's pauses are put down to it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=20)
    args = parser.parse_args()
    logging.getLogger("router").setLevel(logging.CRITICAL)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder) / "models.yaml"
        models.write_text(yaml.safe_dump({"models": [_model(name) for name in MODELS]}))
        with Simulate("--models", str(models), "--speed", "1") as simulator:
            config = _config(Path(folder), f"{simulator.url}/v1")
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(_measure(config, args.streams, args.rounds))


def _model(name: str) -> dict[str, object]:
    price = {"input": 1, "output": 1}
    speed = {"ttft_s": 0.001, "tokens_per_s": 10_000}
    return {"id": name, "price": price, "quality": 1.0, **speed}


def _config(folder: Path, url: str) -> Path:
    (folder / "policies").mkdir()
    (folder / "policies" / "balanced.yaml").write_text(policy(MODELS[0]))
    model = {
        "upstream": "sim",
        "price": {"input_usd_per_mtok": 1, "output_usd_per_mtok": 1},
        "context_tokens": 100_000,
        "max_output_tokens": 10_000,
    }
    config = {
        "version": 1,
        "upstreams": {"sim": {"kind": "openai", "base_url": url}},
        "models": {name: dict(model) for name in MODELS},
        "cache": {"url": "off"},
        "ledger": {"path": "ledger.db"},
    }
    (folder / "config.yaml").write_text(as_yaml(config))
    return folder / "config.yaml"


async def _measure(config: Path, streams: int, rounds: int) -> None:
    source, gaps = Source(config, {}), list[tuple[float, float]]()
    following = FollowedFiles(source, source.settings(), ReloadRequests())
    settings = replace(following.booted, port=0)
    async with serving(settings, real_world(), following) as running:
        beat = asyncio.create_task(_beat(gaps))
        file = config.parent / "policies" / "balanced.yaml"
        arguments = (running.url, str(file), str(streams), str(rounds))
        client = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "benchmarks.reload.client",
            *arguments,
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await client.communicate()
        beat.cancel()
        reloads = {str(how): count for how, count in running.current.counts.items()}
    assert client.returncode == 0
    _tell(Seen(**orjson.loads(said)), streams, gaps)
    print(f"reloads                      {reloads}")
    versions = Counter(row["policy_version"] for row in rows(ledger_of(config)) if row["stream"])
    outcomes = Counter(row["outcome"] for row in rows(ledger_of(config)) if row["stream"])
    print(f"streams in the ledger        {dict(versions)} {dict(outcomes)}")


async def _beat(gaps: list[tuple[float, float]]) -> None:
    """When the event loop came back to us, and how late that was, in seconds."""
    while True:
        due_s = time.monotonic() + _BEAT_S
        await asyncio.sleep(_BEAT_S)
        gaps.append((now_s := time.monotonic(), now_s - due_s))


def _tell(seen: Seen, streams: int, gaps: Sequence[tuple[float, float]]) -> None:
    within = [gap for gap in gaps if seen.began_s <= gap[0] <= seen.ended_s]
    after = [late for at, late in within if _is_after(at, seen.writes)]
    quiet = [late for at, late in within if not _is_after(at, seen.writes)]
    force = sorted(seen.to_force_s)
    print(f"streams                      {streams}, {seen.in_flight_at_the_end} to the last write")
    print(f"dropped                      {streams - seen.whole_streams}")
    print(f"answers by a broken file     {seen.by_a_broken_file}")
    print(f"write to first decision, ms  p50 {_ms(median(force))}, max {_ms(force[-1])}")
    for name, late in (("while files are read", after), ("otherwise", quiet)):
        print(f"loop held up {name}, ms: p50 {_ms(median(late))}, max {_ms(max(late))}")


def _is_after(at: float, writes: Sequence[float]) -> bool:
    return any(0.0 <= at - write <= _AFTER_A_WRITE_S for write in writes)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"


if __name__ == "__main__":
    main()

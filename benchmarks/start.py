"""From the start of `farthing serve` to its first answer, and what it needs of memory while nobody asks.

`python -m benchmarks.start [--runs 7] [--imports] [--commands]`. The configuration is `config.example.yaml` with
models that answer at once; upstream and client are this machine's. Told are medians: seconds by the clock and of CPU,
which other processes disturb less, and MB. `--imports` adds what was imported, by package, in CPU time of a single run,
`--commands` what each command takes to say what it can do. Modules are compiled beforehand, as pip compiles them.
"""

import argparse
import json
import os
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from http.client import HTTPConnection
from pathlib import Path

from benchmarks.upstreams import simulator
from router.cli import COMMANDS

_EXAMPLE = Path(__file__).parent.parent / "config.example.yaml"
_LISTENS = re.compile(r"listens on http://([\w.]+):(\d+)")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_COMPILES_ALWAYS = "PYTHONDONTWRITEBYTECODE"
_PRICE = "price: {input_usd_per_mtok: 1, output_usd_per_mtok: 2}"
_QUESTION = {"model": "auto", "messages": [{"role": "user", "content": "What is 17 * 23?"}]}
_IMPORT = re.compile(r"import time: *(?P<took_us>\d+) \|[ \d]+\| *(?P<name>\S+)")
"""A line of Python's log of imports."""


@dataclass(frozen=True, slots=True)
class Run:
    """One start. Seconds since the program was called, wall time and CPU; MB when it is idle.

    The first answer is followed by nine more, whose median and slowest are given in ms.
    """

    listens_s: float
    answers_s: float
    answers_cpu_s: float
    next_answers_ms: float
    slowest_of_them_ms: float
    resident_mb: float
    proportional_mb: float
    private_mb: float
    after_load_mb: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--requests", type=int, default=300, help="between idle and after load")
    parser.add_argument("--imports", action="store_true")
    parser.add_argument("--commands", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, simulator() as models:
        config = written(Path(folder), models)
        one(config, 0)  # whatever is not compiled yet is compiled now
        runs = [one(config, args.requests) for _ in range(args.runs)]
        for field in fields(Run):
            values = sorted(getattr(run, field.name) for run in runs)
            median = statistics.median(values)
            print(f"{field.name:18} {median:8.2f}   ({values[0]:.2f} to {values[-1]:.2f})")
        if args.imports:
            told(config)
    if args.commands:
        for command, cpu_s in commands(args.runs).items():
            print(f"{command:30} {cpu_s:8.2f} s")


def written(folder: Path, models_url: str) -> Path:
    """The example, with its simulated models in a separate process and as fast as they can be."""
    text = _EXAMPLE.read_text("utf-8")
    text = text.replace("port: 8080", "port: 0")
    text = text.replace("kind: simulated\n", f'kind: openai\n    base_url: "{models_url}/v1"\n')
    text = re.sub(r"\n    speed: 1 .*", "", text)
    text = re.sub(r"(sim-[\w-]+: {upstream: simulated)", rf"\1, {_PRICE}", text)
    path = folder / "config.yaml"
    path.write_text(text, "utf-8")
    (folder / "policies").symlink_to(_EXAMPLE.parent / "policies")
    return path


def one(config: Path, requests: int) -> Run:
    began = time.perf_counter()
    with serving(config) as (process, address):
        listens_s = time.perf_counter() - began
        connection = HTTPConnection(*address)
        ask(connection)
        answers_s, cpu_s = time.perf_counter() - began, cpu_of(process.pid)
        following = [timed(connection) for _ in range(9)]
        memory = memory_of(process.pid)
        for _ in range(requests):
            ask(connection)
        connection.close()
        after = memory_of(process.pid)
    return Run(
        listens_s,
        answers_s,
        cpu_s,
        statistics.median(following) * 1000,
        max(following) * 1000,
        memory["Rss"],
        memory["Pss"],
        memory["Private_Dirty"],
        after["Rss"],
    )


@contextmanager
def serving(
    config: Path, *options: str, log: int = subprocess.PIPE
) -> Iterator[tuple["subprocess.Popen[str]", tuple[str, int]]]:
    command = [sys.executable, *options, "-m", "router", "serve", "--config", str(config)]
    with subprocess.Popen(command, stderr=log, text=True, env=environment()) as process:
        assert process.stderr is not None
        said = ""
        while (found := _LISTENS.search(said)) is None:
            line = process.stderr.readline()
            if not line:
                raise SystemExit(said)
            said += line
        try:
            yield process, (found[1], int(found[2]))
        finally:
            process.send_signal(signal.SIGKILL)


def environment() -> dict[str, str]:
    """Our environment, without the setting of container images that has all modules compiled at every start."""
    ours = {"NO_COLOR": "1", "COLUMNS": "200"}
    return {name: value for name, value in os.environ.items() if name != _COMPILES_ALWAYS} | ours


def timed(connection: HTTPConnection) -> float:
    """Seconds that one more answer takes."""
    began = time.perf_counter()
    ask(connection)
    return time.perf_counter() - began


def commands(runs: int) -> dict[str, float]:
    """Seconds of CPU that each command's `--help` takes, with the list of all commands first."""
    lines = {"--help": ["--help"], **{name: [name, "--help"] for name in COMMANDS}}
    return {name: min(cpu_to_the_end(line) for _ in range(runs)) for name, line in lines.items()}


def cpu_to_the_end(line: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "router", *line]
    subprocess.run(command, stdout=subprocess.DEVNULL, env=environment(), check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ask(connection: HTTPConnection) -> None:
    connection.request("POST", "/v1/chat/completions", json.dumps(_QUESTION))
    response = connection.getresponse()
    raw = response.read()
    assert response.status == 200, raw


def cpu_of(pid: int) -> float:
    """Seconds of CPU, in all threads, since it started."""
    numbers = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(numbers[11]) + int(numbers[12])) / _TICKS_PER_S


def memory_of(pid: int) -> dict[str, float]:
    """MB, by the kernel's names."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8").splitlines()[1:]
    return {line.split(":")[0]: int(line.split()[1]) * 1024 / 1e6 for line in lines}


def told(config: Path) -> None:
    """What was imported, by package, in ms of the package itself."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "imports")
        command = [
            sys.executable,
            "-X",
            "importtime",
            "-m",
            "router",
            "serve",
            "--config",
            str(config),
        ]
        with (
            path.open("wb") as log,
            subprocess.Popen(command, stderr=log, env=environment()) as process,
        ):
            while b"listens on" not in path.read_bytes():
                time.sleep(0.1)  # noqa: TID251  a script that waits for another one
            process.kill()
        by_package = _by_package(path.read_text("utf-8").splitlines())
    for package, times in sorted(by_package.items(), key=lambda each: -sum(each[1]))[:40]:
        print(f"{package:30} {sum(times) / 1000:8.1f} ms {len(times):5} modules")


def _by_package(lines: Sequence[str]) -> Mapping[str, list[int]]:
    """The microseconds of each module in Python's log of imports, by the package that it is of."""
    by_package: dict[str, list[int]] = defaultdict(list)
    for line in lines:
        told = _IMPORT.fullmatch(line)
        if told:
            depth = 2 if told["name"].startswith("router") else 1
            package = ".".join(told["name"].split(".")[:depth])
            by_package[package].append(int(told["took_us"]))
    return by_package


if __name__ == "__main__":
    main()

"""What one request costs each part of a large installation, and what a rate needs.

    python -m benchmarks.units [--times 1000] [--rows 20000] [--json OUT] [--from FILE] [--page docs/scale.md]

Measures single commands to a real Redis by our own stores, requests of each kind through a real Farthing with
that Redis and a real PostgreSQL, and rows on their way to PostgreSQL; then computes what 100 to 50,000
requests a second take (`plan.py`). With `--from` nothing is measured: the figures of that file are told.

All programs run on this machine. CPU time is what is told, which a busy machine makes larger, and not wall
time; with one exception: rows per second, where two programs wait for each other.
"""

import argparse
import os
import platform
import tempfile
import threading
import time
from pathlib import Path

import uvloop
from rich.console import Console

from benchmarks.routing.findings import markdown
from benchmarks.units.commands import steps_at
from benchmarks.units.ledger import books_of, many, rows_in
from benchmarks.units.measured import Units
from benchmarks.units.serving import House
from benchmarks.units.tables import in_page, tables, told
from tests.servers import RedisServer

_MOVED_S = 5.0
"""After so long the last rows are in PostgreSQL."""


def main() -> None:
    """Measure, or read; report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--from", dest="kept", type=Path)
    parser.add_argument("--page", type=Path)
    args = parser.parse_args()
    units = Units.of_json(args.kept.read_bytes()) if args.kept else measured(args.times, args.rows)
    if args.json:
        args.json.write_bytes(units.as_json())
    if args.page:
        args.page.write_text(in_page(args.page.read_text("utf-8"), units), "utf-8")
    console = Console(width=200)
    for table in tables(units):
        console.print("\n".join(markdown(table)), markup=False, highlight=False)
        console.print()
    console.print("\n".join(told(units)))


def measured(times: int, number: int) -> Units:
    """Everything, with this many requests of each kind and this many rows."""
    with RedisServer() as server:
        steps = uvloop.run(steps_at(server.url, times))
    with tempfile.TemporaryDirectory(prefix="units-") as place:
        folder = Path(place)
        with House.open(folder / "house") as house:
            kinds = tuple(house.kinds(times))
            threading.Event().wait(_MOVED_S)
            rows = rows_in(house.postgres.url)
            books, lean = (
                books_of(
                    house.postgres, folder, name, many(rows, number, decisions=name == "books")
                )
                for name in ("books", "lean")
            )
    return Units(_machine(), steps, kinds, books, lean)


def _machine() -> str:
    load, *_ = os.getloadavg()
    name = next(
        (line.partition(":")[2].strip() for line in _cpu_info() if line.startswith("model name")),
        platform.machine(),
    )
    cores = os.cpu_count()
    return f"Python {platform.python_version()}, {name}, {cores} cores, load {load:.0f}, {time.strftime('%Y-%m-%d')}"


def _cpu_info() -> list[str]:
    return Path("/proc/cpuinfo").read_text("utf-8").splitlines()


if __name__ == "__main__":
    main()

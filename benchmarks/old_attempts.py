"""What it costs to export attempts, to delete old ones, and to say what was spent.

    python -m benchmarks.old_attempts --rows 1000000

Over so many attempts of a month, and over a tenth of them, in a temporary folder. Exports run in
processes of their own, whose memory is measured.
"""

import argparse
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine

from benchmarks.report_ten_million import best_of, fill, show
from router.cli.ledger.files import FORMS, write_file
from router.domain.budget import EVERYTHING, Scope, ScopeKind
from router.ledger.focus import FOCUS
from router.stores.sql.database import open_database
from router.stores.sql.export import NATIVE, attempts, extent
from router.stores.sql.retention import prunable, prune
from router.stores.sql.rollups import roll_up
from router.stores.sql.spent import spent

_COLUMNS = {"native": NATIVE, "focus": FOCUS}
_MIDNIGHT_OF_KOLKATA_S = datetime.fromisoformat("2026-10-02T00:00+05:30").timestamp()
_HALF_S = datetime.fromisoformat("2026-10-16T00:00+00:00").timestamp()
_SCOPES = (
    EVERYTHING,
    Scope(ScopeKind.POLICY, "balanced"),
    Scope(ScopeKind.KEY, "key-00"),
    Scope(ScopeKind.TAG, "team-0"),
)


def export(path: Path, form: str, columns: str) -> tuple[float, float]:
    """Seconds, and peak memory in MB, of a process that does nothing else."""
    engine = open_database(path)
    began_s = time.perf_counter()
    write_file(f"{path}.{form}", form, _COLUMNS[columns], attempts(engine, extent(engine)))
    taken_s = time.perf_counter() - began_s
    engine.dispose()
    return taken_s, most_mb()


def most_mb() -> float:
    """The peak memory of this process; getrusage counts its parent's too, before it started."""
    said = Path("/proc/self/status").read_text("ascii")
    return next(int(line.split()[1]) / 1024 for line in said.splitlines() if "VmHWM" in line)


def alone(action: Callable[..., tuple[float, float]], *arguments: object) -> tuple[float, float]:
    """`action` in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(action, *arguments).result()


def exports(path: Path, rows: int) -> Mapping[str, float]:
    figures: dict[str, float] = {}
    for form in FORMS:
        for columns in _COLUMNS:
            taken_s, its_mb = alone(export, path, form, columns)
            figures[f"{form}, {columns}: us a row"] = taken_s / rows * 1e6
            figures[f"{form}, {columns}: MB of memory"] = its_mb
            figures[f"{form}, {columns}: MB of file"] = Path(f"{path}.{form}").stat().st_size / 1e6
    return figures


def spending(engine: Engine) -> Mapping[str, float]:
    """Since a midnight in the middle of an hour, early in the month."""
    return {
        f"spent, {scope}: ms": best_of(3, lambda s=scope: spent(engine, s, _MIDNIGHT_OF_KOLKATA_S))
        * 1000
        for scope in _SCOPES
    }


def pruning(engine: Engine) -> Mapping[str, float]:
    rows = prunable(engine, _HALF_S)
    steps_s = []
    began_s = last_s = time.perf_counter()
    for _ in prune(engine, _HALF_S):
        steps_s.append(time.perf_counter() - last_s)
        last_s = time.perf_counter()
    return {
        "deleting: us a row": (last_s - began_s) / rows * 1e6,
        "deleting, longest step: ms": max(steps_s) * 1000,
    }


def measure(rows: int, folder: Path) -> dict[str, float]:
    path = folder / f"{rows}.db"
    engine = open_database(path)
    fill(engine, rows)
    roll_up(engine)
    figures = {**spending(engine), **exports(path, rows), **pruning(engine)}
    engine.dispose()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    sizes = (parser.parse_args().rows // 10, parser.parse_args().rows)
    with TemporaryDirectory(prefix="farthing-old-attempts-") as folder:
        found = [measure(rows, Path(folder)) for rows in sizes]
        show(sizes, found, "Old attempts")


if __name__ == "__main__":
    main()

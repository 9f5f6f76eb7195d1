"""How long a month's report takes over ten million requests, and over a tenth of them.

    python -m benchmarks.report_ten_million --rows 10000000

Makes a ledger in a temporary folder (some 5 GB for ten million rows; it is removed afterwards),
rolls it up, and reads a month's report by everything that it can be cut by.
"""

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table
from sqlalchemy import Engine, func, select

from router.domain.category import Category
from router.domain.ledger import CostSource, Entry, Outcome
from router.domain.money import Money
from router.domain.usage import Usage, UsageSource
from router.ledger.report import GROUPINGS, Filters
from router.stores.sql.database import open_database
from router.stores.sql.reports import report
from router.stores.sql.rollup_schema import ROLLUPS
from router.stores.sql.rollups import roll_up
from router.stores.sql.schema import INSERT_ATTEMPT, INSERT_TAG, row_of, tag_rows_of

_MONTH = Filters(since="2026-10-01", until="2026-10-31")
_BEGINS_S = 1_790_812_800.0  # 2026-10-01, midnight of UTC
_MONTH_S = 31 * 86_400
_MODELS = ("frontier", "large", "mid", "open-70b", "open-8b", "nano")
_POLICIES = ("balanced", "cheap", "quality", "")
_BATCH = 50_000


def entries(rows: int, rng: random.Random) -> Iterator[Entry]:
    """A month of traffic: a few large customers and many small ones, most of it easy."""
    categories = list(Category)
    for number in range(rows):
        model = rng.choices(_MODELS, (1, 2, 4, 6, 8, 5))[0]
        hit = rng.random() < 0.1
        into, out = int(rng.lognormvariate(6, 1)), int(rng.lognormvariate(5, 1))
        yield Entry(
            request_id=f"req_{number:024x}",
            attempt=0 if hit else 1,
            at_s=_BEGINS_S + _MONTH_S * number / rows,
            asked="auto",
            policy=rng.choices(_POLICIES, (6, 3, 1, 1))[0],
            policy_version="0123456789ab",
            category=rng.choice(categories),
            model=model,
            upstream="up",
            outcome=Outcome.CACHE_HIT if hit else Outcome.OK,
            reference="frontier",
            key=f"key-{min(int(rng.expovariate(0.2)), 29):02}",
            tags=(f"team-{rng.randrange(8)}",) if rng.random() < 0.5 else (),
            usage=Usage(into, output_tokens=out),
            usage_source=UsageSource.UPSTREAM,
            cost=Money(0 if hit else into * 10**6 + out * 4 * 10**6),
            cost_source=CostSource.FREE if hit else CostSource.PRICED,
            baseline=Money(into * 3 * 10**6 + out * 15 * 10**6),
            price_source="a benchmark",
            quality_p=0.9,
            first_content_s=0.2,
            total_s=rng.lognormvariate(0, 0.7),
            is_answer=True,
            closes=True,
        )


def fill(engine: Engine, rows: int) -> None:
    """Write this many attempts, as the ledger would."""
    made = entries(rows, random.Random(7))
    for start in track(range(0, rows, _BATCH), description=f"writing {rows:,} rows"):
        batch = [next(made) for _ in range(min(_BATCH, rows - start))]
        with engine.begin() as connection:
            connection.exec_driver_sql(INSERT_ATTEMPT, [row_of(entry) for entry in batch])
            tags = [row for entry in batch for row in tag_rows_of(entry)]
            connection.exec_driver_sql(INSERT_TAG, tags)


def best_of(times: int, action: Any) -> float:
    """The shortest of a few runs, in seconds."""
    taken = []
    for _ in range(times):
        began_s = time.perf_counter()
        action()
        taken.append(time.perf_counter() - began_s)
    return min(taken)


def measure(rows: int, folder: Path) -> dict[str, Any]:
    """The figures for a ledger with this many rows."""
    path = folder / f"{rows}.db"
    engine = open_database(path)
    fill(engine, rows)
    began_s = time.perf_counter()
    assert roll_up(engine) == rows
    figures: dict[str, Any] = {"roll-up, us a row": (time.perf_counter() - began_s) / rows * 1e6}
    for by in GROUPINGS:
        figures[f"by {by}, s"] = best_of(3, lambda by=by: report(engine, by=by, filters=_MONTH))
    with engine.connect() as connection:
        for table in ROLLUPS:
            count = connection.execute(select(func.count()).select_from(table)).scalar_one()
            figures[f"{table.name}, rows"] = count
    assert report(engine, by="model", filters=_MONTH).total.requests == rows
    engine.dispose()
    figures["on disk, MB"] = path.stat().st_size / 2**20
    path.unlink()
    return figures


def show(sizes: Sequence[int], found: Sequence[dict[str, Any]], title: str) -> None:
    table = Table(title=title)
    table.add_column("")
    for size in sizes:
        table.add_column(f"{size:,} rows", justify="right")
    table.add_column("ratio", justify="right")
    for name in found[0]:
        values = [figures[name] for figures in found]
        ratio = values[-1] / values[0] if values[0] else 0.0
        table.add_row(name, *(f"{value:,.3f}" for value in values), f"{ratio:.1f}")
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=10_000_000)
    args = parser.parse_args()
    sizes = (args.rows // 10, args.rows)
    with TemporaryDirectory(prefix="farthing-report-") as folder:
        show(sizes, [measure(rows, Path(folder)) for rows in sizes], "A month's report")


if __name__ == "__main__":
    main()

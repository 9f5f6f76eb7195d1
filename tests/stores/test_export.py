"""Attempts come out of the ledger as they went in, each once, whatever the batches."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from router.domain.ledger import Entry
from router.domain.money import Money
from router.ledger.export import Attempt, ColumnKind
from router.stores.sql.database import open_database
from router.stores.sql.export import NATIVE, attempts, extent
from router.stores.sql.retention import prune
from router.stores.sql.rollups import roll_up
from router.stores.sql.schema import COLUMNS, row_of
from tests.stores.engines import after_first_read, write
from tests.stores.entries import day, entry, ledgers


def exported(
    engine: Engine, since: str = "", until: str = "", batch_rows: int = 5
) -> list[Attempt]:
    where = extent(engine, since, until)
    return [each for batch in attempts(engine, where, batch_rows=batch_rows) for each in batch]


def told(each: Entry) -> dict[str, Any]:
    """An entry by the names of the columns, as it must come out: without how it was decided."""
    row = dict(zip(COLUMNS, row_of(each), strict=True))
    del row["decision"]
    return {**row, "tags": sorted(set(each.tags))}


def without_seq(found: Sequence[Attempt]) -> list[dict[str, Any]]:
    return [{name: row[name] for name in row if name != "seq"} for row in found]


@settings(max_examples=15)
@given(entries=ledgers(), batch_rows=st.integers(1, 7), days=st.tuples(*[st.integers(14, 20)] * 2))
def test_what_went_in_on_these_days_comes_out_once(
    entries: list[Entry], batch_rows: int, days: tuple[int, int]
) -> None:
    since, until = (f"2023-11-{each}" for each in days)
    with TemporaryDirectory() as folder:
        engine = open_database(Path(folder, "farthing.db"))
        write(engine, entries)

        assert without_seq(exported(engine, batch_rows=batch_rows)) == [told(e) for e in entries]
        assert without_seq(exported(engine, since, until, batch_rows)) == [
            told(each)
            for each in entries
            if since <= f"{datetime.fromtimestamp(each.at_s, UTC):%Y-%m-%d}" <= until
        ]
        engine.dispose()


def test_what_is_written_meanwhile_is_not_in_it(engine: Engine) -> None:
    write(engine, [entry("r1"), entry("r2")])
    where = extent(engine)
    batches = attempts(engine, where, batch_rows=1)
    first = next(batches)
    write(engine, [entry("r3")])
    rest = [row["request_id"] for batch in batches for row in batch]

    assert [row["request_id"] for row in first] == ["r1"]
    assert rest == ["r2"]


def test_what_is_deleted_meanwhile_keeps_its_tags(engine: Engine) -> None:
    write(engine, [entry("r1", tags=("team:search",))])
    roll_up(engine)
    where = extent(engine)
    after_first_read(engine, "attempts", lambda: list(prune(engine, entry().at_s + 1)))
    (batch,) = attempts(engine, where)

    assert [row["tags"] for row in batch] == [["team:search"]]
    assert extent(engine).rows == 0


def test_an_attempt_belongs_to_the_day_that_reports_count_it_in(engine: Engine) -> None:
    late_s = day("2026-05-05", 0) - 3e-7  # which is rounded to midnight
    write(engine, [entry("r1", at_s=late_s), entry("r2", at_s=day("2026-05-05", 23), tags=("a",))])

    assert exported(engine, until="2026-05-04") == []
    assert [row["request_id"] for row in exported(engine, "2026-05-05", "2026-05-05")] == [
        "r1",
        "r2",
    ]
    assert [row["tags"] for row in exported(engine)] == [[], ["a"]]


def test_an_empty_ledger_has_nothing_to_export(engine: Engine) -> None:
    assert extent(engine).rows == 0
    assert exported(engine) == []


def test_native_columns_are_those_of_the_ledger_with_money_in_dollars(engine: Engine) -> None:
    write(engine, [entry("r1", tags=("a",))])
    (row,) = exported(engine)
    values = {column.name: column.value(row) for column in NATIVE}
    kinds = {column.name: column.kind for column in NATIVE}

    assert values["cost_usd"] == Money(1_000_000)
    assert values["tags"] == ["a"]
    booked = {name: value for name, value in told(entry("r1")).items() if name != "tags"}
    assert {name: values[name] for name in booked} == booked
    assert "decision" not in values
    assert (kinds["seq"], kinds["cost_pico"], kinds["stream"]) == (
        ColumnKind.WHOLE,
        ColumnKind.WHOLE,
        ColumnKind.TRUTH,
    )
    assert (kinds["at_s"], kinds["model"], kinds["quality_p"]) == (
        ColumnKind.REAL,
        ColumnKind.TEXT,
        ColumnKind.REAL,
    )

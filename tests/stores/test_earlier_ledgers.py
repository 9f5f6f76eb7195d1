"""Ledgers as earlier versions have written them, row by row: today's version reads what they said.

The files in `ledgers` are dumps of what each version made of the same six requests; the last of them is not
in the sums yet. A new schema gets one, too, made by the version that brings it (`sqlite3 FILE .dump`).
"""

import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, text

from router.decision.record import Record
from router.domain.money import Money
from router.stores.sql.database import open_ledger
from router.stores.sql.keys import KeyStore
from router.stores.sql.reports import report
from router.stores.sql.traces import trace_of
from router.stores.sql.versions import REVISIONS
from tests.e2e.configs import write_config
from tests.e2e.programs import here, run

_LEDGERS = Path(__file__).with_name("ledgers")
_COST, _BASELINE = Money.from_usd("0.00130769"), Money.from_usd("0.0021282")
"""As the versions that wrote the ledgers have reported them."""
_OPENED = """
import sys, pathlib
from router.stores.sql.database import open_database
from router.telemetry.log import start_logging
lines = start_logging("INFO")
open_database(pathlib.Path(sys.argv[1]))
lines.close()
"""
"""As a worker does that is newer than its supervisor."""


@pytest.fixture(params=sorted(each.name for each in _LEDGERS.iterdir()))
def earlier(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    """The path and the URL of a ledger that an earlier version has written, not yet migrated."""
    path, url = tmp_path / "farthing.db", ""
    dump = Path(_LEDGERS, request.param).read_text(encoding="utf-8")
    if ".postgresql." in request.param:
        url = request.getfixturevalue("postgres_url")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(dump.encode())
    else:
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(dump)
    return path, url


@pytest.fixture
def engine(earlier: tuple[Path, str]) -> Iterator[Engine]:
    """The same, opened by today's version."""
    opened = open_ledger(*earlier)
    yield opened
    opened.dispose()


def rows_of(path: Path, url: str) -> Sequence[Mapping[str, Any]]:
    """The attempts as they are in the database."""
    if url:
        with psycopg.connect(url, row_factory=psycopg.rows.dict_row) as there:
            return there.execute("SELECT * FROM attempts ORDER BY seq").fetchall()
    with closing(sqlite3.connect(path)) as file:
        file.row_factory = sqlite3.Row
        return [dict(row) for row in file.execute("SELECT * FROM attempts ORDER BY seq")]


def schema_of(path: Path, url: str) -> object:
    """The revision of the schema."""
    query = "SELECT version_num FROM alembic_version"
    if url:
        with psycopg.connect(url) as there:
            return there.execute(query).fetchone()
    with closing(sqlite3.connect(path)) as file:
        return file.execute(query).fetchone()


def test_every_row_stays_as_it_was(earlier: tuple[Path, str]) -> None:
    before = rows_of(*earlier)
    open_ledger(*earlier).dispose()
    after = rows_of(*earlier)

    assert len(before) == 6
    assert [{name: row[name] for name in before[0]} for row in after] == before


@pytest.mark.parametrize("by", ["model", "key", "category", "tag", "day"])
def test_sums_are_those_that_were_reported_then(engine: Engine, by: str) -> None:
    total = report(engine, by=by).total

    assert (total.requests, total.attempts, total.cache_hits) == (6, 5, 1)
    assert (total.cost, total.baseline) == (_COST, _BASELINE)


def test_keys_open_what_they_did(engine: Engine) -> None:
    (alpha,) = KeyStore(engine).all()

    assert (alpha.key.name, alpha.key.tags, alpha.key.grants.overrides) == (
        "alpha",
        ("blue",),
        None,
    )
    assert [str(each.usd) for each in alpha.key.grants.budgets] == ["1"]
    assert KeyStore(engine).spent_by("alpha") > Money(0)


def test_requests_can_be_read_with_their_decisions_if_these_were_kept(engine: Engine) -> None:
    with engine.connect() as connection:
        ids = connection.execute(text("SELECT request_id FROM attempts")).scalars().all()
    traces = [trace for each in ids if (trace := trace_of([engine], each))]
    texts = [trace.decision for trace in traces if trace.decision is not None]
    kept = [Record.of(each) for each in texts]

    assert len(traces) == 6
    assert len(kept) in (0, 6)
    assert all(each.decision.chosen.model.id.startswith("sim-") for each in kept)
    resembling = [each.decision.features.resemblance is not None for each in kept]
    assert resembling == ['"kinship"' in each for each in texts]  # the third schema's had none


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])  # noqa: S104 - where keys are needed
def test_checking_a_configuration_migrates_nothing(
    earlier: tuple[Path, str], tmp_path: Path, host: str
) -> None:
    path, url = earlier
    ledger = {"path": str(path), **({"url": url} if url else {})}
    config = write_config(tmp_path, "http://127.0.0.1:9", server={"host": host}, ledger=ledger)
    before = schema_of(path, url)
    checked = here("check", "--config", str(config))

    assert (checked.status, schema_of(path, url)) == (0, before), checked


def test_a_log_says_that_a_ledger_is_migrated_and_nothing_of_how(tmp_path: Path) -> None:
    path = tmp_path / "farthing.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(Path(_LEDGERS, "schema-2.sqlite.sql").read_text(encoding="utf-8"))
    done = run(str(path), program=[sys.executable, "-c", _OPENED])

    assert "the ledger has been migrated" in done.err
    assert "alembic" not in done.err


def test_there_is_a_ledger_of_every_schema() -> None:
    there = {each.name.split(".")[0] for each in _LEDGERS.iterdir()}

    assert there >= {f"schema-{each}" for each in REVISIONS[1:]}  # the first is in test_versions.py

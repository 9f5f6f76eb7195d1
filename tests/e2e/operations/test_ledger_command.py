"""`farthing ledger`: attempts are exported or deleted, and it reports the ledger's state."""

import csv
import json
import os
import sqlite3
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from router.app import real_world, serving
from router.cli.output.appearing import appearing
from router.config.load import load_settings
from router.domain.ledger import LEAST_KEPT_DAYS, Entry
from router.domain.money import Money
from router.domain.scored import Scored, ScoreSource
from router.stores.sql.database import open_database, open_ledger
from router.stores.sql.spool import Spool, Waiting, WaitingScore
from tests.e2e.configs import NOWHERE, write_config
from tests.e2e.programs import Done, here, run
from tests.stores.engines import write
from tests.stores.entries import day, entry

ENTRIES = [
    entry("r1", at_s=day("2026-05-04"), key="k", tags=("b", "a"), cost=Money(1)),
    entry("r2", at_s=day("2026-05-05"), asked="=1+1", first_content_s=0.25),
    entry("r3", at_s=day("2026-05-06"), cost=Money(9 * 10**18), quality_p=0.5),
]


@pytest.fixture(params=["sqlite", "postgresql"])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A config whose ledger holds `ENTRIES`."""
    on_postgres = request.param == "postgresql"
    url = request.getfixturevalue("postgres_url") if on_postgres else ""
    keep(tmp_path, url, ENTRIES)
    return write_config(
        tmp_path, NOWHERE, ledger={"path": "ledger.db"} | ({"url": url} if url else {})
    )


def keep(folder: Path, url: str, entries: Sequence[Entry]) -> None:
    engine = open_ledger(folder / "ledger.db", url)
    write(engine, entries)
    engine.dispose()


def ledger(action: str, config: Path, *arguments: str) -> Done:
    return here("ledger", action, "--config", str(config), *arguments)


def exported(config: Path, form: str, *arguments: str) -> list[dict[str, Any]]:
    out = config.with_name(f"out.{form}")
    done = ledger("export", config, "--format", form, "--out", str(out), *arguments)
    assert (done.status, done.err) == (0, "")
    assert done.out == f"{len(ENTRIES)} attempts in {out}\n"
    match form:
        case "csv":
            with out.open(encoding="utf-8", newline="") as file:
                return list(csv.DictReader(file))
        case "jsonl":
            return [json.loads(line) for line in out.read_text("utf-8").splitlines()]
        case _:
            rows: list[dict[str, Any]] = parquet.read_table(out).to_pylist()
            return rows


def test_every_format_has_the_same_columns_and_exact_money(config: Path) -> None:
    files = {form: exported(config, form) for form in ("csv", "jsonl", "parquet")}
    columns = {form: list(rows[0]) for form, rows in files.items()}
    costs = {form: [str(row["cost_usd"]) for row in rows] for form, rows in files.items()}

    assert columns["csv"] == columns["jsonl"] == columns["parquet"]
    assert costs["csv"] == costs["jsonl"] == ["0.000000000001", "0.000001", "9000000"]
    assert sum(row["cost_usd"] for row in files["parquet"]) == Decimal("9000000.000001000001")
    assert [row["tags"] for row in files["parquet"]] == [["a", "b"], [], []]
    assert [row["tags"] for row in files["csv"]] == ['["a","b"]', "[]", "[]"]
    assert [row["first_content_s"] for row in files["jsonl"]] == [None, 0.25, None]
    assert [row["first_content_s"] for row in files["csv"]] == ["", "0.25", ""]
    assert {row["is_answer"] for row in files["csv"]} == {"true"}


def test_focus_has_its_columns_in_every_format(config: Path) -> None:
    for form in ("csv", "jsonl", "parquet"):
        rows = exported(config, form, "--columns", "focus")
        first = rows[0]

        assert [str(row["x_RequestId"]) for row in rows] == ["r1", "r2", "r3"]
        assert first["ServiceCategory"] == "AI and Machine Learning"
        assert json.loads(first["Tags"]) == {"a": True, "b": True}
        if form == "parquet":
            assert first["ChargePeriodStart"] == datetime(2026, 5, 4, 12, tzinfo=UTC)
            assert first["BilledCost"] == Decimal("0.000000000001")
        else:
            assert first["ChargePeriodStart"] == "2026-05-04T12:00:00Z"
            assert first["BilledCost"] == "0.000000000001"


def test_days_can_be_chosen_and_standard_output_written_to(config: Path) -> None:
    days = ("--since", "2026-05-05", "--until", "2026-05-05")
    done = ledger("export", config, "--format", "jsonl", "--out", "-", *days)

    assert [json.loads(line)["asked"] for line in done.out.splitlines()] == ["=1+1"]
    assert (done.status, done.err) == (0, "")


@pytest.mark.parametrize("command", ["report", "outcomes", "ledger status"])
def test_a_ledger_that_is_damaged_inside_is_told_in_a_line(tmp_path: Path, command: str) -> None:
    keep(tmp_path, "", ENTRIES)
    damage(tmp_path / "ledger.db")
    config = write_config(tmp_path, NOWHERE)

    done = here(*command.split(), "--config", str(config))

    assert done.status == 1
    assert done.err.startswith(f"farthing: the ledger {tmp_path / 'ledger.db'} cannot be used now")
    assert done.err.count("\n") == 1


def damage(ledger: Path) -> None:
    """Make the tables that are read unreadable; what says which tables there are stays."""
    with closing(sqlite3.connect(ledger)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        [[size]] = connection.execute("PRAGMA page_size")
        names = "name IN ('attempts', 'outcomes', 'rollup_state')"
        pages = [page for (page,) in connection.execute(_ROOTS + names)]
    with ledger.open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * size)
            file.write(b"\x07" * 200)


_ROOTS = "SELECT rootpage FROM sqlite_master WHERE type = 'table' AND "


def test_a_period_may_end_with_all_days(config: Path) -> None:
    days = ("--since", "0001-01-01", "--until", "9999-12-31")
    done = ledger("export", config, "--format", "jsonl", "--out", "-", *days)
    assert (done.status, len(done.out.splitlines())) == (0, len(ENTRIES))
    for command in ("outcomes", "report"):
        assert here(command, "--config", str(config), *days).status == 0


def test_of_two_that_write_a_file_at_once_the_last_one_to_end_has_it_whole(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    with appearing(out) as one:
        one.write(b"a long file, as the first one writes it\n")
        with appearing(out) as other:
            other.write(b"short\n")
        assert out.read_bytes() == b"short\n"

    assert out.read_bytes() == b"a long file, as the first one writes it\n"
    assert [*tmp_path.iterdir()] == [out]


def test_a_pipe_stays_a_pipe(config: Path) -> None:
    path = config.parent / "pipe"
    os.mkfifo(path)
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as reading:
        assert ledger("export", config, "--format", "jsonl", "--out", str(path)).status == 0
        assert len(reading.read().splitlines()) == len(ENTRIES)
    assert path.is_fifo()


def test_where_a_link_leads_the_file_is_written(config: Path) -> None:
    link, target = config.parent / "link.csv", config.parent / "target.csv"
    link.symlink_to(target)
    assert ledger("export", config, "--out", str(link)).status == 0
    assert link.is_symlink()
    assert target.is_file()


@pytest.mark.parametrize("name", ["config.yaml/no-folder", "circle"])
def test_a_file_that_cannot_be_written_is_told_in_a_line(config: Path, name: str) -> None:
    config.with_name("circle").symlink_to("circle")
    done = ledger("export", config, "--out", str(config.parent / name))

    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("farthing: --out ")
    assert done.err.count("\n") == 1
    assert sorted(path.suffix for path in config.parent.iterdir() if ".part" in path.name) == []


def test_pruning_deletes_attempts_and_leaves_reports_as_they_were(config: Path) -> None:
    before = here("report", "--config", str(config), "--by", "day", "--json")
    done = ledger("prune", config, "--before", "2026-05-06", "--yes", "--vacuum")

    assert (done.status, done.err) == (0, "")
    assert done.out == "2 attempts deleted. Reports still include them.\n"
    assert here("report", "--config", str(config), "--by", "day", "--json") == before
    again = ledger("prune", config, "--before", "2026-05-06", "--yes")
    assert again.out == "There are no attempts before 2026-05-06.\n"


def test_pruning_asks_and_silence_is_no(config: Path) -> None:
    asked = ("ledger", "prune", "--config", str(config), "--before", "2026-05-05")
    nobody, yes = here(*asked), run(*asked, stdin="y\n")

    assert nobody.status == 1
    assert nobody.out.startswith("1 attempt before 2026-05-05 will be deleted permanently.")
    assert nobody.out.endswith("Nothing was deleted.\n")
    assert yes.status == 0
    assert yes.out.endswith("1 attempt deleted. Reports still include them.\n")


def test_recent_attempts_stay(config: Path) -> None:
    today = datetime.fromtimestamp(time.time(), UTC).date().isoformat()
    done = ledger("prune", config, "--before", today, "--yes")

    assert done.status == 1
    assert done.err.startswith("farthing: --before: ")
    assert done.err.endswith("budgets are counted from the attempts of their first day\n")


def test_nothing_is_deleted_while_older_attempts_wait_elsewhere(config: Path) -> None:
    spool = config.with_name("ledger.db.spool")
    Spool(spool).append([Waiting.of(entry("r0", at_s=day("2026-05-05")))])
    refused = ledger("prune", config, "--before", "2026-05-06", "--yes")
    allowed = ledger("prune", config, "--before", "2026-05-05", "--yes")

    assert refused.status == 1
    assert "wait outside the database" in refused.err
    assert allowed.out == "1 attempt deleted. Reports still include them.\n"


def test_it_says_how_the_ledger_is(config: Path) -> None:
    here("report", "--config", str(config))
    engine = open_database(config.with_name("ledger.db"))
    is_postgres = "postgresql:" in config.read_text("utf-8")
    write(engine, [entry("r4", at_s=day("2026-05-07"))])
    engine.dispose()
    waiting = [Waiting.of(entry("r5"))] * 2
    score = WaitingScore.of(Scored("r5", "cheap", "chat", 1.0, ScoreSource.FEEDBACK, "", 1.0))
    Spool(config.with_name("ledger.db.spool")).append([*waiting, score])
    done = ledger("status", config)
    lines = dict(line.split(":", 1) for line in done.out.splitlines())

    assert (done.status, done.err) == (0, "")
    assert lines["ledger"].strip().endswith(" MB")
    assert "0.0 MB" not in lines["ledger"]
    assert lines["spool"].strip().startswith("3 rows, ")
    if is_postgres:
        assert lines["attempts"].strip() == "3, 2026-05-04 to 2026-05-06"
        assert lines["outbox"].strip().startswith("1 attempt in ")
    else:
        assert lines["attempts"].strip() == "4, 2026-05-04 to 2026-05-07"
        assert lines["in sums"].strip() == "3, from 2026-05-04"
        assert lines["not in sums yet"].strip() == "1"


@pytest.mark.parametrize("action", [("status",), ("prune", "--before", "2026-05-05", "--yes")])
def test_a_spool_that_cannot_be_read_is_told_in_a_line(
    config: Path, action: tuple[str, ...]
) -> None:
    """It is its server's alone, and the commands may be called by another user."""
    config.with_name("ledger.db.spool").mkdir()
    told = ledger(action[0], config, *action[1:])

    assert told.status == 1
    assert (
        told.err
        == f"farthing: {config.with_name('ledger.db.spool')} cannot be read: Is a directory\n"
    )


async def test_the_server_deletes_old_attempts_only_where_it_is_told_to(tmp_path: Path) -> None:
    async def helpers(**ledger: int) -> list[str]:
        config = write_config(tmp_path, NOWHERE, ledger={"path": "ledger.db", **ledger})
        async with serving(load_settings(config, {}), real_world()):
            return [each.name for each in threading.enumerate()]

    assert "farthing-retention" not in await helpers()
    assert "farthing-retention" in await helpers(keep_days=90)
    assert "farthing-retention" not in [each.name for each in threading.enumerate()]


def test_the_days_to_keep_are_no_fewer_than_budgets_need(tmp_path: Path) -> None:
    config = write_config(tmp_path, NOWHERE, ledger={"keep_days": LEAST_KEPT_DAYS - 1})
    done = here("check", "--config", str(config))

    assert done.status == 1
    assert "ledger.keep_days" in done.err + done.out
    assert str(LEAST_KEPT_DAYS) in done.err + done.out


def test_the_status_of_a_ledger_shows_no_password(tmp_path: Path, postgres_url: str) -> None:
    url = f"{postgres_url}?password=${{HUSH}}&sslmode=disable"
    config = write_config(tmp_path, NOWHERE, ledger={"url": url})
    done = here("ledger", "status", "--config", str(config), env={"HUSH": "opensesame"})

    assert "sslmode=disable" in done.out
    assert "opensesame" not in done.out

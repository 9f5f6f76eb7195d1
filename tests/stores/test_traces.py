"""What the ledger has of one request comes back as it went in, wherever its rows are at the moment."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from sqlalchemy import Engine, text

from router.domain.ledger import Entry, Outcome
from router.domain.members import replace
from router.ledger.away import LedgerAway
from router.ledger.trace import RequestRecord
from router.stores.sql.database import central, open_database
from router.stores.sql.spool import Spool, Waiting
from router.stores.sql.traces import trace_of
from tests.stores.engines import write
from tests.stores.entries import entry, ledgers
from tests.stores.opened import open_ledger, spool_of

FAILED = entry("r1", 1, outcome=Outcome.FAILED, is_answer=False, closes=False)


@dataclass(frozen=True)
class Note:
    """A recording of this text."""

    said: str | None = "{}"

    def text(self) -> str | None:
        return self.said


def sorted_tags(each: Entry) -> Entry:
    return replace(each, tags=tuple(sorted(set(each.tags))))


@settings(max_examples=15)
@given(entries=ledgers())
def test_the_entries_of_a_request_come_back_as_they_were(entries: list[Entry]) -> None:
    with TemporaryDirectory() as folder:
        engine = open_database(Path(folder, "farthing.db"))
        write(engine, entries)
        for request_id in {each.request_id for each in entries}:
            mine = tuple(sorted_tags(e) for e in entries if e.request_id == request_id)
            assert trace_of([engine], request_id) == RequestRecord(mine)
        engine.dispose()


def test_a_request_comes_back_with_how_it_was_decided(engine: Engine) -> None:
    said = '{"rule":"it\'s \\u0000 \\"quoted\\" zürich 雨"}'
    write(engine, [FAILED, entry("r1", 2, decision=Note(said)), entry("r2", decision=Note())])
    trace = trace_of([engine], "r1")

    assert trace == RequestRecord((FAILED, entry("r1", 2)), said)
    assert trace_of([engine], "r3") is None


async def test_how_it_was_decided_is_written_when_the_row_is_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "farthing.db"
    ledger = open_ledger(path)
    await ledger.post([entry("r1", decision=Note("kept")), entry("r2", decision=Note(None))])
    await ledger.close()
    engine = open_database(path)
    found = [trace_of([engine], request_id) for request_id in ("r1", "r2")]
    engine.dispose()

    assert [trace.decision for trace in found if trace] == ["kept", None]


async def test_it_waits_in_the_spool_with_its_row(tmp_path: Path) -> None:
    path = tmp_path / "farthing.db"
    open_database(path).dispose()
    Spool(spool_of(path)).append([Waiting.of(entry("r1", decision=Note("kept")))])
    await open_ledger(path).close()
    engine = open_database(path)
    trace = trace_of([engine], "r1")
    engine.dispose()

    assert trace is not None
    assert trace.decision == "kept"


def test_a_request_whose_rows_are_moving_on_is_read_whole(engine: Engine, tmp_path: Path) -> None:
    outbox = open_database(tmp_path / "outbox.db")
    last = entry("r1", 2, decision=Note("kept"))
    write(engine, [FAILED])
    write(outbox, [FAILED, last])
    trace = trace_of([outbox, engine], "r1")
    outbox.dispose()

    assert trace == RequestRecord((FAILED, entry("r1", 2)), "kept")


def test_while_postgresql_is_away_the_outbox_tells_what_it_has(tmp_path: Path) -> None:
    outbox = open_database(tmp_path / "outbox.db")
    away = central("postgresql://127.0.0.1:1/books")
    write(outbox, [entry("r1")])

    assert trace_of([outbox, away], "r1") == RequestRecord((entry("r1"),))
    with pytest.raises(LedgerAway, match="cannot be read now"):
        trace_of([outbox, away], "r2")
    outbox.dispose()
    away.dispose()


def test_it_is_found_by_an_index(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "farthing.db")
    with engine.connect() as connection:
        [plan] = connection.execute(
            text("EXPLAIN QUERY PLAN SELECT * FROM attempts WHERE request_id = 'r1'")
        ).all()
    engine.dispose()

    assert "USING INDEX" in plan[-1]

"""Scores of answers are kept once for each request and source, wherever they wait on their way."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, insert, select

from router.domain.members import replace
from router.domain.scored import Scored, ScoreSource
from router.ledger.outcomes import ScoreTally
from router.stores.memory.ledger import MemoryLedger
from router.stores.sql.books import Books
from router.stores.sql.database import open_central, open_database
from router.stores.sql.outcomes import tallies
from router.stores.sql.retention import prune
from router.stores.sql.rollups import roll_up
from router.stores.sql.schema import OUTCOMES, SCORE_COLUMNS, score_row_of
from router.stores.sql.spool import Spool, WaitingScore
from tests.clock import Clock
from tests.stores.engines import write
from tests.stores.entries import day, entry
from tests.stores.opened import open_ledger, spool_of
from tests.stores.outboxes import ledger
from tests.stores.trouble import Held
from tests.stores.waiting import until

USUAL = Scored("r1", "cheap", "chat", 0.5, ScoreSource.FEEDBACK, "so so", 100.0)


def scored(request_id: str = "r1", **fields: Any) -> Scored:
    return replace(USUAL, request_id=request_id, **fields)


def keep(engine: Engine, scores: Sequence[Scored]) -> None:
    rows = [dict(zip(SCORE_COLUMNS, score_row_of(each), strict=True)) for each in scores]
    with engine.begin() as connection:
        connection.execute(insert(OUTCOMES), rows)


def kept(path: Path) -> list[Scored]:
    """What is in a file, whether its attempts are there or not."""
    with closing(sqlite3.connect(path)) as connection:
        query = f"SELECT {', '.join(SCORE_COLUMNS)} FROM outcomes ORDER BY request_id, source"  # noqa: S608
        rows = [dict(zip(SCORE_COLUMNS, row, strict=True)) for row in connection.execute(query)]
    return [Scored(**{**row, "source": ScoreSource(row["source"])}) for row in rows]


def kept_ids(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(select(OUTCOMES.c.request_id)).scalars())


def there(url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        query = "SELECT request_id, score, reason FROM outcomes ORDER BY request_id, source"
        return connection.execute(query).fetchall()


_SCORES = st.builds(
    scored,
    request_id=st.sampled_from(["r1", "r2"]),
    source=st.sampled_from(ScoreSource),
    score=st.floats(0, 1),
    reason=st.sampled_from(["", "ü", "'; --"]),
    at_s=st.integers(0, 5).map(float),
)


@settings(max_examples=25)
@given(scores=st.lists(_SCORES, max_size=12), down=st.sets(st.integers(0, 11)))
async def test_of_each_request_and_source_the_latest_is_kept_whatever_it_went_through(
    scores: list[Scored], down: set[int]
) -> None:
    memory, clock = MemoryLedger(), Clock()
    with TemporaryDirectory() as folder:
        path = Path(folder, "farthing.db")
        engine = open_database(path, busy_timeout_s=0)
        books = Books(engine, Spool(spool_of(path)), clock)
        for number, each in enumerate(scores):
            held = Held(path) if number in down else None
            books.keep([], [each])
            await memory.score([each])
            if held:
                held.let_go()
                clock.now_s += 2
                books.recover()
        books.close()
        engine.dispose()

        found = {(each.request_id, each.source): each for each in kept(path)}
    assert found == memory.scores


@settings(max_examples=20)
@given(scores=st.lists(_SCORES, unique_by=attrgetter("request_id", "source")))
def test_sources_are_never_counted_together(scores: list[Scored]) -> None:
    with TemporaryDirectory() as folder:
        engine = open_database(Path(folder, "farthing.db"))
        if scores:
            keep(engine, scores)
        by_model, by_source = tallies(engine, "model"), tallies(engine, "source")
        engine.dispose()

    for source in ScoreSource:
        its = [each.score for each in scores if each.source is source]
        counted = [each for each in by_model if each.source is source]
        assert [each.count for each in counted] == ([len(its)] if its else [])
        assert [each.mean for each in counted] == (
            [pytest.approx(sum(its) / len(its))] if its else []
        )
    assert [(each.name, each.count) for each in by_source] == [
        (each.source.value, each.count) for each in by_model
    ]


def test_scores_are_counted_by_category_and_time(engine: Engine) -> None:
    maths = scored("r2", category="maths", score=1.0, at_s=7.0)
    keep(engine, [scored("r1"), maths, scored("r3", category="maths", score=0.0)])

    assert tallies(engine, "category") == [
        ScoreTally("chat", ScoreSource.FEEDBACK, 1, 0.5),
        ScoreTally("maths", ScoreSource.FEEDBACK, 2, 1.0),
    ]
    assert tallies(engine, "category", until_s=8.0) == [
        ScoreTally("maths", ScoreSource.FEEDBACK, 1, 1.0)
    ]


def test_scores_go_with_their_attempts(engine: Engine) -> None:
    write(engine, [entry("r1", at_s=day("2026-05-03")), entry("r2", at_s=day("2026-05-05"))])
    keep(engine, [scored("r1", at_s=day("2026-05-06")), scored("r2", at_s=day("2026-05-06"))])
    roll_up(engine)
    list(prune(engine, day("2026-05-04", 0)))

    assert kept_ids(engine) == ["r2"]
    assert [each.count for each in tallies(engine, "model")] == [1]


async def test_a_score_waits_in_the_spool_while_the_file_is_locked(tmp_path: Path) -> None:
    path = tmp_path / "farthing.db"
    books = open_ledger(path)
    held = Held(path)
    await books.score([scored("r1"), scored("r2")])
    assert books.standing.waiting_rows == 2
    held.let_go()
    await books.close()

    assert kept(path) == [scored("r1"), scored("r2")]


async def test_what_a_dead_process_has_spooled_replaces_nothing_newer(tmp_path: Path) -> None:
    path = tmp_path / "farthing.db"
    books = open_ledger(path)
    await books.score([scored(score=1.0, at_s=200.0)])
    await books.close()
    Spool(spool_of(path)).append([WaitingScore.of(scored()), WaitingScore.of(scored("r2"))])
    await open_ledger(path).close()

    assert kept(path) == [scored(score=1.0, at_s=200.0), scored("r2")]


async def test_scores_move_on_to_postgresql_and_are_replaced_there(
    tmp_path: Path, postgres_url: str
) -> None:
    path = tmp_path / "farthing.db"
    open_central(postgres_url).dispose()
    async with ledger(path, postgres_url) as books:
        await books.post([entry("r1")])
        await books.score([scored(reason="a\0b")])
        await until(lambda: there(postgres_url) == [("r1", 0.5, "a\ufffdb")])
        await books.score([scored(score=1.0, at_s=200.0)])
        await until(lambda: there(postgres_url) == [("r1", 1.0, "so so")])
        await books.score([scored(score=0.0, at_s=150.0)])
        await until(lambda: kept(path) == [])

    assert there(postgres_url) == [("r1", 1.0, "so so")]


async def test_scores_count_as_rows_on_their_way(tmp_path: Path) -> None:
    path = tmp_path / "farthing.db"
    async with ledger(path, "postgresql://nobody@127.0.0.1:1/nothing") as books:
        await books.post([entry("r1")])
        await books.score([scored("r1"), scored("r2")])
        await until(lambda: books.standing.outbox_rows == 3)

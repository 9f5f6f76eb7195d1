"""When a worker counts as silent, and when it does not."""

import os
import tempfile
from collections.abc import Iterator

import pytest

from router.cli.serve import supervise
from router.cli.serve.crew.watchdog import Watchdog
from router.server.crew.worker_table import Stage, WorkerTable


@pytest.fixture
def table() -> Iterator[WorkerTable]:
    with tempfile.TemporaryFile() as file:
        made = WorkerTable.made(file.fileno())
        for at in range(2):
            made.enter(at, at, 100 + at)
            made.turn(at, Stage.SERVING)
        yield made
        made.close()


def silent(watchdog: Watchdog, looks: int, *beating: int) -> list[int]:
    """The processes that become silent within so many looks, before each of which these rows beat."""
    found = []
    for _ in range(looks):
        for at in beating:
            watchdog.worker_table.beat(at)
        found += [row.pid for row in watchdog.look()]
    return found


def test_who_beats_no_more_is_told_once(table: WorkerTable) -> None:
    watchdog = Watchdog(table)
    assert silent(watchdog, 50, 0, 1) == []
    assert silent(watchdog, 29, 0) == []
    assert silent(watchdog, 1, 0) == [101]
    assert silent(watchdog, 50, 0) == []


def test_who_beats_again_has_as_long_as_before(table: WorkerTable) -> None:
    watchdog = Watchdog(table)
    assert silent(watchdog, 1, 0, 1) == []
    assert silent(watchdog, 29, 0) == []
    assert silent(watchdog, 1, 0, 1) == []
    assert silent(watchdog, 29, 0) == []


def test_who_starts_has_longer(table: WorkerTable) -> None:
    watchdog = Watchdog(table)
    table.enter(1, 1, 201)
    assert silent(watchdog, 1, 0, 1) == []
    assert silent(watchdog, 119, 0) == []
    assert silent(watchdog, 1, 0) == [201]


def test_who_takes_requests_and_never_beats_is_of_an_older_version(table: WorkerTable) -> None:
    assert silent(Watchdog(table), 200, 0) == []


def test_who_follows_at_the_same_row_begins_anew(table: WorkerTable) -> None:
    watchdog = Watchdog(table)
    silent(watchdog, 29, 0)
    table.vacate(1)
    table.enter(1, 1, 201)
    assert silent(watchdog, 29, 0) == []


def test_a_table_of_an_older_supervisor_has_room_for_beats() -> None:
    with tempfile.TemporaryFile() as file:
        file.truncate(64 * 4 * 8)
        table = WorkerTable(file.fileno())
        table.beat(63)
        table.enter(63, 5, 105)
        table.beat(63)
        assert [(row.at, row.number, row.beats) for row in table.rows()] == [(63, 5, 1)]
        table.close()


def test_a_table_of_a_newer_supervisor_keeps_what_is_not_known_here() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"\1" * 8192)
        file.flush()
        WorkerTable(file.fileno()).close()
        assert file.seek(0, 2) == 8192


def test_where_files_in_memory_are_forbidden_the_table_is_one_on_disk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forbidden(name: str) -> int:
        raise PermissionError(name)

    monkeypatch.setattr(os, "memfd_create", forbidden, raising=False)
    with supervise._memory() as file:  # noqa: SLF001
        table = WorkerTable.made(file.fileno())
        assert table.free() == 0
        table.close()

"""The log of the process: lines of JSON, written by a thread that nobody waits for."""

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import PIPE_BUF

import pytest

from router.telemetry.log import Lines, LinesHandler
from tests.e2e.patience import until


@contextmanager
def _pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    try:
        yield reading, writing
    finally:
        os.close(reading)
        os.close(writing)


def _read(fd: int, lines: int) -> list[str]:
    said = b""
    while said.count(b"\n") < lines:
        said += os.read(fd, 65_536)
    return said.decode().splitlines()


def test_a_record_is_a_line_of_json_with_its_traceback() -> None:
    with _pipe() as (reading, writing):
        lines = Lines(writing)
        log, handler = logging.getLogger("some.room"), LinesHandler(lines)
        log.addHandler(handler)
        try:
            raise ValueError("it is wrong")
        except ValueError:
            log.exception("request %s failed", "req_1")
        log.removeHandler(handler)
        handler.close()
        (line,) = _read(reading, 1)

    told = json.loads(line)
    assert (told["level"], told["logger"]) == ("error", "some.room")
    assert told["message"] == "request req_1 failed"
    assert told["traceback"].endswith("ValueError: it is wrong")
    assert told["at"].endswith("+00:00")


@pytest.mark.parametrize("waits", [True, False])
def test_a_pipe_that_nobody_reads_holds_nobody_up_and_later_tells_what_was_lost(
    waits: bool,
) -> None:
    with _pipe() as (reading, writing):
        os.set_blocking(writing, waits)
        lines = Lines(writing, most=10)
        for _ in range(200):
            lines.put("x" * 65_536)  # as much as a pipe holds
        lost = lines.dropped
        assert lost > 100

        got = _read(reading, 1)
        while "were dropped" not in got[-1]:
            got += _read(reading, 1)
        lines.close()

    told = [each for each in got if "were dropped" in each]
    assert json.loads(told[0])["level"] == "warning"
    assert (
        json.loads(told[0])["message"]
        == f"{lost} lines were dropped: standard error was not read, or full"
    )


def _lose(lines: Lines, number: int) -> None:
    lines.put("no room")
    until(lambda: lines.dropped == number)


def test_what_a_full_disk_has_lost_is_told_once_there_is_room(tmp_path: Path) -> None:
    file = tmp_path / "log"
    fd, there = os.open("/dev/full", os.O_WRONLY), os.open(file, os.O_WRONLY | os.O_CREAT)
    lines = Lines(fd)
    for number in (1, 2, 3):
        _lose(lines, number)
    os.dup2(there, fd)
    lines.put("room")
    lines.close()
    os.close(fd)
    os.close(there)

    first, told = file.read_text().splitlines()
    assert first == "room"
    assert json.loads(told)["message"].startswith("3 lines were dropped")


def test_lines_of_several_workers_in_a_full_pipe_are_not_mixed_up() -> None:
    with _pipe() as (reading, writing):
        workers = [Lines(writing), Lines(writing)]
        said = [f"{number}" * 500 for number in range(1_000, 1_500)]
        for line in said:
            for worker in workers:
                worker.put(line)
        got = _read(reading, 2 * len(said))
        for worker in workers:
            worker.close()

    assert sorted(got) == sorted([*said, *said])


def test_a_line_longer_than_a_pipe_takes_at_once_is_whole() -> None:
    with _pipe() as (reading, writing):
        lines = Lines(writing)
        said = ["short", "é" * 3 * PIPE_BUF, "", "last"]
        for line in said:
            lines.put(line)
        lines.close()

        assert _read(reading, len(said)) == said


def test_a_reader_that_has_gone_is_no_trouble() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    lines = Lines(writing)
    lines.put("to nobody")
    lines.close()
    os.close(writing)

    assert lines.dropped == 1

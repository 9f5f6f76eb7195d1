"""Where rows wait when the database cannot take them: a file of lines, each with its checksum.

A line is written completely before anybody is told that its row is kept. One that was torn by the death of
the process belongs to an answer that nobody has received whole; it is skipped. Rows carry their own key,
so that writing them into the database twice is the same as writing them once.

Several processes may share a spool. Whoever adds to it holds its lock, and so does whoever sets it aside: a
part that was set aside gets no more lines, is read at leisure, and is then removed.
"""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from errno import ENOSPC
from fcntl import LOCK_EX, flock
from glob import escape
from pathlib import Path
from secrets import token_hex
from typing import Any
from zlib import crc32

import orjson
from msgspec import Struct

from router.domain.ledger import Entry, Outcome
from router.domain.scored import Scored
from router.stores.sql.schema import COLUMNS, SCORE_COLUMNS, row_of, score_row_of

_LOG = logging.getLogger(__name__)
_IDENTITY = ("request_id", "attempt", "at_s")
_BLANK = row_of(Entry("", 0, 0.0, "", "", "", "", "", "", Outcome.FAILED))


class Waiting(Struct, frozen=True):
    """An attempt's row by its columns, and its tags."""

    row: Mapping[str, Any]
    tags: tuple[str, ...]

    @classmethod
    def of(cls, entry: Entry) -> "Waiting":
        """The row of `entry`. Raises ValueError or OverflowError for an impossible time."""
        return cls(dict(zip(COLUMNS, row_of(entry), strict=True)), tuple(dict.fromkeys(entry.tags)))

    @property
    def values(self) -> tuple[Any, ...]:
        """What `INSERT_ATTEMPT` takes; columns that the row's writer did not know are as in a blank row."""
        return tuple(self.row.get(c, usual) for c, usual in zip(COLUMNS, _BLANK, strict=True))

    @property
    def tag_values(self) -> list[tuple[Any, ...]]:
        """What `INSERT_TAG` takes."""
        return [(self.row["request_id"], self.row["attempt"], tag) for tag in self.tags]

    def as_json(self) -> bytes:
        """What its line says."""
        return orjson.dumps({"row": self.row, "tags": self.tags})


class WaitingScore(Struct, frozen=True):
    """A score's row by its columns."""

    row: Mapping[str, Any]

    @classmethod
    def of(cls, scored: Scored) -> "WaitingScore":
        """The row of `scored`."""
        return cls(dict(zip(SCORE_COLUMNS, score_row_of(scored), strict=True)))

    @property
    def values(self) -> tuple[Any, ...]:
        """What `INSERT_SCORE` takes."""
        return tuple(self.row[column] for column in SCORE_COLUMNS)

    def as_json(self) -> bytes:
        """What its line says."""
        return orjson.dumps({"outcome": self.row})


AnyWaiting = Waiting | WaitingScore


class Spool:
    """The file at `path`, and parts of it that were set aside; they are there while rows wait."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, rows: Sequence[AnyWaiting]) -> None:
        """Append `rows`. Raises OSError if none of them could be added.

        Raises TypeError for what cannot be written: a lone surrogate, a number beyond 64 bits.
        """
        lines = b"".join(map(_line, rows))
        with self._locked() as file:
            _append(file, lines)

    def has_rows(self) -> bool:
        """Whether rows wait; also if that cannot be told."""
        try:
            # In this order: what is set aside in between is there all the same.
            return self._path.exists() or bool(self._set_aside())
        except OSError:
            return True

    def parts(self) -> list[Path]:
        """The files whose rows wait, renamed and complete: nothing is added to them any more."""
        if self._path.exists():
            with self._locked():
                self._path.rename(self._path.with_name(f"{self._path.name}.{token_hex(8)}"))
        return self._set_aside()

    def files(self) -> list[Path]:
        """All files in which rows wait, as they are now; other processes may be using them."""
        return [path for path in (*self._set_aside(), self._path) if path.exists()]

    def _set_aside(self) -> list[Path]:
        return sorted(self._path.parent.glob(f"{escape(self._path.name)}.{'[0-9a-f]' * 16}"))

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """The file, opened for appending and locked meanwhile."""
        while True:
            file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                flock(file, LOCK_EX)
                if _is_at(self._path, file):  # otherwise it was set aside while we waited
                    yield file
                    return
            finally:
                os.close(file)


def read(part: Path) -> Iterator[AnyWaiting | None]:
    """The rows of a part in their order; None in place of each line that is damaged, or unknown here.

    There are none if another process has brought them back and removed the part.
    """
    with suppress(FileNotFoundError), part.open("rb") as file:
        for line in file:
            yield _read(line)


def _is_at(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except FileNotFoundError:
        return False


def _append(file: int, lines: bytes) -> None:
    begins = os.fstat(file).st_size
    if begins and os.pread(file, 1, begins - 1) != b"\n":
        lines = b"\n" + lines  # a torn line must not spoil the one that comes now
    try:
        if os.write(file, lines) < len(lines):
            raise OSError(ENOSPC, "no room for all rows")
    except OSError:
        os.ftruncate(file, begins)
        raise


def _line(row: AnyWaiting) -> bytes:
    text = row.as_json()
    return b"%08x %s\n" % (crc32(text), text)


def _read(line: bytes) -> AnyWaiting | None:
    checksum, _, text = line.rstrip(b"\n").partition(b" ")
    if checksum != b"%08x" % crc32(text):
        return None
    try:
        return _row(orjson.loads(text))
    except (LookupError, TypeError, ValueError):
        # Written whole, by another version: that must not end the writer, nor be lost without a word.
        _LOG.error("ledger entry not written (of another version): %s", text.decode())
        return None


def _row(told: Any) -> AnyWaiting:
    """The row that a line tells. Raises LookupError or TypeError if it is none, or lacks what it cannot be without."""
    if "outcome" in told:
        score = told["outcome"]
        return WaitingScore({column: score[column] for column in SCORE_COLUMNS})
    row = told["row"]
    return Waiting({**row, **{name: row[name] for name in _IDENTITY}}, tuple(told["tags"]))

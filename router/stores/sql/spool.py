"""Where rows wait when the database cannot take them: a file of lines, each with its checksum.

A line is written whole before anybody is told that its row is kept. One that was torn by the death
of the process belongs to an answer that nobody has received whole; it is passed over. Rows carry
their own key, so that to write them into the database twice is to write them once.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from errno import ENOSPC
from pathlib import Path
from typing import Any
from zlib import crc32

import orjson

from router.domain.ledger import Entry, Outcome
from router.stores.sql.schema import COLUMNS, row_of

_BLANK = row_of(Entry("", 0, 0.0, "", "", "", "", "", "", Outcome.FAILED))


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row by its columns, and its tags."""

    row: Mapping[str, Any]
    tags: tuple[str, ...]

    @classmethod
    def of(cls, entry: Entry) -> "Waiting":
        """The row of `entry`. Raises ValueError or OverflowError for a time that is none."""
        return cls(dict(zip(COLUMNS, row_of(entry), strict=True)), tuple(dict.fromkeys(entry.tags)))

    @property
    def values(self) -> tuple[Any, ...]:
        """What `INSERT_ATTEMPT` takes; columns that its writer did not know are as in a blank row."""
        return tuple(self.row.get(c, usual) for c, usual in zip(COLUMNS, _BLANK, strict=True))

    @property
    def tag_values(self) -> list[tuple[Any, ...]]:
        """What `INSERT_TAG` takes."""
        return [(self.row["request_id"], self.row["attempt"], tag) for tag in self.tags]


class Spool:
    """The file at `path`; it is there only while rows wait in it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def exists(self) -> bool:
        """Whether rows wait."""
        return self._path.exists()

    def append(self, rows: Sequence[Waiting]) -> None:
        """Add `rows` at its end. Raises OSError, having added none of them.

        Raises TypeError for what cannot be written down: half a surrogate, a number beyond 64 bits.
        """
        lines = b"".join(map(_line, rows))
        file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            _append(file, lines)
        finally:
            os.close(file)

    def read(self) -> Iterator[Waiting | None]:
        """The rows in their order; None in place of each line that is damaged."""
        with self._path.open("rb") as file:
            for line in file:
                yield _read(line)

    def remove(self) -> None:
        """Forget all rows: they are in the database."""
        self._path.unlink(missing_ok=True)


def _append(file: int, lines: bytes) -> None:
    begins = os.fstat(file).st_size
    if begins and os.pread(file, 1, begins - 1) != b"\n":
        lines = b"\n" + lines  # what was torn before must not tear what comes now
    try:
        if os.write(file, lines) < len(lines):
            raise OSError(ENOSPC, "no room for all rows")
    except OSError:
        os.ftruncate(file, begins)
        raise


def _line(row: Waiting) -> bytes:
    text = orjson.dumps({"row": row.row, "tags": row.tags})
    return b"%08x %s\n" % (crc32(text), text)


def _read(line: bytes) -> Waiting | None:
    checksum, _, text = line.rstrip(b"\n").partition(b" ")
    if checksum != b"%08x" % crc32(text):
        return None
    read = orjson.loads(text)
    return Waiting(read["row"], tuple(read["tags"]))

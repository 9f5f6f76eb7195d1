"""Where replayed answers are kept: each as a line at once, and all as a Parquet file in the end.

A line that was cut off by a crash is skipped; the answers before it need not be paid for again.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import orjson
from msgspec import structs

from router.domain.errors import FarthingError
from router.evaluation.answer_files import read_rows, write_rows
from router.evaluation.answered import ScoredAnswer


class Journal:
    """The answers of a replay by prompt and model, in `path` and, until `close`, in a file beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines = path.with_name(f"{path.name}.journal")
        self._added: dict[tuple[str, str], ScoredAnswer] = {}
        self.held = self._kept()

    def add(self, row: ScoredAnswer) -> None:
        """Keep an answer: from now on it outlives this process."""
        self.held[row.key] = self._added[row.key] = row
        try:
            with self._lines.open("ab") as file:
                # The line break comes first: the line before may have been cut off.
                file.write(b"\n" + orjson.dumps(structs.asdict(row)))
        except OSError as error:
            raise FarthingError(f"{self._lines} cannot be written: {error.strerror}") from None

    def close(self) -> None:
        """Write all of them as one file, with what another process has kept meanwhile. Raises FarthingError."""
        self.held = self._kept() | self._added
        if self.held:
            write_rows(self.path, list(self.held.values()))
        self._lines.unlink(missing_ok=True)

    def _kept(self) -> dict[tuple[str, str], ScoredAnswer]:
        rows = read_rows(self.path) if self.path.exists() else ()
        return {row.key: row for row in (*rows, *_intact(self._lines))}


def _intact(path: Path) -> Iterator[ScoredAnswer]:
    for line in path.read_bytes().splitlines() if path.exists() else ():
        with suppress(orjson.JSONDecodeError):
            yield ScoredAnswer(**orjson.loads(line))

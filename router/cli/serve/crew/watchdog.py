"""Notices a worker that neither ends nor runs: its event loop is blocked for good, or somebody has stopped it.

Each worker beats once a second, and its supervisor looks as often. A look counts for a second however long it was in
coming: while the machine slept, or all of us were frozen or starved, the supervisor did not look either.
"""

from msgspec import Struct, field

from router.server.crew.worker_table import Stage, WorkerRow, WorkerTable

_SILENT_LOOKS = 30
"""After so many looks without a beat it is given up: its clients have waited for as long, and to read a whole worker
back from swap takes less."""
_STARTING_LOOKS = 120
"""The same while it starts: it imports, and reads files and databases."""


class _Watched(Struct):
    pid: int
    beats: int
    looks: int = 0


class Watchdog(Struct, eq=False):
    """Looks at the workers in a table."""

    worker_table: WorkerTable
    _watched: dict[int, _Watched] = field(default_factory=dict)

    def look(self) -> list[WorkerRow]:
        """Those that have just become silent. To be called every `BEAT_S` seconds."""
        rows = list(self.worker_table.rows())
        self._watched = {row.at: self._seen(row) for row in rows}
        return [row for row in rows if self._watched[row.at].looks == self.most_looks(row)]

    def _seen(self, row: WorkerRow) -> _Watched:
        watched = self._watched.get(row.at)
        if watched is None or (watched.pid, watched.beats) != (row.pid, row.beats):
            return _Watched(row.pid, row.beats)
        watched.looks += 1
        return watched

    def most_looks(self, row: WorkerRow) -> int | None:
        """After how many looks without a beat it is silent; None if it never is."""
        if row.stage is Stage.STARTING:
            return _STARTING_LOOKS
        return _SILENT_LOOKS if row.beats else None  # an older version never beats

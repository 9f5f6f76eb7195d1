"""Logging: one JSON object per line on standard error. Neither prompts nor keys are ever logged.

A thread writes: if standard error is a pipe that nobody reads, lines are lost, and requests go on.
"""

import json
import logging
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from select import PIPE_BUF, select

from router.telemetry.background_thread import BackgroundThread

_STANDARD_ERROR = 2
_MOST_LINES = 10_000
_AT_ONCE = 256
_PAUSE_S = 0.2
_LAST_WORDS_S = 1.0


class Lines:
    """A file to which a separate thread writes lines. `fd` is its descriptor.

    The descriptor is written to directly: a thread stuck in the lock of `sys.stderr` would keep the
    process from ending.
    """

    def __init__(self, fd: int, most: int = _MOST_LINES) -> None:
        self._fd = fd
        self._told = 0
        self._aside: BackgroundThread[str] = BackgroundThread(
            self._write, name="log", most=most, batch=_AT_ONCE, pause_s=_PAUSE_S
        )

    @property
    def dropped(self) -> int:
        """How many lines have been lost so far because they were not read fast enough."""
        return self._aside.dropped

    def put(self, line: str) -> None:
        """Have `line`, without its line break, written, or lose it; returns at once. From any thread."""
        self._aside.put(line)

    def close(self) -> None:
        """Write what is waiting, as far as it is read within a second."""
        self._aside.close(_LAST_WORDS_S)

    def _write(self, lines: Sequence[str]) -> None:
        texts = list(lines)
        if lost := self.dropped - self._told:
            texts.append(_lost(lost))
        for piece in _pieces(texts):
            self._write_all(piece)
        self._told += lost  # not before: a disk may still be full

    def _write_all(self, piece: bytes) -> None:
        left = memoryview(piece)
        while left:
            try:
                left = left[os.write(self._fd, left) :]
            except BlockingIOError:
                # Whoever gave us the descriptor may have made it non-blocking.
                select((), (self._fd,), ())


def _pieces(lines: Iterable[str]) -> Iterator[bytes]:
    """The lines, as many at a time as a pipe takes as a whole (POSIX: PIPE_BUF); a longer line is alone.

    Workers write to one pipe. If it is full, anything longer is mixed up with what the others write.
    """
    piece = b""
    for line in lines:
        text = f"{line}\n".encode()
        if piece and len(piece) + len(text) > PIPE_BUF:
            yield piece
            piece = b""
        piece += text
    yield piece


class JsonFormatter(logging.Formatter):
    """A log record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """`record` with its time (UTC), level, logger, message, and traceback if it has one."""
        line: dict[str, object] = {
            "at": written(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


class LinesHandler(logging.Handler):
    """Hands records to `lines`."""

    def __init__(self, lines: Lines) -> None:
        super().__init__()
        self._lines = lines
        self.setFormatter(JsonFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        """Have `record` written; returns at once."""
        self._lines.put(self.format(record))

    def close(self) -> None:
        """Write what waits. Called when the process ends."""
        self._lines.close()
        super().close()


def start_logging(level: str = "INFO") -> Lines:
    """Send all log records of this process to standard error; returns the `Lines` that they go to."""
    lines = Lines(_standard_error())
    root = logging.getLogger()
    root.handlers = [LinesHandler(lines)]
    root.setLevel(level)
    # They log every single change of a file, and each step of a migration; we log what has come of it.
    for name in ("watchfiles", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return lines


def _standard_error() -> int:
    """The descriptor of standard error, even if something without one has replaced it."""
    try:
        return sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):
        return _STANDARD_ERROR


def _lost(lines: int) -> str:
    said = {
        "name": __name__,
        "levelname": "WARNING",
        "msg": f"{lines} lines were dropped: standard error was not read, or full",
    }
    return JsonFormatter().format(logging.makeLogRecord(said))


def written(unix_s: float) -> str:
    """A moment as the log writes it: ISO 8601, UTC, to the millisecond."""
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="milliseconds")

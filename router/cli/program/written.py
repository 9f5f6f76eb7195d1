"""What a command prints may find no reader, room or letters, and is flushed before Python would do so at its end."""

import contextlib
import errno
import os
import sys
from collections.abc import Callable
from io import TextIOWrapper

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def written(command: Callable[[], int]) -> int:
    """The command's exit status: 0 if its reader has left (`| head`), 1 if there is no room for what it prints.

    Characters that standard output cannot encode are written as escapes.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return _flushed(command)
    except BrokenPipeError:
        return _given_up(0)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        print(f"farthing: cannot write: {error.strerror}", file=sys.stderr)  # noqa: T201 - a command line speaks by printing
        return _given_up(1)
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # rich makes a failure of it
            return 0
        raise


def _flushed(command: Callable[[], int]) -> int:
    try:
        return command()
    finally:
        sys.stdout.flush()


def _given_up(status: int) -> int:
    """The status, once what is left to print leads nowhere: Python would try again at its end, and complain."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status

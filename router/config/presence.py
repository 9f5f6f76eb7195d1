"""What is there, asked where we may not look, too: `Path.exists` and its like then raise, before Python 3.14."""

from contextlib import suppress
from pathlib import Path
from stat import S_ISDIR, S_ISREG


def may_exist(path: Path) -> bool:
    """Whether there is something at `path`, or may be, since its folder is closed to us."""
    try:
        path.stat()
    except PermissionError:
        return True
    except (OSError, ValueError):  # of a name with a zero byte, which no file has
        return False
    return True


def is_file(path: Path) -> bool:
    """Whether we can see a plain file at `path`."""
    return S_ISREG(_mode(path))


def is_folder(path: Path) -> bool:
    """Whether we can see a folder at `path`."""
    return S_ISDIR(_mode(path))


def _mode(path: Path) -> int:
    with suppress(OSError, ValueError):
        return path.stat().st_mode
    return 0

"""Files that commands write: they appear when they are complete, and are opened before the work for them begins."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import ELOOP
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from router.domain.errors import FarthingError


@contextmanager
def appearing(path: Path) -> Iterator[BinaryIO]:
    """The file, under another name until it is complete; a pipe or a device (/dev/stdout) is written as it is.

    Raises OSError if it cannot be written.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        with path.open("wb") as file:
            yield file
        return
    with _in_part(_target(path)) as file:  # a link leads there afterwards, too
        yield file


def _target(path: Path) -> Path:
    with suppress(
        RuntimeError
    ):  # as Python before 3.13 says of circular links; a later one stops at such a link
        if not (target := path.resolve()).is_symlink():
            return target
    raise OSError(ELOOP, os.strerror(ELOOP))


@contextmanager
def _in_part(path: Path) -> Iterator[BinaryIO]:
    # Of two commands that write the same file, neither may write into the other's part.
    part = Path(f"{path}.{token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def output(option: str, path: Path) -> Iterator[BinaryIO]:
    """The same for the file that an option names. Raises FarthingError that names both."""
    try:
        with appearing(path) as file:
            yield file
    except BrokenPipeError:  # its reader has left, which is no error
        raise
    except OSError as error:
        raise FarthingError(
            f"{option}: {path} cannot be written: {error.strerror or error}"
        ) from None

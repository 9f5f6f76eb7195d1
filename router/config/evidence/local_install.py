"""Installing local evidence: all of it is in force at once, or nothing, even if the power fails.

A calibration is written to a folder under another name, made durable, and renamed; then the pointer is
replaced by a rename. Readers meanwhile see the old one. The previous one is kept for `undo`.
"""

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from router.config.evidence.local_quality import (
    CARD,
    ESTIMATES,
    POINTER,
    Pointer,
    as_document,
    read_pointer,
)
from router.domain.errors import FarthingError
from router.domain.local_quality import LocalQuality

_WRITING = ".writing-"
_SHOWN_DIGITS = 12


def version_of(local: LocalQuality, unix_s: float) -> str:
    """The name of a calibration: when it was made, and the beginning of its hash."""
    made = datetime.fromtimestamp(unix_s, UTC).strftime("%Y%m%dT%H%M%S")
    return f"{made}-{sha256(_estimates(local)).hexdigest()[:_SHOWN_DIGITS]}"


def install(folder: Path, local: LocalQuality, card: Mapping[str, Any]) -> Pointer:
    """Put `local` in force under its version's name. Raises FarthingError, and Unusable."""
    before, raw = read_pointer(folder), _estimates(local)
    whole = {**card, "version": local.version, "sha256": sha256(raw).hexdigest()}
    try:
        _write(folder, local.version, {ESTIMATES: raw, CARD: _json(whole)})
        pointer = Pointer(local.version, before.current)
        _point(folder, pointer)
    except OSError as error:
        raise FarthingError(f"{folder} cannot be written: {error.strerror}") from None
    _forget_others(folder, pointer)
    return pointer


def undo(folder: Path) -> Pointer:
    """Put the previous one in force; doing so again undoes that. Raises FarthingError."""
    before = read_pointer(folder)
    if not before.current and not before.previous:
        raise FarthingError(f"nothing was ever installed in {folder}")
    pointer = Pointer(before.previous, before.current)
    try:
        _point(folder, pointer)
    except OSError as error:
        raise FarthingError(f"{folder} cannot be written: {error.strerror}") from None
    return pointer


def _write(folder: Path, version: str, files: Mapping[str, bytes]) -> None:
    """Write a folder with these files, completely or not at all; an existing one of that name is the same."""
    if (folder / version).is_dir():
        return
    writing = folder / f"{_WRITING}{version}-{os.getpid()}"
    writing.mkdir(parents=True)
    try:
        for name, raw in files.items():
            _durable(writing / name, raw)
        writing.rename(folder / version)
    except BaseException:
        shutil.rmtree(writing, ignore_errors=True)
        raise


def _point(folder: Path, pointer: Pointer) -> None:
    told = {"current": pointer.current, "previous": pointer.previous}
    writing = folder / f"{_WRITING}{os.getpid()}-{POINTER}"
    _durable(writing, _json(told))
    writing.replace(folder / POINTER)


def _durable(path: Path, raw: bytes) -> None:
    with path.open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())


def _forget_others(folder: Path, pointer: Pointer) -> None:
    """Remove all calibrations but the current and the previous one; what cannot be removed stays."""
    kept = {pointer.current, pointer.previous}
    for each in folder.iterdir():
        if each.is_dir() and (each / CARD).is_file() and each.name not in kept:
            with suppress(OSError):
                shutil.rmtree(each)


def _estimates(local: LocalQuality) -> bytes:
    return _json(as_document(local))


def _json(told: Mapping[str, Any]) -> bytes:
    return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)

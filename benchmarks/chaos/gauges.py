"""What the proxy's process holds: open files and memory, read from /proc (Linux; elsewhere unknown)."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Files:
    """Open files of a process: sockets and others."""

    sockets: int
    others: int


def open_files(pid: int) -> Files | None:
    """What it has open; None if that is not available."""
    folder = Path(f"/proc/{pid}/fd")
    if not folder.is_dir():
        return None
    targets = [target for each in folder.iterdir() if (target := _target(each))]
    sockets = sum(target.startswith("socket:") for target in targets)
    return Files(sockets, len(targets) - sockets)


def resident_bytes(pid: int) -> int | None:
    """The memory that it uses; None if that is not available."""
    path = Path(f"/proc/{pid}/statm")
    if not path.is_file():
        return None
    return int(path.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _target(link: Path) -> str | None:
    try:
        return str(link.readlink())
    except FileNotFoundError:
        return None  # closed in the meantime

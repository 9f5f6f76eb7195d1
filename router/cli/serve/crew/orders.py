"""What one of our processes tells another that it starts: a line of JSON on an inherited file.

During an upgrade the other one is newer. So a new member has a default, and none is ever renamed.
"""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from msgspec import ValidationError, convert

from router.domain.errors import FarthingError


@dataclass(frozen=True, slots=True)
class _Line:
    def as_line(self) -> bytes:
        """The line, as it is sent."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def read(cls, fd: int) -> Self:
        """The line on `fd`; not a byte more is read. Raises FarthingError if it is not such a line."""
        try:
            told = _object(fd)
        except (OSError, ValueError):
            raise FarthingError("this is called only by 'farthing serve'") from None
        return cls.of(told)

    @classmethod
    def of(cls, told: Any) -> Self:
        """What a line says. Members that are not known are ignored: Farthing may have been replaced under its sender.

        Raises FarthingError if one is missing that has no default, or is of another type.
        """
        try:
            return convert(told, cls)
        except ValidationError:
            raise FarthingError(
                "the supervisor is of another version of Farthing: stop 'farthing serve', and start it again"
            ) from None


@dataclass(frozen=True, slots=True)
class Orders(_Line):
    """For the supervisor: start `workers` at the address of `listener`, an inherited file.

    `host` and `port` are of that address, whatever the file at `config` says by the time a worker reads it. At
    shutdown answers may take `shutdown_s` seconds. `stated` is what the file said of the settings that only the
    supervisor goes by, by their names. `greeting` is the secret of a greeting, "" for none.
    """

    workers: int
    listener: int
    config: str
    host: str
    port: int
    log_level: str
    shutdown_s: float
    stated: dict[str, Any] = field(default_factory=dict)
    greeting: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Job(_Line):
    """For a worker: its place, and the supervisor's orders.

    Its row in the table of workers is `at`. `roll`, which older supervisors have called it, is the inherited file
    of that table.
    """

    number: int
    at: int
    roll: int
    folder: str
    orders: dict[str, Any]


def own_command(arguments: Sequence[str]) -> list[str]:
    """The command that starts this program again, with the same Python and the same options for it."""
    before = len(sys.orig_argv) - (len(sys.argv) - 1)
    return [sys.executable, *sys.orig_argv[1:before], *arguments]


def _object(fd: int) -> dict[str, Any]:
    line = bytearray()
    while (byte := os.read(fd, 1)) not in (b"", b"\n"):
        line += byte
    read: dict[str, Any] = json.loads(line)
    return read

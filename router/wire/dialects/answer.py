"""An answer, and a stream of one, as all APIs mean them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from router.domain.usage import Usage
from router.wire.dialects.parts import Citation, Part
from router.wire.dialects.seals import Seal


class Stop(Enum):
    """Why the model said no more."""

    END = auto()
    LENGTH = auto()
    SEQUENCE = auto()
    TOOLS = auto()
    FILTER = auto()


@dataclass(frozen=True, slots=True)
class Head:
    """What is known when an answer begins; `created_s` is Unix time, None where it is not told."""

    id: str
    model: str
    created_s: int | None = None


@dataclass(frozen=True, slots=True)
class End:
    """What is known when it ends. `sequence` is the one that stopped it, where that is told."""

    stop: Stop
    usage: Usage | None = None
    tier: str = ""
    sequence: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    head: Head
    parts: tuple[Part, ...]
    end: End


@dataclass(frozen=True, slots=True)
class Fault:
    """An error as an upstream tells it, with the HTTP status that goes with it."""

    status: int
    message: str
    kind: str = ""
    code: str | None = None
    param: str | None = None


@dataclass(frozen=True, slots=True)
class Occasion:
    """For whom an answer is written: the time in Unix seconds, and the client's own request."""

    now_s: int
    asked: Mapping[str, Any] = field(default_factory=dict)


# A stream is told in beats: one head; parts, each opened, grown and closed before the next one; an
# end or a fault.


@dataclass(frozen=True, slots=True)
class Opened:
    """A part begins. What is known of it stands in `part`, its text still empty."""

    part: Part


@dataclass(frozen=True, slots=True)
class Grew:
    """The open part goes on: more of its text, or of the arguments of a call."""

    text: str


@dataclass(frozen=True, slots=True)
class Cited:
    """The open text has a source."""

    citation: Citation


@dataclass(frozen=True, slots=True)
class Sealed:
    """The open thought gets its seal."""

    seal: Seal


@dataclass(frozen=True, slots=True)
class Closed:
    """The open part is whole."""


Inner = Grew | Cited | Sealed | Closed
Beat = Head | Opened | Inner | End | Fault

"""An answer, and a stream of one, in terms that all APIs share."""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Any

from msgspec import Struct, field

from router.domain.usage import Usage
from router.wire.dialects.parts import Citation, Part
from router.wire.dialects.seals import Seal


class Stop(Enum):
    """Why the model stopped."""

    END = auto()
    LENGTH = auto()
    SEQUENCE = auto()
    TOOLS = auto()
    FILTER = auto()


class AnswerHead(Struct, frozen=True):
    """What is known when an answer begins; `created_s` is Unix time, None if it is not given."""

    id: str
    model: str
    created_s: int | None = None


class AnswerEnd(Struct, frozen=True):
    """What is known when an answer ends. `sequence` is the stop sequence that ended it, if it is given.

    `terms` are members of its usage that are no counts and decide what it costs (`router.wire.usage.terms`).
    """

    stop: Stop
    usage: Usage | None = None
    tier: str = ""
    sequence: str | None = None
    terms: Mapping[str, Any] = field(default_factory=dict)


class Answer(Struct, frozen=True):
    """A whole answer."""

    head: AnswerHead
    parts: tuple[Part, ...]
    end: AnswerEnd


class ReportedError(Struct, frozen=True):
    """An error as an upstream reports it, with the HTTP status that goes with it."""

    status: int
    message: str
    kind: str = ""
    code: str | None = None
    param: str | None = None


class AnswerContext(Struct, frozen=True):
    """The circumstances in which an answer is written: the time in Unix seconds, and the client's own request.

    `without_thoughts` says that the client takes none, `only_json` that the model was asked for JSON in words.
    """

    now_s: int
    asked: Mapping[str, Any] = field(default_factory=dict)
    without_thoughts: bool = False
    only_json: bool = False


# A stream consists of beats: one head; parts, each opened, grown and closed before the next one; an
# end or a fault.


class Opened(Struct, frozen=True):
    """A part begins. `part` is what is known of it, with its text still empty."""

    part: Part


class Grew(Struct, frozen=True):
    """The open part goes on: more of its text, or of the arguments of a call."""

    text: str


class Cited(Struct, frozen=True):
    """The open text has a source."""

    citation: Citation


class Sealed(Struct, frozen=True):
    """The open thought gets its seal."""

    seal: Seal


class Closed(Struct, frozen=True):
    """The open part is whole."""


Inner = Grew | Cited | Sealed | Closed
Beat = AnswerHead | Opened | Inner | AnswerEnd | ReportedError

"""What turns of a conversation, and answers, consist of."""

from dataclasses import dataclass
from typing import TypeVar

from router.wire.dialects.seals import Seal


@dataclass(frozen=True, slots=True)
class Inline:
    """Bytes that travel along, in base64."""

    media_type: str
    data: str


@dataclass(frozen=True, slots=True)
class Url:
    """Where the provider fetches it."""

    url: str


@dataclass(frozen=True, slots=True)
class FileId:
    """A file that was uploaded before. The id means something to its vendor only."""

    id: str


Source = Inline | Url | FileId


@dataclass(frozen=True, slots=True)
class CacheMark:
    """The prompt up to here is worth keeping; `ttl` is `5m`, `1h` or "" for the provider's usual."""

    ttl: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a text got its words: `start` and `end` are characters of the text that it is part of.

    `index` is what Messages wants back with it, sealed.
    """

    url: str
    title: str = ""
    start: int = 0
    end: int = 0
    quote: str = ""
    index: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """Words, of either side."""

    text: str
    mark: CacheMark | None = None
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Image:
    """A picture; `detail` is how closely OpenAI's models shall look, "" where nothing is said."""

    source: Source
    detail: str = ""
    mark: CacheMark | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A file to read, and its name."""

    source: Source
    name: str = ""
    mark: CacheMark | None = None


@dataclass(frozen=True, slots=True)
class Audio:
    """A recording, in base64. Only chat takes it."""

    data: str
    format: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """What a model thought before it spoke; `is_hidden` where only the seal is told, and no text."""

    text: str
    seal: Seal
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the model will not answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A tool is called: `arguments` is JSON, or any text where the tool `is_custom`.

    `namespace` is that of the tool, where a client of Responses is told of the call.
    """

    id: str
    name: str
    arguments: str
    is_custom: bool = False
    mark: CacheMark | None = None
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool gave back for the call with this id."""

    call_id: str
    content: "tuple[Text | Image | Document, ...]"
    is_error: bool = False
    is_custom: bool = False
    mark: CacheMark | None = None


Said = Text | Image | Document | Audio | Refusal
"""What a message says, beside thoughts and the use of tools."""
Part = Said | Thinking | Call | Result
Shown = Text | Image | Document
"""What a tool may give back."""

Kind = TypeVar("Kind")


def of_kind(parts: tuple[Part, ...], kind: type[Kind]) -> list[Kind]:
    """Those of `parts` that are of one kind, in their order."""
    return [part for part in parts if isinstance(part, kind)]

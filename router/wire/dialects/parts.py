"""What the turns of a conversation, and answers, consist of."""

from dataclasses import dataclass
from typing import TypeVar

from router.wire.dialects.seals import Seal


@dataclass(frozen=True, slots=True)
class Inline:
    """Bytes that are sent along, in base64."""

    media_type: str
    data: str


@dataclass(frozen=True, slots=True)
class Url:
    """An address from which the provider fetches it."""

    url: str


@dataclass(frozen=True, slots=True)
class FileId:
    """A file that was uploaded before. Its id means something only to its vendor."""

    id: str


Source = Inline | Url | FileId


@dataclass(frozen=True, slots=True)
class CacheMark:
    """The prompt up to here is worth caching.

    `ttl` is `5m` or `1h` (Anthropic's), `30m` or `12h` (OpenAI's), or "" for the provider's default.
    """

    ttl: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """The source of a text: `start` and `end` are characters of the text that cites it.

    `index` is sealed, and Messages want it back.
    """

    url: str
    title: str = ""
    start: int = 0
    end: int = 0
    quote: str = ""
    index: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """Words of either side."""

    text: str
    mark: CacheMark | None = None
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Image:
    """A picture; `detail` is how closely OpenAI's models are to look, "" if nothing is said."""

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
    """What a model thought before it spoke; `is_hidden` if there is only the seal, and no text."""

    text: str
    seal: Seal
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the model will not answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool is called: `arguments` is JSON, or any text if the tool `is_custom`.

    `namespace` is that of the tool, for a client of Responses.
    """

    id: str
    name: str
    arguments: str
    is_custom: bool = False
    mark: CacheMark | None = None
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gave back for the call with this id."""

    call_id: str
    content: "tuple[Text | Image | Document, ...]"
    is_error: bool = False
    is_custom: bool = False
    mark: CacheMark | None = None


Said = Text | Image | Document | Audio | Refusal
"""The content of a message besides thoughts and tool use."""
Part = Said | Thinking | ToolCall | ToolResult
Shown = Text | Image | Document
"""What a tool may give back."""

Kind = TypeVar("Kind")


def of_kind(parts: tuple[Part, ...], kind: type[Kind]) -> list[Kind]:
    """Those of `parts` that are of one kind, in order."""
    return [part for part in parts if isinstance(part, kind)]

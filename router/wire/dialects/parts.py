"""What the turns of a conversation, and answers, consist of."""

from typing import TypeVar

from msgspec import Struct

from router.wire.dialects.seals import Seal


class Inline(Struct, frozen=True):
    """Bytes that are sent along, in base64."""

    media_type: str
    data: str


class Url(Struct, frozen=True):
    """An address from which the provider fetches it."""

    url: str


class FileId(Struct, frozen=True):
    """A file that was uploaded before. Its id means something only to its vendor."""

    id: str


Source = Inline | Url | FileId


class CacheMark(Struct, frozen=True):
    """The prompt up to here is worth caching.

    `ttl` is `5m` or `1h` (Anthropic's), `30m` or `12h` (OpenAI's), or "" for the provider's default.
    """

    ttl: str = ""


class Citation(Struct, frozen=True):
    """The source of a text: `start` and `end` are characters of the text that cites it.

    `index` is sealed, and Messages want it back.
    """

    url: str
    title: str = ""
    start: int = 0
    end: int = 0
    quote: str = ""
    index: str = ""


class Text(Struct, frozen=True):
    """Words of either side."""

    text: str
    mark: CacheMark | None = None
    citations: tuple[Citation, ...] = ()


class Image(Struct, frozen=True):
    """A picture; `detail` is how closely OpenAI's models are to look, "" if nothing is said."""

    source: Source
    detail: str = ""
    mark: CacheMark | None = None


class Document(Struct, frozen=True):
    """A file to read, and its name."""

    source: Source
    name: str = ""
    mark: CacheMark | None = None


class Audio(Struct, frozen=True):
    """A recording, in base64. Only chat takes it."""

    data: str
    format: str


class Thinking(Struct, frozen=True):
    """What a model thought before it spoke; `is_hidden` if there is only the seal, and no text."""

    text: str
    seal: Seal
    is_hidden: bool = False


class Refusal(Struct, frozen=True):
    """Why the model will not answer."""

    text: str


class ToolCall(Struct, frozen=True):
    """A tool is called: `arguments` is JSON, or any text if the tool `is_custom`.

    `namespace` is that of the tool, for a client of Responses.
    """

    id: str
    name: str
    arguments: str
    is_custom: bool = False
    mark: CacheMark | None = None
    namespace: str = ""


class ToolResult(Struct, frozen=True):
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

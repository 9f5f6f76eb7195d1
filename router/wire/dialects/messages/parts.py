"""The content blocks of Messages."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from router.wire.dialects.ids import call_id
from router.wire.dialects.parts import (
    CacheMark,
    Citation,
    Document,
    FileId,
    Image,
    Inline,
    Part,
    Shown,
    Source,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Url,
)
from router.wire.dialects.seals import taken_off, worn
from router.wire.dialects.shape import (
    JsonObject,
    a_text,
    an_object,
    known,
    objects_in,
    only,
    text_of,
    unsaid,
    written,
)
from router.wire.dialects.sources import inline_text, text_in

NATIVE = "messages"
IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")
_MARK = "cache_control"
_LIFETIMES = ("5m", "1h")
REDACTED = "redacted"
"""The id of a redacted thought, which has none of its own: elsewhere one whose words are kept back looks like it."""


def read_blocks(content: object, place: str) -> Iterator[Part]:
    """The content of a message. Raises ApiError 400."""
    if isinstance(content, str):
        yield Text(content)
        return
    for where, block in objects_in(content, place):
        yield read_block(block, where, NATIVE)


def read_block(block: JsonObject, place: str, origin: str) -> Part:
    """One block; a thought without an origin is attributed to `origin`. Raises ApiError 400."""
    match block.get("type"):
        case "thinking":
            seal = taken_off(text_of(block, "signature", place), origin)
            return Thinking(text_of(block, "thinking", place), seal)
        case "redacted_thinking":
            seal = taken_off(text_of(block, "data", place), origin, REDACTED)
            return Thinking("", seal, is_hidden=True)
        case kind if isinstance(kind, str) and kind in _READERS:
            only(block, _MEMBERS[kind], place)
            return _READERS[kind](block, place)
        case _:
            raise unsaid(f"{place}.type", "only Anthropic supports blocks of this type")


def answered(block: JsonObject) -> JsonObject:
    """A block of an answer, without members that are not known here."""
    kind = block.get("type")
    return known(block, _MEMBERS[kind]) if isinstance(kind, str) and kind in _MEMBERS else block


def mark_of(block: JsonObject) -> CacheMark | None:
    """The cache breakpoint of a block."""
    control = block.get(_MARK)
    return CacheMark(text_of(control, "ttl", _MARK)) if isinstance(control, dict) else None


def _text(block: JsonObject, place: str) -> Text:
    text = a_text(block.get("text"), f"{place}.text")
    listed = objects_in(block.get("citations"), f"{place}.citations")
    cited = (read_citation(each, where) for where, each in listed)
    return Text(text, mark_of(block), tuple(each for each in cited if each))


def read_citation(cited: JsonObject, place: str) -> Citation | None:
    """A page that a text cites; None for a passage in a document, which has no URL."""
    if cited.get("type") != "web_search_result_location":
        return None
    return Citation(
        url=text_of(cited, "url", place),
        title=text_of(cited, "title", place),
        quote=text_of(cited, "cited_text", place),
        index=text_of(cited, "encrypted_index", place),
    )


def _image(block: JsonObject, place: str) -> Image:
    return Image(_source(an_object(block.get("source"), place), place), mark=mark_of(block))


def _document(block: JsonObject, place: str) -> Document:
    if isinstance(cited := block.get("citations"), dict) and cited.get("enabled"):
        raise unsaid(f"{place}.citations", "only Anthropic's models cite documents; switch it off")
    source = _source(an_object(block.get("source"), place), place)
    return Document(source, text_of(block, "title", place), mark_of(block))


def _source(source: JsonObject, place: str) -> Source:
    where = f"{place}.source"
    only(source, ("type", "media_type", "data", "url", "file_id"), where)
    match source.get("type"):
        case "base64":
            media_type = a_text(source.get("media_type"), f"{where}.media_type")
            return Inline(media_type, a_text(source.get("data"), f"{where}.data"))
        case "text":
            return inline_text(a_text(source.get("data"), f"{where}.data"))
        case "url":
            return Url(a_text(source.get("url"), f"{where}.url"))
        case "file":
            return FileId(a_text(source.get("file_id"), f"{where}.file_id"))
        case _:
            raise unsaid(f"{where}.type", "use base64, text, url or file")


def _call(block: JsonObject, place: str) -> ToolCall:
    where = f"{place}.input"
    said = written(an_object(block.get("input"), where), where)
    given = a_text(block.get("id"), f"{place}.id")
    return ToolCall(given, a_text(block.get("name"), f"{place}.name"), said, mark=mark_of(block))


def _result(block: JsonObject, place: str) -> ToolResult:
    return ToolResult(
        call_id=a_text(block.get("tool_use_id"), f"{place}.tool_use_id"),
        content=tuple(_shown(block, place)),
        is_error=block.get("is_error") is True,
        mark=mark_of(block),
    )


def _shown(block: JsonObject, place: str) -> Iterator[Shown]:
    for part in read_blocks(block.get("content"), f"{place}.content"):
        if not isinstance(part, Text | Image | Document):
            raise unsaid(f"{place}.content", "a tool returns text, images or documents")
        yield part


_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "text": ("type", "text", "citations", _MARK),
    "image": ("type", "source", _MARK),
    "document": ("type", "source", "title", "citations", _MARK),
    "tool_use": ("type", "id", "name", "input", "caller", _MARK),
    "tool_result": ("type", "tool_use_id", "content", "is_error", _MARK),
}
_READERS: Mapping[str, Callable[[JsonObject, str], Part]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "tool_use": _call,
    "tool_result": _result,
}


def marked(block: dict[str, Any], mark: CacheMark | None) -> dict[str, Any]:
    """The block with its breakpoint, if there is one."""
    if mark is None:
        return block
    lifetime = {"ttl": mark.ttl} if mark.ttl in _LIFETIMES else {}
    return {**block, _MARK: {"type": "ephemeral", **lifetime}}


def written_shown(part: Shown) -> dict[str, Any]:
    """The block for something that is shown to a model."""
    match part:
        case Text():
            return marked({"type": "text", "text": part.text}, part.mark)
        case Image():
            return marked({"type": "image", "source": _image_source(part.source)}, part.mark)
        case Document():
            title = {"title": part.name} if part.name else {}
            block = {"type": "document", "source": _document_source(part.source), **title}
            return marked(block, part.mark)


def _image_source(source: Source) -> dict[str, Any]:
    if isinstance(source, Inline) and source.media_type not in IMAGE_TYPES:
        raise unsaid("image", f"Messages accept {', '.join(IMAGE_TYPES)}, not {source.media_type}")
    return _written_source(source)


def _document_source(source: Source) -> dict[str, Any]:
    if not isinstance(source, Inline) or source.media_type == "application/pdf":
        return _written_source(source)
    try:
        return {"type": "text", "media_type": "text/plain", "data": text_in(source)}
    except ValueError:
        raise unsaid(
            "document", f"Messages accept PDF and plain text, not {source.media_type}"
        ) from None


def _written_source(source: Source) -> dict[str, Any]:
    match source:
        case Inline(media_type=media_type, data=data):
            return {"type": "base64", "media_type": media_type, "data": data}
        case Url(url=url):
            return {"type": "url", "url": url}
        case FileId(id=given):
            return {"type": "file", "file_id": given}


def written_call(call: ToolCall) -> dict[str, Any]:
    """A call. Arguments that are not a JSON object, as weak models write them, become a member of one."""
    block = {"type": "tool_use", "id": call_id(call.id), "name": call.name}
    return marked({**block, "input": _input(call.arguments)}, call.mark)


def _input(arguments: str) -> dict[str, Any]:
    try:
        given = orjson.loads(arguments or "{}")
    except orjson.JSONDecodeError:
        given = None
    return given if isinstance(given, dict) else {"unparsed": arguments}


def written_thought(thought: Thinking, native: str = NATIVE) -> dict[str, Any]:
    """A thought; unless `native` is its origin, its seal is marked with the origin."""
    seal, is_own = worn(thought.seal, native), thought.seal.origin == native
    if thought.is_hidden and not (is_own and thought.seal.item_id != REDACTED):
        return {"type": "redacted_thinking", "data": seal}
    return {"type": "thinking", "thinking": thought.text, "signature": seal}


def written_citation(cited: Citation, text: Text) -> dict[str, Any]:
    """A page that `text` cites."""
    return {
        "type": "web_search_result_location",
        "url": cited.url,
        "title": cited.title or None,
        "cited_text": cited.quote or text.text[cited.start : cited.end or None],
        "encrypted_index": cited.index,
    }

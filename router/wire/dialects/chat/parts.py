"""The parts of chat's messages."""

from collections.abc import Callable, Mapping
from typing import Any

from router.wire.dialects.openai import detail_of, mark_of, marked
from router.wire.dialects.parts import (
    Audio,
    Document,
    FileId,
    Image,
    Inline,
    Refusal,
    Said,
    Source,
    Text,
    ToolCall,
)
from router.wire.dialects.shape import (
    JsonObject,
    a_text,
    an_object,
    objects_in,
    only,
    text_of,
    unsaid,
)
from router.wire.dialects.sources import data_url, source_of, url_of

_THINKING = "thinking"
MARKS = ("cache_control", "prompt_cache_breakpoint")
"""Members that say: the provider may cache the prompt up to here."""


def read_content(content: object, place: str) -> tuple[Said, ...]:
    """The content of a message: one text, or parts. Raises ApiError 400."""
    if isinstance(content, str):
        return (Text(content),) if content else ()
    return tuple(_part(part, where) for where, part in objects_in(content, place))


def words_in(content: object, place: str) -> str:
    """The words of an answer's content: a text, or with Mistral's models parts. Raises ApiError 400."""
    if content is None or isinstance(content, str):
        return content or ""
    listed = objects_in(content, place)
    return "".join(text_of(part, "text", where) for where, part in listed if not _thinks(part))


def thinking_in(content: object, place: str) -> str:
    """The thoughts among the parts of a content, where Mistral's models have them. Raises ApiError 400."""
    listed = objects_in(content, place) if isinstance(content, list) else ()
    thoughts = ((where, part.get(_THINKING)) for where, part in listed if _thinks(part))
    return "".join(words_in(thought, where) for where, thought in thoughts)


def without_thinking(content: object, form: type = object) -> object:
    """A content without the thoughts of this `form` among its parts; itself if there are none.

    Mistral's are lists. Texts are those of other models, for servers that know them.
    """
    if not isinstance(content, list):
        return content
    kept = [part for part in content if not _thinks(part, form)]
    return content if len(kept) == len(content) else kept


def _thinks(part: object, form: type = object) -> bool:
    told = part if isinstance(part, dict) else {}
    return told.get("type") == _THINKING and isinstance(told.get(_THINKING), form)


def _part(part: JsonObject, place: str) -> Said:
    kind = a_text(part.get("type"), f"{place}.type")
    if kind not in _READERS:
        raise unsaid(f"{place}.type", "use text, image_url or file")
    only(part, ("type", kind, *MARKS), place)
    return _READERS[kind](part, place)


def _text(part: JsonObject, place: str) -> Text:
    return Text(a_text(part.get("text"), f"{place}.text"), mark_of(part))


def _image(part: JsonObject, place: str) -> Image:
    image = an_object(part.get("image_url"), f"{place}.image_url")
    only(image, ("url", "detail"), f"{place}.image_url")
    url = a_text(image.get("url"), f"{place}.image_url.url")
    return Image(source_of(url), detail_of(image, place), mark_of(part))


def _file(part: JsonObject, place: str) -> Document:
    file = an_object(part.get("file"), f"{place}.file")
    only(file, ("filename", "file_data", "file_id"), f"{place}.file")
    return Document(_file_source(file, place), text_of(file, "filename", place), mark_of(part))


def _file_source(file: JsonObject, place: str) -> Source:
    if file.get("file_id"):
        return FileId(a_text(file["file_id"], f"{place}.file.file_id"))
    data = a_text(file.get("file_data"), f"{place}.file.file_data")
    return source_of(data) if ":" in data else Inline("application/pdf", data)


def _audio(part: JsonObject, place: str) -> Audio:
    audio = an_object(part.get("input_audio"), f"{place}.input_audio")
    where = f"{place}.input_audio"
    return Audio(a_text(audio.get("data"), f"{where}.data"), text_of(audio, "format", where))


def _refusal(part: JsonObject, place: str) -> Refusal:
    return Refusal(a_text(part.get("refusal"), f"{place}.refusal"))


_READERS: Mapping[str, Callable[[JsonObject, str], Said]] = {
    "text": _text,
    "image_url": _image,
    "file": _file,
    "input_audio": _audio,
    "refusal": _refusal,
}


OF_LITELLM = ("thinking_blocks", "provider_specific_fields")
"""What litellm adds to messages and calls: thoughts and seals once more, for the provider that they came from."""

CALL = ("id", "type", "function", "custom", "index", "extra_content", *OF_LITELLM)
"""The members of a tool call."""


def read_call(call: JsonObject, place: str) -> ToolCall:
    """A tool call in a message, or what a delta adds to one. Raises ApiError 400."""
    only(call, CALL, place)
    # Only the first delta of a call says of which type it is.
    is_custom = call.get("type") == "custom" or (not call.get("function") and "custom" in call)
    kind, said = ("custom", "input") if is_custom else ("function", "arguments")
    inner = an_object(call.get(kind), f"{place}.{kind}")
    arguments = text_of(inner, said, f"{place}.{kind}")
    name = text_of(inner, "name", f"{place}.{kind}")
    return ToolCall(text_of(call, "id", place), name, arguments, is_custom)


def written_call(call: ToolCall) -> dict[str, Any]:
    """A call in the form that messages carry."""
    if call.is_custom:
        custom = {"name": call.name, "input": call.arguments}
        return {"id": call.id, "type": "custom", "custom": custom}
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def written_content(parts: tuple[Said, ...], *, marks: bool) -> str | list[dict[str, Any]]:
    """A message's content: a string if that says it all."""
    match parts:
        case ():
            return ""
        case (Text(text=text, mark=mark),) if mark is None or not marks:
            return text
        case _:
            return [_written(part, marks=marks) for part in parts]


def _written(part: Said, *, marks: bool) -> dict[str, Any]:
    match part:
        case Text():
            return marked({"type": "text", "text": part.text}, part.mark, marks=marks)
        case Refusal():
            return {"type": "refusal", "refusal": part.text}
        case Image():
            return marked(_written_image(part), part.mark, marks=marks)
        case Document():
            return marked(_written_file(part), part.mark, marks=marks)
        case Audio():
            audio = {"data": part.data, "format": part.format}
            return {"type": "input_audio", "input_audio": audio}


def _written_image(image: Image) -> dict[str, Any]:
    url = url_of(image.source)
    if url is None:
        raise unsaid("image", "chat completions accept no uploaded images; send the bytes or URL")
    detail = {"detail": image.detail} if image.detail else {}
    return {"type": "image_url", "image_url": {"url": url, **detail}}


def _written_file(document: Document) -> dict[str, Any]:
    name = {"filename": document.name} if document.name else {}
    match document.source:
        case FileId(id=given):
            return {"type": "file", "file": {"file_id": given, **name}}
        case Inline() as inline:
            return {"type": "file", "file": {"file_data": data_url(inline), **name}}
        case _:
            raise unsaid("document", "chat completions fetch no documents; send the bytes")

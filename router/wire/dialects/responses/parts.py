"""The parts of the items of Responses."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from router.wire.dialects.openai import detail_of, mark_of, marked
from router.wire.dialects.parts import (
    Audio,
    Citation,
    Document,
    FileId,
    Image,
    Inline,
    Refusal,
    Said,
    Source,
    Text,
    Url,
)
from router.wire.dialects.shape import (
    JsonObject,
    a_text,
    count_of,
    objects_in,
    only,
    text_of,
    unsaid,
)
from router.wire.dialects.sources import data_url, source_of, url_of

_MARK = "prompt_cache_breakpoint"


def read_content(content: object, place: str) -> tuple[Said, ...]:
    """The content of a message or of a tool's output: one text, or parts. Raises ApiError 400."""
    if isinstance(content, str):
        return (Text(content),) if content else ()
    return tuple(_part(part, where) for where, part in objects_in(content, place))


def _part(part: JsonObject, place: str) -> Said:
    kind = a_text(part.get("type"), f"{place}.type")
    if kind not in _READERS:
        raise unsaid(f"{place}.type", "use input_text, input_image or input_file")
    return _READERS[kind](part, place)


def _text(part: JsonObject, place: str) -> Text:
    only(part, ("type", "text", "annotations", "logprobs", _MARK), place)
    cited = tuple(read_citations(part, place))
    return Text(a_text(part.get("text"), f"{place}.text"), mark_of(part), cited)


def read_citations(part: JsonObject, place: str) -> Iterator[Citation]:
    """The pages that a text cites."""
    for where, each in objects_in(part.get("annotations"), f"{place}.annotations"):
        if each.get("type") == "url_citation":
            yield read_citation(each, where)


def read_citation(cited: JsonObject, place: str) -> Citation:
    """A page that a text cites."""
    return Citation(
        url=text_of(cited, "url", place),
        title=text_of(cited, "title", place),
        start=count_of(cited, "start_index") or 0,
        end=count_of(cited, "end_index") or 0,
    )


def _image(part: JsonObject, place: str) -> Image:
    only(part, ("type", "image_url", "file_id", "detail", _MARK), place)
    return Image(_source(part, "image_url", place), detail_of(part, place), mark_of(part))


def _file(part: JsonObject, place: str) -> Document:
    only(part, ("type", "file_id", "filename", "file_data", "file_url", "detail", _MARK), place)
    name = text_of(part, "filename", place)
    if part.get("file_data"):
        data = a_text(part["file_data"], f"{place}.file_data")
        source: Source = source_of(data) if ":" in data else Inline("application/pdf", data)
        return Document(source, name, mark_of(part))
    return Document(_source(part, "file_url", place), name, mark_of(part))


def _source(part: JsonObject, name: str, place: str) -> Source:
    if part.get("file_id"):
        return FileId(a_text(part["file_id"], f"{place}.file_id"))
    return source_of(a_text(part.get(name), f"{place}.{name}"))


def _refusal(part: JsonObject, place: str) -> Refusal:
    only(part, ("type", "refusal"), place)
    return Refusal(a_text(part.get("refusal"), f"{place}.refusal"))


_READERS: Mapping[str, Callable[[JsonObject, str], Said]] = {
    "input_text": _text,
    "output_text": _text,
    "input_image": _image,
    "input_file": _file,
    "refusal": _refusal,
}


def written_input(part: Said, *, marks: bool) -> dict[str, Any]:
    """A part of the input."""
    match part:
        case Text():
            return marked({"type": "input_text", "text": part.text}, part.mark, marks=marks)
        case Image():
            return marked(_written_image(part), part.mark, marks=marks)
        case Document():
            return marked(_written_file(part), part.mark, marks=marks)
        case Audio():
            raise unsaid("input_audio", "Responses accept no audio; send its text")
        case _:
            raise unsaid("messages", "Responses accept text, images and files")


def _written_image(image: Image) -> dict[str, Any]:
    place, url = {"type": "input_image", "detail": image.detail or "auto"}, url_of(image.source)
    if isinstance(image.source, FileId):
        return {**place, "file_id": image.source.id}
    return {**place, "image_url": url}


def _written_file(document: Document) -> dict[str, Any]:
    name = {"filename": document.name} if document.name else {}
    match document.source:
        case FileId(id=given):
            return {"type": "input_file", "file_id": given, **name}
        case Inline() as inline:
            return {"type": "input_file", "file_data": data_url(inline), **name}
        case Url(url=url):
            return {"type": "input_file", "file_url": url, **name}


def written_output(part: Text | Refusal) -> dict[str, Any]:
    """A part of a model's output."""
    if isinstance(part, Refusal):
        return {"type": "refusal", "refusal": part.text}
    cited = [_written_citation(each, part) for each in part.citations]
    return {"type": "output_text", "text": part.text, "annotations": cited, "logprobs": []}


def _written_citation(cited: Citation, text: Text) -> dict[str, Any]:
    """A page that `text` cites."""
    return {
        "type": "url_citation",
        "url": cited.url,
        "title": cited.title,
        "start_index": cited.start,
        "end_index": cited.end or len(text.text),
    }

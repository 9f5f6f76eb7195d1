"""The events of a Response, read."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from router.wire.dialects.answer import Beat, Cited, Closed, Grew, Inner, Opened, Sealed
from router.wire.dialects.growing import PartSequence
from router.wire.dialects.parts import Citation, Part, Refusal, Text, Thinking, ToolCall
from router.wire.dialects.responses.items import NATIVE, answered, read_item
from router.wire.dialects.responses.parts import read_citation, read_citations
from router.wire.dialects.responses.read_answer import read_end, read_failure, read_head
from router.wire.dialects.seals import Seal
from router.wire.dialects.shape import JsonObject, an_object, count_of, objects_in, text_of

_Key = tuple[int | None, int | None]
_PARAGRAPH = "\n\n"


class ResponsesReader:
    """Events in, beats out.

    Servers leave out events that say nothing new: a part may begin with its first words, and an item be told only when
    it is done, or in the whole Response at the end.
    """

    def __init__(self, origin: str = NATIVE) -> None:
        self._origin = origin
        self._row = PartSequence()
        self._open: dict[_Key, int] = {}
        self._begun = set[int | None]()
        self._cited = set[_Key]()
        self._calls = False
        self._readers: Mapping[str, Callable[[JsonObject], Iterator[Beat]]] = {
            "response.output_item.added": self._added,
            "response.output_item.done": self._done,
            "response.content_part.added": self._part_added,
            "response.content_part.done": self._part_done,
            "response.output_text.delta": self._text,
            "response.output_text.annotation.added": self._annotated,
            "response.refusal.delta": self._text,
            "response.function_call_arguments.delta": self._arguments,
            "response.custom_tool_call_input.delta": self._arguments,
            "response.reasoning_summary_part.added": self._paragraph,
            "response.reasoning_summary_text.delta": self._thinking,
            "response.reasoning_text.delta": self._thinking,
        }

    def feed(self, event: JsonObject) -> Iterator[Beat]:
        """The beats that an event amounts to. Raises ApiError if it is not an event."""
        told = text_of(event, "type", "")
        match told:
            case "response.created":
                yield read_head(an_object(event.get("response"), "response"))
            case "response.completed" | "response.incomplete":
                ended = an_object(event.get("response"), "response")
                yield from self._untold(ended)
                for key in list(self._open):
                    yield from self._close(key)
                yield read_end(ended, calls=self._calls)
            case "response.failed":
                failed = an_object(event.get("response"), "response")
                yield read_failure(failed.get("error"))
            case "error":
                yield read_failure(event)
            case _ if told in self._readers:
                yield from self._readers[told](event)

    def end(self) -> Iterator[Beat]:
        """Nothing: a Response itself says when it ends."""
        return iter(())

    def _added(self, event: JsonObject) -> Iterator[Beat]:
        item = an_object(event.get("item"), "item")
        if item.get("type") in ("function_call", "custom_tool_call"):
            self._calls = True
            call = next(read_item(answered(item), "item"))
            if isinstance(call, ToolCall):
                begun = ToolCall(call.id, call.name, "", call.is_custom)
                yield from self._begin(_item_key(event), begun)

    def _done(self, event: JsonObject) -> Iterator[Beat]:
        item, key = an_object(event.get("item"), "item"), _item_key(event)
        is_new = key[0] not in self._begun
        for place, part in enumerate(read_item(answered(item), "item", self._origin)):
            if isinstance(part, ToolCall):
                yield from self._added(event) if is_new else ()
                yield from self._rest(key, part.arguments)
            elif isinstance(part, Thinking):
                yield from self._thought(key, part)
            elif isinstance(part, Text | Refusal):
                yield from self._begin((key[0], place), type(part)("")) if is_new else ()
                cited = part.citations if isinstance(part, Text) else ()
                yield from self._end_text((key[0], place), part.text, cited)
        for each in [each for each in self._open if each[0] == key[0]]:
            yield from self._close(each)

    def _untold(self, response: JsonObject) -> Iterator[Beat]:
        """The output of a Response of which nothing was told before its end."""
        if not self._begun:
            listed = objects_in(response.get("output"), "output")
            for place, (_, item) in enumerate(listed):
                yield from self._done({"output_index": place, "item": item})

    def _thought(self, key: _Key, whole: Thinking) -> Iterator[Beat]:
        """The end of a thought; if no delta of it has come, also its beginning."""
        if key in self._open:
            yield from self._row.take(key, Sealed(whole.seal))
            return
        is_hidden = not whole.text
        seal = whole.seal if is_hidden else whole.seal.without_value()
        yield from self._begin(key, Thinking("", seal, is_hidden))
        if not is_hidden:
            yield from self._grow(key, whole.text)
            yield from self._row.take(key, Sealed(whole.seal))

    def _part_added(self, event: JsonObject) -> Iterator[Beat]:
        part = an_object(event.get("part"), "part")
        begun: Mapping[str, Part] = {"output_text": Text(""), "refusal": Refusal("")}
        if (kind := text_of(part, "type", "part")) in begun:
            yield from self._begin(_part_key(event), begun[kind])

    def _part_done(self, event: JsonObject) -> Iterator[Beat]:
        part, key = an_object(event.get("part"), "part"), _part_key(event)
        whole = text_of(part, "text", "") or text_of(part, "refusal", "")
        yield from self._end_text(key, whole, read_citations(part, "part"))

    def _end_text(self, key: _Key, whole: str, cited: Iterable[Citation]) -> Iterator[Beat]:
        """The end of a text, with whatever of it has not been told; nothing if it has ended."""
        yield from self._rest(key, whole)
        if key in self._open and key not in self._cited:
            for each in cited:
                yield from self._row.take(key, Cited(each))
        yield from self._close(key)

    def _text(self, event: JsonObject) -> Iterator[Beat]:
        key, refuses = _part_key(event), "refusal" in text_of(event, "type", "")
        if key not in self._open:
            yield from self._begin(key, Refusal("") if refuses else Text(""))
        yield from self._grow(key, text_of(event, "delta", ""))

    def _arguments(self, event: JsonObject) -> Iterator[Beat]:
        yield from self._grow(_item_key(event), text_of(event, "delta", ""))

    def _thinking(self, event: JsonObject) -> Iterator[Beat]:
        key, item = _item_key(event), text_of(event, "item_id", "").replace(":", "-")
        if key not in self._open:
            yield from self._begin(key, Thinking("", Seal(self._origin, "", item)))
        yield from self._grow(key, text_of(event, "delta", ""))

    def _paragraph(self, event: JsonObject) -> Iterator[Beat]:
        if event.get("summary_index"):
            yield from self._grow(_item_key(event), _PARAGRAPH)

    def _annotated(self, event: JsonObject) -> Iterator[Beat]:
        cited = an_object(event.get("annotation") or {}, "annotation")
        if cited.get("type") == "url_citation" and _part_key(event) in self._open:
            beat = Cited(read_citation(cited, "annotation"))
            self._cited.add(_part_key(event))
            yield from self._row.take(_part_key(event), beat)

    def _begin(self, key: _Key, part: Part) -> Iterator[Beat]:
        self._open[key] = 0
        self._begun.add(key[0])
        yield from self._row.take(key, Opened(part))

    def _grow(self, key: _Key, text: str) -> Iterator[Beat]:
        if text and key in self._open:
            self._open[key] += len(text)
            yield from self._row.take(key, Grew(text))

    def _rest(self, key: _Key, whole: str) -> Iterator[Beat]:
        """What the deltas have left out of the whole: all of it if a server sends none."""
        yield from self._grow(key, whole[self._open.get(key, 0) :])

    def _close(self, key: _Key) -> Iterator[Beat]:
        if self._open.pop(key, None) is not None:
            closed: Inner = Closed()
            yield from self._row.take(key, closed)


def _item_key(event: JsonObject) -> _Key:
    return count_of(event, "output_index"), None


def _part_key(event: JsonObject) -> _Key:
    return count_of(event, "output_index"), count_of(event, "content_index")

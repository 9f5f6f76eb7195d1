"""The chunks of a chat completion, read."""

from collections.abc import Iterator

import orjson

from router.domain.usage import Usage
from router.wire.dialects.answer import (
    AnswerEnd,
    Beat,
    Cited,
    Closed,
    Grew,
    Inner,
    Opened,
    Sealed,
)
from router.wire.dialects.chat.parts import CALL, read_call, words_in
from router.wire.dialects.chat.read_answer import (
    NO_ARGUMENTS,
    read_citations,
    read_fault,
    read_head,
    stop_of,
)
from router.wire.dialects.chat.thoughts import (
    NATIVE,
    TOLD_ONCE,
    read_detail,
    read_signature,
    thought_in,
)
from router.wire.dialects.growing import PartSequence
from router.wire.dialects.parts import Part, Refusal, Text, Thinking, ToolCall
from router.wire.dialects.seals import Seal
from router.wire.dialects.shape import JsonObject, an_object, known, objects_in, text_of
from router.wire.usage import read_usage

_Key = tuple[str, int]
_TEXT: _Key = ("text", 0)
_REFUSAL: _Key = ("refusal", 0)
_SEALED: _Key = ("sealed", 0)
_NO_TEXT = Text("")
_NOTHING = ToolCall("", "", "")


class ChatReader:
    """Chunks in, beats out.

    Chat does not mark where parts begin and end: a part ends where another one begins. Only calls may
    be interleaved; a call ends when its arguments are complete JSON.
    """

    def __init__(self, origin: str = NATIVE) -> None:
        self._origin = origin
        self._row = PartSequence()
        self._open: dict[_Key, list[str]] = {}
        self._calls: dict[int, tuple[_Key, str]] = {}
        self._nameless: dict[int, ToolCall] = {}
        self._functions, self._ended = set[_Key](), set[_Key]()
        self._has_head = self._is_done = False
        self._ahead = ""
        self._named: JsonObject = {}
        self._reason: object = None
        self._usage: Usage | None = None
        self._tier = ""

    def feed(self, chunk: JsonObject) -> Iterator[Beat]:
        """The beats that a chunk amounts to. Raises ApiError if it is not a chunk."""
        if chunk.get("error"):
            self._is_done = True
            yield read_fault(an_object(chunk["error"], "error"), 500)
            return
        # Azure begins with what it thinks of the prompt, in a chunk that does not even have an id.
        if not self._has_head and (chunk.get("id") or chunk.get("choices")):
            self._has_head = True
            yield read_head(chunk)
        self._usage = read_usage(chunk.get("usage")) or self._usage
        self._tier = text_of(chunk, "service_tier", "") or self._tier
        for place, choice in objects_in(chunk.get("choices"), "choices"):
            if not choice.get("index"):
                yield from self._choice(choice, place)
        if self._reason and self._usage:
            yield from self.end()

    def end(self) -> Iterator[Beat]:
        """What remains when no more chunks come; nothing if the answer has not ended."""
        if self._reason and not self._is_done:
            self._is_done = True
            yield from self._close_all()  # some servers have more to say after they told why they stop
            stop = stop_of(self._reason, calls=bool(self._calls))
            yield AnswerEnd(stop, self._usage, self._tier)

    def _choice(self, choice: JsonObject, place: str) -> Iterator[Beat]:
        if choice.get("delta"):
            yield from self._delta(an_object(choice["delta"], f"{place}.delta"), f"{place}.delta")
        if choice.get("finish_reason"):
            yield from self._close_all()
            self._reason = self._reason or choice["finish_reason"]

    def _delta(self, delta: JsonObject, place: str) -> Iterator[Beat]:
        content = delta.get("content")
        if len(delta) == 1 and isinstance(content, str) and content:
            yield from self._grow(_TEXT, _NO_TEXT, content)  # like nearly every delta of text
            return
        yield from self._thoughts(delta, place)
        if text := words_in(content, f"{place}.content"):
            yield from self._grow(_TEXT, _NO_TEXT, text)
        for citation in read_citations(delta, place):
            yield from self._grow(_TEXT, _NO_TEXT, "")
            yield from self._row.take(_TEXT, Cited(citation))
        if refusal := text_of(delta, "refusal", place):
            yield from self._grow(_REFUSAL, Refusal(""), refusal)
        yield from self._called(delta, place)

    def _thoughts(self, delta: JsonObject, place: str) -> Iterator[Beat]:
        """What a delta adds to thoughts. Their details repeat what there is in plain text, at once or ahead of it."""
        text = thought_in(delta, place)
        for where, detail in objects_in(delta.get("reasoning_details"), place):
            index = detail.get("index")
            key = ("thought", index if isinstance(index, int) else 0)
            thought = read_detail(self._whose(key, detail), where, self._origin)
            self._ahead += "" if text else thought.text
            yield from self._detail(key, thought)
        if text and not delta.get("reasoning_details"):
            if self._ahead.startswith(text):
                self._ahead = self._ahead[len(text) :]
            else:
                yield from self._grow(("thought", 0), Thinking("", Seal(self._origin)), text)

    def _whose(self, key: _Key, detail: JsonObject) -> JsonObject:
        """The detail with what the first one of its thought has said of it."""
        known = self._named if key in self._open else {}
        self._named = {each: detail.get(each) or known.get(each) for each in TOLD_ONCE}
        return {**detail, **self._named}

    def _detail(self, key: _Key, thought: Thinking) -> Iterator[Beat]:
        """What a detail adds; in a stream OpenRouter gives all of them the same index, so a seal ends its thought."""
        if thought.is_hidden:
            yield from self._sealed(thought)
            return
        yield from self._grow(key, Thinking("", thought.seal.without_value()), thought.text)
        if thought.seal.value:
            yield from self._row.take(key, Sealed(thought.seal))
            yield from self._close(key)

    def _sealed(self, thought: Thinking) -> Iterator[Beat]:
        """A thought without words, which comes in one piece."""
        yield from self._grow(_SEALED, thought, "")
        yield from self._close(_SEALED)

    def _called(self, delta: JsonObject, place: str) -> Iterator[Beat]:
        for where, raw in objects_in(delta.get("tool_calls"), f"{place}.tool_calls"):
            for thought in read_signature(raw, self._origin):
                yield from self._sealed(thought)
            index = given if isinstance(given := raw.get("index"), int) else 0
            if index in self._calls and not (raw.get("function") or raw.get("custom")):
                continue  # OpenAI's schema requires neither of a delta
            if (call := self._joined(index, _call_in(raw, where))) is not None:
                yield from self._grow_call(index, call)

    def _joined(self, index: int, call: ToolCall) -> ToolCall | None:
        """What a delta adds to a call; None as long as its name has not come, without which no call can begin."""
        if index in self._calls:
            return call
        sofar = self._nameless.pop(index, _NOTHING)
        call = ToolCall(
            call.id or sofar.id,
            call.name,
            sofar.arguments + call.arguments,
            is_custom=sofar.is_custom or call.is_custom,
        )
        if call.name:
            return call
        self._nameless[index] = call
        return None

    def _grow_call(self, index: int, call: ToolCall) -> Iterator[Beat]:
        key, begun = self._known(index, call)
        if key not in self._ended:
            yield from self._grow(key, begun, call.arguments)

    def _known(self, index: int, call: ToolCall) -> tuple[_Key, ToolCall]:
        """Which call a delta continues. Some servers do not count calls, and only their ids tell them apart.

        Others make up an id for every delta, but name the function only in the first one.
        """
        key, given = self._calls.get(index, (("", 0), ""))
        if not key[0] or (call.id and call.id != given and call.name):
            key, given = (f"call {call.id}", index), call.id
            self._calls[index] = key, given
        return key, ToolCall(given, call.name, "", is_custom=call.is_custom)

    def _grow(self, key: _Key, begun: Part, text: str) -> Iterator[Beat]:
        if key not in self._open:
            for other in [each for each in self._open if self._ends(each)]:
                yield from self._close(other)
            self._open[key] = []
            if isinstance(begun, ToolCall) and not begun.is_custom:
                self._functions.add(key)
            yield from self._row.take(key, Opened(begun))
        if text:
            self._open[key].append(text)
            yield from self._row.take(key, Grew(text))

    def _ends(self, key: _Key) -> bool:
        """Whether this open part has ended, now that another one begins."""
        if not key[0].startswith("call"):
            return True
        return _is_json("".join(self._open[key]))

    def _close_all(self) -> Iterator[Beat]:
        nameless, self._nameless = self._nameless, {}
        for index, call in nameless.items():
            yield from self._grow_call(index, call)
        for key in list(self._open):
            yield from self._close(key)

    def _close(self, key: _Key) -> Iterator[Beat]:
        if not self._open.pop(key) and key in self._functions:
            yield from self._row.take(key, Grew(NO_ARGUMENTS))
        if key[0].startswith("call"):
            self._ended.add(key)
        closed: Inner = Closed()
        yield from self._row.take(key, closed)


def _call_in(raw: JsonObject, place: str) -> ToolCall:
    """What a delta says of a call: of a new one perhaps only its id and type."""
    kind = "custom" if raw.get("type") == "custom" else "function"
    says_more = raw.get("function") or raw.get("custom")
    return read_call(known(raw if says_more else {**raw, kind: {}}, CALL), place)


def _is_json(text: str) -> bool:
    if not text.rstrip().endswith("}"):
        return False
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True

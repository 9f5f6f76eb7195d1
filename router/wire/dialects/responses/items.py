"""The items that a model adds to a conversation: messages, thoughts, calls."""

from collections.abc import Iterator, Mapping
from typing import Any

from router.wire.dialects.ids import call_id
from router.wire.dialects.parts import Part, Refusal, Text, Thinking, ToolCall
from router.wire.dialects.responses.namespaces import one_name
from router.wire.dialects.responses.parts import read_content, written_output
from router.wire.dialects.seals import taken_off, worn
from router.wire.dialects.shape import JsonObject, a_text, known, objects_in, only, plain, text_of

NATIVE = "responses"

_MESSAGE = ("type", "role", "content", "id", "status", "phase")
_CALL = ("type", "id", "call_id", "name", "arguments", "input", "status", "namespace", "caller")
_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "message": _MESSAGE,
    "function_call": _CALL,
    "custom_tool_call": _CALL,
    "output_text": ("type", "text", "annotations"),
}


def answered(item: JsonObject) -> JsonObject:
    """An item of an answer, or a part of one, without members that are not known here."""
    kind, content = item.get("type"), item.get("content")
    names = _MEMBERS.get(kind) if isinstance(kind, str) else None
    told = item if names is None else known(item, names)
    if kind != "message" or not isinstance(content, list):
        return told
    return {
        **told,
        "content": [answered(each) if isinstance(each, dict) else each for each in content],
    }


def read_item(item: JsonObject, place: str, origin: str = NATIVE) -> Iterator[Part]:
    """The parts of a model's item; a thought without an origin is attributed to `origin`.

    Nothing for an item that only OpenAI's own tools produce. Raises ApiError 400.
    """
    match item.get("type", "message"):
        case "message":
            only(item, _MESSAGE, place)
            yield from read_content(item.get("content"), f"{place}.content")
        case "reasoning":
            yield from _thought(item, place, origin)
        case "function_call":
            only(item, _CALL, place)
            yield _call(item, place, "arguments")
        case "custom_tool_call":
            only(item, _CALL, place)
            yield _call(item, place, "input", is_custom=True)


def _call(item: JsonObject, place: str, said: str, *, is_custom: bool = False) -> ToolCall:
    given = a_text(item.get("call_id"), f"{place}.call_id")
    name = a_text(item.get("name"), f"{place}.name")
    name = one_name(text_of(item, "namespace", place), name)
    return ToolCall(given, name, text_of(item, said, place), is_custom)


def _thought(item: JsonObject, place: str, origin: str) -> Iterator[Thinking]:
    """A thought, unless nothing of it is given."""
    text, encrypted = _thought_text(item, place), text_of(item, "encrypted_content", place)
    if text or encrypted:
        seal = taken_off(encrypted, origin, text_of(item, "id", place))
        yield Thinking(text, seal, is_hidden=not text)


def _thought_text(item: JsonObject, place: str) -> str:
    """The summaries of a thought, a paragraph each; if there are none, the thought itself."""
    summaries = objects_in(item.get("summary"), f"{place}.summary")
    text = "\n\n".join(text_of(each, "text", where) for where, each in summaries)
    told = objects_in(item.get("content"), f"{place}.content")
    return text or "".join(text_of(each, "text", where) for where, each in told)


def grouped(parts: tuple[Part, ...]) -> Iterator[tuple[Part, ...]]:
    """The parts of each item: consecutive texts and refusals are one message."""
    said: tuple[Part, ...] = ()
    for part in parts:
        if isinstance(part, Text | Refusal):
            said = (*said, part)
            continue
        if said:
            yield said
        said = ()
        yield (part,)
    if said:
        yield said


def kind_of(part: Part) -> str:
    """The prefix of the id of the item that a part becomes or begins."""
    match part:
        case Thinking():
            return "rs"
        case ToolCall(is_custom=is_custom):
            return "ctc" if is_custom else "fc"
        case _:
            return "msg"


def written_item(parts: tuple[Part, ...], item: str, status: str = "completed") -> dict[str, Any]:
    """The item of an answer that consists of these parts, with the id `item`."""
    match parts:
        case (Thinking() as thought,):
            return written_thought(thought, thought_id(thought, item))
        case (ToolCall() as call,):
            return {**written_call(call), "id": item, "status": status}
        case _:
            said = [written_output(part) for part in parts if isinstance(part, Text | Refusal)]
            return written_message(said, item, status)


def thought_id(thought: Thinking, item: str) -> str:
    """The id of a thought: the one that Responses gave it, else `item`."""
    is_own = thought.seal.origin == NATIVE
    return thought.seal.item_id if is_own and thought.seal.item_id else item


def written_message(content: list[dict[str, Any]], item: str, status: str) -> dict[str, Any]:
    """A message of the model."""
    return {
        "id": item,
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": content,
    }


def written_call(call: ToolCall) -> dict[str, Any]:
    """A call, without its own id."""
    kind, said = ("custom_tool_call", "input") if call.is_custom else ("function_call", "arguments")
    named = {**plain(namespace=call.namespace), "name": call.name}
    return {"type": kind, "call_id": call_id(call.id), **named, said: call.arguments}


def written_thought(thought: Thinking, item: str, native: str = NATIVE) -> dict[str, Any]:
    """A thought; unless `native` is its origin, its seal is marked with the origin."""
    summary = [{"type": "summary_text", "text": thought.text}] if thought.text else []
    seal = worn(thought.seal, native)
    return {"id": item, "type": "reasoning", "summary": summary, "encrypted_content": seal or None}

"""A request to Responses, read."""

from collections.abc import Iterator

from router.wire.dialects.openai import rest_of, sampling, shared_of, user_of
from router.wire.dialects.parts import Document, Image, Part, Shown, Text, ToolResult
from router.wire.dialects.request import Request, Role, Thought, Turn
from router.wire.dialects.responses.items import read_item
from router.wire.dialects.responses.parts import read_content
from router.wire.dialects.responses.tools import read_choice, read_format, read_tools
from router.wire.dialects.shape import (
    JsonObject,
    a_text,
    an_object,
    count_of,
    flag_of,
    objects_in,
    only,
    text_of,
    unsaid,
)

_NOT_STORED = "OpenAI alone could look up what it has stored; send the item itself, as clients do with 'store': false"
_KNOWN = ("input", "instructions", "tools", "tool_choice", "text", "reasoning", "max_output_tokens")


def read_request(body: JsonObject) -> Request:
    """The request in `body`. Raises ApiError 400 that names the field at fault."""
    text = an_object(body.get("text") or {}, "text")
    only(text, ("format", "verbosity"), "text")
    return Request(
        model=a_text(body.get("model"), "model"),
        turns=tuple(_turns(body)),
        stream=flag_of(body, "stream") or False,
        tools=tuple(read_tools(body.get("tools"))),
        choice=read_choice(body.get("tool_choice")),
        parallel=flag_of(body, "parallel_tool_calls"),
        format=read_format(text.get("format")),
        thought=_thought(body),
        sampling=sampling(body, count_of(body, "max_output_tokens")),
        tier=text_of(body, "service_tier", ""),
        user=user_of(body),
        verbosity=text_of(text, "verbosity", "text"),
        shared=shared_of(body),
        rest=rest_of(body, _KNOWN),
    )


_IDLE = {"context": "auto", "mode": "standard"}
"""Members of `reasoning` that ask for nothing."""


def _thought(body: JsonObject) -> Thought:
    reasoning = an_object(body.get("reasoning") or {}, "reasoning")
    asked = {name: value for name, value in reasoning.items() if _IDLE.get(name) != value}
    only(asked, ("effort", "summary", "generate_summary"), "reasoning")
    summary = text_of(reasoning, "summary", "reasoning")
    return Thought(
        effort=text_of(reasoning, "effort", "reasoning"),
        summary=summary or text_of(reasoning, "generate_summary", "reasoning"),
    )


def _turns(body: JsonObject) -> Iterator[Turn]:
    """The conversation: consecutive items of the model are one turn, and so are results."""
    if instructions := text_of(body, "instructions", ""):
        yield Turn(Role.SYSTEM, (Text(instructions),))
    given = body.get("input")
    if isinstance(given, str):
        yield Turn(Role.USER, (Text(given),))
        return
    role, parts = Role.USER, list[Part]()
    for place, item in objects_in(given, "input"):
        whose, said = _read(item, place)
        if parts and (whose is not role or whose not in (Role.ASSISTANT, Role.TOOL)):
            yield Turn(role, tuple(parts))
            parts = []
        role = whose
        parts += said
    if parts:
        yield Turn(role, tuple(parts))


def _read(item: JsonObject, place: str) -> tuple[Role, list[Part]]:
    kind = item.get("type", "message")
    match kind, item.get("role"):
        case "message", "user" | "system" | "developer" as role:
            only(item, ("type", "role", "content", "id", "status", "phase"), place)
            return Role(role), list(read_content(item.get("content"), f"{place}.content"))
        case "message", "assistant":
            return Role.ASSISTANT, list(read_item(item, place))
        case "reasoning" | "function_call" | "custom_tool_call", _:
            return Role.ASSISTANT, list(read_item(item, place))
        case "function_call_output" | "custom_tool_call_output", _:
            return Role.TOOL, [_result(item, place, is_custom=kind != "function_call_output")]
        case "item_reference", _:
            raise unsaid(f"{place}.type", _NOT_STORED)
        case _:
            raise unsaid(f"{place}.type", "only OpenAI supports items of this type")


def _result(item: JsonObject, place: str, *, is_custom: bool) -> ToolResult:
    only(item, ("type", "id", "call_id", "output", "status", "name", "namespace", "caller"), place)
    if item.get("call_id") is None:
        raise unsaid(f"{place}.call_id", "name the call that it answers")
    return ToolResult(
        call_id=a_text(item.get("call_id"), f"{place}.call_id"),
        content=tuple(_shown(item, place)),
        is_custom=is_custom,
    )


def _shown(item: JsonObject, place: str) -> Iterator[Shown]:
    for part in read_content(item.get("output"), f"{place}.output"):
        if not isinstance(part, Text | Image | Document):
            raise unsaid(f"{place}.output", "a tool returns text, images or files")
        yield part

"""A request to Responses, written."""

from collections.abc import Iterator
from typing import Any

from router.domain.members import replace
from router.wire.dialects.dialect import Target
from router.wire.dialects.errors_of_tools import told_error
from router.wire.dialects.ids import call_id
from router.wire.dialects.openai import common
from router.wire.dialects.parts import (
    Part,
    Refusal,
    Said,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    of_kind,
)
from router.wire.dialects.request import Request, Role, Turn
from router.wire.dialects.responses.items import (
    grouped,
    kind_of,
    written_call,
    written_item,
    written_thought,
)
from router.wire.dialects.responses.parts import written_input
from router.wire.dialects.responses.tools import written_choice, written_format, written_tool
from router.wire.dialects.shape import plain, unsaid
from router.wire.dialects.thinking import effort_of

_FEWEST_TOKENS = 16
"""Responses refuse a lower limit, as of 2026."""


def write_request(request: Request, target: Target) -> dict[str, Any]:
    """The body for `target`, which stores nothing. Raises ApiError 400 for what it cannot express."""
    if request.sampling.stop:
        raise unsaid("stop", "Responses do not support stop sequences; leave them out")
    instructions, turns = _instructions(request)
    tools = [written_tool(tool) for tool in request.tools]
    choice = request.choice
    return {
        **common(request),
        **instructions,
        "input": [
            item
            for place, turn in enumerate(_with_kinds(turns))
            for item in _items(turn, place, target)
        ],
        **plain(
            tools=tools or None,
            tool_choice=written_choice(choice, request.tools) if choice and tools else None,
            max_output_tokens=_limit(request),
            **_reasoning(request),
            **_text(request),
        ),
        "store": False,
        **({"include": ["reasoning.encrypted_content"]} if target.seals_thoughts else {}),
    }


def _instructions(request: Request) -> tuple[dict[str, str], tuple[Turn, ...]]:
    """The system turn at the beginning, if it is one plain text and others follow; and the other turns.

    For JSON of any shape Responses insist on the word in their input, where it is mostly the system that says it.
    """
    if request.format and request.format.schema is None:
        return {}, request.turns
    match request.turns:
        case (Turn(role=Role.SYSTEM, parts=(Text(text=text, mark=None),)), _, *_):
            return {"instructions": text}, request.turns[1:]
        case turns:
            return {}, turns


def _limit(request: Request) -> int | None:
    given = request.sampling.max_tokens
    return None if given is None else max(_FEWEST_TOKENS, given)


def _reasoning(request: Request) -> dict[str, Any]:
    wanted = plain(effort=effort_of(request.thought), summary=request.thought.summary)
    return {"reasoning": wanted} if wanted else {}


def _text(request: Request) -> dict[str, Any]:
    wanted = written_format(request.format) if request.format else None
    text = plain(format=wanted, verbosity=request.verbosity)
    return {"text": text} if text else {}


def _with_kinds(turns: tuple[Turn, ...]) -> Iterator[Turn]:
    """The turns, with each result marked as custom if the call that it answers is."""
    calls = [call for turn in turns for call in of_kind(turn.parts, ToolCall)]
    custom = {call.id for call in calls if call.is_custom}
    for turn in turns:
        parts = (
            replace(part, is_custom=part.call_id in custom)
            if isinstance(part, ToolResult)
            else part
            for part in turn.parts
        )
        yield replace(turn, parts=tuple(parts))


def _items(turn: Turn, place: int, target: Target) -> Iterator[dict[str, Any]]:
    match turn.role:
        case Role.TOOL:
            yield from (_result(each, target) for each in of_kind(turn.parts, ToolResult))
        case Role.ASSISTANT:
            yield from _spoken(turn.parts, place, target)
        case _:
            parts = [part for part in turn.parts if isinstance(part, Said)]
            content = [written_input(part, marks=target.cache_marks) for part in parts]
            yield {"type": "message", "role": turn.role.value, "content": content}


def _spoken(parts: tuple[Part, ...], place: int, target: Target) -> Iterator[dict[str, Any]]:
    for index, group in enumerate(grouped(parts)):
        match group:
            case (Thinking(seal=seal) as thought,):
                if seal.origin == target.own and seal.value:
                    named = seal.item_id or f"rs_{place}_{index}"
                    yield written_thought(thought, named, native=target.own)
            case (ToolCall() as call,):
                yield written_call(call)
            case (Text() | Refusal() as first, *_):
                yield written_item(group, f"{kind_of(first)}_{place}_{index}")
            case _:
                raise unsaid("messages", "Responses accept no images or files from an assistant")


def _result(result: ToolResult, target: Target) -> dict[str, Any]:
    """What a tool gave back; a string if that says it all."""
    kind = "custom_tool_call_output" if result.is_custom else "function_call_output"
    head = {"type": kind, "call_id": call_id(result.call_id)}
    match told_error(result):
        case ():
            return {**head, "output": ""}
        case (Text(text=text, mark=mark),) if mark is None or not target.cache_marks:
            return {**head, "output": text}
        case parts:
            marks = target.cache_marks
            return {**head, "output": [written_input(part, marks=marks) for part in parts]}

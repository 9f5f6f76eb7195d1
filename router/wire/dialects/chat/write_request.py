"""A chat completion request, written."""

from collections.abc import Iterator
from typing import Any

from router.wire.dialects.chat.parts import written_call, written_content
from router.wire.dialects.chat.thoughts import NATIVE, is_behind, signed, written_thoughts
from router.wire.dialects.chat.tools import written_choice, written_format, written_tool
from router.wire.dialects.dialect import Target
from router.wire.dialects.errors_of_tools import told_error
from router.wire.dialects.openai import common
from router.wire.dialects.parts import (
    Audio,
    Document,
    Image,
    Refusal,
    Said,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    of_kind,
)
from router.wire.dialects.request import Request, Role, Turn
from router.wire.dialects.shape import plain, unsaid
from router.wire.dialects.thinking import effort_of

_MOST_STOPS = 4
_APART = "(See the next message for what the tool showed.)"


def write_request(request: Request, target: Target) -> dict[str, Any]:
    """The body for `target`. Raises ApiError 400 for what chat cannot express."""
    messages = [each for turn in request.turns for each in _messages(turn, target)]
    tools = [written_tool(tool) for tool in request.tools]
    choice, wanted = request.choice, request.format
    return {
        **common(request, is_view=target.is_view),
        "messages": messages,
        **plain(
            tools=tools or None,
            tool_choice=written_choice(choice, request.tools) if choice and tools else None,
            response_format=written_format(wanted) if wanted else None,
            reasoning_effort=effort_of(request.thought),
            verbosity=request.verbosity,
            max_completion_tokens=request.sampling.max_tokens,
            stop=_stop(request),
            stream_options={"include_usage": True} if request.stream else None,
        ),
    }


def _stop(request: Request) -> list[str] | None:
    stop = request.sampling.stop
    if len(stop) > _MOST_STOPS:
        raise unsaid("stop_sequences", f"chat completions accept at most {_MOST_STOPS}")
    return list(stop) or None


def _messages(turn: Turn, target: Target) -> Iterator[dict[str, Any]]:
    match turn.role:
        case Role.TOOL:
            yield from _results(of_kind(turn.parts, ToolResult), target)
        case Role.ASSISTANT:
            yield _spoken(turn, target)
        case _:
            parts = tuple(part for part in turn.parts if isinstance(part, Said))
            content = written_content(parts, marks=target.cache_marks)
            yield {"role": turn.role.value, "content": content}


def _results(results: list[ToolResult], target: Target) -> Iterator[dict[str, Any]]:
    """One message for each result; what a tool's message cannot carry follows in a user's message."""
    apart: list[Said] = []
    for result in results:
        texts: list[Said] = list(of_kind(told_error(result), Text))
        more = [part for part in result.content if not isinstance(part, Text)]
        if more and not texts:
            texts = [Text(_APART)]
        content = written_content(tuple(texts), marks=target.cache_marks)
        yield {"role": "tool", "tool_call_id": result.call_id, "content": content}
        apart += more
    if apart:
        yield {"role": "user", "content": written_content(tuple(apart), marks=target.cache_marks)}


def _spoken(turn: Turn, target: Target) -> dict[str, Any]:
    """An assistant's message, with only those thoughts that the target keeps."""
    texts: tuple[Said, ...] = tuple(of_kind(turn.parts, Text))
    refusals = "".join(each.text for each in of_kind(turn.parts, Refusal))
    own = [each for each in of_kind(turn.parts, Thinking) if target.keeps(each.seal.origin)]
    called = of_kind(turn.parts, ToolCall)
    calls = [{**written_call(call), **signed(call, own)} for call in called]
    thoughts = [each for each in own if not any(is_behind(each, call) for call in called)]
    _no_media(turn)
    content = written_content(texts, marks=target.cache_marks)
    return {
        "role": "assistant",
        **_thoughts(thoughts, target),
        "content": content or (None if calls or refusals else ""),
        **plain(refusal=refusals, tool_calls=calls or None),
    }


def _thoughts(own: list[Thinking], target: Target) -> dict[str, Any]:
    if target.own != NATIVE or any(each.seal.origin != NATIVE for each in own):
        return written_thoughts(own)
    text = "".join(each.text for each in own)
    return {"reasoning_content": text} if text else {}


def _no_media(turn: Turn) -> None:
    if any(isinstance(part, Image | Document | Audio) for part in turn.parts):
        raise unsaid("messages", "chat completions accept no images or files from an assistant")

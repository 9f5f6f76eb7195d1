"""Which tools a simulated model calls, and with what arguments."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import takewhile

import orjson
from msgspec import Struct

from router.domain.members import replace
from router.providers.simulated.answering import words
from router.providers.simulated.answering.chance import Chance
from router.providers.simulated.answering.hints import Hints
from router.providers.simulated.answering.json_schema import Json, Unsatisfiable, fill
from router.providers.simulated.answering.truth import Kind, Truth
from router.providers.simulated.errors import Refused, invalid
from router.providers.simulated.request import ChatRequest, Message, Tool

_AND = re.compile(r"\band\b(?: then| also)?", re.IGNORECASE)
_ENOUGH = 2
_NAME_WEIGHT = 2
_SHORT_WORDS = 4
# Words in function names that say nothing about what they are for.
_HOLLOW = words.stems("fetch tool function call set run perform execute")


class ToolCall(Struct, frozen=True):
    """A call of a function: its id, its name, and its arguments as JSON."""

    id: str
    name: str
    arguments: str


def truth(request: ChatRequest) -> Truth | None:
    """The right calls, as JSON, and others that come close; None if nothing is to be called.

    `auto` calls a tool if the last message is the user's and its words match the tool's. Raises
    Refused if the tool that was asked for does not exist or its schema cannot be satisfied.
    """
    wanted = _wanted(request)
    if not wanted:
        return None
    called = [_arguments(tool, Hints.of(part)) for tool, part in wanted]
    right = _written(wanted, called)
    return Truth(Kind.CALLS, right, lambda: _mistaken(request.tools, wanted, called))


def calls_of(value: str, chance: Chance) -> tuple[ToolCall, ...]:
    """The calls that a truth's value stands for, with ids drawn from `chance`."""
    return tuple(
        ToolCall(
            f"call_{chance.at(place).hex(24, 'id')}",
            call["name"],
            orjson.dumps(call["arguments"]).decode(),
        )
        for place, call in enumerate(orjson.loads(value))
    )


def _wanted(request: ChatRequest) -> list[tuple[Tool, str]]:
    """The tools to be called, each with the part of the question that it is for."""
    choice = request.tool_choice
    if choice.allowed is not None:
        may = tuple(tool for tool in request.tools if tool.name in choice.allowed)
        request = replace(request, tools=may)
    if not request.tools or choice.mode == "none":
        return []
    if choice.name is not None:
        return [(_named(request.tools, choice.name), request.question)]
    if choice.mode == "auto" and request.messages[-1].role != "user":
        return []
    if found := list(_matches(request)):
        return found
    best = max(request.tools, key=lambda tool: _score(tool, request.question))
    return [(best, request.question)] if choice.mode == "required" else []


def tool_results(messages: Sequence[Message]) -> list[str]:
    """What the tools said last; empty unless the conversation ends with their messages."""
    results = takewhile(lambda message: message.role in {"tool", "function"}, reversed(messages))
    return [message.text for message in results][::-1]


def _named(tools: Sequence[Tool], name: str) -> Tool:
    for tool in tools:
        if tool.name == name:
            return tool
    raise invalid(
        "tool_choice", f"Tool choice '{name}' not found in 'tools' parameter.", "invalid_value"
    )


def _matches(request: ChatRequest) -> Iterator[tuple[Tool, str]]:
    """The tools that the question asks for, each with its part of the question."""
    tools, question = request.tools, request.question
    parts = (
        [part.strip() for part in _AND.split(question)] if request.parallel_calls else [question]
    )
    if len(parts) == 1 or not (first := _best(tools, parts[0])):
        if best := _best(tools, question):
            yield best, question
        return
    tool = first
    for part in parts:
        best = _best(tools, part)
        tool = best or tool
        if best or _is_another(part):
            yield tool, part


def _best(tools: Sequence[Tool], text: str) -> Tool | None:
    best = max(tools, key=lambda tool: _score(tool, text))
    return best if _score(best, text) >= _ENOUGH else None


def _score(tool: Tool, text: str) -> int:
    """How many words the text shares with the tool, those of its name counting double."""
    asked = words.stems(text)
    named = words.stems(tool.name) - _HOLLOW
    return _NAME_WEIGHT * len(asked & named) + len(asked & (words.stems(tool.description) - named))


def _is_another(part: str) -> bool:
    """Whether the part only names another thing: `... and Rome?`."""
    return bool(words.names(f"and {part}")) and len(part.split()) <= _SHORT_WORDS


def _mistaken(
    tools: Sequence[Tool], wanted: Sequence[tuple[Tool, str]], right: Sequence[Json]
) -> Iterator[str]:
    """Misread arguments, a call too few, and other tools than the one that was meant."""
    for misread in zip(*(Hints.of(part).misread() for _, part in wanted), strict=False):
        pairs = zip(wanted, misread, strict=True)
        yield _written(wanted, [_arguments(tool, hints) for (tool, _), hints in pairs])
    if len(wanted) > 1:
        yield _written(wanted[:-1], right[:-1])
    part = wanted[0][1]
    for tool in tools:
        with suppress(Refused):  # a schema that nothing satisfies is that tool's own problem
            yield _written([(tool, part)], [_arguments(tool, Hints.of(part))])


def _written(wanted: Sequence[tuple[Tool, str]], arguments: Sequence[Json]) -> str:
    called = zip(wanted, arguments, strict=True)
    return orjson.dumps(
        [{"name": tool.name, "arguments": each} for (tool, _), each in called]
    ).decode()


def _arguments(tool: Tool, hints: Hints) -> Json:
    try:
        return fill(tool.parameters or {"type": "object"}, hints, Chance.of(tool.name, hints.text))
    except Unsatisfiable as error:
        raise invalid(
            "tools",
            f"Invalid schema for function '{tool.name}': {error}",
            "invalid_function_parameters",
        ) from error

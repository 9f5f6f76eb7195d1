"""A chat completion request, read."""

from collections import Counter
from collections.abc import Iterator, Sequence

from router.domain.members import replace
from router.wire.dialects.chat.parts import (
    MARKS,
    OF_LITELLM,
    read_call,
    read_content,
    without_thinking,
)
from router.wire.dialects.chat.thoughts import MEMBERS, read_signature, read_thoughts
from router.wire.dialects.chat.tools import read_choice, read_format, read_tool
from router.wire.dialects.openai import mark_of, rest_of, sampling, shared_of, user_of
from router.wire.dialects.parts import (
    Document,
    Image,
    Part,
    Refusal,
    Shown,
    Text,
    ToolCall,
    ToolResult,
)
from router.wire.dialects.request import Request, Role, Thought, Turn
from router.wire.dialects.shape import (
    JsonObject,
    a_text,
    count_of,
    flag_of,
    objects_in,
    only,
    text_of,
    unsaid,
)

_KNOWN = (
    "messages tools tool_choice response_format reasoning_effort verbosity stop"
    " max_tokens max_completion_tokens"
)


def read_request(body: JsonObject) -> Request:
    """The request in `body`. Raises ApiError 400 that names the field at fault."""
    return Request(
        model=a_text(body.get("model"), "model"),
        turns=tuple(_turns(body)),
        stream=flag_of(body, "stream") or False,
        tools=tuple(
            read_tool(tool, place) for place, tool in objects_in(body.get("tools"), "tools")
        ),
        choice=read_choice(body.get("tool_choice")),
        parallel=flag_of(body, "parallel_tool_calls"),
        format=read_format(body.get("response_format")),
        thought=Thought(effort=text_of(body, "reasoning_effort", "")),
        sampling=sampling(body, _max_tokens(body), _stop(body.get("stop"))),
        tier=text_of(body, "service_tier", ""),
        user=user_of(body),
        verbosity=text_of(body, "verbosity", ""),
        shared=shared_of(body),
        rest=rest_of(body, tuple(_KNOWN.split())),
    )


def _max_tokens(body: JsonObject) -> int | None:
    given = count_of(body, "max_completion_tokens")
    return count_of(body, "max_tokens") if given is None else given


def _stop(stop: object) -> tuple[str, ...]:
    if stop is None or stop == "":
        return ()
    listed = stop if isinstance(stop, list) else [stop]
    return tuple(a_text(each, "stop") for each in listed)


def _turns(body: JsonObject) -> Iterator[Turn]:
    """The conversation; consecutive results are one turn."""
    messages = list(objects_in(body.get("messages"), "messages"))
    shared = _shared_roles(messages)
    results: list[ToolResult] = []
    for place, message in messages:
        if message.get("role") == "tool":
            results.append(_result(message, place))
            continue
        if results:
            yield Turn(Role.TOOL, tuple(results))
            results = []
        yield _turn(message, place, shared)
    if results:
        yield Turn(Role.TOOL, tuple(results))


def _shared_roles(messages: Sequence[tuple[str, JsonObject]]) -> frozenset[str]:
    """The roles of several participants, whom their names tell apart. Frameworks name a single one as well."""
    told = {(str(each.get("role")), str(each.get("name") or "")) for _, each in messages}
    counted = Counter(role for role, _ in told)
    return frozenset(role for role, count in counted.items() if count > 1)


def _turn(message: JsonObject, place: str, shared: frozenset[str]) -> Turn:
    match message.get("role"):
        case "assistant":
            known = MARKS if "assistant" in shared else ("name", *MARKS)
            return Turn(Role.ASSISTANT, _marked(tuple(_spoken(message, place, known)), message))
        case "system" | "developer" | "user" as role:
            only(message, ("role", "content", "name", *MARKS), place)
            said: tuple[Part, ...] = read_content(message.get("content"), f"{place}.content")
            if role in shared:
                said = _named(said, text_of(message, "name", place))
            return Turn(Role(role), _marked(said, message))
        case _:
            raise unsaid(f"{place}.role", "use system, developer, user, assistant or tool")


def _named(parts: tuple[Part, ...], name: str) -> tuple[Part, ...]:
    """`parts` with the name of who says them, in words."""
    if not name or not parts:
        return parts
    first, *rest = parts
    if isinstance(first, Text):
        return (replace(first, text=f"{name}: {first.text}"), *rest)
    return (Text(f"{name}:"), *parts)


def _marked(parts: tuple[Part, ...], message: JsonObject) -> tuple[Part, ...]:
    """`parts` with the breakpoint of their whole message at its end, where the AI SDK and what uses it have it."""
    mark = mark_of(message)
    if mark is None or not parts or not isinstance(parts[-1], Text | Image | Document | ToolCall):
        return parts
    return (*parts[:-1], replace(parts[-1], mark=mark))


def _spoken(message: JsonObject, place: str, known: tuple[str, ...]) -> Iterator[Part]:
    only(message, (*_SPOKEN, *MEMBERS, *OF_LITELLM, *known), place)
    yield from read_thoughts(message, place)
    yield from read_content(without_thinking(message.get("content")), f"{place}.content")
    if refusal := text_of(message, "refusal", place):
        yield Refusal(refusal)
    for where, call in objects_in(message.get("tool_calls"), f"{place}.tool_calls"):
        yield from read_signature(call)
        yield read_call(call, where)


_SPOKEN = ("role", "content", "refusal", "tool_calls", "annotations", "parsed")
"""Members of an assistant's message. Annotations come with answers, and mean nothing to the next model; `parsed` is the
content once more, as OpenAI's Python client has read it."""


def _result(message: JsonObject, place: str) -> ToolResult:
    only(message, ("role", "content", "tool_call_id", "name", *MARKS), place)
    return ToolResult(
        call_id=a_text(message.get("tool_call_id"), f"{place}.tool_call_id"),
        content=tuple(_shown(message, place)),
        mark=mark_of(message),
    )


def _shown(message: JsonObject, place: str) -> Iterator[Shown]:
    for part in read_content(message.get("content"), f"{place}.content"):
        if not isinstance(part, Text | Image | Document):
            raise unsaid(f"{place}.content", "a tool returns text, images or files")
        yield part

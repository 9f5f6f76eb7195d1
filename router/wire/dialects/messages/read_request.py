"""A request to Messages, read."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from router.wire.dialects.messages.parts import read_blocks
from router.wire.dialects.messages.tools import read_choice, read_tool
from router.wire.dialects.parts import Part, Thinking, ToolCall, ToolResult
from router.wire.dialects.request import JsonFormat, Request, Role, Sampling, Thought, Turn
from router.wire.dialects.shape import (
    JsonObject,
    a_text,
    an_object,
    count_of,
    flag_of,
    number_of,
    objects_in,
    only,
    text_of,
    unsaid,
)

_KNOWN = (
    "model messages system stream tools tool_choice thinking output_config max_tokens temperature"
    " top_p top_k stop_sequences service_tier metadata"
).split()
_TIERS = {"standard_only": "default"}


def read_request(body: JsonObject) -> Request:
    """The request in `body`. Raises ApiError 400 that names the field at fault."""
    choice, parallel = read_choice(body.get("tool_choice"))
    config = an_object(body.get("output_config") or {}, "output_config")
    only(config, ("effort", "format"), "output_config")
    tier = text_of(body, "service_tier", "")
    return Request(
        model=a_text(body.get("model"), "model"),
        turns=tuple(_together(_turns(body))),
        stream=flag_of(body, "stream") or False,
        tools=tuple(
            read_tool(tool, place) for place, tool in objects_in(body.get("tools"), "tools")
        ),
        choice=choice,
        parallel=parallel,
        format=_format(config),
        thought=_thought(body, text_of(config, "effort", "output_config")),
        sampling=_sampling(body),
        tier=_TIERS.get(tier, tier),
        user=_user(body),
        rest=_rest(body),
    )


def _rest(body: JsonObject) -> dict[str, Any]:
    return {n: value for n, value in body.items() if n not in _KNOWN and value is not None}


def _user(body: JsonObject) -> str:
    metadata = an_object(body.get("metadata") or {}, "metadata")
    only(metadata, ("user_id",), "metadata")
    return text_of(metadata, "user_id", "metadata")


def _sampling(body: JsonObject) -> Sampling:
    stop = body.get("stop_sequences") or []
    if not isinstance(stop, list):
        stop = [stop]
    limit = count_of(body, "max_tokens")
    if limit == 0:
        raise unsaid("max_tokens", "only Anthropic fills its cache and answers nothing; allow more")
    return Sampling(
        temperature=number_of(body, "temperature"),
        top_p=number_of(body, "top_p"),
        top_k=count_of(body, "top_k"),
        max_tokens=limit,
        stop=tuple(a_text(each, "stop_sequences") for each in stop),
    )


def _format(config: JsonObject) -> JsonFormat | None:
    if config.get("format") is None:
        return None
    form = an_object(config["format"], "output_config.format")
    only(form, ("type", "schema"), "output_config.format")
    return JsonFormat(schema=an_object(form.get("schema"), "output_config.format.schema"))


def _thought(body: JsonObject, effort: str) -> Thought:
    thinking = an_object(body.get("thinking") or {}, "thinking")
    only(thinking, ("type", "budget_tokens", "display", "block_binding"), "thinking")
    match thinking.get("type"):
        case None:
            return Thought(effort=effort)
        case "disabled":
            return Thought(effort="none")
        case "enabled":
            budget = count_of(thinking, "budget_tokens", "thinking.")
            return Thought(effort=effort, budget_tokens=budget)
        case "adaptive":
            return Thought(effort=effort, is_adaptive=True)
        case _:
            raise unsaid("thinking.type", "use enabled, adaptive or disabled")


def _turns(body: JsonObject) -> Iterator[Turn]:
    """The conversation; results within a user's message become turns of tools."""
    if system := tuple(read_blocks(body.get("system") or None, "system")):
        yield Turn(Role.SYSTEM, system)
    for place, message in objects_in(body.get("messages"), "messages"):
        only(message, ("role", "content"), place)
        parts = tuple(read_blocks(message.get("content"), f"{place}.content"))
        role = message.get("role")
        if role not in _ROLES:
            raise unsaid(f"{place}.role", "use user, assistant or system")
        if any(isinstance(part, _OTHERS[role]) for part in parts):
            raise unsaid(f"{place}.content", f"{_WHOSE}, so the role {role} cannot")
        yield from _of_user(parts) if role == "user" else (Turn(Role(role), parts),)


def _together(turns: Iterator[Turn]) -> Iterator[Turn]:
    """The turns, consecutive ones of results as one: clients may tell each in a message of its own."""
    for role, group in groupby(turns, lambda turn: turn.role):
        if role is Role.TOOL:
            yield Turn(role, tuple(part for turn in group for part in turn.parts))
        else:
            yield from group


_ROLES = ("user", "assistant", "system")
_WHOSE = "only an assistant thinks and calls tools, and only a user tells what these gave back"
_OTHERS: Mapping[str, tuple[type[Part], ...]] = {
    "user": (Thinking, ToolCall),
    "assistant": (ToolResult,),
    "system": (Thinking, ToolCall, ToolResult),
}
"""Parts that do not belong to a role: Anthropic refuses them, and others would not even see them."""


def _of_user(parts: tuple[Part, ...]) -> Iterator[Turn]:
    for is_result, group in groupby(parts, lambda part: isinstance(part, ToolResult)):
        yield Turn(Role.TOOL if is_result else Role.USER, tuple(group))

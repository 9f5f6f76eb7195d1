"""Tools, and the choice between them, in Messages."""

from collections.abc import Iterator
from typing import Any

from router.wire.dialects.messages.parts import mark_of, marked
from router.wire.dialects.messages.schemas import accepted
from router.wire.dialects.request import Request, Tool, ToolChoice, ToolUse
from router.wire.dialects.shape import (
    JsonObject,
    a_text,
    an_object,
    flag_of,
    objects_in,
    only,
    text_of,
    unsaid,
    written,
)

_SHOWN = 64
"""How many characters of a tool's type an error message shows."""
_HARMLESS = ("eager_input_streaming", "allowed_callers")
_EXAMPLES = "input_examples"
_MOST_STRICT = 20
"""https://platform.claude.com/docs/en/build-with-claude/structured-outputs, "Schema complexity limits"."""


def read_tool(tool: JsonObject, place: str) -> Tool:
    """One of `tools`. Raises ApiError 400, also for tools that Anthropic itself defines."""
    if (kind := tool.get("type")) not in (None, "custom"):
        name = f", {kind[:_SHOWN]!r}" if isinstance(kind, str) else ""
        remedy = f"only Anthropic's models have this tool{name}; describe your own"
        raise unsaid(f"{place}.type", remedy)
    known = ("type", "name", "description", "input_schema", "strict", "cache_control", *_HARMLESS)
    asked = {name: told for name, told in tool.items() if (name, told) != _LOADED}
    only(asked, (*known, _EXAMPLES), place)
    return Tool(
        name=a_text(tool.get("name"), f"{place}.name"),
        description="\n\n".join(_described(tool, place)),
        schema=an_object(tool.get("input_schema"), f"{place}.input_schema"),
        strict=flag_of(tool, "strict", f"{place}."),
        mark=mark_of(tool),
    )


_LOADED = ("defer_loading", False)
"""What asks for nothing."""


def _described(tool: JsonObject, place: str) -> Iterator[str]:
    """The description, and examples of the input, for which only Messages have a member of their own."""
    if description := text_of(tool, "description", place):
        yield description
    for where, example in objects_in(tool.get(_EXAMPLES), f"{place}.{_EXAMPLES}"):
        yield f"For example: {written(example, where)}"


def read_choice(choice: object) -> tuple[ToolChoice | None, bool | None]:
    """What `tool_choice` says, and whether tools may be called in parallel. Raises ApiError 400."""
    if choice is None:
        return None, None
    chosen = an_object(choice, "tool_choice")
    only(chosen, ("type", "name", "disable_parallel_tool_use"), "tool_choice")
    single = flag_of(chosen, "disable_parallel_tool_use", "tool_choice.")
    parallel = None if single is None else not single
    match chosen.get("type"):
        case "tool":
            name = a_text(chosen.get("name"), "tool_choice.name")
            return ToolChoice(ToolUse.REQUIRED, (name,), is_one=True), parallel
        case "any":
            return ToolChoice(ToolUse.REQUIRED), parallel
        case "none":
            return ToolChoice(ToolUse.NONE), parallel
        case "auto":
            return ToolChoice(ToolUse.AUTO), parallel
        case _:
            raise unsaid("tool_choice.type", "use auto, any, tool or none")


def written_tools(request: Request) -> dict[str, Any]:
    """The members about tools: if the choice names several, only those are sent."""
    if not request.tools:
        return {}
    choice = request.choice
    allowed = choice.names if choice and choice.names and not choice.is_one else None
    told = [tool for tool in request.tools if allowed is None or tool.name in allowed]
    if sum(tool.strict is True for tool in told) > _MOST_STRICT:
        raise unsaid("tools", f"Messages accept at most {_MOST_STRICT} that are strict")
    chosen = _written_choice(choice, request.parallel)
    return {
        "tools": [_written_tool(tool) for tool in told],
        **({"tool_choice": chosen} if chosen else {}),
    }


def _written_tool(tool: Tool) -> dict[str, Any]:
    if tool.is_custom:
        raise unsaid("tools", f"'{tool.name}' takes free text, and Messages support only functions")
    description = {"description": tool.description} if tool.description else {}
    strict = {} if tool.strict is None else {"strict": tool.strict}
    schema = {"type": "object", **(tool.schema or {"properties": {}})}
    told = accepted(schema, "tools", tool.name) if tool.strict else schema
    return marked({"name": tool.name, **description, "input_schema": told, **strict}, tool.mark)


def _written_choice(choice: ToolChoice | None, parallel: bool | None) -> dict[str, Any] | None:
    if choice is None and parallel is None:
        return None
    use = choice.use if choice else ToolUse.AUTO
    if use is ToolUse.NONE:
        return {"type": "none"}
    apart = {} if parallel is None else {"disable_parallel_tool_use": not parallel}
    if choice and choice.is_one:
        return {"type": "tool", "name": choice.names[0], **apart}
    return {"type": "any" if use is ToolUse.REQUIRED else "auto", **apart}

"""Tools, the choice between them, and answer formats, in Responses."""

from collections.abc import Iterator, Mapping
from typing import Any

from router.domain.errors import ApiError
from router.domain.members import replace
from router.wire.dialects.openai import USES
from router.wire.dialects.request import JsonFormat, Tool, ToolChoice, ToolUse
from router.wire.dialects.responses.namespaces import KIND, one_name
from router.wire.dialects.shape import (
    JsonObject,
    a_text,
    an_object,
    flag_of,
    objects_in,
    only,
    plain,
    text_of,
    unsaid,
)


def read_tools(value: object, place: str = "tools", namespace: str = "") -> Iterator[Tool]:
    """The tools in `value`, grouped ones one by one. Raises ApiError 400, also for tools that OpenAI itself runs."""
    for where, tool in objects_in(value, place):
        if tool.get("type") != KIND or namespace:
            yield _tool(tool, where, namespace)
            continue
        only(tool, ("type", "name", "description", "tools"), where)
        name = a_text(tool.get("name"), f"{where}.name")
        inside = tuple(read_tools(tool.get("tools"), f"{where}.tools", name))
        if not inside:
            raise ApiError.invalid(
                f"{where}.tools", f"'{where}.tools' must name at least one tool."
            )
        first, *others = inside
        about = text_of(tool, "description", where)
        yield replace(first, description="\n\n".join(filter(None, (about, first.description))))
        yield from others


def _tool(tool: JsonObject, place: str, namespace: str) -> Tool:
    name = one_name(namespace, text_of(tool, "name", place))
    description = text_of(tool, "description", place)
    tool = {member: told for member, told in tool.items() if _IDLE.get(member) != told}
    match tool.get("type"):
        case "function":
            only(tool, ("type", "name", "description", "parameters", "strict"), place)
            schema = an_object(tool.get("parameters") or {}, f"{place}.parameters")
            return Tool(name, description, schema, flag_of(tool, "strict", f"{place}."))
        case "custom":
            only(tool, ("type", "name", "description", "format"), place)
            wanted = an_object(tool.get("format") or {"type": "text"}, f"{place}.format")
            return Tool(name, description, grammar=wanted)
        case kind:
            raise unsaid(f"{place}.type", _run_elsewhere(kind))


_IDLE: Mapping[str, Any] = {
    "allowed_callers": ["direct"],
    "async": False,
    "defer_loading": False,
}
"""Members that ask for nothing."""
_SWITCHES: Mapping[str, str] = {
    "web_search": ' (Codex offers it unless its config.toml says web_search = "disabled")'
}
"""How to stop clients from offering a tool that nobody asked for."""
_SHOWN = 64
"""How many characters of a tool's type an error message shows."""


def _run_elsewhere(kind: object) -> str:
    """Why a tool of this kind cannot be offered to another model, and what to do."""
    if not isinstance(kind, str):
        return "name the kind of the tool: function or custom"
    out = f"leave it out{_SWITCHES.get(kind, '')}"
    return f"only OpenAI runs this tool, {kind[:_SHOWN]!r}: {out}, or offer a function"


def written_tool(tool: Tool) -> dict[str, Any]:
    """A tool, for `tools`. One that is not declared strict is not, which has to be stated here."""
    if tool.grammar is not None:
        head = plain(type="custom", name=tool.name, description=tool.description)
        return {**head, "format": dict(tool.grammar)}
    head = plain(type="function", name=tool.name, description=tool.description)
    schema = dict(tool.schema) or {"type": "object", "properties": {}}
    return {**head, "parameters": schema, "strict": tool.strict or False}


def read_choice(choice: object) -> ToolChoice | None:
    """What `tool_choice` says. Raises ApiError 400."""
    if choice is None:
        return None
    if isinstance(choice, str) and choice in USES:
        return ToolChoice(USES[choice])
    chosen = an_object(choice, "tool_choice")
    if chosen.get("type") == "allowed_tools":
        only(chosen, ("type", "mode", "tools"), "tool_choice")
        use = USES.get(text_of(chosen, "mode", "tool_choice"), ToolUse.AUTO)
        listed = objects_in(chosen.get("tools"), "tool_choice.tools")
        return ToolChoice(use, tuple(_named(tool, place) for place, tool in listed))
    return ToolChoice(ToolUse.REQUIRED, (_named(chosen, "tool_choice"),), is_one=True)


def _named(tool: JsonObject, place: str) -> str:
    if tool.get("type") not in ("function", "custom"):
        raise unsaid(f"{place}.type", "name a function or a custom tool")
    only(tool, ("type", "name", "namespace"), place)
    return one_name(text_of(tool, "namespace", place), a_text(tool.get("name"), f"{place}.name"))


def written_choice(choice: ToolChoice, tools: tuple[Tool, ...]) -> str | dict[str, Any]:
    """The value of `tool_choice`."""
    if not choice.names:
        return choice.use.value
    custom = {tool.name for tool in tools if tool.is_custom}
    named = [
        {"type": "custom" if name in custom else "function", "name": name} for name in choice.names
    ]
    if choice.is_one:
        return dict(named[0])
    return {"type": "allowed_tools", "mode": choice.use.value, "tools": named}


def read_format(wanted: object) -> JsonFormat | None:
    """What `text.format` asks for. Raises ApiError 400."""
    if wanted is None:
        return None
    form = an_object(wanted, "text.format")
    match form.get("type"):
        case "text":
            return None
        case "json_object":
            return JsonFormat()
        case "json_schema":
            return _schema(form)
        case _:
            raise unsaid("text.format.type", "use text, json_object or json_schema")


def _schema(form: JsonObject) -> JsonFormat:
    only(form, ("type", "name", "description", "schema", "strict"), "text.format")
    return JsonFormat(
        schema=an_object(form.get("schema") or {}, "text.format.schema"),
        name=text_of(form, "name", "text.format"),
        description=text_of(form, "description", "text.format"),
        strict=flag_of(form, "strict", "text.format."),
    )


def written_format(wanted: JsonFormat) -> dict[str, Any]:
    """The value of `text.format`."""
    if wanted.schema is None:
        return {"type": "json_object"}
    return {
        "type": "json_schema",
        "name": wanted.name or "answer",
        **plain(description=wanted.description, strict=wanted.strict),
        "schema": wanted.schema,
    }

"""Tools, and the choice between them, in chat."""

from collections.abc import Mapping
from typing import Any

from router.wire.dialects.openai import USES, mark_of
from router.wire.dialects.request import JsonFormat, Tool, ToolChoice, ToolUse
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

_LONGEST_NAME = 64


def read_tool(tool: JsonObject, place: str) -> Tool:
    """One of `tools`. Raises ApiError 400."""
    kind = tool.get("type")
    if kind not in ("function", "custom"):
        raise unsaid(f"{place}.type", "use a function or a custom tool")
    only(tool, ("type", kind, "cache_control"), place)
    inner = an_object(tool.get(kind), f"{place}.{kind}")
    name = a_text(inner.get("name"), f"{place}.{kind}.name")
    description = text_of(inner, "description", place)
    if kind == "custom":
        only(inner, ("name", "description", "format"), f"{place}.custom")
        return Tool(name, description, grammar=_grammar(inner, place))
    only(inner, ("name", "description", "parameters", "strict"), f"{place}.function")
    schema = an_object(inner.get("parameters") or {}, f"{place}.function.parameters")
    strict = flag_of(inner, "strict", f"{place}.function.")
    return Tool(name, description, schema, strict, mark=mark_of(tool))


def _grammar(custom: JsonObject, place: str) -> Mapping[str, Any]:
    """The format that a custom tool's text must follow, flat as in Responses."""
    wanted = an_object(custom.get("format") or {"type": "text"}, f"{place}.custom.format")
    only(wanted, ("type", "grammar"), f"{place}.custom.format")
    if wanted.get("type") != "grammar":
        return {"type": "text"}
    grammar = an_object(wanted.get("grammar"), f"{place}.custom.format.grammar")
    return {"type": "grammar", **grammar}


def written_tool(tool: Tool) -> dict[str, Any]:
    """A tool, for `tools`. Raises ApiError 400 for a name that is too long."""
    if len(tool.name) > _LONGEST_NAME:
        raise unsaid(
            "tools", f"chat completions accept names of at most {_LONGEST_NAME} characters"
        )
    if tool.grammar is None:
        function = plain(
            name=tool.name, description=tool.description, parameters=tool.schema or None
        )
        strict = {} if tool.strict is None else {"strict": tool.strict}
        return {"type": "function", "function": {**function, **strict}}
    custom = plain(name=tool.name, description=tool.description)
    return {"type": "custom", "custom": {**custom, "format": _written_grammar(tool.grammar)}}


def _written_grammar(grammar: Mapping[str, Any]) -> dict[str, Any]:
    if grammar.get("type") != "grammar":
        return {"type": "text"}
    inner = {name: value for name, value in grammar.items() if name != "type"}
    return {"type": "grammar", "grammar": inner}


def read_choice(choice: object) -> ToolChoice | None:
    """What `tool_choice` says. Raises ApiError 400."""
    if choice is None:
        return None
    if isinstance(choice, str) and choice in USES:
        return ToolChoice(USES[choice])
    chosen = an_object(choice, "tool_choice")
    if chosen.get("type") == "allowed_tools":
        only(chosen, ("type", "allowed_tools"), "tool_choice")
        allowed = an_object(chosen.get("allowed_tools"), "tool_choice.allowed_tools")
        only(allowed, ("mode", "tools"), "tool_choice.allowed_tools")
        use = USES.get(text_of(allowed, "mode", "tool_choice.allowed_tools"), ToolUse.AUTO)
        listed = objects_in(allowed.get("tools"), "tool_choice.allowed_tools.tools")
        return ToolChoice(use, tuple(_named(tool, place) for place, tool in listed))
    return ToolChoice(ToolUse.REQUIRED, (_named(chosen, "tool_choice"),), is_one=True)


def _named(tool: JsonObject, place: str) -> str:
    kind = tool.get("type")
    if kind not in ("function", "custom"):
        raise unsaid(f"{place}.type", "name a function or a custom tool")
    only(tool, ("type", kind), place)
    inner = an_object(tool.get(kind), f"{place}.{kind}")
    only(inner, ("name",), f"{place}.{kind}")
    return a_text(inner.get("name"), f"{place}.{kind}.name")


def written_choice(choice: ToolChoice, tools: tuple[Tool, ...]) -> str | dict[str, Any]:
    """The value of `tool_choice`."""
    if not choice.names:
        return choice.use.value
    custom = {tool.name for tool in tools if tool.is_custom}
    named = [_naming(name, "custom" if name in custom else "function") for name in choice.names]
    if choice.is_one:
        return named[0]
    allowed = {"mode": choice.use.value, "tools": named}
    return {"type": "allowed_tools", "allowed_tools": allowed}


def _naming(name: str, kind: str) -> dict[str, Any]:
    return {"type": kind, kind: {"name": name}}


def read_format(wanted: object) -> JsonFormat | None:
    """What `response_format` asks for. Raises ApiError 400.

    Servers of open models take a schema beside `json_object`, too (Together, Fireworks, llama.cpp).
    """
    if wanted is None:
        return None
    form = an_object(wanted, "response_format")
    only(form, ("type", "json_schema", "schema"), "response_format")
    match form.get("type"):
        case "text":
            return None
        case "json_object" if form.get("schema") is not None:
            return JsonFormat(an_object(form["schema"], "response_format.schema"))
        case "json_object":
            return JsonFormat()
        case "json_schema":
            only(form, ("type", "json_schema"), "response_format")
            return _schema(an_object(form.get("json_schema"), "response_format.json_schema"))
        case _:
            raise unsaid("response_format.type", "use text, json_object or json_schema")


def _schema(named: JsonObject) -> JsonFormat:
    place = "response_format.json_schema"
    only(named, ("name", "description", "schema", "strict"), place)
    return JsonFormat(
        schema=an_object(named.get("schema") or {}, f"{place}.schema"),
        name=text_of(named, "name", place),
        description=text_of(named, "description", place),
        strict=flag_of(named, "strict", f"{place}."),
    )


def written_format(wanted: JsonFormat) -> dict[str, Any]:
    """The value of `response_format`."""
    if wanted.schema is None:
        return {"type": "json_object"}
    named = plain(
        name=wanted.name or "answer", description=wanted.description, strict=wanted.strict
    )
    return {"type": "json_schema", "json_schema": {**named, "schema": wanted.schema}}

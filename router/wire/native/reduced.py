"""A request without what only its own dialect can express: enough for chat to know what it is about.

The request is judged by this view, which is never sent. What chat cannot express becomes its JSON as text if it
is part of the conversation, so that its length counts, and a function if it is a tool.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from router.wire.dialects.dialect import Dialect
from router.wire.dialects.responses.namespaces import KIND
from router.wire.dialects.shape import JsonObject

_Object = dict[str, Any]
_OF_MESSAGES = "model messages system stream max_tokens temperature top_p service_tier".split()
_OF_RESPONSES = (
    "model instructions stream max_output_tokens temperature top_p service_tier"
    " parallel_tool_calls user metadata prompt_cache_key"
).split()
_MOST_STOPS = 4
_LEAST_LIMIT = 1
"""Of an answer in chat; with a limit of none, Messages only fill the provider's cache."""
_LONGEST_NAME = 64
"""Of a tool, for chat; Messages accept 128 characters, and names of MCP servers' tools are often longer than 64."""
_CHOICES = ("auto", "any", "tool", "none")
_OF_CHOICES = ("type", "name", "disable_parallel_tool_use")
_FORMATS = ("text", "json_object", "json_schema")
_OF_FORMATS = ("type", "name", "description", "schema", "strict")
_ROLES = ("user", "system", "developer")
_MARK = "cache_control"
_BLOCKS: Mapping[str, tuple[str, ...]] = {
    "text": ("type", "text", _MARK),
    "image": ("type", "source", _MARK),
    "document": ("type", "source", "title", _MARK),
    "tool_use": ("type", "id", "name", "input", _MARK),
    "tool_result": ("type", "tool_use_id", "content", "is_error", _MARK),
}
_OF_ROLES: Mapping[str, tuple[str, ...]] = {
    "user": ("text", "image", "document", "tool_result"),
    "assistant": ("text", "tool_use"),
    "system": ("text", "image", "document"),
}
"""Blocks that chat knows from each role."""
_SOURCES = ("base64", "text", "url", "file")
_OF_SOURCES = ("type", "media_type", "data", "url", "file_id")
_SHOWN = ("text", "image", "document")
_UPLOADED = "file:"
_ITEMS: Mapping[str, tuple[str, ...]] = {
    "function_call": ("type", "call_id", "name", "arguments"),
    "custom_tool_call": ("type", "call_id", "name", "input"),
    "function_call_output": ("type", "call_id", "output"),
    "custom_tool_call_output": ("type", "call_id", "output"),
}
_PARTS: Mapping[str, tuple[str, ...]] = {
    "input_text": ("type", "text"),
    "output_text": ("type", "text"),
    "refusal": ("type", "refusal"),
    "input_image": ("type", "image_url", "file_id", "detail"),
    "input_file": ("type", "file_id", "filename", "file_data", "file_url"),
}

_SPOKEN = ("input_text", "output_text", "refusal")
"""Parts that chat knows from an assistant."""


def reduced(body: JsonObject, dialect: Dialect) -> JsonObject:
    """The part of `body` that chat can express; the rest is left out, or expressed otherwise."""
    return _REDUCING[dialect](body)


def _messages(body: JsonObject) -> JsonObject:
    config, stops = body.get("output_config"), body.get("stop_sequences")
    return {
        **_only(body, _OF_MESSAGES),
        **_some("max_tokens", _LEAST_LIMIT if body.get("max_tokens") == 0 else None),
        **_some("system", _blocks(body.get("system"), _SHOWN)),
        "messages": [_message(each) for each in _objects(body.get("messages"))],
        **_some("tools", [_tool(each, ("custom", None)) for each in _objects(body.get("tools"))]),
        **_some("tool_choice", _choice(body.get("tool_choice"))),
        **_some("stop_sequences", stops[:_MOST_STOPS] if isinstance(stops, list) else None),
        **_some("output_config", _only(config, ("effort",)) if isinstance(config, dict) else None),
    }


def _choice(choice: object) -> Any:
    known = _known(choice, _CHOICES)
    return _only(known, _OF_CHOICES) if isinstance(known, dict) else known


def _message(message: JsonObject) -> _Object:
    role = message.get("role")
    role = role if isinstance(role, str) and role in _OF_ROLES else "user"
    return {"role": role, "content": _blocks(message.get("content"), _OF_ROLES[role])}


def _blocks(content: object, known: tuple[str, ...]) -> Any:
    if not isinstance(content, list):
        return content
    return [_block(each, known) for each in _objects(content)]


def _block(block: JsonObject, known: tuple[str, ...]) -> _Object:
    kind, source = block.get("type"), block.get("source")
    is_foreign = isinstance(source, dict) and source.get("type") not in _SOURCES
    if not isinstance(kind, str) or kind not in known or is_foreign:
        return _as_text("text", block)
    told = _only(block, _BLOCKS[kind])
    if kind == "tool_result":
        return {**told, **_some("content", _blocks(block.get("content"), _SHOWN))}
    return {**told, "source": _source(kind, source)} if source else told


def _source(kind: str, source: Any) -> Any:
    """The source as chat can refer to it: documents that were uploaded, pictures that have an address."""
    match kind, source:
        case "document", {"type": "url", "url": str(url)}:
            return {"type": "file", "file_id": url}
        case "image", {"type": "file", "file_id": str(given)}:
            return {"type": "url", "url": _UPLOADED + given}
    return _only(source, _OF_SOURCES)


def _responses(body: JsonObject) -> JsonObject:
    text, told = body.get("text"), body.get("input")
    items = [_item(each) for each in _objects(told)] if isinstance(told, list) else told
    return {
        **_only(body, _OF_RESPONSES),
        "input": items or [_as_message("user", body.get("prompt"))],
        **_some("tools", list(map(_tool_or_group, _objects(body.get("tools"))))),
        **_some("text", _text(text) if isinstance(text, dict) else None),
    }


def _text(text: JsonObject) -> _Object:
    wanted = _known(text.get("format"), _FORMATS)
    kept = _only(wanted, _OF_FORMATS) if isinstance(wanted, dict) else wanted
    return {**_only(text, ("verbosity",)), **_some("format", kept)}


def _known(value: Any, kinds: tuple[str, ...]) -> Any:
    """`value`; None if it is of a kind that chat does not know."""
    is_foreign = isinstance(value, dict) and value.get("type") not in kinds
    return None if is_foreign else value


def _item(item: JsonObject) -> _Object:
    kind, role, content = item.get("type", "message"), item.get("role"), item.get("content")
    if kind == "message" and (role == "assistant" or role in _ROLES):
        known = _SPOKEN if role == "assistant" else tuple(_PARTS)
        return {"type": "message", "role": role, "content": _parts(content, known)}
    if isinstance(kind, str) and kind in _ITEMS and item.get("call_id") is not None:
        output = _parts(item.get("output"), tuple(_PARTS))
        return {**_only(item, _ITEMS[kind]), **_some("output", output)}
    return _as_message("assistant", item)


def _parts(content: object, known: tuple[str, ...]) -> Any:
    if not isinstance(content, list):
        return content
    return [_part(each, known) for each in _objects(content)]


def _part(part: JsonObject, known: tuple[str, ...]) -> _Object:
    kind = part.get("type")
    if not isinstance(kind, str) or kind not in known:
        return _as_text("input_text", part)
    told = _only(part, _PARTS[kind])
    match told:
        case {"type": "input_file", "file_url": url}:
            return {**_only(told, ("type", "filename")), "file_id": url}
        case {"type": "input_image", "file_id": str(given)}:
            return {**_only(told, ("type", "detail")), "image_url": _UPLOADED + given}
    return told


def _as_message(role: str, told: object) -> _Object:
    return {"type": "message", "role": role, "content": [_as_text("input_text", told)]}


def _as_text(kind: str, told: object) -> _Object:
    return {"type": kind, "text": orjson.dumps(told).decode()}


def _tool_or_group(tool: JsonObject) -> _Object:
    """The tool of a Response as a function, or a group as one of functions."""
    inside = [_tool(each, ("function",)) for each in _objects(tool.get("tools"))]
    if tool.get("type") != KIND or not inside:
        return _tool(tool, ("function",))
    return {"type": KIND, "name": KIND, **_only(tool, ("name", "description")), "tools": inside}


def _tool(tool: JsonObject, own: tuple[str | None, ...]) -> _Object:
    """The tool as a function; one that the provider runs keeps only its name."""
    name = tool.get("name") or tool.get("type") or "tool"
    described = tool.get("type") in own
    schema = tool.get("input_schema") or tool.get("parameters")
    function = {
        "name": name[:_LONGEST_NAME] if isinstance(name, str) else name,
        **_some("description", tool.get("description") if described else None),
    }
    if "function" in own:
        return {"type": "function", **function, "parameters": schema if described else {}}
    return {**function, "input_schema": schema if described else {"type": "object"}}


def _objects(listed: object) -> Iterator[JsonObject]:
    return (each for each in (listed if isinstance(listed, list) else ()) if isinstance(each, dict))


def _only(holder: JsonObject, names: list[str] | tuple[str, ...]) -> _Object:
    return {name: holder[name] for name in names if holder.get(name) is not None}


def _some(name: str, value: Any) -> _Object:
    return {name: value} if value else {}


_REDUCING: Mapping[Dialect, Callable[[JsonObject], JsonObject]] = {
    Dialect.MESSAGES: _messages,
    Dialect.RESPONSES: _responses,
}

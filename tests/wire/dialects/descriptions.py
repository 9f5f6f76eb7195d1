"""What the vendors say that requests, answers and events look like.

OpenAI publishes a description, which is looked for beside the repository; Anthropic publishes the
types of its SDK, of which `messages-schema.json` is an extract.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from router.wire.dialects.dialect import Dialect
from tests.simulated.openapi import validator

_MESSAGES = Path(__file__).parent / "messages-schema.json"

_OPENAI: Mapping[tuple[Dialect, str], str] = {
    (Dialect.CHAT, "request"): "CreateChatCompletionRequest",
    (Dialect.CHAT, "answer"): "CreateChatCompletionResponse",
    (Dialect.CHAT, "event"): "CreateChatCompletionStreamResponse",
    (Dialect.CHAT, "error"): "ErrorResponse",
    (Dialect.RESPONSES, "request"): "CreateResponse",
    (Dialect.RESPONSES, "answer"): "Response",
    (Dialect.RESPONSES, "error"): "ErrorResponse",
}
_ANTHROPIC: Mapping[str, str] = {
    "request": "RequestRoot",
    "answer": "MessageRoot",
    "event": "EventRoot",
    "error": "ErrorRoot",
}
_SDK: Mapping[tuple[Dialect, str], Any] = {
    (Dialect.CHAT, "answer"): ChatCompletion,
    (Dialect.CHAT, "event"): ChatCompletionChunk,
    (Dialect.RESPONSES, "answer"): Response,
    (Dialect.RESPONSES, "event"): ResponseStreamEvent,
}


def check(dialect: Dialect, what: str, value: Mapping[str, Any]) -> None:
    """Fail unless `value` is a `what` (request, answer, event, error) of that dialect."""
    assert faults(dialect, what, value) == []
    if (dialect, what) in _SDK:
        _adapter(dialect, what).validate_python(value)


def faults(dialect: Dialect, what: str, value: Mapping[str, Any]) -> list[str]:
    """What is wrong with `value` by the vendor's own description."""
    return [
        f"{'.'.join(map(str, fault.instance_path))}: {fault.message[-300:]}"
        for fault in _validator(dialect, what, str(value.get("type"))).iter_errors(value)
    ]


def _validator(dialect: Dialect, what: str, kind: str) -> jsonschema_rs.Draft202012Validator:
    if dialect is Dialect.MESSAGES:
        return _messages(what)
    if (dialect, what) == (Dialect.RESPONSES, "event"):
        return _openai(_event_schema(kind))
    return _openai(_OPENAI[dialect, what])


@cache
def _openai(name: str) -> jsonschema_rs.Draft202012Validator:
    """Of the published description, whose alternatives overlap: it tells them by a discriminator."""
    return jsonschema_rs.Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": _components()}
    )


@cache
def _components() -> Any:
    whole: Any = validator("Response").schema
    return _any_of(whole["components"])


def _any_of(part: Any) -> Any:
    if isinstance(part, list):
        return [_any_of(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {"anyOf" if name == "oneOf" else name: _any_of(each) for name, each in part.items()}


@cache
def _messages(what: str) -> jsonschema_rs.Draft202012Validator:
    definitions = json.loads(_MESSAGES.read_text("utf-8"))["$defs"]
    return jsonschema_rs.Draft202012Validator(
        {"$ref": f"#/$defs/{_ANTHROPIC[what]}", "$defs": definitions}
    )


@cache
def _adapter(dialect: Dialect, what: str) -> TypeAdapter[Any]:
    return TypeAdapter(_SDK[dialect, what])


@cache
def _event_schema(kind: str) -> str:
    """The schema of one kind of event, so that a fault is reported where it is."""
    schemas = _components()["schemas"]
    for named in schemas["ResponseStreamEvent"]["anyOf"]:
        name: str = named["$ref"].rpartition("/")[2]
        if kind in schemas[name]["properties"]["type"]["enum"]:
            return name
    raise AssertionError(f"there is no event {kind!r}")

"""A request for an upstream that speaks its client's dialect: the client's bytes, with small changes spliced in."""

from collections.abc import Mapping
from typing import Any

import orjson

from router.wire.dialects.dialect import Dialect
from router.wire.dialects.shape import JsonObject
from router.wire.extension import MEMBER
from router.wire.native.thoughts import own_history
from router.wire.original import Original
from router.wire.splice import set_members, without_member

_LIMITS: Mapping[Dialect, str] = {
    Dialect.MESSAGES: "max_tokens",
    Dialect.RESPONSES: "max_output_tokens",
}
_LIMIT_IN_CHAT = "max_completion_tokens"
"""The name of the client's limit in the chat view, whatever the dialect."""


def native_bytes(
    original: Original, view: JsonObject, model_name: str, own: str, *, owns_thoughts: bool
) -> bytes:
    """What is sent to the upstream: the client's bytes with its model's name, without our own member.

    `view` is the chat view, in which a limit of this proxy may have lowered the client's. Of the thoughts
    in the conversation, those of `own` are kept, and the unnamed ones if it `owns_thoughts`; if any others have to
    be removed, the request is serialised again.
    """
    body = own_history(original.body, original.dialect, own, owns_thoughts=owns_thoughts)
    raw = original.raw if body is original.body else orjson.dumps(body)
    members = _lowered(original, view)
    if body.get("model") != model_name:
        members["model"] = model_name
    return set_members(without_member(raw, body, MEMBER), body, members)


def _lowered(original: Original, view: JsonObject) -> dict[str, Any]:
    name = _LIMITS[original.dialect]
    asked, allowed = original.body.get(name), view.get(_LIMIT_IN_CHAT)
    is_less = isinstance(asked, int) and isinstance(allowed, int) and allowed < asked
    return {name: allowed} if is_less else {}

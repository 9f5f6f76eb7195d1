"""A request for an upstream that speaks its client's dialect: the client's bytes, with little spliced."""

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
"""By which name every door's chat view has the client's limit."""


def native_bytes(
    original: Original, view: JsonObject, model_name: str, own: str, *, is_home: bool
) -> bytes:
    """What the upstream is sent: the client's bytes for its model, our own member out.

    `view` is the chat view, in which a limit of this proxy may have lowered the client's. Of the
    thoughts in the conversation those of `own` are kept, with those that wear no name where it
    `is_home`; where others have to go, the request is written anew.
    """
    body = own_history(original.body, original.dialect, own, is_home=is_home)
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

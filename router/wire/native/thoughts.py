"""Thoughts when the dialect stays the same: whose the unnamed ones are, and how they get a name.

What a provider has sealed goes out as it came, so the client holds seals without a name. In one
conversation these are all from one model, its home, which gets them back untouched. Any other model that
answers in it has its name put on its thoughts, and is not sent those of the home: a foreign seal is refused.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from router.wire.answer import member
from router.wire.dialects.dialect import Dialect
from router.wire.dialects.history import with_own_thoughts
from router.wire.dialects.messages.parts import REDACTED
from router.wire.dialects.seals import Seal, is_worn, worn
from router.wire.dialects.shape import JsonObject
from router.wire.dialects.translate import event_bytes
from router.wire.native.forms import event_in
from router.wire.original import Original

_SIGNS = (b'"signature', b'"redacted_thinking"', b'"reasoning"')
"""Without any of these bytes there is no seal."""
_SEALS: Mapping[str, str] = {
    "thinking": "signature",
    "redacted_thinking": "data",
    "signature_delta": "signature",
    "reasoning": "encrypted_content",
}
"""The parts that carry a seal, and in which member."""
_BY_ID = "encrypted_content"
"""Without this member a thought is only referred to by its id, which its provider alone knows."""
_BY_THEIR_IDS = ("reasoning", "item_reference")
_PROVEN = ("thinking", "redacted_thinking")


def has_unnamed(original: Original) -> bool:
    """Whether there are thoughts without a name in the conversation so far."""
    if original.dialect is Dialect.RESPONSES:
        items = original.body.get("input")
        return isinstance(items, list) and any(map(_is_unnamed, items))
    return any(_is_unnamed(block) for content in _contents(original.body) for block in content)


def without_unnamed(body: JsonObject, dialect: Dialect) -> JsonObject:
    """`body` without unnamed thoughts; itself if there are none."""
    return _WITHOUT_UNNAMED[dialect](body)


def own_history(body: JsonObject, dialect: Dialect, own: str, *, owns_thoughts: bool) -> JsonObject:
    """`body` with only the thoughts of `own`, as it has sealed them; itself if there is nothing to change.

    Those without a name are, too, if it `owns_thoughts`.
    """
    known = body if owns_thoughts else without_unnamed(body, dialect)
    cleaned = with_own_thoughts(known, dialect, own)
    is_same = cleaned is body or dialect is not Dialect.MESSAGES
    return cleaned if is_same else _may_be_asked(cleaned)


def named_answer(raw: bytes, origin: str) -> bytes:
    """A whole answer with the name of `origin` on its thoughts; unchanged if it has none."""
    if not may_think(raw):
        return raw
    answer = orjson.loads(raw)
    return orjson.dumps(answer) if _name_all(answer, origin) else raw


def named_event(raw: bytes, dialect: Dialect, origin: str) -> bytes:
    """An event of a stream with the name of `origin` on its thoughts; unchanged if it has none.

    Raises MalformedAnswer.
    """
    event = event_in(raw) if may_think(raw) else None
    return event_bytes(event, dialect) if event and _name_all(event, origin) else raw


def may_think(raw: bytes) -> bool:
    """Whether these bytes of an answer may contain a sealed thought; if False, they certainly do not."""
    return any(sign in raw for sign in _SIGNS)


def _name_all(told: Mapping[str, Any], origin: str) -> bool:
    """Name the seals in an answer or an event, in place; returns whether there were any."""
    has_named = False
    for part in _parts(told):
        name = _SEALS[part["type"]]
        value = part.get(name) or ""
        if value or name == _BY_ID:
            usual = REDACTED if part["type"] == "redacted_thinking" else ""
            item = str(part.get("id") or usual).replace(":", "-")
            part[name] = worn(Seal(origin, str(value), item), "")
            has_named = True
    return has_named


def _parts(told: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """All parts that may carry a seal: in an answer, in an event's Response, in what an event adds."""
    held = (told, member(told, "response"))
    listed = [each.get(name) for each in held for name in ("content", "output")]
    single = [told.get(name) for name in ("content_block", "delta", "item")]
    for part in (*single, *(part for parts in listed if isinstance(parts, list) for part in parts)):
        if isinstance(part, dict) and part.get("type") in _SEALS:
            yield part


def _is_unnamed(part: object) -> bool:
    """Whether this is a thought without a name, sealed or only referred to by its id."""
    if not isinstance(part, dict) or (name := _SEALS.get(str(part.get("type")))) is None:
        return False
    value = part.get(name)
    return not (isinstance(value, str) and is_worn(value))


def _contents(body: JsonObject) -> Iterator[list[Any]]:
    """The blocks of each message that has blocks."""
    messages = body.get("messages")
    for message in messages if isinstance(messages, list) else ():
        yield _blocks(message)


def _blocks(message: object) -> list[Any]:
    content = message.get("content") if isinstance(message, dict) else None
    return content if isinstance(content, list) else []


def _messages_without(body: JsonObject) -> JsonObject:
    if not any(_is_unnamed(block) for content in _contents(body) for block in content):
        return body
    cleaned = map(_message_without, body["messages"])
    return {**body, "messages": [each for each in cleaned if each is not None]}


def _message_without(message: Any) -> Any:
    """The message; None if nothing of it is left."""
    blocks = _blocks(message)
    kept = [block for block in blocks if not _is_unnamed(block)]
    if len(kept) == len(blocks):
        return message
    return {**message, "content": kept} if kept else None


def _responses_without(body: JsonObject) -> JsonObject:
    """Without its thoughts, the items next to them lose their ids, too: by these the provider would notice the gap."""
    items = body.get("input")
    if not isinstance(items, list) or not any(map(_is_unnamed, items)):
        return body
    return {**body, "input": [_item_without_id(item) for item in items if not _is_unnamed(item)]}


def _item_without_id(item: Any) -> Any:
    if not isinstance(item, dict) or item.get("type") in _BY_THEIR_IDS:
        return item
    return {name: value for name, value in item.items() if name != "id"}


_WITHOUT_UNNAMED: Mapping[Dialect, Callable[[JsonObject], JsonObject]] = {
    Dialect.MESSAGES: _messages_without,
    Dialect.RESPONSES: _responses_without,
}


def _may_be_asked(body: JsonObject) -> JsonObject:
    """`body` without a thinking budget if it continues a tool loop that no longer begins with a thought.

    Messages refuse such a turn.
    """
    has_budget = member(body, "thinking").get("type") == "enabled"
    said, after = _last_said(body["messages"])
    if not has_budget or not any(_is_a(("tool_result",), block) for block in after):
        return body
    if any(_is_a(_PROVEN, block) for block in said[:1]):
        return body
    return {name: value for name, value in body.items() if name != "thinking"}


def _last_said(messages: list[Any]) -> tuple[list[Any], list[Any]]:
    """The blocks of the assistant's last message, and those of all messages after it."""
    after: list[Any] = []
    for each in reversed(messages):
        if isinstance(each, dict) and each.get("role") == "assistant":
            return _blocks(each), after
        after += _blocks(each)
    return [], after


def _is_a(kinds: tuple[str, ...], block: Any) -> bool:
    return isinstance(block, dict) and block.get("type") in kinds

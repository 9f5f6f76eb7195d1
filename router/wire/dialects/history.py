"""A conversation in which several models took part, for one that speaks the client's own dialect.

Nothing is translated then, and bytes need to change only where a thought carries the name of its origin: it is
given back to the model that sealed it, and kept from all others, which would refuse the request.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from router.wire.dialects.chat.thoughts import MEMBERS
from router.wire.dialects.dialect import Dialect
from router.wire.dialects.seals import taken_off
from router.wire.dialects.shape import JsonObject

_MARK = "sealed:"
_DETAILS = "reasoning_details"


def with_own_thoughts(body: JsonObject, dialect: Dialect, own: str) -> JsonObject:
    """`body` without thoughts that carry the name of an origin other than `own`; itself if there are none."""
    cleaning = _CLEANING.get(dialect)
    return cleaning(body, own) if cleaning else body


def _messages(body: JsonObject, own: str) -> JsonObject:
    told = body.get("messages")
    if not isinstance(told, list):
        return body
    cleaned = [_message(each, own) for each in told]
    if all(new is old for new, old in zip(cleaned, told, strict=True)):
        return body
    return {**body, "messages": [each for each in cleaned if each is not None]}


def _message(message: Any, own: str) -> Any:
    """The message; None if nothing of it is left."""
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, list):
        return message
    kept = list(_kept(content, ("signature", "data"), own))
    if len(kept) == len(content) and all(a is b for a, b in zip(kept, content, strict=True)):
        return message
    return {**message, "content": kept} if kept else None


def _responses(body: JsonObject, own: str) -> JsonObject:
    items = body.get("input")
    if not isinstance(items, list):
        return body
    kept = list(_kept(items, ("encrypted_content",), own))
    if len(kept) == len(items) and all(a is b for a, b in zip(kept, items, strict=True)):
        return body
    return {**body, "input": kept}


def _kept(parts: list[Any], names: tuple[str, ...], own: str) -> Iterator[Any]:
    for part in parts:
        name = next((each for each in names if _wears(part, each)), None)
        if name is None:
            yield part
            continue
        seal = taken_off(part[name], own)
        if seal.origin == own and seal.value:
            named = {"id": seal.item_id} if seal.item_id and "id" in part else {}
            yield {**part, name: seal.value, **named}


def _wears(part: Any, name: str) -> bool:
    value = part.get(name) if isinstance(part, dict) else None
    return isinstance(value, str) and value.startswith(_MARK)


def _chat(body: JsonObject, own: str) -> JsonObject:
    told = body.get("messages")
    if not isinstance(told, list):
        return body
    cleaned = [_chat_message(each, own) for each in told]
    if all(new is old for new, old in zip(cleaned, told, strict=True)):
        return body
    return {**body, "messages": cleaned}


def _chat_message(message: Any, own: str) -> Any:
    """The message without thoughts that were sealed elsewhere, and without their text."""
    details = message.get(_DETAILS) if isinstance(message, dict) else None
    if not isinstance(details, list):
        return message
    kept = [each for each in details if not _is_foreign(each, own)]
    if len(kept) == len(details):
        return message
    rest = {name: value for name, value in message.items() if name not in MEMBERS}
    return {**rest, _DETAILS: kept} if kept else rest


def _is_foreign(detail: Any, own: str) -> bool:
    """Whether it comes from one of our upstreams, whose origins contain a slash, and not from `own`."""
    given = detail.get("format") if isinstance(detail, dict) else None
    return isinstance(given, str) and "/" in given and given != own


_CLEANING: Mapping[Dialect, Callable[[JsonObject, str], JsonObject]] = {
    Dialect.CHAT: _chat,
    Dialect.MESSAGES: _messages,
    Dialect.RESPONSES: _responses,
}

"""The chunks of a stream, merged into an equivalent chat completion."""

from collections.abc import Iterable, Mapping
from typing import Any

from router.wire.answer import MalformedAnswer, index_of
from router.wire.chunks import choices_in

_OWN = frozenset({"id", "object", "choices", "usage", "obfuscation"})
"""Members of a chunk that a whole answer says otherwise, or (padding against eavesdroppers) not at all."""
_TOLD_ONCE = frozenset({"role", "id", "type", "name", "index", "format"})
"""Texts that come whole, the first time. Some upstreams repeat them with every delta."""
_NO_CHUNK: Mapping[str, Any] = {"created": 0, "model": ""}
_NO_DELTA: Mapping[str, Any] = {"role": "", "content": None, "refusal": None}


def merged(chunks: Iterable[dict[str, Any]], answer_id: str) -> dict[str, Any]:
    """The chat completion that `chunks` amount to; they are consumed and must not be used any more.

    If a member is repeated, its last value that is not empty holds. Raises MalformedAnswer if there is no
    choice, and RecursionError if a delta is nested too deeply.
    """
    told: dict[str, Any] = {}
    usage: Any = None
    choices: dict[int, dict[str, Any]] = {}
    for chunk in chunks:
        told |= {name: value for name, value in chunk.items() if value and name not in _OWN}
        usage = chunk.get("usage") or usage
        for choice in choices_in(chunk):
            _add(choices.setdefault(index_of(choice), {}), choice)
    if not choices:
        raise MalformedAnswer("the stored stream has no choices")
    whole = [_whole(index, choices[index]) for index in sorted(choices)]
    head = {"id": answer_id, "object": "chat.completion", **_NO_CHUNK, **told, "choices": whole}
    return {**head, "usage": usage} if usage else head


def _add(told: dict[str, Any], choice: dict[str, Any]) -> None:
    """Merge what a chunk says of a choice into what was `told` of it before."""
    for name, value in choice.items():
        if name in ("delta", "logprobs"):
            told[name] = _joined(told.get(name), value)
        elif value is not None:
            told[name] = value


def _whole(index: int, told: dict[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in told.items() if name not in ("delta", "message")}
    message = _message(told.get("delta"))
    usual = {"index": index, "message": message, "logprobs": None, "finish_reason": None}
    return {**usual, **rest, "index": index}


def _message(delta: object) -> dict[str, Any]:
    told = delta if isinstance(delta, dict) else {}
    message = {**_NO_DELTA, **told, "role": told.get("role") or "assistant"}
    if isinstance(calls := message.get("tool_calls"), list):
        message["tool_calls"] = [_without_index(call) for call in sorted(calls, key=index_of)]
    return message


def _joined(told: Any, more: Any) -> Any:
    """`told` with `more` added: texts and lists grow, objects member by member."""
    if more is None:
        return told
    if isinstance(told, str) and isinstance(more, str):
        return told + more
    if isinstance(told, dict) and isinstance(more, dict):
        _grow(told, more)
        return told
    if isinstance(told, list) or isinstance(more, list):
        items = told if isinstance(told, _Items) else _Items(_parts(told))
        for item in _parts(more):
            items.take(item)
        return items
    return more


def _parts(content: Any) -> list[Any]:
    """A list; models of Mistral's that think or cite give the same content in parts and as a text by turns."""
    if isinstance(content, list):
        return content
    return [{"type": "text", "text": content}] if isinstance(content, str) and content else []


def _grow(told: dict[str, Any], more: dict[str, Any]) -> None:
    for name, value in more.items():
        if name in _TOLD_ONCE:
            told[name] = told.get(name) or value
        else:
            told[name] = _joined(told[name], value) if name in told else value


_SEALS = ("signature", "data")
"""Members of a thought that end it."""
_SPOKEN = ("text", "thinking")
"""Parts of a content that grow, although they have no index."""


class _Items(list[Any]):
    """A list that grows: an item with an index continues the last one that has the same index.

    It does not if it says that it is another one: some servers give all calls, or all thoughts, the same index.

    Where each index stands is remembered, since an answer may have tens of thousands of them.
    """

    def __init__(self, items: list[Any]) -> None:
        super().__init__(items)
        self._by_index = {_index(item): item for item in items}

    def take(self, item: Any) -> None:
        """Add `item`, or what it says to the one that it continues."""
        index = _index(item)
        known = _last_spoken(self, item) if index is None else self._by_index.get(index)
        if known is None or _is_another(item, known):
            self.append(item)
            self._by_index[index] = item
        else:
            _grow(known, item)


def _last_spoken(items: list[Any], item: Any) -> dict[str, Any] | None:
    """The last of the `items` if it is a part of a content that `item` may continue."""
    last = items[-1] if items else None
    is_spoken = isinstance(last, dict) and last.get("type") in _SPOKEN
    return last if is_spoken and isinstance(item, dict) else None


def _is_another(item: dict[str, Any], known: dict[str, Any]) -> bool:
    """Whether an item is not about the `known` one of its index.

    A call that has another id but no name goes on: some servers make up an id for every delta.
    """
    told = ((item.get(name), known.get(name)) for name in ("id", "type"))
    differs = any(a and b and a != b for a, b in told)
    called = item.get("function") or item.get("custom")
    begins = not isinstance(called, dict) or bool(called.get("name"))
    return (differs and begins) or any(known.get(name) for name in _SEALS)


def _index(item: object) -> int | float | str | None:
    """The index that an item of a list says it has; None where it has none."""
    index = item.get("index") if isinstance(item, dict) else None
    return index if isinstance(index, int | float | str) else None


def _without_index(call: Any) -> Any:
    if not isinstance(call, dict):
        return call
    return {name: value for name, value in call.items() if name != "index"}

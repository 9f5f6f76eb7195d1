"""The chunks of a stream, put together to the chat completion that they tell."""

from collections.abc import Iterable, Mapping
from typing import Any

from router.wire.answer import MalformedAnswer
from router.wire.chunks import choices_in, index_of

_OWN = frozenset({"id", "object", "choices", "usage", "obfuscation"})
"""Of a chunk: told otherwise in a whole answer, or (padding against listeners) not at all."""
_TOLD_ONCE = frozenset({"role", "id", "type", "name", "index", "format"})
"""Texts that are whole where they stand first. Some upstreams repeat them with every delta."""
_NO_CHUNK: Mapping[str, Any] = {"created": 0, "model": ""}
_NO_DELTA: Mapping[str, Any] = {"role": "", "content": None, "refusal": None}


def merged(chunks: Iterable[dict[str, Any]], answer_id: str) -> dict[str, Any]:
    """The chat completion that `chunks` tell, which are taken over and must not be used any more.

    Of a member that is told again the last value holds that says something. Raises MalformedAnswer
    when there is no choice, and RecursionError when a delta is nested too deeply.
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
    """Take what a chunk tells of a choice into what was `told` of it before."""
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
        message["tool_calls"] = [_without_index(call) for call in sorted(calls, key=_place)]
    return message


def _joined(told: Any, more: Any) -> Any:
    """What was `told` with `more` of it: texts and lists grow, objects do so member by member."""
    if more is None:
        return told
    if isinstance(told, str) and isinstance(more, str):
        return told + more
    if isinstance(told, dict) and isinstance(more, dict):
        _grow(told, more)
        return told
    if isinstance(told, list) and isinstance(more, list):
        for item in more:
            _take(told, item)
        return told
    return more


def _grow(told: dict[str, Any], more: dict[str, Any]) -> None:
    for name, value in more.items():
        if name in _TOLD_ONCE:
            told[name] = told.get(name) or value
        else:
            told[name] = _joined(told[name], value) if name in told else value


def _take(told: list[Any], item: Any) -> None:
    """Add an item of a list; one with an index goes on where an earlier one with it has stopped."""
    index = item.get("index") if isinstance(item, dict) else None
    if index is not None:
        # The last is looked at first: a call is told to its end before the next one begins.
        for earlier in reversed(told):
            if isinstance(earlier, dict) and earlier.get("index") == index:
                return _grow(earlier, item)
    return told.append(item)


def _place(call: object) -> int:
    index = call.get("index") if isinstance(call, dict) else None
    return index if isinstance(index, int) else 0


def _without_index(call: Any) -> Any:
    if not isinstance(call, dict):
        return call
    return {name: value for name, value in call.items() if name != "index"}

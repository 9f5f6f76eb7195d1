"""A stream's chunks merged into the completion that a plain request would have got."""

from collections.abc import Iterable, Mapping
from typing import Any

from router.wire.answer import MalformedAnswer

_CARRIED = ("created", "model", "system_fingerprint", "service_tier", "usage")


def completion_of(chunks: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The completion, without an id. Raises MalformedAnswer where no chunk has a choice."""
    head: dict[str, Any] = {}
    choices: dict[int, _Choice] = {}
    for chunk in chunks:
        head |= {name: chunk[name] for name in _CARRIED if chunk.get(name) is not None}
        for choice in _objects(chunk.get("choices")):
            index = choice.get("index")
            place = index if isinstance(index, int) else 0
            choices.setdefault(place, _Choice()).add(choice)
    if not choices:
        raise MalformedAnswer("no chunk has a choice")
    told = [choices[index].told(index) for index in sorted(choices)]
    return {"object": "chat.completion", **head, "choices": told}


class _Choice:
    """One of the alternative answers while its pieces are put together."""

    def __init__(self) -> None:
        self._message: dict[str, Any] = {"role": "assistant", "content": None}
        self._calls: dict[int, dict[str, Any]] = {}
        self._logprobs: dict[str, Any] | None = None
        self._finish_reason: Any = None

    def add(self, choice: Mapping[str, Any]) -> None:
        delta = choice.get("delta")
        if isinstance(delta, dict):
            calls = delta.get("tool_calls")
            merge(self._message, {name: delta[name] for name in delta if name != "tool_calls"})
            for place, call in enumerate(_objects(calls)):
                self._call(place, call)
        if isinstance(logprobs := choice.get("logprobs"), dict):
            self._logprobs = self._logprobs or {}
            merge(self._logprobs, logprobs)
        self._finish_reason = choice.get("finish_reason") or self._finish_reason

    def told(self, index: int) -> dict[str, Any]:
        message = dict(self._message)
        if self._calls:
            message["tool_calls"] = [self._calls[place] for place in sorted(self._calls)]
        return {
            "index": index,
            "message": message,
            "logprobs": self._logprobs,
            "finish_reason": self._finish_reason,
        }

    def _call(self, place: int, call: Mapping[str, Any]) -> None:
        index = call.get("index")
        known = self._calls.setdefault(index if isinstance(index, int) else place, {})
        # An id or a type that is repeated is no piece of a longer one.
        once = {name: call[name] for name in ("id", "type") if call.get(name)}
        rest = {name: call[name] for name in call if name not in ("index", "id", "type")}
        known |= {name: value for name, value in once.items() if name not in known}
        merge(known, rest)


def merge(whole: dict[str, Any], piece: Mapping[str, Any]) -> None:
    """Put `piece` to `whole`: texts and lists go on, objects are merged, anything else is replaced."""
    for name, value in piece.items():
        known = whole.get(name)
        if value is None:
            whole.setdefault(name, None)
        elif name == "role" or known is None:
            whole[name] = _copied(value)
        elif isinstance(known, str) and isinstance(value, str):
            whole[name] = known + value
        elif isinstance(known, list) and isinstance(value, list):
            known.extend(value)
        elif isinstance(known, dict) and isinstance(value, dict):
            merge(known, value)
        else:
            whole[name] = _copied(value)


def _copied(value: Any) -> Any:
    """A list or an object of our own, so that what was read is not changed by what follows."""
    match value:
        case list():
            return list(value)
        case dict():
            return {name: _copied(each) for name, each in value.items()}
        case _:
            return value


def _objects(items: object) -> list[Mapping[str, Any]]:
    return [each for each in items if isinstance(each, dict)] if isinstance(items, list) else []

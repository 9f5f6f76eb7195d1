"""A completion cut into the chunks that a streamed request would have got."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from router.wire.answer import MalformedAnswer

_CARRIED = ("created", "model", "system_fingerprint", "service_tier")
_PIECE = re.compile(r"(?s).{1,80}(?:\s+|$)|\S{1,400}|.{1,80}")
"""About a dozen words, and the white space behind them; joined, the pieces are the text again."""


def chunks_of(answer: Mapping[str, Any], *, usage: bool) -> Iterator[dict[str, Any]]:
    """The chunks, without an id. Raises MalformedAnswer for what is no completion."""
    choices = answer.get("choices")
    if not isinstance(choices, list) or not choices:
        raise MalformedAnswer("it has no choices")
    head = {name: answer[name] for name in _CARRIED if name in answer}
    head["object"] = "chat.completion.chunk"
    pending = {"usage": None} if usage else {}
    for place, choice in enumerate(choices):
        for cut in _choice(choice, place):
            yield {**head, "choices": [cut], **pending}
    if usage and isinstance(answer.get("usage"), dict):
        yield {**head, "choices": [], "usage": answer["usage"]}


def _choice(choice: object, place: int) -> Iterator[dict[str, Any]]:
    """Its words, then how it ended; log-probabilities come all together with the end."""
    if not isinstance(choice, dict) or not isinstance(choice.get("message"), dict):
        raise MalformedAnswer("a choice has no message")
    index = choice.get("index")
    index = index if isinstance(index, int) else place
    for delta in _deltas(choice["message"]):
        yield {"index": index, "delta": delta, "logprobs": None, "finish_reason": None}
    yield {
        "index": index,
        "delta": {},
        "logprobs": choice.get("logprobs"),
        "finish_reason": choice.get("finish_reason"),
    }


def _deltas(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The role, then each member that says something: texts in pieces, anything else at once."""
    content = "" if isinstance(message.get("content"), str) else None
    yield {"role": message.get("role", "assistant"), "content": content}
    for name, value in message.items():
        match value:
            case str() if name != "role":
                for piece in _PIECE.findall(value):
                    yield {name: piece}
            case list() if name == "tool_calls":
                yield {name: [_call(call, at) for at, call in enumerate(value)]}
            case None | str():
                """Nothing to say, or said already."""
            case _:
                yield {name: value}


def _call(call: object, place: int) -> dict[str, Any]:
    if not isinstance(call, dict):
        raise MalformedAnswer("a tool call is no object")
    return {**call, "index": place}

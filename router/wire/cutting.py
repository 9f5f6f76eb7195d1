"""A chat completion, cut into the chunks of an equivalent stream."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from router.wire.answer import MalformedAnswer, index_of
from router.wire.chunks import choices_in

_SHARED = ("created", "model", "service_tier", "system_fingerprint")
"""Members that every chunk repeats."""
_OWN = frozenset({"id", "object", "choices", "usage", *_SHARED})
_REASONING = ("reasoning_content", "reasoning")
_CALLS = ("tool_calls", "function_call")
_SOURCES = "annotations"
_OF_A_CHOICE = frozenset({"index", "message", "delta", "logprobs", "finish_reason"})

_PIECE = re.compile(
    r"""
    .{80} .*?                                    # to the end of a word,
    (?: (?<=\s) (?= [!-~] | [^\W\u0e33\u0eb3\uff9e\uff9f] )   # which nothing of the next one modifies,
      | (?<= [\u4e00-\u9fff] ) (?= [\u4e00-\u9fff] )          # or to where Chinese has none,
      | \Z )
    | .+                                         # or what is left
    """,
    re.DOTALL | re.VERBOSE,
)


def pieces_of(text: str) -> list[str]:
    """`text` in pieces of 80 characters plus the rest of the last word; no grapheme is ever split."""
    return _PIECE.findall(text)


def cut(answer: dict[str, Any], answer_id: str, *, usage: bool) -> Iterator[dict[str, Any]]:
    """The chunks that say the same as `answer`, with a usage chunk at the end if `usage` asks for it.

    Raises MalformedAnswer when a choice has no message.
    """
    shared = {name: answer[name] for name in _SHARED if name in answer}
    used = answer.get("usage") if usage else None
    head = {"id": answer_id, "object": "chat.completion.chunk", **shared}
    tail = {"usage": None} if used else {}
    rest = {name: value for name, value in answer.items() if name not in _OWN}
    for place, choice in enumerate(choices_in(answer)):
        for part in _cut_choice(choice, index_of(choice, otherwise=place)):
            yield {**head, "choices": [part], **tail, **rest}
            rest = {}  # it is sent once, with the first chunk
    if used:
        yield {**head, "choices": [], "usage": used}


def _cut_choice(choice: Mapping[str, Any], index: int) -> Iterator[dict[str, Any]]:
    """The role, the content, and the end; log probabilities come with the first piece of content."""
    message = choice.get("message")
    if not isinstance(message, dict):
        raise MalformedAnswer("a choice of the stored answer has no message")
    deltas = [_opening(message), *_texts(message), *_sources(message), *_calls(message), {}]
    for place, delta in enumerate(deltas):
        logprobs = choice.get("logprobs") if place == 1 else None
        part = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": None}
        if place < len(deltas) - 1:
            yield part
        else:
            others = {name: each for name, each in choice.items() if name not in _OF_A_CHOICE}
            yield {**part, "finish_reason": choice.get("finish_reason"), **others}


def _opening(message: Mapping[str, Any]) -> dict[str, Any]:
    """The role, the texts still empty, and all members that are neither texts nor what follows them."""
    told = {
        name: "" if isinstance(value, str) else value
        for name, value in message.items()
        if name not in _CALLS and not (name == _SOURCES and value)
    }
    return {**told, "role": message.get("role") or "assistant"}


def _texts(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The texts, piece by piece, the reasoning first."""
    names = [name for name in _REASONING if name in message]
    names += [name for name in message if name not in {"role", *_REASONING, *_CALLS}]
    for name in names:
        if isinstance(text := message[name], str):
            yield from ({name: piece} for piece in pieces_of(text))


def _sources(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What the texts cite."""
    if sources := message.get(_SOURCES):
        yield {_SOURCES: sources}


def _calls(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each call in a delta of its own."""
    calls = message.get("tool_calls") or []
    if not isinstance(calls, list) or not all(isinstance(call, dict) for call in calls):
        raise MalformedAnswer("the tool calls of the stored answer are not a list of objects")
    for index, call in enumerate(calls):
        yield {"tool_calls": [{**call, "index": index}]}
    if message.get("function_call"):
        yield {"function_call": message["function_call"]}

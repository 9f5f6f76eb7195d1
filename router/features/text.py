"""The text of a conversation, wherever the dialect keeps it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Message = Mapping[str, Any]

_HEAD_CHARS, _TAIL_CHARS = 1500, 500
"""Of a long question; most have 500 characters, and nineteen of twenty recorded ones below 2,200."""


def texts_of(message: Message) -> Iterator[str]:
    """Every piece of text in one message: plain content, text parts, and arguments of tool calls."""
    content = message.get("content")
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        yield from (text for part in content if isinstance(text := part.get("text"), str))
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict) and isinstance(arguments := function.get("arguments"), str):
            yield arguments


def parts_of(messages: Sequence[Message], *kinds: str) -> int:
    """How many content parts of these types (`image_url`, ...) the conversation holds."""
    return sum(
        part.get("type") in kinds
        for message in messages
        if isinstance(content := message.get("content"), list)
        for part in content
    )


def last_from(messages: Sequence[Message], role: str) -> str:
    """The text of the last message of `role`, "" where there is none."""
    for message in reversed(messages):
        if message["role"] == role:
            return "\n".join(texts_of(message))
    return ""


def both_ends(text: str) -> str:
    """What is read of a long text to understand it: what is asked stands at its ends, what it is about between."""
    if len(text) <= _HEAD_CHARS + _TAIL_CHARS:
        return text
    return f"{text[:_HEAD_CHARS]}\n{text[-_TAIL_CHARS:]}"


def whole_length(text: str, tokens: Sequence[int]) -> int:
    """About how many tokens all of `text` has, where `tokens` are those of its `both_ends`."""
    return round(len(tokens) * len(text) / max(1, len(both_ends(text))))

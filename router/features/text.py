"""The text of a conversation, wherever the dialect keeps it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

Message = Mapping[str, Any]

_MOST_PARTS = 1000
"""Content parts that are read at either end of a message to understand it; it may have a million."""
_USUAL = "\nxTSMEARUHBOL:zqjkvbpgywfmucdlhrsnioate "
"""The characters of English text, rarest first; any other is rarer still, and found at -1."""
_SEEN = ("image_url", "input_image", "video_url", "input_video", "video")
_HEAD_CHARS, _TAIL_CHARS = 1500, 500
"""Read of a long question; most have 500 characters, and nineteen of twenty recorded ones below 2,200."""


def texts_of(*messages: Message) -> list[str]:
    """Every piece of text in these messages: plain content, text parts, and what tools were called with."""
    pieces = list[str]()
    for message in messages:
        content = message.get("content")
        if isinstance(content, str):
            pieces.append(content)
        elif isinstance(content, list):
            pieces.extend(text for part in content if isinstance(text := part.get("text"), str))
        if calls := message.get("tool_calls"):
            pieces.extend(_arguments(calls))
        if call := message.get("function_call"):
            pieces.extend(_arguments([{"function": call}]))
    return pieces


def end_texts_of(message: Message) -> list[str]:
    """`texts_of` a message; of one with thousands of parts, only those of the first and the last thousand."""
    content = message.get("content")
    if not isinstance(content, list) or len(content) <= 2 * _MOST_PARTS:
        return texts_of(message)
    return texts_of({**message, "content": end_parts(content)})


def end_parts(parts: list[Any]) -> list[Any]:
    """The first and the last thousand of a message's parts; all if there are no more."""
    if len(parts) <= 2 * _MOST_PARTS:
        return parts
    return parts[:_MOST_PARTS] + parts[-_MOST_PARTS:]


def _arguments(calls: object) -> Iterator[str]:
    for call in calls if isinstance(calls, list) else ():
        for kind, member in (("function", "arguments"), ("custom", "input")):
            called = call.get(kind) if isinstance(call, dict) else None
            if isinstance(called, dict) and isinstance(given := called.get(member), str):
                yield given


def definitions_in(body: Mapping[str, Any]) -> object:
    """What a model reads besides the messages: its tools, and the schema of the answer. None for nothing."""
    wanted = body.get("response_format")
    schema = wanted.get("json_schema") if isinstance(wanted, Mapping) else None
    found = [each for each in (body.get("tools"), body.get("functions"), schema) if each]
    return found[0] if len(found) == 1 else found or None


def parts_in(messages: Iterable[Message]) -> Mapping[str, int]:
    """How many content parts of each type (`text`, `image_url`, ...) the conversation holds."""
    found = dict[str, int]()
    for message in messages:
        content = message.get("content")
        if isinstance(content, list):
            for part in content:
                kind = part.get("type")
                found[kind] = found.get(kind, 0) + 1
    return found


def pictures_in(parts: Mapping[str, int]) -> int:
    """How many of these parts are to be seen: pictures, and videos, which only some models with eyes take."""
    return sum(parts.get(kind, 0) for kind in _SEEN)


def last_from(messages: Sequence[Message], role: str) -> str:
    """The text of the last message of `role`, "" if there is none."""
    for message in reversed(messages):
        if message["role"] == role:
            return "\n".join(end_texts_of(message))
    return ""


def both_ends(text: str) -> str:
    """What is read of a long text to understand it: the question stands at either end, its material between."""
    if len(text) <= _HEAD_CHARS + _TAIL_CHARS:
        return text
    return f"{text[:_HEAD_CHARS]}\n{text[-_TAIL_CHARS:]}"


def whole_length(text: str, tokens: Sequence[int]) -> int:
    """About how many tokens all of `text` has, where `tokens` are those of its `both_ends`."""
    return round(len(tokens) * len(text) / max(1, len(both_ends(text))))


def has_one(words: tuple[str, ...], text: str) -> bool:
    """Whether one of `words` is in `text`; `containing` is for many words and long texts."""
    for word in words:  # noqa: SIM110 - a generator would take longer than the search
        if word in text:
            return True
    return False


def containing(*parts: str) -> Callable[[str], bool]:
    """A function that tells whether a text contains one of `parts`.

    It looks for the rarest letter of a part first: that takes a tenth of the time, and is seldom there.
    """
    rare = [(min(part, key=_USUAL.find), part) for part in parts]

    def contains(text: str) -> bool:
        for letter, part in rare:  # noqa: SIM110 - `any` would take twice as long
            if letter in text and part in text:
                return True
        return False

    return contains

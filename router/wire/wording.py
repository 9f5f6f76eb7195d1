"""A request in two parts: the words of its last message, and everything else.

Requests that agree in everything else may be compared by their words. The model is in neither part:
whether its answer is good enough is decided elsewhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import orjson

from router.domain.injected_text import parted
from router.wire.canonical import canonical

MOST_CHARS = 2_000
"""A longer text says too much for a vector and rules to vouch for all of it."""

MOST_CHARS_BEFORE = 20_000
"""Maximum length of the earlier messages: what they ask for has to be read, too."""

_FORMAT = 1
_PLAIN_MEMBERS = frozenset({"role", "content", "name"})
_PLAIN_PART = frozenset({"type", "text", "cache_control"})
_FREE_CHOICE = ("auto", "none")
_LOOKS_OUTSIDE = ("web_search_options", "audio", "prediction", "function_call")
"""Members that tie an answer to the moment, to a voice, or to a mandatory call."""


@dataclass(frozen=True, slots=True)
class Wording:
    """What a user said last, and a SHA-256 of the tenant and the rest of the request.

    `before` is the text of the earlier messages. No text appears in a repr, since those end up in logs.
    """

    text: str = field(repr=False)
    scope: bytes
    before: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Refuse an empty or too long text, and a scope that is not a digest."""
        if not self.text.strip() or len(self.text) > MOST_CHARS:
            raise ValueError(f"a wording has 1 to {MOST_CHARS} characters")
        if len(self.scope) != sha256().digest_size:
            raise ValueError("a scope is a SHA-256 digest")


def split(body: Mapping[str, Any], tenant: Sequence[str]) -> Wording | None:
    """The two parts of `body`, whose fields `router.wire.chat` has checked.

    None if other wordings could not share the answer: the last message is not a user's, is not plain text
    or is longer than MOST_CHARS; the messages before it are longer than MOST_CHARS_BEFORE; a tool must be
    called, or the answer depends on the outside world. Text that a program has added to the user's words belongs
    to the rest.
    """
    *earlier, last = body["messages"]
    (text, aside), before = _text_of(last), "\n".join(_texts(earlier))
    if text is None or len(before) > MOST_CHARS_BEFORE or _is_tied(body):
        return None
    rest = dict(body) | {"messages": [*earlier, {**last, "content": aside}]}
    rest.pop("model", None)
    if (spelt := canonical(rest)) is None:
        return None
    # JSON texts in sequence are unambiguous: neither can run into the other.
    scope = sha256(orjson.dumps([_FORMAT, *tenant]) + spelt).digest()
    return Wording(text, scope, before)


def _is_tied(body: Mapping[str, Any]) -> bool:
    choice = body.get("tool_choice")
    modalities = body.get("modalities")
    return (
        (choice is not None and choice not in _FREE_CHOICE)
        or (modalities is not None and modalities != ["text"])
        or any(body.get(name) is not None for name in _LOOKS_OUTSIDE)
    )


def _text_of(message: Mapping[str, Any]) -> tuple[str | None, str]:
    """The user's own words, None if they cannot be a wording, and what a program has added to them."""
    said = {name for name, value in message.items() if value is not None}
    if message["role"] != "user" or not said <= _PLAIN_MEMBERS:
        return None, ""
    text, aside = parted(_joined(message.get("content")) or "")
    return text if text.strip() and len(text) <= MOST_CHARS else None, aside


def _texts(messages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for message in messages:
        content = message.get("content")
        if isinstance(content, str):
            yield content
        elif isinstance(content, list):
            yield from (text for part in content if isinstance(text := part.get("text"), str))


def _joined(content: object) -> str | None:
    match content:
        case str():
            return content
        case list():
            texts = [_part(part) for part in content]
            return None if None in texts else "\n".join(filter(None, texts))
        case _:
            return None


def _part(part: Mapping[str, Any]) -> str | None:
    text = part.get("text")
    plain = part["type"] == "text" and part.keys() <= _PLAIN_PART and isinstance(text, str)
    return text if plain else None

"""Which conversation a request belongs to, by the name that its client gives it and by how it begins.

Clients name their conversations in many ways: `x-session-id`, headers of Claude Code and Codex, members
of the body. One name may cover several threads, since an agent's helpers use the name of the agent that
started them; so a thread is identified by the name *and* the beginning, which is also what a provider's
prompt cache goes by.
"""

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import orjson

from router.features.text import end_parts

_OURS = "x-session-id"
NAMING_HEADERS = (
    _OURS,
    "x-claude-code-session-id",
    "session-id",
    "session_id",
    "conversation_id",
    "x-opencode-session",
)
"""Most telling first. Codex sends `session_id` (`session-id` since 2026) and `conversation_id`."""

_IN_USER_ID = re.compile(r"_session_([0-9A-Za-z-]{8,64})$")
"""How Claude Code names it in `metadata.user_id`, before version 2.1.78 put JSON there."""

_LONGEST_NAME = 256
_NOT_STABLE = "x-anthropic-billing-header:"
"""Begins a line of Claude Code's instructions that differs in each call, and is not cached."""

_END_CHARS = 8192
"""Opening texts of the same length that agree in this many characters at either end are taken for the same."""

LEAST_BYTES = 4096
"""Of a body without tools: a shorter prompt is no agent's, and too short for providers' caches (1,024 tokens)."""


def thread_of(
    body: Mapping[str, Any], headers: Mapping[str, str], key: str, size_bytes: int
) -> str:
    """The id of a chat request's conversation under `key`; "" for a request that needs none.

    It is the same for all calls that continue a conversation, and never the same under another key.
    """
    is_small = size_bytes < LEAST_BYTES and not body.get("tools")
    name = _name(headers.get(_OURS)) if is_small else name_of(body, headers)
    if is_small and not name:
        return ""
    digest = blake2b(digest_size=16)
    digest.update(orjson.dumps([key, name]))
    for message in _beginning(body["messages"]):
        digest.update(message)
    return digest.hexdigest()


def name_of(body: Mapping[str, Any], headers: Mapping[str, str]) -> str:
    """What the client calls the conversation, "" where it does not say."""
    for header in NAMING_HEADERS:
        if name := _name(headers.get(header)):
            return name
    if name := _name(body.get("prompt_cache_key")):
        return name
    metadata = body.get("metadata")
    ids = (metadata.get("user_id") if isinstance(metadata, Mapping) else None, body.get("user"))
    return next(filter(None, map(_in_user_id, ids)), "")


def _in_user_id(value: object) -> str:
    if not isinstance(value, str) or "session" not in value or len(value) > 1024:
        return ""
    if found := _IN_USER_ID.search(value):
        return found[1]
    try:
        told = orjson.loads(value)
    except orjson.JSONDecodeError:
        return ""
    return _name(told.get("session_id")) if isinstance(told, dict) else ""


def _name(value: object) -> str:
    """A name without the blanks around it; "" for what is not text, or too long for a name."""
    name = value.strip() if isinstance(value, str) else ""
    return name if len(name) <= _LONGEST_NAME else ""


def _beginning(messages: list[Mapping[str, Any]]) -> list[bytes]:
    """What all calls of a conversation begin with: the instructions and the user's first message."""
    found = []
    for message in messages:
        found.append(_stable(message))
        if message["role"] == "user":
            break
    return found


def _stable(message: Mapping[str, Any]) -> bytes:
    """The text of a message, without what differs in each call; of what is long only the ends."""
    content = message.get("content")
    texts = [content] if isinstance(content, str) else []
    if isinstance(content, list):
        texts = [text for part in end_parts(content) if isinstance(text := part.get("text"), str)]
    kept = (_ends(text) for text in texts if not text.startswith(_NOT_STABLE))
    return "\x1e".join([message["role"], *kept]).encode("utf-8", "replace")


def _ends(text: str) -> str:
    if len(text) <= 2 * _END_CHARS:
        return text
    return f"{len(text)}\x1e{text[:_END_CHARS]}\x1e{text[-_END_CHARS:]}"

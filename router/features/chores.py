"""Chores: what programs ask about a conversation, with answers that no human reads.

Coding agents and chat pages name conversations, look for new topics, summarise a history that grows too long,
take commands apart and suggest what to say next, each in a call of its own form. A few such forms are
recognised here by what they are about, since their wording changes with each version.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from router.features.text import end_texts_of
from router.features.turns import Asking

_HEAD, _TAIL = 600, 400
"""Characters read of a text; the task stands at either end, its material between."""

_HINTS = (
    *("title", "topic", "summar", "compact", "checkpoint", "suggest", "predict", "prefix"),
    *("path", "chat_history", "commit message", "branch name", "tags", "condense"),
)
"""Every form contains one of these; looking for them is much quicker than matching forms."""
_TALK = r"(?:conversation|chat|session|thread|dialog(?:ue)?)"
_TALKS = ("conversation", "chat", "session", "thread", "dialog")
_ITS = rf"(?:this|the|that|our|an?|following|coding|current|existing|new)\s+(?:[\w-]+\s+){{0,2}}{_TALK}"


@dataclass(frozen=True, slots=True)
class _Form:
    """How a chore is worded, in lower case. Such a text has a word of each group in `wants`.

    Looking for words is a hundred times as fast as matching the pattern, and rules out most texts.
    """

    wants: tuple[tuple[str, ...], ...]
    pattern: re.Pattern[str]

    def is_in(self, folded: str) -> bool:
        """Whether a lower-case text has this form."""
        for words in self.wants:
            if not _has_one(words, folded):
                return False
        return self.pattern.search(folded) is not None


def _form(pattern: str, *wants: tuple[str, ...]) -> _Form:
    return _Form(wants, re.compile(pattern))


_FORMS = (
    _form(
        rf"\b(?:title|heading|name|tags?|topic)s?\b[^.\n]{{0,80}}?\b{_ITS}\b",
        ("title", "heading", "name", "tag", "topic"),
        _TALKS,
    ),
    _form(
        r"\b(?:title|topic) (?:generator|extractor|detector)",
        ("title ", "topic "),
        ("generator", "extractor", "detector"),
    ),
    _form(rf"\b{_TALK} title\b", (" title",), _TALKS),
    _form("isnewtopic", ("isnewtopic",)),
    _form(r"\bnew (?:conversation |chat )?topic\b", ("new ",), (" topic",)),
    _form(rf"\b{_ITS}\b[^.\n]{{0,80}}?\btitle\b", ("title",), _TALKS),
    _form(r"\btitle\b[^\n]{0,120}\bchat history\b", ("chat history",), ("title",)),
    _form("<chat_history>", ("<chat_history>",)),
    _form(
        r"\b(?:summar(?:y|i[sz]e|i[sz]es|i[sz]ing)|compact|condense)\b[^.\n]{0,60}?\b"
        rf"(?:{_TALK} (?:so far|above|history|up to)|(?:coding|partial|our|agent) {_TALK}|internal chat)",
        ("summar", "compact", "condense"),
        _TALKS,
    ),
    _form(r"\bcontext (?:checkpoint|compaction)", ("context c",)),
    _form(r"\bcheckpoint compaction", ("checkpoint compaction",)),
    _form(r"\bhand-?off summary", ("off summary",)),
    _form(r"\bsuggestion mode\b", ("suggestion mode",)),
    _form(
        r"\b(?:suggest|predict)\b[^.\n]{0,40}\bwhat the user\b",
        ("what the user",),
        ("suggest", "predict"),
    ),
    _form(r"\bprefix\b[^.\n]{0,60}\bcommands?\b", ("prefix",), ("command",)),
    _form(r"\bcommands?\b[^.\n]{0,40}\bprefix\b", ("prefix",), ("command",)),
    _form(r"\bfile ?paths?\b[^.\n]{0,60}\bcommand\b", ("path",), ("command",), ("file",)),
    _form(
        r"\b(?:write|generate|create|generates|writes)\b[^.\n]{0,60}\b(?:commit message|branch name)s?\b",
        ("commit message", "branch name"),
        ("write", "generate", "create"),
    ),
)
_PROBES = frozenset({"quota", "warmup", "ping", "test", "hi"})
"""What an agent sends to find out whether the API answers, asking for one token at most."""


def is_chore(body: Mapping[str, Any], asking: Asking) -> bool:
    """Whether a request is a program's housekeeping, by its form. A tool turn never is."""
    if asking.is_tool_turn:
        return False
    if _is_probe(body, asking.words) or _asks_for_one(_ends(asking.words)):
        return True
    # With tools on offer, the instructions are those of an agent, whatever they say of titles.
    return not body.get("tools") and _asks_for_one(_instructions(body))


def _is_probe(body: Mapping[str, Any], words: str) -> bool:
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    return limit == 1 and words.strip().lower() in _PROBES


def _asks_for_one(text: str) -> bool:
    folded = text.lower()
    return _has_one(_HINTS, folded) and any(form.is_in(folded) for form in _FORMS)


def _has_one(words: tuple[str, ...], folded: str) -> bool:
    for word in words:  # noqa: SIM110 - a generator would take longer than the search
        if word in folded:
            return True
    return False


def _instructions(body: Mapping[str, Any]) -> str:
    """The ends of the instructions that precede the conversation."""
    first = body["messages"][0]
    if first["role"] not in ("system", "developer"):
        return ""
    return _ends("\n".join(end_texts_of(first)))


def _ends(text: str) -> str:
    if len(text) <= _HEAD + _TAIL:
        return text
    return f"{text[:_HEAD]}\n{text[-_TAIL:]}"

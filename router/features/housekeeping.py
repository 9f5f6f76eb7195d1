"""Housekeeping: what programs ask about a conversation, with answers that no human reads.

Coding agents and chat pages name conversations, look for new topics, summarise a history that grows too long,
take commands apart and suggest what to say next, each in a call of its own form. A few such forms are
recognised here by what is to be made of what, since their wording changes with each version. It is not enough
that a text mentions chats, titles or topics: people write programs that have them, and the instructions of
assistants speak of them, too.
"""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from router.features.needs import tools_to_call
from router.features.text import end_texts_of, has_one
from router.features.turns import Asking

_HEAD, _TAIL = 600, 400
"""Characters read of a question; the task stands at either end, its material between."""
_DUTY = 400
"""Characters read of instructions: those of a chore begin with it, those of an assistant with who it is."""
_SENTENCE = re.compile(r"[^.!?;\n]+[.!?;\n]*")
_OCCASIONAL = re.compile(
    r"\s*(?:if|when|whenever|once|after|before|at the|never|do not|don't)\b"
    r"|.*\b(?:(?:if|when) (?:asked|needed|necessary)|only (?:if|when)|when(?:ever)? (?:the|an?|it|they|you)|at the end)\b"
)
"""What an assistant does now and then, or must not do."""

_HINTS = (
    *("title", "topic", "summar", "compact", "checkpoint", "suggest", "predict", "prefix"),
    *("path", "chat_history", "commit message", "branch name", "tags", "condense"),
    *("standalone", "continuing our", "future context", "对话", "会话", "简要主题"),
)
"""Every form contains one of these; looking for them is much quicker than matching forms."""
_TALK = r"(?:conversation|chat|session|thread|dialog(?:ue)?)"
_TALKS = ("conversation", "chat", "session", "thread", "dialog")
_THING = (
    r"(?:api|app|bar|bot|box|button|class|client|component|cookie|endpoint|feature|field|id|key|list|log|model|object"
    r"|page|panel|pool|room|schema|screen|server|service|store|table|token|view|widget|window)s?"
)
_ITSELF = rf"{_TALK}\b(?!(?:\s+{_TALK})?(?:\s+history)?(?:'s)?\s+{_THING}\b)"
"""No chat window, thread pool or session cookie: those are parts of programs."""
_ITS = (
    rf"(?:this|the|that|our|following|current|existing|a coding)\s+(?:[\w'-]+\s+){{0,2}}{_ITSELF}"
)
_MAKE = (
    r"(?:\b(?:generate|create|write|produce|provide|give|suggest|return|output|com(?:e|ing) up with)\b"
    r"|\byou are\b[^.\n]{0,60}\b(?:generat|creat|writ|produc)(?:es|ing)\b)"
)
_MAKES = (
    *("generat", "creat", "writ", "produc", "provide", "give", "suggest", "return", "output"),
    "up with",
)
_SOME = r"(?:\s+(?!(?:for|from|in|of|that|to|where|which|whose|with)\b)[^\s.:]+){0,8}?\s+"
"""Words that describe what follows."""


class _Form(Struct, frozen=True):
    """How a chore is worded, in lower case. Such a text has a word of each group in `wants`.

    Looking for words is a hundred times as fast as matching the pattern, and rules out most texts.
    """

    wants: tuple[tuple[str, ...], ...]
    pattern: re.Pattern[str]

    def is_in(self, folded: str) -> bool:
        """Whether a lower-case text has this form."""
        for words in self.wants:
            if not has_one(words, folded):
                return False
        return self.pattern.search(folded) is not None


def _form(pattern: str, *wants: tuple[str, ...]) -> _Form:
    return _Form(wants, re.compile(pattern))


_BESIDE_TOOLS = (
    _form(
        rf"(?<!never )(?<!not )(?:\bsummari[sz](?:e|es|ing)\b|{_MAKE}{_SOME}summary\b|\bcompact\b|\bcondense\b)"
        rf"[^.\n]{{0,60}}?\b(?:{_ITSELF} (?:so far|above|history|up to)|(?:coding|partial|our|agent) {_ITSELF}"
        r"|internal chat|lines of conversation)",
        ("summar", "compact", "condense"),
        _TALKS,
    ),
    _form(r"\bperforming an? context (?:checkpoint|compaction)", ("performing a",), ("context c",)),
    _form(r"\bhand-?off summary for another\b", ("off summary",)),
    _form(r"\bcontinuing our conversation\b", ("continuing our",)),
    _form(r"\bsuggestion mode\b", ("suggestion mode",)),
    _form(
        r"\b(?:suggest|predict)\b[^.\n]{0,40}\bwhat the user [^.\n]{0,30}\b(?:type|say|ask|write|send)\b",
        ("what the user",),
        ("suggest", "predict"),
    ),
)
"""What agents ask in the middle of their work, with their tools on offer."""
_FORMS = (
    *_BESIDE_TOOLS,
    _form(
        rf"{_MAKE}{_SOME}(?:title|heading|name|tag|topic)s?\b(?!\s+{_THING}\b)[^.\n]{{0,80}}?\b{_ITS}",
        ("title", "heading", "name", "tag", "topic"),
        _TALKS,
        _MAKES,
    ),
    _form(rf"{_MAKE}{_SOME}{_TALK} title\b(?!\s+{_THING}\b)", (" title",), _TALKS, _MAKES),
    _form(rf"\b{_ITS}[^.\n]{{0,80}}?{_MAKE}{_SOME}title\b", ("title",), _TALKS, _MAKES),
    _form(
        rf"\bsummari[sz]e\b[^.\n]{{0,30}}\b{_ITSELF}[^.\n]{{0,60}}\btitle\b",
        ("title",),
        ("summari",),
    ),
    _form(
        r"\byou are an?\b[^.\n]{0,40}\b(?:title|topic) (?:generator|extractor|detector)",
        ("title ", "topic "),
        ("generator", "extractor", "detector"),
    ),
    _form("isnewtopic", ("isnewtopic",)),
    _form(
        r"\b(?:message|query|prompt|user)\b[^.\n]{0,40}\b(?:indicate|start|begin|introduce)s?\b"
        r"[^.\n]{0,20}\bnew (?:conversation |chat )?topic\b",
        ("new ",),
        (" topic",),
    ),
    _form(r"^### task:[\s\S]*</?chat_history>", ("### task:",), ("chat_history>",)),
    _form(r"\btasked with summari[sz]ing conversations", ("tasked with summari",)),
    _form("prompt for future context", ("prompt for future context",)),
    _form(
        r"\b(?:re)?(?:phrase|formulate|write)\b[^.\n]{0,120}\bstandalone (?:question|query)",
        ("standalone q",),
    ),
    _form(
        r"\b(?:find|determine|extract|detect|identify)\b[^.\n]{0,40}\bprefix\b[^.\n]{0,40}\bcommands?\b",
        ("prefix",),
        ("command",),
    ),
    _form(r"\bcommand prefix (?:detection|extraction)", ("command prefix",)),
    _form(
        r"\bextract\b[^.\n]{0,20}\bfile ?paths?\b[^.\n]{0,60}\bcommand\b",
        ("path",),
        ("command",),
        ("file",),
    ),
    _form(
        rf"{_MAKE}{_SOME}(?:commit message|branch name)s?\b",
        ("commit message", "branch name"),
        _MAKES,
    ),
    _form("返回这句话的简要主题|简要总结(?:一下)?对话内容", ("简要",)),
    _form(
        "(?:这[段个次]|该|此|以[上下]|上述|当前|[上下]面|用户|根据|为|给|总结)[^。,\uff0c\n写编创]{0,8}[对会]话[^。\n]{0,20}标题",
        ("对话", "会话"),
        ("标题",),
    ),
)
_PROBES = frozenset({"quota", "warmup", "ping", "test", "hi"})
"""What an agent sends to find out whether the API answers, asking for one token at most."""


def is_housekeeping(body: Mapping[str, Any], asking: Asking) -> bool:
    """Whether a request is a program's housekeeping, by its form. A tool turn never is."""
    if asking.is_tool_turn:
        return False
    words = _ends(asking.words).lower()
    if tools_to_call(body):  # an agent at work, whose user may well speak of titles and topics
        return _is_probe(body, words) or _asks_for_one(words, _BESIDE_TOOLS)
    return _is_probe(body, words) or _asks_for_one(words, _FORMS) or _is_always(_duties(body))


def _is_probe(body: Mapping[str, Any], words: str) -> bool:
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    return limit == 1 and words.strip() in _PROBES


def _asks_for_one(words: str, forms: tuple[_Form, ...]) -> bool:
    return has_one(_HINTS, words) and any(form.is_in(words) for form in forms)


def _is_always(duties: str) -> bool:
    """Whether instructions ask for a chore in every case, and not if, when or at the end of something."""
    return _asks_for_one(duties, _FORMS) and _asks_for_one(without_occasions(duties), _FORMS)


def without_occasions(instructions: str) -> str:
    """Instructions in lower case without what is only done now and then, or must not be done."""
    sentences = _SENTENCE.findall(instructions)
    return "".join(sentence for sentence in sentences if not _OCCASIONAL.match(sentence))


def _duties(body: Mapping[str, Any]) -> str:
    """What the instructions that precede the conversation begin with, in lower case, "" if there are none."""
    first = body["messages"][0]
    if first["role"] not in ("system", "developer"):
        return ""
    return "\n".join(end_texts_of(first))[:_DUTY].lower()


def _ends(text: str) -> str:
    if len(text) <= _HEAD + _TAIL:
        return text
    return f"{text[:_HEAD]}\n{text[-_TAIL:]}"

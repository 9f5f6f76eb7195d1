"""Tasks: what a program has a model do with a text, whatever that text is about.

Programs state a task in their instructions ("Translate what the user writes"), or at one end of a long message whose
other part is the material. The words of the material then say nothing of the task. A few forms of such tasks are
recognised here: something is to be done *to a text*, or a question answered from one. That an assistant can translate,
or should answer in German, is no such task.
"""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from router.domain.category import Category
from router.features.housekeeping import without_occasions
from router.features.text import end_texts_of, has_one
from router.features.turns import Asking

_INSTRUCTIONS = 600
"""Characters read of instructions: they state the task first, and then its rules and examples."""
_AGENTS = (
    "search/replace",
    "## execute_command",
    "<execute_command>",
    "## read_file",
    "## write_to_file",
)
_AGENTS_CHARS = 4000
"""What instructions of coding agents contain that describe their tools in words (Aider, Cline, Roo Code), and where."""
_REACT = "action input:"
"""How tools are called in words in the manner of ReAct (https://arxiv.org/abs/2210.03629), as LangChain has it."""
_LONG, _END, _LINE = 300, 400, 160
"""In characters: the shortest message that has a task and its material; how much is read of its ends, and of a line."""
_OBJECT = 70
"""Characters behind a verb in which its object is looked for."""

_TEXTS = frozenset(
    word + ending
    for word in (
        "abstract article chat comment content conversation description document e-mail email essay feedback input"
        " invoice letter line message note paper paragraph passage phrase post query question receipt report request"
        " resume review section sentence speech statement story text thread ticket transcript tweet utterance"
    ).split()
    for ending in ("", "s")
) | {"queries", "speeches", "stories"}
_WHOSE = frozenset(
    "the this that these their each every any all a an following provided given incoming from my"
    " input customer customer's customers client's user user's users".split()
)
_ALL = frozenset("everything whatever anything what".split())
_WHO = frozenset("the user i is you he she they".split())
_BELOW = re.compile(
    r"\s*(?:(?:the )?(?:following|above|below)|this|it|that|them)\s*(?:[:.,]|\n|$|in(?:to)?\b)"
)
_WORD = re.compile(r"[\w'-]+")
_NEAR = 5
"""Most words from "the" or "user's" to what a text is called, as in "the user's angry e-mail"."""


class _Duty(Struct, frozen=True):
    """A task by its verbs, which are done to a text, or always ("You ...", or the first word of all).

    `besides` is how else it is said. A text without one of the `hints` has none of these; looking for them is quicker.
    """

    category: Category
    hints: tuple[str, ...]
    verbs: re.Pattern[str]
    always: re.Pattern[str]
    besides: re.Pattern[str]


def _duty(category: Category, hints: str, verbs: str, besides: str) -> _Duty:
    return _Duty(
        category,
        tuple(hints.split("|")),
        re.compile(rf"(?<!not )(?<!n't )(?<!never )\b(?:{verbs})\b"),
        re.compile(rf"(?:\A(?:please )?|(?:\A|[.,:;!?\n]\s*)you )(?:{verbs})\b(?! (?:your|its)\b)"),
        re.compile(besides),
    )


_CODE = r"(?:\w{0,8}sql|(?:an? )?(?:\w+ )?(?:bash|shell|linux) command|an? regex|regex)\b"
_LANGUAGE = (
    r"(?:python|java(?:script)?|typescript|rust|golang|c\+\+|c#|kotlin|php|haskell|matlab)(?!\w)"
)
_INTO_CODE = (
    rf"\b(?:convert|translate|turn)s?\b[^.\n]{{0,40}}\b(?:in)?to (?:{_CODE}|{_LANGUAGE})"
    rf"|\b(?:create|generate|output|return)s?\b[^.\n]{{0,40}}\b{_CODE}"
)
_DUTIES = (
    _duty(
        Category.CODE_WRITING,
        "sql|regex|command|translat|convert",
        _INTO_CODE,
        _INTO_CODE,
    ),
    _duty(Category.TRANSLATION, "translat", "translat(?:e|es|ing)", r"\btranslation engine\b"),
    _duty(
        Category.SUMMARISING,
        "summar|condens|shorten|key points|takeaways|tl;dr|tldr",
        "summari[sz](?:e|es|ing)|condens(?:e|es|ing)|shorten|(?:summary|key points|takeaways|tl;?dr) (?:of|from)",
        r"\b(?:summary|abstract) for this\b",
    ),
    _duty(
        Category.WRITING,
        "rewrit|rephras|paraphras|proofread|grammar|spelling",
        "rewrites?|rewriting|(?:re|para)phras(?:e|es|ing)|proofread(?:s|ing)?",
        r"\b(?:fix|correct|improve)(?:s|es|ing)?\b[^.\n]{0,30}\b(?:grammar|spelling)\b",
    ),
    _duty(
        Category.EXTRACTION,
        "extract|classif|categori|label|parse|parsing|determine |decide |intent of",
        "extract(?:s|ing)?|classif(?:y|ies|ying)|categori[sz](?:e|es|ing)|label(?:s|ling)?|pars(?:e|es|ing)"
        "|(?:determine|decide) (?:if|whether|which)|intent of",
        r"\byou are an?\b[^.\n]{0,40}\b(?:classifier|extractor|extraction algorithm)\b",
    ),
)
_ANY_AT_ONCE = re.compile(
    "|".join(f"(?:{each.pattern})" for duty in _DUTIES for each in (duty.verbs, duty.besides))
)
"""One of these stands where any duty begins: matching it there is quicker than looking for hints."""
_ABROAD = (
    (
        Category.TRANSLATION,
        ("bersetz", "tradu", "翻", "번역", "перевед", "tłumacz", "vertaal", "çevir", "ترجم"),
        re.compile(
            r"übersetz(?:e|en sie)\b|\btradui(?:s|sez|re)\b|\btradu(?:ce|cir|za|zir|ci)\b|(?<!可以)翻译成|(?<!可以)翻譯成|翻訳して"
            r"|번역해|переведи|przetłumacz|\bvertaal\b|çevir|ترجم"
        ),
    ),
    (
        Category.SUMMARISING,
        (
            " zusammen",
            "resum",
            "résum",
            "riassum",
            "总结",
            "概括",
            "要約",
            "요약",
            "краткое",
            "streszcz",
            "özetle",
        ),
        re.compile(
            r"\bfass(?:e|en)?\b[^.\n]{0,60}\bzusammen\b|\brésume[rz]?\b|\bresum(?:e|ir|a) (?:el|la|este|o|a)\b"
            r"|\briassum|(?<!可以)总结|(?<!可以)概括|要約|요약|краткое содержание|\bstreszcz|\bözetle"
        ),
    ),
)
"""The same in other languages, whose verbs say enough."""
_TELLS = re.compile(r"\b(?:ich|je|j'\w+|pour|yo|mi|quiero|eu|meu|minha|ja|я|мой|мне)\b")
"""Before such a verb in its sentence: it is told of, not asked for."""
_SENTENCE = re.compile(r"[.:!?\n]")
_PROVIDED = re.compile(
    r"\b(?:be|are) (?:given|provided with|sent|shown)\b|\bi will (?:write|send)\b"
)
"""Of instructions that announce a text: whatever is to be done is done to that."""
_ASSISTS = re.compile(
    r"\b(?:answer(?:s|ing)?|asks?) (?:\w+ ){0,3}questions\b|(?<!not )\banswer (?:it|them|(?:the|each|every) (?:\w+ )?question)\b"
    r"|\b(?:help|assist)(?:s|ing)?\b (?:the |with |\w+ly )?(?:users?|people|customers?|students?|them|you|me)\b"
    r"|\b(?:reply|respond|answer)s?\b[^.\n]{0,20}\b(?:language|politely|\w+ally|to (?:the|each|every) (?:user|customer))\b"
    r"|\bwhatever they ask\b|\b(?:can|may) (?:also )?ask\b|\b(?:chat|talk)(?:s|ing)? with\b"
    r"|\bbeantworte|\bhilf(?:st|t)?\b|\b(?:aux|les|leurs|des) questions\b|\baide[rsz]?\b|\bp(?:re|er)guntas\b|\bdomande\b"
    r"|\ba[jy]ud|\baiut|\bvragen\b|\bpytani|\bpom[ao][cg]|\bsoru|\bcevap|вопрос|помо[гщ]|سؤال|سئلة|مساعد"
    r"|回答|解答|帮助|質問に|手伝|질문|도와|돕"
)
"""Of an assistant, whose user asks for all sorts of things."""
_ANSWERED = re.compile(r"(?<!your )(?<!the )(?<!its )\banswer|\brespond to\b")
"""The verb: what is only said of answers is no task."""
_ANSWERS = ("answer", "respond to")
_SOURCES = ("context", "document", "passage", "excerpt", "source", "snippet", "search results")
_GIVEN = re.compile(
    r"\b(?:following|provided|given|retrieved|supplied)\s+(?:pieces of\s+)?(?:\w+\s+){0,2}?"
    r"(?:context|documents?|passages?|excerpts?|sources?|snippets?|search results)\b"
    r"|\b(?:context|documents?|passages?|excerpts?|sources?|search results)\s+(?:below|above|provided|given)\b"
    r"|\b(?:only|solely)\s+(?:on\s+|from\s+|in\s+)?the\s+(?:\w+\s+)?(?:context|documents?|passages?|sources?)\b"
)
"""What a question is to be answered from."""
_MATERIAL = re.compile(r"(?:^|\n)[ #*]{0,4}(?:context|documents?|passages?|article|text)[ *]{0,3}:")
_ASKED = ("question", "query")
_QUESTION = re.compile(r"\n[ #*]{0,4}(?:question|query)[ *]{0,3}:")
_COURTESIES = re.compile(
    r"(?:(?:please|now|hi|hey|hello|can you|could you|would you|i want you to|i'd like you to|your task is to)\b[\s,.!:]*"
    r"|(?:give|write|create|make|provide)\b(?: me)?(?: (?:an?|the|some))?(?: \w+){0,2}? (?=summary|tl|key|take|abs))*"
)


def text_task_of(body: Mapping[str, Any], asking: Asking) -> Category | None:
    """The category of what is plainly to be done to a text, None where nothing is."""
    return _instructed(body["messages"][0]) or _stated(asking.words)


def _instructed(first: Mapping[str, Any]) -> Category | None:
    """What instructions have a model do with every text; None for those of an assistant."""
    if first["role"] not in ("system", "developer"):
        return None
    instructions = "\n".join(end_texts_of(first))[:_AGENTS_CHARS].lower()
    if has_one(_AGENTS, instructions):
        return Category.CODE_EDITING
    if _REACT in instructions:
        return Category.TOOL_CALLING
    told = instructions[:_INSTRUCTIONS]
    if _is_answered_from(told):
        return Category.EXTRACTION
    found = _done_always(told) or _abroad(told)
    return None if found is None or _ASSISTS.search(told) else found


def _done_always(told: str) -> Category | None:
    duties = [duty for duty in _DUTIES if has_one(duty.hints, told)]
    if not duties:
        return None
    told = without_occasions(told)
    is_provided = _PROVIDED.search(told) is not None
    for duty in duties:
        if duty.besides.search(told) or duty.always.search(told):
            return duty.category
        if any(is_provided or _is_text(told[verb.end() :]) for verb in duty.verbs.finditer(told)):
            return duty.category
    return None


def _stated(words: str) -> Category | None:
    """What is asked for at either end of a long message."""
    if len(words) < _LONG or "```" in words:
        return None
    if _REACT in words[:_AGENTS_CHARS].lower():
        return Category.TOOL_CALLING
    head, tail = words[:_END].lower(), words[-_END:].lower()
    if _is_answered_from(head) or _is_answered_from(tail):
        return Category.EXTRACTION
    if has_one(_ASKED, tail) and _MATERIAL.search(head) and _QUESTION.search(tail):
        return Category.EXTRACTION
    first, last = head[:_LINE].partition("\n\n")[0], tail[-_LINE:].rpartition("\n\n")[2]
    return _done_at_once(first) or _done_at_once(last) or _abroad(f"{first}\n{last}")


def _done_at_once(text: str) -> Category | None:
    """What is to be done to a text if only courtesies stand before it."""
    asked = _COURTESIES.sub("", text, 1)
    if not _ANY_AT_ONCE.match(asked):
        return None
    for duty in _DUTIES:
        if not has_one(duty.hints, asked):
            continue
        verb = duty.verbs.match(asked)
        if (verb and _is_text(asked[verb.end() :])) or duty.besides.match(asked):
            return duty.category
    return None


def _is_text(after: str) -> bool:
    """Whether the words after a verb begin with a text as its object, in the same sentence."""
    if _BELOW.match(after):
        return True
    words = _WORD.findall(re.split(r"[.\n]", after[:_OBJECT], maxsplit=1)[0])
    for index, word in enumerate(words):
        if word in _WHOSE and not _TEXTS.isdisjoint(words[index + 1 : index + _NEAR]):
            return True
        if word in _ALL and words[index + 1 : index + 2] and words[index + 1] in _WHO:
            return True
    return False


def _is_answered_from(text: str) -> bool:
    """Whether a question is to be answered from a text that comes with it; with code, that is work on code."""
    if not has_one(_ANSWERS, text) or not has_one(_SOURCES, text) or " code" in text:
        return False
    return _GIVEN.search(text) is not None and _ANSWERED.search(text) is not None


def _abroad(text: str) -> Category | None:
    for category, hints, pattern in _ABROAD:
        if has_one(hints, text) and (found := pattern.search(text)):
            return None if _TELLS.search(_SENTENCE.split(text[: found.start()])[-1]) else category
    return None

"""Whose turn it is in a conversation, and what the human wants: in their own words, or by approving a proposal.

An agent calls its model again and again while it works on one wish: with the results of tools, with
reminders. Only a human's words are a new wish, and "yes, go on" means the wish before it.
"""

import re
from collections.abc import Sequence
from itertools import islice

from msgspec import Struct

from router.domain.injected_text import own_words
from router.features.text import Message, both_ends, end_texts_of, last_from

_RESULTS = frozenset({"tool", "function"})
_LONGEST_APPROVAL = 60
_MOST_READ = 1000
"""Messages of users that are read from the end of a conversation, which may have a million of them."""
_MOST_PARTS, _FIRST_CHARS = 100, 16
"""Of a message that is an aside: programs write few parts, and begin at once."""
_WORD = re.compile(r"[\w'-]+")
_PRAISING = frozenset(
    "good great perfect nice cool fine right correct exactly k ok okay sounds looks lgtm"
    " gut super prima parfait perfecto genial perfetto отлично 好 好的".split()
)
"""Alone they approve; beside thanks they end a conversation."""
_APPROVING = _PRAISING.union(
    """
    y yes yep yeah yup sure agreed agree approve approved absolutely definitely let's
    go on carry keep going ahead continue proceed next resume again retry try do run apply ship merge commit
    push finish implement send fix make deploy start test build it this that them all both these everything
    first second third last one option
    ja jawohl klar genau weiter mach das es gerne passt einverstanden
    oui vas-y allez-y d'accord continuez continuer sí si vale claro sigue adelante hazlo dale continúa continua
    sim pode faça sì certo vai procedi va bene doe maar tak dalej kontynuuj dobrze evet tamam devam et
    да давай давайте хорошо ок продолжай продолжайте дальше конечно نعم تمام استمر حسنا
    继续 继续吧 请继续 好吧 是 是的 对 可以 行 嗯 开始 开始吧 没问题 繼續 請繼續
    はい ええ うん お願いします 続けて 続けてください どうぞ 了解 了解です 네 예 응 좋아 좋아요 계속 계속해 계속해줘 그래 해줘
    1 2 3 4
    """.split()
)
_APPROVING_SIGNS = frozenset("👍✅👌🆗 \ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")
"""With what may stand between and behind them: blanks, the mark of a picture, and the colours of skin."""
_ASKING_SIGNS = frozenset("?!\uff1f\uff01")
_THANKING = frozenset(
    "thanks thank thx ty danke merci gracias grazie obrigado obrigada спасибо 谢谢 ありがとう ありがとうございます".split()
)
_BESIDE = _APPROVING | _THANKING.union(
    "you please now then and so also just the change changes plan with for me us to is a way of course"
    " bitte por favor svp s'il vous plaît te de per пожалуйста proszę lütfen graag alsjeblieft 请".split()
)
"""Words that approve, and those that may stand beside them: in any combination they do not say what is wanted."""


_REMARKING = frozenset(
    """
    sure wrong incorrect right correct true mistake shorter longer more less again another other faster simpler better
    clearer formal informal elaborate expand detail details detailed steps explain differently works work working fails
    failed same problem broken redo why
    sicher seguro segura sûr sûre sicuro sicura уверен уверена уверены 你确定吗 确定吗 真的吗 本当ですか 本当に
    """.split()
)
_BESIDE_REMARKS = _REMARKING.union(
    """
    it that this them is are was you i me by still not doesn't don't didn't isn't that's it's make a an the but and so
    please can could would be do did does tell show give in to of for with very much bit little too really also just
    now one ones no hmm how second first third last line part step answer example examples way like
    bist du sind sie estás está es-tu êtes-vous tu es sei ты вы
    """.split()
)
"""Words of remarks on an answer ("are you sure?", "doesn't work", "shorter, please"), and those beside them: in any
combination they do not say what the answer is to."""


class Asking(Struct, frozen=True):
    """What a conversation wants at its end.

    `words` is what the human wants, "" if nobody asks; `opened_at` is the index of the message that
    says so, the last one where none does. `is_tool_turn` says that no human has spoken since tools were called.
    """

    words: str
    opened_at: int
    is_tool_turn: bool = False


def asking_of(messages: Sequence[Message]) -> Asking:
    """What is asked for at the end of `messages`, of which there is at least one."""
    last = messages[-1]
    if last["role"] == "user" and (words := _own(last)) and not refers_back(words):
        return Asking(words, len(messages) - 1)
    return _asked_before(messages)


def _asked_before(messages: Sequence[Message]) -> Asking:
    """The same, where the last message is not a human's wish."""
    on_tools, approved_at = is_tool_turn(messages), -1
    users = (i for i in range(len(messages) - 1, -1, -1) if messages[i]["role"] == "user")
    for index in islice(users, _MOST_READ):
        if not (words := _own(messages[index])):
            continue
        if not refers_back(words):
            return Asking(words, index, on_tools)
        approved_at = max(approved_at, index)
    if approved_at >= 0:
        proposal = _proposal(messages, approved_at)
        return Asking(proposal or _own(messages[approved_at]), approved_at, on_tools)
    return Asking(last_from(messages, "user"), len(messages) - 1, on_tools)


def _proposal(messages: Sequence[Message], approved_at: int) -> str:
    """What an assistant has said last before that message, "" if none has."""
    replies = (m for m in reversed(messages[:approved_at]) if m["role"] == "assistant")
    return next(filter(None, map(_own, islice(replies, _MOST_READ))), "")


def question_of(messages: Sequence[Message], asking: Asking | None = None) -> str:
    """The ends of what is asked for, or of the instructions if nobody asks."""
    return both_ends(whole_question_of(messages, asking or asking_of(messages)))


def whole_question_of(messages: Sequence[Message], asking: Asking) -> str:
    """What is asked for, or the instructions if nobody asks."""
    return asking.words or last_from(messages, "system")


def wish_before(messages: Sequence[Message], index: int) -> str:
    """What the user wanted last before the message at `index`, "" for nothing."""
    users = (m for m in reversed(messages[:index]) if m["role"] == "user")
    for words in map(_own, islice(users, _MOST_READ)):
        if words and not refers_back(words):
            return words
    return ""


def refers_back(words: str) -> bool:
    """Whether these words say nothing without those before: they approve, or remark on an answer."""
    return len(words) <= _LONGEST_APPROVAL and (is_approval(words) or _is_remark(words))


def _is_remark(words: str) -> bool:
    if _ASKING_SIGNS.issuperset(words.replace(" ", "")):
        return "?" in words or "\uff1f" in words
    said = _said(words)
    return _BESIDE_REMARKS.issuperset(said) and not _REMARKING.isdisjoint(said)


def is_approval(words: str) -> bool:
    """Whether these words approve something and say no more: "yes", "go on", "OK, commit it"; "OK, thanks" ends it."""
    if "?" in words:
        return False
    if words and _APPROVING_SIGNS.issuperset(words):
        return True
    said = _said(words)
    approving = said & (_APPROVING if _THANKING.isdisjoint(said) else _APPROVING - _PRAISING)
    return _BESIDE.issuperset(said) and bool(approving)


def _said(words: str) -> frozenset[str]:
    """The distinct words of a short text; none of a long one, which says something."""
    return frozenset(_WORD.findall(words.lower()) if len(words) <= _LONGEST_APPROVAL else ())


def approves(message: Message) -> bool:
    """Whether a message of the user's approves something and says no more."""
    return is_approval(_own(message))


def is_tool_turn(messages: Sequence[Message]) -> bool:
    """Whether the last message that says anything, apart from programs' asides, is a tool's result.

    A picture after it without words is part of that result: chat has no other place for one.
    """
    for message in islice(reversed(messages), _MOST_READ):
        role = message["role"]
        if role in _RESULTS:
            return True
        if role == "assistant" or (role == "user" and _own(message)):
            return False
    return False


def turns_of(messages: Sequence[Message]) -> int:
    """How many messages the user has written or shown something in; reminders of programs are none of them."""
    theirs = [message for message in messages if message["role"] == "user"]
    tagged = islice(filter(_begins_with_a_tag, theirs), _MOST_READ)
    return len(theirs) - sum(not _own(message) for message in tagged)


def _begins_with_a_tag(message: Message) -> bool:
    """Whether a message is all text, and may be an aside and nothing else."""
    content = message.get("content")
    if isinstance(content, list):
        if len(content) > _MOST_PARTS or not all(part.get("type") == "text" for part in content):
            return False
        content = next((part.get("text") for part in content), None)
    return isinstance(content, str) and content[:_FIRST_CHARS].lstrip()[:1] in ("<", "#")


def _own(message: Message) -> str:
    return own_words("\n".join(end_texts_of(message))).strip()

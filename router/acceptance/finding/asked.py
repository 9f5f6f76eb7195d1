"""What a request says about the form of its answer: options to choose from, numbers, yes or no."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from router.acceptance.said import text_of
from router.acceptance.words.cues import PERCENTS, QUANTITIES
from router.acceptance.words.verdicts import ALTERNATIVES, OPPOSITES, VERDICTS
from router.domain.injected_text import own_words
from router.wire.fitness import offered, wants_json

_LONGEST = 16_384
"""How many of the question's last characters are read, since what is wanted stands at the end."""
_OPTION = re.compile(r"[ \t*>-]{0,8}[(\[]?([A-Ja-j])[)\].:、．)：][*]{0,2}[ \t]+(\S[^\n]{0,400})")
_INLINE = re.compile(r"(?<![\w(])[(]?([A-J])\)[ \t]+")
_SIGNS_OF_CODE = (
    "```",
    "def ",
    "return ",
    "assert ",
    "print(",
    "function(",
    "#include",
    "console.",
)
_WORD = re.compile(r"[^\W\d_]+|/")
_QUESTION_MARK = re.compile(r"[?？؟](?=\s|$)|？")
_NUMBER = re.compile(r"\d++(?:[.,]\d++)*")


class Question(Struct, frozen=True):
    """What was asked, as far as it says something about final answers.

    `options` are texts by their letters, none if there is nothing to choose from; `tools` the parameters'
    schemas by the tools' names; `text` the last question in lower case.
    """

    text: str
    options: Mapping[str, str]
    tools: Mapping[object, object]
    wants_json: bool

    @property
    def wants_verdict(self) -> bool:
        """Whether it names the two possible answers, as in "answer yes or no"."""
        words = _WORD.findall(self.text)
        named = (
            (VERDICTS.get(one), VERDICTS.get(other))
            for one, link, other in zip(words, words[1:], words[2:], strict=False)
            if link in ALTERNATIVES
        )
        return any(pair in OPPOSITES or pair[::-1] in OPPOSITES for pair in named)

    @property
    def asks_several(self) -> bool:
        """Whether it asks more than one thing, so that the last statement may answer only one of them."""
        return len(_QUESTION_MARK.findall(self.text)) > 1

    @property
    def wants_quantity(self) -> bool:
        """Whether it asks for one number."""
        return sum(map(self.text.count, QUANTITIES)) == 1

    @property
    def wants_percents(self) -> bool:
        """Whether it is about percentages, so that the sign may be left out."""
        return any(word in self.text for word in PERCENTS)

    @property
    def numbers(self) -> frozenset[str]:
        """The numbers in it, as they are written."""
        return frozenset(_NUMBER.findall(self.text))

    @property
    def is_about_code(self) -> bool:
        """Whether it contains code: then every character of an answer may matter."""
        return any(sign in self.text for sign in _SIGNS_OF_CODE)

    def mentions(self, word: str) -> bool:
        """Whether it contains a word, or one that begins with it."""
        at = self.text.find(word)
        while at > 0 and self.text[at - 1].isalnum():
            at = self.text.find(word, at + 1)
        return at >= 0


def asked(request: Mapping[str, Any]) -> Question:
    """What the user's last message asks for, in their own words. Never raises, whatever the request is."""
    text = own_words(_last_words(request.get("messages")))[-_LONGEST:]
    return Question(text.lower(), _options_in(text), offered(request), wants_json(request))


def _last_words(messages: object) -> str:
    listed = messages if isinstance(messages, list) else []
    users = [each for each in listed if isinstance(each, dict) and each.get("role") == "user"]
    return text_of(users[-1].get("content")) if users else ""


def _options_in(text: str) -> dict[str, str]:
    """The last list of options in a question, from A on and without gaps; empty if there is none."""
    listed = _in_order(
        (match[1].upper(), match[2].strip())
        for match in map(_OPTION.match, text.splitlines())
        if match
    )
    return listed or _in_order(_inline(text))


def _inline(text: str) -> list[tuple[str, str]]:
    """Options within one line: "(A) red (B) blue"."""
    marks = list(_INLINE.finditer(text))
    ends = [*(mark.start() for mark in marks), len(text)][1:]
    return [
        (mark[1], text[mark.end() : end].partition("\n")[0].strip(" \t,;"))
        for mark, end in zip(marks, ends, strict=True)
    ]


def _in_order(options: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The last run of letters from A on; at least two of them."""
    found: dict[str, str] = {}
    for letter, text in options:
        if letter == "A":
            found = {}
        if letter == chr(ord("A") + len(found)):
            found[letter] = text
    return found if len(found) >= 2 else {}

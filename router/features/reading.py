"""A question read for comparison: its words in a normal order, without those that ask nothing more.

Only what is listed here may differ between two wordings of one question: courtesies, the person in
"how do I", the place of a leading phrase, the order of two things that are compared, spelling.
Everything else counts. To add to these lists is to claim that the difference never matters.
"""

import re
import unicodedata
from collections.abc import Sequence

from msgspec import Struct

from router.features.courtesy import bare
from router.features.spelling import spelt

Words = tuple[str, ...]

_CODE = re.compile(r"```.*?```|`[^`]+`", re.DOTALL)
_WORD = re.compile(r"\d+(?:[.,:/]\d+)*|[^\W\d_]+(?:['-][^\W\d_]+)*|[^\W_]+")
_APOSTROPHES = str.maketrans("\u2019\u2018\u00b4", "'''")
_LEADING_PHRASE = re.compile(
    r"\A((?:in|with|using|during|at|on|for|by)\s[^,.?!]+), ([^.?!]+)([.?! ]*)\Z",
    re.IGNORECASE,
)

WH = frozenset("what who whom whose which when where why how".split())
BE = frozenset("is are was were".split())

_ONE_FORM = {"am": "is", "are": "is", "were": "was", "does": "do", "has": "have", "an": "a"}
"""Forms that merely agree with the words around them, and so say nothing by themselves."""

_ANYBODY = frozenset("i one".split())
"""Not "you", which may be the model, nor "we", who may do what one person cannot."""

_OPEN_WAYS = frozenset("do can could would".split())
_FILLERS = frozenset("exactly actually really".split())
_SYMMETRIC = frozenset("compare difference differences similarities between".split())
_PRONOUNS = frozenset("i you he she it we they one there this that".split())
_PLACES_BEFORE_OF = 3


class Reading(Struct, frozen=True):
    """Of a text: its code, verbatim; the rest of it; and that rest's words in normal form."""

    code: Words
    prose: str
    words: Words


def read(text: str) -> Reading:
    """The reading of `text`."""
    text = unicodedata.normalize("NFC", text).translate(_APOSTROPHES)
    code = tuple(found[0].strip("`").strip() for found in _CODE.finditer(text))
    prose = bare(_tidy(_CODE.sub(" codespan ", text)))
    return Reading(code, prose, _normal(_spelt(_moved(prose))))


def _tidy(prose: str) -> str:
    """`prose` with single spaces; line breaks stay."""
    return "\n".join(filter(None, (" ".join(line.split()) for line in prose.splitlines())))


def _moved(prose: str) -> str:
    """Move a phrase before the question behind it: "In Python, how ...?" becomes "How ... in Python?"."""
    return _LEADING_PHRASE.sub(r"\2 \1\3", prose)


def _spelt(prose: str) -> Words:
    found = _WORD.findall(prose.casefold())
    return tuple(part for word in found for part in spelt(word))


def _normal(words: Words) -> Words:
    words = _asked_directly(words)
    words = tuple(_ONE_FORM.get(word, word) for word in words)
    words = _for_anybody(_not_after_its_subject(words))
    return _without_articles(_either_way(words))


def _asked_directly(words: Words) -> Words:
    """Turn "what a monad is" into "what is a monad", and leave out "exactly" after the question word."""
    if len(words) < 3 or words[0] not in WH:
        return words
    if words[1] in _FILLERS:
        words = (words[0], *words[2:])
    elif words[2] in _FILLERS and words[1] in BE:
        words = (*words[:2], *words[3:])
    if words[-1] in BE and not BE & set(words[:-1]):
        words = (words[0], words[-1], *words[1:-1])
    return words


def _for_anybody(words: Words) -> Words:
    """Turn "how do I" and "how can one" into "how to", and "why do they" into "why they"."""
    match words:
        case ("how", way, person, *rest) if way in _OPEN_WAYS and person in _ANYBODY:
            return ("how", "to", *rest)
        case (asked, "do", *rest) if asked in WH - {"who"} and rest:
            return (asked, *rest)
    return words


def _not_after_its_subject(words: Words) -> Words:
    """Turn "is not it" into "is it not"."""
    parts = list(words)
    for place in range(1, len(parts) - 1):
        if parts[place] == "not" and parts[place + 1] in _PRONOUNS:
            parts[place : place + 2] = parts[place + 1], "not"
    return tuple(parts)


def _either_way(words: Words) -> Words:
    """Put two things that are compared in alphabetical order."""
    if words.count("and") != 1 or not _SYMMETRIC & set(words):
        return words
    middle = words.index("and")
    start = max((place for place in range(middle) if words[place] in _SYMMETRIC), default=-1) + 1
    left, right = words[start:middle], words[middle + 1 :]
    if not start or not left or len(left) != len(right):
        return words
    first, second = sorted((left, right))
    return (*words[:start], *first, "and", *second)


def _without_articles(words: Words) -> Words:
    """Leave out a "the" that an "of" makes redundant: the capital of France."""
    return tuple(
        word for place, word in enumerate(words) if word != "the" or not _has_of(words, place)
    )


def _has_of(words: Sequence[str], place: int) -> bool:
    return "of" in words[place + 1 : place + 1 + _PLACES_BEFORE_OF]

r"""Where a text says what it comes to: in a box, after a cue, in its last line.

Long texts are searched only with `str.find`; patterns are matched at one place, or within a statement,
which is short. So no text can make the search slow.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

from router.acceptance.words.cues import (
    ADJECTIVES,
    ASIDES,
    CLAIMS,
    CONCLUSIONS,
    LINKS,
    NEGATION_SIGNS,
    NEGATIONS,
    PRONOUNS,
    RESULTS,
)
from router.acceptance.words.verdicts import VERDICTS

LONGEST = 400
"""Characters of a statement."""
_STEMS = (*CLAIMS, *RESULTS)
_MOST = 8
"""How many cues are examined, from the last one back."""


class Statement(Struct, frozen=True):
    """A piece of text that may be the final answer, and where it begins.

    It is marked if it is in a box or between tags; a claim if its cue speaks of the answer as a whole.
    """

    text: str
    at: int
    is_marked: bool = False
    is_claim: bool = False


# ------------------------------------------------------------------------------------ marks


_BOXES = ("\\boxed", "\\fbox")
_ANSWER_TAGS = (("<answer>", "</answer>"), ("<final_answer>", "</final_answer>"))


def boxed(text: str) -> list[Statement]:
    r"""The contents of \boxed{...}, the last few, in order."""
    found = [
        Statement(content, at, is_marked=True)
        for mark in _BOXES
        for at in _last_places(text, mark)
        if (content := _in_braces(text, at + len(mark))) is not None
    ]
    return sorted(found, key=lambda each: each.at)


def tagged(text: str) -> list[Statement]:
    """The contents of answer tags, the last few, and what follows four hashes in the last line."""
    found = [
        Statement(text[at + len(start) : end].strip(), at, is_marked=True)
        for start, stop in _ANSWER_TAGS
        for at in _last_places(text, start)
        if at < (end := text.find(stop, at, at + LONGEST))
    ]
    return [each for each in [*found, *_hashed(text)] if each.text]


def _hashed(text: str) -> list[Statement]:
    """The last line if it begins with four hashes; anywhere else these make a heading."""
    line = last_line(text)
    is_marked = line.startswith("####") and line[4:5] != "#"
    return [Statement(line[4:].strip(), text.rfind(line), is_marked=True)] if is_marked else []


def _in_braces(text: str, at: int) -> str | None:
    """The content of the braces that open at `at`; None if none do, or they never close."""
    if text[at : at + 1] != "{":
        return None
    depth = 0
    for place in range(at, min(len(text), at + LONGEST)):
        depth += (text[place] == "{") - (text[place] == "}")
        if depth == 0:
            return text[at + 1 : place]
    return None


def _last_places(text: str, mark: str) -> list[int]:
    """The last few places of a mark, the last one first."""
    places: list[int] = []
    at = text.rfind(mark)
    while at >= 0 and len(places) < _MOST:
        places.append(at)
        at = text.rfind(mark, 0, at)
    return places


# ------------------------------------------------------------------------------------- cues


_UNSPACED = "\u0900"
"""From this character on are scripts that need not put spaces between words."""


def _any(words: tuple[str, ...]) -> str:
    """A pattern for any of the words, the longest first, which must end where a word ends."""
    longest_first = sorted(set(words), key=len, reverse=True)
    ended = (
        re.escape(word) + (r"(?!\w)" if word[-1] < _UNSPACED else "") for word in longest_first
    )
    return f"(?:{'|'.join(ended)})"


_DRESS = r"[ \t*_`\"'»”)\]]{0,6}"
_LINK = re.compile(
    rf"{_DRESS}(?:{_any(ADJECTIVES)}{_DRESS})?(?:(?<=[ ]){_any(ASIDES)}[^.:\n?!]{{0,60}}?)?{_DRESS}"
    rf"(?:(?<![a-z]){_any(LINKS)}{_DRESS}(?:\s*[:：])?|[:：=]|[—–-](?=[ ])|\*{{0,2}}[ \t]*\n"
    rf"|(?<=[\u0900-\u0dff] )(?=\d))"
)
_BEFORE = re.compile(rf"[\s*_:：]{{0,12}}(?:{_any(PRONOUNS)}[\s,:]{{1,3}}){{0,2}}[\s*_:：]{{0,6}}")


def cued(text: str) -> Iterator[Statement]:
    """What follows words like "the answer is", from the last of them back; "" if nothing does."""
    lower = lowered(text)
    for at, end in _cues(lower)[:_MOST]:
        link = _LINK.match(lower, end)
        if link is None or (link[0].endswith("\n") and not _is_heading(lower, at)):
            continue
        begin = _after(lower, link.end())
        sentence = _sentence_at(text, begin)
        if not _is_negated(sentence):
            yield Statement(sentence, begin, is_claim=lower[at:end] in CLAIMS)


def lowered(text: str) -> str:
    """The text in lower case, each character in its place."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(small if len(small := each.lower()) == 1 else each for each in text)


def _cues(lower: str) -> list[tuple[int, int]]:
    """The start and end of each cue's stem, the last one first."""
    present = [stem for stem in _STEMS if stem in lower]
    found = {
        at + len(stem): at
        for stem in present
        for at in _last_places(lower, stem)
        if not _is_within_word(lower, at)
    }
    return sorted(((at, end) for end, at in found.items()), reverse=True)


def _is_within_word(lower: str, at: int) -> bool:
    """Whether the letter before belongs to the same word; scripts without spaces do not show that."""
    return at > 0 and lower[at - 1].isalpha() and lower[at - 1] < _UNSPACED


def _is_heading(lower: str, at: int) -> bool:
    """Whether nothing but "final" and the like, and markup, precedes a cue in its line."""
    line = lower[lower.rfind("\n", 0, at) + 1 : at]
    return len(line) <= 20 and line.strip(" \t#*_>").removeprefix("the ") in (
        "",
        "final",
        "correct",
    )


def _after(lower: str, end: int) -> int:
    match = _BEFORE.match(lower, end)
    return match.end() if match else end


def _is_negated(statement: str) -> bool:
    """Whether a statement says what the answer is not."""
    if statement.strip(" .*。") in VERDICTS:
        return False
    first = statement[:40].lower().split(maxsplit=1)
    return statement.startswith(NEGATION_SIGNS) or (len(first) > 1 and first[0] in NEGATIONS)


# ---------------------------------------------------------------------------------- lines


_END = re.compile(r"[.!?](?=[*_\"'”»)\]]{0,4}\s)|[。！？।]")
_SHORTEST_WORD = 4
"""Letters: a shorter capitalised word before a dot may be a title, or an initial."""


def _line_at(text: str, at: int) -> str:
    """The rest of the line from `at` on."""
    end = text.find("\n", at, at + LONGEST)
    return text[at : end if end >= 0 else at + LONGEST].strip()


def _sentence_at(text: str, at: int) -> str:
    """The rest of the sentence from `at` on, within its line."""
    line = _line_at(text, at)
    for end in _END.finditer(line):
        before = line[: end.start()]
        if not _is_abbreviation(before) and not _is_open(before):
            return before.strip()
    return line


def _is_abbreviation(before: str) -> bool:
    word = before.rpartition(" ")[2].strip("*_\"'(")
    is_short = word[:1].isupper() and len(word) < _SHORTEST_WORD
    return is_short and word.lower() not in VERDICTS


def _is_open(before: str) -> bool:
    """Whether a bracket was opened and not yet closed."""
    return any(before.count(opens) > before.count(closes) for opens, closes in ("[]", "()", "{}"))


def last_line(text: str) -> str:
    """The last line that is not empty; "" if it is too long for a statement."""
    line = text.rstrip()
    line = line[line.rfind("\n") + 1 :].strip()
    return line if len(line) <= LONGEST else ""


def first_line(text: str) -> str:
    """The first line; "" if it is too long for a statement."""
    line = text.partition("\n")[0].strip()
    return line if len(line) <= LONGEST else ""


_VERB = re.compile(rf"[ ]{_any(LINKS)}[ :]{{1,2}}|[はは是为為]")


def concluded(line: str) -> str:
    """What follows the verb of a line that draws a conclusion: of "So the total is 42", 42; "" for any other."""
    lower = lowered(line).lstrip("*_# ")
    return after_verb(line) if lower.startswith(CONCLUSIONS) else ""


def after_verb(line: str) -> str:
    """What follows the only verb of a line, as in "The total is 42"; "" if a number precedes it."""
    found = list(_VERB.finditer(lowered(line)))
    if len(found) != 1 or any(map(str.isdigit, line[: found[0].start()])):
        return ""
    return line[found[0].end() :].strip()


def last_bold(line: str) -> str:
    """The last bold text in a line; "" if there is none."""
    parts = line.split("**")
    return parts[-2].strip() if len(parts) >= 3 and len(parts) % 2 else ""

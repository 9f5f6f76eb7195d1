"""What can be read from a text without understanding it: its words, names, numbers, sentences."""

import re
from collections.abc import Iterable

_STOPWORDS = frozenset(
    """a about after all also am an and any are as ask at be because been before but by can could
    did do does each every few find for from get give had has have he her here him his how i if in
    into is it its just know let like list make many may me might more most much must my need new
    no not now of on one only or other our out over please same say see she should show so some
    such take tell than that the their them then there these they this those three to too two under
    up us use using very want was we well were what when where which while who whom whose why will
    with would write you your""".split()
)
_TASKS = frozenset(
    """answer calculate code compose compute describe draft essay explain extract function
    generate hello hey hi implement poem program prove solve step story summarise summarize text
    title translate""".split()
)
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|_")
_NAME = re.compile(r"\b[A-Z][\w'\u2019-]*(?: (?:of |de |van )?[A-Z][\w'\u2019-]*)*")
_QUOTED = re.compile(
    r'"([^"\n]{1,200})"|\u201c([^\u201d\n]{1,200})\u201d|\'([^\'\n]{2,200})\'(?!\w)'
)
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]?")
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w]|\.\d)")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_MOST_CHARS = 8000
_STEM_CHARS = 5


def topics(text: str) -> list[str]:
    """The keywords, without those that only name the task."""
    return [word for word in keywords(text) if word.lower() not in _TASKS]


def keywords(text: str) -> list[str]:
    """The words of `text` that carry meaning, in order, each once, as they are first spelt."""
    found: dict[str, str] = {}
    for word in _WORD.findall(text[:_MOST_CHARS]):
        if len(word) > 1 and word.lower() not in _STOPWORDS:
            found.setdefault(word.lower(), word)
    return list(found.values())


def stems(text: str) -> frozenset[str]:
    """The beginnings of the meaningful words, so that `forecasts` matches `get_forecast`."""
    parted = _CAMEL.sub(" ", text)
    return frozenset(word.lower()[:_STEM_CHARS] for word in keywords(parted) if len(word) > 2)


def names(text: str, *, first_too: bool = False) -> list[str]:
    """Runs of capitalised words; a single one that starts a sentence counts only with `first_too`."""
    found = []
    for match in _NAME.finditer(text[:_MOST_CHARS]):
        run = match[0].split(" ")
        before = text[: match.start()].rstrip(" ")
        starts = not before or before[-1] in ".!?:\n"
        common = run[0].lower() in _STOPWORDS
        if starts and (common or (len(run) == 1 and not first_too)):
            run = run[1:]
        if run and run != ["I"]:
            found.append(" ".join(run))
    return list(dict.fromkeys(found))


def quoted(text: str) -> list[str]:
    """The texts between quotation marks."""
    return ["".join(parts) for parts in _QUOTED.findall(text[:_MOST_CHARS])]


def sentences(text: str) -> list[str]:
    """The sentences, without the space around them."""
    return [found.strip() for found in _SENTENCE.findall(text[:_MOST_CHARS]) if found.strip(" .!?")]


def numbers(text: str) -> list[str]:
    """The numbers, as they are written, without those in dates and names."""
    return _NUMBER.findall(_DATE.sub(" ", text[:_MOST_CHARS]))


def emails(text: str) -> list[str]:
    """The e-mail addresses."""
    return _EMAIL.findall(text[:_MOST_CHARS])


def dates(text: str) -> list[str]:
    """The dates of the form 2024-05-01."""
    return _DATE.findall(text[:_MOST_CHARS])


def shortened(text: str, most_chars: int = 80) -> str:
    """`text` on one line, cut between words if it is longer."""
    line = " ".join(text.split())
    if len(line) <= most_chars:
        return line
    return line[:most_chars].rsplit(" ", 1)[0] + " ..."


def joined(parts: Iterable[str]) -> str:
    """The parts as a list in a sentence: `a, b and c`."""
    *head, last = list(parts) or [""]
    return f"{', '.join(head)} and {last}" if head else last

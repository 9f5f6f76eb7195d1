"""What the form of a question shows, whatever its words: length, digits, code, lists, marks.

Everything here is counted or searched for by methods of `str`, which take well below a microsecond
each on a kilobyte; together they may not take longer than looking up its words.
"""

import re
from collections.abc import Callable, Mapping
from math import log1p

from router.features.text import containing

_WH = re.compile(r"\W{0,3}(?:what|who|whom|whose|which|when|where|why|how)\b", re.IGNORECASE)
_SUM = r"\d[ )]?(?:[+*^×÷=]|[-/] ?(?=\d)| x | x(?=\d)|% of )"
_SUM_ANYWHERE, _SUM_IN_ASCII = re.compile(_SUM), re.compile(_SUM, re.ASCII)
_QUESTION_MARKS = "?\uff1f\u061f"
"""Of Latin, of Chinese and Japanese, of Arabic."""
_DIGITS, _MATHS, _BRACES = b"0123456789", b"=+*/^<>\\$%", b"{}[]();"
_Measure = Callable[[str], float]


def _any(*parts: str) -> _Measure:
    contains = containing(*parts)
    return lambda text: float(contains(text))


def _has_sum(text: str) -> float:
    """Digits of other scripts count too; in ASCII text, which has none, the search takes half as long."""
    pattern = _SUM_IN_ASCII if text.isascii() else _SUM_ANYWHERE
    return float(pattern.search(text) is not None)


def _share(text: str, letters: bytes, times: float) -> float:
    """The share of `letters` in `text`, times `times`, at most 1."""
    written = text.encode("utf-8", "replace")
    return min(
        1.0, times * (len(written) - len(written.translate(None, letters))) / (len(text) or 1)
    )


SIGNS: Mapping[str, _Measure] = {
    "length": lambda text: log1p(len(text)) / 8,
    "is_tiny": lambda text: float(len(text) < 15),
    "is_short": lambda text: float(len(text) < 40),
    "is_long": lambda text: float(len(text) > 600),
    "lines": lambda text: min(1.5, log1p(text.count("\n")) / 3),
    "digits": lambda text: _share(text, _DIGITS, 4),
    "maths": lambda text: _share(text, _MATHS, 6),
    "braces": lambda text: _share(text, _BRACES, 6),
    "fence": _any("```"),
    "code": _any("();", ");", "def ", "=>", "return ", "import ", "</", "SELECT "),
    "error": _any("Error", "Exception", "Traceback", "error:", "ERR"),
    "json": _any('{"', '":', "{\n"),
    "table": lambda text: float(text.count("|") > 3 or text.count(";") > 3),
    "bullets": _any("\n- ", "\n* ", "\n• ", "\n1. "),
    "options": _any("\nA. ", "\nA) ", "(A)", "(a)", "\na) ", "A:"),
    "quotes": _any('"', "“", "「", "«", " '", "'\n"),
    "colon": _any(":", "\uff1a"),
    "speakers": _any("ser:", "SER:", "uman:", "ssistant", "SSISTANT"),
    "asks": _any(*_QUESTION_MARKS),
    "ends_asking": lambda text: float(text.rstrip()[-1:] in tuple(_QUESTION_MARKS)),
    "begins_asking": lambda text: float(_WH.match(text) is not None),
    "sum": _has_sum,
    "is_ascii": lambda text: float(text.isascii()),
    "bytes": lambda text: len(text.encode("utf-8", "replace")) / (len(text) or 1) - 1,
}
"""What is measured, by name, all about 0 to 1. An artefact names the signs it was trained on by these."""

_MEASURES = tuple(SIGNS.values())


def signs_of(question: str) -> tuple[float, ...]:
    """The signs of `question`, in the order of `SIGNS`."""
    return tuple([measure(question) for measure in _MEASURES])

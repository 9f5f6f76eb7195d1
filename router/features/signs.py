"""What shows in the form of a question, whatever its words are: length, figures, code, lists, marks.

Everything here is counted or searched for by methods of `str`, which take well below a microsecond
each on a kilobyte; together they may not take longer than looking up its words.
"""

import re
from collections.abc import Callable, Mapping
from math import log1p

_WH = re.compile(r"\W{0,3}(?:what|who|whom|whose|which|when|where|why|how)\b", re.IGNORECASE)
_SUM = re.compile(r"\d[ )]?(?:[+*^×÷=]|[-/] ?(?=\d)| x | x(?=\d)|% of )")
_QUESTION_MARKS = "?\uff1f\u061f"
"""Of Latin, of Chinese and Japanese, of Arabic."""
_DIGITS, _MATHS, _BRACES = b"0123456789", b"=+*/^<>\\$%", b"{}[]();"


def _any(text: str, *parts: str) -> float:
    return float(any(part in text for part in parts))


def _share(text: str, letters: bytes, times: float) -> float:
    """How much of `text` these letters are, times `times`, at most 1."""
    written = text.encode("utf-8", "replace")
    return min(
        1.0, times * (len(written) - len(written.translate(None, letters))) / (len(text) or 1)
    )


SIGNS: Mapping[str, Callable[[str], float]] = {
    "length": lambda text: log1p(len(text)) / 8,
    "is_tiny": lambda text: float(len(text) < 15),
    "is_short": lambda text: float(len(text) < 40),
    "is_long": lambda text: float(len(text) > 600),
    "lines": lambda text: min(1.5, log1p(text.count("\n")) / 3),
    "digits": lambda text: _share(text, _DIGITS, 4),
    "maths": lambda text: _share(text, _MATHS, 6),
    "braces": lambda text: _share(text, _BRACES, 6),
    "fence": lambda text: _any(text, "```"),
    "code": lambda text: _any(
        text, "();", ");", "def ", "=>", "return ", "import ", "</", "SELECT "
    ),
    "error": lambda text: _any(text, "Error", "Exception", "Traceback", "error:", "ERR"),
    "json": lambda text: _any(text, '{"', '":', "{\n"),
    "table": lambda text: float(text.count("|") > 3 or text.count(";") > 3),
    "bullets": lambda text: _any(text, "\n- ", "\n* ", "\n• ", "\n1. "),
    "options": lambda text: _any(text, "\nA. ", "\nA) ", "(A)", "(a)", "\na) ", "A:"),
    "quotes": lambda text: _any(text, '"', "“", "「", "«", " '", "'\n"),
    "colon": lambda text: _any(text, ":", "\uff1a"),
    "speakers": lambda text: _any(text, "ser:", "SER:", "uman:", "ssistant", "SSISTANT"),
    "asks": lambda text: _any(text, *_QUESTION_MARKS),
    "ends_asking": lambda text: float(text.rstrip()[-1:] in tuple(_QUESTION_MARKS)),
    "begins_asking": lambda text: float(_WH.match(text) is not None),
    "sum": lambda text: float(_SUM.search(text) is not None),
    "is_ascii": lambda text: float(text.isascii()),
    "bytes": lambda text: len(text.encode("utf-8", "replace")) / (len(text) or 1) - 1,
}
"""Name to what is measured, all about 0 to 1. An artefact knows by these names which it learnt of."""


def signs_of(question: str) -> tuple[float, ...]:
    """The signs of `question`, in the order of `SIGNS`."""
    return tuple(measure(question) for measure in SIGNS.values())

"""A statement without its typography: markup, LaTeX, full-width and other digits, look-alike characters."""

import re
import unicodedata

from router.acceptance.words.cues import ENDINGS

_ALIKE = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    **{ord(sign): "-" for sign in "−‒–—"},
    **{ord(sign): " " for sign in "\u00a0\u202f\u2009\u3000\t"},
    **{ord(sign): '"' for sign in "“”„«»「」『』"},
    **{ord(sign): "'" for sign in "’‘"},
    **dict(
        zip(
            map(ord, "²³¹⁰⁴⁵⁶⁷⁸⁹"),
            ["^2", "^3", "^1", "^0", *(f"^{n}" for n in range(4, 10))],
            strict=True,
        )
    ),
    **dict(zip(map(ord, "½¼¾⅓⅔"), (" 1/2", " 1/4", " 3/4", " 1/3", " 2/3"), strict=True)),
    ord("×"): "*",
    ord("·"): "*",
    ord("⋅"): "*",
    ord("٫"): ".",
    ord("٬"): ",",
    ord("،"): ",",
    ord("\u200b"): None,
    ord("\u200e"): None,
    ord("\u200f"): None,
}
_LATEX = tuple(
    (re.compile(pattern), by)
    for pattern, by in (
        (
            r"\\(?:text|textbf|textit|mathrm|mathbf|mathit|mbox|operatorname|boxed|bf|rm)\s*\{([^{}]*)\}",
            r" \1 ",
        ),
        (
            r"\\(?:left|right|displaystyle|quad|qquad|bigg?|Bigg?)(?![a-z])|\\[,;!: ]|\{,\}(?=\d)",
            "",
        ),
        (r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r"\1/\2"),
        (r"\\[dt]?frac\s*(\d)\s*(\d)", r"\1/\2"),
        (r"\\sqrt\s*\{([^{}]*)\}", r"√(\1)"),
        (r"\\(?:times|cdot)(?![a-z])", "*"),
        (r"\^\s*\{?\s*\\circ\s*\}?", "°"),
        (r"\\pi(?![a-z])", "π"),
        (r"\\infty(?![a-z])", "∞"),
        (r"\\pm(?![a-z])", "±"),
        (r"\\leq?(?![a-z])", "≤"),
        (r"\\geq?(?![a-z])", "≥"),
        (r"\\approx(?![a-z])", "≈"),
        (r"\\([%$#&_{}])", r"\1"),
        (r"\\[()\[\]]", ""),
    )
)
"""Patterns without nested repetition, used only on statements, which are short."""
_EDGES = " \t\n\r,;:!?。！？、।*_`\"'"
_ENDS = _EDGES + "."
"""Stripped at the end only: a dot at the beginning is part of a number."""
_MATHS = re.compile(r"^(\$\$?)([^$]+)\1(?!\$)")


def cleaned(statement: str) -> str:
    """The statement without typography; words and their case stay as they are."""
    text = plain_signs(statement)
    if "\\" in text or "{,}" in text:
        text = _without_latex(text)
    text = _stripped(_MATHS.sub(r"\2", _stripped(text)))
    for ending in ENDINGS:
        text = text.removesuffix(ending)
    return " ".join(_stripped(text).replace("**", "").split())


def _stripped(text: str) -> str:
    return text.lstrip(_EDGES).rstrip(_ENDS)


def plain_signs(text: str) -> str:
    """The text with one character for all that look or mean the same, and with the digits 0 to 9."""
    text = text.translate(_ALIKE)
    if text.isascii():
        return text
    return "".join(map(_plain_digit, unicodedata.normalize("NFC", text)))


def _plain_digit(sign: str) -> str:
    return str(unicodedata.digit(sign)) if sign.isdecimal() else sign


def _without_latex(text: str) -> str:
    for pattern, by in _LATEX:
        text = pattern.sub(by, text)
    return _LATEX[0][0].sub(_LATEX[0][1], text).strip()

"""Lists, tuples and dictionaries as Python or JSON write them, in one spelling."""

import ast
import re

from router.acceptance.finding.found import Found, Kind

_LONGEST = 400
_OPENS = ("[", "(", "{")
_CLOSES = ("]", ")", "}")
_NEVER_LITERAL = re.compile(r"\\|\d[A-Za-z_]")
"""Escapes and numbers run together with words: the parser warns of some, to whoever listens."""


def literal(text: str) -> Found | None:
    """The literal that a statement is: "[1,2]" and "[1, 2]" are one. None for anything else."""
    if not (text.startswith(_OPENS) and text.endswith(_CLOSES)) or len(text) > _LONGEST:
        return None
    if _NEVER_LITERAL.search(text):
        return None
    try:
        value = ast.literal_eval(text)
        return Found(Kind.TEXT, repr(value)) if isinstance(value, list | tuple | dict) else None
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None

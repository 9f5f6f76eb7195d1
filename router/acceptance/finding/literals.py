"""Lists, tuples and dictionaries as Python or JSON write them, in one spelling."""

import ast
import re

from router.acceptance.finding.found import AnswerKind, Found
from router.acceptance.finding.json_value import canonical, json_in

_LONGEST = 400
_OPENS = ("[", "(", "{")
_CLOSES = ("]", ")", "}")
_NEVER_LITERAL = re.compile(r"\\|\d[A-Za-z_]")
"""Escapes, and numbers run together with words: the parser warns about some."""


def literal(text: str) -> Found | None:
    """The literal that a statement is: "[1,2]" and "[1, 2]" are the same, "(1, 2)" is not. None for anything else."""
    if not (text.startswith(_OPENS) and text.endswith(_CLOSES)) or len(text) > _LONGEST:
        return None
    value = json_in(text)
    if value is not None:
        return _found(value, text)
    return None if _NEVER_LITERAL.search(text) else _of_python(text)


def _of_python(text: str) -> Found | None:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return _found(value, text) if isinstance(value, list | tuple | dict) else None


def _found(value: object, text: str) -> Found:
    """The literal as JSON, or as Python if it has tuples."""
    written = None if "(" in text else canonical(value)
    return (
        Found(AnswerKind.TEXT, repr(value)) if written is None else Found(AnswerKind.JSON, written)
    )

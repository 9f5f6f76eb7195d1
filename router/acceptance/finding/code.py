"""Code in one spelling: Python by its syntax tree, anything else by its lines. Nothing is ever run."""

import ast
import re
from collections.abc import Sequence

from msgspec import Struct

_LONGEST_PARSED = 4_096
"""Characters of all code in an answer: parsing them, and writing out their tree, takes some 5 ms."""
_LONGEST = 65_536
_PYTHON = frozenset({"python", "py", "python3"})
_PROSE = frozenset({"", "text", "txt", "plaintext", "output", "console", "markdown", "md"})
"""Languages of fences whose content need not be code."""
_WITH_BRACES = frozenset(
    "c c++ cc cpp cs csharp css dart go golang h hpp java javascript js jsx kotlin kt rs rust swift ts tsx typescript".split()
)
"""Languages in which the blanks around a line, and how many are between its words, mean nothing."""
_BLANKS = re.compile(r"\s+")
_QUOTES = ('"', "'", "`")
_WARNS = re.compile(r"\\[^abfnrtvxuN0'\"\\\n]|\d(?:and|or|else|if|in|is|not|for)\b")
"""What the parser warns about: invalid escapes, and numbers run together with words."""


class Fenced(Struct, frozen=True):
    """The content of a fence, its language in lower case ("" for none), and where it ends in the text."""

    language: str
    content: str
    end: int

    @property
    def is_prose(self) -> bool:
        """Whether it need not be code: it may be a line of output, or a text."""
        return self.language in _PROSE


def fences_in(text: str) -> list[Fenced]:
    """The fences of three backquotes in a text; one that is never closed is left out."""
    parts = text.split("```")
    found, at = [], 0
    for index, part in enumerate(parts):
        at += len(part) + 3
        if index % 2 and index < len(parts) - 1:
            language, _, content = part.partition("\n")
            found.append(Fenced(language.strip().lower(), content.strip("\n"), at))
    return found


def spelt(code: Sequence[Fenced]) -> list[str] | None:
    """All code of an answer in its one spelling; None for what is too long to be compared.

    Python without comments and docstrings, names as they are. Other languages, and Python that does not
    parse or is long, as lines with their indentation; that counts for nothing only where blocks have braces.
    """
    if any(len(fenced.content) > _LONGEST for fenced in code):
        return None
    is_short = sum(len(fenced.content) for fenced in code) <= _LONGEST_PARSED
    return [(is_short and _as_tree(fenced)) or _as_lines(fenced) for fenced in code]


def _as_tree(fenced: Fenced) -> str | None:
    """The syntax tree, written out; None where there is none."""
    return _by_tree(fenced.content) if fenced.language in _PYTHON else None


def _as_lines(fenced: Fenced) -> str:
    lines = fenced.content.splitlines()
    if fenced.language in _WITH_BRACES and not any(map(_is_open, lines)):
        lines = [_narrowed(line) for line in lines]
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _is_open(line: str) -> bool:
    """Whether a text may go on in the next line, where each blank is a part of it."""
    return any(line.count(quote) % 2 for quote in _QUOTES)


def _narrowed(line: str) -> str:
    """A line without its indentation, and with single blanks, as far as no text is quoted in it."""
    at = min((found for quote in _QUOTES if (found := line.find(quote)) >= 0), default=len(line))
    return _BLANKS.sub(" ", line[:at]).lstrip() + line[at:]


def _by_tree(code: str) -> str | None:
    if _WARNS.search(code):
        return None
    try:
        return ast.dump(_without_docstrings(ast.parse(code)))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None  # not Python, or nested too deeply to be walked through


_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def _without_docstrings(tree: ast.Module) -> ast.Module:
    """The same tree, without the docstrings of modules, classes and functions."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        for block in _BLOCKS:
            waiting.extend(getattr(node, block, ()))
    return tree

"""Code in one spelling: Python by its syntax tree, everything else by its lines. Nothing is ever run."""

import ast
import re
from dataclasses import dataclass

_LONGEST_PARSED = 8_192
"""Characters: the parser and what is written from its tree take some 10 ms for them."""
_LONGEST = 65_536
_PYTHON = frozenset({"python", "py", "python3"})
_PROSE = frozenset({"", "text", "txt", "plaintext", "output", "console", "markdown", "md"})
"""Languages of fences whose content may be no code."""
_WARNS = re.compile(r"\\[^abfnrtvxuN0'\"\\\n]|\d(?:and|or|else|if|in|is|not|for)\b")
"""What the parser warns of, to whoever listens: escapes that are none, numbers run together with words."""


@dataclass(frozen=True, slots=True)
class Fenced:
    """The content of a fence, its language in lower case ("" for none), and where it ends in the text."""

    language: str
    content: str
    end: int

    @property
    def is_prose(self) -> bool:
        """Whether it may be no code: a line of output, or a text."""
        return self.language in _PROSE


def fences_in(text: str) -> list[Fenced]:
    """What stands between lines of three backquotes; what is never closed is left out."""
    parts = text.split("```")
    found, at = [], 0
    for index, part in enumerate(parts):
        at += len(part) + 3
        if index % 2 and index < len(parts) - 1:
            language, _, content = part.partition("\n")
            found.append(Fenced(language.strip().lower(), content.strip("\n"), at))
    return found


def spelt(fenced: Fenced) -> str | None:
    """Code in its one spelling; None for what is too long to be compared.

    Python without comments and docstrings, names as they are. Of other languages, and of Python that
    does not parse, lines without the space around them; of Python the indentation stays.
    """
    if len(fenced.content) > _LONGEST:
        return None
    if fenced.language in _PYTHON:
        return _by_tree(fenced.content) or _by_lines(fenced.content, is_indented=True)
    return _by_lines(fenced.content, is_indented=False)


def _by_lines(code: str, *, is_indented: bool) -> str:
    lines = (line.rstrip() if is_indented else " ".join(line.split()) for line in code.splitlines())
    return "\n".join(filter(None, lines))


def _by_tree(code: str) -> str | None:
    if len(code) > _LONGEST_PARSED or _WARNS.search(code):
        return None
    try:
        return ast.unparse(_NoDocstrings().visit(ast.parse(code)))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


class _NoDocstrings(ast.NodeTransformer):
    """Takes the texts away that stand first in a module, a class or a function."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Visits what is below, and what is left of a body."""
        super().generic_visit(node)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            is_documented = ast.get_docstring(node, clean=False) is not None
            node.body = (node.body[1:] or [ast.Pass()]) if is_documented else node.body
        return node

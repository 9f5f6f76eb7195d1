"""Code in one spelling: Python by its syntax tree, anything else by its lines. Nothing is ever run."""

import ast
import re
from dataclasses import dataclass

_LONGEST_PARSED = 4_096
"""Characters: parsing them, and writing out their tree, takes some 5 ms."""
_LONGEST = 65_536
_PYTHON = frozenset({"python", "py", "python3"})
_PROSE = frozenset({"", "text", "txt", "plaintext", "output", "console", "markdown", "md"})
"""Languages of fences whose content need not be code."""
_WARNS = re.compile(r"\\[^abfnrtvxuN0'\"\\\n]|\d(?:and|or|else|if|in|is|not|for)\b")
"""What the parser warns about: invalid escapes, and numbers run together with words."""


@dataclass(frozen=True, slots=True)
class Fenced:
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


def spelt(fenced: Fenced) -> str | None:
    """Code in its one spelling; None for what is too long to be compared.

    Python without comments and docstrings, names as they are. Other languages, and Python that does not
    parse, as lines without the space around them; Python keeps its indentation.
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

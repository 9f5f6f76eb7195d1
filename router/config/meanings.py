"""What the keys of a section mean: the text beneath each, read from the source when it is needed.

pydantic can do this as well, but does it for every class when it is made: a twentieth of a second of each start.
"""

import ast
import inspect
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import cast

from pydantic import BaseModel


def meanings_of(section: type[BaseModel]) -> Mapping[str, str]:
    """What each key of `section` means, including inherited ones; a key without a text is left out."""
    classes = [each for each in reversed(section.__mro__) if issubclass(each, BaseModel)]
    return dict(told for each in classes if each is not BaseModel for told in _beneath_keys(each))


def _beneath_keys(section: type[BaseModel]) -> Iterator[tuple[str, str]]:
    definition = cast(ast.ClassDef, ast.parse(inspect.getsource(section)).body[0])
    for key, text in pairwise(definition.body):
        match key, text:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(meaning))),
            ):
                yield name, inspect.cleandoc(meaning)

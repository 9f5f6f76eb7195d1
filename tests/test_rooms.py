"""What the import contracts cannot see of a pure room: that it awaits nothing and opens nothing."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROUTER = Path(__file__).parent.parent / "router"
_PURE = ("acceptance", "domain", "wire", "features", "decision", "dispatch", "ledger")
_ASYNC = (ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await)
_OUTSIDE = frozenset(
    "open print input now utcnow today read_text read_bytes write_text write_bytes".split()
)


def _impurities(source: str) -> Iterator[tuple[int, str]]:
    """Line and name of each thing in `source` that waits, or reaches outside its arguments."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, _ASYNC):
            yield node.lineno, type(node).__name__
        elif isinstance(node, ast.Call) and (name := _called(node.func)) in _OUTSIDE:
            yield node.lineno, name


def _called(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


@pytest.mark.parametrize("room", _PURE)
def test_a_pure_room_waits_for_nothing_and_touches_nothing_outside(room: str) -> None:
    files = sorted((_ROUTER / room).rglob("*.py"))
    found = [
        f"{file.relative_to(_ROUTER)}:{line}: {name}"
        for file in files
        for line, name in _impurities(file.read_text(encoding="utf-8"))
    ]

    assert files
    assert found == []


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("async def f(): ...", "AsyncFunctionDef"),
        ("open('x')", "open"),
        ("Path('x').read_text()", "read_text"),
        ("datetime.now(UTC)", "now"),
    ],
)
def test_the_search_finds_what_is_impure(source: str, name: str) -> None:
    assert list(_impurities(source)) == [(1, name)]

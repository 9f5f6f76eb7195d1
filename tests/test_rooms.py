"""What the import contracts cannot see: that a pure room awaits and opens nothing, and that tests share kits only."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent
_ROUTER = _ROOT / "router"
_PURE = ("acceptance", "domain", "wire", "features", "decision", "dispatch", "ledger")
_FROM_A_TEST = re.compile(r"^ *(?:from|import) tests\.(?:\w+\.)*test_\w+", re.MULTILINE)
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


def test_nothing_is_taken_from_a_file_of_tests() -> None:
    """What several share is in a kit beside them, where one looks for it."""
    files = [file for folder in ("tests", "benchmarks") for file in (_ROOT / folder).rglob("*.py")]
    found = [
        f"{file.relative_to(_ROOT)}: {taken.strip()}"
        for file in files
        for taken in _FROM_A_TEST.findall(file.read_text(encoding="utf-8"))
    ]

    assert found == []


@pytest.mark.parametrize(
    "source", ["from tests.wire.test_sse import event", "    import tests.test_walk as walk"]
)
def test_the_search_finds_what_is_taken(source: str) -> None:
    assert _FROM_A_TEST.search(f"import re\n{source}\n")


def _needless_dataclasses(source: str) -> Iterator[tuple[int, str]]:
    """Line and name of each dataclass in `source` that could as well be a struct (docs/adr/0047-all-structs.md)."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.ClassDef) or node.bases or _needs_to_be_one(node):
            continue
        if _is_a_dataclass(node):
            yield node.lineno, node.name


def _is_a_dataclass(kind: ast.ClassDef) -> bool:
    return any("dataclass" in ast.unparse(each) for each in kind.decorator_list)


def _needs_to_be_one(kind: ast.ClassDef) -> bool:
    """It has no members of its own, or one that is not shown, compared or given, or is worked out once."""
    members = [each for each in kind.body if isinstance(each, ast.AnnAssign)]
    options = {
        option.arg
        for member in members
        if isinstance(member.value, ast.Call) and _called(member.value.func) == "field"
        for option in member.value.keywords
    }
    kept = any("cached_property" in ast.unparse(each) for each in kind.body)
    return not members or kept or bool(options & {"repr", "compare", "init"})


def test_frozen_values_are_structs() -> None:
    found = [
        f"{file.relative_to(_ROUTER)}:{line}: {name}"
        for file in sorted(_ROUTER.rglob("*.py"))
        for line, name in _needless_dataclasses(file.read_text(encoding="utf-8"))
    ]

    assert found == []


def test_the_search_finds_what_could_be_a_struct() -> None:
    plain = "@dataclass(frozen=True, slots=True)\nclass A:\n    member: int\n"
    secret = plain.replace("int", "str = field(repr=False)")

    assert list(_needless_dataclasses(plain)) == [(2, "A")]
    assert list(_needless_dataclasses(secret)) == []

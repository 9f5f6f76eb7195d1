"""No text makes the search for an answer long: it ends with a window, and patterns see short statements only.

What is found of a long text depends on its end alone, so the work does; within it, only `str.find` walks
through more than a line, and what it finds is cut to the length of a statement.
"""

import ast
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import router.acceptance
from router.acceptance.finding.found import AnswerKind, Found, NotFound
from router.acceptance.finding.statements import LONGEST, boxed, cued, tagged
from tests.acceptance.answers import final

_ROOM = Path(router.acceptance.__file__).parent
_PIECES = st.sampled_from(
    [
        *(
            "answer is ",
            "\\boxed{",
            "{",
            "}",
            "#### ",
            "<answer>",
            "</answer>",
            "**",
            "= ",
            "1",
            ",",
        ),
        *(
            "Answer:",
            "\n",
            "\\frac{",
            "答案",
            "(",
            "A",
            ") ",
            "```",
            "$",
            "a",
            ". ",
            "to ",
            "\\text{",
        ),
    ]
)


@given(
    st.lists(_PIECES, max_size=40).map("".join),
    st.sampled_from(["x ", "\n", "1 ", "answer is 7. "]),
)
def test_what_stands_long_before_the_end_changes_nothing(end: str, before: str) -> None:
    text = (before * 20_000)[:20_000] + "\n" + end
    assert final(f"A{before * 9_000}{text}.") == final(f"B{before * 8_000}{text}.")


def test_an_answer_long_before_the_end_of_a_text_is_not_looked_for() -> None:
    after = "All work and no play. " * 1_000
    assert isinstance(final(f"The answer is 42.\n{after}"), NotFound)
    assert final(f"The answer is 42.\n{after[:10_000]}") == Found(AnswerKind.NUMBER, "42")


@given(st.lists(_PIECES, max_size=400).map("".join))
def test_every_statement_is_short(text: str) -> None:
    found = [*boxed(text), *tagged(text), *cued(text)]
    assert [each for each in found if len(each.text) > LONGEST] == []
    final(f"So {text}")


@pytest.mark.parametrize(
    "piece", ["\\boxed{", "{", "answer is ", "(", "1,", "1 ", "**", "####\n", "<think>"]
)
def test_a_megabyte_of_anything_is_answered(piece: str) -> None:
    assert isinstance(final(f"Well, {piece * (2**20 // len(piece))} it is."), Found | NotFound)


def test_code_in_many_fences_takes_no_longer_than_in_one() -> None:
    fence = "```python\n" + "x = [x + 1]\n" * 300 + "```\n"
    began_s = time.process_time()

    assert isinstance(final(fence * 15, "Write a function."), Found)
    assert time.process_time() - began_s < 0.05


def test_an_answer_at_the_end_of_a_megabyte_is_found() -> None:
    assert final("All work and no play. " * 50_000 + "\nThe answer is 42.") == Found(
        AnswerKind.NUMBER, "42"
    )


def _patterns() -> Iterator[tuple[str, str]]:
    """Every pattern of the room that is a plain text, with its file."""
    for file in sorted(_ROOM.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and "\\" in node.value
            ):
                yield file.name, node.value


_NESTED = re.compile(r"(?<!\+)[*+]\)[*+]|[*+]\)[*+]\+")
"""A repetition within another that may be tried again: what can make a search take exponential time.

The inner one must be possessive. The outer one must not: Python before 3.11.5 matches that wrongly."""


def test_a_repetition_within_another_is_never_tried_again() -> None:
    found = list(_patterns())
    assert len(found) > 20
    assert [each for each in found if _NESTED.search(each[1])] == []


def test_the_room_is_cheap_to_import() -> None:
    told = "import router.acceptance.ruling, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "router.acceptance.ruling" in loaded
    assert {"numpy", "jsonschema_rs", "pydantic", "aiohttp"}.isdisjoint(loaded)

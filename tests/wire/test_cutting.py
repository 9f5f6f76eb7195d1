"""A text is cut into pieces between words, and never inside what a reader sees as one character."""

import sys
from itertools import accumulate

import pytest
import regex  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from router.wire.cutting import cut, pieces_of
from tests.wire.stored import TEXTS

LONG_TEXTS = st.lists(TEXTS, max_size=8).map("".join)


def test_a_text_is_cut_at_the_ends_of_words() -> None:
    text = "The quick brown fox jumps over the lazy dog. " * 5

    pieces = pieces_of(text)
    assert "".join(pieces) == text
    assert all(piece.endswith(" ") for piece in pieces)
    assert all(80 <= len(piece) <= 90 for piece in pieces[:-1])


@pytest.mark.parametrize(("text", "pieces"), [("", []), ("Hi", ["Hi"]), ("x" * 500, ["x" * 500])])
def test_what_has_no_place_to_be_cut_stays_whole(text: str, pieces: list[str]) -> None:
    assert pieces_of(text) == pieces


def test_chinese_is_cut_between_its_characters() -> None:
    assert list(map(len, pieces_of("你" * 200))) == [80, 80, 40]


@given(text=LONG_TEXTS)
def test_the_pieces_are_the_text_and_no_grapheme_is_cut(text: str) -> None:
    pieces = pieces_of(text)

    assert "".join(pieces) == text
    assert all(pieces)
    assert cuts(pieces) <= cuts(regex.findall(r"\X", text))


@pytest.mark.parametrize("before", [" ", "\r", "\u3000", "你"])
def test_nothing_that_modifies_the_last_character_is_cut_from_it(before: str) -> None:
    every = (chr(code) for code in range(sys.maxunicode) if not 0xD800 <= code < 0xE000)
    start = "x" * 79 + before

    for after in every:
        if len(pieces_of(start + after)) > 1:
            assert len(regex.findall(r"\X", before + after)) == 2, hex(ord(after))


def cuts(pieces: list[str]) -> set[int]:
    """The places between the pieces."""
    return set(accumulate(map(len, pieces)))


def test_an_answer_that_cites_nothing_is_told_in_no_more_chunks() -> None:
    message = {"role": "assistant", "content": "Hi", "annotations": []}

    told = list(cut({"choices": [{"message": message}]}, "chatcmpl-1", usage=False))

    assert [each["choices"][0]["delta"] for each in told] == [
        {**message, "content": ""},
        {"content": "Hi"},
        {},
    ]

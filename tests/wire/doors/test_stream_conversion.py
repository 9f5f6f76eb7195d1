"""Streams of chat, told in Responses and Messages as they come."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.wire.dialects.dialect import Dialect
from router.wire.doors.door import Door
from tests.wire.dialects.descriptions import check
from tests.wire.doors.asked import BOTH, STREAM, delta, event, events_of, stream_conversion


@BOTH
def test_words_are_told_at_once_and_the_end_only_when_the_books_are_closed(
    door: Door, body: dict[str, Any], dialect: Dialect
) -> None:
    told = stream_conversion(door, body)
    *before, done = [each + b"\n\n" for each in STREAM.split(b"\n\n") if each]
    pieces = [told.feed(each) for each in before]
    assert b"Hel" in pieces[1]
    end = b"response.completed" if dialect is Dialect.RESPONSES else b"message_stop"
    assert end not in b"".join(pieces)
    assert end in told.feed(done)
    assert told.feed(done) == told.end() == b""


@BOTH
@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_in_whatever_pieces_a_stream_comes_it_says_the_same(
    door: Door, body: dict[str, Any], dialect: Dialect, cuts: list[int]
) -> None:
    whole, cut = stream_conversion(door, body), stream_conversion(door, body)
    bounds = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[a:b] for a, b in pairwise(bounds)]
    assert b"".join(map(cut.feed, pieces)) + cut.end() == whole.feed(STREAM) + whole.end()


@BOTH
def test_a_stream_that_gives_no_reason_for_its_end_is_whole_all_the_same(
    door: Door, body: dict[str, Any], dialect: Dialect
) -> None:
    silent, usual = stream_conversion(door, body), stream_conversion(door, body)
    said, done = delta(content="Hi"), b"data: [DONE]\n\n"
    stopped = event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
    assert silent.feed(said + done) == usual.feed(said + stopped + done)


@BOTH
@pytest.mark.parametrize("kept", [0, 1, 3])
def test_a_stream_that_ends_too_early_ends_in_an_error(
    door: Door, body: dict[str, Any], dialect: Dialect, kept: int
) -> None:
    told = stream_conversion(door, body)
    begun = b"".join(each + b"\n\n" for each in STREAM.split(b"\n\n")[:kept])
    (*_, last) = events_of(told.feed(begun) + told.end())
    check(dialect, "error" if dialect is Dialect.MESSAGES else "event", last)
    assert last["type"] in ("error", "response.failed")
    assert told.end() == b""


@BOTH
@pytest.mark.parametrize("nonsense", [b"{", b"[]", b'{"choices": {}}', b'{"choices": [7]}'])
def test_nonsense_of_an_upstream_ends_in_an_error_and_no_more(
    door: Door, body: dict[str, Any], dialect: Dialect, nonsense: bytes
) -> None:
    told = stream_conversion(door, body)
    events = events_of(told.feed(delta(content="Hel") + b"data: " + nonsense + b"\n\n" + STREAM))
    assert events[-1]["type"] in ("error", "response.failed")
    assert sum(each["type"] in ("error", "response.failed") for each in events) == 1
    assert told.end() == b""

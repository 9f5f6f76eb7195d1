"""Server-sent events come in any pieces and with any line ends, and are parsed all the same."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from router.wire.sse import DONE, EventSplitter, comment_before, data_of, event_of

LINES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1, max_size=12)
FIELDS = st.sampled_from(["data: ", "data:", ": ", "event: ", "id:", "retry: "])
EVENTS = st.lists(
    st.lists(st.tuples(FIELDS, LINES).map("".join), min_size=1, max_size=4), max_size=6
)
CUTS = st.lists(st.integers(0, 400), max_size=12)


def split(raw: bytes, cuts: list[int]) -> tuple[list[bytes], bytes]:
    """The events of `raw` when it arrives cut at these places, and what is left over."""
    splitter, events, start = EventSplitter(), [], 0
    for cut in [*sorted(cuts), len(raw)]:
        events += splitter.feed(raw[start:cut])
        start = max(start, cut)
    return events, splitter.rest()


def byte_by_byte(raw: bytes) -> tuple[list[bytes], bytes]:
    return split(raw, list(range(len(raw))))


def test_an_event_is_returned_when_its_blank_line_has_come() -> None:
    splitter = EventSplitter()

    assert splitter.feed(b"data: a\n") == []
    assert splitter.feed(b"\ndata: b") == [b"data: a\n\n"]
    assert splitter.rest() == b"data: b"
    assert splitter.feed(b"\n\n") == [b"data: b\n\n"]
    assert splitter.rest() == b""


def test_a_line_feed_that_comes_late_still_belongs_to_its_line_end() -> None:
    splitter = EventSplitter()

    assert splitter.feed(b"data: a\r\n\r") == []
    assert splitter.feed(b"\n") == [b"data: a\r\n\r\n"]
    assert splitter.rest() == b""


def test_line_ends_may_be_mixed() -> None:
    raw = b"data: a\r\n\ndata: b\n\r\ndata: c\n\rdata: d\r\r"
    expected = [b"data: a\r\n\n", b"data: b\n\r\n", b"data: c\n\r", b"data: d\r\r"]

    assert split(raw, []) == byte_by_byte(raw) == (expected, b"")


def test_an_event_without_end_is_given_up_on() -> None:
    splitter = EventSplitter(max_event_bytes=10)
    splitter.feed(b"data: 1234")

    with pytest.raises(OverflowError, match="more than 10 bytes"):
        splitter.feed(b"5")


@given(events=EVENTS, end=st.sampled_from(["\n", "\r\n", "\r"]), cuts=CUTS)
def test_any_cutting_gives_the_same_events(
    events: list[list[str]], end: str, cuts: list[int]
) -> None:
    written = ["".join(line + end for line in lines).encode() + end.encode() for lines in events]
    raw = b"".join(written)

    assert split(raw, []) == split(raw, cuts) == byte_by_byte(raw) == (written, b"")


@given(
    raw=st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"data: x", b"\xc3", b":"])).map(b"".join),
    cuts=CUTS,
)
@example(raw=b"\r\r\n\n\r", cuts=[2])
def test_whatever_comes_is_returned_once_in_order_and_alike_for_any_cutting(
    raw: bytes, cuts: list[int]
) -> None:
    events, rest = split(raw, cuts)

    assert b"".join(events) + rest == raw
    assert (events, rest) == byte_by_byte(raw)


@given(lines=st.lists(LINES, min_size=1, max_size=4), end=st.sampled_from(["\n", "\r\n", "\r"]))
def test_lines_of_data_are_joined(lines: list[str], end: str) -> None:
    event = "".join(f"data: {line}{end}" for line in lines) + end

    assert data_of(event.encode()) == "\n".join(lines).encode()


@given(data=LINES)
def test_what_is_written_as_an_event_is_read_back(data: str) -> None:
    assert data_of(event_of(data.encode())) == data.encode()


@pytest.mark.parametrize(
    ("event", "data"),
    [
        (b"data: {}\n\n", b"{}"),
        (b"data:{}\n\n", b"{}"),
        (b"data:  {}\n\n", b" {}"),
        (b"data:\n\n", b""),
        (b"event: x\ndata: {}\nid: 1\n\n", b"{}"),
        (b"data: a\rdata: b\n\n", b"a\nb"),
        (b"data: {}\r\n\n", b"{}"),
        (b"\xef\xbb\xbfdata: {}\n\n", b"{}"),
        (b": OPENROUTER PROCESSING\n\n", None),
        (b"event: ping\n\n", None),
        (b"\n", None),
        (b"", None),
        (DONE, b"[DONE]"),
    ],
)
def test_the_payload_of_an_event(event: bytes, data: bytes | None) -> None:
    assert data_of(event) == data


@pytest.mark.parametrize("like", [b"id: 3\ndata: x\n\n", b"event: a\r\nid:3\r\ndata: x\r\n\r\n"])
def test_a_comment_among_events_with_ids_is_a_line_of_the_next(like: bytes) -> None:
    """OpenAI's client would treat it as an event without data."""
    assert comment_before("cost=1", like) == b": cost=1\n"


@pytest.mark.parametrize(
    "like", [b"", b"data: x\n\n", b'data: {"id": 7}\n\n', b"event: id\ndata: x\n\n"]
)
def test_a_comment_among_other_events_is_an_event_of_its_own(like: bytes) -> None:
    assert comment_before("cost=1", like) == b": cost=1\n\n"


def test_an_event_of_megabytes_in_thousands_of_pieces_takes_time_in_proportion() -> None:
    picture = event_of(b"x" * 4_000_000)
    splitter, began_s = EventSplitter(), time.process_time()

    events = [
        each
        for at in range(0, len(picture), 1000)
        for each in splitter.feed(picture[at : at + 1000])
    ]

    assert events == [picture]
    assert time.process_time() - began_s < 0.5

"""A stream is heard as if each event were read alone, however it arrives and however much of it is alike."""

from itertools import pairwise
from typing import Any, NamedTuple

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.usage import Usage
from router.wire.answer import (
    EventKind,
    MalformedAnswer,
    StreamEvent,
    Told,
    Words,
    read_event,
)
from router.wire.events import EventReader
from router.wire.sse import DONE, event_of

HEAD = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
WORDS = st.text(max_size=5) | st.sampled_from(['"', "\\", "\n", "é", "\U0001f600", '"},"x":"'])


def chunk(delta: dict[str, Any], index: int = 0, finish: str | None = None, **more: Any) -> bytes:
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
    return event_of(orjson.dumps({**HEAD, "choices": [choice], **more}))


def says(words: str) -> bytes:
    return chunk({"content": words})


def calls(words: str) -> bytes:
    return chunk({"tool_calls": [{"index": 0, "function": {"arguments": words}}]})


def padded(words: str, padding: str) -> bytes:
    return chunk({"content": words}, usage=None, obfuscation=padding)


EVENTS = st.lists(
    WORDS.map(says)
    | WORDS.map(calls)
    | WORDS.map(lambda words: chunk({"reasoning_content": words}))
    | WORDS.map(lambda words: chunk({"content": "", "reasoning": words}))
    | WORDS.map(lambda words: chunk({"role": "assistant", "content": words}))
    | WORDS.map(lambda words: chunk({"refusal": words}))
    | st.builds(padded, WORDS, st.text("aZ9", max_size=4) | WORDS)
    | st.builds(lambda words, index: chunk({"content": words}, index), WORDS, st.integers(0, 2))
    | st.sampled_from(
        [
            chunk({}, finish="stop"),
            chunk({"content": "."}, finish="length"),
            chunk({"content": "."}, service_tier="flex"),
            chunk({"content": "."}, usage={"prompt_tokens": 1, "completion_tokens": 2}),
            chunk({"tool_calls": [{"function": {"name": "content", "arguments": ""}}]}),
            event_of(b'{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}'),
            event_of(b'{"choices": [{"delta": {"content": "spaced"}}]}'),
            event_of(b'{"error":{"message":"no"}}'),
            says("x").replace(b"\n", b"\r\n"),
            b": alive\n\n",
            DONE,
        ]
    ),
    max_size=12,
)
CUTS = st.lists(st.integers(0, 3000), max_size=8)


class Heard(NamedTuple):
    """All that a stream says, however it is cut into events."""

    raw: bytes
    output_chars: int
    content_chars: int
    usages: list[Usage]
    choices: frozenset[int]
    finished: frozenset[int]
    finish_reasons: frozenset[str]
    service_tiers: set[str]
    kinds: set[EventKind]
    flags: tuple[bool, bool, bool]


def heard(told: list[Told]) -> Heard:
    events = [event for event in told if isinstance(event, StreamEvent)]
    return Heard(
        b"".join(event.raw for event in told),
        sum(event.output_chars for event in told),
        sum(event.content_chars for event in told),
        [event.usage for event in events if event.usage],
        frozenset().union(*(event.choices for event in events)),
        frozenset().union(*(event.finished for event in events)),
        frozenset().union(*(event.finish_reasons for event in events)),
        {event.service_tier for event in events},
        {event.kind for event in events} - {EventKind.PREAMBLE},
        (
            any(event.calls_tools for event in events),
            any(event.refuses for event in events),
            any(event.says_more for event in events),
        ),
    )


def read(pieces: list[bytes]) -> list[Told]:
    """What a stream tells that arrives so, each piece looked at as a connection does it."""
    reader, told = EventReader(), list[Told]()
    for piece in pieces:
        words = reader.words(piece)
        told += reader.feed(piece) if words is None else [words]
    return told


@given(events=EVENTS, cuts=CUTS)
def test_what_is_heard_together_is_what_each_event_says(
    events: list[bytes], cuts: list[int]
) -> None:
    raw, places = b"".join(events), [0, *sorted(cuts), 3001]
    pieces = [raw[start:end] for start, end in pairwise(places)]

    assert heard(read([*pieces, raw[3001:]])) == heard([read_event(event) for event in events])


def test_events_that_differ_in_their_words_come_as_one() -> None:
    first, *more = (says(words) for words in ("The", ' "Loire"', "\n", ""))
    alone, together = read([first, b"".join(more)])

    assert alone == read_event(first)
    assert together == Words(b"".join(more), output_chars=9, content_chars=9)


def test_arguments_of_a_tool_that_is_called_come_as_one() -> None:
    first, more = calls('{"pa'), calls('th": ') + calls('"a"}')

    assert read([first, more]) == [
        read_event(first),
        Words(more, output_chars=9, content_chars=0),
    ]


def test_padding_is_passed_over() -> None:
    first, more, odd = padded("a", "x4"), padded("b", "") + padded("cd", "Zz"), padded("e", '"')

    assert read([first, padded("b", "Q"), more, odd]) == [
        read_event(first),
        Words(padded("b", "Q"), 1, 1),
        Words(more, 3, 3),
        read_event(odd),
    ]


def test_half_a_character_is_no_word() -> None:
    """Two halves in two events would be a whole one, were they read together."""
    high, low = (says("x").replace(b"x", half) for half in (rb"\ud83d", rb"\ude00"))
    reader = EventReader()
    list(reader.feed(says("a")))

    with pytest.raises(MalformedAnswer):
        list(reader.feed(high + low))


def test_what_stands_around_the_words_may_change_now_and_then() -> None:
    seconds = [[chunk({"content": "x"}, created=at)] * 3 for at in range(30)]
    told = read([event for second in seconds for event in second])

    assert [isinstance(each, Words) for each in told] == [False, True, True] * 30


@pytest.mark.parametrize(
    "other",
    [
        chunk({"content": "x"}, finish="stop"),
        chunk({"content": "x"}, usage={"prompt_tokens": 1, "completion_tokens": 2}),
        chunk({"content": "x"}, index=1),
        chunk({"content": "x"}, service_tier="flex"),
    ],
)
def test_an_event_that_says_more_than_words_is_read(other: bytes) -> None:
    events = read([says("a"), says("b") + says("c") + other + says("d")])

    assert [event.raw for event in events] == [says("a"), says("b") + says("c"), other, says("d")]
    assert events[2] == read_event(other)


def test_an_event_that_only_looks_like_those_before_it_is_read() -> None:
    """It begins and ends like them, and ends the choice in between."""
    other = says("x").replace(b'"x"', b'"x"},"finish_reason":"stop"},{"delta":{"content":"y"')

    assert read([says("a"), other]) == [read_event(says("a")), read_event(other)]
    assert read_event(other).finish_reasons == {"stop"}


def test_what_came_before_an_event_that_is_none_counts() -> None:
    came: list[Told] = []

    with pytest.raises(MalformedAnswer):
        came.extend(EventReader().feed(says("a") + says("b") + b"data: no\n\n" + says("c")))
    assert [event.raw for event in came] == [says("a"), says("b")]


def test_a_stream_that_repeats_nothing_is_read_event_by_event() -> None:
    events = [chunk({"content": "x"}, created=number) for number in range(40)]

    assert [event.raw for event in read(events)] == events
    assert heard(read(events)) == heard([read_event(event) for event in events])

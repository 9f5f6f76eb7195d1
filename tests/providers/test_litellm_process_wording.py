"""What is said to litellm's process arrives as it was said, however the bytes are cut."""

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from router.domain.fault import AttemptFailed, Fault, FaultKind
from router.domain.usage import Usage
from router.providers.litellm_process.wording import (
    CallWish,
    Frames,
    broken_frame,
    event_frame,
    fault_bytes,
    read_fault,
    read_wish,
    whole_frame,
)
from router.providers.translating.arguments import CallTarget

words = st.text(max_size=20)
events = st.lists(st.binary(max_size=40), max_size=6)
cuts = st.lists(st.integers(0, 300), max_size=8)
faults = st.builds(
    Fault,
    st.sampled_from(FaultKind),
    st.integers(100, 599),
    words,
    words,
    st.none() | st.floats(0, 1e6),
    st.none() | st.dictionaries(words, words, max_size=3),
    st.booleans(),
    usage=st.none() | st.builds(Usage, st.integers(0, 9), output_tokens=st.integers(0, 9)),
)
targets = st.builds(CallTarget, words, words, words, st.dictionaries(words, words, max_size=3))


@given(targets, words, st.booleans(), st.dictionaries(words, words, max_size=3))
def test_a_wish_arrives_with_its_request(
    target: CallTarget, model_name: str, stream: bool, fields: dict[str, str]
) -> None:
    wish = CallWish(target, 2.5, model_name, stream)

    assert read_wish(wish.with_request(json.dumps(fields).encode())) == (wish, fields)


@given(faults)
def test_a_fault_arrives_with_all_that_it_says(fault: Fault) -> None:
    assert read_fault(fault_bytes(fault)) == fault


@given(events, cuts)
def test_a_stream_arrives_as_it_was_sent_however_it_is_cut(
    sent: list[bytes], cut: list[int]
) -> None:
    frames = Frames()
    stream = b"".join(map(event_frame, sent)) + whole_frame()

    assert [got for data in _cut(stream, cut) for got in frames.feed(data)] == sent
    assert frames.ended


@given(events, cuts, faults)
def test_a_stream_that_broke_off_says_how_after_what_there_was(
    sent: list[bytes], cut: list[int], fault: Fault
) -> None:
    stream = b"".join(map(event_frame, sent)) + broken_frame(fault)

    assert _until_broken(_cut(stream, cut)) == (sent, fault)


def _until_broken(pieces: list[bytes]) -> tuple[list[bytes], Fault | None]:
    frames, got = Frames(), list[bytes]()
    try:
        for data in pieces:
            for event in frames.feed(data):
                got.append(event)
    except AttemptFailed as failed:
        return got, failed.fault
    return got, None


def _cut(stream: bytes, at: list[int]) -> list[bytes]:
    places = [0, *sorted(min(place, len(stream)) for place in at), len(stream)]
    return [stream[a:b] for a, b in pairwise(places)]

"""What holds of every request, answer and stream, between any two dialects."""

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.wire.cutting import cut
from router.wire.dialects.answer import Answer, AnswerContext
from router.wire.dialects.chat.read_answer import read_answer as read_chat
from router.wire.dialects.chat.read_request import read_request as read_chat_request
from router.wire.dialects.chat.write_answer import write_answer as write_chat
from router.wire.dialects.chat.write_request import write_request as write_chat_request
from router.wire.dialects.dialect import Dialect, Target
from router.wire.dialects.messages.read_answer import read_answer as read_messages
from router.wire.dialects.messages.read_request import read_request as read_messages_request
from router.wire.dialects.messages.write_answer import write_answer as write_messages
from router.wire.dialects.messages.write_request import write_request as write_messages_request
from router.wire.dialects.request import Request
from router.wire.dialects.responses.read_answer import read_answer as read_responses
from router.wire.dialects.responses.read_request import read_request as read_responses_request
from router.wire.dialects.responses.write_answer import write_answer as write_responses
from router.wire.dialects.responses.write_request import write_request as write_responses_request
from router.wire.dialects.translate import StreamTranslator, translate_answer, translate_request
from tests.wire.dialects.conversations import answers, requests
from tests.wire.dialects.descriptions import check
from tests.wire.dialects.merging import merge
from tests.wire.dialects.telling import streamed

CHAT, RESPONSES, MESSAGES = Dialect.CHAT, Dialect.RESPONSES, Dialect.MESSAGES
PAIRS = list(permutations(Dialect, 2))
FEW = settings(max_examples=40)  # for each of the pairs
OCCASION = AnswerContext(now_s=9, asked={"stream_options": {"include_usage": True}})

_REQUESTS: Any = {
    CHAT: (read_chat_request, write_chat_request),
    RESPONSES: (read_responses_request, write_responses_request),
    MESSAGES: (read_messages_request, write_messages_request),
}
_ANSWERS: Any = {
    CHAT: (read_chat, write_chat),
    RESPONSES: (read_responses, write_responses),
    MESSAGES: (read_messages, write_messages),
}


def _written(request: Request, dialect: Dialect) -> dict[str, Any]:
    body: dict[str, Any] = _REQUESTS[dialect][1](request, Target(dialect))
    return body


@pytest.mark.parametrize("dialect", Dialect)
@FEW
@given(request=requests())
def test_a_request_is_what_the_vendor_describes(dialect: Dialect, request: Request) -> None:
    check(dialect, "request", _written(request, dialect))


@pytest.mark.parametrize(("source", "target"), PAIRS)
@FEW
@given(request=requests())
def test_there_and_back_a_request_keeps_all_that_both_can_say(
    source: Dialect, target: Dialect, request: Request
) -> None:
    body = _written(request, source)

    there = translate_request(body, source, Target(target))

    assert there == _written(request, target)
    assert translate_request(there, target, Target(source)) == body


def _pieces(cuts: list[int]) -> Any:
    """A way to cut texts: into pieces of these lengths, by turns."""

    def cut(text: str) -> Iterator[str]:
        start, turn = 0, 0
        while start < len(text):
            length = cuts[turn % len(cuts)]
            yield text[start : start + length]
            start, turn = start + length, turn + 1

    return cut


_CUTS = st.lists(st.integers(1, 5), min_size=1, max_size=3)
_CASES = {dialect: answers(dialect.value, seals=dialect is not CHAT) for dialect in Dialect}


def _told(answer: Answer, dialect: Dialect, cuts: list[int]) -> list[dict[str, Any]]:
    """The answer as its upstream streams it."""
    return list(streamed(answer, dialect, OCCASION, _pieces(cuts)))


@pytest.mark.parametrize("source", Dialect)
@FEW
@given(data=st.data(), cuts=_CUTS)
def test_an_upstreams_stream_tells_what_it_would_answer_at_once(
    source: Dialect, data: st.DataObject, cuts: list[int]
) -> None:
    answer = data.draw(_CASES[source])
    _, write = _ANSWERS[source]

    events = _told(answer, source, cuts)

    assert merge(source, events) == write(answer, OCCASION)


@pytest.mark.parametrize(("source", "target"), PAIRS)
@FEW
@given(data=st.data(), cuts=_CUTS)
def test_a_translated_stream_tells_what_the_translated_answer_says(
    source: Dialect, target: Dialect, data: st.DataObject, cuts: list[int]
) -> None:
    """However it is cut, and every event as the vendor describes it."""
    answer = data.draw(_CASES[source])
    plain = _ANSWERS[source][1](answer, OCCASION)
    translator = StreamTranslator(Target(source), target, OCCASION)

    told = [e for event in _told(answer, source, cuts) for e in translator.feed(event)]
    told += translator.end()

    whole = translate_answer(plain, Target(source), target, OCCASION)
    assert merge(target, told) == whole
    check(target, "answer", whole)
    for event in told:
        check(target, "event", event)


@pytest.mark.parametrize("target", [RESPONSES, MESSAGES])
@FEW
@given(answer=answers("up/m"))
def test_an_answer_of_chat_that_is_cut_into_chunks_says_the_same(
    target: Dialect, answer: Answer
) -> None:
    """As stored answers are for clients that want a stream."""
    plain = write_chat(answer, OCCASION)
    translator = StreamTranslator(Target(CHAT), target, OCCASION)

    told = [e for chunk in cut(plain, plain["id"], usage=True) for e in translator.feed(chunk)]

    assert merge(target, told) == translate_answer(plain, Target(CHAT), target, OCCASION)


@pytest.mark.parametrize(("source", "target"), PAIRS)
@FEW
@given(data=st.data())
def test_there_and_back_an_answer_says_the_same(
    source: Dialect, target: Dialect, data: st.DataObject
) -> None:
    answer = data.draw(_CASES[source])
    plain = _ANSWERS[source][1](answer, OCCASION)

    there = translate_answer(plain, Target(source), target, OCCASION)
    # Who wrote it stays known on the way: a client's next request says so too.
    back = translate_answer(there, Target(target), source, OCCASION)

    assert _without_time(back) == _without_time(plain)


def _without_time(answer: Any) -> Any:
    """Messages do not tell the time, and not what a thought is called."""
    names = ("created", "created_at")
    return {name: value for name, value in answer.items() if name not in names}


@pytest.mark.parametrize(("source", "target"), PAIRS)
@FEW
@given(data=st.data(), cuts=_CUTS)
def test_what_is_said_is_told_at_once(
    source: Dialect, target: Dialect, data: st.DataObject, cuts: list[int]
) -> None:
    """After each event the client has every character that the upstream has sent."""
    answer = data.draw(_CASES[source].filter(lambda each: each.end.stop.name != "FILTER"))
    translator = StreamTranslator(Target(source), target, OCCASION)
    told = heard = ""

    for event in _told(answer, source, cuts):
        told += _said_in(event, source)
        heard += "".join(_said_in(each, target) for each in translator.feed(event))
        assert heard == told

    assert told


def _said_in(event: dict[str, Any], dialect: Dialect) -> str:
    if dialect is not CHAT:
        return _named_in(event) if "delta" in str(event["type"]) else ""
    return "".join(_said_in_delta(choice["delta"]) for choice in event["choices"])


def _named_in(event: dict[str, Any]) -> str:
    delta = event["delta"]
    if isinstance(delta, str):
        return delta
    names = ("text", "thinking", "partial_json")
    return "".join(delta.get(name, "") for name in names)


def _said_in_delta(delta: dict[str, Any]) -> str:
    calls = "".join(call["function"]["arguments"] for call in delta.get("tool_calls", ()))
    return (delta.get("reasoning_content") or "") + (delta.get("content") or "") + calls

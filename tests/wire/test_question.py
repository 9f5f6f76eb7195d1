"""The same question is known again, and no other is taken for it."""

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from router.wire.chat import ChatRequest, parse_chat
from router.wire.doors.translated import MESSAGES, RESPONSES
from router.wire.question import question_of, rejected_question_of

_TEXTS = st.lists(st.text(max_size=3), min_size=1, max_size=5).filter(lambda texts: len(texts) % 2)
_ROLES = ("user", "assistant")


def response_to(text: str, **fields: Any) -> ChatRequest:
    read = RESPONSES.read(orjson.dumps({"model": "auto", "input": text, **fields}))
    return parse_chat(read.chat, original=read.original)


def message_of(text: str, **fields: Any) -> ChatRequest:
    said = [{"role": "user", "content": text}]
    body = {"model": "auto", "max_tokens": 9, "messages": said, **fields}
    read = MESSAGES.read(orjson.dumps(body))
    return parse_chat(read.chat, original=read.original)


def request(*texts: str, **fields: Any) -> ChatRequest:
    messages = [{"role": _ROLES[n % 2], "content": text} for n, text in enumerate(texts)]
    return parse_chat(orjson.dumps({"model": "auto", "messages": messages, **fields}))


@given(one=_TEXTS, other=_TEXTS)
def test_two_conversations_are_the_same_question_when_all_their_words_are(
    one: list[str], other: list[str]
) -> None:
    digests = question_of(request(*one), "key"), question_of(request(*other), "key")
    assert (digests[0] == digests[1]) == (one == other)


@given(texts=_TEXTS, answer=st.text(max_size=3))
def test_a_repeated_question_is_that_which_was_asked_before(texts: list[str], answer: str) -> None:
    repeated = request(*texts, answer, texts[-1])
    assert rejected_question_of(repeated, "key") == question_of(request(*texts), "key")


def test_a_question_is_its_askers_own() -> None:
    digests = [
        question_of(request("a"), "key", ""),
        question_of(request("a"), "other", ""),
        question_of(request("a"), "key", "session"),
        question_of(request("a", user="u"), "key", ""),
        question_of(request("a", safety_identifier="u"), "key", ""),
    ]
    assert len(set(digests)) == 5


def test_how_it_is_asked_is_no_part_of_a_question() -> None:
    again = request("a", temperature=0.3, seed=1, stream=True, max_tokens=5)
    assert question_of(again, "key") == question_of(request("a"), "key")


def test_what_a_tool_brought_and_what_is_very_long_are_no_questions() -> None:
    brought = [{"role": "user", "content": "a"}, {"role": "tool", "content": "b"}]
    body = orjson.dumps({"model": "auto", "messages": brought})
    assert question_of(parse_chat(body), "key") is None
    long = request("a" * 2**15)
    assert question_of(long, "key") is None
    assert rejected_question_of(request("b", "c", "d"), "key") is None


def test_the_same_words_after_another_stored_answer_are_another_question() -> None:
    first, again, other = (
        question_of(response_to("Go on", previous_response_id=name), "key")
        for name in ("resp_1", "resp_1", "resp_2")
    )
    assert first == again != other
    prompts = [{"id": "pmpt_1", "variables": {"city": city}} for city in ("Lyon", "Nice")]
    told = [question_of(response_to("Go on", prompt=prompt), "key") for prompt in prompts]
    assert told[0] != told[1]
    threads = [{"type": "continue", "previous_message_id": name} for name in ("msg_1", "msg_2")]
    later = [question_of(message_of("Go on", thread=thread), "key") for thread in threads]
    assert later[0] != later[1]


def test_whether_a_stored_conversation_stands_still_is_not_known() -> None:
    assert question_of(response_to("Go on", conversation="conv_1"), "key") is None

"""Bodies of any shape: the client's are refused by name, an upstream's are no answers."""

import contextlib
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.domain.errors import ApiError
from router.wire.answer import MalformedAnswer
from router.wire.dialects.answer import AnswerContext
from router.wire.dialects.dialect import Dialect, Target
from router.wire.dialects.faults import translate_error
from router.wire.dialects.translate import (
    StreamTranslator,
    translate_answer,
    translate_request,
)
from tests.wire.dialects.conformance import BASE
from tests.wire.dialects.endings import ANSWERS, WHOLE
from tests.wire.dialects.table import REQUESTS
from tests.wire.dialects.telling import tell_answer
from tests.wire.documents import TREES

PAIRS = list(permutations(Dialect, 2))
FEW = settings(max_examples=60)  # for each of the pairs
OCCASION = AnswerContext(now_s=9)

_REQUESTS: dict[Dialect, list[dict[str, Any]]] = {
    dialect: [
        {**BASE[dialect], **(row.said(dialect) or {})} for rows in REQUESTS.values() for row in rows
    ]
    for dialect in Dialect
}
_ANSWERS: dict[Dialect, list[dict[str, Any]]] = {
    dialect: [
        {**WHOLE[dialect], **said} for row in ANSWERS if (said := row.said(dialect)) is not None
    ]
    for dialect in Dialect
}


def _places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree)
    found = [(*path, name) for name, _ in inner]
    below = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for name, value in below:
        if isinstance(value, dict | list):
            found += _places(value, (*path, name))
    return found


def _with(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    first, *rest = path
    made = dict(tree) if isinstance(tree, dict) else list(tree)
    made[first] = _with(tree[first], tuple(rest), value)
    return made


@st.composite
def distorted(draw: st.DrawFn, examples: list[dict[str, Any]]) -> dict[str, Any]:
    """An example with anything at all at one of its places."""
    example = draw(st.sampled_from(examples))
    tree: dict[str, Any] = _with(example, draw(st.sampled_from(_places(example))), draw(TREES))
    return tree


@pytest.mark.parametrize(("source", "target"), PAIRS)
@FEW
@given(data=st.data())
def test_a_misshaped_request_is_translated_or_refused_by_name(
    source: Dialect, target: Dialect, data: st.DataObject
) -> None:
    body = data.draw(distorted(_REQUESTS[source]))

    with contextlib.suppress(ApiError):
        translate_request(body, source, Target(target, max_output_tokens=100))


@pytest.mark.parametrize("target", [Dialect.RESPONSES, Dialect.MESSAGES])
def test_a_cache_mark_that_is_a_word_is_refused_by_name(target: Dialect) -> None:
    part = {"type": "text", "text": "Hello", "cache_control": "ephemeral"}
    body = {**BASE[Dialect.CHAT], "messages": [{"role": "user", "content": [part]}]}

    with pytest.raises(ApiError, match="'cache_control' must be an object"):
        translate_request(body, Dialect.CHAT, Target(target, max_output_tokens=100))


_CALL = {"type": "tool_use", "id": "c0", "name": "f", "input": {}}
_THOUGHT = {"type": "thinking", "thinking": "Hm", "signature": "c2ln"}
_RESULT = {"type": "tool_result", "tool_use_id": "c0", "content": "1"}


@pytest.mark.parametrize("target", [Dialect.CHAT, Dialect.RESPONSES])
@pytest.mark.parametrize(
    ("role", "block"),
    [("user", _CALL), ("user", _THOUGHT), ("assistant", _RESULT), ("system", _RESULT)],
)
def test_what_a_role_cannot_say_is_refused_and_not_left_out(
    role: str, block: dict[str, Any], target: Dialect
) -> None:
    message = {"role": role, "content": [{"type": "text", "text": "Hi"}, block]}
    body = {**BASE[Dialect.MESSAGES], "messages": [message]}

    with pytest.raises(ApiError, match="only an assistant") as refused:
        translate_request(body, Dialect.MESSAGES, Target(target))
    assert refused.value.param == "messages[0].content"


@pytest.mark.parametrize("target", [Dialect.RESPONSES, Dialect.MESSAGES])
def test_a_picture_by_an_assistant_is_refused_and_not_left_out(target: Dialect) -> None:
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    message = {"role": "assistant", "content": [image]}
    body = {**BASE[Dialect.CHAT], "messages": [message]}

    with pytest.raises(ApiError, match="accept no images or files from an assistant"):
        translate_request(body, Dialect.CHAT, Target(target, max_output_tokens=100))


def test_words_to_go_on_with_end_without_white_space_which_messages_refuse() -> None:
    told = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "I say: \n"}]
    body = {**BASE[Dialect.CHAT], "messages": told}

    asked = translate_request(body, Dialect.CHAT, Target(Dialect.MESSAGES))

    assert asked["messages"] == [told[0], {"role": "assistant", "content": "I say:"}]


def test_instructions_without_a_question_are_asked_where_a_conversation_is_wanted() -> None:
    told = [{"role": "system", "content": "Tell a joke."}]
    body = {"model": "m", "max_tokens": 100, "messages": told}

    as_message = translate_request(body, Dialect.CHAT, Target(Dialect.MESSAGES))
    as_item = translate_request(body, Dialect.CHAT, Target(Dialect.RESPONSES))

    assert as_message["messages"] == [{"role": "user", "content": "Tell a joke."}]
    assert "system" not in as_message
    assert [each["role"] for each in as_item["input"]] == ["system"]
    assert "instructions" not in as_item


def test_a_conversation_without_words_is_not_for_messages() -> None:
    body = {"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": " "}]}

    with pytest.raises(ApiError, match="there are none"):
        translate_request(body, Dialect.CHAT, Target(Dialect.MESSAGES))


def test_what_litellm_adds_for_another_provider_is_left_out() -> None:
    more = {"thinking_blocks": [_THOUGHT], "provider_specific_fields": {"a": 1}}
    call = {"id": "c0", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    told = {"role": "assistant", "content": None, "tool_calls": [call]}
    odd = {**told, **more, "tool_calls": [{**call, "provider_specific_fields": {"a": 1}}]}

    usual, given = (
        translate_request(
            {**BASE[Dialect.CHAT], "messages": [each]}, Dialect.CHAT, Target(Dialect.MESSAGES)
        )
        for each in (told, odd)
    )

    assert given == usual


@pytest.mark.parametrize(
    ("source", "members"),
    [
        (Dialect.CHAT, {"functions": [], "logprobs": False, "top_logprobs": 0}),
        (Dialect.MESSAGES, {"mcp_servers": []}),
    ],
)
def test_members_that_ask_for_nothing_are_left_out(
    source: Dialect, members: dict[str, Any]
) -> None:
    usual, given = (
        translate_request({**BASE[source], **more}, source, Target(Dialect.RESPONSES))
        for more in ({}, members)
    )

    assert given == usual


@pytest.mark.parametrize(("source", "target"), PAIRS)
@FEW
@given(data=st.data())
def test_a_misshaped_answer_is_an_answer_or_malformed(
    source: Dialect, target: Dialect, data: st.DataObject
) -> None:
    body = data.draw(distorted(_ANSWERS[source]))

    with contextlib.suppress(MalformedAnswer):
        translate_answer(body, Target(source), target, OCCASION)


def _streams(source: Dialect) -> list[list[dict[str, Any]]]:
    """The events of every example."""
    return [list(tell_answer(each, source, source, OCCASION)) for each in _ANSWERS[source]]


_STREAMS = {dialect: _streams(dialect) for dialect in Dialect}


@pytest.mark.parametrize(("source", "target"), PAIRS)
@FEW
@given(data=st.data())
def test_a_misshaped_event_breaks_nothing_else(
    source: Dialect, target: Dialect, data: st.DataObject
) -> None:
    events = data.draw(st.sampled_from(_STREAMS[source]))
    place = data.draw(st.integers(0, len(events) - 1))
    odd = [*events[:place], data.draw(distorted([events[place]])), *events[place + 1 :]]
    translator = StreamTranslator(Target(source), target, OCCASION)

    with contextlib.suppress(MalformedAnswer):
        for event in odd:
            translator.feed(event)
        translator.end()


@given(body=TREES, source=st.sampled_from(Dialect), target=st.sampled_from(Dialect))
def test_an_error_of_any_shape_is_an_error(body: Any, source: Dialect, target: Dialect) -> None:
    status, told = translate_error(500, body, source, target)

    assert status == 500
    assert isinstance(told["error"]["message"], str)

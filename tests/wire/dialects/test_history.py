"""Conversations that several models have had: whose thoughts go where, and what calls are called."""

from typing import Any

import pytest

from router.wire.dialects.answer import AnswerContext
from router.wire.dialects.dialect import Dialect, Target
from router.wire.dialects.history import with_own_thoughts
from router.wire.dialects.translate import StreamTranslator, translate_answer, translate_request
from tests.wire.dialects.descriptions import check
from tests.wire.dialects.endings import ANSWERS, WHOLE
from tests.wire.dialects.merging import merge
from tests.wire.dialects.telling import tell_answer

CHAT, RESPONSES, MESSAGES = Dialect.CHAT, Dialect.RESPONSES, Dialect.MESSAGES
OCCASION = AnswerContext(now_s=9)
_THOUGHTS = next(row for row in ANSWERS if row.name == "thoughts")


def _answer(upstream: Dialect) -> dict[str, Any]:
    """An answer with a thought, as that upstream gives it."""
    return {**WHOLE[upstream], **(_THOUGHTS.said(upstream) or {})}


def _next_request(client: Dialect, answer: Any) -> dict[str, Any]:
    """What a client sends next: the answer as it got it, and another question."""
    if client is CHAT:
        spoken = answer["choices"][0]["message"]
        asked: list[Any] = [{"role": "user", "content": "Hi"}]
        return {"model": "m", "messages": [*asked, spoken, *asked]}
    if client is RESPONSES:
        item = {"role": "user", "content": "Hi"}
        return {"model": "m", "input": [item, *answer["output"], item]}
    blocks = [_as_sent(block) for block in answer["content"]]
    hi = {"role": "user", "content": "Hi"}
    spoken = {"role": "assistant", "content": blocks}
    return {"model": "m", "max_tokens": 9, "messages": [hi, spoken, hi]}


def _as_sent(block: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in block.items() if value is not None}


_SEALS = {CHAT: "Hm.", RESPONSES: '"enc"', MESSAGES: '"sig"'}


@pytest.mark.parametrize("second", Dialect)
@pytest.mark.parametrize("client", Dialect)
@pytest.mark.parametrize("first", Dialect)
def test_a_thought_goes_back_to_its_model_and_to_no_other(
    first: Dialect, client: Dialect, second: Dialect
) -> None:
    """Three upstreams, three clients, three upstreams that answer next."""
    heard = translate_answer(_answer(first), Target(first), client, OCCASION)

    asked = translate_request(
        _next_request(client, heard), client, Target(second, max_output_tokens=9)
    )

    sent = str(asked).replace("'", '"')
    direct = first is client is second or CHAT is client is second
    assert ("sealed:" in sent) is False
    if first is second:
        assert _SEALS[first] in sent
    elif not direct:
        assert "sig" not in sent
        assert '"enc"' not in sent
    check(second, "request", asked)


_SIGNED = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "f", "arguments": "{}"},
    "extra_content": {"google": {"thought_signature": "c2ln"}},
}


def _gemini() -> dict[str, Any]:
    """An answer whose call is signed, as Gemini's compatible API gives it."""
    message = {"role": "assistant", "content": None, "refusal": None, "tool_calls": [_SIGNED]}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "tool_calls"}
    return {**WHOLE[CHAT], "choices": [choice]}


def _chunks_of(answer: dict[str, Any]) -> list[dict[str, Any]]:
    choice = answer["choices"][0]
    calls = [{"index": 0, **_SIGNED}]
    opened = {**choice, "delta": {"role": "assistant", "tool_calls": calls}, "finish_reason": None}
    ended = {**choice, "delta": {}}
    return [{**answer, "choices": [opened]}, {**answer, "choices": [ended]}]


@pytest.mark.parametrize("client", [RESPONSES, MESSAGES])
def test_the_signature_of_a_call_comes_back_with_it(client: Dialect) -> None:
    heard = translate_answer(_gemini(), Target(CHAT), client, OCCASION)
    translator = StreamTranslator(Target(CHAT), client, OCCASION)
    streamed = [e for chunk in _chunks_of(_gemini()) for e in translator.feed(chunk)]

    asked = _next_request(client, heard)
    to_gemini = translate_request(asked, client, Target(CHAT))
    to_another = translate_request(asked, client, Target(CHAT, origin="another"))

    assert merge(client, streamed + translator.end()) == heard
    assert to_gemini["messages"][1]["tool_calls"] == [_SIGNED]
    assert "c2ln" not in str(to_another)


def test_another_dialect_never_sees_the_signature_of_a_call() -> None:
    asked = _next_request(CHAT, _gemini())

    for target in (RESPONSES, MESSAGES):
        told = translate_request(asked, CHAT, Target(target, max_output_tokens=9))
        assert "c2ln" not in str(told)
        check(target, "request", told)


def test_a_dialect_may_have_upstreams_that_cannot_read_each_other() -> None:
    heard = translate_answer(_answer(RESPONSES), Target(RESPONSES, origin="a"), MESSAGES, OCCASION)
    asked = _next_request(MESSAGES, heard)

    to_a = translate_request(asked, MESSAGES, Target(RESPONSES, origin="a"))
    to_b = translate_request(asked, MESSAGES, Target(RESPONSES, origin="b"))

    assert "enc" in str(to_a)
    assert "enc" not in str(to_b["input"])


def test_a_message_of_which_nothing_is_left_is_left_out() -> None:
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "sealed:chat::"}
    hi = {"role": "user", "content": "Hi"}
    body = {"model": "m", "messages": [hi, {"role": "assistant", "content": [thought]}, hi]}

    told = translate_request(body, MESSAGES, Target(MESSAGES))

    assert told["messages"] == [hi, hi]


def test_chat_keeps_its_own_thoughts_and_those_that_no_upstream_of_ours_gave() -> None:
    own = _chat("claude/opus", "anthropic-claude-v1")
    assert with_own_thoughts(own, Dialect.CHAT, "claude/opus") is own
    assert with_own_thoughts({"messages": "none"}, Dialect.CHAT, "") == {"messages": "none"}


def test_a_thought_of_another_origin_leaves_chat_with_its_words() -> None:
    asked = _chat("claude/opus", "unknown")

    kept = with_own_thoughts(asked, Dialect.CHAT, "gpt/6")["messages"][1]
    assert kept == {
        "role": "assistant",
        "content": "Yes",
        "reasoning_details": [{"type": "reasoning.text", "format": "unknown"}],
    }
    bare = with_own_thoughts(_chat("claude/opus"), Dialect.CHAT, "")["messages"][1]
    assert bare == {"role": "assistant", "content": "Yes"}


def _chat(*formats: str) -> dict[str, Any]:
    details = [{"type": "reasoning.text", "format": each} for each in formats]
    said = {"content": "Yes", "reasoning_content": "Hm", "reasoning_details": details}
    return {"messages": [{"role": "user", "content": "?"}, {"role": "assistant", **said}]}


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("client", [CHAT, RESPONSES])
@pytest.mark.parametrize(
    "thought",
    [
        {"type": "thinking", "thinking": "", "signature": "c2ln"},
        {"type": "thinking", "thinking": "Hm", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "ZGF0YQ=="},
    ],
)
def test_a_thought_whose_words_are_kept_back_is_no_redacted_one_when_it_comes_back(
    thought: dict[str, Any], client: Dialect, is_stream: bool
) -> None:
    """Claude shows no words of what it thinks unless it is asked for them, but wants it back as it was.

    In Responses neither of the two has a summary.
    """
    answer = {**WHOLE[MESSAGES], "content": [thought, {"type": "text", "text": "Hi"}]}
    claude = Target(MESSAGES, "up/claude", max_output_tokens=64_000)
    events = tell_answer(answer, MESSAGES, client, OCCASION, claude.own)

    told = (
        merge(client, list(events))
        if is_stream
        else translate_answer(answer, claude, client, OCCASION)
    )
    asked = translate_request(_next_request(client, told), client, claude)

    assert asked["messages"][1]["content"][0] == thought

"""The rules that providers are simulated by refuse what they are there to refuse."""

from typing import Any

import pytest

from router.wire.dialects.dialect import Dialect
from tests.wire.dialects.recorded_refusals import refusals

Json = dict[str, Any]
CHAT, RESPONSES, MESSAGES = Dialect.CHAT, Dialect.RESPONSES, Dialect.MESSAGES
HI: Json = {"role": "user", "content": "Hi"}


def said(*blocks: Json) -> Json:
    return {"role": "assistant", "content": list(blocks)}


def used(given: str) -> Json:
    return {"type": "tool_use", "id": given}


def result(given: str) -> Json:
    return {"role": "user", "content": [{"type": "tool_result", "tool_use_id": given}]}


def signed(call: str, signature: str) -> Json:
    extra = {"google": {"thought_signature": signature}}
    return {"role": "assistant", "tool_calls": [{"id": call, "extra_content": extra}]}


BUDGET = {"max_tokens": 10, "thinking": {"type": "enabled", "budget_tokens": 9}}
PICTURE = [{"type": "image_url"}]
BROKEN: list[tuple[Dialect, Json, str]] = [
    (MESSAGES, {"messages": [said({"type": "text", "text": "Hi"})]}, "first message"),
    (MESSAGES, {"messages": [{"role": "user", "content": []}]}, "non-empty content"),
    (MESSAGES, {"messages": [{"role": "user", "content": " "}]}, "non-whitespace"),
    (
        MESSAGES,
        {"messages": [HI, said({"type": "thinking", "signature": "x"})]},
        "Invalid `signature`",
    ),
    (MESSAGES, {"messages": [HI, said(used("f:0")), result("f:0")]}, "should match pattern"),
    (MESSAGES, {"messages": [HI, said(used("a")), HI]}, "without `tool_result` blocks"),
    (MESSAGES, {"messages": [HI, result("a")]}, "unexpected `tool_use_id`"),
    (MESSAGES, {"messages": [HI, said(used("a")), result("a")], **BUDGET}, "but found `tool_use`"),
    (MESSAGES, {"messages": [HI], **BUDGET, "max_tokens": 9}, "must be greater"),
    (RESPONSES, {"input": [{"type": "function_call", "call_id": "c"}]}, "No tool output"),
    (RESPONSES, {"input": [{"type": "function_call_output", "call_id": "c"}]}, "No tool call"),
    (RESPONSES, {"input": [{"role": "assistant", "id": "chatcmpl-1"}]}, "begins with 'msg'"),
    (RESPONSES, {"input": [{"type": "reasoning", "encrypted_content": "x"}]}, "not be verified"),
    (RESPONSES, {"input": [{"type": "reasoning"}, HI]}, "required following item"),
    (CHAT, {"messages": [{"role": "tool", "tool_call_id": "c"}]}, "must be a response"),
    (CHAT, {"messages": [{"role": "assistant"}]}, "expected a string"),
    (CHAT, {"messages": [signed("c", "ours"), HI]}, "must be followed"),
    (CHAT, {"messages": [signed("c", "foreign")]}, "not valid"),
    (CHAT, {"messages": [{**signed("c", "ours"), "reasoning_details": []}]}, "unsupported"),
    (
        CHAT,
        {
            "messages": [
                signed("c", "ours"),
                {"role": "tool", "tool_call_id": "c", "content": PICTURE},
            ]
        },
        "Image URLs",
    ),
]


@pytest.mark.parametrize(("dialect", "body", "words"), BROKEN, ids=[each[2] for each in BROKEN])
def test_a_conversation_that_is_broken_is_refused(dialect: Dialect, body: Json, words: str) -> None:
    assert any(words in each for each in refusals(dialect, body, {"ours"}))

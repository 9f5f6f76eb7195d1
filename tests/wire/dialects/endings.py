"""What becomes of each thing that an answer can say, between any two dialects: the second table."""

from collections.abc import Mapping
from typing import Any

from router.wire.dialects.dialect import Dialect
from tests.wire.dialects.conformance import (
    C_M,
    C_R,
    CHAT,
    M_C,
    M_R,
    MESSAGES,
    R_C,
    R_M,
    RESPONSES,
    Changed,
    Members,
    Row,
)

_ECHOED: Members = {
    "background": False,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
}
WHOLE: Mapping[Dialect, Members] = {
    CHAT: {"id": "chatcmpl-1", "object": "chat.completion", "created": 9, "model": "m"},
    RESPONSES: {
        "id": "resp_1",
        "object": "response",
        "created_at": 9,
        "model": "m",
        "status": "completed",
        "completed_at": 9,
        "error": None,
        "incomplete_details": None,
        "store": False,
        **_ECHOED,
    },
    MESSAGES: {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "stop_details": None,
        "usage": {
            "input_tokens": 0,
            "cache_read_input_tokens": 0,
            "cache_creation_input_tokens": 0,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
            "output_tokens": 0,
            "output_tokens_details": {"thinking_tokens": 0},
        },
    },
}
"""An answer at the second 9, to which each row adds; Messages demand counts even of nothing."""


def _chat(reason: str, content: str | None = None, **more: Any) -> Members:
    message = {"role": "assistant", "content": content, "refusal": None, **more}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
    return {"choices": [choice]}


def _output(*items: Members, **more: Any) -> Members:
    return {"output": list(items), **more}


def _said(text: str, place: int = 0, *annotations: Members) -> Members:
    part = {"type": "output_text", "text": text, "annotations": list(annotations), "logprobs": []}
    return _message([part], place)


def _message(content: list[Members], place: int = 0) -> Members:
    return {
        "id": f"msg_1_{place}",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": content,
    }


def _blocks(*blocks: Members, **more: Any) -> Members:
    return {"content": list(blocks), **more}


def _text(text: str, citations: list[Members] | None = None) -> Members:
    return {"type": "text", "text": text, **({"citations": citations} if citations else {})}


def _call(given: str) -> Members:
    return {"id": given, "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}


def _r_call(given: str, place: int) -> Members:
    call = {"type": "function_call", "call_id": given, "name": "f", "arguments": '{"a":1}'}
    return {**call, "id": f"fc_1_{place}", "status": "completed"}


def _m_call(given: str) -> Members:
    return {"type": "tool_use", "id": given, "name": "f", "input": {"a": 1}}


def _cut(reason: str) -> Members:
    return {
        "status": "incomplete",
        "completed_at": None,
        "incomplete_details": {"reason": reason},
    }


def _refused(explanation: str | None) -> Members:
    details = {"type": "refusal", "category": None, "explanation": explanation}
    return {"stop_reason": "refusal", "stop_details": details}


def _thought(encrypted: str, given: str) -> Members:
    summary = [{"type": "summary_text", "text": "Hm."}]
    return {"id": given, "type": "reasoning", "summary": summary, "encrypted_content": encrypted}


def _detail(form: str, **more: Any) -> Members:
    return {"type": "reasoning.text", "text": "Hm.", "signature": "sig", "format": form, **more}


_URL = "https://example.com/"
_R_CITED: Members = {
    "type": "url_citation",
    "url": _URL,
    "title": "T",
    "start_index": 0,
    "end_index": 2,
}
_CITED: Members = {
    "type": "url_citation",
    "url_citation": {"url": _URL, "title": "T", "start_index": 0, "end_index": 2},
}
_M_CITED: Members = {
    "type": "web_search_result_location",
    "url": _URL,
    "title": "T",
    "cited_text": "Hi",
    "encrypted_index": "",
}
_USED: Members = {
    "usage": {
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "total_tokens": 120,
        "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 30},
        "completion_tokens_details": {"reasoning_tokens": 5},
    }
}
_R_USED: Members = {
    "usage": {
        "input_tokens": 100,
        "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 30},
        "output_tokens": 20,
        "output_tokens_details": {"reasoning_tokens": 5},
        "total_tokens": 120,
    }
}
_M_USED: Members = {
    "usage": {
        "input_tokens": 10,
        "cache_read_input_tokens": 60,
        "cache_creation_input_tokens": 30,
        "cache_creation": {"ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 0},
        "output_tokens": 20,
        "output_tokens_details": {"thinking_tokens": 5},
    }
}
ANSWERS: tuple[Row, ...] = (
    Row(
        "text, and tokens used: read from caches, written to them, thought",
        chat={**_chat("stop", "Hi"), **_USED},
        responses={**_output(_said("Hi")), **_R_USED},
        messages={**_blocks(_text("Hi")), **_M_USED},
    ),
    Row(
        "calls at once",
        chat={**_chat("tool_calls", "Hi", tool_calls=[_call("c1"), _call("c2")]), **_USED},
        responses={**_output(_said("Hi"), _r_call("c1", 1), _r_call("c2", 2)), **_R_USED},
        messages={
            **_blocks(_text("Hi"), _m_call("c1"), _m_call("c2"), stop_reason="tool_use"),
            **_M_USED,
        },
    ),
    Row(
        "an answer that reached the limit",
        chat={**_chat("length", "Hi"), **_USED},
        responses={**_output(_said("Hi"), **_cut("max_output_tokens")), **_R_USED},
        messages={**_blocks(_text("Hi"), stop_reason="max_tokens"), **_M_USED},
    ),
    Row(
        "an answer that was filtered",
        chat={**_chat("content_filter", "Hi"), **_USED},
        responses={**_output(_said("Hi"), **_cut("content_filter")), **_R_USED},
        messages={**_blocks(_text("Hi"), **_refused(None)), **_M_USED},
    ),
    Row(
        "a refusal",
        chat={**_chat("content_filter", refusal="No."), **_USED},
        responses={
            **_output(_message([{"type": "refusal", "refusal": "No."}]), **_cut("content_filter")),
            **_R_USED,
        },
        messages={**_blocks(**_refused("No.")), **_M_USED},
    ),
    Row(
        "the stop sequence that ended it",
        messages={
            **_blocks(_text("Hi"), stop_reason="stop_sequence", stop_sequence="END"),
            **_M_USED,
        },
        cells={
            M_C: Changed("it says that it stopped, not at which", {**_chat("stop", "Hi"), **_USED}),
            M_R: Changed(
                "it says that it stopped, not at which", {**_output(_said("Hi")), **_R_USED}
            ),
        },
    ),
    Row(
        "thoughts",
        chat={**_chat("stop", "Hi", reasoning_content="Hm."), **_USED},
        responses={**_output(_thought("enc", "rs_9"), _said("Hi", 1)), **_R_USED},
        messages={
            **_blocks({"type": "thinking", "thinking": "Hm.", "signature": "sig"}, _text("Hi")),
            **_M_USED,
        },
        cells={
            C_R: Changed(
                "sealed with the name of who thought",
                {**_output(_thought("sealed:chat::", "rs_1_0"), _said("Hi", 1)), **_R_USED},
            ),
            C_M: Changed(
                "sealed with the name of who thought",
                {
                    **_blocks(
                        {"type": "thinking", "thinking": "Hm.", "signature": "sealed:chat::"},
                        _text("Hi"),
                    ),
                    **_M_USED,
                },
            ),
            R_C: Changed(
                "with `reasoning_details`, as OpenRouter has them",
                {
                    **_chat(
                        "stop",
                        "Hi",
                        reasoning_content="Hm.",
                        reasoning_details=[
                            _detail("openai-responses-v1", id="rs_9", index=0, signature="enc")
                        ],
                    ),
                    **_USED,
                },
            ),
            R_M: Changed(
                "sealed with the name of who thought",
                {
                    **_blocks(
                        {
                            "type": "thinking",
                            "thinking": "Hm.",
                            "signature": "sealed:responses:rs_9:enc",
                        },
                        _text("Hi"),
                    ),
                    **_M_USED,
                },
            ),
            M_C: Changed(
                "with `reasoning_details`, as OpenRouter has them",
                {
                    **_chat(
                        "stop",
                        "Hi",
                        reasoning_content="Hm.",
                        reasoning_details=[_detail("anthropic-claude-v1", index=0)],
                    ),
                    **_USED,
                },
            ),
            M_R: Changed(
                "sealed with the name of who thought",
                {**_output(_thought("sealed:messages::sig", "rs_1_0"), _said("Hi", 1)), **_R_USED},
            ),
        },
    ),
    Row(
        "a page that is cited",
        chat={**_chat("stop", "Hi", annotations=[_CITED]), **_USED},
        responses={**_output(_said("Hi", 0, _R_CITED)), **_R_USED},
        messages={**_blocks(_text("Hi", [_M_CITED])), **_M_USED},
    ),
    Row(
        "the service tier that was billed",
        chat={**_chat("stop", "Hi"), **_USED, "service_tier": "default"},
        responses={**_output(_said("Hi")), **_R_USED, "service_tier": "default"},
        messages={
            **_blocks(_text("Hi")),
            "usage": {**_M_USED["usage"], "service_tier": "standard"},
        },
    ),
    Row(
        "an answer that does not tell what it used",
        chat=_chat("stop", "Hi"),
        responses=_output(_said("Hi")),
        cells={
            C_M: Changed("Messages demand counts: zeros", _blocks(_text("Hi"))),
            R_M: Changed("Messages demand counts: zeros", _blocks(_text("Hi"))),
        },
    ),
)

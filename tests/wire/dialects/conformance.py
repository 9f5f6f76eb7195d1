"""What becomes of each thing that a request can say, between any two dialects: one table.

A row shows the thing in each dialect that has it. Between two that have it, it crosses as it is,
unless its cell says otherwise; where the target lacks it, the cell has to say what happens. The
tests try every cell, and `docs/dialects.md` shows them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

from router.wire.dialects.dialect import Dialect

CHAT, RESPONSES, MESSAGES = Dialect.CHAT, Dialect.RESPONSES, Dialect.MESSAGES
Pair = tuple[Dialect, Dialect]
Members = Mapping[str, Any]
PAIRS: tuple[Pair, ...] = tuple(permutations(Dialect, 2))


@dataclass(frozen=True)
class Changed:
    """It crosses in another form: the target's members then, and in words why."""

    why: str
    members: Members


@dataclass(frozen=True)
class Refused:
    """It is refused, with an error that names this field."""

    field: str


@dataclass(frozen=True)
class Row:
    """A thing to say, and what becomes of it where it does not cross as it is."""

    name: str
    chat: Members | None = None
    responses: Members | None = None
    messages: Members | None = None
    cells: Mapping[Pair, Changed | Refused] = field(default_factory=dict)

    def said(self, dialect: Dialect) -> Members | None:
        """How a dialect says it, None where it cannot."""
        return {CHAT: self.chat, RESPONSES: self.responses, MESSAGES: self.messages}[dialect]


BASE: Mapping[Dialect, Members] = {
    CHAT: {
        "model": "m",
        "messages": [{"role": "user", "content": "Hello"}],
        "max_completion_tokens": 9000,
    },
    RESPONSES: {
        "model": "m",
        "input": [
            {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "Hello"}],
            }
        ],
        "max_output_tokens": 9000,
        "store": False,
        "include": ["reasoning.encrypted_content"],
    },
    MESSAGES: {
        "model": "m",
        "max_tokens": 9000,
        "messages": [{"role": "user", "content": "Hello"}],
    },
}
"""The request that each row adds to, the same in all three."""

C_R, C_M = (CHAT, RESPONSES), (CHAT, MESSAGES)
R_C, R_M = (RESPONSES, CHAT), (RESPONSES, MESSAGES)
M_C, M_R = (MESSAGES, CHAT), (MESSAGES, RESPONSES)


def _chat(*messages: Members) -> Members:
    return {"messages": list(messages)}


def _input(*items: Members) -> Members:
    return {"input": list(items)}


def _user(*parts: Members) -> Members:
    return {"type": "message", "role": "user", "content": list(parts)}


def _asks(*parts: Members) -> Members:
    return {"messages": [{"role": "user", "content": list(parts)}]}


def _alike(members: Members) -> Mapping[str, Members]:
    """Said alike by chat and Responses."""
    return {"chat": members, "responses": members}


def _left_out(why: str) -> Changed:
    return Changed(f"left out: {why}", {})


_HI = {"role": "user", "content": "Hi"}
_HI_ITEM = _user({"type": "input_text", "text": "Hi"})
_PNG = "data:image/png;base64,AAAA"
_PDF = "data:application/pdf;base64,AAAA"
_PAGE = "https://example.com/a.png"
_SCHEMA: Members = {"type": "object", "properties": {"a": {"type": "string"}}}
_FUNCTION = {"name": "f", "description": "F.", "parameters": _SCHEMA}
_R_TOOL: Members = {"tools": [{"type": "function", **_FUNCTION, "strict": False}]}
_M_TOOL: Members = {"tools": [{"name": "f", "description": "F.", "input_schema": _SCHEMA}]}
_STRICT: Members = {"tools": [{"type": "function", "function": {**_FUNCTION, "strict": True}}]}
_R_STRICT: Members = {"tools": [{"type": "function", **_FUNCTION, "strict": True}]}
_NOT_STRICT: Members = {"tools": [{"type": "function", "function": {**_FUNCTION, "strict": False}}]}
_M_STRICT: Members = {"tools": [{**_M_TOOL["tools"][0], "strict": True}]}
_M_NOT_STRICT: Members = {"tools": [{**_M_TOOL["tools"][0], "strict": False}]}
_G = {"name": "g", "parameters": _SCHEMA}
_TWO: Members = {
    "tools": [*_STRICT["tools"], {"type": "function", "function": {**_G, "strict": True}}]
}
_R_TWO: Members = {"tools": [*_R_STRICT["tools"], {"type": "function", **_G, "strict": True}]}
_CUSTOM_FORM = {"definition": "a+", "syntax": "regex"}


def _call(given: str) -> Members:
    return {"id": given, "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}


def _r_call(given: str) -> Members:
    return {"type": "function_call", "call_id": given, "name": "f", "arguments": '{"a":1}'}


def _m_call(given: str) -> Members:
    return {"type": "tool_use", "id": given, "name": "f", "input": {"a": 1}}


def _called(*results: Members) -> Members:
    """A conversation in which two tools were called at once, with these results."""
    calls = [_call("c1"), _call("c2")]
    return _chat(_HI, {"role": "assistant", "content": None, "tool_calls": calls}, *results)


def _r_called(*results: Members) -> Members:
    return _input(_HI_ITEM, _r_call("c1"), _r_call("c2"), *results)


def _m_called(*results: Members) -> Members:
    calls = [_m_call("c1"), _m_call("c2")]
    spoken = {"role": "assistant", "content": calls}
    return _chat(_HI, spoken, {"role": "user", "content": list(results)})


def _result(given: str, text: str) -> Members:
    return {"role": "tool", "tool_call_id": given, "content": text}


def _r_result(given: str, output: Any) -> Members:
    return {"type": "function_call_output", "call_id": given, "output": output}


def _m_result(given: str, content: Any, **more: Any) -> Members:
    return {"type": "tool_result", "tool_use_id": given, **more, "content": content}


_M_IMAGE: Members = {
    "type": "image",
    "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"},
}
_R_IMAGE: Members = {"type": "input_image", "detail": "auto", "image_url": _PNG}

_MESSAGES_ROWS = (
    Row(
        "a system prompt",
        chat=_chat({"role": "system", "content": "Be brief."}, _HI),
        responses={"instructions": "Be brief.", **_input(_HI_ITEM)},
        messages={"system": "Be brief.", **_chat(_HI)},
    ),
    Row(
        "the developer's role",
        chat=_chat({"role": "developer", "content": "Be brief."}, _HI),
        responses=_input(
            {
                "type": "message",
                "role": "developer",
                "content": [{"type": "input_text", "text": "Be brief."}],
            },
            _HI_ITEM,
        ),
        cells={
            C_M: Changed("becomes the system prompt", {"system": "Be brief.", **_chat(_HI)}),
            R_M: Changed("becomes the system prompt", {"system": "Be brief.", **_chat(_HI)}),
        },
    ),
    Row(
        "a system message amid the conversation",
        chat=_chat(_HI, {"role": "system", "content": "Be brief."}),
        responses=_input(
            _HI_ITEM,
            {
                "type": "message",
                "role": "system",
                "content": [{"type": "input_text", "text": "Be brief."}],
            },
        ),
        messages=_chat(_HI, {"role": "system", "content": "Be brief."}),
    ),
    Row(
        "messages of one side in a row",
        chat=_chat(_HI, {"role": "user", "content": "There"}),
        responses=_input(_HI_ITEM, _user({"type": "input_text", "text": "There"})),
        cells={
            pair: Changed(
                "become one message, as Messages do it themselves",
                _asks({"type": "text", "text": "Hi"}, {"type": "text", "text": "There"}),
            )
            for pair in (C_M, R_M)
        },
    ),
    Row(
        "an image by its URL",
        chat=_asks({"type": "image_url", "image_url": {"url": _PAGE}}),
        responses=_input(_user({"type": "input_image", "detail": "auto", "image_url": _PAGE})),
        messages=_asks({"type": "image", "source": {"type": "url", "url": _PAGE}}),
    ),
    Row(
        "an image's bytes",
        chat=_asks({"type": "image_url", "image_url": {"url": _PNG}}),
        responses=_input(_user(_R_IMAGE)),
        messages=_asks(_M_IMAGE),
    ),
    Row(
        "an uploaded image",
        responses=_input(_user({"type": "input_image", "detail": "auto", "file_id": "f1"})),
        messages=_asks({"type": "image", "source": {"type": "file", "file_id": "f1"}}),
        cells={R_C: Refused("image"), M_C: Refused("image")},
    ),
    Row(
        "how closely to look at an image",
        chat=_asks({"type": "image_url", "image_url": {"url": _PAGE, "detail": "low"}}),
        responses=_input(_user({"type": "input_image", "detail": "low", "image_url": _PAGE})),
        cells={
            pair: Changed(
                "left out: Messages look as closely as they can",
                _asks({"type": "image", "source": {"type": "url", "url": _PAGE}}),
            )
            for pair in (C_M, R_M)
        },
    ),
    Row(
        "a PDF's bytes",
        chat=_asks({"type": "file", "file": {"file_data": _PDF, "filename": "a.pdf"}}),
        responses=_input(_user({"type": "input_file", "file_data": _PDF, "filename": "a.pdf"})),
        messages=_asks(
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "AAAA"},
                "title": "a.pdf",
            }
        ),
    ),
    Row(
        "a document by its URL",
        responses=_input(_user({"type": "input_file", "file_url": "https://example.com/a.pdf"})),
        messages=_asks(
            {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}}
        ),
        cells={R_C: Refused("document"), M_C: Refused("document")},
    ),
    Row(
        "an uploaded document",
        chat=_asks({"type": "file", "file": {"file_id": "f1"}}),
        responses=_input(_user({"type": "input_file", "file_id": "f1"})),
        messages=_asks({"type": "document", "source": {"type": "file", "file_id": "f1"}}),
    ),
    Row(
        "a document to be cited",
        messages=_asks(
            {
                "type": "document",
                "source": {"type": "file", "file_id": "f1"},
                "citations": {"enabled": True},
            }
        ),
        cells={pair: Refused("messages[0].content[0].citations") for pair in (M_C, M_R)},
    ),
    Row(
        "sound",
        chat=_asks({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}),
        cells={C_R: Refused("input"), C_M: Refused("input_audio")},
    ),
    Row(
        "a participant's name",
        chat=_chat({"role": "user", "content": "Hi", "name": "Ann"}),
        cells={pair: Refused("messages[0].name") for pair in (C_R, C_M)},
    ),
    Row(
        "a cache breakpoint",
        chat=_asks({"type": "text", "text": "Hi", "prompt_cache_breakpoint": {"mode": "explicit"}}),
        responses=_input(
            _user(
                {
                    "type": "input_text",
                    "text": "Hi",
                    "prompt_cache_breakpoint": {"mode": "explicit"},
                }
            )
        ),
        messages=_asks({"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}),
    ),
    Row(
        "a refusal in the history",
        chat=_chat(_HI, {"role": "assistant", "content": None, "refusal": "No."}, _HI),
        responses=_input(
            _HI_ITEM,
            {
                "id": "msg_1_0",
                "type": "message",
                "role": "assistant",
                "status": "completed",
                "content": [{"type": "refusal", "refusal": "No."}],
            },
            _HI_ITEM,
        ),
        cells={
            pair: Changed(
                "becomes what the assistant said",
                _chat(_HI, {"role": "assistant", "content": "No."}, _HI),
            )
            for pair in (C_M, R_M)
        },
    ),
)

_TOOL_ROWS = (
    Row(
        "functions",
        chat=_NOT_STRICT,
        responses=_R_TOOL,
        messages=_M_NOT_STRICT,
    ),
    Row("strict functions", chat=_STRICT, responses=_R_STRICT, messages=_M_STRICT),
    Row(
        "tools that take free text",
        chat={
            "tools": [
                {
                    "type": "custom",
                    "custom": {
                        "name": "g",
                        "format": {"type": "grammar", "grammar": _CUSTOM_FORM},
                    },
                }
            ]
        },
        responses={
            "tools": [
                {"type": "custom", "name": "g", "format": {"type": "grammar", **_CUSTOM_FORM}}
            ]
        },
        cells={C_M: Refused("tools"), R_M: Refused("tools")},
    ),
    Row(
        "tools that the provider runs",
        responses={"tools": [{"type": "web_search"}]},
        messages={"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
        cells={pair: Refused("tools[0].type") for pair in (R_C, R_M, M_C, M_R)},
    ),
    *(
        Row(
            f"tool choice: {named}",
            chat={**_STRICT, "tool_choice": word},
            responses={**_R_STRICT, "tool_choice": word},
            messages={**_M_STRICT, "tool_choice": {"type": theirs}},
        )
        for named, word, theirs in (
            ("the model's", "auto", "auto"),
            ("none", "none", "none"),
            ("any, but one", "required", "any"),
        )
    ),
    Row(
        "tool choice: this one",
        chat={**_STRICT, "tool_choice": {"type": "function", "function": {"name": "f"}}},
        responses={**_R_STRICT, "tool_choice": {"type": "function", "name": "f"}},
        messages={**_M_STRICT, "tool_choice": {"type": "tool", "name": "f"}},
    ),
    Row(
        "tool choice: among these",
        chat={
            **_TWO,
            "tool_choice": {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "required",
                    "tools": [{"type": "function", "function": {"name": "f"}}],
                },
            },
        },
        responses={
            **_R_TWO,
            "tool_choice": {
                "type": "allowed_tools",
                "mode": "required",
                "tools": [{"type": "function", "name": "f"}],
            },
        },
        cells={
            pair: Changed(
                "the others are not offered", {**_M_STRICT, "tool_choice": {"type": "any"}}
            )
            for pair in (C_M, R_M)
        },
    ),
    Row(
        "no tools at once",
        chat={**_STRICT, "tool_choice": "auto", "parallel_tool_calls": False},
        responses={**_R_STRICT, "tool_choice": "auto", "parallel_tool_calls": False},
        messages={
            **_M_STRICT,
            "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
        },
    ),
    Row(
        "calls at once, and their results",
        chat=_called(_result("c1", "one"), _result("c2", "two")),
        responses=_r_called(_r_result("c1", "one"), _r_result("c2", "two")),
        messages=_m_called(_m_result("c1", "one"), _m_result("c2", "two")),
    ),
    Row(
        "an image as a result",
        responses=_r_called(_r_result("c1", [_R_IMAGE]), _r_result("c2", "two")),
        messages=_m_called(_m_result("c1", [_M_IMAGE]), _m_result("c2", "two")),
        cells={
            pair: Changed(
                "follows in a message of the user",
                _called(
                    _result("c1", "(See the next message for what the tool showed.)"),
                    _result("c2", "two"),
                    {
                        "role": "user",
                        "content": [{"type": "image_url", "image_url": {"url": _PNG}}],
                    },
                ),
            )
            for pair in (R_C, M_C)
        },
    ),
    Row(
        "a tool that failed",
        messages=_m_called(_m_result("c1", "No such file", is_error=True), _m_result("c2", "two")),
        cells={
            M_C: Changed(
                "is said in words",
                _called(_result("c1", "Error: No such file"), _result("c2", "two")),
            ),
            M_R: Changed(
                "is said in words",
                _r_called(_r_result("c1", "Error: No such file"), _r_result("c2", "two")),
            ),
        },
    ),
)


def _thinking(signature: str) -> Members:
    block = {"type": "thinking", "thinking": "Hm.", "signature": signature}
    spoken = {"role": "assistant", "content": [block, {"type": "text", "text": "Yes"}]}
    return _chat(_HI, spoken, _HI)


def _r_message(place: str) -> Members:
    text = {"type": "output_text", "text": "Yes", "annotations": [], "logprobs": []}
    return {
        "id": f"msg_{place}",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [text],
    }


def _reasoning(encrypted: str, given: str = "rs_1") -> Members:
    summary = [{"type": "summary_text", "text": "Hm."}]
    item = {"id": given, "type": "reasoning", "summary": summary, "encrypted_content": encrypted}
    return _input(_HI_ITEM, item, _r_message("1_1"), _HI_ITEM)


_PLAIN_HISTORY = _chat(_HI, {"role": "assistant", "content": "Yes"}, _HI)
_R_SPOKEN = _input(_HI_ITEM, _r_message("1_1"), _HI_ITEM)

_THOUGHT_ROWS = (
    Row(
        "how hard to think",
        chat={"reasoning_effort": "high"},
        responses={"reasoning": {"effort": "high"}},
        messages={"output_config": {"effort": "high"}, "thinking": {"type": "adaptive"}},
    ),
    Row(
        "not to think",
        chat={"reasoning_effort": "none"},
        responses={"reasoning": {"effort": "none"}},
        messages={"thinking": {"type": "disabled"}},
    ),
    Row(
        "hardly to think",
        chat={"reasoning_effort": "minimal"},
        responses={"reasoning": {"effort": "minimal"}},
        cells={
            pair: Changed(
                "`low` is their least",
                {"output_config": {"effort": "low"}, "thinking": {"type": "adaptive"}},
            )
            for pair in (C_M, R_M)
        },
    ),
    Row(
        "a budget of tokens to think with",
        messages={"thinking": {"type": "enabled", "budget_tokens": 8000}},
        cells={
            M_C: Changed("the effort that covers it", {"reasoning_effort": "medium"}),
            M_R: Changed("the effort that covers it", {"reasoning": {"effort": "medium"}}),
        },
    ),
    Row(
        "thoughts of the model that answers, in the history",
        chat=_chat(
            _HI,
            {
                "role": "assistant",
                "content": "Yes",
                "reasoning_content": "Hm.",
                "reasoning_details": [
                    {
                        "type": "reasoning.text",
                        "text": "Hm.",
                        "signature": "sig",
                        "format": "anthropic-claude-v1",
                        "index": 0,
                    }
                ],
            },
            _HI,
        ),
        responses=_reasoning("sealed:messages::sig"),
        cells={
            C_R: Changed("left out: another model's", _R_SPOKEN),
            C_M: Changed("its seal is given back to it", _thinking("sig")),
            R_C: Changed("left out: another model's", _PLAIN_HISTORY),
            R_M: Changed("its seal is given back to it", _thinking("sig")),
        },
    ),
    Row(
        "thoughts of another model, in the history",
        messages=_thinking("sig"),
        cells={
            M_C: Changed("left out: another model's", _PLAIN_HISTORY),
            M_R: Changed("left out: another model's", _R_SPOKEN),
        },
    ),
)

_OTHER_ROWS = (
    Row(
        "JSON of a schema",
        chat={
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": _SCHEMA},
            }
        },
        responses={
            "text": {"format": {"type": "json_schema", "name": "answer", "schema": _SCHEMA}}
        },
        messages={"output_config": {"format": {"type": "json_schema", "schema": _SCHEMA}}},
    ),
    Row(
        "JSON of any shape",
        chat={"response_format": {"type": "json_object"}},
        responses={"text": {"format": {"type": "json_object"}}},
        cells={C_M: Refused("response_format"), R_M: Refused("response_format")},
    ),
    Row(
        "a limit of 5 tokens",
        chat={"max_completion_tokens": 5},
        messages={"max_tokens": 5},
        cells={
            pair: Changed("Responses take 16 at least", {"max_output_tokens": 16})
            for pair in (C_R, M_R)
        },
    ),
    Row(
        "no limit of tokens",
        chat={"max_completion_tokens": None},
        responses={"max_output_tokens": None},
        cells={
            pair: Changed("Messages demand one: the model's own", {"max_tokens": 64_000})
            for pair in (C_M, R_M)
        },
    ),
    Row("temperature", **_alike({"temperature": 0.5}), messages={"temperature": 0.5}),
    Row(
        "temperature above 1",
        **_alike({"temperature": 1.5}),
        cells={C_M: Refused("temperature"), R_M: Refused("temperature")},
    ),
    Row("`top_p`", **_alike({"top_p": 0.5}), messages={"top_p": 0.5}),
    Row(
        "`top_k`",
        messages={"top_k": 5},
        cells={M_C: Refused("top_k"), M_R: Refused("top_k")},
    ),
    Row(
        "stop sequences",
        chat={"stop": ["END"]},
        messages={"stop_sequences": ["END"]},
        cells={C_R: Refused("stop"), M_R: Refused("stop")},
    ),
    Row(
        "more than four stop sequences",
        messages={"stop_sequences": list("abcde")},
        cells={M_C: Refused("stop_sequences"), M_R: Refused("stop")},
    ),
    Row(
        "verbosity",
        chat={"verbosity": "low"},
        responses={"text": {"verbosity": "low"}},
        cells={C_M: Refused("verbosity"), R_M: Refused("verbosity")},
    ),
    Row(
        "service tier: the usual",
        **_alike({"service_tier": "default"}),
        messages={"service_tier": "standard_only"},
    ),
    Row(
        "service tier: flex",
        **_alike({"service_tier": "flex"}),
        cells={C_M: Refused("service_tier"), R_M: Refused("service_tier")},
    ),
    Row("the user", **_alike({"user": "u1"}), messages={"metadata": {"user_id": "u1"}}),
    Row(
        "metadata",
        **_alike({"metadata": {"a": "b"}}),
        cells={C_M: _left_out("labels"), R_M: _left_out("labels")},
    ),
    Row(
        "a key for the prompt cache",
        **_alike({"prompt_cache_key": "k"}),
        cells={C_M: _left_out("no such key"), R_M: _left_out("no such key")},
    ),
    Row(
        "a stream",
        chat={"stream": True, "stream_options": {"include_usage": True}},
        responses={"stream": True},
        messages={"stream": True},
    ),
    Row(
        "a seed",
        chat={"seed": 1},
        cells={C_R: _left_out("a hint only"), C_M: _left_out("a hint only")},
    ),
    Row("two answers", chat={"n": 2}, cells={C_R: Refused("n"), C_M: Refused("n")}),
    Row(
        "penalties",
        chat={"presence_penalty": 1},
        cells={C_R: Refused("presence_penalty"), C_M: Refused("presence_penalty")},
    ),
    Row(
        "log probabilities",
        chat={"logprobs": True},
        responses={"top_logprobs": 2},
        cells={
            C_R: Refused("logprobs"),
            C_M: Refused("logprobs"),
            R_C: Refused("top_logprobs"),
            R_M: Refused("top_logprobs"),
        },
    ),
    Row(
        "an answer to be stored",
        chat={"store": True},
        responses={"store": True},
        cells={pair: Refused("store") for pair in (C_R, C_M, R_C, R_M)},
    ),
    Row(
        "the conversation by its last answer",
        responses={"previous_response_id": "resp_1"},
        cells={pair: Refused("previous_response_id") for pair in (R_C, R_M)},
    ),
    Row(
        "what nobody knows yet",
        chat={"invented": 1},
        responses={"invented": 1},
        messages={"invented": 1},
        cells={pair: Refused("invented") for pair in PAIRS},
    ),
)

REQUESTS: Mapping[str, tuple[Row, ...]] = {
    "Messages": _MESSAGES_ROWS,
    "Tools": _TOOL_ROWS,
    "Thoughts": _THOUGHT_ROWS,
    "Everything else": _OTHER_ROWS,
}

"""What becomes of tools, their calls and their results."""

from typing import Any

from tests.wire.dialects.conformance import (
    C_M,
    CLOSED,
    HI,
    HI_ITEM,
    M_C,
    M_IMAGE,
    M_R,
    PNG,
    R_C,
    R_IMAGE,
    R_M,
    Changed,
    Members,
    Refused,
    Row,
    items,
    says,
)

_FUNCTION = {"name": "f", "description": "F.", "parameters": CLOSED}
_R_TOOL: Members = {"tools": [{"type": "function", **_FUNCTION, "strict": False}]}
_M_TOOL: Members = {"tools": [{"name": "f", "description": "F.", "input_schema": CLOSED}]}
_STRICT: Members = {"tools": [{"type": "function", "function": {**_FUNCTION, "strict": True}}]}
_R_STRICT: Members = {"tools": [{"type": "function", **_FUNCTION, "strict": True}]}
_NOT_STRICT: Members = {"tools": [{"type": "function", "function": {**_FUNCTION, "strict": False}}]}
_M_STRICT: Members = {"tools": [{**_M_TOOL["tools"][0], "strict": True}]}
_M_NOT_STRICT: Members = {"tools": [{**_M_TOOL["tools"][0], "strict": False}]}
_G = {"name": "g", "parameters": CLOSED}
_TWO: Members = {
    "tools": [*_STRICT["tools"], {"type": "function", "function": {**_G, "strict": True}}]
}
_R_TWO: Members = {"tools": [*_R_STRICT["tools"], {"type": "function", **_G, "strict": True}]}
_TOLD = {**_FUNCTION, "description": 'F.\n\nFor example: {"a":"b"}'}
_EXEMPLIFIED: Members = {"type": "function", "function": {**_TOLD, "strict": True}}
_R_EXEMPLIFIED: Members = {"type": "function", **_TOLD, "strict": True}
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
    return says(HI, {"role": "assistant", "content": None, "tool_calls": calls}, *results)


def _r_called(*results: Members) -> Members:
    return items(HI_ITEM, _r_call("c1"), _r_call("c2"), *results)


def _m_called(*results: Members) -> Members:
    calls = [_m_call("c1"), _m_call("c2")]
    spoken = {"role": "assistant", "content": calls}
    return says(HI, spoken, {"role": "user", "content": list(results)})


def _result(given: str, text: str) -> Members:
    return {"role": "tool", "tool_call_id": given, "content": text}


def _r_result(given: str, output: Any) -> Members:
    return {"type": "function_call_output", "call_id": given, "output": output}


def _m_result(given: str, content: Any, **more: Any) -> Members:
    return {"type": "tool_result", "tool_use_id": given, **more, "content": content}


TOOL_ROWS = (
    Row(
        "functions",
        chat=_NOT_STRICT,
        responses=_R_TOOL,
        messages=_M_NOT_STRICT,
    ),
    Row("strict functions", chat=_STRICT, responses=_R_STRICT, messages=_M_STRICT),
    Row(
        "a cache breakpoint on a function",
        messages={"tools": [{**_M_STRICT["tools"][0], "cache_control": {"type": "ephemeral"}}]},
        cells={
            M_C: Changed("left out: OpenAI marks no tools", _STRICT),
            M_R: Changed("left out: OpenAI marks no tools", _R_STRICT),
        },
    ),
    Row(
        "examples of a function's input",
        messages={"tools": [{**_M_STRICT["tools"][0], "input_examples": [{"a": "b"}]}]},
        cells={
            M_C: Changed("told in its description", {"tools": [_EXEMPLIFIED]}),
            M_R: Changed("told in its description", {"tools": [_R_EXEMPLIFIED]}),
        },
    ),
    Row(
        "a function with a name of more than 64 characters",
        responses={"tools": [{**_R_STRICT["tools"][0], "name": "f" * 65}]},
        messages={"tools": [{**_M_STRICT["tools"][0], "name": "f" * 65}]},
        cells={R_C: Refused("tools"), M_C: Refused("tools")},
    ),
    Row(
        "a tool that must be called, by a model that thinks",
        chat={**_STRICT, "tool_choice": "required", "reasoning_effort": "high"},
        responses={**_R_STRICT, "tool_choice": "required", "reasoning": {"effort": "high"}},
        cells={
            pair: Changed(
                "it does not think first: Messages refuse both at once",
                {
                    **_M_STRICT,
                    "tool_choice": {"type": "any"},
                    "output_config": {"effort": "high"},
                },
            )
            for pair in (C_M, R_M)
        },
    ),
    Row(
        "free text for a tool, and its result",
        chat=says(
            HI,
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "c1", "type": "custom", "custom": {"name": "g", "input": "aa"}}
                ],
            },
            _result("c1", "one"),
        ),
        responses=items(
            HI_ITEM,
            {"type": "custom_tool_call", "call_id": "c1", "name": "g", "input": "aa"},
            {"type": "custom_tool_call_output", "call_id": "c1", "output": "one"},
        ),
        cells={C_M: Refused("messages"), R_M: Refused("messages")},
    ),
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
        responses=_r_called(_r_result("c1", [R_IMAGE]), _r_result("c2", "two")),
        messages=_m_called(_m_result("c1", [M_IMAGE]), _m_result("c2", "two")),
        cells={
            pair: Changed(
                "follows in a message of the user",
                _called(
                    _result("c1", "(See the next message for what the tool showed.)"),
                    _result("c2", "two"),
                    {
                        "role": "user",
                        "content": [{"type": "image_url", "image_url": {"url": PNG}}],
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

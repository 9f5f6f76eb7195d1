"""What becomes of thoughts, and of all that is set for an answer."""

from router.wire.dialects.only_json import IN_WORDS
from tests.wire.dialects.conformance import (
    C_M,
    C_R,
    CLOSED,
    HI,
    HI_ITEM,
    M_C,
    M_R,
    PAIRS,
    R_C,
    R_M,
    SCHEMA,
    Changed,
    Members,
    Refused,
    Row,
    items,
    left_out,
    says,
)


def _thinking(signature: str) -> Members:
    block = {"type": "thinking", "thinking": "Hm.", "signature": signature}
    spoken = {"role": "assistant", "content": [block, {"type": "text", "text": "Yes"}]}
    return says(HI, spoken, HI)


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
    return items(HI_ITEM, item, _r_message("1_1"), HI_ITEM)


_R_BRACE: Members = {
    "type": "output_text",
    "text": "{",
    "annotations": [],
    "logprobs": [],
}
_PLAIN_HISTORY = says(HI, {"role": "assistant", "content": "Yes"}, HI)
_R_SPOKEN = items(HI_ITEM, _r_message("1_1"), HI_ITEM)

_LIMITED: Members = {**CLOSED, "properties": {"a": {"type": "integer", "minimum": 1}}}
_DESCRIBED: Members = {
    **CLOSED,
    "properties": {"a": {"type": "integer", "description": "{minimum: 1}"}},
}
_UNNAMED: Members = {"type": "object", "additionalProperties": {"type": "string"}}

_ENDLESS: Members = {**CLOSED, "properties": {"a": {"$ref": "#"}}}
_PART: Members = {"$defs": {"part": CLOSED}}
_ALL_OF: Members = {**_PART, "allOf": [{"$ref": "#/$defs/part"}, {"required": ["a"]}]}
_TOGETHER: Members = {**_PART, **CLOSED, "required": ["a"]}


_BEGUN = says(HI, {"role": "assistant", "content": "{"})
_R_BEGUN = items(HI_ITEM, {**_r_message("1_0"), "content": [_R_BRACE]})


def _chat_json(schema: Members) -> Members:
    named = {"name": "answer", "schema": schema}
    return {"response_format": {"type": "json_schema", "json_schema": named}}


def _r_json(schema: Members) -> Members:
    return {"text": {"format": {"type": "json_schema", "name": "answer", "schema": schema}}}


THOUGHT_ROWS = (
    Row(
        "how hard to think",
        chat={"reasoning_effort": "high"},
        responses={"reasoning": {"effort": "high"}},
        messages={"output_config": {"effort": "high"}, "thinking": {"type": "adaptive"}},
    ),
    Row(
        "to think, at a temperature",
        chat={"reasoning_effort": "high", "temperature": 0.5},
        responses={"reasoning": {"effort": "high"}, "temperature": 0.5},
        cells={C_M: Refused("temperature"), R_M: Refused("temperature")},
    ),
    Row(
        "to think, at a `top_p` below 0.95",
        chat={"reasoning_effort": "high", "top_p": 0.5},
        responses={"reasoning": {"effort": "high"}, "top_p": 0.5},
        cells={C_M: Refused("top_p"), R_M: Refused("top_p")},
    ),
    Row(
        "to think, where the last message begins the answer",
        chat={"reasoning_effort": "high", **_BEGUN},
        responses={"reasoning": {"effort": "high"}, **_R_BEGUN},
        cells={C_M: Refused("messages"), R_M: Refused("messages")},
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
        "how thoughts are to be shown",
        messages={"thinking": {"type": "adaptive", "display": "omitted"}},
        cells={pair: left_out("as the model shows them") for pair in (M_C, M_R)},
    ),
    Row(
        "thoughts of the model that answers, in the history",
        chat=says(
            HI,
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
            HI,
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

OTHER_ROWS = (
    Row(
        "JSON of a schema",
        chat=_chat_json(CLOSED),
        responses=_r_json(CLOSED),
        messages={"output_config": {"format": {"type": "json_schema", "schema": CLOSED}}},
    ),
    Row(
        "JSON of a schema with open objects",
        chat=_chat_json(SCHEMA),
        responses=_r_json(SCHEMA),
        cells={
            pair: Changed(
                "closed: Messages demand it",
                {"output_config": {"format": {"type": "json_schema", "schema": CLOSED}}},
            )
            for pair in (C_M, R_M)
        },
    ),
    Row(
        "JSON of a schema with a least number",
        chat=_chat_json(_LIMITED),
        responses=_r_json(_LIMITED),
        cells={
            pair: Changed(
                "said in words: Messages know few limits",
                {"output_config": {"format": {"type": "json_schema", "schema": _DESCRIBED}}},
            )
            for pair in (C_M, R_M)
        },
    ),
    Row(
        "JSON of a schema that does not name the members of an object",
        chat=_chat_json(_UNNAMED),
        responses=_r_json(_UNNAMED),
        cells={pair: Refused("response_format") for pair in (C_M, R_M)},
    ),
    Row(
        "JSON of a schema, where the last message begins the answer",
        chat={**_chat_json(CLOSED), **_BEGUN},
        responses={**_r_json(CLOSED), **_R_BEGUN},
        cells={C_M: Refused("messages"), R_M: Refused("messages")},
    ),
    Row(
        "JSON of a schema that contains itself",
        chat=_chat_json(_ENDLESS),
        responses=_r_json(_ENDLESS),
        cells={pair: Refused("response_format") for pair in (C_M, R_M)},
    ),
    Row(
        "JSON of all of several schemas",
        chat=_chat_json(_ALL_OF),
        responses=_r_json(_ALL_OF),
        cells={
            pair: Changed(
                "put together: Messages know no reference within `allOf`",
                {"output_config": {"format": {"type": "json_schema", "schema": _TOGETHER}}},
            )
            for pair in (C_M, R_M)
        },
    ),
    Row(
        "JSON of any shape",
        chat={"response_format": {"type": "json_object"}},
        responses={"text": {"format": {"type": "json_object"}}},
        cells={
            pair: Changed(
                "said in words; of the answer, only the first JSON object is told",
                {"system": IN_WORDS},
            )
            for pair in (C_M, R_M)
        },
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
        "a limit of 0 tokens",
        messages={"max_tokens": 0},
        cells={M_C: Refused("max_tokens"), M_R: Refused("max_tokens")},
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
    Row(
        "temperature",
        chat={"temperature": 0.5},
        responses={"temperature": 0.5},
        messages={"temperature": 0.5},
    ),
    Row(
        "temperature above 1",
        chat={"temperature": 1.5},
        responses={"temperature": 1.5},
        cells={C_M: Refused("temperature"), R_M: Refused("temperature")},
    ),
    Row("`top_p`", chat={"top_p": 0.5}, responses={"top_p": 0.5}, messages={"top_p": 0.5}),
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
        "a stop sequence of white space",
        chat={"stop": ["\n"]},
        cells={C_R: Refused("stop"), C_M: Refused("stop")},
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
        chat={"service_tier": "default"},
        responses={"service_tier": "default"},
        messages={"service_tier": "standard_only"},
    ),
    Row(
        "service tier: flex",
        chat={"service_tier": "flex"},
        responses={"service_tier": "flex"},
        cells={C_M: Refused("service_tier"), R_M: Refused("service_tier")},
    ),
    Row(
        "the user",
        chat={"user": "u1"},
        responses={"user": "u1"},
        messages={"metadata": {"user_id": "u1"}},
    ),
    Row(
        "metadata",
        chat={"metadata": {"a": "b"}},
        responses={"metadata": {"a": "b"}},
        cells={C_M: left_out("labels"), R_M: left_out("labels")},
    ),
    Row(
        "a key for the prompt cache",
        chat={"prompt_cache_key": "k"},
        responses={"prompt_cache_key": "k"},
        cells={C_M: left_out("no such key"), R_M: left_out("no such key")},
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
        cells={C_R: left_out("a hint only"), C_M: left_out("a hint only")},
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
        "a conversation that may be shortened",
        responses={"truncation": "auto"},
        cells={
            pair: left_out("a model for which it is too long is not asked") for pair in (R_C, R_M)
        },
    ),
    Row(
        "what nobody knows yet",
        chat={"invented": 1},
        responses={"invented": 1},
        messages={"invented": 1},
        cells={pair: Refused("invented") for pair in PAIRS},
    ),
)

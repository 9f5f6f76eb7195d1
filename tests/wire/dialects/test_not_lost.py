"""What is easily lost between two dialects, since it is told in another place or in other words."""

from typing import Any

import pytest

from router.domain.errors import ApiError
from router.wire.dialects.dialect import Dialect, Target
from router.wire.dialects.translate import translate_request
from tests.wire.dialects.conformance import (
    BASE,
    CHAT,
    CLOSED,
    MESSAGES,
    PAIRS,
    RESPONSES,
    SCHEMA,
    asks,
    items,
    says,
    user_item,
)


def _told(source: Dialect, to: Dialect, members: Any) -> Any:
    return translate_request({**BASE[source], **members}, source, Target(to))


def _text(dialect: Dialect, **mark: Any) -> Any:
    if dialect is RESPONSES:
        return items(user_item({"type": "input_text", "text": "Hi", **mark}))
    return asks({"type": "text", "text": "Hi", **mark})


@pytest.mark.parametrize("ttl", ["30m", "12h"])
@pytest.mark.parametrize(("source", "to"), [(CHAT, RESPONSES), (RESPONSES, CHAT)])
def test_openais_two_dialects_keep_how_long_a_prompt_is_to_be_cached(
    source: Dialect, to: Dialect, ttl: str
) -> None:
    mark = {"prompt_cache_breakpoint": {"mode": "explicit", "ttl": ttl}}

    told = _told(source, to, _text(source, **mark))

    name = "input" if to is RESPONSES else "messages"
    assert told[name] == _text(to, **mark)[name]


def test_lifetimes_that_the_other_vendor_does_not_know_are_not_told() -> None:
    ours = {"prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}}
    (said,) = _told(CHAT, MESSAGES, _text(CHAT, **ours))["messages"]
    assert said["content"][0]["cache_control"] == {"type": "ephemeral"}

    theirs = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    (said,) = _told(MESSAGES, CHAT, _text(MESSAGES, **theirs))["messages"]
    assert said["content"][0]["prompt_cache_breakpoint"] == {"mode": "explicit"}


@pytest.mark.parametrize("to", [CHAT, RESPONSES])
@pytest.mark.parametrize(
    ("description", "told"),
    [
        ("Adds.", 'Adds.\n\nFor example: {"a":1}\n\nFor example: {"a":2}'),
        (None, 'For example: {"a":1}\n\nFor example: {"a":2}'),
    ],
)
def test_examples_of_a_tools_input_are_told_in_its_description(
    to: Dialect, description: str | None, told: str
) -> None:
    examples = [{"a": 1}, {"a": 2}]
    tool = {"name": "add", "description": description, "input_schema": SCHEMA}

    (sent,) = _told(MESSAGES, to, {"tools": [{**tool, "input_examples": examples}]})["tools"]

    assert (sent["function"] if to is CHAT else sent)["description"] == told


@pytest.mark.parametrize(
    ("own", "told"), [({}, "A river."), ({"description": "Its own."}, "Its own.")]
)
def test_what_an_answer_is_for_is_told_in_its_schema(own: Any, told: str) -> None:
    named = {"name": "river", "description": "A river.", "schema": {**CLOSED, **own}}
    wanted = {"response_format": {"type": "json_schema", "json_schema": named}}

    sent = _told(CHAT, MESSAGES, wanted)["output_config"]["format"]["schema"]

    assert sent == {**CLOSED, "description": told}


@pytest.mark.parametrize("to", [RESPONSES, MESSAGES])
def test_a_schema_beside_json_object_is_the_schema_of_the_answer(to: Dialect) -> None:
    beside = {"response_format": {"type": "json_object", "schema": CLOSED}}

    told = _told(CHAT, to, beside)

    form = told["text"]["format"] if to is RESPONSES else told["output_config"]["format"]
    assert (form["type"], form["schema"]) == ("json_schema", CLOSED)


@pytest.mark.parametrize(
    ("tier", "told"),
    [("auto", "auto"), ("fast", "auto"), ("priority", "auto"), ("scale", "auto")],
)
def test_tiers_that_messages_know_by_another_word_are_no_reason_to_refuse(
    tier: str, told: str
) -> None:
    assert _told(CHAT, MESSAGES, {"service_tier": tier})["service_tier"] == told


_INVENTED = {"invented": 1}
_OF_F = {"type": "function", "function": {"name": "f"}}


@pytest.mark.parametrize(
    ("source", "place", "members"),
    [
        (
            CHAT,
            "response_format.invented",
            {"response_format": {"type": "json_object", **_INVENTED}},
        ),
        (CHAT, "tool_choice.invented", {"tool_choice": {**_OF_F, **_INVENTED}}),
        (
            CHAT,
            "tool_choice.function.invented",
            {"tool_choice": {"type": "function", "function": {"name": "f", **_INVENTED}}},
        ),
        (
            CHAT,
            "tool_choice.allowed_tools.invented",
            {
                "tool_choice": {
                    "type": "allowed_tools",
                    "allowed_tools": {"mode": "auto", "tools": [_OF_F], **_INVENTED},
                }
            },
        ),
        (
            RESPONSES,
            "tool_choice.invented",
            {"tool_choice": {"type": "function", "name": "f", **_INVENTED}},
        ),
        (
            RESPONSES,
            "tool_choice.invented",
            {"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [], **_INVENTED}},
        ),
        (MESSAGES, "tool_choice.invented", {"tool_choice": {"type": "auto", **_INVENTED}}),
        (
            MESSAGES,
            "messages[0].content[0].source.invented",
            asks({"type": "image", "source": {"type": "url", "url": "https://a.b/c", **_INVENTED}}),
        ),
    ],
)
def test_unknown_members_are_refused_in_choices_formats_and_sources_too(
    source: Dialect, place: str, members: Any
) -> None:
    to = RESPONSES if source is CHAT else CHAT
    with pytest.raises(ApiError) as refused:
        _told(source, to, members)
    assert refused.value.param == place


@pytest.mark.parametrize("to", [RESPONSES, MESSAGES])
def test_what_openais_client_has_parsed_may_be_sent_back_with_the_message(to: Dialect) -> None:
    function = {"name": "f", "arguments": '{"a": 1}'}
    call = {"id": "c1", "type": "function", "function": function}
    said = {"role": "assistant", "content": '{"a": 1}', "tool_calls": [call]}
    read = {"type": "function", **call, "function": {**function, "parsed_arguments": {"a": 1}}}
    result = {"role": "tool", "tool_call_id": "c1", "content": "1"}
    hello = {"role": "user", "content": "Hi"}

    told = says(hello, {**said, "parsed": {"a": 1}, "tool_calls": [read]}, result)

    assert _told(CHAT, to, told) == _told(CHAT, to, says(hello, said, result))


def test_the_word_json_stays_where_responses_look_for_it() -> None:
    said = [{"role": "system", "content": "Answer in JSON."}, {"role": "user", "content": "Hi"}]
    wanted = {"messages": said, "response_format": {"type": "json_object"}}

    told = _told(CHAT, RESPONSES, wanted)

    assert "instructions" not in told
    assert [(each["role"], each["content"][0]["text"]) for each in told["input"]] == [
        ("system", "Answer in JSON."),
        ("user", "Hi"),
    ]


@pytest.mark.parametrize(("strict", "are_refused"), [(20, False), (21, True)])
def test_more_strict_tools_than_messages_take_are_refused(strict: int, are_refused: bool) -> None:
    tools = [
        {
            "type": "function",
            "function": {"name": f"f{at}", "parameters": CLOSED, "strict": is_strict},
        }
        for at, is_strict in enumerate([*[True] * strict, *[False] * 9])
    ]

    if not are_refused:
        assert len(_told(CHAT, MESSAGES, {"tools": tools})["tools"]) == strict + 9
        return
    with pytest.raises(ApiError, match="at most 20 that are strict") as refused:
        _told(CHAT, MESSAGES, {"tools": tools})
    assert refused.value.param == "tools"


_TOOLS: dict[Dialect, Any] = {
    RESPONSES: {"type": "function", "name": "f", "parameters": SCHEMA},
    MESSAGES: {"name": "f", "input_schema": SCHEMA},
}


@pytest.mark.parametrize(
    ("source", "to"), [pair for pair in PAIRS if pair[0] in (RESPONSES, MESSAGES)]
)
def test_a_tool_that_is_to_be_loaded_later_is_refused_and_one_that_is_not_is_a_plain_one(
    source: Dialect, to: Dialect
) -> None:
    def sent(**more: Any) -> Any:
        return _told(source, to, {"tools": [{**_TOOLS[source], **more}]})

    assert sent(defer_loading=False, allowed_callers=["direct"]) == sent()
    with pytest.raises(ApiError) as refused:
        sent(defer_loading=True)
    assert refused.value.param == "tools[0].defer_loading"


@pytest.mark.parametrize("to", [CHAT, RESPONSES])
def test_how_thoughts_are_shown_is_no_reason_to_refuse_and_what_nobody_knows_yet_is(
    to: Dialect,
) -> None:
    shown = {"type": "adaptive", "display": "omitted"}
    assert _told(MESSAGES, to, {"thinking": shown}) == _told(MESSAGES, to, {})

    with pytest.raises(ApiError) as refused:
        _told(MESSAGES, to, {"thinking": {**shown, "invented": 1}})
    assert refused.value.param == "thinking.invented"

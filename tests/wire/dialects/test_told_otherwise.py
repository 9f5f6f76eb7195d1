"""What a target would refuse, or count differently, is told to it in another way."""

import re
from typing import Any

import pytest

from router.domain.errors import ApiError
from router.wire.dialects.answer import AnswerContext
from router.wire.dialects.dialect import Dialect, Target
from router.wire.dialects.translate import translate_answer, translate_request
from tests.wire.dialects.endings import WHOLE
from tests.wire.dialects.merging import merge
from tests.wire.dialects.telling import tell_answer

CHAT, RESPONSES, MESSAGES = Dialect.CHAT, Dialect.RESPONSES, Dialect.MESSAGES
OCCASION = AnswerContext(now_s=9)


@pytest.mark.parametrize("given", ["functions.f:0", "x" * 65, ""])
def test_ids_of_calls_that_a_target_refuses_become_others_and_still_belong_together(
    given: str,
) -> None:
    call = {"id": given, "type": "function", "function": {"name": "f", "arguments": "{}"}}
    body = {
        "model": "m",
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": given, "content": "1"},
        ],
    }

    _, spoken, result = translate_request(body, CHAT, Target(MESSAGES, max_output_tokens=9))[
        "messages"
    ]

    told = spoken["content"][0]["id"]
    assert result["content"][0]["tool_use_id"] == told
    assert told != given
    assert re.fullmatch("[A-Za-z0-9_-]{1,64}", told)


def test_arguments_that_are_no_object_become_a_member_of_one() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a":'}}
    body = {"model": "m", "messages": [{"role": "assistant", "tool_calls": [call]}]}

    told = translate_request(body, CHAT, Target(MESSAGES, max_output_tokens=9))

    assert told["messages"][0]["content"][0]["input"] == {"unparsed": '{"a":'}


def test_what_says_nothing_is_left_out_where_it_would_be_refused() -> None:
    body = {
        "model": "m",
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": " \n"},
            {"role": "user", "content": "There"},
        ],
    }

    told = translate_request(body, CHAT, Target(MESSAGES, max_output_tokens=9))

    (asked,) = told["messages"]
    assert [block["text"] for block in asked["content"]] == ["Hi", "There"]


def _looping(*blocks: dict[str, Any]) -> dict[str, Any]:
    """A loop of tools goes on that an assistant began with these blocks."""
    call = {"type": "tool_use", "id": "c", "name": "f", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "c", "content": "1"}
    return {
        "model": "m",
        "input": [
            {"role": "user", "content": "Hi"},
            *blocks,
            {"type": "function_call", "call_id": call["id"], "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": result["content"]},
        ],
        "reasoning": {"effort": "high"},
        "max_output_tokens": 20_000,
    }


def test_an_effort_becomes_a_budget_where_a_model_knows_no_other() -> None:
    body = {"model": "m", "input": "Hi", "reasoning": {"effort": "high"}, "max_output_tokens": 9000}

    told = translate_request(body, RESPONSES, Target(MESSAGES, manual_thinking=True))

    assert told["thinking"] == {"type": "enabled", "budget_tokens": 8999}
    assert "output_config" not in told


def test_without_room_for_a_thought_none_is_asked_for() -> None:
    body = {"model": "m", "input": "Hi", "reasoning": {"effort": "high"}, "max_output_tokens": 500}

    told = translate_request(body, RESPONSES, Target(MESSAGES, manual_thinking=True))

    assert "thinking" not in told


def test_a_loop_of_tools_that_another_model_began_goes_on_without_a_budget_to_think() -> None:
    manual = Target(MESSAGES, manual_thinking=True)
    own = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "Hm."}],
        "encrypted_content": "sealed:messages::sig",
    }

    anothers = translate_request(_looping(), RESPONSES, manual)
    its_own = translate_request(_looping(own), RESPONSES, manual)

    assert "thinking" not in anothers
    assert its_own["thinking"] == {"type": "enabled", "budget_tokens": 16_384}


def test_marks_of_the_cache_are_left_out_for_servers_that_refuse_them() -> None:
    block = {"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": [block]}]}

    told = translate_request(body, MESSAGES, Target(CHAT, cache_marks=False))

    assert told["messages"] == [{"role": "user", "content": "Hi"}]


def test_the_hour_that_a_prefix_is_kept_crosses_to_messages() -> None:
    control = {"type": "ephemeral", "ttl": "1h"}
    part = {"type": "text", "text": "Hi", "cache_control": control}
    body = {"model": "m", "messages": [{"role": "user", "content": [part]}]}

    told = translate_request(body, CHAT, Target(MESSAGES, max_output_tokens=9))

    assert told["messages"][0]["content"][0]["cache_control"] == control


def test_the_cache_mark_of_a_whole_message_is_that_of_its_end() -> None:
    """The AI SDK, and opencode with it, marks messages."""
    control = {"type": "ephemeral"}
    picture = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    call = {"id": "c0", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    said: list[dict[str, Any]] = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Hi"}, picture]},
        {"role": "assistant", "content": "Hm.", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c0", "content": "1"},
        {"role": "user", "content": ""},
    ]
    body = {"model": "m", "messages": [{**each, "cache_control": control} for each in said]}

    told = translate_request(body, CHAT, Target(MESSAGES, max_output_tokens=9))

    blocks = [told["system"], *(each["content"] for each in told["messages"])]
    marked = [[block.get("cache_control") for block in each] for each in blocks]
    assert marked == [[control], [None, control], [None, control], [control]]


def test_without_any_limit_messages_are_not_asked() -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}

    with pytest.raises(ApiError, match="max_completion_tokens") as refused:
        translate_request(body, CHAT, Target(MESSAGES))

    assert refused.value.code == "missing_required_parameter"


def test_types_of_documents_and_images_that_a_target_does_not_take_are_refused() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/bmp;base64,AAAA"}}
    file = {"type": "file", "file": {"file_data": "data:application/zip;base64,/w=="}}
    for part, what in ((image, "image/bmp"), (file, "application/zip")):
        body = {"model": "m", "messages": [{"role": "user", "content": [part]}]}
        with pytest.raises(ApiError, match=what):
            translate_request(body, CHAT, Target(MESSAGES, max_output_tokens=9))


def test_results_stand_before_what_a_user_says_meanwhile() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    body = {
        "model": "m",
        "messages": [
            {"role": "assistant", "tool_calls": [call]},
            {"role": "user", "content": "Hurry"},
            {"role": "tool", "tool_call_id": "c", "content": "1"},
        ],
    }

    told = translate_request(body, CHAT, Target(MESSAGES, max_output_tokens=9))

    kinds = [block["type"] for block in told["messages"][1]["content"]]
    assert kinds == ["tool_result", "text"]


def test_results_stay_together_though_each_comes_in_a_message_of_its_own() -> None:
    source = {"type": "base64", "media_type": "image/png", "data": "AAAA"}
    shown = ([{"type": "image", "source": source}], "Done")
    results = [
        {"type": "tool_result", "tool_use_id": f"c{at}", "content": each}
        for at, each in enumerate(shown)
    ]
    called = [{"type": "tool_use", "id": f"c{at}", "name": "f", "input": {}} for at in (0, 1)]
    before = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": called}]
    asked = {"model": "m", "max_tokens": 9}
    apart = [*before, *({"role": "user", "content": [each]} for each in results)]
    together = [*before, {"role": "user", "content": results}]

    told = translate_request({**asked, "messages": apart}, Dialect.MESSAGES, Target(Dialect.CHAT))

    usual = {**asked, "messages": together}
    assert told == translate_request(usual, Dialect.MESSAGES, Target(Dialect.CHAT))


def test_a_flag_is_no_number_that_asks_for_nothing() -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "n": True}

    with pytest.raises(ApiError, match="'n'"):
        translate_request(body, CHAT, Target(RESPONSES))


def test_a_citation_is_counted_from_where_the_whole_text_begins() -> None:
    cited = {
        "type": "web_search_result_location",
        "url": "https://example.com/",
        "title": "T",
        "cited_text": "There",
        "encrypted_index": "i",
    }
    content = [
        {"type": "text", "text": "Hi! "},
        {"type": "text", "text": "There", "citations": [cited]},
    ]
    answer = {**WHOLE[MESSAGES], "content": content}

    told = translate_answer(answer, Target(MESSAGES), CHAT, OCCASION)
    streamed = list(tell_answer(answer, MESSAGES, CHAT, OCCASION))

    message = told["choices"][0]["message"]
    place = message["annotations"][0]["url_citation"]
    assert message["content"][place["start_index"] : place["end_index"]] == "There"
    assert merge(CHAT, streamed)["choices"][0]["message"]["annotations"] == message["annotations"]

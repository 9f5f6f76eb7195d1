"""A Responses client with providers that speak Responses: what each sends reaches the other unchanged."""

from pathlib import Path

import orjson
import pytest

from tests.pipeline.providers import Json, events, post, without_remarks
from tests.pipeline.responses_provider import (
    PATH,
    SAID,
    SEARCH,
    THOUGHT,
    USAGE,
    asked,
    farthing,
    response,
    stream,
)

ASKED = (
    b'{"input":  "Caf\\u00e9?", "model": "gpt", "a_field_of_tomorrow": 1.0,'
    b' "include": ["message.output_text.logprobs"], "tools": [{"type": "web_search"}]}'
)


async def test_what_is_asked_arrives_byte_for_byte_but_for_the_models_name(tmp_path: Path) -> None:
    async with farthing(tmp_path) as (at, one, _):
        got, _ = await post(at, ASKED, PATH, openai_beta="responses=experimental")
        assert got.status == 200
    assert one.bodies == [ASKED.replace(b'"gpt"', b'"gpt-6"')]
    assert one.headers[-1]["openai-beta"] == "responses=experimental"


async def test_files_and_pictures_may_be_elsewhere(tmp_path: Path) -> None:
    parts = [
        {"type": "input_file", "file_url": "https://example.org/a.pdf"},
        {"type": "input_file", "file_id": "file-1"},
        {"type": "input_image", "file_id": "file-2", "detail": "low"},
    ]
    said = [{"role": "user", "content": [{"type": "input_text", "text": "What is it?"}, *parts]}]
    async with farthing(tmp_path) as (at, one, _):
        answer, body = await post(at, asked(input=said), PATH)
    assert answer.status == 200, body
    assert one.sent["input"] == said


async def test_a_whole_answer_is_the_providers_own_bytes(tmp_path: Path) -> None:
    async with farthing(tmp_path) as (at, one, _):
        _, body = await post(at, ASKED, PATH)
        (row,) = at.rows()
    assert body == one.answer
    used = (row["uncached_input_tokens"], row["cache_read_tokens"], row["output_tokens"])
    assert (*used, row["reasoning_tokens"]) == (10, 3000, 3, 2)
    assert row["web_searches"] == 1


async def test_each_event_of_a_stream_is_the_providers_own(tmp_path: Path) -> None:
    async with farthing(tmp_path) as (at, one, _):
        _, body = await post(at, {**orjson.loads(ASKED), "stream": True}, PATH)
        (row,) = at.rows()
    assert without_remarks(body) == without_remarks(one.events)
    assert (row["cache_read_tokens"], row["reasoning_tokens"], row["outcome"]) == (3000, 2, "ok")
    assert row["web_searches"] == 1


PAGE = {**SEARCH, "action": {"type": "open_page", "url": "https://example.org"}}


@pytest.mark.parametrize(
    ("output", "told", "searches"),
    [
        ((SEARCH, PAGE, SEARCH, SAID), {}, 2),
        (({**SEARCH, "action": None}, SAID), {}, 1),
        ((PAGE, SAID), {}, 0),
        ((SEARCH, SAID), {"tool_usage": {"web_search": {"num_requests": 3}}}, 3),
        ((SEARCH, SAID), {"tool_usage": {"web_search": {"num_requests": 0}}}, 0),
        ((SEARCH, SAID), {"tool_usage": {"web_search": {"num_requests": "x"}}}, 1),
        (
            (SAID,),
            {"usage": {**USAGE, "server_side_tool_usage_details": {"web_search_calls": 4}}},
            4,
        ),
    ],
)
async def test_searches_are_paid_by_the_piece(
    tmp_path: Path, output: tuple[Json, ...], told: Json, searches: int
) -> None:
    async with farthing(tmp_path) as (at, one, _):
        one.answer = orjson.dumps({**response(*output), **told})
        await post(at, ASKED, PATH)
        (row,) = at.rows()
    assert row["web_searches"] == searches
    assert row["cost_note"] == ("no rate for web_searches" if searches else "")


async def test_a_stream_that_breaks_off_says_that_the_response_has_failed(tmp_path: Path) -> None:
    async with farthing(tmp_path) as (at, one, _):
        one.events = stream(SAID, ends=False)
        _, body = await post(at, asked(stream=True), PATH)
    last = orjson.loads(body.strip().split(b"\n\n")[-1].split(b"data: ")[1])
    assert (last["type"], last["sequence_number"]) == ("response.failed", 4)
    assert (last["response"]["id"], last["response"]["status"]) == ("resp_1", "failed")
    assert "was interrupted" in last["response"]["error"]["message"]


async def test_an_answer_whose_tokens_all_went_into_thoughts_is_one(tmp_path: Path) -> None:
    cut = {**response(status="incomplete"), "incomplete_details": {"reason": "max_output_tokens"}}
    begun = {"type": "response.created", "response": response(status="in_progress")}
    async with farthing(tmp_path) as (at, one, _):
        one.events = events(
            begun, {"type": "response.incomplete", "response": cut | {"usage": USAGE}}
        )
        got, body = await post(at, asked(stream=True), PATH)
        (row,) = at.rows()
    assert (got.status, len(one.bodies)) == (200, 1)
    assert without_remarks(body) == without_remarks(one.events)
    assert (row["outcome"], row["reasoning_tokens"]) == ("ok", 2)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/completions"])
async def test_what_clients_of_other_apis_ask_of_farthing_is_not_sent_on(
    tmp_path: Path, path: str
) -> None:
    talk = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 50}
    said = {"prompt": "Hello"} if path == "/v1/completions" else talk
    async with farthing(tmp_path) as (at, one, _):
        one.answer = orjson.dumps(response(SAID))
        got, body = await post(at, {"model": "gpt", **said, "farthing": {"receipt": True}}, path)
    assert (got.status, "farthing" in orjson.loads(body)) == (200, True), body
    assert "farthing" not in one.sent


async def test_why_a_response_has_failed_midway_is_told_in_the_providers_own_words(
    tmp_path: Path,
) -> None:
    error = {"code": "rate_limit_exceeded", "message": "Please try again in 1.3s."}
    failed = {"type": "response.failed", "response": {**response(status="failed"), "error": error}}
    async with farthing(tmp_path) as (at, one, _):
        one.events = stream(SAID, ends=False) + events({**failed, "sequence_number": 4})
        _, body = await post(at, asked(stream=True), PATH)
        (row,) = at.rows()
    assert without_remarks(body) == without_remarks(one.events)
    assert (row["outcome"], row["error"]) == ("cut", "rate_limit_exceeded")


async def test_a_response_that_fails_before_its_first_word_lets_another_model_answer(
    tmp_path: Path,
) -> None:
    failed = {**response(status="failed"), "error": {"code": "server_error", "message": "Oh"}}
    async with farthing(tmp_path) as (at, one, another):
        for each in (one, another):
            each.events = events({"type": "response.failed", "response": failed})
        got, body = await post(at, asked(model="auto", stream=True), PATH)
        assert got.headers["x-farthing-model"] == "sim-mid"
    assert b"response.completed" in body


@pytest.mark.parametrize(
    ("code", "status"), [("context_length_exceeded", 400), ("rate_limit_exceeded", 429)]
)
@pytest.mark.parametrize("is_nested", [False, True])
async def test_an_error_before_the_first_word_counts_as_one_with_a_status(
    tmp_path: Path, code: str, status: int, is_nested: bool
) -> None:
    error = {"code": code, "message": "No, because."}
    failed = {"type": "response.failed", "response": {**response(status="failed"), "error": error}}
    told = {"type": "error", "error": {**error, "type": code}} if is_nested else failed
    async with farthing(tmp_path) as (at, one, _):
        one.events = events(told)
        got, body = await post(at, asked(stream=True), PATH)
    assert got.status == status
    assert orjson.loads(body)["error"]["message"] == "No, because."


@pytest.mark.parametrize("path", [PATH, "/v1/chat/completions"])
async def test_a_whole_response_that_has_failed_tells_why(tmp_path: Path, path: str) -> None:
    error = {"code": "rate_limit_exceeded", "message": "Wait."}
    talk = {"model": "gpt", "messages": [{"role": "user", "content": "Hello"}]}
    async with farthing(tmp_path) as (at, one, _):
        one.answer = orjson.dumps({**response(status="failed"), "error": error})
        got, body = await post(at, asked() if path == PATH else talk, path)
    assert (got.status, orjson.loads(body)["error"]["message"]) == (429, "Wait.")


# ------------------------------------------------------------------------------------- thoughts


async def test_encrypted_thoughts_come_back_to_who_has_had_them_and_to_nobody_else(
    tmp_path: Path,
) -> None:
    include = ["reasoning.encrypted_content"]
    async with farthing(tmp_path) as (at, one, another):
        _, body = await post(at, asked(store=False, include=include), PATH)
        said = orjson.loads(body)["output"]
        talk = [{"role": "user", "content": "Hello"}, *said, {"role": "user", "content": "More"}]
        more = asked(store=False, include=include, input=talk)
        await post(at, more, PATH)
        assert one.sent == {**more, "model": "gpt-6"}
        _, body = await post(at, {**more, "model": "gpt-b"}, PATH)
        assert another.sent["input"] == [
            talk[0],
            *(
                {name: value for name, value in item.items() if name != "id"}
                for item in (SEARCH, SAID)
            ),
            talk[-1],
        ]
        thought = orjson.loads(body)["output"][0]
        assert thought["encrypted_content"] == "sealed:another/gpt-6:rs_1:c2VhbGVk"
        named = [*talk, thought, {"role": "user", "content": "And"}]
        await post(at, {**more, "input": named}, PATH)
        assert [each["id"] for each in one.sent["input"] if each.get("type") == "reasoning"] == [
            "rs_1"
        ]
        await post(at, {**more, "input": named, "model": "gpt-b"}, PATH)
        assert [each for each in another.sent["input"] if each.get("type") == "reasoning"] == [
            THOUGHT
        ]

"""A Responses client with providers that speak Responses: what each sends reaches the other unchanged."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.pipeline.doors import Door, door
from tests.pipeline.providers import Json, Provider, events, model, provider
from tests.pipeline.test_native_messages import post, without_remarks

PATH = "/v1/responses"
USAGE = {
    "input_tokens": 3010,
    "input_tokens_details": {"cached_tokens": 3000},
    "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 2},
    "total_tokens": 3015,
}
THOUGHT = {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "c2VhbGVk"}
SEARCH = {
    "id": "ws_1",
    "type": "web_search_call",
    "status": "completed",
    "action": {"type": "search"},
}
TEXT = {"type": "output_text", "text": "Oui", "annotations": [], "logprobs": [{"token": "Oui"}]}
SAID = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "content": [TEXT],
}
ASKED = (
    b'{"input":  "Caf\\u00e9?", "model": "gpt", "a_field_of_tomorrow": 1.0,'
    b' "include": ["message.output_text.logprobs"], "tools": [{"type": "web_search"}]}'
)


def response(*items: Json, name: str = "resp_1", status: str = "completed") -> Json:
    return {
        "id": name,
        "object": "response",
        "created_at": 1_790_000_000,
        "status": status,
        "model": "gpt-6-2026-01-01",
        "output": list(items),
        "incomplete_details": None,
        "error": None,
        "usage": USAGE if items else None,
    }


def stream(*items: Json, ends: bool = True, name: str = "resp_1") -> bytes:
    told: list[Json] = [
        {"type": "response.created", "response": response(name=name, status="in_progress")}
    ]
    for at, item in enumerate(items):
        told.append({"type": "response.output_item.added", "output_index": at, "item": item})
        if item["type"] == "message":
            delta = {"output_index": at, "content_index": 0, "item_id": "msg_1", "delta": "Oui"}
            told.append({"type": "response.output_text.delta", **delta})
        told.append({"type": "response.output_item.done", "output_index": at, "item": item})
    if ends:
        told.append({"type": "response.completed", "response": response(*items, name=name)})
    return events(*({**each, "sequence_number": at} for at, each in enumerate(told)))


@asynccontextmanager
async def farthing(
    tmp_path: Path, **sections: Any
) -> AsyncIterator[tuple[Door, Provider, Provider]]:
    """A Farthing before two accounts at providers that speak Responses."""
    async with provider(PATH) as one, provider(PATH) as another:
        upstreams = {
            name: {"kind": "openai", "dialect": "responses", "base_url": f"{each.url}/v1"}
            for name, each in (("one", one), ("another", another))
        }
        models = {"gpt": model("one", "gpt-6"), "gpt-b": model("another", "gpt-6")}
        async with door(tmp_path, upstreams=upstreams, models=models, **sections) as running:
            for at, each in enumerate((one, another), 1):
                told = response(THOUGHT, SEARCH, SAID, name=f"resp_{at}")
                each.answer = orjson.dumps(told, option=orjson.OPT_INDENT_2)
                each.events = stream(THOUGHT, SEARCH, SAID, name=f"resp_{at}")
            yield running, one, another


def asked(**more: Any) -> Json:
    return {"model": "gpt", "input": "Hello", **more}


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


# ------------------------------------------------------------------- what a provider has stored


async def test_a_conversation_goes_on_where_its_last_response_is_stored(tmp_path: Path) -> None:
    async with farthing(tmp_path) as (at, one, another):
        await post(at, asked(model="gpt-b"), PATH)
        await post(at, asked(stream=True), PATH)
        for previous, there in (("resp_2", another), ("resp_1", one)):
            sent = len(there.bodies)
            talk = asked(
                model="auto", previous_response_id=previous, tools=[{"type": "web_search"}]
            )
            got, body = await post(at, talk, PATH)
            assert (got.status, len(there.bodies)) == (200, sent + 1), body
            assert there.sent["previous_response_id"] == previous


@pytest.mark.parametrize("stream", [False, True])
async def test_what_is_stored_of_a_conversation_is_read_again_and_counts(
    tmp_path: Path, stream: bool
) -> None:
    async with farthing(tmp_path, budgets=[{"usd": 1, "per": "day"}]) as (at, one, _):
        alone, _ = await post(at, asked(stream=stream), PATH)
        later, _ = await post(at, asked(stream=stream, previous_response_id="resp_1"), PATH)
        one.answer = orjson.dumps({**response(SAID), "usage": None})
        await post(at, asked(previous_response_id="resp_1"), PATH)
        row = at.rows()[-1]

    estimates = [float(got.headers["x-farthing-estimated-cost-usd"]) for got in (alone, later)]
    assert estimates[1] > estimates[0] * 2
    assert row["usage_source"] == "estimated"
    assert row["uncached_input_tokens"] > 3000


@pytest.mark.parametrize(
    "more",
    [
        {"conversation": "conv_1"},
        {"previous_response_id": "resp_9"},
        {"input": [{"type": "item_reference", "id": "msg_9"}]},
        {"prompt": {"id": "pmpt_1"}},
    ],
    ids=lambda more: next(iter(more)),
)
async def test_of_stored_texts_of_unknown_size_a_budget_expects_the_longest(
    tmp_path: Path, more: Json
) -> None:
    """The context of 200,000 tokens costs more than the budget has; the request itself costs far less."""
    async with provider(PATH) as one:
        one.answer = orjson.dumps(response(SAID))
        speaks = {"kind": "openai", "dialect": "responses", "base_url": f"{one.url}/v1"}
        sections = {"upstreams": {"one": speaks}, "models": {"gpt": model("one", "gpt-6")}}
        budgets = [{"usd": 0.01, "per": "day"}]
        async with door(tmp_path, **sections, budgets=budgets) as at:
            short = asked(max_output_tokens=16)
            got, body = await post(at, short, PATH)
            refused, told = await post(at, short | more, PATH)
    assert (got.status, refused.status) == (200, 402), (body, told)
    assert b"stored texts of unknown size" in told
    assert len(one.bodies) == 1


KEPT = "policy: kept\nintent: whatever a test needs\nreference: best\nadequate: {floor: 0}\ncache: {ttl_s: 60}\n"


def keeping(folder: Path) -> dict[str, Json]:
    """A policy that stores answers, written to `folder`, and the sections of the configuration that use it."""
    (folder / "policies").mkdir()
    (folder / "policies" / "kept.yaml").write_text(KEPT)
    return {"policies": {"directory": "policies", "default": "kept"}, "cache": {"url": "memory"}}


async def test_from_every_answer_one_can_go_on_and_what_is_not_stored_comes_from_the_cache(
    tmp_path: Path,
) -> None:
    async with farthing(tmp_path, **keeping(tmp_path)) as (at, one, _):
        one.answer = orjson.dumps(response(SAID))
        states = []
        for more in ({}, {}, {"store": True}, {"store": False}):
            got, body = await post(at, asked(**more), PATH)
            states.append(got.headers["x-farthing-cache"])
            if more.get("store", True):
                given = orjson.loads(body)["id"]
                later, told = await post(at, asked(previous_response_id=given, input="More"), PATH)
                assert later.status == 200, told
    assert states == ["miss", "miss", "miss", "hit"]


async def test_an_answer_is_shared_only_by_those_who_want_its_thoughts_shown_alike(
    tmp_path: Path,
) -> None:
    ways: list[Json] = [{}, {"reasoning": {"summary": "auto"}}]
    ways.append({"include": ["reasoning.encrypted_content"]})
    async with farthing(tmp_path, **keeping(tmp_path)) as (at, one, _):
        one.answer = orjson.dumps(response(SAID))
        got = [(await post(at, asked(store=False, **way), PATH))[0] for way in (*ways, *ways)]
    assert [each.headers["x-farthing-cache"] for each in got] == [*["miss"] * 3, *["hit"] * 3]


async def test_keys_of_a_team_that_ask_the_same_at_once_can_each_go_on(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "kept.yaml").write_text(KEPT)
    secrets = {"team": "${TEAM_KEY}", "other": "${OTHER_KEY}"}
    sections = {
        "policies": {"directory": "policies", "default": "kept"},
        "cache": {"url": "memory", "tenant": "tag:team-*"},
        "keys": [{"name": n, "key": key, "tags": ["team-x"]} for n, key in secrets.items()],
    }
    async with farthing(tmp_path, **sections) as (at, one, _):
        one.goes_on.clear()
        asking = [
            asyncio.create_task(post(at, asked(), PATH, authorization=f"Bearer fk-{name}"))
            for name in secrets
        ]
        await one.arrived.wait()
        one.goes_on.set()
        await asyncio.gather(*asking)
        more = asked(previous_response_id="resp_1")
        for name in secrets:
            got, body = await post(at, more, PATH, authorization=f"Bearer fk-{name}")
            assert got.status == 200, body


async def test_a_model_elsewhere_cannot_go_on_from_it(tmp_path: Path) -> None:
    async with farthing(tmp_path) as (at, _, another):
        await post(at, asked(), PATH)
        got, body = await post(at, asked(model="gpt-b", previous_response_id="resp_1"), PATH)
    assert (got.status, another.bodies) == (400, [])
    assert orjson.loads(body)["error"]["code"] == "response_stored_elsewhere"


@pytest.mark.parametrize(
    "more",
    [
        {"previous_response_id": "resp_9"},
        {"conversation": "conv_1"},
        {"input": [{"type": "item_reference", "id": "msg_9"}]},
    ],
)
async def test_what_nobody_is_known_to_have_stored_is_refused_in_words(
    tmp_path: Path, more: Json
) -> None:
    async with farthing(tmp_path) as (at, one, another):
        got, body = await post(at, asked(**more), PATH)
    error = orjson.loads(body)["error"]
    assert (got.status, error["code"]) == (400, "previous_response_not_found")
    assert "Send the whole conversation" in error["message"]
    assert (one.bodies, another.bodies) == ([], [])


async def test_tokens_of_what_only_a_provider_has_are_not_counted_as_none(tmp_path: Path) -> None:
    async with farthing(tmp_path) as (at, _, __):
        await post(at, asked(), PATH)
        for more in ({"previous_response_id": "resp_1"}, {"conversation": "conv_1"}):
            got, body = await post(at, asked(**more), f"{PATH}/input_tokens")
            assert (got.status, orjson.loads(body)["error"]["param"]) == (400, *more)
        hosted = asked(tools=[{"type": "web_search"}])
        got, body = await post(at, hosted, f"{PATH}/input_tokens")
    assert (got.status, orjson.loads(body)["input_tokens"] > 0) == (200, True)


async def test_nobody_goes_on_from_what_was_answered_to_another_key(tmp_path: Path) -> None:
    keys = [
        {"name": "team", "key": "${TEAM_KEY}"},
        {"name": "other", "key": "${OTHER_KEY}"},
    ]
    async with farthing(tmp_path, keys=keys) as (at, one, _):
        await post(at, asked(), PATH, authorization="Bearer fk-team")
        more = asked(previous_response_id="resp_1")
        own, _ = await post(at, more, PATH, authorization="Bearer fk-team")
        foreign, body = await post(at, more, PATH, authorization="Bearer fk-other")
    assert (own.status, foreign.status, len(one.bodies)) == (200, 400, 2)
    assert b"previous_response_not_found" in body


async def test_what_was_not_stored_is_not_gone_on_from(tmp_path: Path) -> None:
    async with farthing(tmp_path) as (at, _, __):
        await post(at, asked(store=False), PATH)
        got, _ = await post(at, asked(previous_response_id="resp_1"), PATH)
    assert got.status == 400


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

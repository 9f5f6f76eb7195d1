"""Responses that a provider has stored: who goes on from them, and where."""

import asyncio
from pathlib import Path

import orjson
import pytest

from tests.pipeline.doors import door
from tests.pipeline.providers import Json, model, post, provider
from tests.pipeline.responses_provider import PATH, SAID, asked, farthing, response


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

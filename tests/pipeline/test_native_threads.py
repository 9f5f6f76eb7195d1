"""Conversations that Anthropic stores: a client of Messages sends only what is new, with the id of the last answer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.pipeline.doors import Door, door
from tests.pipeline.messages_provider import TEXT, asked, message, stream
from tests.pipeline.providers import Json, Provider, model, post, provider

CREATE = {"type": "create"}
LOST = {"error_code": "thread_not_found"}
RESULT = {
    "role": "user",
    "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "3"}],
}


def going_on(previous: str) -> Json:
    return {"type": "continue", "previous_message_id": previous}


@asynccontextmanager
async def farthing(
    tmp_path: Path, **sections: Any
) -> AsyncIterator[tuple[Door, Provider, Provider]]:
    """A Farthing before two accounts at Anthropic, and a model of chat."""
    async with provider("/v1/messages") as one, provider("/v1/messages") as another:
        upstreams = {
            name: {"kind": "anthropic", "base_url": each.url}
            for name, each in (("one", one), ("another", another))
        }
        models = {"claude": model("one", "claude-a"), "claude-b": model("another", "claude-b")}
        async with door(tmp_path, upstreams=upstreams, models=models, **sections) as running:
            for at, each in enumerate((one, another), 1):
                name = f"msg_{at}".encode()
                each.answer = orjson.dumps(message(TEXT)).replace(b"msg_1", name)
                each.events = stream(TEXT).replace(b"msg_1", name)
            yield running, one, another


async def test_a_thread_goes_on_where_its_last_message_is_stored(tmp_path: Path) -> None:
    async with farthing(tmp_path) as (at, one, another):
        await post(at, asked(model="claude-b", thread=CREATE))
        await post(at, asked(stream=True, thread=CREATE))
        assert one.sent["thread"] == CREATE
        for previous, there in (("msg_2", another), ("msg_1", one)):
            sent = len(there.bodies)
            got, body = await post(at, asked(RESULT, model="auto", thread=going_on(previous)))
            assert (got.status, len(there.bodies)) == (200, sent + 1), body
            assert there.sent["thread"] == going_on(previous)


async def test_what_is_stored_of_a_thread_is_read_again_and_counts(tmp_path: Path) -> None:
    async with farthing(tmp_path) as (at, _, __):
        first, _body = await post(at, asked(thread=CREATE))
        later, _body = await post(at, asked(thread=going_on("msg_1")))
    costs = [float(got.headers["x-farthing-estimated-cost-usd"]) for got in (first, later)]
    assert costs[1] > costs[0] * 2


@pytest.mark.parametrize(
    ("name", "headers"), [("sim-mid", {}), ("auto", {"x_farthing_candidates": "sim-mid"})]
)
async def test_a_model_of_another_api_answers_too_and_stores_nothing(
    tmp_path: Path, name: str, headers: dict[str, str]
) -> None:
    async with farthing(tmp_path) as (at, one, another):
        got, body = await post(at, asked(model=name, thread=CREATE), **headers)
        assert (got.status, got.headers["x-farthing-model"]) == (200, "sim-mid"), body
        given = orjson.loads(body)["id"]
        got, body = await post(at, asked(RESULT, model=name, thread=going_on(given)), **headers)
    error = orjson.loads(body)["error"]
    assert (got.status, error["type"]) == (400, "invalid_request_error")
    assert error["details"] == LOST  # Anthropic's client sends the whole conversation then
    assert "Send the whole conversation" in error["message"]
    assert (one.bodies, another.bodies) == ([], [])


async def test_a_model_elsewhere_cannot_go_on_with_it(tmp_path: Path) -> None:
    async with farthing(tmp_path) as (at, _, another):
        await post(at, asked(thread=CREATE))
        got, body = await post(at, asked(model="claude-b", thread=going_on("msg_1")))
    assert (got.status, another.bodies) == (400, [])
    assert orjson.loads(body)["error"]["details"] == LOST


async def test_nobody_goes_on_from_a_message_to_another_key(tmp_path: Path) -> None:
    keys = [{"name": "team", "key": "${TEAM_KEY}"}, {"name": "other", "key": "${OTHER_KEY}"}]
    async with farthing(tmp_path, keys=keys) as (at, one, _):
        await post(at, asked(thread=CREATE), authorization="Bearer fk-team")
        states = []
        for secret in ("fk-other", "fk-team"):
            more = asked(thread=going_on("msg_1"))
            got, _body = await post(at, more, authorization=f"Bearer {secret}")
            states.append(got.status)
    assert (states, len(one.bodies)) == ([400, 200], 2)


async def test_what_the_provider_says_of_a_thread_reaches_the_client(tmp_path: Path) -> None:
    details = {"error_code": "thread_unsupported_request", "unsupported": ["container"]}
    error = {"type": "invalid_request_error", "message": "No.", "details": details}
    async with farthing(tmp_path) as (at, one, _):
        one.status, one.answer = 400, orjson.dumps({"type": "error", "error": error})
        got, body = await post(at, asked(thread=CREATE))
    assert (got.status, orjson.loads(body)["error"]) == (400, error)


async def test_tokens_of_a_thread_that_only_a_provider_has_are_not_counted_as_none(
    tmp_path: Path,
) -> None:
    async with farthing(tmp_path) as (at, _, __):
        path = "/v1/messages/count_tokens"
        got, _body = await post(at, asked(thread=CREATE), path)
        refused, _body = await post(at, asked(thread=going_on("msg_1")), path)
    assert (got.status, refused.status) == (200, 400)

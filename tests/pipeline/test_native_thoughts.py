"""Signed thoughts on the native way: they return to the model that signed them, and to no other."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from router.domain.members import replace
from router.providers.simulated import default_models, running
from tests.pipeline.doors import Door
from tests.pipeline.doors import door as door_of
from tests.pipeline.messages_provider import (
    HELLO,
    MORE,
    OTHER,
    SIGNED,
    TEXT,
    asked,
    message,
    said,
    stream,
    thoughts_in,
)
from tests.pipeline.providers import Json, Provider, model, post, provider, without_remarks

USE = {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {}}
RESULT: Json = {
    "role": "user",
    "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "3"}],
}
ADD = {"name": "add", "input_schema": {"type": "object"}}


@asynccontextmanager
async def two(tmp_path: Path) -> AsyncIterator[tuple[Door, Provider, Provider]]:
    """A Farthing before two providers that speak Messages; each thinks and signs."""
    async with provider("/v1/messages") as one, provider("/v1/messages") as another:
        places = {"one": one, "another": another}
        upstreams = {
            name: {"kind": "anthropic", "base_url": each.url} for name, each in places.items()
        }
        models = {name: model(name, f"claude-{name}") for name in places}
        models["sim-mid"] = model("one", "claude-one")
        one.answer, one.events = orjson.dumps(message(SIGNED, TEXT)), stream(SIGNED, TEXT)
        another.answer, another.events = orjson.dumps(message(OTHER, TEXT)), stream(OTHER, TEXT)
        async with door_of(tmp_path, upstreams=upstreams, models=models) as running:
            yield running, one, another


async def answered(at: Door, name: str, *talk: Json, **more: Any) -> list[Json]:
    """The blocks of an answer; the whole must have come."""
    response, body = await post(
        at, asked(*talk, **{"model": name, **more}), cache_control="no-store"
    )
    assert response.status == 200, body
    content: list[Json] = orjson.loads(body)["content"]
    return content


async def test_a_thought_goes_out_as_it_was_signed_and_comes_back_so(tmp_path: Path) -> None:
    async with two(tmp_path) as (at, one, _):
        first = await answered(at, "one", HELLO)
        assert first == [SIGNED, TEXT]
        raw = orjson.dumps(
            asked(HELLO, said(*first), MORE, model="one"), option=orjson.OPT_INDENT_2
        )
        await post(at, raw, cache_control="no-store")
    assert one.bodies[-1] == raw.replace(b'"one"', b'"claude-one"')


@pytest.mark.parametrize("streams", [False, True])
async def test_another_models_thoughts_wear_its_name_and_are_given_back_to_it_alone(
    tmp_path: Path, streams: bool
) -> None:
    async with two(tmp_path) as (at, one, another):
        talk = [HELLO, said(*await answered(at, "one", HELLO)), MORE]
        _, body = await post(at, asked(*talk, model="another", stream=streams))
        assert thoughts_in(another.sent) == []
        name = "sealed:another/claude-another::b3RoZXI="
        assert name.encode() in body
        assert body.count(b"b3RoZXI=") == 1
        if streams:
            renamed = another.events.replace(b"b3RoZXI=", name.encode())
            assert orjson_events(body) == orjson_events(renamed)
        talk += [said({**OTHER, "signature": name}, TEXT), MORE]
        assert (await answered(at, "one", *talk)) == [SIGNED, TEXT]
        assert thoughts_in(one.sent) == ["c2lnbmVk"]
        await answered(at, "another", *talk)
        assert thoughts_in(another.sent) == ["b3RoZXI="]


def orjson_events(raw: bytes) -> list[Any]:
    lines = without_remarks(raw.replace(b"\n\n", b"\n\n\n")).split(b"\n")
    return [orjson.loads(each[6:]) for each in lines if each.startswith(b"data: ")]


async def test_a_thought_of_nobody_knows_whom_is_left_out_unless_one_model_alone_is_asked(
    tmp_path: Path,
) -> None:
    stranger = said({**SIGNED, "signature": "c3RyYW5nZQ=="}, TEXT)
    async with two(tmp_path) as (at, one, another):
        _, body = await post(at, asked(HELLO, stranger, MORE, model="auto"))
        asked_of = one if one.bodies else another
        assert thoughts_in(asked_of.sent) == []
        assert b"sealed:" in body
        await answered(at, "one", HELLO, stranger, MORE)
        assert thoughts_in(one.sent) == ["c3RyYW5nZQ=="]


async def test_a_loop_of_tools_that_another_model_began_goes_on_without_thinking(
    tmp_path: Path,
) -> None:
    """Messages refuse a thinking budget if the turn that called the tools began without a thought."""
    budget = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "tools": [ADD]}
    async with two(tmp_path) as (at, one, another):
        one.answer = orjson.dumps(message(SIGNED, USE, stop="tool_use"))
        first = await answered(at, "one", HELLO, **budget)
        await answered(at, "another", HELLO, said(*first), RESULT, **budget)
        assert "thinking" not in another.sent
        await answered(at, "one", HELLO, said(*first), RESULT, **budget)
        assert one.sent["thinking"] == budget["thinking"]


async def test_unnamed_thoughts_reach_no_upstream_of_another_dialect(tmp_path: Path) -> None:
    async with provider("/v1/chat/completions") as chat:
        upstreams = {"up": {"kind": "openai", "base_url": f"{chat.url}/v1"}}
        async with door_of(tmp_path, upstreams=upstreams, models={"m": model("up", "m")}) as at:
            await post(at, asked(HELLO, said(SIGNED, TEXT), MORE, model="m"))
    assert b"c2lnbmVk" not in chat.bodies[-1]
    assert b"Hm" not in chat.bodies[-1]


@pytest.mark.parametrize("door", ["messages", "responses"])
async def test_a_conversation_that_all_kinds_of_models_have_is_refused_by_none(
    tmp_path: Path, door: str
) -> None:
    """Simulated models refuse each thought that they have not sealed themselves."""
    frontier = default_models()[0]
    simulated = [frontier, replace(frontier, id="o-frontier")]
    async with running(simulated, speed=0) as there:
        upstreams: Json = {
            "by-messages": {"kind": "anthropic", "base_url": there.url},
            "by-responses": {"kind": "openai", "base_url": there.base_url, "dialect": "responses"},
            "by-chat": {"kind": "openai", "base_url": there.base_url},
        }
        names = [(up, each.id) for each in simulated for up in upstreams]
        models = {f"{name}-{up}": model(up, name) for up, name in names}
        async with door_of(tmp_path, upstreams=upstreams, models=models) as at:
            talk = Talk(at, door)
            for name in [*models, *reversed(models), *models]:
                await talk.turn(name)
    assert talk.unnamed > 2
    assert talk.named > 2


_SEALS = (b"signature", b"data", b"encrypted_content")


class Talk:
    """A conversation with a new model at each turn; what came back with its seal unchanged, and with a name."""

    def __init__(self, at: Door, door: str) -> None:
        self._at = at
        self._door = door
        self._said: list[Json] = []
        self.unnamed = self.named = 0

    async def turn(self, name: str) -> None:
        """One wish, and its answer."""
        wish = f"Prove step by step that {len(self._said)} + 1 is right"
        self._said.append({"role": "user", "content": wish})
        body = self._messages(name) if self._door == "messages" else self._responses(name)
        headers = {"cache_control": "no-store", "x_session_id": "one"}
        response, raw = await post(self._at, body, f"/v1/{self._door}", **headers)
        assert response.status == 200, (name, raw)
        answer = orjson.loads(raw)
        if self._door == "messages":
            self._said.append(said(*answer["content"]))
        else:
            self._said += answer["output"]
        self.named += raw.count(b"sealed:")
        seals = sum(raw.count(b'"%s":"' % each) for each in _SEALS)
        self.unnamed += seals - raw.count(b"sealed:")

    def _messages(self, name: str) -> Json:
        budget = {"type": "enabled", "budget_tokens": 1024}
        return asked(*self._said, model=name, max_tokens=4000, thinking=budget)

    def _responses(self, name: str) -> Json:
        include = ["reasoning.encrypted_content"]
        effort = {"effort": "low", "summary": "auto"}
        more = {"include": include, "reasoning": effort, "store": False}
        return {"model": name, "input": self._said, **more}

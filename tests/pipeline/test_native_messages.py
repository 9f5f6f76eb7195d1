"""A Messages client with a provider that speaks Messages: what each sends reaches the other unchanged."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from router.domain.scored import ScoreSource
from tests.pipeline.doors import SECRET, Door, door
from tests.pipeline.providers import Json, Provider, events, model, provider
from tests.simulated.raw import until

USAGE = {
    "input_tokens": 10,
    "cache_creation_input_tokens": 20,
    "cache_read_input_tokens": 3000,
    "output_tokens": 5,
    "service_tier": "standard",
}
ASKED = (
    b'{"max_tokens": 100,  "model": "claude", "top_k": 4, "a_field_of_tomorrow": 1.0,'
    b' "messages": [{"role": "user", "content": [{"type": "text", "text": "Caf\\u00e9?",'
    b' "cache_control": {"type": "ephemeral", "ttl": "1h"}}]}]}'
)
SIGNED = {"type": "thinking", "thinking": "Hm", "signature": "c2lnbmVk"}
SEARCHED = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}


def message(*blocks: Json, stop: str = "end_turn") -> Json:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": list(blocks),
        "stop_reason": stop,
        "stop_sequence": None,
        "container": None,
        "usage": USAGE,
    }


def stream(*blocks: Json, stop: str = "end_turn", ends: bool = True) -> bytes:
    """The events of a message, each block in one delta."""
    begun = {**message(), "content": [], "stop_reason": None}
    told: list[Json] = [{"type": "message_start", "message": begun}, {"type": "ping"}]
    for at, block in enumerate(blocks):
        told += [{**each, "index": at} for each in _grown(block)]
    used = {"output_tokens": 5}
    told.append({"type": "message_delta", "delta": {"stop_reason": stop}, "usage": used})
    return events(*told, *([{"type": "message_stop"}] if ends else []))


def _grown(block: Json) -> list[Json]:
    deltas: list[Json] = []
    if block["type"] == "text":
        deltas = [{"type": "text_delta", "text": block["text"]}]
        block = {**block, "text": ""}
    elif block["type"] == "thinking":
        deltas = [
            {"type": "thinking_delta", "thinking": block["thinking"]},
            {"type": "signature_delta", "signature": block["signature"]},
        ]
        block = {**block, "thinking": "", "signature": ""}
    start = {"type": "content_block_start", "content_block": block}
    grown = [{"type": "content_block_delta", "delta": delta} for delta in deltas]
    return [start, *grown, {"type": "content_block_stop"}]


TEXT = {"type": "text", "text": "Oui"}


@asynccontextmanager
async def farthing(tmp_path: Path, **sections: Any) -> AsyncIterator[tuple[Door, Provider]]:
    """A Farthing with one model of a provider that speaks Messages."""
    async with provider("/v1/messages") as it:
        upstreams = {
            "home": {"kind": "anthropic", "base_url": it.url, "api_key": "${UPSTREAM_KEY}"}
        }
        models = {"claude": model("home", "claude-sonnet-4-5"), **sections.pop("models", {})}
        upstreams |= sections.pop("upstreams", {})
        async with door(tmp_path, upstreams=upstreams, models=models, **sections) as running:
            it.answer = orjson.dumps(message(TEXT), option=orjson.OPT_INDENT_2)
            it.events = stream(TEXT)
            yield running, it


async def post(at: Door, body: bytes | Json, path: str = "/v1/messages", **headers: str) -> Any:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = await at.client.post(f"{at.url}{path}", data=raw, headers=named)
    return response, await response.read()


def asked(*said: Json, **more: Any) -> Json:
    messages = said or ({"role": "user", "content": "Hello"},)
    return {"model": "claude", "max_tokens": 100, "messages": list(messages), **more}


def without_remarks(raw: bytes) -> bytes:
    return b"".join(event for event in raw.split(b"\n\n") if event and not event.startswith(b":"))


# ------------------------------------------------------------------------------- what is asked


async def test_what_is_asked_arrives_byte_for_byte_but_for_the_models_name(tmp_path: Path) -> None:
    async with farthing(tmp_path) as (at, home):
        response, _ = await post(at, ASKED)
        assert response.status == 200
    assert home.bodies == [ASKED.replace(b'"claude"', b'"claude-sonnet-4-5"')]


async def test_betas_and_the_version_go_along_and_keys_do_not(tmp_path: Path) -> None:
    async with farthing(tmp_path) as (at, home):
        await post(
            at,
            ASKED,
            anthropic_beta="context-1m-2025-08-07,more",
            anthropic_version="2024-01-01",
            x_api_key="the-clients-own",
        )
        await post(at, ASKED)
    first, second = home.headers
    assert first["anthropic-beta"] == "context-1m-2025-08-07,more"
    assert (first["anthropic-version"], second["anthropic-version"]) == ("2024-01-01", "2023-06-01")
    assert (first["x-api-key"], "anthropic-beta" in second) == (SECRET, False)


async def test_betas_may_come_on_several_lines(tmp_path: Path) -> None:
    async with farthing(tmp_path) as (at, home):
        betas = [("anthropic-beta", "context-1m-2025-08-07"), ("anthropic-beta", "more")]
        async with at.client.post(f"{at.url}/v1/messages", data=ASKED, headers=betas) as response:
            assert response.status == 200
    assert home.headers[-1]["anthropic-beta"] == "context-1m-2025-08-07,more"


async def test_betas_that_are_always_on_stay_on(tmp_path: Path) -> None:
    headers = {"anthropic-beta": "always"}
    async with farthing(tmp_path) as (at, home):
        upstreams = {
            "home": {"kind": "anthropic", "base_url": home.url, "headers": headers},
        }
        models = {"claude": model("home", "claude-sonnet-4-5")}
        (tmp_path / "other").mkdir()
        async with door(tmp_path / "other", upstreams=upstreams, models=models) as other:
            await post(other, ASKED, anthropic_beta="mine")
    assert home.headers[-1]["anthropic-beta"] == "always,mine"
    assert at.url != other.url


async def test_a_limit_of_this_proxy_holds_and_its_own_member_is_taken_out(tmp_path: Path) -> None:
    limits = {"limits": {"max_output_tokens": 50}}
    async with farthing(tmp_path, server=limits) as (at, home):
        await post(at, asked(farthing={"receipt": True}))
    assert home.sent == asked(max_tokens=50, model="claude-sonnet-4-5")


ONLY_CLAUDE = {"x_farthing_candidates": "claude"}


def with_limit(tokens: int) -> Json:
    return {
        "models": {"claude": {**model("home", "claude-sonnet-4-5"), "max_output_tokens": tokens}}
    }


async def test_no_longer_answer_is_asked_for_than_the_model_writes(tmp_path: Path) -> None:
    raw = ASKED.replace(b'"max_tokens": 100', b'"max_tokens": 32000')
    async with farthing(tmp_path, **with_limit(8192)) as (at, home):
        response, _ = await post(at, raw.replace(b'"claude"', b'"auto"'), **ONLY_CLAUDE)
        assert response.status == 200
        await post(at, raw)
    chosen, named = home.bodies
    assert named == raw.replace(b'"claude"', b'"claude-sonnet-4-5"')
    assert chosen == named.replace(b"32000", b"8192")


async def test_a_budget_to_think_with_that_has_no_room_any_more_is_told_in_other_words(
    tmp_path: Path,
) -> None:
    thinking = {"type": "enabled", "budget_tokens": 16_000}
    body = {**asked(thinking=thinking), "max_tokens": 32_000, "model": "auto"}
    async with farthing(tmp_path, **with_limit(8192)) as (at, home):
        response, _ = await post(at, body, **ONLY_CLAUDE)
        assert response.status == 200
    assert home.sent["max_tokens"] == 8192
    assert home.sent["thinking"] == {"type": "enabled", "budget_tokens": 8191}


@pytest.mark.parametrize(("known_as", "effort"), [("gpt-4o-mini", None), ("gpt-5-mini", "high")])
async def test_a_budget_to_think_with_is_no_word_to_a_model_of_chat_that_does_not_think(
    tmp_path: Path, known_as: str, effort: str | None
) -> None:
    thinking = {"type": "enabled", "budget_tokens": 16_000}
    async with provider("/v1/chat/completions") as chat:
        upstreams = {"up": {"kind": "openai", "base_url": f"{chat.url}/v1"}}
        models = {"m": {"upstream": "up", "catalog": known_as}}
        async with door(tmp_path, upstreams=upstreams, models=models) as at:
            body = {**asked(thinking=thinking), "max_tokens": 16_384, "model": "m"}
            await post(at, body)
            chats = {"model": "m", "messages": body["messages"], "reasoning_effort": "low"}
            await post(at, chats, "/v1/chat/completions")
    door_said, chat_said = (orjson.loads(chat.bodies[at]) for at in (0, -1))
    assert door_said.get("reasoning_effort") == effort
    assert chat_said["reasoning_effort"] == "low"  # a chat client says it in its own form


# ----------------------------------------------------------------------------- what is answered


async def test_a_whole_answer_is_the_providers_own_bytes(tmp_path: Path) -> None:
    async with farthing(tmp_path) as (at, home):
        home.answer = orjson.dumps(message(SIGNED, SEARCHED, TEXT), option=orjson.OPT_INDENT_2)
        response, body = await post(at, ASKED)
        (row,) = at.rows()
    assert body == home.answer
    assert response.headers["request-id"] == response.headers["x-request-id"]
    used = (row["uncached_input_tokens"], row["cache_read_tokens"], row["output_tokens"])
    assert used == (10, 3000, 5)
    assert (row["usage_source"], row["outcome"]) == ("upstream", "ok")


async def test_each_event_of_a_stream_is_the_providers_own(tmp_path: Path) -> None:
    async with farthing(tmp_path) as (at, home):
        home.events = stream(SIGNED, SEARCHED, TEXT)
        _, body = await post(at, ASKED.replace(b'"top_k": 4', b'"stream": true'))
        (row,) = at.rows()
    assert without_remarks(body) == without_remarks(home.events)
    assert b": farthing cost-usd=" in body
    assert body.endswith(b'data: {"type": "message_stop"}\n\n')
    assert (row["cache_read_tokens"], row["output_tokens"], row["stream"]) == (3000, 5, True)


async def test_a_stream_that_breaks_off_ends_in_an_error_and_not_as_if_it_were_whole(
    tmp_path: Path,
) -> None:
    async with farthing(tmp_path) as (at, home):
        home.events = stream(TEXT, ends=False)
        _, body = await post(at, asked(stream=True))
        (row,) = at.rows()
    *_, last = body.strip().split(b"\n\n")
    assert last.startswith(b"event: error\n")
    assert b"closed the stream before the answer was finished" in last
    assert (row["outcome"], b"[DONE]" in body) == ("cut", False)


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/chat/completions"])
async def test_of_a_stream_that_breaks_off_the_prompt_is_charged_by_the_providers_count(
    path: str, tmp_path: Path
) -> None:
    """It is reported at once, and what was read from a cache costs a tenth of what we would count."""
    async with farthing(tmp_path) as (at, home):
        begun, *_ = stream(TEXT, ends=False).partition(b"event: message_delta")
        home.events = begun
        await post(at, asked(stream=True), path)
        (row,) = at.rows()
    assert (row["outcome"], row["usage_source"]) == ("cut", "estimated")
    counts = ("uncached_input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")
    assert [row[name] for name in counts] == [10, 3000, 20, 1]


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/chat/completions"])
async def test_what_a_stream_counts_when_it_begins_is_not_taken_for_what_was_written(
    path: str, tmp_path: Path
) -> None:
    """Some servers count nothing at the end; what they say at the beginning is of the first token."""
    async with farthing(tmp_path) as (at, home):
        counted = b',"usage":{"output_tokens":5}'
        told = stream({"type": "text", "text": "Oui, " * 20})
        home.events = told.replace(counted, b"")
        await post(at, asked(stream=True), path)
        (row,) = at.rows()
    assert counted in told
    assert (row["outcome"], row["usage_source"]) == ("ok", "estimated")
    counts = ("uncached_input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")
    assert [row[name] for name in counts] == [10, 3000, 20, 25]


async def test_an_error_in_a_stream_before_its_first_word_lets_another_model_answer(
    tmp_path: Path,
) -> None:
    error = {"type": "overloaded_error", "message": "Overloaded"}
    async with farthing(tmp_path) as (at, home):
        home.events = events({"type": "error", "error": error})
        response, body = await post(at, asked(model="auto", stream=True))
        assert response.status == 200
        assert response.headers["x-farthing-model"] == "sim-mid"
        *failed, answered = at.rows()
    assert {(each["model"], each["outcome"]) for each in failed} == {("claude", "failed")}
    assert answered["outcome"] == "ok"
    assert b"event: message_stop" in body


async def test_an_error_before_anything_is_told_as_messages_tell_it(tmp_path: Path) -> None:
    error = {"type": "invalid_request_error", "message": "top_k: too small"}
    async with farthing(tmp_path) as (at, home):
        home.status, home.answer = 400, orjson.dumps({"type": "error", "error": error})
        response, body = await post(at, ASKED)
    assert response.status == 400
    assert orjson.loads(body)["error"] == error


async def test_a_receipt_comes_as_a_member_or_as_an_event_of_its_own(tmp_path: Path) -> None:
    async with farthing(tmp_path) as (at, _):
        _, whole = await post(at, asked(farthing={"receipt": True}))
        talk = asked(farthing={"receipt": True}, stream=True)
        _, body = await post(at, talk, cache_control="no-store")
    assert orjson.loads(whole)["farthing"]["model"] == "claude"
    receipt, last = [each for each in body.strip().split(b"\n\n") if each[:1] != b":"][-2:]
    assert receipt.startswith(b"event: farthing\n")
    assert b'"cost_usd"' in receipt
    assert b"message_stop" in last


# ---------------------------------------------------------------- what only Anthropic understands

HELLO: Json = {"role": "user", "content": "Hello"}
ADD = {"name": "add", "input_schema": {"type": "object"}}
TOOL = {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}


async def test_what_only_anthropic_understands_goes_to_who_speaks_its_api(tmp_path: Path) -> None:
    cheap = {"cheap": {**model("sim", "sim-mid", 0.001)}}
    async with farthing(tmp_path, models=cheap) as (at, home):
        plain, _ = await post(at, asked(model="auto"))
        response, body = await post(at, asked(model="auto", tools=[TOOL]))
    assert plain.headers["x-farthing-model"] != "claude"
    assert (response.status, response.headers["x-farthing-model"]) == (200, "claude")
    assert home.sent["tools"] == [TOOL]
    assert orjson.loads(body)["content"] == [TEXT]


ELSEWHERE: tuple[Json, ...] = (
    {"type": "document", "source": {"type": "url", "url": "https://example.org/a.pdf"}},
    {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
    {"type": "image", "source": {"type": "file", "file_id": "file_2"}},
)
"""What the provider fetches by itself, or has already."""


@pytest.mark.parametrize("block", ELSEWHERE)
async def test_documents_and_pictures_may_be_elsewhere(tmp_path: Path, block: Json) -> None:
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [block]}
    used = {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {}}
    said = (
        {"role": "user", "content": [block, {"type": "text", "text": "What is it about?"}]},
        {"role": "assistant", "content": [used]},
        {"role": "user", "content": [result]},
    )
    async with farthing(tmp_path) as (at, home):
        for path in ("/v1/messages", "/v1/messages/count_tokens"):
            answer, body = await post(at, asked(*said, tools=[ADD]), path)
            assert answer.status == 200, body
    assert home.sent["messages"] == list(said)


async def test_it_is_refused_in_words_where_a_model_is_named_that_cannot_know_it(
    tmp_path: Path,
) -> None:
    async with farthing(tmp_path) as (at, home):
        response, body = await post(at, asked(model="sim-mid", tools=[TOOL]))
    assert (response.status, home.bodies) == (400, [])
    assert b"only Anthropic's models have this tool" in body


async def test_why_others_may_not_answer_is_explained(tmp_path: Path) -> None:
    async with farthing(tmp_path) as (at, _):
        _, body = await post(at, asked(model="auto", tools=[TOOL]), x_farthing_dry_run="true")
    told = {each["model"]: each for each in orjson.loads(body)["candidates"]}
    assert told["sim-mid"]["exclusion"]["detail"] == "it does not offer messages_api"
    assert told["claude"]["role"] == "chosen"


# --------------------------------------------------------------- what is stored, and who shares it


async def test_an_answer_that_passed_is_stored_for_every_door(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    rule = "policy: kept\nintent: whatever a test needs\nreference: best\nadequate: {floor: 0}\ncache: {ttl_s: 60}\n"
    (tmp_path / "policies" / "kept.yaml").write_text(rule)
    policies = {"directory": str(tmp_path / "policies"), "default": "kept"}
    cache = {"url": "memory"}
    async with farthing(tmp_path, policies=policies, cache=cache) as (at, home):
        for streams in (False, True):
            talk = asked(
                {"role": "user", "content": f"Say it, {streams}"}, temperature=0, stream=streams
            )
            first, _ = await post(at, talk)
            again, body = await post(at, talk)
            limit = {"max_completion_tokens": talk.pop("max_tokens")}
            chat = {**talk, **limit}
            by_chat, told = await post(at, {**chat, "stream": False}, "/v1/chat/completions")
            states = [each.headers["x-farthing-cache"] for each in (first, again, by_chat)]
            assert states == ["miss", "hit", "hit"]
            assert b"Oui" in body
            assert orjson.loads(told)["choices"][0]["message"]["content"] == "Oui"
    assert len(home.bodies) == 2


async def test_who_wants_no_thoughts_or_others_is_given_no_answer_that_has_them(
    tmp_path: Path,
) -> None:
    (tmp_path / "policies").mkdir()
    rule = "policy: kept\nintent: whatever a test needs\nreference: best\nadequate: {floor: 0}\ncache: {ttl_s: 60}\n"
    (tmp_path / "policies" / "kept.yaml").write_text(rule)
    policies = {"directory": str(tmp_path / "policies"), "default": "kept"}
    ways: list[Json] = [{}, {"type": "adaptive"}, {"type": "adaptive", "display": "omitted"}]
    ways += [{"type": "enabled", "budget_tokens": budget} for budget in (1024, 2048)]
    async with farthing(tmp_path, policies=policies, cache={"url": "memory"}) as (at, home):
        states = []
        for thinking in (*ways, *ways, {"type": "disabled"}):
            home.answer = orjson.dumps(message(*([SIGNED] if thinking else []), TEXT))
            talk = {"max_tokens": 4096, **({"thinking": thinking} if thinking else {})}
            got, _ = await post(at, asked(**talk))
            states.append(got.headers["x-farthing-cache"])
    assert states == [*["miss"] * 5, *["hit"] * 6]


@pytest.mark.parametrize("streams", [False, True])
async def test_what_a_stop_sequence_has_ended_is_not_stored_since_chat_does_not_tell_it(
    tmp_path: Path, streams: bool
) -> None:
    (tmp_path / "policies").mkdir()
    rule = "policy: kept\nintent: whatever a test needs\nadequate: {floor: 0}\ncache: {ttl_s: 60}\n"
    (tmp_path / "policies" / "kept.yaml").write_text(rule)
    policies = {"directory": str(tmp_path / "policies"), "default": "kept"}
    async with farthing(tmp_path, policies=policies, cache={"url": "memory"}) as (at, home):
        home.answer = orjson.dumps(message(TEXT, stop="stop_sequence"))
        home.events = stream(TEXT, stop="stop_sequence")
        talk = asked(stop_sequences=["."], stream=streams)
        for _ in range(2):
            got, body = await post(at, talk)
            assert got.headers["x-farthing-cache"] == "miss"
            assert b'"stop_reason":"stop_sequence"' in body


async def test_what_only_anthropic_understands_is_not_stored(tmp_path: Path) -> None:
    cache = {"url": "memory"}
    async with farthing(tmp_path, cache=cache) as (at, home):
        for _ in range(2):
            response, _ = await post(at, asked(tools=[TOOL], temperature=0))
            assert response.headers["x-farthing-cache"] == "off"
    assert len(home.bodies) == 2


async def test_calls_of_tools_that_passed_are_looked_into_like_all_others(tmp_path: Path) -> None:
    tool = {"name": "add", "input_schema": {"type": "object", "required": ["a"]}}
    use = {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {}}
    async with farthing(tmp_path) as (at, home):
        home.events = stream(use, stop="tool_use")
        await post(at, asked(tools=[tool], stream=True))
        scorer = at.running.pipeline.scorer
        await until(lambda: scorer.counts[ScoreSource.TOOL_CALL] == 1)


@pytest.mark.parametrize(
    "more",
    [
        {"thinking": {"type": "adaptive"}},
        {"output_config": {"effort": "xhigh"}},
        {"tool_choice": {"type": "any"}, "tools": [ADD], "name": "claude-opus-5-5"},
        {"temperature": 0.5, "name": "claude-opus-5-5"},
        {"temperature": 0.5, "top_p": 0.9, "name": "claude-haiku-4-5"},
        {"messages": [HELLO, {"role": "assistant", "content": "I"}], "name": "claude-opus-4-6"},
        {"thinking": {"type": "disabled"}, "name": "claude-opus-5"},
        {"thinking": {"type": "enabled", "budget_tokens": 1024}, "name": "claude-opus-5"},
        {"name": "claude-sonnet-4-5", "messages": [HELLO, {"role": "system", "content": "Now"}]},
    ],
)
async def test_words_that_were_meant_for_another_model_are_others_for_one_that_refuses_them(
    tmp_path: Path, more: Json
) -> None:
    name = more.pop("name", "claude-sonnet-4-5")
    talk = asked(model="auto", max_tokens=2000, **more) | more
    async with farthing(
        tmp_path, models={each: model("home", name) for each in ("claude", "sim-mid")}
    ) as (at, home):
        await post(at, talk)
        others = orjson.loads(home.bodies[-1]) if home.bodies else None
        await post(at, {**talk, "model": "claude"}, cache_control="no-store")
    assert others != {**talk, "model": name}
    assert home.sent == {**talk, "model": name}


@pytest.mark.parametrize("streams", [False, True])
async def test_who_asks_the_same_at_the_same_moment_gets_the_same_bytes(
    tmp_path: Path, streams: bool
) -> None:
    talk = asked(temperature=0, stream=streams)
    async with farthing(tmp_path, cache={"url": "memory"}) as (at, home):
        home.goes_on.clear()
        first = asyncio.create_task(post(at, talk))
        await home.arrived.wait()
        second = asyncio.create_task(post(at, talk))
        await until(lambda: "waiting=1" in repr(at.running.pipeline.flights))
        home.goes_on.set()
        (one, _), (another, body) = await first, await second
    states = [each.headers["x-farthing-cache"] for each in (one, another)]
    assert (states, len(home.bodies)) == (["miss", "shared"], 1)
    own = home.events if streams else home.answer
    assert without_remarks(body) == without_remarks(own)


@pytest.mark.parametrize("stream_it", [False, True])
@pytest.mark.parametrize(
    ("told", "tier"),
    [
        ({"speed": "fast"}, "fast"),
        ({"service_tier": "standard", "speed": "standard"}, "standard"),
        ({"service_tier": "standard", "speed": "fast", "inference_geo": "us"}, "fast_us"),
        ({"service_tier": "priority", "speed": "fast"}, "priority"),
    ],
)
async def test_fast_mode_and_a_country_are_charged_as_tiers(
    tmp_path: Path, stream_it: bool, told: Json, tier: str
) -> None:
    band = {"tier": "fast", "input_usd_per_mtok": 6, "output_usd_per_mtok": 12}
    price = {"input_usd_per_mtok": 1, "output_usd_per_mtok": 2, "bands": [band]}
    mine = {"claude": {**model("home", "claude-sonnet-4-5"), "price": price}}
    async with farthing(tmp_path, models=mine) as (at, it):
        it.answer = orjson.dumps({**message(TEXT), "usage": {**USAGE, **told}})
        it.events = it.events.replace(b'"service_tier":"standard"', orjson.dumps(told)[1:-1])
        usual, _ = await post(at, asked(stream=stream_it))
        fast, _ = await post(at, asked(stream=stream_it, speed="fast"))
        rows = at.rows()

    assert {row["service_tier"] for row in rows} == {tier}
    notes = {"fast_us": "no rate of its own for tier fast_us"}
    assert rows[0]["cost_note"] == notes.get(tier, rows[0]["cost_note"])
    if tier == "fast":
        assert rows[0]["cost_pico"] == 6 * (3030 + 2 * 5) * 10**6
    estimates = [float(got.headers["x-farthing-estimated-cost-usd"]) for got in (usual, fast)]
    assert estimates[1] > 4 * estimates[0]

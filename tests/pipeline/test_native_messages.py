"""A Messages client with a provider that speaks Messages: what each sends reaches the other unchanged."""

from pathlib import Path

import orjson
import pytest

from tests.pipeline.doors import SECRET, door
from tests.pipeline.messages_provider import (
    SEARCHED,
    SIGNED,
    TEXT,
    asked,
    farthing,
    message,
    stream,
)
from tests.pipeline.providers import Json, events, model, post, provider, without_remarks

ASKED = (
    b'{"max_tokens": 100,  "model": "claude", "top_k": 4, "a_field_of_tomorrow": 1.0,'
    b' "messages": [{"role": "user", "content": [{"type": "text", "text": "Caf\\u00e9?",'
    b' "cache_control": {"type": "ephemeral", "ttl": "1h"}}]}]}'
)


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

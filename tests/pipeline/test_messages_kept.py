"""Messages that passed: what only Anthropic understands, what is stored, and who shares it."""

import asyncio
from pathlib import Path

import orjson
import pytest

from router.domain.scored import ScoreSource
from tests.pipeline.messages_provider import SIGNED, TEXT, USAGE, asked, farthing, message, stream
from tests.pipeline.providers import Json, model, post, without_remarks
from tests.simulated.raw import until

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
        in_chat = {"model": "claude", "messages": [HELLO], "stream": stream_it}
        assert (await post(at, in_chat, "/v1/chat/completions"))[0].status == 200
        rows = at.rows()

    assert {row["service_tier"] for row in rows} == {tier}
    notes = {"fast_us": "no rate of its own for tier fast_us"}
    assert rows[0]["cost_note"] == notes.get(tier, rows[0]["cost_note"])
    if tier == "fast":
        assert rows[0]["cost_pico"] == 6 * (3030 + 2 * 5) * 10**6
    estimates = [float(got.headers["x-farthing-estimated-cost-usd"]) for got in (usual, fast)]
    assert estimates[1] > 4 * estimates[0]

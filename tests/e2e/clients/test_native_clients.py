"""Real clients of Messages and Responses before models that are asked so: nothing is translated in between."""

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.e2e.clients.coding_agents import ClaudeCode, Codex
from tests.e2e.configs import bare_model, write_config
from tests.e2e.doors import MESSAGES, RESPONSES, Knock, events_of
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import send

Json = dict[str, Any]
QUESTION = "What is 17 * 23?"
PROOF = "Prove step by step that 1 + 1 = 2"


@pytest.fixture(scope="module")
def farthing(
    tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator
) -> Iterator[Farthing]:
    """The names that agents ask for are models here, so that these alone may answer."""
    base_url = shared_simulator.base_url
    config = write_config(
        tmp_path_factory.mktemp("native"),
        base_url,
        upstreams={
            "responses": {"kind": "openai", "base_url": base_url, "dialect": "responses"},
            "messages": {"kind": "anthropic", "base_url": base_url},
        },
        models={
            "gpt-5-codex": bare_model("responses", "sim-frontier"),
            "claude-of-today": bare_model("messages", "sim-frontier"),
        },
        cache={"url": "off"},
    )
    with Farthing(config) as running:
        yield running


@pytest.fixture
async def gpt(farthing: Farthing) -> Any:
    async with openai.AsyncOpenAI(base_url=farthing.base_url, api_key="any", max_retries=0) as made:
        yield made


@pytest.fixture
async def claude(farthing: Farthing) -> Any:
    anthropic = pytest.importorskip("anthropic")
    async with anthropic.AsyncAnthropic(
        base_url=farthing.url, api_key="any", max_retries=0
    ) as made:
        yield made


# --------------------------------------------------------------------------------- openai's client


async def test_openais_client_gets_a_response_and_goes_on_from_it(
    gpt: openai.AsyncOpenAI, simulator: Simulator
) -> None:
    first = await gpt.responses.create(model="gpt-5-codex", input=QUESTION)
    assert first.output_text == "17 * 23 = 391"
    then = await gpt.responses.create(
        model="gpt-5-codex", input=QUESTION, previous_response_id=first.id
    )
    assert then.output_text == "17 * 23 = 391"
    sent = json.loads(simulator.calls[-1].body or b"")
    assert sent["previous_response_id"] == first.id


async def test_openais_client_gets_a_stream(gpt: openai.AsyncOpenAI) -> None:
    async with gpt.responses.stream(model="gpt-5-codex", input=QUESTION) as stream:
        kinds = [event.type async for event in stream]
        final = await stream.get_final_response()
    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")
    assert final.output_text == "17 * 23 = 391"


async def test_openais_client_passes_over_a_receipt(gpt: openai.AsyncOpenAI) -> None:
    headers = {"x-farthing-receipt": "true"}
    async with gpt.responses.stream(
        model="gpt-5-codex", input=QUESTION, extra_headers=headers
    ) as stream:
        assert (await stream.get_final_response()).output_text == "17 * 23 = 391"


async def test_openais_client_offers_a_tool_that_the_provider_runs(
    gpt: openai.AsyncOpenAI, simulator: Simulator
) -> None:
    told = await gpt.responses.create(
        model="auto",
        input=QUESTION,
        tools=[{"type": "web_search"}],
        include=["reasoning.encrypted_content"],
    )
    assert told.output_text == "17 * 23 = 391"
    sent = json.loads(simulator.calls[-1].body or b"")
    assert sent["tools"] == [{"type": "web_search"}]
    with pytest.raises(openai.BadRequestError, match="only OpenAI runs this tool"):
        await gpt.responses.create(model="sim-mid", input=QUESTION, tools=[{"type": "web_search"}])


# ------------------------------------------------------------------------------ anthropic's client


@pytest.mark.parametrize("stream", [False, True])
async def test_anthropics_client_gives_signed_thoughts_back(claude: Any, stream: bool) -> None:
    """The simulator refuses every signature that it did not make itself, for this very model."""

    async def ask(talk: list[Json]) -> Any:
        thinking = {"type": "enabled", "budget_tokens": 1024}
        told = {
            "model": "claude-of-today",
            "max_tokens": 2048,
            "messages": talk,
            "thinking": thinking,
        }
        if not stream:
            return await claude.messages.create(**told)
        async with claude.messages.stream(**told) as events:
            return await events.get_final_message()

    talk: list[Json] = [{"role": "user", "content": PROOF}]
    first = await ask(talk)
    kinds = [block.type for block in first.content]
    assert kinds == ["thinking", "text"]
    assert not first.content[0].signature.startswith("sealed:")
    said = [block.model_dump(exclude_unset=True) for block in first.content]
    talk += [{"role": "assistant", "content": said}, {"role": "user", "content": PROOF}]
    assert [block.type for block in (await ask(talk)).content] == ["thinking", "text"]


async def test_anthropics_client_passes_over_a_receipt(claude: Any) -> None:
    async with claude.messages.stream(
        model="claude-of-today",
        max_tokens=100,
        messages=[{"role": "user", "content": QUESTION}],
        extra_headers={"x-farthing-receipt": "true"},
    ) as stream:
        final = await stream.get_final_message()
    assert final.content[0].text == "17 * 23 = 391"


async def test_anthropics_client_sends_betas_and_what_nobody_here_knows(
    claude: Any, simulator: Simulator
) -> None:
    await claude.beta.messages.create(
        model="claude-of-today",
        max_tokens=100,
        messages=[{"role": "user", "content": QUESTION}],
        betas=["context-1m-2025-08-07"],
        tools=[{"type": "web_search_20250305", "name": "web_search", "max_uses": 1}],
        extra_body={"of_tomorrow": {"a": 1.0}},
    )
    sent = json.loads(simulator.calls[-1].body or b"")
    assert sent["of_tomorrow"] == {"a": 1.0}
    assert sent["tools"][0]["max_uses"] == 1


# ---------------------------------------------------------------------------------- coding agents


@pytest.mark.parametrize(
    ("kind", "door"), [(ClaudeCode, MESSAGES), (Codex, RESPONSES)], ids=["claude", "codex"]
)
def test_what_a_coding_agent_sends_arrives_as_it_is(
    farthing: Farthing, simulator: Simulator, kind: Any, door: Knock
) -> None:
    session = kind()
    for _ in range(3):
        body = json.dumps(_as_of_today(session.body())).encode()
        got = send(farthing.base_url + session.path, body, headers=session.headers)
        assert got.status == 200, got
        events = events_of(got)
        for event in events:
            if event["type"] != "ping":  # of which the description does not speak
                door.check_event(event)
        name = json.loads(body)["model"].encode()
        assert simulator.calls[-1].body == body.replace(name, b"sim-frontier", 1)
        session.take(events)


def _as_of_today(body: Json) -> Json:
    """What else Codex 0.171 and Claude Code 2.1 send, as far as simulated models accept it."""
    if "input" in body:
        return {
            **body,
            "tools": [*body["tools"], {"type": "web_search", "external_web_access": True}],
        }
    thinking = {"type": "enabled", "budget_tokens": 9000}
    return {
        **body,
        "max_tokens": 16000,
        "thinking": thinking,
        "output_config": {"effort": "medium"},
    }

"""The real anthropic client, with only its base_url changed. Skipped if it is not installed."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.e2e.doors import MESSAGES
from tests.e2e.programs import Farthing

anthropic = pytest.importorskip("anthropic")

QUESTION: list[Any] = [{"role": "user", "content": "What is 17 * 23?"}]
FORECAST: list[Any] = [{"role": "user", "content": "What is the weather in Oslo, in kelvin?"}]
WEATHER: Any = {
    "name": "get_weather",
    "description": "The weather forecast for a city",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"enum": ["celsius", "kelvin"]}},
        "required": ["city", "unit"],
    },
}


@pytest.fixture
async def claude(farthing: Farthing) -> AsyncIterator[Any]:
    async with anthropic.AsyncAnthropic(
        base_url=farthing.url, api_key="any", max_retries=0
    ) as made:
        yield made


async def test_a_message(claude: Any) -> None:
    raw = await claude.messages.with_raw_response.create(
        model="claude-of-today", max_tokens=100, messages=QUESTION, system="Be brief."
    )
    message = await raw.parse()
    MESSAGES.check_answer(message.model_dump(mode="json", exclude_unset=True))
    assert (message.content[0].text, message.stop_reason) == ("17 * 23 = 391", "end_turn")
    assert raw.headers["x-farthing-policy"] == "cheap"
    assert raw.headers["request-id"] == raw.headers["x-request-id"]
    assert message.usage.input_tokens > 0
    assert message.usage.output_tokens > 0


async def test_a_stream_of_a_message(claude: Any) -> None:
    async with claude.messages.stream(
        model="claude-of-today", max_tokens=100, messages=QUESTION
    ) as stream:
        text = "".join([piece async for piece in stream.text_stream])
        final = await stream.get_final_message()
    assert text == final.content[0].text == "17 * 23 = 391"
    assert final.usage.input_tokens > 0
    assert final.stop_reason == "end_turn"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_tool_is_used_and_its_result_becomes_the_answer(claude: Any, stream: bool) -> None:
    async def ask(messages: list[Any]) -> Any:
        told = {
            "model": "auto:quality",
            "max_tokens": 200,
            "messages": messages,
            "tools": [WEATHER],
        }
        if not stream:
            return await claude.messages.create(**told)
        async with claude.messages.stream(**told) as events:
            return await events.get_final_message()

    asked = await ask(FORECAST)
    assert asked.stop_reason == "tool_use"
    (use,) = [block for block in asked.content if block.type == "tool_use"]
    assert use.input == {"city": "Oslo", "unit": "kelvin"}
    said = [block.model_dump(exclude_unset=True) for block in asked.content]
    result = {"type": "tool_result", "tool_use_id": use.id, "content": "It snows at 264 K"}
    told = await ask(
        [*FORECAST, {"role": "assistant", "content": said}, {"role": "user", "content": [result]}]
    )
    assert told.stop_reason == "end_turn"
    assert told.content[0].text


async def test_an_answer_that_is_too_long(claude: Any) -> None:
    message = await claude.messages.create(
        model="auto",
        max_tokens=5,
        messages=[{"role": "user", "content": "Tell me a long story."}],
    )
    assert message.stop_reason == "max_tokens"


async def test_betas_come_in_by_the_same_door(claude: Any) -> None:
    message = await claude.beta.messages.create(
        model="auto", max_tokens=100, messages=QUESTION, betas=["context-1m-2025-08-07"]
    )
    assert message.content[0].text == "17 * 23 = 391"


async def test_tokens_are_counted(claude: Any) -> None:
    counted = await claude.messages.count_tokens(model="auto", messages=QUESTION, tools=[WEATHER])
    assert 20 < counted.input_tokens < 200


async def test_errors_become_the_clients_own_exceptions(claude: Any) -> None:
    with pytest.raises(anthropic.NotFoundError) as missing:
        await claude.messages.create(model="nobody", max_tokens=9, messages=QUESTION)
    assert missing.value.request_id == missing.value.body["request_id"]
    with pytest.raises(anthropic.BadRequestError, match="'max_tokens' must be a whole number"):
        await claude.messages.create(model="auto", max_tokens=-1, messages=QUESTION)
    with pytest.raises(anthropic.BadRequestError, match="only Anthropic's models have this tool"):
        await claude.messages.create(
            model="auto",
            max_tokens=9,
            messages=QUESTION,
            tools=[{"type": "web_search_20250305", "name": "web_search"}],
        )

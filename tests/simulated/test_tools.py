"""Tools, as the real openai client offers them to the simulated models."""

import json

import openai
import pytest
from openai.types.chat import ChatCompletionToolParam

from tests.tools import WEATHER


async def test_a_tool_is_called_when_the_question_asks_for_it(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model="sim-frontier",
        messages=[{"role": "user", "content": "What is the weather in Oslo, in kelvin?"}],
        tools=[WEATHER],
    )
    choice = answer.choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content is None
    assert choice.message.tool_calls is not None
    (call,) = choice.message.tool_calls
    assert call.type == "function"
    assert json.loads(call.function.arguments) == {"city": "Oslo", "unit": "kelvin"}


async def test_two_things_asked_for_are_two_calls(client: openai.AsyncOpenAI) -> None:
    text = "Tell me the weather in Paris in celsius and in New York"
    stream = await client.chat.completions.create(
        model="sim-frontier",
        messages=[{"role": "user", "content": text}],
        tools=[WEATHER],
        stream=True,
    )
    calls: dict[int, dict[str, str]] = {}
    async for chunk in stream:
        for part in chunk.choices[0].delta.tool_calls or []:
            assert part.function is not None
            call = calls.setdefault(part.index, {"id": part.id or "", "arguments": ""})
            call["name"] = part.function.name or call.get("name", "")
            call["arguments"] += part.function.arguments or ""
    assert [call["name"] for call in calls.values()] == ["get_weather", "get_weather"]
    cities = [json.loads(call["arguments"])["city"] for call in calls.values()]
    assert cities == ["Paris", "New York"]
    assert len({call["id"] for call in calls.values()}) == 2


async def test_without_parallel_calls_there_is_one(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model="sim-frontier",
        messages=[{"role": "user", "content": "The weather in Paris and in New York?"}],
        tools=[WEATHER],
        parallel_tool_calls=False,
    )
    assert len(answer.choices[0].message.tool_calls or []) == 1


async def test_after_the_tools_have_spoken_the_answer_quotes_them(
    client: openai.AsyncOpenAI,
) -> None:
    first = await client.chat.completions.create(
        model="sim-mid",
        messages=[{"role": "user", "content": "Weather forecast for Oslo?"}],
        tools=[WEATHER],
    )
    (call,) = first.choices[0].message.tool_calls or []
    last = await client.chat.completions.create(
        model="sim-mid",
        messages=[
            {"role": "user", "content": "Weather forecast for Oslo?"},
            first.choices[0].message.model_dump(exclude_none=True),  # type: ignore[list-item]
            {"role": "tool", "tool_call_id": call.id, "content": "minus 4, snow"},
        ],
        tools=[WEATHER],
    )
    assert "minus 4, snow" in (last.choices[0].message.content or "")
    assert last.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("choice", ["required", "named"])
async def test_a_tool_that_must_be_called_is_called(
    client: openai.AsyncOpenAI, choice: str
) -> None:
    answer = await client.chat.completions.create(
        model="sim-mid",
        messages=[{"role": "user", "content": "Hello"}],
        tools=[WEATHER],
        tool_choice="required"
        if choice == "required"
        else {"type": "function", "function": {"name": "get_weather"}},
    )
    assert len(answer.choices[0].message.tool_calls or []) == 1


async def test_of_several_tools_only_those_that_are_allowed_are_called(
    client: openai.AsyncOpenAI,
) -> None:
    clock: ChatCompletionToolParam = {
        "type": "function",
        "function": {"name": "clock", "description": "The time of day"},
    }
    answer = await client.chat.completions.create(
        model="sim-mid",
        messages=[{"role": "user", "content": "What is the weather forecast for Rome?"}],
        tools=[WEATHER, clock],
        tool_choice={
            "type": "allowed_tools",
            "allowed_tools": {
                "mode": "required",
                "tools": [{"type": "function", "function": {"name": "clock"}}],
            },
        },
    )
    (call,) = answer.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert call.function.name == "clock"


async def test_a_question_about_something_else_calls_no_tool(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model="sim-mid", messages=[{"role": "user", "content": "Tell me a joke"}], tools=[WEATHER]
    )
    assert answer.choices[0].message.tool_calls is None
    assert "joke" in (answer.choices[0].message.content or "")

"""The real openai client at the other doors: `client.responses` and `client.completions`."""

import json
from typing import Any

import openai
import pytest
from openai.types.responses import FunctionToolParam, ResponseInputParam
from pydantic import BaseModel

from tests.e2e.doors import RESPONSES
from tests.e2e.upstreams import Simulator

QUESTION = "What is 17 * 23?"
WEATHER: FunctionToolParam = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather forecast for a city",
    "strict": True,
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"enum": ["celsius", "kelvin"]}},
        "required": ["city", "unit"],
        "additionalProperties": False,
    },
}
FORECAST: ResponseInputParam = [
    {"role": "user", "content": "What is the weather in Oslo, in kelvin?"}
]


class Sum(BaseModel):
    question: str
    answer: str


def json_of(model: BaseModel) -> dict[str, Any]:
    """What came over the wire, as far as the client keeps it: fields that it did not get stay out."""
    return model.model_dump(mode="json", exclude_unset=True)


async def test_a_response(client: openai.AsyncOpenAI) -> None:
    answer = await client.responses.create(
        model="auto", input=QUESTION, instructions="Be brief.", metadata={"run": "7"}
    )
    RESPONSES.check_answer(json_of(answer))
    assert answer.output_text == "17 * 23 = 391"
    assert (answer.instructions, answer.metadata) == ("Be brief.", {"run": "7"})
    assert (answer.status, json_of(answer)["store"]) == ("completed", False)
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens


async def test_a_stream_of_a_response(client: openai.AsyncOpenAI) -> None:
    async with client.responses.stream(model="auto", input=QUESTION) as stream:
        events = [event async for event in stream]
        final = await stream.get_final_response()
    assert [event.type for event in events][:4] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
    ]
    assert events[-1].type == "response.completed"
    assert final.output_text == "17 * 23 = 391"
    RESPONSES.check_answer(json_of(final))


@pytest.mark.parametrize("stream", [False, True])
async def test_a_function_is_called_and_its_output_becomes_the_answer(
    client: openai.AsyncOpenAI, stream: bool
) -> None:
    async def ask(given: ResponseInputParam) -> Any:
        if not stream:
            return await client.responses.create(
                model="auto:quality", input=given, tools=[WEATHER], store=False
            )
        async with client.responses.stream(
            model="auto:quality", input=given, tools=[WEATHER], store=False
        ) as events:
            return await events.get_final_response()

    asked = await ask(FORECAST)
    (call,) = [item for item in asked.output if item.type == "function_call"]
    assert json.loads(call.arguments) == {"city": "Oslo", "unit": "kelvin"}
    items: list[Any] = [
        item.model_dump(exclude_unset=True, exclude={"parsed_arguments"}) for item in asked.output
    ]
    output: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "It snows."}
    told = await ask([*FORECAST, *items, output])
    assert told.status == "completed"
    assert told.output_text


async def test_a_schema_is_kept(client: openai.AsyncOpenAI) -> None:
    answer = await client.responses.parse(model="auto", input="What is 6 times 7?", text_format=Sum)
    assert isinstance(answer.output_parsed, Sum)


async def test_an_answer_that_is_too_long_is_incomplete(client: openai.AsyncOpenAI) -> None:
    answer = await client.responses.create(
        model="auto", input="Tell me a long story.", max_output_tokens=16
    )
    assert answer.status == "incomplete"
    assert answer.incomplete_details is not None
    assert answer.incomplete_details.reason == "max_output_tokens"


async def test_nothing_is_stored_and_whoever_counts_on_it_is_told_so(
    client: openai.AsyncOpenAI,
) -> None:
    first = await client.responses.create(model="auto", input=QUESTION, store=True)
    with pytest.raises(openai.BadRequestError, match="send the whole conversation") as raised:
        await client.responses.create(model="auto", input="And?", previous_response_id=first.id)
    assert raised.value.param == "previous_response_id"
    with pytest.raises(openai.NotFoundError, match="not stored"):
        await client.responses.retrieve(first.id)
    with pytest.raises(openai.NotFoundError, match="not stored"):
        await client.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError, match="not stored"):
        await client.responses.input_items.list(first.id)
    with pytest.raises(openai.BadRequestError, match="'background' is not offered"):
        await client.responses.create(model="auto", input=QUESTION, background=True)


async def test_a_tool_that_only_openai_runs_is_refused_by_its_place(
    client: openai.AsyncOpenAI, simulator: Simulator
) -> None:
    asked = sum(counter.requests for counter in simulator.counters.values())
    with pytest.raises(openai.BadRequestError, match="only OpenAI runs this tool") as raised:
        await client.responses.create(model="auto", input=QUESTION, tools=[{"type": "web_search"}])
    assert raised.value.param == "tools[0].type"
    assert "Codex offers it unless its config.toml says web_search = " in raised.value.message
    assert sum(counter.requests for counter in simulator.counters.values()) == asked


async def test_tokens_are_counted(client: openai.AsyncOpenAI) -> None:
    counted = await client.responses.input_tokens.count(model="auto", input=QUESTION)
    assert 5 < counted.input_tokens < 30


async def test_a_completion_plain_and_streamed(client: openai.AsyncOpenAI) -> None:
    plain = await client.completions.create(model="auto", prompt=QUESTION)
    stream = await client.completions.create(
        model="auto", prompt=QUESTION, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    text = "".join(choice.text for chunk in chunks for choice in chunk.choices)
    assert plain.choices[0].text == text == "17 * 23 = 391"
    assert chunks[-1].usage == plain.usage
    with pytest.raises(openai.BadRequestError, match="'suffix' is not offered here"):
        await client.completions.create(model="auto", prompt=QUESTION, suffix="So.")


def test_the_sync_client_gets_responses_as_well(sync_client: openai.OpenAI) -> None:
    assert sync_client.responses.create(model="auto", input=QUESTION).output_text == "17 * 23 = 391"
    with sync_client.responses.create(model="auto", input=QUESTION, stream=True) as stream:
        assert [event.type for event in stream][-1] == "response.completed"

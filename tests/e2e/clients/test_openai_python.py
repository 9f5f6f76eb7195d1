"""What people use: the real openai client, sync and async, with nothing changed but its base_url."""

import asyncio
import base64
import json

import openai
import pytest
from openai.types.chat import ChatCompletionChunk
from pydantic import BaseModel

from tests.e2e.described import check_answer, check_chunk
from tests.e2e.upstreams import Canned, FixedUpstream, Simulator
from tests.tools import WEATHER


class Sum(BaseModel):
    question: str
    answer: str


def json_of(model: BaseModel) -> object:
    """What came over the wire, as far as the client keeps it: fields that it did not get stay out."""
    return model.model_dump(mode="json", exclude_unset=True)


def text_of(chunks: list[ChatCompletionChunk], index: int = 0) -> str:
    choices = [choice for chunk in chunks for choice in chunk.choices if choice.index == index]
    return "".join(choice.delta.content or "" for choice in choices)


async def test_a_plain_answer(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model="auto", messages=[{"role": "user", "content": "What is 17 * 23?"}]
    )
    check_answer(json_of(answer))
    assert answer.choices[0].message.content == "17 * 23 = 391"
    assert answer.model == "sim-frontier"
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


async def test_a_stream_says_the_same_and_no_usage_unasked(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model="auto", messages=[{"role": "user", "content": "What is 17 * 23?"}], stream=True
    )
    chunks = [chunk async for chunk in stream]
    for chunk in chunks:
        check_chunk(json_of(chunk))
    assert text_of(chunks) == "17 * 23 = 391"
    assert all(chunk.choices for chunk in chunks)
    assert all(chunk.usage is None for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason == "stop"


@pytest.mark.parametrize("oddity", ["crlf", "comments", "missing_space", "event_id_lines"])
async def test_a_stream_that_is_written_otherwise_says_the_same(
    client: openai.AsyncOpenAI, oddity: str
) -> None:
    stream = await client.chat.completions.create(
        model="sim-mid",
        messages=[{"role": "user", "content": f"What is 17 * 23? ({oddity})"}],
        metadata={"simulate": oddity},
        stream=True,
    )
    said = [chunk.choices[0].delta.content or "" async for chunk in stream]
    assert "".join(said) == "17 * 23 = 391"


async def test_a_stream_with_usage_ends_in_the_plain_answers_usage(
    client: openai.AsyncOpenAI,
) -> None:
    plain = await client.chat.completions.create(
        model="auto", messages=[{"role": "user", "content": "What is the capital of Japan?"}]
    )
    stream = await client.chat.completions.create(
        model="auto",
        messages=[{"role": "user", "content": "What is the capital of Japan?"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]
    for chunk in chunks:
        check_chunk(json_of(chunk))
    assert text_of(chunks) == plain.choices[0].message.content
    assert chunks[-1].choices == []
    assert chunks[-1].usage == plain.usage
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_the_sync_client_gets_plain_streamed_called_and_parsed(sync_client: openai.OpenAI) -> None:
    plain = sync_client.chat.completions.create(
        model="auto", messages=[{"role": "user", "content": "12 plus 30?"}]
    )
    check_answer(json_of(plain))
    stream = sync_client.chat.completions.create(
        model="auto", messages=[{"role": "user", "content": "12 plus 30?"}], stream=True
    )
    with stream:
        chunks = list(stream)
    assert plain.choices[0].message.content == text_of(chunks) == "12 + 30 = 42"

    called = sync_client.chat.completions.create(
        model="auto",
        messages=[{"role": "user", "content": "The weather in Oslo, in kelvin?"}],
        tools=[WEATHER],
    )
    assert called.choices[0].finish_reason == "tool_calls"
    parsed = sync_client.chat.completions.parse(
        model="auto",
        messages=[{"role": "user", "content": "What is 6 times 7?"}],
        response_format=Sum,
    )
    assert isinstance(parsed.choices[0].message.parsed, Sum)


async def test_a_tool_is_called_and_its_result_becomes_the_answer(
    client: openai.AsyncOpenAI,
) -> None:
    question = {"role": "user", "content": "What is the weather in Oslo, in kelvin?"}
    asked = await client.chat.completions.create(
        model="auto:quality",
        messages=[question],  # type: ignore[list-item]  # as people write it
        tools=[WEATHER],
    )
    check_answer(json_of(asked))
    assert asked.choices[0].message.tool_calls is not None
    (call,) = asked.choices[0].message.tool_calls
    assert call.type == "function"
    assert json.loads(call.function.arguments) == {"city": "Oslo", "unit": "kelvin"}

    told = await client.chat.completions.create(
        model="auto:quality",
        messages=[
            question,  # type: ignore[list-item]
            asked.choices[0].message,  # type: ignore[list-item]  # a message is sent back as it came
            {"role": "tool", "tool_call_id": call.id, "content": "It snows at 264 K"},
        ],
        tools=[WEATHER],
    )
    assert told.choices[0].finish_reason == "stop"
    assert "It snows at 264 K" in (told.choices[0].message.content or "")


async def test_parallel_calls_arrive_in_pieces_and_whole(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model="auto:quality",
        messages=[
            {"role": "user", "content": "Tell me the weather in Paris in celsius and in New York"}
        ],
        tools=[WEATHER],
        parallel_tool_calls=True,
        stream=True,
    )
    arguments: dict[int, str] = {}
    async for chunk in stream:
        check_chunk(json_of(chunk))
        for part in chunk.choices[0].delta.tool_calls or []:
            said = (part.function and part.function.arguments) or ""
            arguments[part.index] = arguments.get(part.index, "") + said
    assert [json.loads(said)["city"] for said in arguments.values()] == ["Paris", "New York"]


async def test_parse_gives_an_object_of_ones_own(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.parse(
        model="auto",
        messages=[{"role": "user", "content": "What is 19 + 23?"}],
        response_format=Sum,
    )
    assert answer.choices[0].message.parsed is not None
    assert answer.choices[0].message.parsed.answer == "42"


async def test_a_schema_is_kept_to_in_a_stream_as_well(client: openai.AsyncOpenAI) -> None:
    async with client.chat.completions.stream(
        model="auto",
        messages=[{"role": "user", "content": "What is 40 + 2?"}],
        response_format=Sum,
    ) as stream:
        kinds = {event.type async for event in stream}
        final = await stream.get_final_completion()
    assert {"chunk", "content.delta", "content.done"} <= kinds
    assert final.choices[0].message.parsed is not None
    assert final.choices[0].message.parsed.answer == "42"


async def test_a_picture_is_looked_at(client: openai.AsyncOpenAI) -> None:
    picture = "data:image/png;base64," + base64.b64encode(b"not looked at").decode()
    answer = await client.chat.completions.create(
        model="auto",
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": picture}},
                ],
            }
        ],
    )
    check_answer(json_of(answer))
    assert "picture you sent" in (answer.choices[0].message.content or "")


@pytest.mark.parametrize("stream", [False, True])
async def test_log_probabilities(client: openai.AsyncOpenAI, stream: bool) -> None:
    if stream:
        events = await client.chat.completions.create(
            model="auto",
            messages=[{"role": "user", "content": "Hello you"}],
            logprobs=True,
            top_logprobs=2,
            stream=True,
        )
        chunks = [chunk async for chunk in events]
        for chunk in chunks:
            check_chunk(json_of(chunk))
        found = [choice.logprobs for chunk in chunks for choice in chunk.choices if choice.logprobs]
        tokens = [token for part in found for token in part.content or []]
        text = text_of(chunks)
    else:
        answer = await client.chat.completions.create(
            model="auto",
            messages=[{"role": "user", "content": "Hello you"}],
            logprobs=True,
            top_logprobs=2,
        )
        check_answer(json_of(answer))
        assert answer.choices[0].logprobs is not None
        tokens = answer.choices[0].logprobs.content or []
        text = answer.choices[0].message.content or ""
    assert "".join(token.token for token in tokens) == text
    assert all(len(token.top_logprobs) == 2 for token in tokens)


async def test_several_choices_plain_and_streamed(client: openai.AsyncOpenAI) -> None:
    plain = await client.chat.completions.create(
        model="auto", messages=[{"role": "user", "content": "Hello there"}], n=2
    )
    check_answer(json_of(plain))
    stream = await client.chat.completions.create(
        model="auto", messages=[{"role": "user", "content": "Hello there"}], n=2, stream=True
    )
    chunks = [chunk async for chunk in stream]
    for chunk in chunks:
        check_chunk(json_of(chunk))
    assert [choice.message.content for choice in plain.choices] == [
        text_of(chunks, 0),
        text_of(chunks, 1),
    ]


async def test_headers_beside_the_answer(client: openai.AsyncOpenAI) -> None:
    raw = await client.chat.completions.with_raw_response.create(
        model="auto", messages=[{"role": "user", "content": "What is 5 * 5?"}]
    )
    assert raw.parse().choices[0].message.content == "5 * 5 = 25"
    assert raw.headers["x-farthing-model"] == "sim-frontier"
    assert raw.headers["x-request-id"].startswith("req_")
    answer = raw.parse()
    assert answer._request_id == raw.headers["x-request-id"]  # noqa: SLF001  its documented name


async def test_a_field_that_nobody_knows_yet_reaches_the_upstream(
    client: openai.AsyncOpenAI, simulator: Simulator
) -> None:
    invented = {"deep": [1, 2.5, None, "ü"]}
    await client.chat.completions.create(
        model="auto",
        messages=[{"role": "user", "content": "Hello"}],
        extra_body={"invented_tomorrow": invented},
    )
    body = simulator.call_with(b"invented_tomorrow").body or b""
    assert json.loads(body)["invented_tomorrow"] == invented


async def test_a_field_that_nobody_knows_yet_reaches_the_client(
    client: openai.AsyncOpenAI, fixed: FixedUpstream
) -> None:
    answer = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "fixed",
        "invented_tomorrow": {"a": 1},
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": "Hi", "mood": "fine"},
            }
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "joules": 7},
    }
    fixed.answer = Canned((json.dumps(answer).encode(),))
    got = await client.chat.completions.create(
        model="fixed", messages=[{"role": "user", "content": "Hello"}]
    )
    assert json_of(got) == answer


async def test_errors_become_the_clients_own_exceptions(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        await client.chat.completions.create(
            model="sim-fronteer", messages=[{"role": "user", "content": "Hello"}]
        )
    assert unknown.value.code == "model_not_found"
    assert unknown.value.param == "model"
    assert "sim-frontier" in unknown.value.message
    with pytest.raises(openai.BadRequestError) as wrong:
        await client.chat.completions.create(
            model="auto",
            messages=[{"role": "user", "content": "Hello"}],
            temperature="warm",  # type: ignore[call-overload]  # what the test is about
        )
    assert wrong.value.param == "temperature"


async def test_the_models_that_can_be_asked_for_are_listed(client: openai.AsyncOpenAI) -> None:
    listed = [model.id async for model in client.models.list()]
    assert listed[:4] == ["auto", "auto:balanced", "auto:cheap", "auto:quality"]
    assert {"sim-frontier", "sim-mid", "sim-open-70b", "sim-open-8b"} < set(listed)


async def test_fifty_at_once_are_answered_each_its_own(client: openai.AsyncOpenAI) -> None:
    async def ask(number: int) -> str:
        answer = await client.chat.completions.create(
            model="auto", messages=[{"role": "user", "content": f"What is {number} + 1000?"}]
        )
        return answer.choices[0].message.content or ""

    answers = await asyncio.gather(*map(ask, range(50)))
    assert [said.partition(" = ")[0] for said in answers] == [f"{n} + 1000" for n in range(50)]

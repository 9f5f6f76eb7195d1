"""What people use: the real openai client, sync and async, against the simulated models."""

import asyncio
import base64
import json

import openai
import pytest
from openai.types.chat import ChatCompletion
from pydantic import BaseModel

from router.providers.simulated import RunningSimulator, default_models, running


async def ask(client: openai.AsyncOpenAI, text: str, model: str = "sim-frontier") -> ChatCompletion:
    return await client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": text}]
    )


async def test_a_plain_answer_is_computed_and_says_what_it_took(client: openai.AsyncOpenAI) -> None:
    answer = await ask(client, "What is 17 * 23?")
    assert answer.choices[0].message.content == "17 * 23 = 391"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == "sim-frontier"
    assert answer.id.startswith("chatcmpl-")
    assert answer.usage is not None
    assert answer.usage.completion_tokens_details is not None
    reasoning = answer.usage.completion_tokens_details.reasoning_tokens
    assert reasoning == 2
    assert answer.usage.completion_tokens == reasoning + 4
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


async def test_two_answers_have_two_ids(client: openai.AsyncOpenAI) -> None:
    assert (await ask(client, "Hello")).id != (await ask(client, "Hello")).id


async def test_a_stream_says_the_same_as_the_plain_answer(client: openai.AsyncOpenAI) -> None:
    plain = await ask(client, "What is the capital of Japan?")
    stream = await client.chat.completions.create(
        model="sim-frontier",
        messages=[{"role": "user", "content": "What is the capital of Japan?"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]
    texts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(texts) == plain.choices[0].message.content == "The capital of Japan is Tokyo."
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage == plain.usage
    assert all(chunk.usage is None for chunk in chunks[:-1])


async def test_usage_is_streamed_only_to_those_who_ask(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model="sim-mid", messages=[{"role": "user", "content": "Hello"}], stream=True
    )
    chunks = [chunk async for chunk in stream]
    assert all(chunk.choices for chunk in chunks)
    assert all("usage" not in chunk.model_fields_set for chunk in chunks)


async def test_the_sync_client_works_as_well(upstream: RunningSimulator) -> None:
    def talk() -> tuple[str | None, str]:
        with openai.OpenAI(base_url=upstream.base_url, api_key="any") as client:
            plain = client.chat.completions.create(
                model="sim-mid", messages=[{"role": "user", "content": "12 plus 30?"}]
            )
            stream = client.chat.completions.create(
                model="sim-mid", messages=[{"role": "user", "content": "12 plus 30?"}], stream=True
            )
            text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
            return plain.choices[0].message.content, text

    plain, streamed = await asyncio.to_thread(talk)
    assert plain == streamed == "12 + 30 = 42"


class Line(BaseModel):
    """A line of an invoice."""

    article: str
    pieces: int


class Invoice(BaseModel):
    """A pydantic model with everything nested in it."""

    customer: str
    lines: list[Line]
    note: str | None
    total: float


async def test_parse_gives_an_object_of_ones_own_class(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.parse(
        model="sim-frontier",
        messages=[{"role": "user", "content": "Read the invoice of Ada Lovelace: 3 cogs"}],
        response_format=Invoice,
    )
    parsed = answer.choices[0].message.parsed
    assert isinstance(parsed, Invoice)
    assert parsed.customer == "Ada Lovelace"
    assert parsed.lines


async def test_json_mode_gives_a_json_object(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model="sim-frontier",
        messages=[{"role": "user", "content": "As JSON: what is 6 * 7?"}],
        response_format={"type": "json_object"},
    )
    assert json.loads(answer.choices[0].message.content or "")["answer"] == "42"


async def test_logprobs_are_told_for_every_token(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model="sim-mid",
        messages=[{"role": "user", "content": "What is the capital of Brazil?"}],
        logprobs=True,
        top_logprobs=3,
    )
    logprobs = answer.choices[0].logprobs
    assert logprobs is not None
    assert logprobs.content is not None
    tokens = [token.token for token in logprobs.content]
    assert "".join(tokens) == answer.choices[0].message.content
    assert all(len(token.top_logprobs) == 3 for token in logprobs.content)
    assert all(token.logprob <= 0 for token in logprobs.content)
    for token in logprobs.content:
        likely = [other.logprob for other in token.top_logprobs]
        assert likely == sorted(likely, reverse=True)


async def test_n_gives_so_many_choices_in_both_ways(client: openai.AsyncOpenAI) -> None:
    plain = await client.chat.completions.create(
        model="sim-open-8b", messages=[{"role": "user", "content": "Hello you"}], n=3
    )
    stream = await client.chat.completions.create(
        model="sim-open-8b",
        messages=[{"role": "user", "content": "Hello you"}],
        n=3,
        stream=True,
    )
    texts = ["", "", ""]
    async for chunk in stream:
        texts[chunk.choices[0].index] += chunk.choices[0].delta.content or ""
    assert [choice.message.content for choice in plain.choices] == texts
    assert [choice.index for choice in plain.choices] == [0, 1, 2]


async def test_a_limit_cuts_the_answer_and_says_so(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model="sim-mid", messages=[{"role": "user", "content": "Hello you"}], max_tokens=3
    )
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 3


async def test_reasoning_counts_within_the_limit(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model="sim-frontier",
        messages=[{"role": "user", "content": "Write a poem about rain"}],
        max_completion_tokens=20,
    )
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 20


async def test_a_stop_sequence_ends_the_answer_before_it(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model="sim-mid",
        messages=[{"role": "user", "content": "What is the capital of Italy?"}],
        stop=[" is "],
    )
    assert answer.choices[0].message.content == "The capital of Italy"
    assert answer.choices[0].finish_reason == "stop"


async def test_a_picture_is_described(client: openai.AsyncOpenAI) -> None:
    picture = "data:image/png;base64," + base64.b64encode(b"not looked at").decode()
    answer = await client.chat.completions.create(
        model="sim-frontier",
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
    assert "picture you sent with \u201cWhat is this?\u201d" in (
        answer.choices[0].message.content or ""
    )
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == 3 + 4 + 85


async def test_a_long_beginning_that_was_seen_before_is_cached(client: openai.AsyncOpenAI) -> None:
    async def cached(question: str, model: str = "sim-mid") -> int | None:
        answer = await client.chat.completions.create(
            model=model,
            messages=[
                {"role": "system", "content": "You are helpful. " * 400},
                {"role": "user", "content": question},
            ],
        )
        assert answer.usage is not None
        assert answer.usage.prompt_tokens_details is not None
        return answer.usage.prompt_tokens_details.cached_tokens

    assert await cached("One?") == 0
    assert await cached("Two?") == 1664
    assert await cached("Two?", model="sim-frontier") == 0


async def test_short_prompts_are_never_cached(client: openai.AsyncOpenAI) -> None:
    for _ in range(2):
        answer = await ask(client, "Hello " * 100)
        assert answer.usage is not None
        assert answer.usage.prompt_tokens_details is not None
        assert answer.usage.prompt_tokens_details.cached_tokens == 0


async def test_the_models_are_listed(client: openai.AsyncOpenAI) -> None:
    models = [model.id async for model in client.models.list()]
    assert models == ["sim-frontier", "sim-mid", "sim-open-70b", "sim-open-8b"]
    assert (await client.models.retrieve("sim-mid")).owned_by == "simulated"
    with pytest.raises(openai.NotFoundError):
        await client.models.retrieve("sim-none")


async def test_an_unknown_model_is_not_found(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as raised:
        await ask(client, "Hello", model="gpt-17")
    assert raised.value.code == "model_not_found"
    assert "gpt-17" in raised.value.message


async def test_any_other_path_is_not_found_as_openai_tells_it(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as raised:
        await client.moderations.create(input="Hello")
    assert raised.value.body == {
        "message": "Invalid URL (POST /v1/moderations)",
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }


async def test_a_body_that_is_not_packed_as_it_says_is_the_clients_mistake(
    client: openai.AsyncOpenAI,
) -> None:
    with pytest.raises(openai.BadRequestError, match="not packed as it says"):
        await client.post(
            "/chat/completions",
            cast_to=object,
            content=b"no zip",
            options={"headers": {"content-encoding": "gzip"}},
        )


async def test_a_prompt_beyond_the_window_is_refused(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        await ask(client, "word" * 128_001, model="sim-mid")
    assert raised.value.code == "context_length_exceeded"


async def test_a_key_is_asked_for_where_one_is_set() -> None:
    async with running(default_models(), speed=0, api_key="sk-right") as simulator:
        for key, is_right in (("sk-right", True), ("sk-wrong", False)):
            async with openai.AsyncOpenAI(
                base_url=simulator.base_url, api_key=key, max_retries=0
            ) as client:
                if is_right:
                    await ask(client, "Hello")
                else:
                    with pytest.raises(openai.AuthenticationError):
                        await ask(client, "Hello")
                    with pytest.raises(openai.AuthenticationError):
                        await client.models.list()
        assert simulator.counters.turned_away == 1
        assert simulator.counters["sim-frontier"].requests == 1

"""The simulated models by Messages and by Responses: the same answers, as those APIs would send them."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import openai
import pytest

from router.providers.simulated import RunningSimulator, default_models, running
from router.providers.simulated.counters import Ending
from router.wire.dialects.dialect import Dialect
from router.wire.sse import EventSplitter, data_of
from router.wire.usage.layouts import LAYOUTS
from router.wire.usage.reading import read, read_stream
from tests.simulated.raw import until
from tests.wire.dialects.descriptions import check

PATHS = {
    Dialect.CHAT: "/v1/chat/completions",
    Dialect.RESPONSES: "/v1/responses",
    Dialect.MESSAGES: "/v1/messages",
}
USAGES = {Dialect.RESPONSES: "openai-responses", Dialect.MESSAGES: "anthropic"}
BOTH = pytest.mark.parametrize("dialect", USAGES)
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


def asked(dialect: Dialect, text: str, **members: Any) -> dict[str, Any]:
    said = [{"role": "user", "content": text}]
    if dialect is Dialect.MESSAGES:
        return {"model": "sim-frontier", "max_tokens": 500, "messages": said, **members}
    return {"model": "sim-frontier", "input": said, "store": False, **members}


def with_weather(dialect: Dialect) -> dict[str, Any]:
    described = {"name": "get_weather", "description": "The weather forecast for a city"}
    if dialect is Dialect.MESSAGES:
        tool: dict[str, Any] = {**described, "input_schema": CITY}
    else:
        tool = {"type": "function", **described, "parameters": CITY, "strict": False}
    return asked(dialect, "What is the weather forecast for Paris?", tools=[tool])


async def post(
    session: aiohttp.ClientSession, upstream: RunningSimulator, dialect: Dialect, body: Any
) -> tuple[int, Any]:
    url = f"{upstream.url}{PATHS[dialect]}"
    async with session.post(url, json=body) as response:
        raw = await response.read()
        if response.content_type != "text/event-stream":
            return response.status, json.loads(raw)
        told = [data_of(event) for event in EventSplitter().feed(raw)]
        return response.status, [json.loads(data) for data in told if data]


@BOTH
@pytest.mark.parametrize("what", ["words", "tools"])
async def test_plain_answers_are_as_the_vendor_describes_them(
    upstream: RunningSimulator, session: aiohttp.ClientSession, dialect: Dialect, what: str
) -> None:
    body = with_weather(dialect) if what == "tools" else asked(dialect, "What is 17 * 23?")
    check(dialect, "request", body)
    status, answer = await post(session, upstream, dialect, body)

    assert status == 200
    check(dialect, "answer", answer)
    assert ("get_weather" if what == "tools" else "391") in json.dumps(answer)
    told = read(LAYOUTS[USAGES[dialect]], answer["usage"])
    assert told == upstream.counters["sim-frontier"].usage_told
    assert told == upstream.counters["sim-frontier"].usage


@BOTH
@pytest.mark.parametrize("what", ["words", "tools"])
async def test_every_event_is_as_the_vendor_describes_it(
    upstream: RunningSimulator, session: aiohttp.ClientSession, dialect: Dialect, what: str
) -> None:
    body = with_weather(dialect) if what == "tools" else asked(dialect, "What is 17 * 23?")
    _, events = await post(session, upstream, dialect, {**body, "stream": True})

    for event in events:
        if event["type"] != "ping":
            check(dialect, "event", event)
    last = {Dialect.RESPONSES: "response.completed", Dialect.MESSAGES: "message_stop"}
    assert events[-1]["type"] == last[dialect]
    told = read_stream(LAYOUTS[USAGES[dialect]], events)
    assert told == upstream.counters["sim-frontier"].usage_told


async def test_messages_are_told_what_a_prompt_takes_at_once_and_pinged(
    upstream: RunningSimulator, session: aiohttp.ClientSession
) -> None:
    body = asked(Dialect.MESSAGES, "Hello", stream=True)
    _, events = await post(session, upstream, Dialect.MESSAGES, body)

    assert events[0]["message"]["usage"]["input_tokens"] > 0
    assert events[0]["message"]["usage"]["output_tokens"] == 0
    assert events[1] == {"type": "ping"}


@BOTH
async def test_the_answer_is_the_one_that_chat_would_get(
    upstream: RunningSimulator, session: aiohttp.ClientSession, dialect: Dialect
) -> None:
    chat = {"model": "sim-mid", "messages": [{"role": "user", "content": "Who are you?"}]}
    _, answer = await post(session, upstream, Dialect.CHAT, chat)
    _, dubbed = await post(
        session, upstream, dialect, asked(dialect, "Who are you?", model="sim-mid")
    )

    assert answer["choices"][0]["message"]["content"] in json.dumps(dubbed, ensure_ascii=False)


@BOTH
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", ["byte_by_byte", "split_utf8", "slow,size=500,pause=0"])
async def test_an_answer_in_other_pieces_says_the_same(
    upstream: RunningSimulator,
    session: aiohttp.ClientSession,
    dialect: Dialect,
    stream: bool,
    fault: str,
) -> None:
    body = asked(dialect, "Say “Grüße” twice", model="sim-mid", stream=stream)
    _, usual = await post(session, upstream, dialect, body)
    _, parted = await post(session, upstream, dialect, {**body, "metadata": {"simulate": fault}})

    assert said(parted, stream) == said(usual, stream) != ""


def said(told: Any, stream: bool) -> str:
    """The words of an answer, or of the deltas of its events."""
    if stream:
        deltas = (event.get("delta") for event in told)
        return "".join(d if isinstance(d, str) else (d or {}).get("text", "") for d in deltas)
    parts = told.get("content") or told["output"][-1]["content"]
    return "".join(part["text"] for part in parts)


# ------------------------------------------------------------ thoughts


def wanting_thoughts(dialect: Dialect) -> dict[str, Any]:
    if dialect is Dialect.MESSAGES:
        return {"thinking": {"type": "adaptive"}}
    return {"include": ["reasoning.encrypted_content"], "reasoning": {"summary": "auto"}}


def thoughts_in(dialect: Dialect, answer: Mapping[str, Any]) -> list[Any]:
    if dialect is Dialect.MESSAGES:
        return [block for block in answer["content"] if block["type"] == "thinking"]
    return [item for item in answer["output"] if item["type"] == "reasoning"]


@BOTH
async def test_thoughts_are_shown_to_those_who_ask_and_come_sealed(
    upstream: RunningSimulator, session: aiohttp.ClientSession, dialect: Dialect
) -> None:
    body = asked(dialect, "Prove it step by step")
    _, silent = await post(session, upstream, dialect, body)
    _, told = await post(session, upstream, dialect, {**body, **wanting_thoughts(dialect)})

    assert thoughts_in(dialect, silent) == []
    (thought,) = thoughts_in(dialect, told)
    check(dialect, "answer", told)
    assert thought.get("signature") or thought.get("encrypted_content")
    assert "Prove it" in json.dumps(thought)


async def test_responses_seal_a_thought_whose_words_nobody_wants(
    upstream: RunningSimulator, session: aiohttp.ClientSession
) -> None:
    include = {"include": ["reasoning.encrypted_content"]}
    body = asked(Dialect.RESPONSES, "Prove it step by step", **include)
    _, answer = await post(session, upstream, Dialect.RESPONSES, body)

    (thought,) = thoughts_in(Dialect.RESPONSES, answer)
    assert (thought["summary"], bool(thought["encrypted_content"])) == ([], True)


@BOTH
@pytest.mark.parametrize("model", ["sim-frontier", "sim-mid"])
async def test_a_thought_comes_back_to_its_own_model_only(
    upstream: RunningSimulator, session: aiohttp.ClientSession, dialect: Dialect, model: str
) -> None:
    body = {**asked(dialect, "Prove it step by step"), **wanting_thoughts(dialect)}
    _, answer = await post(session, upstream, dialect, body)
    if dialect is Dialect.MESSAGES:
        said = [{"role": "assistant", "content": answer["content"]}]
        history = {"messages": [*body["messages"], *said, {"role": "user", "content": "2+2?"}]}
    else:
        history = {"input": [*body["input"], *answer["output"]]}
    status, told = await post(session, upstream, dialect, {**body, **history, "model": model})

    if model == "sim-frontier":
        assert status == 200
    else:
        assert status == 400
        check(dialect, "error", told)


# ------------------------------------------------------------ what goes wrong


@BOTH
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("status,code=429,retry_after=7", 429),
        ("status,code=503", 503),
        ("status,code=529", 529),
        ("context_length_exceeded", 400),
    ],
)
async def test_errors_are_as_the_vendor_describes_them(
    upstream: RunningSimulator,
    session: aiohttp.ClientSession,
    dialect: Dialect,
    stream: bool,
    fault: str,
    status: int,
) -> None:
    upstream.faults.script("sim-frontier", [fault])
    told, body = await post(session, upstream, dialect, asked(dialect, "Hello", stream=stream))

    busy = {Dialect.MESSAGES: 529, Dialect.RESPONSES: 503}[dialect]
    assert told == (busy if status in (503, 529) else status)
    check(dialect, "error", body)


@BOTH
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"model": "nobody"}, 404),
        ({"stream": "yes"}, 400),
        ({"messages": 3, "input": 3}, 400),
        ([], 400),
    ],
    ids=["unknown model", "no flag", "no messages", "no object"],
)
async def test_what_is_wrong_is_refused_in_the_dialect(
    upstream: RunningSimulator,
    session: aiohttp.ClientSession,
    dialect: Dialect,
    body: Any,
    status: int,
) -> None:
    sent = {**asked(dialect, "Hello"), **body} if isinstance(body, dict) else body
    told, error = await post(session, upstream, dialect, sent)

    assert told == status
    check(dialect, "error", error)
    assert upstream.counters.turned_away == 1


@BOTH
async def test_a_tool_that_the_provider_runs_is_offered_in_vain(
    upstream: RunningSimulator, session: aiohttp.ClientSession, dialect: Dialect
) -> None:
    tools = [{"type": "web_search_20250305", "name": "web_search"}]
    body = asked(dialect, "What is 17 * 23?", tools=tools)
    status, told = await post(session, upstream, dialect, body)

    assert status == 200
    assert "391" in json.dumps(told)


async def test_messages_demand_a_limit(
    upstream: RunningSimulator, session: aiohttp.ClientSession
) -> None:
    body = asked(Dialect.MESSAGES, "Hello", max_tokens=None)
    status, told = await post(session, upstream, Dialect.MESSAGES, body)

    assert (status, told["error"]["message"]) == (400, "max_tokens: Field required")


@BOTH
async def test_a_request_asks_for_its_own_fault_and_a_stream_tells_an_error(
    upstream: RunningSimulator, session: aiohttp.ClientSession, dialect: Dialect
) -> None:
    wish = {"metadata": {"simulate": "error_event,after=3"}, "stream": True}
    _, events = await post(session, upstream, dialect, asked(dialect, "Hello there", **wish))

    assert events[-1]["type"] in ("error", "response.failed")
    check(dialect, "error" if dialect is Dialect.MESSAGES else "event", events[-1])


async def test_an_error_in_place_of_a_message_is_the_servers(
    upstream: RunningSimulator, session: aiohttp.ClientSession
) -> None:
    body = asked(Dialect.MESSAGES, "Hello", metadata={"simulate": "error_event"})
    status, told = await post(session, upstream, Dialect.MESSAGES, body)

    assert (status, told["error"]["type"]) == (200, "api_error")


@BOTH
async def test_a_stream_that_is_cut_has_no_end(
    upstream: RunningSimulator, session: aiohttp.ClientSession, dialect: Dialect
) -> None:
    upstream.faults.script("sim-frontier", ["cut,after=3"])
    _, events = await post(session, upstream, dialect, asked(dialect, "Hello", stream=True))

    assert events[-1]["type"] not in ("message_stop", "response.completed", "error")
    await until(lambda: upstream.counters["sim-frontier"].endings[Ending.BROKEN] == 1)


@BOTH
async def test_a_plain_answer_that_is_cut_breaks_off(
    upstream: RunningSimulator, session: aiohttp.ClientSession, dialect: Dialect
) -> None:
    upstream.faults.script("sim-frontier", ["cut"])
    with pytest.raises((aiohttp.ClientPayloadError, json.JSONDecodeError)):
        await post(session, upstream, dialect, asked(dialect, "Hello"))


async def test_the_key_may_stand_where_anthropic_wants_it(session: aiohttp.ClientSession) -> None:
    async with running(default_models(), speed=0, api_key="sk-sim") as upstream:
        url, body = f"{upstream.url}/v1/messages", asked(Dialect.MESSAGES, "Hello")
        for key, status in (("sk-sim", 200), ("sk-other", 401)):
            async with session.post(url, json=body, headers={"x-api-key": key}) as response:
                assert response.status == status


async def test_tokens_are_counted_beforehand(
    upstream: RunningSimulator, session: aiohttp.ClientSession
) -> None:
    body = asked(Dialect.MESSAGES, "What is 17 * 23?", max_tokens=None)
    async with session.post(f"{upstream.url}/v1/messages/count_tokens", json=body) as response:
        counted = (await response.json())["input_tokens"]
    async with session.post(f"{upstream.url}/v1/messages/count_tokens", json={}) as refused:
        assert refused.status == 400

    body = asked(Dialect.MESSAGES, "What is 17 * 23?")
    _, answer = await post(session, upstream, Dialect.MESSAGES, body)
    assert counted == answer["usage"]["input_tokens"]


async def test_openais_own_client_reads_responses(client: openai.AsyncOpenAI) -> None:
    plain = await client.responses.create(model="sim-mid", input="What is 17 * 23?", store=False)
    async with client.responses.stream(model="sim-mid", input="What is 17 * 23?") as stream:
        async for _ in stream:
            pass
        final = await stream.get_final_response()

    assert final.output_text == plain.output_text
    assert final.usage == plain.usage

"""What every way to a model must keep, whatever its dialect: the simulator is behind each of them."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from router.domain.fault import FaultKind
from router.domain.members import replace
from router.ports import Upstream
from router.providers.anthropic import anthropic_upstream
from router.providers.direct import DirectUpstream
from router.providers.endpoints import AnthropicEndpoint, Endpoint
from router.providers.responses import responses_upstream
from router.providers.simulated import RunningSimulator, default_models, running
from router.providers.simulated.counters import Ending
from router.wire.answer import EventKind
from router.wire.dialects.dialect import Dialect
from router.wire.merging import merged
from router.wire.usage import read_usage
from tests.providers.calls import (
    KEY,
    STREAM,
    call,
    chunks,
    fault_of,
    finish_reasons,
    plain,
    streamed,
)
from tests.simulated.raw import until
from tests.wire.dialects.descriptions import check

NOW_S = 1_764_000_000.0
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather forecast for a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
FORECAST = [{"role": "user", "content": "What is the weather forecast for Paris?"}]


def _chat(url: str) -> Upstream:
    return DirectUpstream(Endpoint(f"{url}/v1", KEY), unix_s=lambda: NOW_S)


def _responses(url: str) -> Upstream:
    endpoint = Endpoint(f"{url}/v1", KEY, dialect=Dialect.RESPONSES)
    return responses_upstream(endpoint, unix_s=lambda: NOW_S)


def _messages(url: str) -> Upstream:
    return anthropic_upstream(AnthropicEndpoint(url, KEY), unix_s=lambda: NOW_S)


WAYS: Mapping[str, Callable[[str], Upstream]] = {
    "chat": _chat,
    "responses": _responses,
    "messages": _messages,
}


@asynccontextmanager
async def reaching(way: str, url: str) -> AsyncIterator[Upstream]:
    made = WAYS[way](url)
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
async def simulator() -> AsyncIterator[RunningSimulator]:
    async with running(default_models(), speed=0, keep_bodies=True) as made:
        yield made


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
async def to(simulator: RunningSimulator, way: str) -> AsyncIterator[Upstream]:
    async with reaching(way, simulator.url) as made:
        yield made


async def test_a_plain_answer_is_what_openais_client_expects(
    simulator: RunningSimulator, to: Upstream, way: str
) -> None:
    answer = await plain(to, call("sim-mid", temperature=0.5))

    completion = ChatCompletion.model_validate(answer)
    assert (completion.object, completion.model) == ("chat.completion", "sim-mid")
    assert completion.choices[0].message.content
    assert completion.choices[0].finish_reason == "stop"
    assert read_usage(answer["usage"]) == simulator.counters["sim-mid"].usage_told
    if way != "chat":
        asked = json.loads(simulator.counters.calls[-1].body or b"")
        check(Dialect(way), "request", asked)


async def test_a_stream_says_the_same_then_usage_then_done(
    simulator: RunningSimulator, to: Upstream
) -> None:
    whole = await plain(to, call("sim-mid"))
    events = await streamed(to, call("sim-mid", stream=True))

    kinds = [event.kind for event in events]
    assert kinds[-3:] == [EventKind.CONTENT, EventKind.USAGE, EventKind.DONE]
    told = chunks(events)
    assert all(ChatCompletionChunk.model_validate(chunk) for chunk in told)
    text = "".join(
        each["choices"][0]["delta"].get("content") or "" for each in told if each["choices"]
    )
    assert text == whole["choices"][0]["message"]["content"]
    assert len({(each["id"], each["created"], each["model"]) for each in told}) == 1
    assert events[-2].usage == read_usage(whole["usage"])
    assert finish_reasons(events) == {"stop"}


async def test_a_call_of_a_tool_and_its_result_go_back_and_forth(to: Upstream) -> None:
    asked: dict[str, Any] = {"messages": FORECAST, "tools": [WEATHER]}
    said = (await plain(to, call("sim-frontier", **asked)))["choices"][0]
    events = await streamed(to, call("sim-frontier", stream=True, **asked))
    calls = said["message"]["tool_calls"]
    assert json.loads(calls[0]["function"]["arguments"]) == {"city": "Paris"}
    assert finish_reasons(events) == {said["finish_reason"]} == {"tool_calls"}

    result = {"role": "tool", "tool_call_id": calls[0]["id"], "content": "Snow at 4 degrees"}
    history = {**asked, "messages": [*FORECAST, said["message"], result]}
    then = (await plain(to, call("sim-frontier", **history)))["choices"][0]
    assert "Snow at 4 degrees" in then["message"]["content"]


async def test_a_limit_ends_an_answer(to: Upstream) -> None:
    asked = call("sim-mid", max_completion_tokens=16, messages=_of_many_words())

    assert (await plain(to, asked))["choices"][0]["finish_reason"] == "length"


def _of_many_words() -> list[dict[str, Any]]:
    return [{"role": "user", "content": f"Summarise: {'a farthing was a small coin. ' * 40}"}]


async def test_json_of_a_schema_is_answered(to: Upstream) -> None:
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": True}}
    answer = await plain(to, call("sim-frontier", response_format=form))

    assert isinstance(json.loads(answer["choices"][0]["message"]["content"])["n"], int)


@STREAM
async def test_json_of_any_shape_is_answered(to: Upstream, stream: bool) -> None:
    asked = call("sim-mid", stream=stream, response_format={"type": "json_object"})
    told = chunks(await streamed(to, asked)) if stream else [await plain(to, asked)]

    said = merged(told, "r") if stream else told[0]
    assert isinstance(json.loads(said["choices"][0]["message"]["content"]), dict)


@STREAM
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("status,code=400", FaultKind.CLIENT),
        ("status,code=401", FaultKind.REFUSED),
        ("status,code=403", FaultKind.REFUSED),
        ("status,code=404", FaultKind.NOT_FOUND),
        ("status,code=407", FaultKind.REFUSED),
        ("status,code=429", FaultKind.RATE_LIMITED),
        ("status,code=500", FaultKind.TRANSIENT),
        ("status,code=529", FaultKind.TRANSIENT),
        ("context_length_exceeded", FaultKind.CONTEXT),
        ("redirect", FaultKind.TRANSIENT),
        ("reset", FaultKind.DISCONNECTED),
        ("drop", FaultKind.DISCONNECTED),
    ],
)
async def test_every_failure_is_one_of_ours_and_nothing_is_sent_twice(
    simulator: RunningSimulator, to: Upstream, stream: bool, fault: str, kind: FaultKind
) -> None:
    simulator.faults.script("sim-mid", [fault])
    met = await fault_of(to, call("sim-mid", stream=stream))

    assert met.kind is kind
    assert simulator.counters["sim-mid"].requests == 1
    assert simulator.counters.redirects_followed == 0


@STREAM
async def test_answers_and_errors_tell_what_their_upstream_calls_them(
    simulator: RunningSimulator, to: Upstream, stream: bool
) -> None:
    response = await to.send(call("sim-mid", stream=stream))
    await response.close()
    simulator.faults.script("sim-mid", ["status,code=500"])
    fault = await fault_of(to, call("sim-mid", stream=stream))

    assert response.request_id.startswith("req_")
    assert fault.request_id.startswith("req_")
    assert fault.request_id != response.request_id


@STREAM
async def test_a_rate_limit_keeps_its_words_and_its_retry_after(
    simulator: RunningSimulator, to: Upstream, stream: bool
) -> None:
    wish = f"status,code=429,retry_after=7,message=Slow down with {KEY}."
    simulator.faults.script("sim-mid", [wish])
    met = await fault_of(to, call("sim-mid", stream=stream))

    assert (met.status, met.retry_after_s) == (429, 7.0)
    assert met.error is not None
    assert met.error["message"] == "Slow down with ***."


async def test_secrets_in_headers_are_not_quoted_either(simulator: RunningSimulator) -> None:
    wish = "status,code=400,message=No azure-key-99 and no blue for 2025-01-01."
    headers = {"api-key": "azure-key-99", "x-colour": "blue"}
    for made in (
        DirectUpstream(Endpoint(f"{simulator.url}/v1", "", headers), unix_s=lambda: NOW_S),
        anthropic_upstream(AnthropicEndpoint(simulator.url, "", headers), unix_s=lambda: NOW_S),
    ):
        simulator.faults.script("sim-mid", [wish])
        try:
            met = await fault_of(made, call("sim-mid"))
        finally:
            await made.close()
        assert met.error is not None
        assert met.error["message"] == "No *** and no blue for 2025-01-01."


@pytest.mark.parametrize("fault", ["cut,after=3", "reset_after,after=3"])
async def test_a_stream_that_breaks_off_does_not_end_as_if_it_were_whole(
    simulator: RunningSimulator, to: Upstream, fault: str
) -> None:
    simulator.faults.script("sim-mid", [fault])
    asked = call("sim-mid", stream=True)
    if "cut" in fault and isinstance(to, DirectUpstream):
        events = await streamed(to, asked)  # the pipeline sees that no choice has ended
        assert finish_reasons(events) == frozenset()
        return
    met = await fault_of(to, asked)
    assert (met.kind, met.reached_model) == (FaultKind.TRANSIENT, True)


async def test_an_error_in_a_stream_is_told(simulator: RunningSimulator, to: Upstream) -> None:
    simulator.faults.script("sim-mid", ["error_event,after=3"])
    events = await streamed(to, call("sim-mid", stream=True))

    errors = [event for event in events if event.kind is EventKind.ERROR]
    assert len(errors) == 1
    assert errors[0].error is not None
    assert "error while processing" in errors[0].error["message"]
    assert EventKind.DONE not in {event.kind for event in events}


async def test_a_usage_that_nobody_reported_is_not_made_up(
    simulator: RunningSimulator, to: Upstream, way: str
) -> None:
    if way == "messages":
        pytest.skip("Messages always tell")
    simulator.faults.script("sim-mid", ["no_usage"])
    assert not (await plain(to, call("sim-mid"))).get("usage")


async def test_closing_a_stream_midway_hangs_up(way: str) -> None:
    slow = replace(default_models()[1], tokens_per_s=5)
    async with (
        running([slow], speed=1, sleep=_at_once_then_never()) as simulator,
        reaching(way, simulator.url) as to,
    ):
        response = await to.send(call("sim-mid", stream=True))
        await anext(response.pieces())
        await response.close()
        await until(lambda: simulator.counters["sim-mid"].endings[Ending.CANCELLED] == 1)


def _at_once_then_never() -> Callable[[float], Any]:
    waits = iter([0.0] * 3)

    async def sleep(_: float) -> None:
        if next(waits, None) is None:
            await asyncio.get_running_loop().create_future()

    return sleep


@STREAM
async def test_an_upstream_that_is_not_there_is_unreachable(way: str, stream: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    async with reaching(way, f"http://127.0.0.1:{port}") as to:
        met = await fault_of(to, call("sim-mid", stream=stream))

    assert (met.kind, met.reached_model) == (FaultKind.UNREACHABLE, False)


# ------------------------------------------------------------ a conversation that all of them have


@pytest.mark.parametrize("way", ["responses", "messages"])
async def test_a_seal_that_is_broken_keeps_no_other_model_from_answering(
    to: Upstream,
) -> None:
    detail = {"type": "reasoning.text", "text": "Hm", "format": "up/sim-mid"}
    said = {"role": "assistant", "content": "Yes"}
    broken = {**said, "reasoning_details": [{**detail, "signature": "bm9uc2Vuc2U="}]}
    messages = [*FORECAST, broken, *FORECAST]

    assert (await fault_of(to, call("sim-mid", messages=messages))).kind is FaultKind.UNSUITED
    assert await plain(to, call("sim-frontier", messages=messages))


async def test_a_history_that_every_upstream_has_added_to_is_refused_by_none(
    simulator: RunningSimulator,
) -> None:
    """The simulator refuses each thought that it has not sealed itself, for this very model."""
    history: list[dict[str, Any]] = []
    rounds = [(way, name) for name in ("sim-frontier", "o-frontier") for way in WAYS] * 2
    other = replace(default_models()[0], id="o-frontier")
    async with running([*default_models(), other], speed=0, keep_bodies=True) as both:
        for at, (way, name) in enumerate(rounds):
            history += [{"role": "user", "content": f"Prove step by step that {at} + 1 is right"}]
            async with reaching(way, both.url) as to:
                asked = call(name, messages=history, reasoning_effort="low")
                asked = replace(asked, model=replace(asked.model, upstream=way))
                history += [(await plain(to, asked))["choices"][0]["message"]]

    sealed = [each for each in history if each.get("reasoning_details")]
    assert len(sealed) == 2 * 2 * 2
    bodies = [json.loads(each.body or b"") for each in both.counters.calls]
    assert len(bodies) == len(rounds)
    # Its own thought has come back to each that seals one, and none to chat, which could not say so.
    assert [json.dumps(body).count('"signature"') for body in bodies[6:]] == [0, 0, 1] * 2
    assert [json.dumps(body).count('"type": "reasoning"') for body in bodies[6:]] == [0, 1, 0] * 2
    assert not any("reasoning_details" in json.dumps(body) for body in bodies)

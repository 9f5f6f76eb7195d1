"""litellm against a real server: the simulator, in OpenAI's dialect."""

import asyncio
import gc
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from router.config.prices.price_map import litellm_providers
from router.domain.fault import FaultKind
from router.domain.members import replace
from router.domain.money import Money
from router.domain.usage import Usage
from router.providers.litellm_upstream import LitellmUpstream, imported
from router.providers.simulated import RunningSimulator, default_models, running
from router.providers.simulated.counters import Ending
from router.wire.answer import EventKind, read_plain
from router.wire.usage import read_usage
from router.wire.usage.terms import stated_cost
from tests.providers.anthropic_api import serving
from tests.providers.litellm_kit import (
    KEY,
    TOOL,
    call,
    fault_of,
    finish_reasons,
    payload,
    plain,
    pydantics_own,
    streamed,
    upstream,
)
from tests.simulated.raw import until

pytestmark = pydantics_own

PROVIDERS = pytest.mark.parametrize("provider", ["openai", "hosted_vllm"])
STREAM = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])


@pytest.fixture
async def simulator() -> AsyncIterator[RunningSimulator]:
    reasoning = replace(default_models()[0], id="o3")  # litellm knows this one's limits by its name
    async with running([*default_models(), reasoning], speed=0, keep_bodies=True) as made:
        yield made


def body_at(simulator: RunningSimulator) -> Any:
    return json.loads(simulator.counters.calls[-1].body or b"")


@PROVIDERS
async def test_a_plain_answer_is_what_openais_client_expects(
    simulator: RunningSimulator, provider: str
) -> None:
    async with upstream(provider, simulator.base_url) as to:
        answer = await plain(to, call("sim-mid"))

    completion = ChatCompletion.model_validate(answer)
    assert (completion.object, completion.model) == ("chat.completion", "sim-mid")
    assert completion.id.startswith("chatcmpl-")
    assert completion.choices[0].message.content
    assert completion.choices[0].finish_reason == "stop"
    assert read_usage(answer["usage"]) == simulator.counters["sim-mid"].usage_told
    assert body_at(simulator)["model"] == "sim-mid"


@PROVIDERS
async def test_a_stream_is_events_then_usage_then_done(
    simulator: RunningSimulator, provider: str
) -> None:
    async with upstream(provider, simulator.base_url) as to:
        events = await streamed(to, call("sim-mid", stream=True))

    kinds = [event.kind for event in events]
    assert kinds[-3:] == [EventKind.CONTENT, EventKind.USAGE, EventKind.DONE]
    assert kinds.count(EventKind.USAGE) == 1
    assert events[-2].usage == simulator.counters["sim-mid"].usage_told
    chunks = [payload(event) for event in events[:-1]]
    assert all(ChatCompletionChunk.model_validate(chunk) for chunk in chunks)
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1
    assert finish_reasons(events) == {"stop"}


@STREAM
async def test_a_usage_that_nobody_reported_is_not_made_up(
    simulator: RunningSimulator, stream: bool
) -> None:
    simulator.faults.script("sim-mid", ["no_usage"])
    async with upstream("hosted_vllm", simulator.base_url) as to:
        if stream:
            events = await streamed(to, call("sim-mid", stream=True))
            assert [event for event in events if event.usage] == []
        else:
            assert "usage" not in await plain(to, call("sim-mid"))


STATED: dict[str, dict[str, Any]] = {
    "openrouter": {
        "cost": 0.00123,
        "is_byok": True,
        "cost_details": {"upstream_inference_cost": 0.01},
    },
    "xai": {"cost_in_usd_ticks": 12_300_000},
    "perplexity": {"cost": {"request_cost": 0.005, "total_cost": 0.00123}},
    "hosted_vllm": {"cost": 0.00123},
}


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")  # a cost is a dict
@STREAM
@pytest.mark.parametrize(
    ("provider", "usd"),
    [("openrouter", 0.01123), ("xai", 0.00123), ("perplexity", 0.00123), ("hosted_vllm", None)],
)
async def test_what_a_provider_states_of_the_cost_is_passed_on(
    provider: str, usd: float | None, stream: bool
) -> None:
    usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120, **STATED[provider]}
    choice = {"index": 0, "finish_reason": "stop"}
    said = {"role": "assistant", "content": "Hi"}
    told = {"id": "a", "created": 1, "model": "sonar"}

    async def plainly(_: web.Request) -> web.Response:
        return web.json_response({**told, "choices": [{**choice, "message": said}], "usage": usage})

    async def as_events(_: web.Request) -> web.Response:
        deltas = ({**choice, "delta": said, "finish_reason": None}, {**choice, "delta": {}})
        events = [{"choices": [delta]} for delta in deltas] + [{"choices": [], "usage": usage}]
        text = "".join(f"data: {json.dumps({**told, **event})}\n\n" for event in events)
        return web.Response(text=text + "data: [DONE]\n\n", content_type="text/event-stream")

    async with (
        serving(as_events if stream else plainly) as url,
        upstream(provider, url) as to,
    ):
        if stream:
            events = await streamed(to, call("sonar", stream=True))
            answer = next(payload(each) for each in events if each.kind is EventKind.USAGE)
        else:
            answer = await plain(to, call("sonar"))

    assert stated_cost(answer["usage"]) == (None if usd is None else Money.from_usd(usd))


@PROVIDERS
@STREAM
@pytest.mark.parametrize("fault", ["status,code=500", "status,code=422", "reset", "drop"])
async def test_nothing_is_sent_twice(
    simulator: RunningSimulator, provider: str, stream: bool, fault: str
) -> None:
    simulator.faults.script("sim-mid", [fault])
    async with upstream(provider, simulator.base_url) as to:
        fault_met = await fault_of(to, call("sim-mid", stream=stream, temperature=0.5))

    assert simulator.counters["sim-mid"].requests == 1
    assert fault_met.kind is (FaultKind.CLIENT if "422" in fault else FaultKind.TRANSIENT)


@PROVIDERS
@STREAM
async def test_a_redirect_is_not_followed(
    simulator: RunningSimulator, provider: str, stream: bool
) -> None:
    simulator.faults.script("sim-mid", ["redirect"])
    async with upstream(provider, simulator.base_url) as to:
        fault = await fault_of(to, call("sim-mid", stream=stream))

    assert simulator.counters.redirects_followed == 0
    assert fault.kind is FaultKind.TRANSIENT


@PROVIDERS
@STREAM
async def test_a_rate_limit_keeps_its_words_and_its_retry_after(
    simulator: RunningSimulator, provider: str, stream: bool
) -> None:
    simulator.faults.script("sim-mid", ["status,code=429,retry_after=7,message=Slow down."])
    async with upstream(provider, simulator.base_url) as to:
        fault = await fault_of(to, call("sim-mid", stream=stream))

    assert (fault.kind, fault.status, fault.retry_after_s) == (FaultKind.RATE_LIMITED, 429, 7.0)
    assert fault.error is not None
    assert fault.error["message"] == "Slow down."


@PROVIDERS
@STREAM
@pytest.mark.parametrize("status", [401, 402, 403])
async def test_refused_credentials_are_nobody_elses_business(
    simulator: RunningSimulator, provider: str, stream: bool, status: int
) -> None:
    simulator.faults.script("sim-mid", [f"status,code={status},message=Bad key {KEY}"])
    async with upstream(provider, simulator.base_url) as to:
        fault = await fault_of(to, call("sim-mid", stream=stream))

    assert (fault.kind, fault.status, fault.error) == (FaultKind.REFUSED, status, None)
    assert KEY not in repr(fault)


@PROVIDERS
async def test_a_message_that_repeats_the_key_is_shown_without_it(
    simulator: RunningSimulator, provider: str
) -> None:
    said = f"Nope: {KEY} and sk-proj-abcdefghijkl. " + "x" * 600
    simulator.faults.script("sim-mid", [f"status,code=400,message={said}"])
    async with upstream(provider, simulator.base_url) as to:
        fault = await fault_of(to, call("sim-mid"))

    assert fault.kind is FaultKind.CLIENT
    assert fault.error is not None
    message = str(fault.error["message"])
    assert message.startswith("Nope: *** and ***")
    assert len(message) == 500


@PROVIDERS
@STREAM
async def test_a_prompt_that_is_too_long_is_said_to_be(
    simulator: RunningSimulator, provider: str, stream: bool
) -> None:
    simulator.faults.script("sim-mid", ["context_length_exceeded"])
    async with upstream(provider, simulator.base_url) as to:
        fault = await fault_of(to, call("sim-mid", stream=stream))

    assert (fault.kind, fault.status) == (FaultKind.CONTEXT, 400)
    assert fault.code == "context_length_exceeded"
    assert fault.error is not None
    assert str(fault.error["message"]).startswith("This model's maximum context length")


@PROVIDERS
@STREAM
async def test_an_upstream_that_is_not_there_is_unreachable(provider: str, stream: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    async with upstream(provider, f"http://127.0.0.1:{port}/v1") as to:
        fault = await fault_of(to, call("sim-mid", stream=stream))

    assert (fault.kind, fault.reached_model) == (FaultKind.UNREACHABLE, False)


@PROVIDERS
async def test_an_upstream_that_does_not_take_the_connection_in_time_is_unreachable(
    provider: str,
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        waiting = [_knock(port) for _ in range(4)]
        to = LitellmUpstream(
            provider, api_key=KEY, base_url=f"http://127.0.0.1:{port}/v1", connect_s=0.1
        )
        fault = await fault_of(to, call("sim-mid"))
        await to.close()
        for each in waiting:
            each.close()

    assert fault.kind is FaultKind.UNREACHABLE


def _knock(port: int) -> socket.socket:
    """A connection, or the wish for one, that takes up room in a server's queue."""
    knocking = socket.socket()
    knocking.setblocking(False)
    knocking.connect_ex(("127.0.0.1", port))
    return knocking


async def test_a_provider_that_litellm_does_not_know_is_named() -> None:
    async with upstream("nosuch", "http://127.0.0.1:9") as to:
        fault = await fault_of(to, call("m"))

    assert (fault.kind, fault.status) == (FaultKind.UNSUITED, 502)
    assert fault.message == "litellm has no provider 'nosuch'"


def test_what_a_configuration_may_name_is_what_litellm_has_code_for() -> None:
    assert litellm_providers() == {each.value for each in imported().provider_list}


@PROVIDERS
@pytest.mark.parametrize("fault", ["empty", "html", "cut,after=1", "wrong_length"])
async def test_an_answer_that_is_none_may_have_been_billed(
    simulator: RunningSimulator, provider: str, fault: str
) -> None:
    simulator.faults.script("sim-mid", [fault])
    async with upstream(provider, simulator.base_url) as to:
        fault_met = await fault_of(to, call("sim-mid"))

    assert (fault_met.kind, fault_met.reached_model) == (FaultKind.TRANSIENT, True)


@PROVIDERS
@pytest.mark.parametrize("fault", ["cut,after=2", "reset_after,after=2", "error_event,after=2"])
async def test_a_stream_that_breaks_off_does_not_end_as_if_it_were_whole(
    simulator: RunningSimulator, provider: str, fault: str
) -> None:
    simulator.faults.script("sim-mid", [fault])
    async with upstream(provider, simulator.base_url) as to:
        fault_met = await fault_of(to, call("sim-mid", stream=True))

    assert (fault_met.kind, fault_met.reached_model) == (FaultKind.TRANSIENT, True)


@PROVIDERS
async def test_a_stream_that_is_closed_midway_stops_the_upstream(
    simulator: RunningSimulator, provider: str
) -> None:
    simulator.faults.script("sim-mid", ["stall,after=1"])
    async with upstream(provider, simulator.base_url) as to:
        response = await to.send(call("sim-mid", stream=True))
        async for _ in response.pieces():
            break
        await response.close()
        await until(lambda: simulator.counters.in_flight == 0)

    assert simulator.counters.calls[-1].ending is Ending.CANCELLED


async def test_a_field_that_would_lead_the_call_elsewhere_stays_behind(
    simulator: RunningSimulator,
) -> None:
    visits: list[str] = []

    async def trap(request: web.Request) -> web.Response:
        visits.append(request.path)
        return web.json_response({})

    async with serving(trap) as elsewhere, upstream("openai", simulator.base_url) as to:
        answer = await plain(
            to,
            call(
                "sim-mid",
                api_base=elsewhere,
                base_url=elsewhere,
                api_key="sk-theirs",
                custom_llm_provider="anthropic",
                extra_headers={"authorization": "Bearer sk-theirs"},
                headers={"x-evil": "1"},
                extra_body={"model": "sim-frontier"},
                mock_response="a made-up answer",
                mock_tool_calls=[{"id": "1"}],
                fallbacks=[{"model": "openai/sim-frontier", "api_base": elsewhere}],
                model_list=[
                    {"model_name": "openai/sim-mid", "litellm_params": {"api_base": elsewhere}}
                ],
                deployment_id="sim-frontier",
                metadata={"user_api_key": "x", "model_group": "y"},
                num_retries=5,
                max_retries=5,
                timeout=0.000001,
                stream_options={"include_usage": False},
                input_cost_per_token=0,
                hf_model_name="x",
                ssl_verify="false",
                cache={"no-cache": False},
                callbacks=["langfuse"],
            ),
        )

    assert visits == []
    assert simulator.counters["sim-mid"].requests == 1
    assert simulator.counters["sim-frontier"].requests == 0
    assert answer["choices"][0]["message"]["content"] != "a made-up answer"
    assert body_at(simulator).keys() == {"model", "messages"}
    assert "x-evil" not in {name.lower() for name in simulator.counters.calls[-1].header_names}


async def test_known_fields_travel(simulator: RunningSimulator) -> None:
    fields: dict[str, Any] = {
        "temperature": 0.25,
        "top_p": 0.5,
        "seed": 7,
        "stop": ["\n\n"],
        "max_tokens": 50,
        "tools": [TOOL],
        "tool_choice": "auto",
        "presence_penalty": 0.1,
        "logit_bias": {"5": -1},
    }
    async with upstream("openai", simulator.base_url) as to:
        await plain(to, call("sim-mid", **fields))

    assert {name: body_at(simulator)[name] for name in fields} == fields


async def test_a_hint_whose_value_a_model_does_not_take_is_left_out(
    simulator: RunningSimulator,
) -> None:
    async with upstream("openai", simulator.base_url) as to:
        await plain(to, call("o3", temperature=0, max_tokens=100, reasoning_effort="low"))

    assert simulator.counters["o3"].requests == 1
    sent = body_at(simulator)
    assert sent.keys() == {"model", "messages", "max_completion_tokens", "reasoning_effort"}


async def test_calls_at_once_share_one_import_and_do_not_mix(simulator: RunningSimulator) -> None:
    async with upstream("hosted_vllm", simulator.base_url) as to:
        answers = await asyncio.gather(
            *(plain(to, call("sim-mid", messages=_asking(f"Say {n}, please"))) for n in range(20)),
            to.warm(),
        )

    told = [read_plain(json.dumps(answer).encode()).usage for answer in answers if answer]
    assert len(told) == simulator.counters["sim-mid"].finished == 20
    assert sum((usage for usage in told if usage), Usage()) == simulator.counters["sim-mid"].usage


def _asking(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


# ------------------------------------------------------------ clients of litellm's own


@STREAM
async def test_a_provider_that_takes_no_connections_of_ours_is_understood_all_the_same(
    stream: bool,
) -> None:
    async def limited(request: web.Request) -> web.Response:
        error = {"error": {"message": "Slow down.", "code": "429"}}
        return web.json_response(error, status=429, headers={"retry-after": "7"})

    async with (
        serving(limited) as azure,
        upstream("azure", azure, api_version="2025-02-01-preview") as to,
    ):
        fault = await fault_of(to, call("gpt-4o", stream=stream))

    assert (fault.kind, fault.retry_after_s) == (FaultKind.RATE_LIMITED, 7.0)
    assert fault.error == {"message": "Slow down."}
    gc.collect()  # whatever was left open would be reported here


async def test_what_mistrals_models_think_is_kept_from_others(simulator: RunningSimulator) -> None:
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}
    said = {"role": "assistant", "content": [thought, {"type": "text", "text": "Hello"}]}
    asked = {"role": "user", "content": "Hi"}

    async with upstream("openai", simulator.base_url) as to:
        await plain(to, call("sim-mid", messages=[asked, said, asked]))

    assert "thinking" not in json.dumps(body_at(simulator)["messages"])

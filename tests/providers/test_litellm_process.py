"""litellm in a separate process: it answers as it does in ours, and its troubles stay its own."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio
from aiohttp import web
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from router.domain.fault import FaultKind
from router.providers.litellm_process.process import LitellmProcess
from router.providers.litellm_process.upstream import LitellmProcessUpstream
from router.providers.simulated import RunningSimulator, default_models, running
from router.providers.simulated.counters import Ending
from router.providers.translating.arguments import CallTarget
from router.wire.answer import EventKind, StreamEvent, read_event
from router.wire.sse import EventSplitter
from router.wire.usage import read_usage
from tests.providers.anthropic_api import AnthropicApi, anthropic_api, serving
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
from tests.providers.litellm_kit import soon
from tests.simulated.raw import until

# One process answers all tests here, because it takes seconds to start; so they share a loop.
pytestmark = pytest.mark.asyncio(loop_scope="module")
shared = pytest_asyncio.fixture(scope="module", loop_scope="module")
fresh = pytest_asyncio.fixture(loop_scope="module")

CLAUDE = "claude-sonnet-4-20250514"


@shared
async def litellm_process() -> AsyncIterator[LitellmProcess]:
    made = LitellmProcess()
    made.start()
    yield made
    await made.close()


@fresh
async def simulator() -> AsyncIterator[RunningSimulator]:
    async with running(default_models(), speed=0, keep_bodies=True) as made:
        yield made


@fresh
async def to(
    litellm_process: LitellmProcess, simulator: RunningSimulator
) -> LitellmProcessUpstream:
    return LitellmProcessUpstream(
        litellm_process, CallTarget("hosted_vllm", KEY, simulator.base_url, {})
    )


@fresh
async def api() -> AsyncIterator[AnthropicApi]:
    async with anthropic_api() as made:
        yield made


@fresh
async def claude(litellm_process: LitellmProcess, api: AnthropicApi) -> LitellmProcessUpstream:
    return LitellmProcessUpstream(litellm_process, CallTarget("anthropic", KEY, api.base_url, {}))


# ------------------------------------------------------------ answers


async def test_a_plain_answer_is_what_openais_client_expects(
    simulator: RunningSimulator, to: LitellmProcessUpstream
) -> None:
    answer = await plain(to, call("sim-mid", temperature=0.5))

    completion = ChatCompletion.model_validate(answer)
    assert (completion.object, completion.model) == ("chat.completion", "sim-mid")
    assert read_usage(answer["usage"]) == simulator.counters["sim-mid"].usage_told
    sent = json.loads(simulator.counters.calls[-1].body or b"")
    assert (sent["model"], sent["temperature"]) == ("sim-mid", 0.5)


async def test_a_stream_says_the_same_then_usage_then_done(to: LitellmProcessUpstream) -> None:
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
    assert events[-2].usage == read_usage(whole["usage"])
    assert finish_reasons(events) == {"stop"}


async def test_calls_at_once_do_not_mix(to: LitellmProcessUpstream) -> None:
    questions = [f"What is {number} + 1000?" for number in range(20)]
    answers = await asyncio.gather(
        *(plain(to, call("sim-frontier", messages=_asking(each))) for each in questions)
    )

    texts = [answer["choices"][0]["message"]["content"] for answer in answers]
    assert [str(1000 + number) in text for number, text in enumerate(texts)] == [True] * 20


def _asking(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


async def test_a_large_request_arrives_whole(
    simulator: RunningSimulator, to: LitellmProcessUpstream
) -> None:
    asked = "x" * 3_000_000
    fault = await fault_of(to, call("sim-mid", messages=_asking(asked)))

    assert fault.kind is FaultKind.CONTEXT
    assert asked.encode() in (simulator.counters.calls[-1].body or b"")


async def test_another_dialect_is_translated(
    claude: LitellmProcessUpstream, api: AnthropicApi
) -> None:
    answer = await plain(claude, call(CLAUDE, max_tokens=7))
    events = await streamed(claude, call(CLAUDE, stream=True, max_tokens=7))

    assert answer["choices"][0]["message"]["content"] == "Hello"
    assert finish_reasons(events) == {"stop"}
    headers, sent = api.requests[0]
    assert (headers["x-api-key"], sent["model"], sent["max_tokens"]) == (KEY, CLAUDE, 7)


async def test_options_of_the_provider_travel(
    litellm_process: LitellmProcess, api: AnthropicApi
) -> None:
    fault = await fault_of(
        LitellmProcessUpstream(litellm_process, CallTarget("nosuch", "", "", {})), call("m")
    )
    assert fault.message == "litellm has no provider 'nosuch'"

    options = {"api_version": "2031-01-01"}
    to = LitellmProcessUpstream(
        litellm_process, CallTarget("anthropic", KEY, api.base_url, options)
    )
    assert await plain(to, call(CLAUDE))


# ------------------------------------------------------------ faults


@STREAM
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("status,code=400", FaultKind.CLIENT),
        ("status,code=401", FaultKind.REFUSED),
        ("status,code=429", FaultKind.RATE_LIMITED),
        ("status,code=500", FaultKind.TRANSIENT),
        ("context_length_exceeded", FaultKind.CONTEXT),
        ("redirect", FaultKind.TRANSIENT),
        ("reset", FaultKind.TRANSIENT),
    ],
)
async def test_every_failure_is_one_of_ours_and_nothing_is_sent_twice(
    simulator: RunningSimulator,
    to: LitellmProcessUpstream,
    stream: bool,
    fault: str,
    kind: FaultKind,
) -> None:
    simulator.faults.script("sim-mid", [fault])
    met = await fault_of(to, call("sim-mid", stream=stream))

    assert met.kind is kind
    assert simulator.counters["sim-mid"].requests == 1


@STREAM
async def test_answers_and_errors_tell_what_their_provider_calls_them(
    simulator: RunningSimulator, to: LitellmProcessUpstream, stream: bool
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
    simulator: RunningSimulator, to: LitellmProcessUpstream, stream: bool
) -> None:
    wish = f"status,code=429,retry_after=7,message=Slow down with {KEY}."
    simulator.faults.script("sim-mid", [wish])
    met = await fault_of(to, call("sim-mid", stream=stream))

    assert (met.status, met.retry_after_s) == (429, 7.0)
    assert met.error is not None
    assert met.error["message"] == "Slow down with ***."


@pytest.mark.parametrize("fault", ["cut,after=3", "reset_after,after=3", "error_event,after=3"])
async def test_a_stream_that_breaks_off_does_not_end_as_if_it_were_whole(
    simulator: RunningSimulator, to: LitellmProcessUpstream, fault: str
) -> None:
    simulator.faults.script("sim-mid", [fault])
    met = await fault_of(to, call("sim-mid", stream=True))

    assert (met.kind, met.reached_model) == (FaultKind.TRANSIENT, True)


# ------------------------------------------------------------ clients that leave


async def test_a_stream_that_is_closed_midway_stops_the_upstream(
    simulator: RunningSimulator, to: LitellmProcessUpstream
) -> None:
    simulator.faults.script("sim-mid", ["stall,after=1"])
    response = await to.send(call("sim-mid", stream=True))
    await anext(response.pieces())
    await response.close()
    await until(lambda: simulator.counters.in_flight == 0)

    assert simulator.counters.calls[-1].ending is Ending.CANCELLED


async def test_a_client_that_leaves_before_the_answer_takes_the_request_along(
    claude: LitellmProcessUpstream, api: AnthropicApi
) -> None:
    api.hang = True
    asking = asyncio.create_task(claude.send(call(CLAUDE)))
    await soon(api.arrived)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    await soon(api.left)


async def test_a_wait_for_a_piece_that_is_cancelled_loses_nothing(
    litellm_process: LitellmProcess,
) -> None:
    goes_on = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(_chunk("Good "))
        await goes_on.wait()
        await response.write(_chunk("day") + _chunk("", "stop") + b"data: [DONE]\n\n")
        return response

    async with serving(slow) as url:
        to = LitellmProcessUpstream(litellm_process, CallTarget("hosted_vllm", KEY, url, {}))
        response = await to.send(call("m", stream=True))
        pieces = response.pieces()
        got = [await anext(pieces)]
        waiting = asyncio.create_task(_next(pieces))
        await asyncio.wait([waiting], timeout=0.1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        goes_on.set()
        got += [piece async for piece in pieces]
        await response.close()

    texts = [each["choices"][0]["delta"].get("content") or "" for each in chunks(_read(got))]
    assert "".join(texts) == "Good day"
    assert got[-1] == b"data: [DONE]\n\n"


async def _next(pieces: AsyncIterator[bytes]) -> bytes:
    return await anext(pieces)


def _chunk(text: str, finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish_reason}
    told = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return f"data: {json.dumps({**told, 'choices': [choice]})}\n\n".encode()


def _read(pieces: Sequence[bytes]) -> list[StreamEvent]:
    splitter = EventSplitter()
    return [read_event(raw) for piece in pieces for raw in splitter.feed(piece)]


# ------------------------------------------------------------ the process


async def test_nothing_secret_is_on_its_command_line_and_others_may_not_enter(
    litellm_process: LitellmProcess, to: LitellmProcessUpstream
) -> None:
    await plain(to, call("sim-mid"))
    assert litellm_process.pid is not None
    child = psutil.Process(litellm_process.pid)
    told = " ".join([*child.cmdline(), *child.environ().values()])
    socket = Path(next(each for each in child.cmdline() if each.endswith("/litellm")))

    assert KEY not in told
    assert socket.parent.stat().st_mode & 0o077 == 0


async def test_signals_to_all_of_us_do_not_end_it(
    litellm_process: LitellmProcess, to: LitellmProcessUpstream
) -> None:
    await plain(to, call("sim-mid"))
    before = litellm_process.pid
    assert before is not None
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(before, number)

    assert await plain(to, call("sim-mid"))
    assert litellm_process.pid == before


async def test_calls_under_way_fail_when_it_is_killed_and_another_one_takes_over(
    litellm_process: LitellmProcess, claude: LitellmProcessUpstream, api: AnthropicApi
) -> None:
    api.hang = True
    response = await claude.send(call(CLAUDE, stream=True))
    plainly = asyncio.create_task(fault_of(claude, call(CLAUDE)))
    api.arrived.clear()
    await soon(api.arrived)
    killed = litellm_process.pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)

    met = [await plainly, await _fault_of_the_rest(response.pieces())]
    assert [each.kind for each in met] == [FaultKind.TRANSIENT] * 2
    assert all(each.reached_model for each in met)
    await response.close()

    api.hang = False
    await until(lambda: litellm_process.pid != killed)
    assert await plain(claude, call(CLAUDE))


async def test_calls_under_way_fail_when_it_stands_still_and_another_one_takes_over(
    api: AnthropicApi, caplog: pytest.LogCaptureFixture
) -> None:
    litellm_process = LitellmProcess(look_s=0.5)
    claude = LitellmProcessUpstream(litellm_process, CallTarget("anthropic", KEY, api.base_url, {}))
    try:
        await plain(claude, call(CLAUDE))
        api.hang = True
        response = await claude.send(call(CLAUDE, stream=True))
        stopped = litellm_process.pid
        assert stopped is not None
        os.kill(stopped, signal.SIGSTOP)
        plainly = asyncio.create_task(fault_of(claude, call(CLAUDE)))

        met = [await plainly, await _fault_of_the_rest(response.pieces())]
        assert [each.kind for each in met] == [FaultKind.TRANSIENT] * 2
        await response.close()

        api.hang = False
        await until(lambda: litellm_process.pid != stopped)
        assert not psutil.pid_exists(stopped)
        assert await plain(claude, call(CLAUDE))
        assert "litellm's process does not answer any more: it is killed" in caplog.text
    finally:
        await litellm_process.close()


async def _fault_of_the_rest(pieces: AsyncIterator[bytes]) -> Any:
    try:
        async for _ in pieces:
            pass
    except Exception as failed:  # noqa: BLE001  the next line says which one it must be
        return getattr(failed, "fault", failed)
    raise AssertionError


async def test_it_is_gone_with_its_folder_when_we_are_killed(tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PARENT, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    child = psutil.Process(pid)
    folder = Path(next(each for each in child.cmdline() if each.endswith("/litellm"))).parent
    assert folder.is_dir()
    parent.kill()
    await parent.wait()

    await asyncio.to_thread(child.wait, 10)
    assert not folder.exists()


_PARENT = """
import asyncio
from router.providers.litellm_process.process import LitellmProcess

async def main():
    litellm_process = LitellmProcess()
    litellm_process.start()
    while litellm_process.pid is None:
        await asyncio.sleep(0.01)
    print(litellm_process.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""

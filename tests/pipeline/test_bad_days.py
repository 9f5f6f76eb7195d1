"""What attempts do when upstreams are slow, full or odd, with everything real but the models."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from router.app import real_world
from router.domain.budget import Period, RateLimit, Scope
from router.domain.errors import ApiError
from router.domain.members import replace
from router.domain.money import ZERO, Money
from router.domain.price import Price
from router.pipeline.request_context import Caller
from router.ports import Exceeded
from router.providers.simulated import SimulatedModel, default_models, running
from router.stores.memory.budget_store import MemoryBudgetStore
from tests.pipeline.kit import Proxy, proxy


async def text_of(response: Any) -> str:
    """The text of a stream, as a client puts it together."""
    text = ""
    async for line in response.content:
        if line.startswith(b"data:") and b"[DONE]" not in line:
            chunk = orjson.loads(line[5:])
            text += "".join(c["delta"].get("content") or "" for c in chunk.get("choices", ()))
    return text


async def settled(condition: Any, within_s: float = 5.0) -> float:
    """Seconds until `condition()` holds; fails when it does not in time."""
    began_s = time.monotonic()
    while not condition():
        assert time.monotonic() - began_s < within_s, "it never came true"
        await asyncio.sleep(0.005)
    return time.monotonic() - began_s


async def teach(it: Proxy, requests: int, **fields: Any) -> None:
    """Let the proxy learn how long its first model is usually silent."""
    for _ in range(requests):
        async with it.post(**fields) as response:
            assert response.status == 200
            await response.read()


HEDGED = {"hedge": {"after_quantile": 0.9, "share": 1.0}}


async def test_what_a_request_waits_for_before_it_is_judged_counts_towards_its_deadline(
    tmp_path: Path,
) -> None:
    waited = [0.0]

    async def asking_the_ledger(_scope: Scope, _period: Period) -> Money:
        waited[0] += 2.0
        return ZERO

    world = replace(real_world(), monotonic_s=lambda: time.monotonic() + waited[0])
    budgets = [{"usd": 5, "per": "day"}]
    async with proxy(tmp_path, models=["sim-mid"], world=world, budgets=budgets) as it:
        budget_store = MemoryBudgetStore(world.unix_s, asking_the_ledger)
        pipeline = replace(it.running.pipeline, budget_store=budget_store)
        raw = b'{"model": "auto", "messages": [{"role": "user", "content": "Hello."}]}'
        with pytest.raises(ApiError, match="No model answered within 1 s"):
            await pipeline.answer(raw, Caller("one", deadline_s=1.0))
        await pipeline.answer(raw, Caller("two", deadline_s=1.0))


async def test_budgets_are_not_waited_for_beyond_a_clients_deadline(tmp_path: Path) -> None:
    answered = asyncio.Event()

    async def asking_the_ledger(_scope: Scope, _period: Period) -> Money:
        await answered.wait()
        return ZERO

    async with proxy(tmp_path, models=["sim-mid"], budgets=[{"usd": 5, "per": "day"}]) as it:
        budget_store = MemoryBudgetStore(real_world().unix_s, asking_the_ledger)
        pipeline = replace(it.running.pipeline, budget_store=budget_store)
        raw = b'{"model": "auto", "messages": [{"role": "user", "content": "Hello."}]}'
        with pytest.raises(ApiError, match="No model answered"):
            async with asyncio.timeout(5):
                await pipeline.answer(raw, Caller("one", deadline_s=0.01))
        answered.set()
        await pipeline.answer(raw, Caller("two", deadline_s=5.0))


class Frozen:
    """A rate limiter that does not answer."""

    async def take(self, limits: Sequence[RateLimit], tokens: int) -> Exceeded | None:
        await asyncio.Event().wait()
        raise AssertionError(limits, tokens)


async def test_nor_are_limits(tmp_path: Path) -> None:
    async with proxy(tmp_path, more={"limits": [{"requests_per_minute": 9}]}) as it:
        pipeline = replace(it.running.pipeline, rate_limiter=Frozen())
        raw = b'{"model": "auto", "messages": [{"role": "user", "content": "Hello."}]}'
        with pytest.raises(ApiError, match="No model answered"):
            async with asyncio.timeout(5):
                await pipeline.answer(raw, Caller("one", deadline_s=0.01))


@pytest.mark.parametrize("stream", [False, True])
async def test_a_silent_model_is_hedged_its_call_cancelled_and_charged(
    tmp_path: Path, stream: bool
) -> None:
    async with proxy(tmp_path, policy=HEDGED) as it:
        await teach(it, 20, stream=stream)
        began_s = time.monotonic()
        async with it.post(stream=stream, faults="sim-open-8b:silence") as response:
            assert response.status == 200
            assert response.headers["x-farthing-model"] == "sim-mid"
            await response.read()
        assert time.monotonic() - began_s < 2
        counters = it.upstream.counters["sim-open-8b"]
        assert await settled(lambda: counters.in_flight == 0) < 0.2
        lost, won = sorted(it.rows()[-2:], key=lambda row: str(row["outcome"]))
        assert (lost["outcome"], lost["model"], lost["cost_source"]) == (
            "hedge_lost",
            "sim-open-8b",
            "estimated",
        )
        assert lost["cost_pico"] > 0
        assert (won["outcome"], won["model"], won["is_answer"]) == ("ok", "sim-mid", True)
        assert lost["request_id"] == won["request_id"]


async def test_without_the_policys_wish_nothing_is_hedged(tmp_path: Path) -> None:
    async with proxy(tmp_path, server={"timeouts": {"total_s": 1}}) as it:
        await teach(it, 20)
        async with it.post(faults="sim-open-8b:silence") as response:
            assert response.status == 504
        assert it.upstream.counters["sim-mid"].requests == 0


async def test_a_model_is_not_asked_more_at_a_time_than_it_may(tmp_path: Path) -> None:
    slow = SimulatedModel("slow", Price.per_mtok(1, 2), 0.9, 0.05, 1e6, 10_000, 1000)
    limits = {"limits": {"in_flight": 2}}
    async with proxy(tmp_path, models=["slow"], simulated=[slow], of_model=limits, speed=1) as it:
        most = 0

        async def one() -> None:
            async with it.post() as response:
                assert response.status == 200
                await response.read()

        async def watch() -> None:
            nonlocal most
            while True:
                most = max(most, it.upstream.counters["slow"].in_flight)
                await asyncio.sleep(0.001)

        watching = asyncio.create_task(watch())
        await asyncio.gather(*(one() for _ in range(12)))
        watching.cancel()
        assert most == 2
        assert it.upstream.counters["slow"].finished == 12


@pytest.mark.parametrize("fault", ["silence", "slow,size=1,pause=0.2"])
async def test_a_stalled_upstream_ends_in_a_clear_504(tmp_path: Path, fault: str) -> None:
    async with proxy(tmp_path, models=["sim-mid"], server={"timeouts": {"total_s": 0.6}}) as it:
        began_s = time.monotonic()
        async with it.post(faults=fault) as response:
            assert response.status == 504
            assert (await response.json())["error"]["type"] == "server_error"
        assert time.monotonic() - began_s < 1.5


async def test_a_client_can_ask_for_a_shorter_deadline(tmp_path: Path) -> None:
    async with proxy(tmp_path, models=["sim-mid"]) as it:
        headers = {"x-farthing-deadline-s": "0.3"}
        async with it.post(headers=headers, faults="silence") as response:
            assert response.status == 504
            assert "0.3 s" in (await response.json())["error"]["message"]
        async with it.post(headers={"x-farthing-deadline-s": "soon"}) as response:
            assert response.status == 400
            assert (await response.json())["error"]["param"] == "x-farthing-deadline-s"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", ["silence", "stall,after=1"])
async def test_a_clients_own_deadline_does_not_count_against_the_model(
    tmp_path: Path, fault: str, stream: bool
) -> None:
    async def state(it: Proxy, headers: dict[str, str]) -> str:
        for _ in range(5):
            async with it.post(headers=headers, faults=fault, stream=stream) as response:
                assert b"deadline" in await response.read()
        return str((await it.standings())["sim-mid"]["state"])

    (tmp_path / "own").mkdir()
    (tmp_path / "servers").mkdir()
    async with proxy(tmp_path / "own", models=["sim-mid"]) as it:
        own = await state(it, {"x-farthing-deadline-s": "0.1"})
    timeouts = {"timeouts": {"total_s": 0.1}}
    async with proxy(tmp_path / "servers", models=["sim-mid"], server=timeouts) as it:
        servers = await state(it, {"x-farthing-deadline-s": "9"})

    assert (own, servers) == ("closed", "open")


async def test_a_policys_deadlines_bound_its_requests(tmp_path: Path) -> None:
    policy = {"deadlines": {"first_content_s": 0.2, "total_s": 5}, "fall_back_to": "adequate"}
    async with proxy(tmp_path, policy=policy, server={"attempts_per_model": 1}) as it:
        async with it.post(stream=True, faults="sim-open-8b:silence") as response:
            assert response.headers["x-farthing-model"] == "sim-mid"
            await response.read()
        assert [row["outcome"] for row in it.rows()] == ["failed", "ok"]


ODD = ["crlf", "comments", "missing_space", "event_id_lines", "byte_by_byte", "split_utf8"]


@pytest.mark.parametrize("fault", [*ODD, "no_done", "double_done", "no_usage"])
async def test_every_legal_way_to_write_a_stream_gives_the_same_text(
    tmp_path: Path, fault: str
) -> None:
    async with proxy(tmp_path, models=["sim-mid"]) as it:
        async with it.post(stream=True) as response:
            plain = await text_of(response)
        async with it.post(stream=True, faults=fault) as response:
            raw = await response.content.read()
        assert raw.count(b"[DONE]") == 1
        async with it.post(stream=True, faults=fault) as response:
            assert await text_of(response) == plain


@pytest.mark.parametrize("fault", ["gzip_bomb,mb=200", "redirect", "huge,mb=80"])
async def test_bombs_redirects_and_endless_answers_are_bounded(tmp_path: Path, fault: str) -> None:
    async with proxy(tmp_path, models=["sim-open-8b", "sim-mid"]) as it:
        async with it.post(faults=f"sim-open-8b:{fault}") as response:
            assert response.status == 200
            assert response.headers["x-farthing-model"] == "sim-mid"
        assert it.upstream.counters.redirects_followed == 0


async def test_after_five_stumbles_a_model_rests_and_its_state_can_be_read(tmp_path: Path) -> None:
    async with proxy(tmp_path, server={"attempts_per_model": 1}) as it:
        it.upstream.faults.script("sim-open-8b", ["status,code=503"] * 5)
        for _ in range(6):
            async with it.post() as response:
                assert response.headers["x-farthing-model"] == "sim-mid"
        assert it.upstream.counters["sim-open-8b"].requests == 5
        standings = await it.standings()
        assert standings["sim-open-8b"]["state"] == "open"
        assert standings["sim-mid"]["state"] == "closed"
        async with it.client.get(f"{it.running.url}/metrics") as response:
            line = 'farthing_breaker{kind="model",name="sim-open-8b",state="open"} 1.0'
            assert line in (await response.text()).splitlines()


async def test_a_provider_without_room_for_flex_has_room_for_others(tmp_path: Path) -> None:
    async with proxy(tmp_path) as it:
        it.upstream.faults.script("sim-open-8b", ["status,code=429,retry_after=30"])
        for tier, model in (("flex", "sim-mid"), ("flex", "sim-mid"), ("auto", "sim-open-8b")):
            async with it.post(service_tier=tier) as response:
                assert response.headers["x-farthing-model"] == model


async def test_who_leaves_the_line_for_a_model_has_used_nothing_of_its_limit(
    tmp_path: Path,
) -> None:
    async def busy_with(calls: int) -> None:
        while (await it.standings()).get("sim-open-8b", {}).get("in_flight", 0) != calls:
            """Ask again."""

    async def ask() -> None:
        async with it.post(faults="sim-open-8b:silence") as response:
            await response.read()

    limits = {"in_flight": 1, "requests_per_minute": 2}
    async with proxy(tmp_path, of_model={"limits": limits}) as it, asyncio.timeout(10):
        calls: list[asyncio.Task[None]] = []
        for each in (1, 2):
            calls.append(asyncio.create_task(ask()))
            await busy_with(each)
        for each in (1, 0):
            calls.pop().cancel()
            await busy_with(each)
        async with it.post() as response:
            assert response.headers["x-farthing-model"] == "sim-open-8b"


async def test_a_stall_ends_a_stream_by_the_policys_own_bound(tmp_path: Path) -> None:
    policy = {"deadlines": {"stall_s": 0.2}}
    async with proxy(tmp_path, models=["sim-mid"], policy=policy) as it:
        async with it.post(stream=True, faults="stall,after=3") as response:
            raw = await response.content.read()
        assert b"sent nothing for 0.2 s" in raw
        assert b"[DONE]" not in raw


@pytest.mark.parametrize(
    "base_url", ["http://nowhere.invalid/v1", "https://127.0.0.1:{port}/v1"], ids=["dns", "tls"]
)
async def test_names_and_certificates_that_are_wrong_are_hidden_by_the_next_model(
    tmp_path: Path, base_url: str
) -> None:
    async with running(default_models(), speed=0) as plain:
        wrong = base_url.format(port=plain.base_url.split(":")[2].removesuffix("/v1"))
        async with proxy(tmp_path, first_upstream=wrong) as it:
            async with it.post() as response:
                assert response.status == 200
                assert response.headers["x-farthing-model"] == "sim-mid"
            states = [(row["model"], row["error"], row["cost_pico"]) for row in it.rows()]
            assert states[0] == ("sim-open-8b", "unreachable", 0)


async def test_who_leaves_a_model_that_thinks_unseen_pays_for_its_thoughts(tmp_path: Path) -> None:
    thinker = replace(default_models()[0], reasoning_share=0.75)
    async with proxy(tmp_path, models=[thinker.id], simulated=[thinker]) as it:
        await teach(it, 3, stream=True)
        async with it.post(stream=True, faults="stall,after=3") as response:
            await response.content.readany()
        await settled(lambda: len(it.rows()) == 4)
        *whole, left = it.rows()

    usual = sum(row["reasoning_tokens"] for row in whole) / 3
    assert (left["outcome"], left["usage_source"]) == ("client_left", "estimated")
    assert usual > 10
    assert left["reasoning_tokens"] == pytest.approx(usual, rel=0.3)

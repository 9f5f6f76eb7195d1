"""A model in several upstreams, with everything real except the models: which is asked, what is booked."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
import yaml

from router.app import Running, real_world, serving
from router.app.reloading import FollowedFiles, ReloadRequests
from router.config.source import Source
from router.domain.catalog import DatedCatalog
from router.domain.members import replace
from router.domain.price import Price
from router.pipeline.flow import Pipeline
from router.pipeline.reply import PlainReply, StreamReply
from router.pipeline.request_context import Caller
from router.providers.simulated import SimulatedModel, running
from router.providers.simulated.server import RunningSimulator
from tests.pipeline.kit import PRICE, QUESTION, Proxy
from tests.servers import free_port

DEAR = {"input_usd_per_mtok": 10, "output_usd_per_mtok": 20}
AT_ONCE = SimulatedModel("m", Price.per_mtok(1, 2), 0.9, 0.0, 1e6, 100_000, 10_000)
SOON = replace(AT_ONCE, ttft_s=0.005)
LATE = replace(AT_ONCE, ttft_s=0.2)
SLOW = replace(AT_ONCE, ttft_s=1.0)
"""Slower than any that is well, also on a machine that has much else to do."""


@dataclass(frozen=True)
class Several:
    """A proxy before several upstreams of the model `m`."""

    proxy: Proxy
    upstreams: Mapping[str, RunningSimulator]

    def asked(self) -> Counter[str]:
        """How many requests each upstream has got."""
        return Counter({n: each.counters["m"].requests for n, each in self.upstreams.items()})

    async def ask(self, **fields: Any) -> str:
        """One whole answer; returns which upstream the header names."""
        async with self.proxy.post(**{"model": "m", **fields}) as response:
            assert response.status == 200, await response.text()
            await response.read()
            return str(response.headers["x-farthing-upstream"])


@asynccontextmanager
async def several(
    folder: Path,
    models: Mapping[str, SimulatedModel | None],
    stated: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    policy: Mapping[str, Any] | None = None,
    cache: str = "off",
) -> AsyncIterator[Several]:
    """`m` in an upstream for each of `models`, None for one where nobody listens."""
    async with AsyncExitStack() as stack:
        upstreams = {
            name: await stack.enter_async_context(running([model]))
            for name, model in models.items()
            if model is not None
        }
        nowhere = f"http://127.0.0.1:{free_port()}/v1"
        urls = {n: upstreams[n].base_url if n in upstreams else nowhere for n in models}
        path = _write(folder, urls, stated or {}, policy or {}, cache)
        source = Source(path, {})
        following = FollowedFiles(source, source.settings(), ReloadRequests())
        settings = replace(following.booted, port=0)
        started = await stack.enter_async_context(serving(settings, real_world()))
        client = await stack.enter_async_context(aiohttp.ClientSession())
        some = next(iter(upstreams.values()))
        yield Several(Proxy(started, some, client, settings.ledger.path, following), upstreams)


def _write(
    folder: Path,
    urls: Mapping[str, str],
    stated: Mapping[str, Mapping[str, Any]],
    policy: Mapping[str, Any],
    cache: str,
) -> Path:
    usual = {
        "policy": "test",
        "intent": "whatever a test needs",
        "reference": "best",
        "adequate": {"floor": 0.0},
    }
    (folder / "policies").mkdir()
    (folder / "policies" / "test.yaml").write_text(yaml.safe_dump({**usual, **policy}))
    config = {
        "version": 1,
        "upstreams": {name: {"kind": "openai", "base_url": url} for name, url in urls.items()},
        "models": {
            "m": {
                "upstreams": [{"upstream": name, **stated.get(name, {})} for name in urls],
                "price": PRICE,
            }
        },
        "policies": {"default": "test"},
        "cache": {"url": cache},
        "ledger": {"path": "ledger.db"},
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


async def all_of(it: Several, requests: int, at_a_time: int, **fields: Any) -> Counter[str]:
    """This many answers, this many at a time: how many by which upstream."""
    turns = asyncio.Semaphore(at_a_time)

    async def one(number: int) -> str:
        async with turns:
            return await it.ask(prompt=f"{QUESTION} {number}", **fields)

    return Counter(await asyncio.gather(*(one(number) for number in range(requests))))


@pytest.mark.parametrize("stream", [False, True])
async def test_a_slow_replica_gets_less_and_books_and_headers_name_the_real_one(
    tmp_path: Path, stream: bool
) -> None:
    async with several(tmp_path, {"a": SOON, "b": SOON, "slow": SLOW}) as it:
        got = await all_of(it, 150, at_a_time=6, stream=stream)
        assert got == it.asked()
        assert got == Counter(str(row["upstream"]) for row in it.proxy.rows())
        assert {row["model"] for row in it.proxy.rows()} == {"m"}
        assert 0 < got["slow"] < 30
        assert min(got["a"], got["b"]) > 30
        standings = await it.proxy.standings()
        assert {"m@a", "m@b", "m@slow", "a", "b", "slow"} <= standings.keys()


@pytest.mark.parametrize("stream", [False, True])
async def test_a_replica_that_was_slow_is_left_alone_though_it_is_idle(
    tmp_path: Path, stream: bool
) -> None:
    async with several(tmp_path, {"a": SOON, "slow": SLOW}) as it:
        got = await all_of(it, 40, at_a_time=1, stream=stream)
        assert got["slow"] <= 2


async def test_where_nobody_listens_no_client_sees_it_and_soon_nobody_is_sent(
    tmp_path: Path,
) -> None:
    async with several(tmp_path, {"a": AT_ONCE, "gone": None}) as it:
        got = await all_of(it, 40, at_a_time=1)
        assert got == {"a": 40}
        failed = [row for row in it.proxy.rows() if row["outcome"] == "failed"]
        assert {(row["upstream"], row["model"]) for row in failed} == {("gone", "m")}
        assert len(failed) == 5
        assert (await it.proxy.standings())["m@gone"]["state"] == "open"


async def test_a_place_that_does_not_have_the_model_is_passed_over_and_the_log_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stated: dict[str, dict[str, Any]] = {"cloud": {"price": DEAR}, "own": {"name": "mm"}}
    async with several(tmp_path, {"cloud": AT_ONCE, "own": AT_ONCE}, stated) as it:
        assert await all_of(it, 3, at_a_time=1) == {"cloud": 3}
        failed = [row for row in it.proxy.rows() if row["outcome"] == "failed"]
        assert {(row["upstream"], row["status"]) for row in failed} == {("own", 404)}
        assert sum(row["cost_pico"] for row in failed) == 0
        assert (await it.proxy.standings())["m@own"]["state"] == "closed"
    (told,) = (each for each in caplog.messages if "own" in each)
    assert told == (
        "upstream own answers 404 (model_not_found) when asked for 'mm', the model m: are name and address right?"
    )


async def test_the_cheapest_is_asked_and_a_dearer_one_that_stands_in_charges_its_own_price(
    tmp_path: Path,
) -> None:
    stated = {"cloud": {"price": DEAR}}
    async with several(tmp_path, {"cloud": AT_ONCE, "own": AT_ONCE}, stated) as it:
        assert await all_of(it, 10, at_a_time=10) == {"own": 10}
        it.upstreams["own"].faults.script("m", ["status,code=503"])
        async with it.proxy.post(model="m") as response:
            body = await response.json()
            assert response.headers["x-farthing-upstream"] == "cloud"
            assert response.headers["x-farthing-attempts"] == "2"
        usage = body["usage"]
        of_it = 10 * usage["prompt_tokens"] + 20 * usage["completion_tokens"]
        last = it.proxy.rows()[-1]
        assert (last["upstream"], last["cost_pico"]) == ("cloud", of_it * 10**6)
        cheap = usage["prompt_tokens"] + 2 * usage["completion_tokens"]
        assert last["baseline_pico"] == cheap * 10**6


async def test_what_does_not_fit_into_the_cheap_place_goes_to_the_dear_one_and_waits_for_nobody(
    tmp_path: Path,
) -> None:
    stated: dict[str, dict[str, Any]] = {
        "own": {"limits": {"in_flight": 2}},
        "cloud": {"price": DEAR},
    }
    async with several(tmp_path, {"own": LATE, "cloud": LATE}, stated) as it:
        assert await all_of(it, 6, at_a_time=6) == {"own": 2, "cloud": 4}


async def test_when_all_places_are_full_requests_wait_and_none_is_sent_too_much(
    tmp_path: Path,
) -> None:
    stated = {name: {"limits": {"in_flight": 1}} for name in ("a", "b")}
    async with several(tmp_path, {"a": LATE, "b": LATE}, stated) as it:
        most = Counter[str]()

        async def watch() -> None:
            while True:
                for name, each in it.upstreams.items():
                    most[name] = max(most[name], each.counters["m"].in_flight)
                await asyncio.sleep(0.001)

        watching = asyncio.create_task(watch())
        assert (await all_of(it, 6, at_a_time=6)).total() == 6
        watching.cancel()
        assert most == {"a": 1, "b": 1}


async def test_a_silent_place_is_hedged_by_another_one_though_no_other_model_is_there(
    tmp_path: Path,
) -> None:
    policy = {"hedge": {"after_quantile": 0.9, "share": 1.0}}
    stated = {"b": {"price": DEAR}}
    async with several(tmp_path, {"a": AT_ONCE, "b": AT_ONCE}, stated, policy=policy) as it:
        assert await all_of(it, 20, at_a_time=1, model="auto") == {"a": 20}
        it.upstreams["a"].faults.script("m", ["silence"])
        async with asyncio.timeout(5):
            assert await it.ask(model="auto") == "b"
        lost, won = sorted(it.proxy.rows()[-2:], key=lambda row: str(row["outcome"]))
        assert (lost["outcome"], lost["upstream"]) == ("hedge_lost", "a")
        assert (won["outcome"], won["upstream"]) == ("ok", "b")


async def test_a_policys_tags_choose_among_the_places_and_none_left_is_no_model_left(
    tmp_path: Path,
) -> None:
    stated: dict[str, Any] = {"us": {"tags": ["us"]}, "eu": {"tags": ["eu"], "price": DEAR}}
    policy = {
        "models": {"with_tags": ["eu"]},
        "rules": [
            {
                "name": "nowhere",
                "when": {"max_prompt_tokens": 8},
                "then": {"models": {"with_tags": ["mars"]}},
            }
        ],
    }
    async with several(tmp_path, {"us": AT_ONCE, "eu": AT_ONCE}, stated, policy=policy) as it:
        assert await all_of(it, 10, at_a_time=5, model="auto", temperature=0) == {"eu": 10}
        async with it.proxy.post(model="auto", prompt="Hi") as response:
            assert response.status == 400
            assert "the policy does not allow it" in await response.text()


async def test_an_answer_of_one_place_is_kept_for_questions_to_all(tmp_path: Path) -> None:
    policy, stated = {"cache": {"ttl_s": 60}}, {"a": {"price": DEAR}}
    places = {"a": AT_ONCE, "b": AT_ONCE}
    async with several(tmp_path, places, stated, policy=policy, cache="memory") as it:
        writer = "b"
        for _ in range(11):
            assert await it.ask(model="auto", temperature=0) == writer
        assert it.asked() == {"a": 0, writer: 1}
        hits = [row for row in it.proxy.rows() if row["outcome"] == "cache_hit"]
        assert {row["upstream"] for row in hits} == {writer}
        assert len(hits) == 10


def _drained(it: Running, upstream: str) -> Pipeline:
    """The pipeline with the same fleet and connections, and no new requests for `upstream`."""
    model = it.pipeline.models["m"]
    places = (
        replace(each, weight=0.0) if each.upstream == upstream else each for each in model.replicas
    )
    catalog = DatedCatalog.of({"m": model.answering_in(tuple(places))})
    return replace(it.pipeline, judge=replace(it.pipeline.judge, catalog=catalog))


async def test_a_stream_on_a_replica_that_is_drained_goes_on_to_its_end(tmp_path: Path) -> None:
    slowly = replace(AT_ONCE, tokens_per_s=50)
    async with several(tmp_path, {"a": slowly, "b": slowly}, {"b": {"price": DEAR}}) as it:
        started = it.proxy.running
        reply = await started.pipeline.answer(_raw(stream=True), Caller("req_1"))
        assert isinstance(reply, StreamReply)
        assert reply.headers["x-farthing-upstream"] == "a"
        first = await anext(reply.pieces)
        drained = _drained(started, "a")
        others = [await drained.answer(_raw(number=n), Caller(f"req_{n}")) for n in range(2, 6)]
        assert [each.headers["x-farthing-upstream"] for each in others] == ["b"] * 4
        assert all(isinstance(each, PlainReply) for each in others)
        whole = first + b"".join([piece async for piece in reply.pieces])
        assert whole.endswith(b"data: [DONE]\n\n")
        assert it.upstreams["a"].counters["m"].finished == 1


def _raw(**fields: Any) -> bytes:
    number, stream = fields.get("number", 1), fields.get("stream", False)
    messages: Sequence[Any] = [{"role": "user", "content": f"{QUESTION} {number}"}]
    return orjson.dumps({"model": "m", "messages": messages, "stream": stream})

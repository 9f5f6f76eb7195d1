"""Several workers at one address: they share it, are replaced without anybody noticing, and end together."""

import asyncio
import itertools
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import openai
import psutil
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.configs import ledger_of, write_config
from tests.e2e.crews import Crew, written
from tests.e2e.patience import until
from tests.e2e.programs import here
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import answer_on, asked, chat, connected, get, post
from tests.servers import RedisServer

QUESTIONS = itertools.count()


@pytest.fixture
def config(tmp_path: Path, shared_simulator: Simulator, redis_server: RedisServer) -> Path:
    return written(tmp_path, shared_simulator, redis_server)


@pytest.fixture(scope="module")
def crew(tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator) -> Iterator[Crew]:
    """One for all tests that leave it as well as they found it."""
    with RedisServer() as redis:
        folder = tmp_path_factory.mktemp("crew")
        with Crew(written(folder, shared_simulator, redis)) as running:
            yield running


@dataclass
class Traffic:
    """Requests that go on until it is over: how many were answered, and what became of the others."""

    url: str
    answered: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def plain(self) -> None:
        """One question after the other on one keep-alive connection, with one in progress most of the time."""
        connector = aiohttp.TCPConnector(limit=1)
        async with aiohttp.ClientSession(connector=connector) as session:
            while not self.over.is_set():
                late = {"simulate": "delay,seconds=0.05"}
                body = chat(f"What is {next(QUESTIONS)} + 1?", "sim-mid", metadata=late)
                async with session.post(f"{self.url}/v1/chat/completions", json=body) as answer:
                    await answer.read()
                    assert answer.status == 200
                self.answered["plain"] += 1

    async def streams(self) -> None:
        """One stream after the other, as OpenAI's client reads them; it may not try again."""
        async with openai.AsyncOpenAI(
            base_url=f"{self.url}/v1", api_key="any", max_retries=0
        ) as client:
            while not self.over.is_set():
                stream = await client.chat.completions.create(
                    model="sim-mid",
                    messages=[{"role": "user", "content": f"Count to {next(QUESTIONS)}."}],
                    stream=True,
                    metadata={"simulate": "pause,after=1,seconds=0.2"},
                )
                chunks = [chunk async for chunk in stream]
                assert any(choice.finish_reason for chunk in chunks for choice in chunk.choices)
                self.answered["streams"] += 1

    async def seldom(self) -> None:
        """A question now and then: its connection is idle when the workers change."""
        async with aiohttp.ClientSession() as session:
            while not self.over.is_set():
                async with session.get(f"{self.url}/v1/models") as answer:
                    assert answer.status == 200
                    await answer.read()
                self.answered["seldom"] += 1
                await asyncio.wait([asyncio.create_task(self.over.wait())], timeout=1.0)


@asynccontextmanager
async def traffic(url: str) -> AsyncIterator[Traffic]:
    """Traffic of all kinds while the block lasts; then it has ended, and so has every request of it."""
    flow = Traffic(url)
    doing = [flow.plain() for _ in range(6)] + [flow.streams() for _ in range(4)]
    tasks = [asyncio.create_task(each) for each in (*doing, *(flow.seldom() for _ in range(4)))]
    yield flow
    flow.over.set()
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(ended, BaseException):
            flow.failures.append(repr(ended))


def renew(crew: Crew) -> None:
    """Have all workers replaced; returns when the new ones take requests."""
    done = crew.said.count("all workers have been replaced")
    crew.tell(signal.SIGUSR2)
    until(lambda: crew.said.count("all workers have been replaced") > done, crew.patience_s)


def states(crew: Crew) -> list[str]:
    """What all workers do, as the one says that is asked."""
    return sorted(each["state"] for each in crew.readyz().json["workers"])


async def test_a_rolling_restart_replaces_every_worker_and_drops_no_request(crew: Crew) -> None:
    before = crew.pids()
    async with traffic(crew.url) as flow:
        await answered_more(flow)
        await asyncio.to_thread(renew, crew)
        await answered_more(flow)

    assert flow.failures == []
    await asyncio.to_thread(until, lambda: not before & crew.pids())
    assert len(crew.pids()) == 2
    sent = flow.answered["plain"] + flow.answered["streams"]
    # What the file could not accept while another worker wrote comes out of the spool a moment later.
    await asyncio.to_thread(until, lambda: told(crew) == (sent, sent))


def told(crew: Crew) -> tuple[int, int]:
    """How many attempts the ledger has, and of how many requests."""
    with closing(sqlite3.connect(ledger_of(crew.config), timeout=10)) as ledger:
        found = ledger.execute("SELECT count(*), count(DISTINCT request_id) FROM attempts")
        attempts, requests = found.fetchone()
    return attempts, requests


async def answered_more(flow: Traffic) -> None:
    """Wait until every kind of traffic has had some more answers."""
    before = flow.answered.copy()

    def is_so() -> bool:
        return all(
            flow.answered[kind] > before[kind] + 2 for kind in ("plain", "streams", "seldom")
        )

    await asyncio.to_thread(until, is_so)


def test_a_connection_that_was_idle_is_answered_once_more_and_told_to_come_again(
    crew: Crew,
) -> None:
    question = b"GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n"
    with connected(crew.url) as idle:
        idle.sendall(question)
        assert "connection" not in answer_on(idle).headers
        renew(crew)
        until(lambda: states(crew) == ["leaving", "serving", "serving"])
        idle.sendall(question)
        got = answer_on(idle)
        assert got.status == 200
        assert got.headers["connection"] == "close"
        assert idle.recv(1) == b""
    until(lambda: len(crew.pids()) == 2)


def test_a_worker_that_is_killed_is_replaced_and_the_log_says_so(crew: Crew) -> None:
    victim, other = sorted(crew.pids())
    psutil.Process(victim).kill()
    crew.wait_for(rf"process {victim}\) ended by SIGKILL: another one starts in 0\.5 s")
    assert crew.readyz().status == 200
    until(lambda: len(crew.pids() - {victim, other}) == 1)
    until(lambda: states(crew) == ["serving", "serving"], crew.patience_s)
    assert other in crew.pids()


def test_a_worker_that_stands_still_is_killed_and_replaced_while_the_others_answer(
    crew: Crew,
) -> None:
    victim, other = sorted(crew.pids())
    psutil.Process(victim).suspend()
    crew.wait_for(rf"process {victim}\) has not run for 30 s: it is killed")
    crew.wait_for(rf"process {victim}\) ended by SIGKILL: another one starts")
    assert post(crew.base_url, chat(f"What is {next(QUESTIONS)} + 3?", "sim-mid")).status == 200
    until(lambda: states(crew) == ["serving", "serving"], crew.patience_s)
    assert other in crew.pids()
    assert killed(crew) == 1


def killed(crew: Crew) -> float:
    """How many workers were killed because they stood still, as /metrics says."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(get(f"{crew.url}/metrics").body.decode())
        for sample in family.samples
        if sample.name == "farthing_worker_killed_total"
    )


def test_whoever_is_asked_tells_the_figures_of_all(crew: Crew) -> None:
    for _ in range(8):  # on separate connections, so that several workers answer
        assert post(crew.base_url, chat(f"What is {next(QUESTIONS)} + 2?", "sim-mid")).status == 200
    told = {
        (sample.name, sample.labels["worker"]): sample.value
        for family in text_string_to_metric_families(get(f"{crew.url}/metrics").body.decode())
        for sample in family.samples
    }
    standings = get(f"{crew.url}/admin/fleet").json["standings"]
    workers = crew.readyz().json["workers"]

    assert {worker for _, worker in told} == {"0", "1"}
    assert told["farthing_worker_up", "0"] == told["farthing_worker_up", "1"] == 1.0
    assert told["farthing_ledger_waiting_rows", "1"] == 0.0
    assert {each["worker"] for each in standings if each["name"] == "sim-mid"} <= {0, 1}
    assert {each["pid"] for each in workers} == crew.pids()
    assert sum(each["answered_this"] for each in workers) == 1


def test_whoever_is_asked_tells_of_the_budgets_that_any_worker_has_drawn_on(
    tmp_path: Path, shared_simulator: Simulator, redis_server: RedisServer
) -> None:
    budgets = [{"usd": 5, "per": "day", "tag": "*"}]
    tags = [f"t{number}" for number in range(6)]
    with Crew(written(tmp_path, shared_simulator, redis_server, budgets=budgets)) as crew:
        for tag in tags:  # on separate connections, so that several workers answer
            got = post(crew.base_url, chat(f"Hi, {tag}!", "sim-mid"), {"x-farthing-tags": tag})
            assert got.status == 200
        told = get(f"{crew.url}/admin/budgets").json["budgets"]

    assert sorted(each["scope"]["name"] for each in told) == tags
    assert all(float(each["spent_usd"]) > 0 for each in told)


def test_sighup_has_all_workers_read_the_files_and_broken_ones_change_nothing(crew: Crew) -> None:
    policy = crew.config.parent / "policies" / "balanced.yaml"
    sound = policy.read_text()
    try:
        crew.tell(signal.SIGHUP)
        crew.wait_for(r"(?s)(reloaded in \d+ ms: nothing has changed.*){2}")
        policy.write_text("nothing sensible")
        crew.wait_for(r"(?s)(not reloaded, the previous settings stay in force.*){2}")
        assert post(crew.base_url, chat("What is the capital of Japan?")).status == 200
    finally:
        policy.write_text(sound)


def test_a_rolling_restart_with_broken_files_leaves_everybody_in_their_place(crew: Crew) -> None:
    sound, before = crew.config.read_text(), crew.pids()
    try:
        crew.config.write_text("version: 2\n")
        crew.tell(signal.SIGUSR2)
        crew.wait_for("worker 0 is not replaced: the present workers stay")
        assert crew.readyz().status == 200
        until(lambda: crew.pids() == before)
    finally:
        crew.config.write_text(sound)


def test_an_answer_outlasts_the_worker_that_gives_it_by_as_long_as_the_files_allow_now(
    tmp_path: Path, shared_simulator: Simulator, redis_server: RedisServer
) -> None:
    timeouts = {"total_s": 1, "shutdown_s": 1}
    server = {"port": 0, "timeouts": timeouts}
    config = written(tmp_path, shared_simulator, redis_server, server=server)
    slow = {"simulate": "delay,seconds=6"}
    with Crew(config) as crew:
        told = yaml.safe_load(config.read_text())
        told["server"]["timeouts"]["total_s"] = 60
        config.write_text(yaml.safe_dump(told))
        renew(crew)
        with asked(crew.url, chat("What is 6 * 9?", "sim-mid", metadata=slow)) as waiting:
            until(lambda: shared_simulator.counters["sim-mid"].in_flight == 1)
            crew.tell(signal.SIGUSR2)
            assert answer_on(waiting).status == 200


def test_a_rolling_restart_opens_no_address_of_a_network_to_everybody(
    tmp_path: Path, shared_simulator: Simulator, redis_server: RedisServer
) -> None:
    """It applies other keys, but no other address."""
    keys = [{"name": "search", "key": "${SEARCH_KEY}"}]
    server = {"host": "0.0.0.0", "port": 0}  # noqa: S104 - that is what it is about
    config = written(tmp_path, shared_simulator, redis_server, keys=keys, server=server)
    with Crew(config, env={"SEARCH_KEY": "sk-search-0123456789"}) as crew:
        told = yaml.safe_load(config.read_text())
        config.write_text(yaml.safe_dump({**told, "keys": [], "server": {"port": 0}}))
        crew.tell(signal.SIGUSR2)
        crew.wait_for("worker 0 is not replaced: the present workers stay")

        assert "without a key Farthing listens on loopback only" in crew.said
        assert post(crew.base_url, chat("Hello?")).status == 401


def test_what_a_rolling_restart_does_not_apply_is_still_named(
    tmp_path: Path, shared_simulator: Simulator, redis_server: RedisServer
) -> None:
    server = {"port": 0, "timeouts": {"shutdown_s": 1}}
    config = written(tmp_path, shared_simulator, redis_server, server=server)
    told = yaml.safe_load(config.read_text())
    longer = {"port": 0, "timeouts": {"shutdown_s": 2}}
    with Crew(config) as crew:
        for changed in ({**server, "port": 1}, {**server, "workers": 3}, longer):
            config.write_text(yaml.safe_dump({**told, "server": changed}))
            renew(crew)
            until(lambda: waiting(crew) == ["server"])
            config.write_text(yaml.safe_dump(told))
            until(lambda: waiting(crew) == [])


def waiting(crew: Crew) -> object:
    """What waits for a restart, as the worker says that is asked."""
    return crew.readyz().json["policies"]["waiting_for_restart"]


def test_several_workers_without_a_redis_are_refused(
    tmp_path: Path, shared_simulator: Simulator
) -> None:
    config = write_config(tmp_path, shared_simulator.base_url)
    by_option = here("serve", "--config", str(config), "--workers", "2")
    config = write_config(tmp_path, shared_simulator.base_url, server={"port": 0, "workers": 2})
    by_file = here("check", "--config", str(config))

    for done in (by_option, by_file):
        assert done.status == 1
        assert "add 'cache: {url: redis://127.0.0.1:6379/0}'" in done.out + done.err

"""Several workers at one address: they share it, are replaced without anybody noticing, and end together."""

import asyncio
import itertools
import json
import signal
import socket
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import openai
import psutil
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.configs import POLICIES, ledger_of, write_config
from tests.e2e.crews import Crew
from tests.e2e.patience import PATIENCE_S, until
from tests.e2e.programs import Program, complaints, here, run
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import answer_on, chat, connected, get, head, post
from tests.servers import RedisServer

QUESTIONS = itertools.count()


def written(folder: Path, simulator: Simulator, redis: RedisServer, **more: Any) -> Path:
    copytree(POLICIES, folder / "policies")
    return write_config(
        folder,
        simulator.base_url,
        cache={"url": redis.url},
        policies={"directory": "policies"},
        **more,
    )


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


@contextmanager
def asked(crew: Crew, body: dict[str, Any]) -> Iterator[socket.socket]:
    """A connection on which this was asked, and nothing read yet."""
    content = json.dumps(body).encode()
    with connected(crew.url) as connection:
        connection.sendall(head(crew.url, f"content-length: {len(content)}") + content)
        yield connection


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
        with asked(crew, chat("What is 6 * 9?", "sim-mid", metadata=slow)) as waiting:
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


@contextmanager
def systemd(folder: Path) -> Iterator[socket.socket]:
    """What systemd hears by: NOTIFY_SOCKET."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(str(folder / "notify"))
        made.settimeout(PATIENCE_S)
        yield made


def test_systemd_is_told_when_requests_are_taken_and_when_it_ends(config: Path) -> None:
    with systemd(config.parent) as told:
        with Crew(config, workers=1, env={"NOTIFY_SOCKET": told.getsockname()}):
            assert told.recv(100) == b"READY=1"
        assert told.recv(100) == b"STOPPING=1"


@dataclass(frozen=True)
class Parting:
    """How two workers ended that were told to stop while each of two clients waited for an answer."""

    heard_by_systemd: list[bytes]
    answers: list[str]
    status: int
    survivors: set[int]
    said: str


@pytest.fixture(scope="module")
def parting(tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator) -> Parting:
    folder = tmp_path_factory.mktemp("parting")
    delay = {"simulate": "delay,seconds=1"}
    sums = [chat(f"What is 6 * {n}?", "sim-mid", metadata=delay) for n in (7, 8)]
    with RedisServer() as redis, systemd(folder) as told:
        config = written(folder, shared_simulator, redis)
        with Crew(config, "--hello", env={"NOTIFY_SOCKET": told.getsockname()}) as crew:
            heard = [told.recv(100)]
            crew.wait_for("17 \\* 23 = 391")
            with asked(crew, sums[0]) as one, asked(crew, sums[1]) as two:
                until(lambda: shared_simulator.counters["sim-mid"].in_flight == 2)
                crew.tell(signal.SIGTERM)
                answers = [answer_on(each).text for each in (one, two)]
            status, survivors = crew.ended(), crew.survivors()
        return Parting([*heard, told.recv(100)], answers, status, survivors, crew.said)


def test_what_is_under_way_in_every_worker_is_finished_when_they_are_told_to_stop(
    parting: Parting,
) -> None:
    assert parting.answers == ["6 * 7 = 42", "6 * 8 = 48"]
    assert parting.status == 0
    assert parting.survivors == set()
    assert complaints(parting.said) == []


def test_of_several_workers_systemd_hears_once_when_all_are_ready_and_when_they_end(
    parting: Parting,
) -> None:
    assert parting.heard_by_systemd == [b"READY=1", b"STOPPING=1"]


def test_a_second_signal_does_not_wait_for_any_worker(config: Path) -> None:
    crew = Crew(config).start()
    try:
        stalled = chat("Hello", "sim-mid", stream=True, metadata={"simulate": "stall,after=3"})
        with asked(crew, stalled) as reader:
            assert reader.recv(1)
            crew.tell(signal.SIGTERM)
            crew.wait_for("Stopping")
            crew.tell(signal.SIGTERM)
            assert crew.ended(within_s=10) == 130
            until(lambda: not crew.survivors())
    finally:
        crew.kill()


def test_workers_do_not_outlive_a_supervisor_that_is_killed(config: Path) -> None:
    with TemporaryDirectory() as folder:
        crew = Crew(config, env={"TMPDIR": folder}).start()
        crew.process.kill()
        crew.ended()
        until(lambda: not crew.survivors())
        assert list(Path(folder).iterdir()) == []
    with pytest.raises(ConnectionRefusedError):
        get(f"{crew.url}/healthz")


def test_a_temporary_folder_that_is_too_long_for_sockets_is_named(
    config: Path, tmp_path: Path
) -> None:
    long = tmp_path / ("long" * 20)
    long.mkdir()
    done = run("serve", "--config", str(config), "--workers", "2", env={"TMPDIR": str(long)})
    assert (done.status, "Traceback" in done.err) == (1, False)
    assert str(long) in done.err
    assert "set a shorter TMPDIR" in done.err


def test_nor_do_workers_that_are_just_starting(config: Path) -> None:
    with Program("serve", "--config", str(config), "--workers", "2") as starting:
        supervisor = psutil.Process(starting.process.pid)
        until(lambda: len(supervisor.children()) == 2, Crew.patience_s)
        workers = supervisor.children()
        starting.process.kill()
        starting.ended()
        until(lambda: not any(each.is_running() for each in workers), Crew.patience_s)


def test_nor_does_one_that_was_to_replace_another_and_it_ends_without_a_traceback(
    config: Path,
) -> None:
    with Crew(config) as crew:
        before = crew.pids()
        crew.tell(signal.SIGUSR2)
        until(lambda: crew.pids() > before, Crew.patience_s)
        crew.process.kill()
        crew.ended()
        until(lambda: not crew.survivors(), Crew.patience_s)
        assert not complaints(crew.said)


def test_workers_that_cannot_start_are_not_tried_for_ever(config: Path) -> None:
    ledger_of(config).write_text("This is no database, and long enough for that to be seen.\n" * 99)
    with Program("serve", "--config", str(config), "--workers", "2") as crew:
        assert crew.ended(within_s=Crew.patience_s) == 1
    assert "cannot be opened" in crew.said


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

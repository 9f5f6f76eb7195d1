"""Several workers end together: in good order, at once, or with their supervisor."""

import select
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

from tests.e2e.configs import ledger_of
from tests.e2e.crews import Crew, written
from tests.e2e.patience import PATIENCE_S, until
from tests.e2e.programs import Program, complaints, run
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import answer_on, asked, chat, get
from tests.servers import RedisServer


@pytest.fixture
def config(tmp_path: Path, shared_simulator: Simulator, redis_server: RedisServer) -> Path:
    return written(tmp_path, shared_simulator, redis_server)


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


@pytest.mark.parametrize("workers", [1, 2])
def test_systemd_hears_that_it_runs_until_it_does_not(config: Path, workers: int) -> None:
    with systemd(config.parent) as told:
        watched = {"NOTIFY_SOCKET": told.getsockname(), "WATCHDOG_USEC": "200000"}
        with Crew(config, workers=workers, env=watched) as crew:
            assert [told.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
            main = psutil.Process(crew.process.pid)
            main.suspend()
            assert not all(_hears(told) for _ in range(100))
            main.resume()
            assert told.recv(100) == b"WATCHDOG=1"


def _hears(told: socket.socket) -> bool:
    """Whether something is said within two seconds."""
    return bool(select.select([told], [], [], 2.0)[0] and told.recv(100))


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
            crew.wait_for("Answer: - 1932")
            with asked(crew.url, sums[0]) as one, asked(crew.url, sums[1]) as two:
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
        with asked(crew.url, stalled) as reader:
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

"""Told to stop while a request is at each stage: afterwards clients, ledger and budgets in Redis agree."""

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
import redis
from msgspec import Struct

from tests.e2e.books import rows, tags
from tests.e2e.configs import ledger_of, models, write_config
from tests.e2e.crews import Crew
from tests.e2e.patience import until
from tests.e2e.programs import Farthing, complaints
from tests.e2e.upstreams import Canned, FixedUpstream, Simulator
from tests.e2e.waiting import Clients, begun, is_whole
from tests.e2e.wire import Got, chat, post
from tests.servers import RedisServer

PLAIN = """
policy: plain
intent: One model answers whatever is asked.
reference: best
adequate: {floor: 0.0}
models: {ids: [sim-mid]}
cache: {ttl_s: 86400}
"""
CASCADE = """
policy: NAME
intent: Two cheap models are asked first, and the frontier model where that is not enough.
reference: sim-frontier
strategy: cascade
cascade:
  use: always
  first_content_s: 60
  MORE
  final: sim-frontier
"""
PAIR = "steps: [{models: [sim-open-8b, sim-open-70b], accept: agreement}]"
JUDGED = "steps: [{models: [sim-open-8b], accept: {test: judge, judge: sim-frontier}}]"
POLICIES = {
    "plain": PLAIN,
    "kept": CASCADE.replace("NAME", "kept").replace("MORE", f"keep_alive_s: 0.1\n  {PAIR}"),
    "judged": CASCADE.replace("NAME", "judged").replace("MORE", JUDGED),
}
UPLOAD = b'{"model": "voice", "input": "' + b"la " * 1000 + b'"}'
SPOKEN = Canned((b'{"model": "voice", "usage": {"input_tokens": 5, "output_tokens": 6}}',))
QUESTION = chat("What is 6 * 7?", stream=True)
BOOKED = {"ok", "cache_hit"}


def written(
    folder: Path, urls: tuple[str, str], redis_server: RedisServer, shutdown_s: float
) -> Path:
    """A configuration before the simulated models and another upstream, whose budget is kept in Redis."""
    (folder / "policies").mkdir()
    for name, text in POLICIES.items():
        (folder / "policies" / f"{name}.yaml").write_text(text, "utf-8")
    known = models("sim")
    narrow = {**known["sim-mid"], "name": "sim-mid", "limits": {"in_flight": 1}}
    voice = {"input_usd_per_mtok": 5, "output_usd_per_mtok": 40}
    named = zip(("sim", "it"), urls, strict=True)
    upstreams = {name: {"kind": "openai", "base_url": url} for name, url in named}
    return write_config(
        folder,
        urls[0],
        server={"port": 0, "timeouts": {"shutdown_s": shutdown_s}},
        upstreams=upstreams,
        models={**known, "narrow": narrow},
        policies={"directory": "policies", "default": "plain"},
        cache={"url": redis_server.url},
        budgets=[{"usd": 1000, "per": "lifetime"}],
        passthrough={"upstream": "it", "paths": ["/v1/audio/*"], "prices": {"voice": voice}},
    )


def at_every_stage(clients: Clients, simulator: Simulator, late_s: float) -> None:
    """Requests that are each at another stage, where most will be for so many seconds."""
    late, busy = f"delay,seconds={late_s}", simulator.counters
    pause = {"simulate": f"pause,after=3,seconds={late_s}"}
    nothing_yet = {"simulate": f"pause,after=0,seconds={late_s}"}
    simulator.will("sim-frontier", late)
    clients.ask("judged", chat("What is 401 * 37?", "auto:judged"))
    clients.ask("half-a-body", chat("Hello, and " * 99, "sim-mid"), half=True)
    clients.ask("half-an-upload", UPLOAD, path="/v1/audio/speech", half=True)
    clients.ask("no-head-yet", chat("What is 6 * 8?", "sim-mid", metadata={"simulate": late}))
    narrow = [chat(f"What is 5 * {n}?", "narrow", metadata={"simulate": late}) for n in (3, 4)]
    clients.ask("in-the-only-slot", narrow[0])
    clients.ask("nothing-yet", chat("6 * 9?", "sim-mid", stream=True, metadata=nothing_yet))
    until(lambda: busy["sim-frontier"].in_flight == 1 and busy["sim-mid"].in_flight == 3)
    clients.ask("waits-for-a-slot", narrow[1])
    stream = chat("What is the capital of Japan?", stream=True, metadata=pause)
    for name in ("stream", "its-follower", "its-other-follower"):
        begun(clients.ask(name, stream))
    left = chat("What is the capital of France?", stream=True, metadata=pause)
    for name in ("leaves", "goes-on-with-it"):
        begun(clients.ask(name, left))
    clients.leave("leaves")
    kept = {"simulate": f"sim-open-70b:{late}"}
    kept_alive = chat("What is 403 * 37?", "auto:kept", stream=True, metadata=kept)
    for name in ("kept-alive", "kept-alive-with-it"):
        begun(clients.ask(name, kept_alive))


@contextmanager
def locked(ledger: Path) -> Iterator[None]:
    """Nobody else can write to the ledger meanwhile."""
    with closing(sqlite3.connect(ledger, timeout=10, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def frozen(redis_server: RedisServer) -> Iterator[None]:
    """Redis does not answer meanwhile."""
    redis_server.pause()
    yield
    redis_server.resume()


def stored(farthing: Farthing, question: dict[str, Any]) -> str:
    """Ask, so that the answer is stored; returns the id of the request."""
    got = post(farthing.base_url, question)
    assert got.status == 200
    return got.headers["x-request-id"]


def check(config: Path, redis_server: RedisServer, answers: dict[str, Got | None]) -> None:
    """The ledger has each answer that came whole, and no other; the budget has spent what the ledger says."""
    ledger = ledger_of(config)
    booked = rows(ledger)
    answered = [row["request_id"] for row in booked if row["outcome"] in BOOKED]
    whole = {name for name, got in answers.items() if is_whole(got)}
    named = {tag for request in answered for tag in tags(ledger, request)}
    assert named & answers.keys() == whole - {"feedback"}
    assert len(answered) == len(set(answered))
    with closing(redis.Redis.from_url(redis_server.url)) as server:
        (account,) = [key for key in server.keys("farthing:2:{budget}:*") if b":holds" not in key]
        assert server.hget(account, "reserved") == b"0"
        spent = int(server.hget(account, "spent") or 0)
    assert spent * 1000 == sum(row["cost_pico"] for row in booked)
    assert not ledger.with_name("ledger.db.spool").exists()


class Stop(Struct, frozen=True):
    """How Farthing is told to stop, and how long answers take until then, and may take."""

    workers: int
    number: signal.Signals
    late_s: float = 1.5
    shutdown_s: float = 20

    @property
    def is_patient(self) -> bool:
        """Whether everything may finish."""
        return self.late_s < self.shutdown_s

    def farthing(self, config: Path) -> Farthing:
        return Farthing(config) if self.workers == 1 else Crew(config, workers=self.workers)

    def stop(self, farthing: Farthing) -> None:
        """See that it ends in good order; it was told to."""
        if self.number is signal.SIGUSR2:
            farthing.wait_for("all workers have been replaced")
            farthing.tell(signal.SIGTERM)
        assert farthing.ended() == 0
        assert complaints(farthing.said) == []


STOPS = {
    "alone": Stop(1, signal.SIGTERM),
    "too late": Stop(1, signal.SIGTERM, late_s=60, shutdown_s=0.5),
    "workers": Stop(2, signal.SIGTERM),
    "replaced": Stop(2, signal.SIGUSR2),
}


@pytest.mark.parametrize("stop", STOPS.values(), ids=STOPS)
def test_whatever_stage_a_request_is_at_client_ledger_and_budget_agree(
    tmp_path: Path,
    simulator: Simulator,
    fixed: FixedUpstream,
    redis_server: RedisServer,
    stop: Stop,
) -> None:
    fixed.answer = SPOKEN
    config = written(tmp_path, (simulator.base_url, fixed.base_url), redis_server, stop.shutdown_s)
    with stop.farthing(config) as farthing, ExitStack() as stack:
        clients = Clients(farthing.url, stack)
        said = {"request_id": stored(farthing, QUESTION), "score": 1}
        at_every_stage(clients, simulator, stop.late_s)
        with locked(ledger_of(config)):
            clients.ask("replayed", QUESTION)
            clients.ask("feedback", said, path="/v1/feedback")
            with frozen(redis_server) if stop.workers == 1 else nullcontext():
                late = {"simulate": f"delay,seconds={stop.late_s}"}
                clients.ask("waits-for-Redis", chat("What is 6 * 11?", "sim-mid", metadata=late))
                farthing.tell(stop.number)
            if stop.is_patient:
                clients.send_rest()
            answers = clients.answers()
        stop.stop(farthing)
    check(config, redis_server, answers)
    if stop.is_patient:
        assert [name for name, got in answers.items() if not is_whole(got)] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR2])
def test_an_answer_that_only_clients_of_another_worker_read_is_finished(
    tmp_path: Path,
    simulator: Simulator,
    fixed: FixedUpstream,
    redis_server: RedisServer,
    number: signal.Signals,
) -> None:
    stop = Stop(2, number, late_s=4.0)
    config = written(tmp_path, (simulator.base_url, fixed.base_url), redis_server, stop.shutdown_s)
    with stop.farthing(config) as farthing, ExitStack() as stack:
        clients = Clients(farthing.url, stack)
        pause = {"simulate": f"pause,after=3,seconds={stop.late_s}"}
        for name in ("leaves", "goes-on-with-it"):
            begun(clients.ask(name, chat("What is this?", stream=True, metadata=pause)))
        clients.leave("leaves")
        farthing.tell(number)
        answers = clients.answers()
        stop.stop(farthing)
    check(config, redis_server, answers)
    assert is_whole(answers["goes-on-with-it"])

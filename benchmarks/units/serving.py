"""What each kind of request costs in a real installation: a Farthing with a Redis and a PostgreSQL."""

import asyncio
import itertools
import re
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Self

import aiohttp
import orjson
import redis

from benchmarks.overhead.processes import cpu_s, processes_of
from benchmarks.units.measured import Kind
from tests.e2e.configs import write_config
from tests.e2e.programs import Farthing, Simulate
from tests.postgres import PostgresServer
from tests.servers import RedisServer

_Cost = tuple[float, float, float, float, float]
_ROUNDS = 6
"""Of which the fastest counts: other programs on the machine only make it slower."""
_AT_ONCE = 16
_WATCHED = 40
_KEY = "fk-units"
_HEADERS = {"authorization": f"Bearer {_KEY}", "content-type": "application/json"}
_POLICY = """
policy: usual
intent: A policy as most have, with a cache, and sessions that stay.
adequate: {within: 0.05}
cache: {ttl_s: 3600}
"""
_PURPOSES = {
    ":cache:": "answers",
    ":{budget}:": "budgets",
    ":{limit}:": "limits",
    ":notices": "notices",
    ":session:": "sessions",
    "}:": "flights",
}
"""By what a key has in it; the first that fits."""


class Patient(Farthing):
    """A Farthing that may take long to start, as this may run next to other things."""

    patience_s = 300.0


class Asked:
    """Bodies of requests of each kind, a different one each time unless the answer is to be stored."""

    def __init__(self) -> None:
        self._numbers = itertools.count()

    def of(self, kind: str) -> tuple[bytes, Mapping[str, str]]:
        """A body and further headers."""
        number = next(self._numbers)
        text = "Who was number 1?" if kind == "hit" else f"Who was number {number}? " + _PADDING
        fields: dict[str, Any] = {"model": "auto", "messages": [{"role": "user", "content": text}]}
        headers = {"x-session-id": f"s{number % 100}"} if kind == "session" else {}
        if kind == "pinned":
            fields["model"] = "sim-mid"
        if kind == "stream":
            fields["stream"] = True
        return orjson.dumps(fields), headers


_PADDING = "Tell of their life, of what they are known for, and of who came after them. " * 24
KINDS = ("pinned", "auto", "session", "stream", "hit")


@dataclass(frozen=True)
class House:
    """The programs of one installation, all on this machine."""

    farthing: Farthing
    redis: RedisServer
    postgres: PostgresServer
    asked: Asked = field(default_factory=Asked)

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Self]:
        """All of them, running."""
        with ExitStack() as stack:
            server = stack.enter_context(RedisServer())
            postgres = stack.enter_context(PostgresServer())
            simulator = stack.enter_context(Simulate())
            config = configured(folder, f"{simulator.url}/v1", server.url, postgres.url)
            farthing = stack.enter_context(Patient(config, env={"KEY": _KEY}))
            yield cls(farthing, server, postgres)

    def kinds(self, times: int) -> Iterator[Kind]:
        """What each kind costs, with this many requests of it: in the fastest of several rounds of all kinds."""
        for kind in KINDS:
            # So that budgets are opened and an answer is stored.
            asyncio.run(self._send(kind, _AT_ONCE))
        trips = {kind: self._trips(kind) for kind in KINDS}
        seen: dict[str, list[_Cost]] = {kind: [] for kind in KINDS}
        for _ in range(_ROUNDS):
            for kind in KINDS:
                seen[kind].append(self._cost(kind, times // _ROUNDS))
        for kind, costs in seen.items():
            worker, server, database, size, rows = zip(*costs, strict=True)
            yield Kind(
                name=kind,
                worker_us=min(worker),
                redis_us=min(server),
                database_us=median(database),
                trips=trips[kind],
                redis_bytes=median(size),
                rows=median(rows),
            )

    def _cost(self, kind: str, times: int) -> _Cost:
        """Of one: CPU us of the worker, of Redis, of PostgreSQL; bytes to and from Redis; rows."""
        before = (*self._spent(), self._redis_bytes(), self._rows())
        asyncio.run(self._send(kind, times))
        after = (*self._spent(), self._redis_bytes(), self._rows())
        worker, server, database, size, rows = (
            (b - a) / times for a, b in zip(before, after, strict=True)
        )
        return 1e6 * worker, 1e6 * server, 1e6 * database, size, rows

    def _spent(self) -> tuple[float, float, float]:
        """CPU seconds so far of our worker, Redis and PostgreSQL."""
        pids = (self.farthing.process.pid, self.redis.pid, self.postgres.pid)
        worker, server, database = (cpu_s(processes_of(pid)) for pid in pids)
        return worker, server, database

    def _redis_bytes(self) -> int:
        with redis.Redis.from_url(self.redis.url) as asking:
            told: Mapping[str, object] = asking.info("stats")
        sizes = (told["total_net_input_bytes"], told["total_net_output_bytes"])
        return sum(int(str(each)) for each in sizes)

    def _rows(self) -> int:
        """How many rows of the ledger there have been, wherever they are now."""
        with closing(sqlite3.connect(self.farthing.config.parent / "ledger.db")) as outbox:
            found = outbox.execute("SELECT seq FROM sqlite_sequence WHERE name = 'attempts'")
            return int((found.fetchone() or (0,))[0])

    def _trips(self, kind: str) -> Mapping[str, float]:
        """Commands to Redis of one request, by purpose: those inside a script do not count."""
        with Watching(self.redis.url) as watching:
            asyncio.run(self._send(kind, _WATCHED, at_once=1))
        return {
            what: n / _WATCHED for what, n in sorted(watching.seen.items()) if what != "notices"
        }

    async def _send(self, kind: str, times: int, at_once: int = _AT_ONCE) -> None:
        left = iter(range(times))

        async def keep_on(session: aiohttp.ClientSession) -> None:
            for _ in left:
                body, headers = self.asked.of(kind)
                async with session.post(
                    "/v1/chat/completions", data=body, headers={**_HEADERS, **headers}
                ) as answer:
                    await answer.read()
                    assert answer.status == 200, await answer.text()

        connector = aiohttp.TCPConnector(limit=0)
        async with (
            aiohttp.ClientSession(self.farthing.url, connector=connector) as session,
            asyncio.TaskGroup() as group,
        ):
            for _ in range(at_once):
                group.create_task(keep_on(session))


class Watching:
    """While entered, counts the commands that clients send, by what their keys are for."""

    def __init__(self, url: str) -> None:
        self.seen: Counter[str] = Counter()
        self._client: redis.Redis = redis.Redis.from_url(url)
        self._url = url
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._watches = threading.Event()

    def __enter__(self) -> Self:
        self._reader.start()
        self._watches.wait()
        return self

    def __exit__(self, *_: object) -> None:
        with redis.Redis.from_url(self._url) as client:
            client.echo(_END)
        self._reader.join()
        self._client.close()

    def _read(self) -> None:
        client: Any = self._client  # redis-py has no types for this one
        with client.monitor() as monitor:
            self._watches.set()
            for each in monitor.listen():
                command = str(each["command"])
                if _END in command:
                    return
                if each["client_type"] != "lua" and (what := purpose_of(command)):
                    self.seen[what] += 1


_END = "that-is-all"
_NAME = re.compile(r"farthing:\d+(:\S+)")


def purpose_of(command: str) -> str | None:
    """What a command is for, by the first key of ours in it; None if there is none."""
    key = _NAME.search(command)
    if key is None:
        return None
    return next((what for sign, what in _PURPOSES.items() if sign in key[1]), None)


def configured(folder: Path, models_url: str, redis_url: str, postgres_url: str) -> Path:
    """A Farthing with a key, two budgets, a limit, a cache, and a ledger in PostgreSQL."""
    policies = folder / "policies"
    policies.mkdir(parents=True)
    (policies / "usual.yaml").write_text(_POLICY, "utf-8")
    return write_config(
        folder,
        models_url,
        policies={"directory": str(policies), "default": "usual"},
        cache={"url": redis_url, "timeout_s": 5.0},
        ledger={"path": str(folder / "ledger.db"), "url": postgres_url},
        keys=[{"name": "team-1", "key": "${KEY}"}],
        budgets=[{"usd": 100_000, "per": "day"}, {"usd": 100_000, "per": "day", "key": "*"}],
        limits=[{"requests_per_minute": 10_000_000, "key": "*"}],
    )

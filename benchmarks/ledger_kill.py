"""Kill the proxy under load, again and again: what clients received whole must be in the ledger, once.

    python -m benchmarks.ledger_kill --kills 200
    python -m benchmarks.ledger_kill --kills 200 --postgres

Each life of the proxy is a second or so of plain and streamed requests, of which many are retried,
passed on to another model or hedged, and ends with SIGKILL in the middle of them. In some lives the
ledger's file is locked by somebody else, so that rows are spooled; with `--postgres` the file is an
outbox, and PostgreSQL is killed or frozen now and then.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import select

from benchmarks.chaos.cast import PATIENT, POOLS, ledger_of, write_config
from benchmarks.chaos.rig import Process, free_port, upstreams_running
from router.stores.sql.database import open_ledger
from router.stores.sql.schema import ATTEMPTS
from tests.postgres import PostgresServer

_CLIENTS = 24
_LIFE_S = (0.05, 1.2)
_LOCKED_SHARE = 0.2
_TROUBLED_SHARE = 0.3
_SETTLES_S = 60.0
_FAULTS: Mapping[str, tuple[float, tuple[str, ...]]] = {
    "any": (0.15, ("status,code=503", "reset", "cut,after=3")),
    "birch-first": (0.15, ("status,code=503", "reset", "cut,after=3")),
    "hedged": (0.4, ("delay,seconds=0.2",)),
}
"""By policy: in which share of the requests its first model fails, and how. More would let it rest."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """An answer that a client has received completely, and the number of the attempt that gave it."""

    request_id: str
    attempt: int


@dataclass(slots=True)
class Findings:
    """The result."""

    kills: int = 0
    locked: int = 0
    receipts: list[Receipt] = field(default_factory=list)
    rows: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        outcomes = ", ".join(f"{count:,} {name}" for name, count in sorted(self.rows.items()))
        lines = [
            f"{self.kills} kills, {self.locked} of them while the ledger's file was locked",
            f"{len(self.receipts):,} answers received whole",
            f"{self.requests:,} requests in the ledger, by {self.rows.total():,} attempts: {outcomes}",
            f"{len(self.wrong)} wrong",
            *self.wrong[:20],
        ]
        return "\n".join(lines)


async def run(
    kills: int,
    folder: Path,
    *,
    seed: int = 1,
    postgres: PostgresServer | None = None,
    verbose: bool = False,
) -> Findings:
    """Kill the proxy this many times, with everything in `folder`; returns what was wrong."""
    found, dice = Findings(), random.Random(seed)
    async with upstreams_running(folder) as upstreams:
        config = _config(folder, {each.name: each.url for each in upstreams}, postgres)
        port = free_port(random.Random(os.getpid()))  # several of us may run
        argv = ("serve", "--config", str(config), "--port", str(port))
        proxy = Process(folder / "proxy.log", "router", *argv)
        rig = _Rig(proxy, f"http://127.0.0.1:{port}", ledger_of(config), dice, found, postgres)
        for number in range(kills):
            await rig.life()
            if verbose and (number + 1) % 10 == 0:
                print(f"{number + 1} kills, {len(found.receipts):,} answers", flush=True)
        await rig.last_life()
    _audit(_rows(rig.ledger, postgres), found)
    return found


def _config(folder: Path, urls: dict[str, str], postgres: PostgresServer | None) -> Path:
    path = write_config(folder, urls, PATIENT)
    config = json.loads(path.read_text())
    if postgres is not None:
        config["ledger"]["url"] = postgres.url
    path.write_text(json.dumps(config))
    return path


@dataclass(slots=True)
class _Rig:
    proxy: Process
    url: str
    ledger: Path
    dice: random.Random
    found: Findings
    postgres: PostgresServer | None

    async def life(self) -> None:
        """From a start to a kill in the middle of requests."""
        is_locked = self.ledger.exists() and self.dice.random() < _LOCKED_SHARE
        await self.proxy.start(f"{self.url}/readyz")
        async with self._clients():
            with _locked(self.ledger) if is_locked else contextlib.nullcontext():
                async with self._trouble():
                    await asyncio.sleep(self.dice.uniform(*_LIFE_S))
                    await self._first_answer()
                    await self.proxy.kill()
        self.found.kills += 1
        self.found.locked += is_locked

    async def _first_answer(self) -> None:
        """Return once there is one: on a busy machine the first lives may be too short for it, and show nothing."""
        async with asyncio.timeout(_SETTLES_S):
            while not self.found.receipts:  # noqa: ASYNC110 - another process has to get there
                await asyncio.sleep(0.01)

    async def last_life(self) -> None:
        """Start once more, wait until everything is at rest, and stop cleanly."""
        await self.proxy.start(f"{self.url}/readyz")
        async with asyncio.timeout(_SETTLES_S):
            while self._is_restless():  # noqa: ASYNC110 - another process has to get there
                await asyncio.sleep(0.1)
        await self.proxy.stop()

    def _is_restless(self) -> bool:
        """Whether rows are waiting in a spool, or in the outbox."""
        spooled = any(self.ledger.parent.glob(f"{self.ledger.name}.spool*"))
        return spooled or (self.postgres is not None and bool(_count(self.ledger)))

    @asynccontextmanager
    async def _clients(self) -> AsyncIterator[None]:
        async with aiohttp.ClientSession() as session:
            clients = [asyncio.create_task(self._client(session)) for _ in range(_CLIENTS)]
            try:
                yield
            finally:
                for client in clients:
                    client.cancel()
                await asyncio.gather(*clients, return_exceptions=True)

    async def _client(self, session: aiohttp.ClientSession) -> None:
        """Send requests continuously, until cancelled."""
        while True:
            try:
                if receipt := await self._ask(session):
                    self.found.receipts.append(receipt)
            except (aiohttp.ClientError, OSError):
                await asyncio.sleep(0.01)

    async def _ask(self, session: aiohttp.ClientSession) -> Receipt | None:
        """One request; None if it had no answer, or an incomplete one."""
        body = self._body()
        async with session.post(f"{self.url}/v1/chat/completions", json=body) as response:
            content = await response.read()
        if response.status != 200:
            return None
        if body["stream"] and not content.endswith(b"data: [DONE]\n\n"):
            return None
        headers = response.headers
        return Receipt(headers["x-request-id"], int(headers["x-farthing-attempts"]))

    def _body(self) -> dict[str, Any]:
        policy = self.dice.choice(tuple(_FAULTS))
        words = f"Translate into French: number {self.dice.random()}"
        body: dict[str, Any] = {
            "model": f"auto:{policy}",
            "stream": self.dice.random() < 0.5,
            "messages": [{"role": "user", "content": words}],
        }
        share, faults = _FAULTS[policy]
        if self.dice.random() < share:
            fault = f"{POOLS[policy][0]}:{self.dice.choice(faults)}"
            body["metadata"] = {"simulate": fault}
        return body

    @asynccontextmanager
    async def _trouble(self) -> AsyncIterator[None]:
        """PostgreSQL dies or freezes now and then, and comes back."""
        server = self.postgres
        if server is None or self.dice.random() > _TROUBLED_SHARE:
            yield
        elif self.dice.random() < 0.5:
            server.pause()
            yield
            server.resume()
        else:
            await asyncio.to_thread(server.kill)
            yield
            await asyncio.to_thread(server.restart)


@contextmanager
def _locked(ledger: Path) -> Iterator[None]:
    """Another writer locks the file for a while."""
    connection = sqlite3.connect(ledger, isolation_level=None, timeout=10)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def _count(ledger: Path) -> int:
    with contextlib.closing(sqlite3.connect(ledger, timeout=10)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM attempts").fetchone()
    return int(count)


def _rows(ledger: Path, postgres: PostgresServer | None) -> Sequence[Any]:
    engine = open_ledger(ledger, postgres.url if postgres else "")
    with engine.connect() as connection:
        rows = connection.execute(select(ATTEMPTS)).all()
    engine.dispose()
    return rows


def _audit(rows: Iterable[Any], found: Findings) -> None:
    """Every receipt has exactly one answer; every request its attempts without gaps, and one end."""
    requests: dict[str, list[Any]] = {}
    for row in rows:
        requests.setdefault(row.request_id, []).append(row)
        found.rows[row.outcome] += 1
    found.requests = len(requests)
    for request_id, attempts in requests.items():
        numbers = sorted(row.attempt for row in attempts)
        if numbers != list(range(1, len(numbers) + 1)):
            found.wrong.append(f"{request_id} has the attempts {numbers}")
        if sum(row.closes for row in attempts) != 1:
            found.wrong.append(f"{request_id} does not end once")
    for receipt in found.receipts:
        answers = [row.attempt for row in requests.get(receipt.request_id, ()) if row.is_answer]
        if answers != [receipt.attempt]:
            found.wrong.append(f"{receipt} has the answers {answers}")


def main() -> int:
    """Run it; 0 if nothing was wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ledger_kill", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--kills", type=int, default=200, help="how many (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the schedule (%(default)s)")
    parser.add_argument("--postgres", action="store_true", help="with PostgreSQL as the ledger")
    args = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="farthing-kill-") as folder,
        contextlib.ExitStack() as stack,
    ):
        postgres = stack.enter_context(PostgresServer()) if args.postgres else None
        running = run(args.kills, Path(folder), seed=args.seed, postgres=postgres, verbose=True)
        found = asyncio.run(running)
    print(found)
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())

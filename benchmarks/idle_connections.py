"""What 10,000 idle connections cost a running Farthing: memory each, and the speed of the others.

python -m benchmarks.idle_connections [--connections 10000] [--rounds 3]

Starts a simulator and a Farthing of its own, measures requests per second over 16 busy connections
without and with the idle ones, in turns, and prints the ratio of the medians, and the memory of the
server per idle connection.
"""

import argparse
import asyncio
import os
import resource
import socket
import statistics
import tempfile
import time
from pathlib import Path

import aiohttp
import orjson

from tests.e2e.configs import write_config
from tests.e2e.programs import Farthing, Simulate

_BUSY = 16
_ROUND_S = 3.0
_BODY = orjson.dumps(
    {"model": "sim-mid", "messages": [{"role": "user", "content": "Who was Ada?"}]}
)


async def _requests_per_s(url: str) -> float:
    """Requests per second over `_BUSY` connections, for a few seconds."""
    done, until_s = 0, time.monotonic() + _ROUND_S

    async def keep_asking(session: aiohttp.ClientSession) -> None:
        nonlocal done
        while time.monotonic() < until_s:
            async with session.post(f"{url}/v1/chat/completions", data=_BODY) as response:
                assert response.status == 200
                await response.read()
            done += 1

    connector = aiohttp.TCPConnector(limit=_BUSY)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(keep_asking(session) for _ in range(_BUSY)))
    return done / _ROUND_S


def _open_idle(url: str, count: int) -> list[socket.socket]:
    """Connections that have had one answer and are then silent.

    They come from several loopback addresses, because one address has too few ports.
    """
    host, port = url.removeprefix("http://").split(":")
    idle = []
    for number in range(count):
        connection = socket.create_connection(
            (host, int(port)), source_address=(f"127.0.0.{2 + number % 50}", 0)
        )
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        idle.append(connection)
    return idle


def _measure(connections: int, rounds: int, folder: Path) -> None:
    with Simulate() as simulator:
        config = write_config(folder, f"{simulator.url}/v1", cache={"url": "off"})
        with Farthing(config) as farthing:
            asyncio.run(_requests_per_s(farthing.url))  # warm up
            alone, crowded, memory = [], [], []
            for _ in range(rounds):
                alone.append(asyncio.run(_requests_per_s(farthing.url)))
                before = farthing.rss_bytes()
                idle = _open_idle(farthing.url, connections)
                memory.append((farthing.rss_bytes() - before) / connections)
                crowded.append(asyncio.run(_requests_per_s(farthing.url)))
                for connection in idle:
                    connection.close()
            ratio = statistics.median(crowded) / statistics.median(alone)
            print(f"requests/s alone {alone}, beside {connections} idle {crowded}")
            print(f"ratio of medians: {ratio:.2f} (to hold: at least 0.50)")
            print(
                f"memory per idle connection: {[round(each / 1024, 1) for each in memory]} KB (to hold: 10)"
            )


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65_536), most))
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    with tempfile.TemporaryDirectory() as folder:
        _measure(args.connections, args.rounds, Path(folder))


if __name__ == "__main__":
    main()

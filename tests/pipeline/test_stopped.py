"""What becomes of requests when the process was stopped for a while: by a freezer, or with its virtual machine."""

import asyncio
import time
from pathlib import Path

import pytest
from yarl import URL

from router.app import real_world
from router.domain.members import replace
from router.pipeline.time_limit import GRACE_S
from tests.pipeline.kit import proxy
from tests.simulated.raw import until

ALL = 5
"""Enough failures in a row for a breaker to open."""


class Stopped:
    """The time of everybody in this process, of which so much has passed while nobody ran."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._lost_s = 0.0
        monkeypatch.setattr(asyncio.get_running_loop(), "time", self._monotonic_s)
        self.world = replace(
            real_world(),
            monotonic_s=self._monotonic_s,
            unix_s=lambda: time.time() + self._lost_s,
        )

    def _monotonic_s(self) -> float:
        return time.monotonic() + self._lost_s

    def wakes(self, after_s: float) -> None:
        self._lost_s += after_s


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", ["silence", "stall,after=1"])
async def test_what_did_not_come_while_the_process_was_stopped_is_not_held_against_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, stream: bool
) -> None:
    stopped = Stopped(monkeypatch)
    timeouts = {"timeouts": {"total_s": 50}}
    async with proxy(tmp_path, models=["sim-mid"], world=stopped.world, server=timeouts) as it:

        async def ask() -> bytes:
            async with it.post(faults=fault, stream=stream) as response:
                return bytes(await response.read())

        asking = [asyncio.create_task(ask()) for _ in range(ALL)]
        await until(lambda: it.upstream.counters["sim-mid"].in_flight == ALL)
        stopped.wakes(after_s=100)
        await asyncio.sleep(0)
        stopped.wakes(after_s=GRACE_S)
        for answer in await asyncio.gather(*asking):
            assert b"deadline" in answer
        assert (await it.standings())["sim-mid"]["state"] == "closed"


async def test_a_client_that_asked_while_the_process_was_stopped_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = Stopped(monkeypatch)
    async with proxy(tmp_path) as it:
        url = URL(it.running.url)
        reader, writer = await asyncio.open_connection(url.host, url.port)
        async with it.client.get(f"{url}/healthz") as response:  # so the other is accepted, too
            assert response.status == 200

        stopped.wakes(after_s=100)
        for _ in range(3):
            await asyncio.sleep(0)  # uvloop looks at what has come after its timers
        writer.write(b"GET /healthz HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n")

        assert (await reader.read()).startswith(b"HTTP/1.1 200")
        writer.close()

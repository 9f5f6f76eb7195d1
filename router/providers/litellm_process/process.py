"""Keeps litellm's process running: started when it is first needed, and again when it ends, or answers no more.

It listens on a socket in a folder that nobody else may enter, receives keys through it and never
on its command line, and ends when its standard input does: so it never outlives us, however we end.
"""

import asyncio
import logging
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from router.domain.fault import AttemptFailed

_LOG = logging.getLogger(__name__)

READY = b"ready\n"
"""What the process prints on its standard output when it is ready."""

_SHORTEST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 60.0
_LONGEST_START_S = 120.0
_LEAVING_S = 2.0
_LOOK_S = 5.0
_SILENT_LOOKS = 6
"""How often in a row it may not say that it is there. It is looked at every 10 s then, so that takes a minute: some
providers' code fetches credentials in the event loop. Time in which we do not run ourselves is one look at most."""

_BOOT = (
    "import sys; sys.path[:] = sys.argv[2:]; "
    "from router.providers.litellm_process.child import main; main(sys.argv[1])"
)


def litellm_command(socket: Path) -> Sequence[str]:
    """The program that listens on `socket`; it imports from the same places as we do, whatever our folder is.

    Warnings are for litellm's authors: on standard error, they would stand between the lines of our log.
    """
    places = [str(Path(each).resolve()) for each in sys.path]
    return [sys.executable, "-P", "-W", "ignore", "-c", _BOOT, str(socket), *places]


class LitellmProcess:
    """One process, and the connections to it. Made inside a running loop.

    `command` returns the program for a socket; `sleep` waits between two starts: half a second, and
    up to a minute while the process keeps ending before it is ready. Every `look_s` seconds it must say within as many
    that it is there. Its environment is `environ`, or ours.
    """

    def __init__(
        self,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        command: Callable[[Path], Sequence[str]] = litellm_command,
        look_s: float = _LOOK_S,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._sleep = sleep
        self._command = command
        self._look_s = look_s
        self._environ = environ
        self._session: aiohttp.ClientSession | None = None
        self._missed = 0
        self._settled = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None
        self.pid: int | None = None

    @property
    def is_there(self) -> bool:
        """Whether it can be asked now without waiting."""
        return self._session is not None

    @property
    def is_running(self) -> bool:
        """The same, and it has given its last sign of life."""
        return self.is_there and not self._missed

    def start(self) -> None:
        """Start it, so that nobody waits for it later."""
        if self._keeping is None:
            self._keeping = asyncio.create_task(self._keep())

    async def session(self) -> aiohttp.ClientSession:
        """Connections to it, once it has started. Raises AttemptFailed while a restart is being delayed."""
        self.start()
        await self._settled.wait()
        if self._session is None:
            raise AttemptFailed.unreachable("litellm's process is not running")
        return self._session

    async def close(self) -> None:
        """End it."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])

    async def _keep(self) -> None:
        pause_s = _SHORTEST_PAUSE_S
        while True:
            self._settled.clear()
            could_be_asked = await self._whole_life()
            pause_s = _SHORTEST_PAUSE_S if could_be_asked else min(2 * pause_s, _LONGEST_PAUSE_S)
            _LOG.warning("litellm's process ended; another one starts in %g s", pause_s)
            self._settled.set()
            await self._sleep(pause_s)

    async def _whole_life(self) -> bool:
        """As `_one_life`; if there is no room for a process or its folder, False instead of an error."""
        try:
            return await self._one_life()
        except OSError as error:
            _LOG.warning("litellm's process cannot be started: %s", error.strerror or error)
            return False

    async def _one_life(self) -> bool:
        """Whether the process became ready before it ended."""
        with TemporaryDirectory(prefix="farthing-litellm-") as folder:
            socket = Path(folder, "litellm")
            async with _running(self._command(socket), self._environ) as process:
                self.pid = process.pid
                if not await _is_ready(process):
                    return False
                await self._while_it_can_be_asked(process, socket)
                return True

    async def _while_it_can_be_asked(self, process: Process, socket: Path) -> None:
        async with _connections(socket) as session:
            self._session = session
            self._settled.set()
            watching = asyncio.create_task(self._killed_if_silent(process, session))
            try:
                await process.wait()
            finally:
                self._session = None
                watching.cancel()

    async def _killed_if_silent(self, process: Process, session: aiohttp.ClientSession) -> None:
        """Kill the process once it answers nothing any more, not even this; its calls end with it."""
        self._missed = 0
        while self._missed < _SILENT_LOOKS:
            await asyncio.sleep(self._look_s)
            self._missed = 0 if await _is_there(session, self._look_s) else self._missed + 1
        _LOG.error("litellm's process does not answer any more: it is killed")
        process.kill()


@asynccontextmanager
async def _running(
    command: Sequence[str], environ: Mapping[str, str] | None
) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, env=environ)
    try:
        yield process
    finally:
        await _ended(process)


async def _ended(process: Process) -> None:
    """Let the process end with its standard input, and kill it if it does not, or at once if we are cancelled."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LEAVING_S):
                await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _is_ready(process: Process) -> bool:
    if process.stdout is None:
        return False
    with suppress(TimeoutError):
        async with asyncio.timeout(_LONGEST_START_S):
            return await process.stdout.readline() == READY
    return False


@asynccontextmanager
async def _connections(socket: Path) -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.UnixConnector(os.fspath(socket), limit=0)
    patience = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(
        "http://litellm", connector=connector, timeout=patience
    ) as session:
        yield session


async def _is_there(session: aiohttp.ClientSession, within_s: float) -> bool:
    """Whether it answers anything: after a downgrade it may be older than we are, and not know the question."""
    try:
        async with session.get("/", timeout=aiohttp.ClientTimeout(within_s)):
            return True
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False

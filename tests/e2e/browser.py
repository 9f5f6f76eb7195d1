"""A real Chromium without a window, led through its DevTools protocol: pages, clicks, pictures.

Everything that it says on its console and everything that it asks the network for is noted.
"""

import asyncio
import json
import re
import shutil
import subprocess
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from tests.e2e.patience import PATIENCE_S, until

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_LISTENS = re.compile(rb"DevTools listening on (ws://\S+)\n")
_POLL_S = 0.02
_MAX_MESSAGE_BYTES = 64 * 2**20
_FLAGS = (
    "--headless",
    "--no-sandbox",  # in containers there is no other way, and it sees our own pages only
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--no-first-run",
    "--no-default-browser-check",
    "--remote-debugging-port=0",
)


def chromium() -> str | None:
    """Where a Chromium or Chrome is on this machine, None if there is none."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


class PageFailed(AssertionError):
    """A script of a test ended with an error in the page, or what it waited for never came."""


@dataclass
class Page:
    """A page of the browser. `console` are its complaints, `asked` the addresses it asked for."""

    _socket: aiohttp.ClientWebSocketResponse
    console: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    _ids: "count[int]" = field(default_factory=count)
    _waiting: dict[int, asyncio.Future[Any]] = field(default_factory=dict)

    async def open(self, url: str) -> None:
        """Go there; returns when the page and its scripts are loaded."""
        await self.tell("Page.navigate", url=url)
        await self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    async def run(self, script: str) -> Any:
        """The value of an expression in the page, awaited if it is a promise."""
        got = await self.tell(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in got:
            raise PageFailed(f"{script}: {got['exceptionDetails']}")
        return got["result"].get("value")

    async def until(self, condition: str) -> Any:
        """The value of an expression, as soon as it is true."""
        found = None
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while not (found := await self._tried(condition)):  # noqa: ASYNC110 - another process
                    await asyncio.sleep(_POLL_S)
        if not found:
            raise PageFailed(f"never: {condition}; console: {self.console}")
        return found

    async def text(self, selector: str) -> str:
        """What is written in an element."""
        return str(await self.run(f"document.querySelector({json.dumps(selector)}).innerText"))

    async def title(self) -> str:
        """The document's title."""
        return str(await self.run("document.title"))

    async def click(self, selector: str) -> None:
        """Click an element."""
        await self.run(f"document.querySelector({json.dumps(selector)}).click()")

    async def looks(self, *, width: int, height: int, dark: bool = False, scale: float = 1) -> None:
        """Give the window a size and a colour scheme."""
        await self.tell(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.tell("Emulation.setEmulatedMedia", features=[scheme])

    async def picture(self, form: str = "png") -> bytes:
        """The whole page as a picture."""
        more = {"quality": 82} if form == "webp" else {}
        got = await self.tell(
            "Page.captureScreenshot", format=form, captureBeyondViewport=True, **more
        )
        return b64decode(got["data"])

    async def tell(self, method: str, **parameters: Any) -> Any:
        """Send a command of the protocol; its result."""
        number = next(self._ids)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(PATIENCE_S):
            return await answer

    async def listen(self) -> None:
        """Hear what the browser says, until it hangs up."""
        async for message in self._socket:
            said = json.loads(message.data)
            if "id" in said:
                self._settle(said)
            else:
                self._note(said["method"], said["params"])

    def _settle(self, said: Mapping[str, Any]) -> None:
        future = self._waiting.pop(said["id"])
        if future.done():
            return
        if "error" in said:
            future.set_exception(PageFailed(str(said["error"])))
        else:
            future.set_result(said["result"])

    def _note(self, method: str, what: Mapping[str, Any]) -> None:
        match method:
            case "Network.requestWillBeSent":
                self.asked.append(what["request"]["url"])
            case "Runtime.exceptionThrown":
                self.console.append(str(what["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if what["type"] in ("error", "warning", "assert"):
                self.console.append(str(what["args"]))
            case "Log.entryAdded" if what["entry"]["level"] in ("error", "warning"):
                self.console.append(what["entry"]["text"])

    async def _tried(self, condition: str) -> Any:
        # While a page is being left there is nothing to ask.
        with suppress(PageFailed):
            return await self.run(condition)
        return None


@contextmanager
def chromium_running(binary: str) -> Iterator[str]:
    """Where the DevTools of a fresh Chromium are, which ends with the block: `ws://HOST:PORT/...`."""
    with TemporaryDirectory(prefix="farthing-chromium-", ignore_cleanup_errors=True) as folder:
        log = Path(folder, "log")
        with log.open("wb") as written:
            process = subprocess.Popen(
                [binary, *_FLAGS, f"--user-data-dir={folder}", "about:blank"],
                stdout=subprocess.DEVNULL,
                stderr=written,
            )
        try:
            yield _address(process, log)
        finally:
            _end(process)


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """What it says on its standard error as soon as it listens."""
    found: list[bytes] = []

    def is_told() -> bool:
        found[:] = _LISTENS.findall(log.read_bytes())
        return bool(found) or process.poll() is not None

    until(is_told)
    if not found:
        raise PageFailed(f"Chromium did not start: {log.read_bytes()[-2000:]!r}")
    return found[0].decode()


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@asynccontextmanager
async def browsing(devtools: str) -> AsyncIterator[Page]:
    """A page without history, cookies and cache; it shares nothing with others of the same Chromium."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        browser = await _connected(devtools, session, stack)
        context = (await browser.tell("Target.createBrowserContext"))["browserContextId"]
        stack.push_async_callback(
            browser.tell, "Target.disposeBrowserContext", browserContextId=context
        )
        made = await browser.tell(
            "Target.createTarget", url="about:blank", browserContextId=context
        )
        host = devtools.removeprefix("ws://").partition("/")[0]
        page = await _connected(f"ws://{host}/devtools/page/{made['targetId']}", session, stack)
        for domain in ("Page", "Runtime", "Network", "Log"):
            await page.tell(f"{domain}.enable")
        yield page


async def _connected(url: str, session: aiohttp.ClientSession, stack: AsyncExitStack) -> Page:
    """A controllable browser target at `url`, until the stack is unwound."""
    socket = await stack.enter_async_context(
        session.ws_connect(url, max_msg_size=_MAX_MESSAGE_BYTES)
    )
    connected = Page(socket)
    listener = asyncio.create_task(connected.listen())
    stack.callback(listener.cancel)
    return connected


def saved(picture: bytes, folder: Path, name: str) -> Path:
    """A picture as a file, for people to look at."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(picture)
    return path

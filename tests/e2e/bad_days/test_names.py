"""How a program finds names: one whose server is silent keeps no other from being found."""

import asyncio
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from router.cli.program.loop import loop_factory
from tests.e2e.patience import PATIENCE_S

Run = Callable[[Coroutine[Any, Any, Any]], Any]
SILENT, KNOWN = "silent.test", "known.test"


class Resolver:
    """Stands in for the system's: `SILENT` is not answered until it is over, `KNOWN` is at `addresses`."""

    def __init__(self) -> None:
        self.is_over = threading.Event()
        self.addresses = ["127.0.0.1"]
        self.asked: Counter[str] = Counter()
        self._usual = socket.getaddrinfo

    def __call__(self, host: str, *more: Any, **wanted: Any) -> list[Any]:
        self.asked[host] += 1
        if host == SILENT:
            self.is_over.wait()
            raise socket.gaierror(socket.EAI_AGAIN, "nobody answered")
        hosts = self.addresses if host == KNOWN else [host]
        return [found for each in hosts for found in self._usual(each, *more, **wanted)]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    made = Resolver()
    monkeypatch.setattr(socket, "getaddrinfo", made)
    return made


@pytest.fixture(params=["with uvloop", "without"])
def run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a coroutine in the loop that programs run in."""
    if request.param == "without":
        monkeypatch.setitem(sys.modules, "uvloop", None)

    def within(work: Coroutine[Any, Any, Any]) -> Any:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            return runner.run(work)

    return within


async def _greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"hello")
    writer.close()


async def _greeting(host: str = KNOWN, **secured: Any) -> bytes:
    """What a server of this machine says to a client that looks for it at `host`."""
    server = await asyncio.start_server(_greet, "127.0.0.1", 0, ssl=secured.get("server"))
    async with server, asyncio.timeout(PATIENCE_S):
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection(host, port, ssl=secured.get("client"))
        said = await reader.read()
        writer.close()
        return said


def test_a_name_that_nobody_answers_for_keeps_no_other_from_being_found(
    run: Run, resolver: Resolver
) -> None:
    async def work() -> tuple[bytes, set[str]]:
        lookup = asyncio.get_running_loop().getaddrinfo
        silent = [asyncio.create_task(lookup(SILENT, port)) for port in (80, 443) * 20]
        said = await _greeting()
        resolver.is_over.set()
        failed = await asyncio.gather(*silent, return_exceptions=True)
        return said, set(map(repr, failed))

    said, failed = run(work())

    assert said == b"hello"
    assert resolver.asked[SILENT] == 2
    assert failed == {f"gaierror({socket.EAI_AGAIN}, 'nobody answered')"}


def test_a_program_ends_while_a_name_is_looked_for(run: Run, resolver: Resolver) -> None:
    async def work() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await asyncio.open_connection(SILENT, 80)

    run(work())
    assert not resolver.is_over.is_set()
    resolver.is_over.set()


def test_of_several_addresses_the_first_that_answers_is_taken(run: Run, resolver: Resolver) -> None:
    resolver.addresses = ["::1", "127.0.0.1"]
    assert run(_greeting()) == b"hello"

    resolver.addresses = ["::1"]
    with pytest.raises(OSError, match=r"Connect call failed|assign|unreachable"):
        run(_greeting())


def test_an_address_is_not_looked_up(run: Run, resolver: Resolver) -> None:
    assert run(_greeting("127.0.0.1")) == b"hello"
    assert resolver.asked[KNOWN] == 0


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate with")
def test_a_certificate_is_that_of_the_name_and_not_of_its_address(
    run: Run, resolver: Resolver, tmp_path: Path
) -> None:
    words = f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN={KNOWN}"
    files = [str(tmp_path / name) for name in ("cert.pem", "key.pem")]
    named = ["-addext", f"subjectAltName=DNS:{KNOWN}", "-out", files[0], "-keyout", files[1]]
    subprocess.run(["openssl", *words.split(), *named], check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*files)
    client = ssl.create_default_context(cafile=files[0])

    assert run(_greeting(server=server, client=client)) == b"hello"
    assert resolver.asked[KNOWN] == 1

"""An upstream that cannot be connected to: operators are told why, and clients no address."""

import asyncio
import resource
import shutil
import socket
import ssl
import subprocess
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

from router.domain.fault import Fault, FaultKind
from router.providers.direct import DirectUpstream
from router.providers.endpoints import Endpoint
from router.providers.unreached import UNREACHED, unreached
from tests.providers.calls import KEY, call, fault_of
from tests.servers import free_port


async def told(url: str, **connecting: float) -> str:
    return (await failed(url, **connecting)).message


async def failed(url: str, **connecting: float) -> Fault:
    timeout = aiohttp.ClientTimeout(**connecting)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        with pytest.raises(UNREACHED) as caught:
            await session.post(url)
    return unreached(caught.value).fault


async def hung_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with suppress(OSError):
        writer.close()
        await writer.wait_closed()


async def test_a_port_at_which_nobody_listens() -> None:
    assert await told(f"http://127.0.0.1:{free_port()}/") == (
        "it cannot be reached (Connection refused)"
    )


async def test_that_we_have_no_file_left_says_nothing_of_the_upstream() -> None:
    usual = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, usual[1]))
    try:
        fault = await failed("http://127.0.0.1:9/")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, usual)

    assert (fault.kind, fault.status, fault.code) == (FaultKind.OURS, 502, "unreachable")
    assert fault.message == "it cannot be reached (Too many open files)"


async def test_a_name_that_nobody_knows() -> None:
    assert (await told("http://nowhere.invalid/")).startswith("it cannot be reached (")


@pytest.mark.parametrize("host", ["far..test", f"{'f' * 64}.test"])
async def test_a_name_that_there_cannot_be_costs_nothing(host: str) -> None:
    way = DirectUpstream(Endpoint(f"https://{host}/v1", KEY), unix_s=lambda: 0.0)
    fault = await fault_of(way, call("m"))
    await way.close()

    assert (fault.kind, fault.reached_model) == (FaultKind.UNREACHABLE, False)
    assert fault.message == "it cannot be reached (there can be no such name)"


async def test_a_server_without_tls() -> None:
    async with await asyncio.start_server(hung_up, "127.0.0.1", 0) as door:
        port = door.sockets[0].getsockname()[1]
        assert await told(f"https://127.0.0.1:{port}/") == (
            "it cannot be reached (no TLS: WRONG_VERSION_NUMBER)"
        )


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate with")
async def test_a_certificate_that_nobody_has_signed(tmp_path: Path) -> None:
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost"
    files = [str(tmp_path / name) for name in ("cert.pem", "key.pem")]
    command = ["openssl", *words.split(), "-out", files[0], "-keyout", files[1]]
    subprocess.run(command, check=True, capture_output=True)  # noqa: ASYNC221 - nobody else waits
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    async with await asyncio.start_server(hung_up, "127.0.0.1", 0, ssl=context) as door:
        port = door.sockets[0].getsockname()[1]
        said = await told(f"https://localhost:{port}/")
    assert said == "it cannot be reached (certificate not accepted: self-signed certificate)"


async def test_a_server_that_accepts_nobody() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as door:
        port = door.getsockname()[1]
        waiting = [socket.socket() for _ in range(8)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        assert await told(f"http://127.0.0.1:{port}/", sock_connect=0.2) == (
            "it cannot be reached (no connection in time)"
        )
        for each in waiting:
            each.close()

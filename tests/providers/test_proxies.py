"""Upstreams that only a proxy leads to: tunnels for https:, whole addresses for http:, and what a proxy gets wrong."""

import asyncio
import inspect
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvloop

from router.domain.fault import AttemptFailed, FaultKind
from router.domain.members import replace
from router.pipeline.passthrough_upstream import PassthroughCall
from router.ports import Upstream
from router.providers.anthropic import anthropic_upstream
from router.providers.direct import DirectUpstream
from router.providers.embeddings import UpstreamEmbedder
from router.providers.endpoints import AnthropicEndpoint, Endpoint
from router.providers.passthrough import DirectPassthrough
from router.providers.proxy import Proxy, proxy_at
from router.providers.responses import responses_upstream
from router.providers.simulated import default_models, running
from router.wire.dialects.dialect import Dialect
from tests.certificates import NEEDS_OPENSSL, certificate, serving
from tests.providers.calls import KEY, STREAM, call, fault_of, finish_reasons, plain, streamed
from tests.proxies import NEVER, FakeProxy, proxying, secured
from tests.servers import free_port
from tests.simulated.raw import until

FAR = "far.test"
KNOWN_BY = "me:p@ss:wörd/"
TOLD = "me:p%40ss%3Aw%C3%B6rd%2F@"
MADE = b"HTTP/1.1 200 OK\r\n\r\n"


def in_each_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """The test in both loops that Farthing runs in: each does TLS in its own way."""

    def within(loop: Callable[[], asyncio.AbstractEventLoop], **given: Any) -> None:
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(test(**given))

    within.__name__, within.__doc__ = test.__name__, test.__doc__
    asks = inspect.signature(test).parameters.values()
    loop = inspect.Parameter("loop", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    within.__signature__ = inspect.Signature([loop, *asks])  # type: ignore[attr-defined]
    within.pytestmark = getattr(test, "pytestmark", [])  # type: ignore[attr-defined]
    loops = [asyncio.new_event_loop, uvloop.new_event_loop]
    twice: Callable[..., None] = pytest.mark.parametrize("loop", loops, ids=["asyncio", "uvloop"])(
        within
    )
    return twice


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """TLS of a server named `FAR`, which we trust."""
    made = certificate(tmp_path, FAR)
    trusting = ssl.create_default_context(cafile=made)
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", trusting)
    return serving(made)


@asynccontextmanager
async def leading(
    far: ssl.SSLContext | None, itself: ssl.SSLContext | None = None, **how: Any
) -> AsyncIterator[FakeProxy]:
    """A proxy that leads to simulated models, which are at `FAR`, over TLS if there is any; nothing else does.

    `itself` is the TLS of the proxy. The models learn nothing of the proxy.
    """
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(running(default_models(), speed=0))
        port = int(simulator.url.rpartition(":")[2])
        if far is not None:
            port = await stack.enter_async_context(secured(port, far))
        proxy = FakeProxy({FAR: port}, **how)
        yield await stack.enter_async_context(proxying(proxy, itself))
        heard = [name for each in simulator.counters.calls for name in each.header_names]
        assert not [name for name in heard if "proxy" in name.lower()]


def by(proxy: FakeProxy, start: str = f"http://{TOLD}") -> Proxy:
    return proxy_at(f"{start}127.0.0.1:{proxy.port}")


@asynccontextmanager
async def openai(
    proxy: Proxy, scheme: str = "https", connect_s: float = 5.0
) -> AsyncIterator[Upstream]:
    endpoint = Endpoint(f"{scheme}://{FAR}/v1", KEY, proxy=proxy)
    made = DirectUpstream(endpoint, unix_s=lambda: 0.0, connect_s=connect_s)
    yield made
    await made.close()


def responses(proxy: Proxy) -> Upstream:
    endpoint = Endpoint(f"https://{FAR}/v1", KEY, dialect=Dialect.RESPONSES, proxy=proxy)
    return responses_upstream(endpoint, unix_s=lambda: 0.0)


def claude(proxy: Proxy) -> Upstream:
    endpoint = AnthropicEndpoint(f"https://{FAR}", KEY, proxy=proxy)
    return anthropic_upstream(endpoint, unix_s=lambda: 0.0)


@NEEDS_OPENSSL
@in_each_loop
async def test_one_tunnel_serves_one_call_after_the_other(far: ssl.SSLContext) -> None:
    async with leading(far) as proxy, openai(by(proxy)) as way:
        for _ in range(2):
            assert (await plain(way, call("sim-mid")))["object"] == "chat.completion"
            assert finish_reasons(await streamed(way, call("sim-mid", stream=True)))
        assert proxy.asked == [f"CONNECT {FAR}:443"]

        response = await way.send(replace(call("sim-mid"), fresh=True))
        assert await response.read()
        assert proxy.asked == [f"CONNECT {FAR}:443"] * 2
        await way.close()
        await until(lambda: proxy.open == 0)


@NEEDS_OPENSSL
async def test_the_proxy_learns_its_password_and_no_key(far: ssl.SSLContext) -> None:
    async with leading(far, known_by=KNOWN_BY) as proxy, openai(by(proxy)) as way:
        assert await plain(way, call("sim-mid"))

    assert f"Host: {FAR}\r\n".encode() in proxy.heads[0]
    assert b"User-Agent: farthing\r\n" in proxy.heads[0]
    assert KEY.encode() not in proxy.heads[0]


@NEEDS_OPENSSL
@STREAM
@pytest.mark.parametrize("made", [responses, claude])
async def test_upstreams_of_other_dialects_go_the_same_way(
    made: Callable[[Proxy], Upstream], stream: bool, far: ssl.SSLContext
) -> None:
    async with leading(far) as proxy:
        way = made(by(proxy))
        asked = call("sim-mid", stream=stream)
        assert await (streamed(way, asked) if stream else plain(way, asked))
        await way.close()

    assert proxy.asked == [f"CONNECT {FAR}:443"]


@NEEDS_OPENSSL
@in_each_loop
async def test_the_way_to_the_proxy_may_be_tls_itself(far: ssl.SSLContext) -> None:
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(leading(far, itself=far, known_by=KNOWN_BY))
        way = await stack.enter_async_context(openai(by(proxy, f"https://{TOLD}")))
        assert await plain(way, call("sim-mid"))
        assert finish_reasons(await streamed(way, call("sim-mid", stream=True)))

    assert proxy.asked == [f"CONNECT {FAR}:443"]


@in_each_loop
async def test_for_a_server_without_tls_the_proxy_is_asked_for_the_whole_address() -> None:
    agent = {"user-agent": "a client's"}
    async with leading(None, known_by=KNOWN_BY) as proxy, openai(by(proxy), "http") as way:
        assert await plain(way, replace(call("sim-mid"), headers=agent))
        assert finish_reasons(await streamed(way, call("sim-mid", stream=True)))

    assert proxy.asked == [f"POST http://{FAR}/v1/chat/completions"] * 2


async def test_a_wrong_password_is_no_fault_of_the_client() -> None:
    async with leading(None, known_by="me:other") as proxy, openai(by(proxy), "http") as way:
        fault = await fault_of(way, call("sim-mid"))

    assert (fault.kind, fault.status) == (FaultKind.REFUSED, 407)


@NEEDS_OPENSSL
@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"known_by": "me:other"}, "the proxy refused a tunnel: 407 Proxy Authentication Required"),
        ({"instead": b"HTTP/1.1 403 me:p\r\n\r\n"}, "the proxy refused a tunnel: 403 Forbidden"),
        ({"instead": b"HTTP/1.1 499 me:p\r\n\r\n"}, "the proxy refused a tunnel: 499"),
        ({"instead": b"SSH-2.0-OpenSSH_9.2\r\n"}, "the proxy's answer is not HTTP"),
        ({"instead": b"HTTP/1.1 200 OK\r\nx: " + b"x" * 2**20}, "the proxy's answer is not HTTP"),
        ({"instead": MADE[:9], "leaves": True}, "the proxy closed the connection"),
        ({"instead": NEVER, "leaves": True}, "the proxy closed the connection"),
        ({"instead": NEVER}, "no connection through the proxy in time"),
        ({"instead": MADE}, "no connection through the proxy in time"),
        ({"instead": MADE, "leaves": True}, "the connection was closed"),
        ({"instead": MADE + b"hello?"}, "no connection through the proxy in time"),
    ],
)
@in_each_loop
async def test_a_proxy_that_makes_no_tunnel(
    how: dict[str, Any], why: str, far: ssl.SSLContext
) -> None:
    async with leading(far, **how) as proxy, openai(by(proxy), connect_s=0.5) as way:
        fault = await fault_of(way, call("sim-mid"))
        await until(lambda: proxy.open == 0)

    assert (fault.kind, fault.message) == (FaultKind.UNREACHABLE, f"it cannot be reached ({why})")


@pytest.mark.parametrize("scheme", ["https", "http"])
@in_each_loop
async def test_a_proxy_that_is_down(scheme: str) -> None:
    async with openai(proxy_at(f"127.0.0.1:{free_port()}"), scheme) as way:
        fault = await fault_of(way, call("sim-mid"))

    assert fault.kind is FaultKind.UNREACHABLE
    assert fault.message == "it cannot be reached (the proxy: Connection refused)"


async def test_a_proxy_whose_name_nobody_knows() -> None:
    async with openai(proxy_at("http://nowhere.invalid:3128")) as way:
        fault = await fault_of(way, call("sim-mid"))

    assert fault.message.startswith("it cannot be reached (the proxy: ")


@NEEDS_OPENSSL
@in_each_loop
async def test_a_certificate_that_nobody_has_signed_is_told_whose_it_is(
    far: ssl.SSLContext, tmp_path: Path
) -> None:
    other = serving(certificate(tmp_path, "other.test"))
    refused = "certificate not accepted: self-signed certificate"
    async with leading(other) as proxy, openai(by(proxy)) as way:
        fault = await fault_of(way, call("sim-mid"))
        assert fault.message == f"it cannot be reached ({refused})"
    async with leading(far, itself=other) as proxy, openai(by(proxy, "https://")) as way:
        fault = await fault_of(way, call("sim-mid"))
        assert fault.message == f"it cannot be reached (the proxy: {refused})"


@NEEDS_OPENSSL
@pytest.mark.parametrize("is_tls", [True, False], ids=["https", "http"])
async def test_what_is_passed_through_goes_the_same_way(is_tls: bool, far: ssl.SSLContext) -> None:
    scheme = "https" if is_tls else "http"
    async with leading(far if is_tls else None, known_by=KNOWN_BY) as proxy:
        endpoint = Endpoint(f"{scheme}://{FAR}/v1", KEY, proxy=by(proxy))
        passthrough = DirectPassthrough(endpoint, connect_s=5.0, silence_s=5.0)
        for _ in range(2):
            answer = await passthrough.send(PassthroughCall("GET", "/models", (), None))
            assert b"sim-mid" in b"".join([piece async for piece in answer.pieces()])
        await passthrough.close()

    asked = [f"CONNECT {FAR}:443"] if is_tls else [f"GET http://{FAR}/v1/models"] * 2
    assert proxy.asked == asked


async def test_a_wrong_password_for_what_is_passed_through_is_no_fault_of_the_client() -> None:
    async with leading(None, known_by="me:other") as proxy:
        endpoint = Endpoint(f"http://{FAR}/v1", KEY, proxy=by(proxy))
        passthrough = DirectPassthrough(endpoint, connect_s=5.0, silence_s=5.0)
        with pytest.raises(AttemptFailed, match="proxy"):
            await passthrough.send(PassthroughCall("GET", "/models", (), None))
        await passthrough.close()


@NEEDS_OPENSSL
async def test_vectors_come_the_same_way(
    far: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    async with leading(far, known_by=KNOWN_BY) as proxy:
        endpoint = Endpoint(f"https://{FAR}/v1", KEY, proxy=by(proxy))
        embedder = UpstreamEmbedder(endpoint, "sim-mid", timeout_s=5.0, monotonic_s=lambda: 0.0)
        assert await embedder.embed("a text")
        await embedder.close()
        proxy.known_by = "me:other"
        embedder = UpstreamEmbedder(endpoint, "sim-mid", timeout_s=5.0, monotonic_s=lambda: 0.0)
        assert await embedder.embed("a text") is None
        await embedder.close()

    assert proxy.asked == [f"CONNECT {FAR}:443"] * 2
    assert "the proxy refused a tunnel: 407" in caplog.text


@NEEDS_OPENSSL
@in_each_loop
async def test_a_client_that_leaves_takes_its_tunnel_along(far: ssl.SSLContext) -> None:
    async with leading(far, instead=NEVER) as proxy, openai(by(proxy)) as way:
        calling = asyncio.create_task(way.send(call("sim-mid")))
        await until(lambda: proxy.open == 1)
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)
        await until(lambda: proxy.open == 0)

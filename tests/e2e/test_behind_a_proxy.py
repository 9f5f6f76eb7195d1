"""A Farthing on a machine from which only a proxy leads outside, and whose calls to itself never go there."""

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.certificates import NEEDS_OPENSSL, certificate, serving
from tests.e2e.configs import bare_model, write_config
from tests.e2e.programs import Farthing, here
from tests.e2e.upstreams import InAThread, Simulator
from tests.e2e.wire import chat, get, post
from tests.proxies import FakeProxy, proxying, secured

pytestmark = NEEDS_OPENSSL
FAR = "far.test"
PASSWORD = "correct-horse"
ADMIN_KEY = "fk-admin-0123456789abcdef"


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("certificates"), FAR)


@asynccontextmanager
async def _leading(simulator: Simulator, context: ssl.SSLContext) -> AsyncIterator[FakeProxy]:
    port = int(simulator.served.url.rpartition(":")[2])
    async with secured(port, context) as there:
        proxy = FakeProxy({FAR: there}, known_by=f"me:{PASSWORD}")
        async with proxying(proxy):
            yield proxy


@pytest.fixture
def proxy(trusted: Path, shared_simulator: Simulator) -> Iterator[FakeProxy]:
    """It leads to the simulated models, which are at `https://FAR`."""
    with InAThread(lambda: _leading(shared_simulator, serving(trusted))) as running:
        yield running.served


def configured(folder: Path, **upstream: str) -> Path:
    return write_config(
        folder,
        f"https://{FAR}/v1",
        server={"port": 0, "admin_key": "${FARTHING_ADMIN_KEY}"},
        upstreams={"sim": {"kind": "openai", "base_url": f"https://{FAR}/v1", **upstream}},
    )


def named(proxy: FakeProxy, trusted: Path, password: str = PASSWORD) -> dict[str, str]:
    """An environment in which this proxy leads to everything."""
    url = f"http://me:{password}@127.0.0.1:{proxy.port}"
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy")
    return dict.fromkeys(names, url) | {
        "SSL_CERT_FILE": str(trusted),
        "FARTHING_ADMIN_KEY": ADMIN_KEY,
    }


def test_models_are_asked_through_it_and_nothing_else_is(
    tmp_path: Path, proxy: FakeProxy, trusted: Path
) -> None:
    config, environ = configured(tmp_path), named(proxy, trusted)
    with Farthing(config, "--hello", env=environ) as farthing:
        farthing.wait_for("Ctrl-C stops it")
        answers = [post(farthing.base_url, chat("Hi", stream=each)) for each in (False, True)]
        admin = {"authorization": f"Bearer {ADMIN_KEY}"}
        shown = [get(f"{farthing.url}{path}", admin) for path in ("/admin/fleet", "/metrics")]
        where = ("--config", str(config), "--url", farthing.url)
        kept = here("cache", "stats", *where, env=environ)

    assert "Answer: " in farthing.said
    assert [answer.status for answer in answers] == [200, 200]
    assert set(proxy.asked) == {f"CONNECT {FAR}:443"}
    address = f"http://127.0.0.1:{proxy.port}"
    assert f"upstream sim: called through the proxy {address}, by HTTPS_PROXY" in farthing.said
    assert kept.status == 0, kept
    told = [farthing.said, kept.out, *(each.body.decode() for each in shown)]
    assert not any(PASSWORD in each for each in told)


def test_that_it_refuses_is_said_and_its_password_is_not(
    tmp_path: Path, proxy: FakeProxy, trusted: Path
) -> None:
    environ = named(proxy, trusted, "wrong-horse")
    config = configured(tmp_path)
    with Farthing(config, env=environ) as farthing:
        refused = post(farthing.base_url, chat("Hi", "sim-mid"))
    checked = here("check", "--config", str(config), env=environ)

    assert refused.status == 502
    assert "the proxy refused a tunnel: 407 Proxy Authentication Required" in refused.body.decode()
    assert "by HTTPS_PROXY" in checked.out
    told = (farthing.said, refused.body.decode(), checked.out, checked.err)
    assert not any("wrong-horse" in each for each in told)


def test_the_next_candidate_answers_for_a_model_that_its_proxy_does_not_lead_to(
    tmp_path: Path, proxy: FakeProxy, trusted: Path, shared_simulator: Simulator
) -> None:
    far = {"kind": "openai", "base_url": f"https://{FAR}/v1", "proxy": "http://127.0.0.1:9"}
    config = write_config(
        tmp_path,
        shared_simulator.base_url,
        upstreams={
            "sim": far,
            "near": {"kind": "openai", "base_url": shared_simulator.base_url},
        },
        models={
            "mid": {
                **bare_model("sim", "sim-mid"),
                "upstream": None,
                "upstreams": [{"upstream": "sim"}, {"upstream": "near"}],
            }
        },
    )
    with Farthing(config, env=named(proxy, trusted)) as farthing:
        answers = [post(farthing.base_url, chat(f"Hi {each}", "mid")) for each in range(4)]

    assert {answer.headers["x-farthing-upstream"] for answer in answers} == {"near"}
    assert proxy.asked == []

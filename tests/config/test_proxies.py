"""Which proxy leads to an upstream: the one that its section names, or the environment, as other programs read it."""

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

import pytest

from router.config.load import load_settings
from router.config.proxies import variable_for, with_spared
from router.config.settings import Settings
from router.providers.endpoints import AnthropicEndpoint, Endpoint
from router.providers.proxy import proxy_at
from tests.config.files import complaints, loaded, written

FAR = "https://far.example/v1"
_CONFIG = """\
version: 1
upstreams:
  far: {kind: openai, base_url: "https://far.example/v1"SAID}
  plain: {kind: openai, base_url: "http://10.1.2.3:8000/v1"}
  near: {kind: openai, base_url: "http://127.0.0.1:8000/v1"}
  claude: {kind: anthropic}
  through: {kind: litellm, provider: openai}
models:
  own: {upstream: far, price: {input_usd_per_mtok: 1, output_usd_per_mtok: 1}}
"""


def config(said: str = "") -> str:
    return _CONFIG.replace("SAID", f", proxy: {said}" if said else "")


def proxies(settings: Settings) -> dict[str, str]:
    """The addresses of the proxies by upstream."""
    found = settings.upstreams.items()
    direct = [
        (name, each) for name, each in found if isinstance(each, Endpoint | AnthropicEndpoint)
    ]
    return {name: each.proxy.url for name, each in direct if each.proxy}


def told(settings: Settings) -> list[str]:
    return [note for note in settings.notes if "proxy" in note]


def test_the_environment_s_proxy_leads_to_upstreams_of_its_scheme(tmp_path: Path) -> None:
    environ = {"HTTPS_PROXY": "http://me:secret@tls.example:3128", "http_proxy": "plain.example"}
    settings = loaded(tmp_path, config(), environ)

    through = "http://tls.example:3128"
    assert proxies(settings) == {
        "far": through,
        "claude": through,
        "plain": "http://plain.example",
    }
    assert told(settings) == [
        f"upstream far: called through the proxy {through}, by HTTPS_PROXY",
        "upstream plain: called through the proxy http://plain.example, by http_proxy",
        f"upstream claude: called through the proxy {through}, by HTTPS_PROXY",
    ]


@pytest.mark.parametrize("environ", [{}, {"HTTPS_PROXY": ""}, {"HTTPS_PROXY": "  "}])
def test_without_a_proxy_nothing_is_told(environ: dict[str, str], tmp_path: Path) -> None:
    settings = loaded(tmp_path, config(), environ)

    assert not proxies(settings)
    assert not told(settings)


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"HTTPS_PROXY": "a", "https_proxy": "b"}, "https_proxy"),
        ({"HTTPS_PROXY": "a", "https_proxy": ""}, ""),
        ({"HTTPS_PROXY": "a", "https_proxy": "", "ALL_PROXY": "c"}, "ALL_PROXY"),
        ({"HTTPS_PROXY": "a", "ALL_PROXY": "c"}, "HTTPS_PROXY"),
        ({"all_proxy": "c"}, "all_proxy"),
        ({"HTTP_PROXY": "d"}, ""),
    ],
)
def test_the_variable_that_counts(environ: Mapping[str, str], name: str) -> None:
    assert variable_for(FAR, environ) == name


@pytest.mark.parametrize(
    ("url", "no_proxy", "is_spared"),
    [
        (FAR, "*", True),
        (FAR, "other.example, *", True),
        (FAR, "far.example", True),
        (FAR, "FAR.example", True),
        (FAR, ".example", True),
        (FAR, "example", True),
        (FAR, "*.example", True),
        (FAR, "far.example.", True),
        (FAR, "other.example far.example", True),
        (FAR, "far.example:443", True),
        (FAR, "far.example:8443", False),
        ("https://far.example:8443/v1", "far.example:8443", True),
        ("https://far.example./v1", "far.example", True),
        (FAR, "ar.example", False),
        (FAR, "api.far.example", False),
        (FAR, "., ,:443", False),
        (FAR, "", False),
        ("http://10.1.2.3:8000/v1", "10.1.2.3", True),
        ("http://10.1.2.3:8000/v1", "10.1.2.3:8000", True),
        ("http://10.1.2.3:8000/v1", "10.0.0.0/8", True),
        ("http://10.1.2.3:8000/v1", "10.1.2.0/31", False),
        ("http://10.1.2.3:8000/v1", "fd00::/8", False),
        ("http://[fd00::1]:8000/v1", "fd00::/8", True),
        ("http://[fd00::1]:8000/v1", "[FD00::1]", True),
        ("http://[fd00::1]:8000/v1", "::1", False),
        ("http://localhost:8000/v1", "", True),
        ("http://127.1.2.3:8000/v1", "", True),
        ("http://[::1]:8000/v1", "", True),
    ],
)
def test_what_is_called_directly_all_the_same(url: str, no_proxy: str, is_spared: bool) -> None:
    environ = {"all_proxy": "proxy.example", "NO_PROXY": no_proxy}
    assert variable_for(url, environ) == ("" if is_spared else "all_proxy")


def test_an_upstream_s_own_proxy_wins_and_none_is_one_too(tmp_path: Path) -> None:
    environ = {"HTTPS_PROXY": "http://tls.example", "NO_PROXY": "*", "PASSWORD": "p@ss/wörd"}
    own = loaded(tmp_path, config('"http://me:${PASSWORD}@own.example:3128"'), environ)

    assert proxies(own) == {"far": "http://own.example:3128"}
    assert told(own) == [
        "upstream far: called through the proxy http://own.example:3128, by its 'proxy'"
    ]
    far = own.upstreams["far"]
    assert isinstance(far, Endpoint)
    assert far.proxy
    assert far.proxy.authorization == f"Basic {b64encode('me:p@ss/wörd'.encode()).decode()}"
    assert far.secrets
    assert "Basic" not in repr(own)
    assert "p%40ss" not in repr(own)

    environ.pop("NO_PROXY")
    assert set(proxies(loaded(tmp_path, config("none"), environ))) == {"claude"}


def test_a_whole_url_may_be_a_reference(tmp_path: Path) -> None:
    environ = {"CORPORATE": "https://me:p%40ss@own.example"}
    settings = loaded(tmp_path, config('"${CORPORATE}"'), environ)

    assert proxies(settings) == {"far": "https://own.example"}


@pytest.mark.parametrize(
    "url",
    [
        "socks5://own.example",
        "http://own.example:0",
        "http://own.example:99999",
        "http://own.example:port",
        "http://",
        "http://[::1",
        "http://me:pa#ss@own.example",
        "http://me:12/ss@own.example",
        "http://own.example/path",
        "http://own example",
        "http://own\\example",
        "http://[::1]own.example",
    ],
)
def test_what_cannot_be_a_proxy_is_said_at_the_start(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must be http://HOST:PORT") as wrong:
        proxy_at(url)
    right = str(wrong.value)

    assert complaints(tmp_path, config('"${CORPORATE}"'), {"CORPORATE": url}) == [
        f"config.yaml: upstreams.far.proxy (line 3): {right}"
    ]
    of_environment = complaints(tmp_path, config(), {"https_proxy": url})
    assert of_environment == [
        f"config.yaml: upstreams.{name} (line {line}): the proxy that https_proxy names {right};"
        " with 'proxy: none' it is called directly"
        for name, line in (("far", 3), ("claude", 6))
    ]


@pytest.mark.parametrize(
    ("said", "right"),
    [
        ("socks5://own.example", "none, an address that begins with http:// or https://"),
        ("direct", "none, an address that begins with http:// or https://"),
        ("http://me:secret@own.example", "written with the password as ${NAME}"),
    ],
)
def test_what_is_written_wrong_is_not_repeated(said: str, right: str, tmp_path: Path) -> None:
    (complaint,) = complaints(tmp_path, config(f'"{said}"'))

    assert complaint.startswith("config.yaml: upstreams.far.proxy (line 3): must be ")
    assert right in complaint
    assert said not in complaint


def test_commands_that_call_nobody_need_no_proxy(tmp_path: Path) -> None:
    path = written(tmp_path, config('"http://me:${UNSET}@own.example"'))
    assert not proxies(load_settings(path, {"HTTPS_PROXY": "socks5://x"}, serves=False))


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("proxy.example:3128", "http://proxy.example:3128"),
        ("HTTP://proxy.example/", "http://proxy.example"),
        ("http://[fd00::1]:3128", "http://[fd00::1]:3128"),
        ("http://@proxy.example", "http://proxy.example"),
    ],
)
def test_what_can_be_a_proxy(url: str, address: str) -> None:
    assert (proxy_at(url).url, proxy_at(url).authorization) == (address, "")


@pytest.mark.parametrize(
    ("url", "known_by"),
    [
        ("http://me@p.example", "me:"),
        ("http://me:a%20b@p.example", "me:a b"),
        ("http://CORP\\me:pw@p.example:3128", "CORP\\me:pw"),
    ],
)
def test_what_the_proxy_is_told(url: str, known_by: str) -> None:
    assert proxy_at(url).authorization == f"Basic {b64encode(known_by.encode()).decode()}"


@pytest.mark.parametrize(
    ("environ", "spared"),
    [
        ({}, {"NO_PROXY": "localhost,127.0.0.1,::1,10.1.2.3,own.corp"}),
        (
            {"HTTPS_PROXY": "p:1", "no_proxy": "10.0.0.0/8, x.example", "NO_PROXY": "y.example"},
            {"no_proxy": "10.0.0.0/8,x.example,localhost,127.0.0.1,::1,10.1.2.3"},
        ),
        ({"HTTPS_PROXY": "p:1", "NO_PROXY": "x.example,*"}, {"NO_PROXY": "*"}),
    ],
)
def test_programs_that_know_only_names_spare_what_we_spare(
    environ: dict[str, str], spared: dict[str, str]
) -> None:
    urls = ["https://10.1.2.3:11434", "https://own.corp/v1"]
    assert with_spared(environ, urls) == {**environ, **spared}

"""Which proxy leads to an address: the one that is configured, or that the environment names.

The environment is read as other programs do: `https_proxy` or `http_proxy`, else `all_proxy`, each also in capitals,
and `no_proxy`. Addresses of this machine are called directly all the same, as Go does: seen from a proxy, they would
be its own.
"""

import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from router.config.references import References
from router.config.sendable import is_reachable
from router.config.settings import is_loopback
from router.config.yaml_file import Place
from router.domain.errors import FarthingError
from router.providers.proxy import Proxy, proxy_at

NONE = "none"
"""What a configuration says for an upstream that is called directly whatever the environment says."""
_SEPARATOR = re.compile(r"[,\s]+")
_LOCAL = ("localhost", "127.0.0.1", "::1")
_USUAL_PORTS = {"http": 80, "https": 443}


class UnusableProxy(FarthingError):
    """A proxy that is named, but that cannot be one; `at` is where in an upstream's section, () for the environment."""

    def __init__(self, message: str, at: Place) -> None:
        self.at = at
        super().__init__(message)


def proxy_of(url: str, stated: str | None, references: References) -> Proxy | None:
    """The proxy that leads to `url`, by what its section has `stated` or by the environment; None for no proxy.

    Raises Unresolved and UnusableProxy. None, too, if references are spared: then nothing is called.
    """
    if stated == NONE or references.spared:
        return None
    if stated is not None:
        return _made(references.resolve_url(stated), ("proxy",), "{}")
    if name := variable_for(url, references.environ):
        told = f"the proxy that {name} names {{}}; with 'proxy: {NONE}' it is called directly"
        return _made(references.environ[name].strip(), (), told)
    return None


def _made(text: str, at: Place, told: str) -> Proxy:
    try:
        return proxy_at(text)
    except ValueError as wrong:
        raise UnusableProxy(told.format(wrong), at) from None


def variable_for(url: str, environ: Mapping[str, str]) -> str:
    """The name of the environment variable that says which proxy leads to `url`; "" if none does."""
    if not is_reachable(url):
        return ""
    parts = urlsplit(url)
    host, port = (parts.hostname or "").rstrip("."), parts.port or _USUAL_PORTS.get(parts.scheme)
    if is_loopback(host) or _is_spared(host, port, _said(environ, "no_proxy")[1]):
        return ""
    named = (_said(environ, each) for each in (f"{parts.scheme}_proxy", "all_proxy"))
    return next((name for name, value in named if value), "")


def with_spared(environ: Mapping[str, str], urls: Iterable[str]) -> dict[str, str]:
    """`environ` for a program that understands only names in `no_proxy`.

    It spares addresses of this machine, and the hosts of those `urls` that are called directly.
    """
    written, listed = _said(environ, "no_proxy")
    entries = _SEPARATOR.split(listed)
    hosts = {urlsplit(url).hostname or "" for url in urls if not variable_for(url, environ)}
    spared = ["*"] if "*" in entries else [*entries, *_LOCAL, *sorted(hosts)]
    return {**environ, written: ",".join(filter(None, spared))}


def _said(environ: Mapping[str, str], name: str) -> tuple[str, str]:
    """The variable and its value: small letters win over capitals, even if they say nothing."""
    written = name if name in environ else name.upper()
    return written, environ.get(written, "").strip()


def _is_spared(host: str, port: int | None, no_proxy: str) -> bool:
    entries = filter(None, _SEPARATOR.split(no_proxy.lower()))
    return any(entry == "*" or _names(entry, host, port) for entry in entries)


def _names(entry: str, host: str, port: int | None) -> bool:
    """Whether an entry of `no_proxy` means this host: an address, a network, or a domain with all below it."""
    try:
        return ip_address(host) in ip_network(entry.strip("[]"), strict=False)
    except ValueError:  # one of them is a name, or has a port
        name, _, its_port = entry.partition(":")
        domain = name.removeprefix("*").strip(".")
        is_there = host == domain or (bool(domain) and host.endswith(f".{domain}"))
        return is_there and its_port in ("", str(port))

"""What HTTP can carry, of what is known only once references are resolved: without it, no call would ever succeed."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from router.config.settings import UpstreamSettings
from router.config.yaml_file import Place
from router.providers.endpoints import AnthropicEndpoint, Endpoint

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A header's name: https://www.rfc-editor.org/rfc/rfc9110.html#name-tokens."""
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
UNREACHABLE = "must be an address with a host, and with a port below 65536 if any"
UNSENDABLE = "has a line break or another control character, which no header can carry"


def unsendable(upstream: UpstreamSettings) -> Iterator[tuple[Place, str]]:
    """Each key of the upstream's section that can be part of no call, and why; values are not repeated."""
    if not isinstance(upstream, Endpoint | AnthropicEndpoint):
        return
    if not is_reachable(upstream.base_url):
        yield ("base_url",), UNREACHABLE
    if not is_sendable(upstream.api_key):
        yield ("api_key",), UNSENDABLE
    yield from unsendable_headers(upstream.headers)


def unsendable_headers(headers: Mapping[str, str]) -> Iterator[tuple[Place, str]]:
    """Each of the `headers` that no request can have, and why."""
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            yield ("headers", name), "is no name that a header can have"
        elif not is_sendable(value):
            yield ("headers", name), UNSENDABLE


def is_sendable(value: str) -> bool:
    """Whether a header can have this value."""
    return _CONTROL.search(value) is None


def is_reachable(url: str) -> bool:
    """Whether the URL has a host, and a port that there is."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:  # of a port that is none, and of half an IPv6 address
        return False

"""Where upstreams are, as configured; kept apart from the code that reaches them, which a report does not need."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from router.providers.proxy import Proxy
from router.wire.dialects.dialect import Dialect

ANTHROPIC_URL = "https://api.anthropic.com"
OPENAI_URL = re.compile(r"https://(?P<region>[a-z]+\.)?api\.openai\.com/")
"""How OpenAI's own addresses begin, those of its regions included."""
_LEAST_SECRET = 8
"""Characters: what is shorter is no secret, and may be part of any word."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an OpenAI-compatible server is, and in which of OpenAI's dialects it is to be asked.

    `base_url` ends before `/chat/completions` and `/responses`; `proxy` leads there, None for a direct way.
    """

    base_url: str
    api_key: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    asks_usage: bool = True
    dialect: Dialect = Dialect.CHAT
    proxy: Proxy | None = None

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """What is taken out of its errors, the longest first."""
        return _secrets(self.api_key, self.headers, self.proxy)

    @property
    def is_openais(self) -> bool:
        """Whether it is OpenAI's own, and not merely compatible."""
        return OPENAI_URL.match(self.base_url) is not None


@dataclass(frozen=True, slots=True)
class AnthropicEndpoint:
    """Where a server that speaks Messages is. `base_url` ends before `/v1/messages`; `proxy` leads there."""

    base_url: str = ANTHROPIC_URL
    api_key: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    proxy: Proxy | None = None

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """What is taken out of its errors, the longest first."""
        return _secrets(self.api_key, self.headers, self.proxy)


def _secrets(api_key: str, headers: Mapping[str, str], proxy: Proxy | None) -> tuple[bytes, ...]:
    """What an error must not quote: the key, the proxy's, and the values of headers, of which any may be one.

    The longest first.
    """
    told = {api_key, *(value for value in headers.values() if len(value) >= _LEAST_SECRET)} - {""}
    told |= proxy.secrets if proxy else frozenset()
    return tuple(sorted((each.encode() for each in told), key=len, reverse=True))


def without(secrets: tuple[bytes, ...], raw: bytes) -> bytes:
    """An upstream's error without our secrets: some quote what they were sent."""
    for secret in secrets:
        raw = raw.replace(secret, b"***")
    return raw

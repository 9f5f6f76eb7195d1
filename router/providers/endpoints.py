"""Where upstreams are, as configured; kept apart from the code that reaches them, which a report does not need."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from router.wire.dialects.dialect import Dialect

ANTHROPIC_URL = "https://api.anthropic.com"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an OpenAI-compatible server is, and in which of OpenAI's dialects it is to be asked.

    `base_url` ends before `/chat/completions` and `/responses`.
    """

    base_url: str
    api_key: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    asks_usage: bool = True
    dialect: Dialect = Dialect.CHAT


@dataclass(frozen=True, slots=True)
class AnthropicEndpoint:
    """Where a server that speaks Messages is. `base_url` ends before `/v1/messages`."""

    base_url: str = ANTHROPIC_URL
    api_key: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

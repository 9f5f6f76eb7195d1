"""The shape of `config.yaml`, as pydantic models: one class a section, unknown keys are errors."""

import re
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from router.domain.category import Category
from router.domain.ledger import LEAST_KEPT_DAYS
from router.domain.model import Capability
from router.domain.price import STANDARD


def _text(pattern: str, expected: str) -> AfterValidator:
    """A check of text against `pattern`; the message says what is right and never repeats the text."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(f"must be {expected}")
        return text

    return AfterValidator(check)


SecretRef = Annotated[
    str,
    _text(
        r"\$\{([A-Za-z_][A-Za-z0-9_]*|file:[^}]+)\}",
        "a reference, ${NAME} or ${file:/path}: secrets do not stand in this file",
    ),
]
_NAME = r"[!-9;-~][!-~]{0,127}"
_A_NAME = "a name of at most 128 characters, in ASCII, without spaces, not beginning with a colon"

Name = Annotated[str, _text(_NAME, _A_NAME)]
"""Names stand in headers, in reports and on terminals: a line break in one would forge a header."""

ModelId = Annotated[
    str,
    _text(
        rf"(?!(?:auto|asked|best)\Z|auto:){_NAME}",
        f"{_A_NAME}, and not auto, asked or best, which mean something else",
    ),
]
Tag = Annotated[
    str,
    _text(r"[!-+\--~]{1,64}", "a tag of at most 64 characters, in ASCII, without spaces or commas"),
]
Url = Annotated[
    str,
    _text(
        r"https?://(?![^/]*@)\S+",
        "an address that begins with http:// or https://, without a name and a password in it",
    ),
]
CacheUrl = Annotated[
    str,
    _text(
        r"memory|off|(rediss?|unix)://\S+", "memory, off, or a redis://, rediss:// or unix:// URL"
    ),
    _text(r"(?!.*://[^/@]*:(?!\$\{)[^/@]*@).*", "written with the password as ${NAME}"),
]
LedgerUrl = Annotated[
    str,
    _text(r"postgres(ql)?://\S+|\$\{[^}]+\}", "a postgresql:// URL, or a reference to one"),
    _text(
        r"(?!.*://[^/@]*:(?!\$\{)[^/@]*@)(?!.*[?&]password=(?!\$\{)).*",
        "written with the password as ${NAME}",
    ),
]
Probability = Annotated[float, Field(ge=0, le=1)]
Dollars = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


_SECRET = re.compile(r"(?i)auth|key|token|secret|password|credential|cookie")


def _keeps_no_secrets(options: dict[str, str]) -> dict[str, str]:
    for name, value in options.items():
        if _SECRET.search(name) and "${" not in value:
            raise ValueError(f"'{name}' must be a reference, ${{NAME}}: it looks like a secret")
    return options


Options = Annotated[dict[str, str], AfterValidator(_keeps_no_secrets)]
"""Text by name, where what is secret by its name is a reference."""


class Section(BaseModel):
    """A part of the file: strict about its keys, frozen once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class TimeoutsSection(Section):
    """How long to wait, for each attempt and for a request as a whole."""

    connect_s: Seconds = 10
    first_content_s: Seconds = 120
    stall_s: Seconds = 60
    total_s: Seconds = 600
    write_s: Seconds = 60
    shutdown_s: Seconds = 30


class ServerSection(Section):
    """Where Farthing listens, and what it takes in."""

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    max_body_mb: float = Field(32, gt=0, le=1024)
    timeouts: TimeoutsSection = TimeoutsSection()
    attempts_per_model: int = Field(2, ge=1, le=3)
    admin_key: SecretRef | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


class UpstreamSection(Section):
    """What every kind of upstream has. `enabled` says when its models join the catalog."""

    enabled: Literal["always", "with-key", "alone"] = "always"


class OpenAIUpstreamSection(UpstreamSection):
    """Any server that speaks OpenAI's chat completions."""

    kind: Literal["openai"]
    base_url: Url
    api_key: SecretRef | None = None
    headers: Options = {}
    catalog_prefix: str | None = None
    asks_usage: bool = True


class LitellmUpstreamSection(UpstreamSection):
    """Any other provider, by the name that litellm gives it."""

    kind: Literal["litellm"]
    provider: Name
    api_key: SecretRef | None = None
    base_url: Url | None = None
    options: Options = {}


class SimulatedUpstreamSection(UpstreamSection):
    """Models that are made up, for trying things out."""

    kind: Literal["simulated"]
    speed: float = Field(1.0, ge=0, allow_inf_nan=False)
    seed: int = 0


AnyUpstream = Annotated[
    OpenAIUpstreamSection | LitellmUpstreamSection | SimulatedUpstreamSection,
    Field(discriminator="kind"),
]


class RatesSection(Section):
    """USD per million tokens; what is left out has its usual proportion to the others."""

    cache_read_usd_per_mtok: Dollars | None = None
    cache_write_usd_per_mtok: Dollars | None = None
    cache_write_1h_usd_per_mtok: Dollars | None = None
    reasoning_usd_per_mtok: Dollars | None = None
    audio_input_usd_per_mtok: Dollars | None = None
    audio_cache_read_usd_per_mtok: Dollars | None = None
    audio_output_usd_per_mtok: Dollars | None = None
    image_input_usd_per_mtok: Dollars | None = None
    image_output_usd_per_mtok: Dollars | None = None


class BandSection(RatesSection):
    """Rates for another service tier, or for longer prompts, or for both."""

    tier: Name = STANDARD
    above_input_tokens: int = Field(0, ge=0)
    input_usd_per_mtok: Dollars | None = None
    output_usd_per_mtok: Dollars | None = None

    @model_validator(mode="after")
    def _differs(self) -> Self:
        if self.tier == STANDARD and not self.above_input_tokens:
            raise ValueError("needs 'tier' or 'above_input_tokens': else it is the price itself")
        return self


class PriceSection(RatesSection):
    """USD per million tokens, per request and per web search."""

    input_usd_per_mtok: Dollars
    output_usd_per_mtok: Dollars
    request_usd: Dollars = 0
    web_search_usd: Dollars | None = None
    bands: tuple[BandSection, ...] = ()
    as_of: date | None = None
    source: str | None = None


class PriceChangeSection(PriceSection):
    """A price that comes into force on a day, at midnight of UTC."""

    from_: date = Field(alias="from")


class LimitsSection(Section):
    """What the provider allows, or you: calls at a time, requests and tokens per minute."""

    in_flight: int | None = Field(None, ge=1)
    requests_per_minute: int | None = Field(None, ge=1)
    tokens_per_minute: int | None = Field(None, ge=1)


class ModelSection(Section):
    """One model; what is left out comes from the shipped catalog."""

    upstream: str
    name: str | None = None
    catalog: str | None = None
    like: str | None = None
    price: PriceSection | None = None
    price_changes: tuple[PriceChangeSection, ...] = ()
    context_tokens: int | None = Field(None, ge=1)
    max_output_tokens: int | None = Field(None, ge=1)
    capabilities: list[Capability] | None = None
    tags: tuple[Tag, ...] = ()
    abilities: dict[Category, Probability] = {}
    limits: LimitsSection = LimitsSection()


class PoliciesSection(Section):
    """Where the policies are, which one `auto` means, and which names clients send for which policy."""

    directory: str = "policies"
    default: str = "balanced"
    routes: dict[str, str] = {}


class CacheSection(Section):
    """Where answers are kept: `memory`, a Redis URL, or `off`."""

    url: CacheUrl = "memory"
    max_mb: float = Field(64, gt=0, allow_inf_nan=False)
    timeout_s: Seconds = 0.05


class LedgerSection(Section):
    """Where the ledger is."""

    path: str = "var/farthing.db"
    spool: str | None = None
    url: LedgerUrl | None = None
    keep_days: int | None = Field(None, ge=LEAST_KEPT_DAYS)


class KeySection(Section):
    """A key that clients present to Farthing."""

    name: Name
    key: SecretRef
    tags: tuple[Tag, ...] = ()


class ConfigFile(Section):
    """The whole file."""

    version: Literal[1]
    server: ServerSection = ServerSection()
    upstreams: dict[Name, AnyUpstream]
    models: dict[ModelId, ModelSection]
    policies: PoliciesSection = PoliciesSection()
    cache: CacheSection = CacheSection()
    ledger: LedgerSection = LedgerSection()
    keys: tuple[KeySection, ...] = ()

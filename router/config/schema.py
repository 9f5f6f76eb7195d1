"""The shape of `config.yaml`, as pydantic models: one class a section, unknown keys are errors."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from router.config.budgets import AmountSection, BudgetSection, LimitSection, RatesSection
from router.config.semantic import EmbeddingsSection
from router.config.telemetry import LogSection, TelemetrySection
from router.config.words import (
    AnthropicUrl,
    CacheUrl,
    Day,
    Dollars,
    FilePath,
    LedgerUrl,
    ModelId,
    Moment,
    Name,
    OpenAIUrl,
    Options,
    PassedPath,
    PerMtok,
    Positive,
    Probability,
    ProxyUrl,
    Seconds,
    SecretRef,
    Section,
    ServiceTier,
    Tag,
    Tenant,
    Url,
    each_once,
)
from router.domain.category import Category
from router.domain.key import MOST_TAGS
from router.domain.ledger import LEAST_KEPT_DAYS
from router.domain.model import Capability
from router.domain.price import STANDARD
from router.domain.scored import ScoringTerms
from router.providers.endpoints import ANTHROPIC_URL
from router.wire.limits import RequestLimits

MOST_WORKERS = 32


class TimeoutsSection(Section):
    """How long to wait, for each attempt and for a request as a whole."""

    connect_s: Seconds = 10
    first_content_s: Seconds = 120
    stall_s: Seconds = 60
    total_s: Seconds = 600
    write_s: Seconds = 60
    shutdown_s: Seconds = 30


class RequestLimitsSection(Section):
    """How much one request may ask for."""

    max_n: int = Field(16, ge=1)
    max_output_tokens: int | None = Field(None, ge=1)

    def as_limits(self) -> RequestLimits:
        """As the wire knows them."""
        return RequestLimits(self.max_n, self.max_output_tokens)


class ServerSection(Section):
    """Where Farthing listens, and what it takes in."""

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    workers: int = Field(1, ge=1, le=MOST_WORKERS)
    litellm_processes: int = Field(1, ge=1, le=MOST_WORKERS)
    max_body_mb: float = Field(32, gt=0, le=1024)
    timeouts: TimeoutsSection = TimeoutsSection()
    limits: RequestLimitsSection = RequestLimitsSection()
    attempts_per_model: int = Field(2, ge=1, le=3)
    admin_key: SecretRef | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


class UpstreamSection(Section):
    """What every kind of upstream has. `enabled` says when its models join the catalog."""

    enabled: Literal["always", "with-key", "alone"] = "always"


class OpenAIUpstreamSection(UpstreamSection):
    """Any server that speaks OpenAI's chat completions, or its Responses."""

    kind: Literal["openai"]
    base_url: OpenAIUrl
    dialect: Literal["chat", "responses"] = "chat"
    api_key: SecretRef | None = None
    headers: Options = {}
    catalog_prefix: str | None = None
    proxy: ProxyUrl | None = None
    asks_usage: bool = True


class AnthropicUpstreamSection(UpstreamSection):
    """Anthropic's own API, or a server that speaks its Messages."""

    kind: Literal["anthropic"]
    base_url: AnthropicUrl = ANTHROPIC_URL
    api_key: SecretRef | None = None
    headers: Options = {}
    catalog_prefix: str | None = None
    proxy: ProxyUrl | None = None


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
    OpenAIUpstreamSection
    | AnthropicUpstreamSection
    | LitellmUpstreamSection
    | SimulatedUpstreamSection,
    Field(discriminator="kind"),
]


class PriceRatesSection(Section):
    """USD per million tokens; what is left out has its usual proportion to the others."""

    cache_read_usd_per_mtok: PerMtok | None = None
    cache_write_usd_per_mtok: PerMtok | None = None
    cache_write_1h_usd_per_mtok: PerMtok | None = None
    reasoning_usd_per_mtok: PerMtok | None = None
    audio_input_usd_per_mtok: PerMtok | None = None
    audio_cache_read_usd_per_mtok: PerMtok | None = None
    audio_output_usd_per_mtok: PerMtok | None = None
    image_input_usd_per_mtok: PerMtok | None = None
    image_output_usd_per_mtok: PerMtok | None = None


class BandSection(PriceRatesSection):
    """Rates for another service tier, or for longer prompts, or for both."""

    tier: ServiceTier = STANDARD
    above_input_tokens: int = Field(0, ge=0)
    input_usd_per_mtok: PerMtok | None = None
    output_usd_per_mtok: PerMtok | None = None

    @model_validator(mode="after")
    def _differs(self) -> Self:
        if self.tier == STANDARD and not self.above_input_tokens:
            raise ValueError(
                "needs 'tier' or 'above_input_tokens': otherwise it is the price itself"
            )
        return self


class HardwareSection(Section):
    """What an hour of one's own machine costs, and how many tokens a second it reads, or writes, at its usual load."""

    usd_per_hour: Dollars
    input_tokens_per_second: Positive
    output_tokens_per_second: Positive


class PriceSection(PriceRatesSection):
    """USD per million tokens, or per hour of one's own machine; per request and per web search."""

    input_usd_per_mtok: PerMtok | None = None
    output_usd_per_mtok: PerMtok | None = None
    hardware: HardwareSection | None = None
    request_usd: Dollars = 0
    web_search_usd: Dollars | None = None
    bands: Annotated[
        tuple[BandSection, ...],
        each_once(lambda band: (band.tier, band.above_input_tokens), "the same tier and length"),
    ] = ()
    as_of: Day | None = None
    source: str | None = None

    @model_validator(mode="after")
    def _says_what_tokens_cost(self) -> Self:
        stated = (self.input_usd_per_mtok is not None, self.output_usd_per_mtok is not None)
        if stated != (self.hardware is None,) * 2:
            raise ValueError(
                "needs both 'input_usd_per_mtok' and 'output_usd_per_mtok', or 'hardware' alone"
            )
        return self


class PriceChangeSection(PriceSection):
    """A price that comes into force on a day, at midnight of UTC."""

    from_: Day = Field(alias="from")


PriceChanges = Annotated[
    tuple[PriceChangeSection, ...], each_once(lambda change: change.from_, "the same day")
]


class LimitsSection(Section):
    """What the provider allows, or you: calls at a time, requests and tokens per minute."""

    in_flight: int | None = Field(None, ge=1)
    requests_per_minute: int | None = Field(None, ge=1)
    tokens_per_minute: int | None = Field(None, ge=1)


class ReplicaSection(Section):
    """One of several upstreams of a model; what is left out is as the model says, tags are added."""

    upstream: str
    name: str | None = None
    weight: float = Field(1, ge=0, allow_inf_nan=False)
    catalog: str | None = None
    price: PriceSection | None = None
    price_changes: PriceChanges = ()
    limits: LimitsSection | None = None
    tags: tuple[Tag, ...] = ()


class ModelSection(Section):
    """One model; what is left out comes from the shipped catalog."""

    upstream: str | None = None
    upstreams: tuple[ReplicaSection, ...] = ()
    name: str | None = None
    catalog: str | None = None
    like: str | None = None
    mode: Literal["chat", "embedding"] | None = None
    price: PriceSection | None = None
    price_changes: PriceChanges = ()
    context_tokens: int | None = Field(None, ge=1)
    max_output_tokens: int | None = Field(None, ge=1)
    capabilities: list[Capability] | None = None
    tags: tuple[Tag, ...] = ()
    abilities: dict[Category, Probability] = {}
    limits: LimitsSection = LimitsSection()

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if (self.upstream is None) != bool(self.upstreams):
            raise ValueError("needs one of 'upstream' and 'upstreams' (a list, of one or more)")
        return self


class RouteSection(Section):
    """Which policy decides for a name, and which model the name stands for."""

    policy: str
    reference: str | None = None


class PoliciesSection(Section):
    """Where the policies are, which one `auto` means, and which names clients send for which policy."""

    directory: FilePath = "policies"
    default: str = "balanced"
    routes: dict[str, str | RouteSection] = {}


class CacheSection(Section):
    """Where answers are kept: `memory`, a Redis URL, or `off`."""

    url: CacheUrl = "memory"
    max_mb: float = Field(64, gt=0, allow_inf_nan=False)
    max_entry_kb: int = Field(1024, ge=1, le=64 * 1024)
    tenant: Tenant = "key"
    embeddings: EmbeddingsSection | None = None
    vectors_ttl_s: int = Field(0, ge=0, le=10**8)
    timeout_s: Seconds = 0.05


class LedgerSection(Section):
    """Where the ledger is."""

    path: FilePath = "var/farthing.db"
    spool: FilePath | None = None
    url: LedgerUrl | None = None
    keep_days: int | None = Field(None, ge=LEAST_KEPT_DAYS)
    decisions: bool = True


class QualitySection(Section):
    """What is known of models' quality: the artefact in force, and one's own evidence."""

    artefact: FilePath = "shipped"
    sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$")
    local: FilePath | None = None


class OutcomesSection(Section):
    """What is noted of the quality of answers without anybody's word."""

    automatic: bool = True
    retry_window_s: float = Field(600, ge=0, le=86_400)

    def as_terms(self) -> ScoringTerms:
        """As the pipeline knows them."""
        return ScoringTerms(self.automatic, self.retry_window_s)


OverrideName = Literal[
    "policy", "tolerance", "ceiling_usd", "candidates", "cache", "cascade", "dry_run"
]


class KeySection(Section):
    """A key that clients present to Farthing."""

    name: Name
    key: SecretRef
    tags: Annotated[tuple[Tag, ...], Field(max_length=MOST_TAGS)] = ()
    policies: tuple[Name, ...] = ()
    models: tuple[Name, ...] = ()
    overrides: tuple[OverrideName, ...] | None = None
    budgets: tuple[AmountSection, ...] = ()
    limits: RatesSection = RatesSection()
    expires: Moment | None = None


class PassthroughSection(Section):
    """Which paths that Farthing does not answer are passed to which upstream."""

    upstream: Name
    paths: tuple[PassedPath, ...]
    free: tuple[PassedPath, ...] = ()
    prices: dict[Name, PriceSection] = {}
    max_body_mb: float = Field(512, gt=0, le=16384)


class ConfigFile(Section):
    """The whole file."""

    version: Literal[1]
    server: ServerSection = ServerSection()
    upstreams: dict[Name, AnyUpstream]
    models: dict[ModelId, ModelSection]
    policies: PoliciesSection = PoliciesSection()
    cache: CacheSection = CacheSection()
    ledger: LedgerSection = LedgerSection()
    quality: QualitySection = QualitySection()
    outcomes: OutcomesSection = OutcomesSection()
    keys: tuple[KeySection, ...] = ()
    budgets: tuple[BudgetSection, ...] = ()
    limits: tuple[LimitSection, ...] = ()
    passthrough: PassthroughSection | None = None
    log: LogSection = LogSection()
    telemetry: TelemetrySection = TelemetrySection()

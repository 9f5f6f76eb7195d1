"""A whole configuration as plain values, ready for the composition root."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from msgspec import Struct

from router.config.evidence.learnt import Learnt
from router.config.policy.policies import LoadedPolicy
from router.decision.resolve import PolicyBook
from router.dispatch.plan import Effort
from router.domain.caching import Tenancy
from router.domain.errors import ConfigError, Problem
from router.domain.key import VirtualKey
from router.domain.local_cascades import NO_LOCAL_CASCADES, LocalCascades
from router.domain.members import replace
from router.domain.model import Model
from router.domain.money import Money
from router.domain.passthrough import PassthroughTerms
from router.domain.scored import ScoringTerms
from router.ledger.rulebook import Rulebook
from router.providers.endpoints import AnthropicEndpoint, Endpoint
from router.wire.limits import RequestLimits


@dataclass(frozen=True, slots=True)
class LitellmSettings:
    """A provider that is reached through litellm."""

    provider: str
    api_key: str = field(default="", repr=False)
    base_url: str = ""
    options: Mapping[str, str] = field(default_factory=dict, repr=False)


class SimulatedSettings(Struct, frozen=True):
    """The simulator, run inside this process."""

    speed: float
    seed: int


@dataclass(frozen=True, slots=True)
class UpstreamEmbeddings:
    """Vectors of texts come from an upstream's model, at a price per token."""

    upstream: str
    endpoint: Endpoint = field(repr=False)
    model: str
    per_token: Money
    timeout_s: float


class LocalEmbeddings(Struct, frozen=True):
    """Vectors of texts are made in this process."""


@dataclass(frozen=True, slots=True)
class PassthroughSettings:
    """Which paths are passed through, on which terms, and to where."""

    endpoint: Endpoint = field(repr=False)
    terms: PassthroughTerms
    max_body_bytes: int


@dataclass(frozen=True, slots=True)
class OtlpSettings:
    """Where traces are sent, and which share of those that begin here; "" means what the environment says."""

    endpoint: str
    headers: Mapping[str, str] = field(repr=False)
    share: float
    service_name: str


EmbeddingsSettings = UpstreamEmbeddings | LocalEmbeddings
UpstreamSettings = Endpoint | AnthropicEndpoint | LitellmSettings | SimulatedSettings


class ServingSettings(Struct, frozen=True):
    """How requests are accepted, how long they may take, and who has access to the admin API."""

    max_body_bytes: int
    log_level: str
    litellm_processes: int
    connect_s: float
    write_timeout_s: float
    shutdown_s: float
    admin_key: VirtualKey | None
    effort: Effort
    limits: RequestLimits


@dataclass(frozen=True, slots=True)
class CacheSettings:
    """Where answers are stored, how many, and who shares them.

    `url` is a Redis address, "memory" or "off". `vectors_ttl_s` is how long the answers of models that make
    embeddings are kept, in seconds; `embeddings` is what the semantic cache compares wordings with, None for nothing.
    """

    url: str = field(repr=False)
    max_bytes: int
    max_entry_bytes: int
    timeout_s: float
    tenancy: Tenancy
    vectors_ttl_s: int
    embeddings: EmbeddingsSettings | None

    @property
    def has_redis(self) -> bool:
        """Whether there is a Redis that processes share."""
        return self.url not in ("memory", "off")


@dataclass(frozen=True, slots=True)
class LedgerSettings:
    """The files of the ledger, its PostgreSQL ("" for none), and what is kept in it for how long."""

    path: Path
    spool: Path
    url: str = field(repr=False)
    keep_days: int | None
    keeps_decisions: bool


class LocalSettings(Struct, frozen=True):
    """The folder of local evidence, and what of it is in force.

    `version` is the calibration in force, "" for none; `trouble` says why what is in the folder is not, "" if nothing
    is wrong with it; `cascades` is what it says about cascades.
    """

    folder: Path
    version: str = ""
    trouble: str = ""
    cascades: LocalCascades = NO_LOCAL_CASCADES


class Settings(Struct, frozen=True):
    """Everything that was configured. `notes` say what was left out and why.

    `catalog` has the models that may answer; `known` also those whose upstream does not take part:
    a name that clients send can stand for one of these, as the reference for an answer. `vectors` and `known_vectors`
    are the same of models that make embeddings. `learnt` is the artefact in force, with what is wrong with it. `guests`
    are keys that are valid only as long as this process lives.
    """

    file: Path
    host: str
    port: int
    workers: int
    serving: ServingSettings
    upstreams: Mapping[str, UpstreamSettings]
    catalog: Mapping[str, Model]
    known: Mapping[str, Model]
    vectors: Mapping[str, Model]
    known_vectors: Mapping[str, Model]
    passthrough: PassthroughSettings | None
    book: PolicyBook
    policies: Mapping[str, LoadedPolicy]
    cache: CacheSettings
    ledger: LedgerSettings
    scoring: ScoringTerms
    keys: tuple[VirtualKey, ...]
    rulebook: Rulebook
    learnt: Learnt
    local: LocalSettings
    notes: tuple[str, ...]
    otlp: OtlpSettings | None
    logs_requests: bool
    guests: tuple[VirtualKey, ...] = ()

    @property
    def named(self) -> Mapping[str, Model]:
        """Every configured model by its id, whatever it makes and whether or not it takes part."""
        return {**self.known, **self.known_vectors}

    @property
    def unused(self) -> tuple[str, ...]:
        """What was learnt but is not in force, and why."""
        return (*self.learnt.troubles, *filter(None, (self.local.trouble,)))

    def listening_on(self, host: str, port: int, *, has_stored_keys: bool = False) -> "Settings":
        """The same settings with another address. Raises ConfigError for one that is open to all."""
        if not self.keys and not has_stored_keys and not is_loopback(host):
            raise ConfigError((Problem("--host", "", OPEN_TO_ALL),))
        return replace(self, host=host, port=port)

    def shared_by(self, workers: int) -> "Settings":
        """The same settings for that many workers. Raises ConfigError if they could not share their state."""
        if workers > 1 and not self.cache.has_redis:
            raise ConfigError((Problem("--workers", "", NOTHING_SHARED),))
        return replace(self, workers=workers)

    def admitting(self, key: VirtualKey) -> "Settings":
        """The same settings with one more key, for as long as this process lives."""
        return replace(self, guests=(*self.guests, key))


NOTHING_SHARED = (
    "workers share budgets, limits, stored answers and breakers through Redis, and none is configured;"
    " add 'cache: {url: redis://127.0.0.1:6379/0}'"
)
"""Without it each worker would have a budget of its own."""

OPEN_TO_ALL = (
    "without a key Farthing listens on loopback only; create one with 'farthing keys create NAME',"
    " or under 'keys:', or use 127.0.0.1"
)
"""An open proxy spends its owner's money."""


def is_loopback(host: str) -> bool:
    """Whether `host` can be reached only from this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

"""Reads a config and everything that it names; reports everything that is wrong with any of it at once."""

from collections.abc import Collection, Mapping
from pathlib import Path

from msgspec import Struct, field

from router.config.catalog import CatalogBuilder
from router.config.embeddings import embeddings_of
from router.config.evidence.local_quality import (
    UnusableEvidence,
    folder_beside,
    overlaid,
    read_local,
)
from router.config.keys import configured_keys, unknown_names, unknown_payers
from router.config.library import Library
from router.config.passthrough import passthrough_of
from router.config.policy.cascades import unknown_models
from router.config.policy.files import policy_files
from router.config.policy.policies import LoadedPolicy, load_policies
from router.config.presence import is_file
from router.config.problems import validated_partly
from router.config.references import References, Unresolved, misplaced
from router.config.replicas import remarks, stated_places, taking_part
from router.config.schema import (
    ConfigFile,
    PassthroughSection,
    PoliciesSection,
    RouteSection,
    ServerSection,
)
from router.config.sendable import UNSENDABLE, is_sendable
from router.config.settings import (
    NOTHING_SHARED,
    OPEN_TO_ALL,
    CacheSettings,
    LedgerSettings,
    LocalSettings,
    ServingSettings,
    Settings,
    is_loopback,
)
from router.config.stored_keys import may_have_keys
from router.config.telemetry import otlp_of
from router.config.upstreams import UpstreamSelection, select_upstreams, unknown_providers
from router.config.vectors import parted
from router.config.yaml_file import Place, YamlFile
from router.decision.resolve import PolicyBook, Route
from router.dispatch.plan import Effort
from router.domain.caching import Tenancy
from router.domain.errors import ConfigError, Problem
from router.domain.key import VirtualKey
from router.domain.members import replace
from router.domain.model import Model
from router.domain.nearest import nearest
from router.ledger.rulebook import Rulebook
from router.stores.redis.address import parsed
from router.stores.sql.database import EXAMPLES, is_address

_BEGIN = "write one, or copy the folder of policies that comes with Farthing"
_SOME_REDIS = "redis://somewhere/0"
"""Stands for a Redis whose address cannot be resolved: that is reported, and it would be wrong to report none."""


def load_settings(
    path: Path,
    environ: Mapping[str, str],
    library: Library | None = None,
    *,
    is_running: bool = False,
    uses_local: bool = True,
    serves: bool = True,
) -> Settings:
    """The settings in the file at `path`. Raises ConfigError with all problems.

    A given `library` is where files are read from and kept. A process that `is_running` listens already, so
    whether it may is not checked again. Without `uses_local` the models are as they would be without local
    evidence. A command that does not serve only reads and writes the ledger: no other secret must be set then,
    and whether others may connect is not checked.
    """
    library = library or Library()
    file = library.read(path)
    section, found, sound = validated_partly(ConfigFile, file)
    found += tuple(misplaced(file))
    if section is None:
        raise ConfigError(found)
    references = References(environ, path.parent, spared=not serves)
    loading = _Loading(sound, section, path, references, library, list(found))
    settings, problems = loading.done(serves=serves, is_running=is_running)
    if problems:
        raise ConfigError(tuple(dict.fromkeys(problems)))
    return with_local(settings) if uses_local else settings


def with_local(settings: Settings) -> Settings:
    """The settings with the local evidence in force; if it is unusable, without it but saying so."""
    try:
        if (local := read_local(settings.local.folder)) is None:
            return settings
        known = overlaid(settings.known, local)
    except UnusableEvidence as trouble:
        note = f"quality.local: {trouble}; the shipped estimates apply; calibrate again"
        return replace(settings, local=replace(settings.local, trouble=note))
    catalog = {key: local.applied(model) for key, model in settings.catalog.items()}
    return replace(
        settings,
        catalog=catalog,
        known=known,
        local=LocalSettings(settings.local.folder, local.version, cascades=local.cascades),
    )


class _Found(Struct, frozen=True):
    """What a file leads to: upstreams, models and policies, and who may come in."""

    selection: UpstreamSelection
    known: Mapping[str, Model]
    known_vectors: Mapping[str, Model]
    policies: Mapping[str, LoadedPolicy]
    catalog: Mapping[str, Model]
    vectors: Mapping[str, Model]
    keys: tuple[VirtualKey, ...]
    ledger: LedgerSettings


class _Loading(Struct, frozen=True):
    """A file that is being turned into settings; what is wrong with it is collected on the way."""

    file: YamlFile
    section: ConfigFile
    path: Path
    references: References
    library: Library
    problems: list[Problem]
    notes: list[str] = field(default_factory=list)

    def done(self, *, serves: bool, is_running: bool) -> tuple[Settings, list[Problem]]:
        """The settings, and all problems; if there are any, the settings must not be used."""
        found = self._found()
        if serves and not is_running:
            self._check_exposure(found.ledger)
        settings = self._settings(found)
        if serves and settings.workers > 1 and not settings.cache.has_redis:
            self._wrong(("server", "workers"), NOTHING_SHARED)
        return settings, self.problems

    def _found(self) -> _Found:
        """Everything that is looked up elsewhere, each part using those before it."""
        section = self.section
        selection = select_upstreams(section.upstreams, self.references, self.file)
        self.problems.extend(selection.problems)
        known, known_vectors = parted(self._models())
        policies, policy_names = self._policies()
        named = [*(self.file.data.get("models") or {})]  # also those with problems of their own
        chatting = [name for name in named if name not in known_vectors]
        for loaded in policies.values():
            self.problems.extend(unknown_models(loaded.file, chatting))
        catalog = self._taking_part(known, selection)
        vectors = _present(known_vectors, selection)
        keys = configured_keys(section, self.references, self.file, self.problems)
        self.problems.extend(unknown_names(section, self.file, policy_names, named))
        self.notes.extend(unknown_payers(section))
        ledger = self._ledger()
        return _Found(selection, known, known_vectors, policies, catalog, vectors, keys, ledger)

    def _settings(self, found: _Found) -> Settings:
        section, quality, chosen = self.section, self.section.quality, found.selection.chosen
        asked = {**found.catalog, **found.vectors}
        return Settings(
            file=self.path,
            host=section.server.host,
            port=section.server.port,
            workers=section.server.workers,
            serving=_serving(section.server, self._admin_key()),
            upstreams=chosen,
            catalog=found.catalog,
            known=found.known,
            vectors=found.vectors,
            known_vectors=found.known_vectors,
            passthrough=passthrough_of(self._passthrough, chosen, asked, self._wrong),
            book=_book(section.policies, found.policies),
            policies=found.policies,
            cache=self._cache(found),
            ledger=found.ledger,
            scoring=section.outcomes.as_terms(),
            keys=found.keys,
            rulebook=Rulebook(
                tuple(each.budget(each.scope) for each in section.budgets),
                tuple(each.limit(each.scope) for each in section.limits),
            ),
            learnt=self.library.learnt(quality.artefact, quality.sha256, self.path.parent),
            local=LocalSettings(self._local_folder(found.ledger)),
            notes=(*found.selection.notes, *self.notes),
            otlp=otlp_of(section.telemetry, self.references, self._wrong),
            logs_requests=section.log.requests,
        )

    def _cache(self, found: _Found) -> CacheSettings:
        cache, chosen = self.section.cache, found.selection.chosen
        return CacheSettings(
            url=self._cache_url(),
            max_bytes=int(cache.max_mb * 2**20),
            max_entry_bytes=cache.max_entry_kb * 2**10,
            timeout_s=cache.timeout_s,
            tenancy=Tenancy(cache.tenant.removeprefix("key").removeprefix("tag:")),
            vectors_ttl_s=cache.vectors_ttl_s,
            embeddings=embeddings_of(cache.embeddings, chosen, found.policies, self._wrong),
        )

    def _ledger(self) -> LedgerSettings:
        ledger = self.section.ledger
        return LedgerSettings(
            path=self._beside(ledger.path),
            spool=self._beside(ledger.spool or f"{ledger.path}.spool"),
            url=self._ledger_url(),
            keep_days=ledger.keep_days,
            keeps_decisions=ledger.decisions,
        )

    def _wrong(self, place: Place, message: str) -> None:
        self.problems.append(self.file.problem(place, message))

    def _beside(self, name: str) -> Path:
        """A path from the file, which is relative to it."""
        return self.path.parent / name

    def _local_folder(self, ledger: LedgerSettings) -> Path:
        stated = self.section.quality.local
        return self._beside(stated) if stated else folder_beside(ledger.path)

    def _resolved(self, place: Place, text: str, *, otherwise: str) -> str:
        """`text` with its references resolved; `otherwise` if one cannot be."""
        try:
            return self.references.resolve(text)
        except Unresolved as missing:
            self._wrong(place, str(missing))
            return otherwise

    @property
    def _unsound(self) -> frozenset[str]:
        """The upstreams with problems, which are reported already: naming them is no mistake."""
        return frozenset(self.file.data.get("upstreams") or {}) - set(self.section.upstreams)

    @property
    def _passthrough(self) -> PassthroughSection | None:
        section = self.section.passthrough
        return None if section is None or section.upstream in self._unsound else section

    def _models(self) -> dict[str, Model]:
        """Every configured model, including those whose upstream does not take part."""
        section = self.section
        sections = {
            key: m
            for key, m in section.models.items()
            if not any(place.upstream in self._unsound for place in stated_places(m))
        }
        builder = CatalogBuilder(
            self.file, section.upstreams, self.library.prices, self.library.priors
        )
        models = builder.build(sections, self.problems)
        self.notes.extend(builder.notes)
        for place, message in unknown_providers(section.upstreams):
            self._wrong(place, message)
        return models

    def _taking_part(
        self, known: Mapping[str, Model], selection: UpstreamSelection
    ) -> dict[str, Model]:
        """The models whose upstreams take part."""
        selection.notes.extend(note for model in known.values() for note in remarks(model))
        present = _present(known, selection)
        if not present and not self.problems:
            notes = "; ".join(selection.notes) or "none is configured"
            self._wrong(("models",), f"no model has an active upstream ({notes})")
        return present

    def _policies(self) -> tuple[dict[str, LoadedPolicy], frozenset[str]]:
        """The sound policies, and the names of all: to name one with problems of its own is no mistake."""
        section = self.section.policies
        folder = self._beside(section.directory)
        policies, wrong = load_policies(folder, self.library.read)
        self.problems.extend(wrong)
        # What extends one with problems is left out without a problem of its own.
        there = [*policy_files(folder)[0], *(Path(each.file) for each in wrong)] if wrong else []
        names = frozenset({*policies, *(path.stem for path in there)})
        self._check_policies_named(names)
        return policies, names

    def _check_policies_named(self, known: Collection[str]) -> None:
        section = self.section.policies
        named: dict[Place, str] = {("policies", "default"): section.default}
        for pattern, route in section.routes.items():
            named |= {("policies", "routes", pattern): as_route(route).policy}
        for place, name in named.items():
            if name not in known:
                hint = nearest(name, known) or f"; '{section.directory}' has none: {_BEGIN}"
                self._wrong(place, f"there is no policy '{name}'{hint}")

    def _admin_key(self) -> VirtualKey | None:
        place = ("server", "admin_key")
        secret = self._resolved(place, self.section.server.admin_key or "", otherwise="")
        if not is_sendable(secret):
            self._wrong(place, UNSENDABLE)
        return VirtualKey.from_secret("admin", secret) if secret else None

    def _ledger_url(self) -> str:
        """The ledger's PostgreSQL, "" for none."""
        url = self._url(("ledger", "url"), self.section.ledger.url or "", otherwise="")
        if url and not url.startswith(("postgresql://", "postgres://")):
            self._wrong(("ledger", "url"), "must lead to a postgresql:// URL")
        elif url and not is_address(url):
            self._wrong(("ledger", "url"), f"must be an address such as {EXAMPLES}")
        return url

    def _cache_url(self) -> str:
        """Where answers are kept: memory, off, or a Redis address; off if secrets are spared."""
        if self.references.spared:
            return "off"
        url = self._url(("cache", "url"), self.section.cache.url, otherwise=_SOME_REDIS)
        try:
            files = () if url in ("memory", "off") else parsed(url).files
        except ValueError as error:
            self._wrong(("cache", "url"), f"is not a Redis address: {error}")
            return "off"
        for name in files:
            if not is_file(Path(name)):
                self._wrong(("cache", "url"), f"there is no file {name} that can be read")
        return url

    def _url(self, place: Place, text: str, *, otherwise: str) -> str:
        """`text` with its references resolved. Passwords are escaped as a URL requires."""
        try:
            return self.references.needed.resolve_url(text)
        except Unresolved as missing:
            self._wrong(place, str(missing))
            return otherwise

    def _check_exposure(self, ledger: LedgerSettings) -> None:
        if is_loopback(self.section.server.host):
            return
        # The file is checked, not the keys: unsound ones are already reported as such.
        if not self.file.data.get("keys") and not may_have_keys(ledger):
            self._wrong(("server", "host"), OPEN_TO_ALL)


def _present(models: Mapping[str, Model], selection: UpstreamSelection) -> dict[str, Model]:
    """Those of `models` that could be asked now."""
    parts = {key: taking_part(model, selection.chosen) for key, model in models.items()}
    return {key: model for key, model in parts.items() if model is not None}


def _book(section: PoliciesSection, policies: Mapping[str, LoadedPolicy]) -> PolicyBook:
    named = {name: loaded.policy for name, loaded in policies.items()}
    routes = {pattern: as_route(route) for pattern, route in section.routes.items()}
    return PolicyBook(named, section.default, routes)


def as_route(written: str | RouteSection) -> Route:
    """A route in either form: the policy's name, or with the model that the name stands for."""
    if isinstance(written, str):
        return Route(written)
    return Route(written.policy, written.reference or "")


def _serving(server: ServerSection, admin_key: VirtualKey | None) -> ServingSettings:
    return ServingSettings(
        max_body_bytes=int(server.max_body_mb * 2**20),
        log_level=server.log_level,
        litellm_processes=server.litellm_processes,
        connect_s=server.timeouts.connect_s,
        write_timeout_s=server.timeouts.write_s,
        shutdown_s=server.timeouts.shutdown_s,
        admin_key=admin_key,
        effort=_effort(server),
        limits=server.limits.as_limits(),
    )


def _effort(server: ServerSection) -> Effort:
    timeouts = server.timeouts
    return Effort(
        attempts_per_model=server.attempts_per_model,
        first_content_s=timeouts.first_content_s,
        stall_s=timeouts.stall_s,
        total_s=timeouts.total_s,
    )

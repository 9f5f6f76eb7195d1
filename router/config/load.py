"""Read a config and all that it names; report everything that is wrong with any of it at once."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from urllib.parse import quote

from router.config.budgets import budgets_of, limits_of
from router.config.catalog import CatalogBuilder
from router.config.keys import configured_keys, unknown_names
from router.config.policies import LoadedPolicy, load_policies
from router.config.price_map import PriceMap
from router.config.priors import Priors
from router.config.problems import nearest, validated_partly
from router.config.references import References, Unresolved
from router.config.schema import ConfigFile, ServerSection
from router.config.settings import OPEN_TO_ALL, Settings, is_loopback
from router.config.upstreams import UpstreamSelection, select_upstreams
from router.config.yaml_file import Place, YamlFile, read_yaml
from router.decision.resolve import PolicyBook
from router.dispatch.plan import Effort
from router.domain.errors import ConfigError, Problem
from router.domain.key import VirtualKey
from router.domain.model import Model
from router.ledger.rulebook import Rulebook
from router.stores.sql.database import LedgerUnusable, open_ledger
from router.stores.sql.keys import are_any


def load_settings(path: Path, environ: Mapping[str, str]) -> Settings:
    """The settings in the file at `path`. Raises ConfigError with every problem there is."""
    file = read_yaml(path)
    section, found = validated_partly(ConfigFile, file)
    if section is None:
        raise ConfigError(found)
    problems, references = list(found), References(environ)
    selection = select_upstreams(section.upstreams, references, file)
    problems += selection.problems
    catalog = _catalog(section, selection, file, problems)
    policies = _policies(section, path.parent, file, problems)
    keys = configured_keys(section, references, file, problems)
    problems += unknown_names(section, file, policies, section.models)
    cache_url = _cache_url(section, references, file, problems)
    ledger_url = _ledger_url(section, references, file, problems)
    admin_key = _admin_key(section.server, references, file, problems)
    ledger_path = path.parent / section.ledger.path
    if not is_loopback(section.server.host) and not _has_keys(file, ledger_path, ledger_url):
        problems.append(file.problem(("server", "host"), OPEN_TO_ALL))
    if problems:
        raise ConfigError(tuple(dict.fromkeys(problems)))
    return Settings(
        file=path,
        host=section.server.host,
        port=section.server.port,
        max_body_bytes=int(section.server.max_body_mb * 2**20),
        log_level=section.server.log_level,
        connect_s=section.server.timeouts.connect_s,
        write_timeout_s=section.server.timeouts.write_s,
        shutdown_s=section.server.timeouts.shutdown_s,
        admin_key=admin_key,
        effort=_effort(section.server),
        upstreams=selection.chosen,
        catalog=catalog,
        book=PolicyBook(
            {name: loaded.policy for name, loaded in policies.items()},
            section.policies.default,
            section.policies.routes,
        ),
        policies=policies,
        cache_url=cache_url,
        cache_max_bytes=int(section.cache.max_mb * 2**20),
        cache_timeout_s=section.cache.timeout_s,
        ledger_path=ledger_path,
        ledger_url=ledger_url,
        ledger_keep_days=section.ledger.keep_days,
        ledger_spool=path.parent / (section.ledger.spool or f"{section.ledger.path}.spool"),
        keys=keys,
        guests=(),
        rulebook=Rulebook(tuple(budgets_of(section.budgets)), tuple(limits_of(section.limits))),
        request_limits=section.server.limits.as_limits(),
        notes=tuple(selection.notes),
    )


def _effort(server: ServerSection) -> Effort:
    timeouts = server.timeouts
    return Effort(
        attempts_per_model=server.attempts_per_model,
        first_content_s=timeouts.first_content_s,
        stall_s=timeouts.stall_s,
        total_s=timeouts.total_s,
    )


def _catalog(
    section: ConfigFile, selection: UpstreamSelection, file: YamlFile, problems: list[Problem]
) -> dict[str, Model]:
    """The models of the upstreams that take part; those of the others are checked all the same."""
    unsound = set(file.data.get("upstreams") or {}) - set(section.upstreams)
    sections = {key: m for key, m in section.models.items() if m.upstream not in unsound}
    builder = CatalogBuilder(file, section.upstreams, PriceMap.shipped(), Priors.shipped())
    before = len(problems)
    models = builder.build(sections, problems)
    present = {key: model for key, model in models.items() if model.upstream in selection.chosen}
    if not present and len(problems) == before == 0:
        notes = "; ".join(selection.notes) or "none is configured"
        problems.append(
            file.problem(("models",), f"no model has an upstream that takes part ({notes})")
        )
    return present


def _policies(
    section: ConfigFile, folder: Path, file: YamlFile, problems: list[Problem]
) -> dict[str, LoadedPolicy]:
    policies, wrong = load_policies(folder / section.policies.directory)
    problems += wrong
    unsound = {Path(problem.file).stem for problem in wrong}
    named: dict[Place, str] = {("policies", "default"): section.policies.default}
    named |= {("policies", "routes", k): v for k, v in section.policies.routes.items()}
    for place, name in named.items():
        if name not in policies and name not in unsound:
            hint = nearest(name, policies)
            problems.append(file.problem(place, f"there is no policy '{name}'{hint}"))
    return policies


def _admin_key(
    server: ServerSection, references: References, file: YamlFile, problems: list[Problem]
) -> VirtualKey | None:
    try:
        secret = references.resolve(server.admin_key or "")
    except Unresolved as missing:
        problems.append(file.problem(("server", "admin_key"), str(missing)))
        return None
    return VirtualKey.from_secret("admin", secret) if secret else None


def _has_keys(file: YamlFile, ledger_path: Path, ledger_url: str) -> bool:
    # The file is asked, not the keys: those that are wrong are told as such, and once is enough.
    return bool(file.data.get("keys")) or has_stored_keys(ledger_path, ledger_url)


def has_stored_keys(ledger_path: Path, ledger_url: str) -> bool:
    """Whether a key was ever made in the ledger's database; False where that cannot be asked."""
    if not ledger_url and not ledger_path.exists():
        return False
    try:
        engine = open_ledger(ledger_path, ledger_url)
    except LedgerUnusable:
        return False
    try:
        return are_any(engine)
    finally:
        engine.dispose()


def _cache_url(
    section: ConfigFile, references: References, file: YamlFile, problems: list[Problem]
) -> str:
    try:
        return references.resolve(section.cache.url)
    except Unresolved as missing:
        problems.append(file.problem(("cache", "url"), str(missing)))
        return "off"


def _ledger_url(
    section: ConfigFile, references: References, file: YamlFile, problems: list[Problem]
) -> str:
    """The ledger's PostgreSQL, "" for none. A password is written as a URL wants it, whatever is in it."""
    text = section.ledger.url or ""
    try:
        url = references.resolve(text, str if text.startswith("${") else partial(quote, safe=""))
    except Unresolved as missing:
        problems.append(file.problem(("ledger", "url"), str(missing)))
        return ""
    if url and not url.startswith(("postgresql://", "postgres://")):
        problems.append(file.problem(("ledger", "url"), "must lead to a postgresql:// URL"))
    return url

"""Which parts of a configuration may change while a process runs, and which did."""

from collections.abc import Iterator, Mapping

from router.config.embeddings import meanings_compared
from router.config.settings import Settings
from router.config.yaml_file import YamlFile
from router.domain.errors import Problem
from router.domain.members import replace

RELOADED = frozenset(
    {
        "catalog",
        "known",
        "vectors",
        "known_vectors",
        "book",
        "policies",
        "learnt",
        "local",
        "notes",
    }
)
"""The settings that take effect while a process runs."""

SECTIONS: Mapping[str, str] = {
    "host": "server",
    "port": "server",
    "workers": "server",
    "serving": "server",
    "upstreams": "upstreams",
    "cache": "cache",
    "ledger": "ledger",
    "scoring": "outcomes",
    "keys": "keys",
    "rulebook": "budgets and limits",
    "passthrough": "passthrough",
    "otlp": "telemetry",
    "logs_requests": "log",
}
"""The sections of the settings that need a restart."""


def taken_over(running: Settings, fresh: Settings) -> Settings:
    """`running` with the settings that may change taken from `fresh`."""
    return replace(running, **{name: getattr(fresh, name) for name in RELOADED})


def need_restart(running: Settings, fresh: Settings) -> tuple[str, ...]:
    """The sections of the config that have changed but do not take effect."""
    changed = (name for name in SECTIONS if getattr(running, name) != getattr(fresh, name))
    return tuple(dict.fromkeys(SECTIONS[name] for name in changed))


def impossible(running: Settings, fresh: Settings, file: YamlFile) -> Iterator[Problem]:
    """Problems for what `fresh` needs but a process that started with `running` does not have."""
    models = (*fresh.catalog.values(), *fresh.vectors.values())
    places = [place for model in models for place in model.places]
    for each in places:
        if each.upstream not in running.upstreams:
            where = ("models", each.id, "upstream")
            yield file.problem(where, f"'{each.upstream}' is new: restart to add an upstream")
    for name, loaded in fresh.policies.items():
        if running.cache.embeddings is None and meanings_compared(loaded.policy):
            message = f"are new, and policy '{name}' needs them: restart to add them"
            yield file.problem(("cache", "embeddings"), message)


def changes(before: Settings, after: Settings) -> Iterator[str]:
    """What is different, a phrase for each: policies with their versions, models, routes."""
    versions = _versions(before), _versions(after)
    yield from (f"policy {each}" for each in _differences(*versions))
    default = before.book.default, after.book.default
    if default[0] != default[1]:
        yield f"default policy {default[0]} -> {default[1]}"
    if list(before.book.routes.items()) != list(after.book.routes.items()):
        yield "routes"
    if before.learnt.version != after.learnt.version:
        old, new = before.learnt.version or "none", after.learnt.version or "none"
        yield f"artefact {old} -> {new}"
    if (before.learnt.categories is None) != (after.learnt.categories is None):
        yield "classifier of categories"
    if before.local.version != after.local.version:
        old, new = before.local.version or "none", after.local.version or "none"
        yield f"local quality {old} -> {new}"
    asked = {**before.catalog, **before.vectors}, {**after.catalog, **after.vectors}
    # A model that nobody can ask may be the reference that answers are measured by.
    models = (*_named(*asked), *_named(before.known, after.known))
    yield from (f"model {each}" for each in dict.fromkeys(models))


def _versions(settings: Settings) -> dict[str, str]:
    return {name: loaded.policy.version for name, loaded in settings.policies.items()}


def _differences(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*before, *after}):
        old, new = before.get(name, "none"), after.get(name, "none")
        if old != new:
            yield f"{name} {old} -> {new}"


def _named(before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[str]:
    for name in sorted({*before, *after}):
        if name not in before:
            yield f"{name} added"
        elif name not in after:
            yield f"{name} removed"
        elif before[name] != after[name]:
            yield f"{name} changed"

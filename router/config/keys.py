"""The `keys:`, `budgets:` and `limits:` of a config, with every name in them looked up."""

from collections.abc import Collection, Iterator
from datetime import UTC
from difflib import get_close_matches

from router.config.references import References, Unresolved
from router.config.schema import ConfigFile, KeySection
from router.config.sendable import UNSENDABLE, is_sendable
from router.config.yaml_file import YamlFile
from router.domain.budget import EACH, Scope, ScopeKind
from router.domain.errors import Problem
from router.domain.key import Grants, VirtualKey
from router.domain.nearest import nearest


def configured_keys(
    section: ConfigFile, references: References, file: YamlFile, problems: list[Problem]
) -> tuple[VirtualKey, ...]:
    """The keys whose secrets are available, and no other key's as well; the others become `problems`."""
    keys = dict[bytes, VirtualKey]()
    for index, each in enumerate(section.keys):
        place = ("keys", index, "key")
        try:
            secret = references.resolve(each.key)
        except Unresolved as missing:
            problems.append(file.problem(place, str(missing)))
            continue
        if not is_sendable(secret):
            problems.append(file.problem(place, UNSENDABLE))
        key = _key(each, secret)
        if (first := keys.setdefault(key.digest, key)) is not key:
            problems.append(file.problem(place, f"has the same secret as the key '{first.name}'"))
    return tuple(keys.values())


def unknown_names(
    section: ConfigFile, file: YamlFile, policies: Collection[str], models: Collection[str]
) -> Iterator[Problem]:
    """Problems for policies and models that keys, budgets and limits name but that do not exist."""
    known = {"policies": ("policy", policies), "models": ("model", models)}
    for index, each in enumerate(section.keys):
        for what, (one, there) in known.items():
            for place, name in enumerate(getattr(each, what)):
                if name not in there:
                    said = f"there is no {one} '{name}'{nearest(name, there)}"
                    yield file.problem(("keys", index, what, place), said)
    yield from _unknown_policies(section, file, policies)


def _unknown_policies(
    section: ConfigFile, file: YamlFile, policies: Collection[str]
) -> Iterator[Problem]:
    for what in ("budgets", "limits"):
        for index, each in enumerate(getattr(section, what)):
            if each.policy not in (None, EACH) and each.policy not in policies:
                said = f"there is no policy '{each.policy}'{nearest(each.policy, policies)}"
                yield file.problem((what, index, "policy"), said)


def unknown_payers(section: ConfigFile) -> Iterator[str]:
    """A note for each budget and limit of a key that is not in the file; it may be made by command."""
    known = {each.name for each in section.keys}
    for what in ("budgets", "limits"):
        for name in dict.fromkeys(each.key for each in getattr(section, what)):
            if name not in (None, EACH, *known):
                close = get_close_matches(name, known, n=1)
                hint = f"; did you mean '{close[0]}'?" if close else ""
                yield (
                    f"{what}: no key of this file is called '{name}'{hint}; it applies to one that"
                    " 'farthing keys create' creates with that name"
                )


def _key(section: KeySection, secret: str) -> VirtualKey:
    own = Scope(ScopeKind.KEY, section.name)
    bounded = section.limits.requests_per_minute or section.limits.tokens_per_minute
    grants = Grants(
        policies=frozenset(section.policies),
        models=frozenset(section.models),
        budgets=tuple(each.budget(own) for each in section.budgets),
        limits=(section.limits.limit(own),) if bounded else (),
        overrides=None if section.overrides is None else frozenset(section.overrides),
    )
    expires_s = None
    if (expires := section.expires) is not None:
        expires_s = (expires if expires.tzinfo else expires.replace(tzinfo=UTC)).timestamp()
    return VirtualKey.from_secret(section.name, secret, section.tags, grants, expires_s)

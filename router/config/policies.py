"""Policy files into policies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from router.config.policy_files import policy_files
from router.config.policy_schema import (
    AdequateSection,
    ExampleSection,
    PolicyCacheSection,
    PolicyFile,
    PoolSection,
    RuleSection,
    TermsSection,
)
from router.config.problems import nearest, validated_partly
from router.config.yaml_file import YamlFile, read_yaml
from router.decision.conditions import CONDITIONS
from router.decision.policy import Condition, Policy, Pool, Rule, Terms
from router.domain.caching import CacheTerms
from router.domain.deadlines import Deadlines
from router.domain.errors import ConfigError, Problem
from router.domain.hedge import Hedge
from router.domain.money import Money

_VERSION_DIGITS = 12


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """A policy with its tests: `on_simulated` says that they are meant for the simulated models."""

    policy: Policy
    examples: tuple[ExampleSection, ...]
    on_simulated: bool
    file: YamlFile


Read = Callable[[Path], YamlFile]
"""Reads a file; raises ConfigError."""


def load_policies(
    folder: Path, read: Read = read_yaml
) -> tuple[dict[str, LoadedPolicy], list[Problem]]:
    """Every policy in `folder` by its name, and everything that is wrong in the others."""
    loaded: dict[str, LoadedPolicy] = {}
    paths, problems = policy_files(folder)
    for path in paths:
        try:
            found = load_policy(path, read)
            loaded[found.policy.name] = found
        except ConfigError as error:
            problems.extend(error.problems)
    return loaded, problems


def load_policy(path: Path, read: Read = read_yaml) -> LoadedPolicy:
    """The policy in the file at `path`. Raises ConfigError with everything that is wrong."""
    file = read(path)
    section, found = validated_partly(PolicyFile, file)
    if section is None:
        raise ConfigError(found)
    problems = list(found)
    if section.policy != path.stem:
        problems.append(file.problem(("policy",), f"must be '{path.stem}', the name of its file"))
    terms = _merged(Terms(), section)
    rules = tuple(
        _rule(rule, terms, file, index, problems) for index, rule in enumerate(section.rules)
    )
    if problems:
        raise ConfigError(tuple(dict.fromkeys(problems)))
    version = file.digest[:_VERSION_DIGITS]
    policy = Policy(section.policy, version, section.intent.strip(), terms, rules)
    on_simulated = section.examples_on == "simulated"
    return LoadedPolicy(policy, tuple(section.examples), on_simulated, file)


def _rule(
    rule: RuleSection, base: Terms, file: YamlFile, index: int, problems: list[Problem]
) -> Rule:
    conditions: list[Condition] = []
    for name, value in rule.when.items():
        place = ("rules", index, "when", name)
        if name not in CONDITIONS:
            problems.append(file.problem(place, f"unknown condition{nearest(name, CONDITIONS)}"))
            continue
        try:
            conditions.append(CONDITIONS[name](value))
        except ValueError as error:
            problems.append(file.problem(place, str(error)))
    return Rule(rule.name, tuple(conditions), _merged(base, rule.then))


def _merged(base: Terms, section: TermsSection) -> Terms:
    """`base` with what `section` states in its place; what it does not state stays."""
    stated: dict[str, Any] = {}
    for name, terms_of in _TERMS.items():
        if (value := getattr(section, name)) is not None:
            stated |= terms_of(value)
    if section.cache is not None:
        stated["cache"] = _cache(base.cache, section.cache)
    return replace(base, **stated)


def _adequate(section: AdequateSection) -> dict[str, Any]:
    """A tolerance takes a floor's place and the other way round."""
    if section.floor is not None:
        return {"floor": section.floor}
    return {"floor": None} | ({} if section.within is None else {"within": section.within})


def _cache(base: CacheTerms, section: PolicyCacheSection) -> CacheTerms:
    """`base` with what is stated; a rule may forbid tool calls without repeating the time."""
    stated = section.model_dump(exclude_unset=True, exclude={"semantic"})
    if section.semantic is not None:
        stated["semantic"] = section.semantic.as_terms()
    return replace(base, **stated)


def _pool(section: PoolSection) -> Pool:
    lists = (section.ids, section.with_tags, section.without_tags)
    return Pool(*map(frozenset, lists))


_TERMS: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "reference": lambda value: {"reference": value},
    "otherwise": lambda value: {"otherwise": value},
    "fall_back_to": lambda value: {"fall_back_to": value},
    "adequate": _adequate,
    "latency": lambda s: {"first_content_s": s.first_content_s, "total_s": s.total_s},
    "deadlines": lambda s: {"deadlines": Deadlines(s.first_content_s, s.stall_s, s.total_s)},
    "hedge": lambda s: {"hedge": Hedge(s.after_quantile, s.share)},
    "models": lambda s: {"pool": _pool(s)},
    "ceiling_usd": lambda value: {"ceiling": Money.from_usd(value)},
}
"""What each key of a policy states. A new key is a field of `TermsSection` and a row here; the parts
of `cache` are stated one by one."""

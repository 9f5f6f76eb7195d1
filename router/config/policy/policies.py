"""Turns policy files into policies."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from msgspec import Struct

from router.config.policy.cascades import Contradiction, strategy_of
from router.config.policy.files import policy_files
from router.config.policy.schema import (
    AdequateSection,
    DeadlinesSection,
    ExampleSection,
    LatencySection,
    PolicyCacheSection,
    PolicyFile,
    PoolSection,
    RuleSection,
    TermsSection,
    WeightedSection,
)
from router.config.problems import validated_partly
from router.config.words import is_name
from router.config.yaml_file import Place, YamlFile, read_yaml
from router.decision.conditions import CONDITIONS
from router.decision.policy import Condition, Policy, Rule, Terms
from router.domain.errors import ConfigError, Problem
from router.domain.members import replace
from router.domain.money import Money
from router.domain.nearest import nearest
from router.domain.objective import Aim, Objective

_VERSION_DIGITS = 12


class LoadedPolicy(Struct, frozen=True):
    """A policy with its tests; `on_simulated` says that these are meant for the simulated models."""

    policy: Policy
    examples: tuple[ExampleSection, ...]
    on_simulated: bool
    file: YamlFile


Read = Callable[[Path], YamlFile]
"""Reads a file; raises ConfigError."""


def load_policies(
    folder: Path, read: Read = read_yaml
) -> tuple[dict[str, LoadedPolicy], list[Problem]]:
    """Every sound policy in `folder` by name, and everything that is wrong in the others."""
    drafts = dict[str, Draft]()
    paths, problems = policy_files(folder)
    for path in paths:
        try:
            drafts[path.stem] = read_policy(path, read)
        except ConfigError as error:
            problems.extend(error.problems)
    unsound = {Path(problem.file).stem for problem in problems}
    loaded, wrong = linked(drafts, unsound)
    return loaded, [*problems, *wrong]


class Draft(Struct, frozen=True):
    """A policy file by itself, before the policies that it extends are looked up."""

    section: PolicyFile
    file: YamlFile


def read_policy(path: Path, read: Read = read_yaml) -> Draft:
    """The file at `path` by itself. Raises ConfigError with everything that is wrong with its keys."""
    file = read(path)
    section, found, sound = validated_partly(PolicyFile, file)
    if section is None:
        raise ConfigError(found)
    problems = list(found)
    if section.policy != path.stem:
        problems.append(file.problem(("policy",), _other_name(section.policy, path.stem)))
    for index, rule in enumerate(section.rules):
        _conditions(rule, sound, index, problems)
    problems.extend(_named_again(section.rules, sound))
    if problems:
        raise ConfigError(tuple(dict.fromkeys(problems)))
    return Draft(section, file)


def _named_again(rules: Sequence[RuleSection], file: YamlFile) -> Iterator[Problem]:
    """A problem for each rule with the name of one above it: it would be taken for that one, and never apply."""
    above = set[str]()
    for index, rule in enumerate(rules):
        if rule.name in above:
            said = "is the name of a rule above, too; rules of one file have different names"
            yield file.problem(("rules", index, "name"), said)
        above.add(rule.name)


def _other_name(policy: str, file: str) -> str:
    """What is wrong with a policy whose file is called otherwise, perhaps as no policy can be called."""
    if is_name(file):
        return f"must be '{file}', the name of its file"
    return f"must be the name of its file, which no policy can have: name it {policy}.yaml"


def linked(
    drafts: Mapping[str, Draft], unsound: Collection[str] = ()
) -> tuple[dict[str, LoadedPolicy], list[Problem]]:
    """The policies, each with what it extends, and what is wrong between them.

    `unsound` are those whose files are wrong by themselves: a policy that extends one is left out without
    a second complaint.
    """
    loaded, problems = dict[str, LoadedPolicy](), list[Problem]()
    for name, draft in drafts.items():
        line, problem = _line_of(name, drafts, unsound)
        if problem:
            problems.append(draft.file.problem(("extends",), problem))
        elif line:
            try:
                loaded[name] = _loaded(line)
            except _Impossible as impossible:
                problems.append(impossible.problem)
    return loaded, problems


class _Impossible(ValueError):
    """Terms that make no sense together although each section by itself does; `problem` says where."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


def _line_of(
    name: str, drafts: Mapping[str, Draft], unsound: Collection[str]
) -> tuple[list[Draft], str]:
    """The policy, the one that it extends, and so on; or what is wrong with this chain."""
    line, names = [drafts[name]], [name]
    while (base := line[-1].section.extends) is not None:
        if base in names:
            return [], f"is circular: {' -> '.join([*names, base])}"
        if base in unsound:
            return [], ""
        if base not in drafts:
            return [], f"there is no policy '{base}'{nearest(base, drafts)}"
        line.append(drafts[base])
        names.append(base)
    return line, ""


def _loaded(line: Sequence[Draft]) -> LoadedPolicy:
    """The policy of the first draft, whose terms build on those of the drafts after it."""
    draft, terms = line[0], Terms()
    for each in reversed(line):
        terms = _merged(terms, each.section, each.file)
    rules = dict[str, Rule]()
    for each in line:
        for index, rule in enumerate(each.section.rules):
            if rule.name not in rules:
                conditions = _conditions(rule, each.file, index, [])
                then = _merged(terms, rule.then, each.file, ("rules", index, "then"))
                rules[rule.name] = Rule(rule.name, conditions, then)
    section, version = draft.section, _version([each.file.digest for each in line])
    intent, on_simulated = section.intent.strip(), section.examples_on == "simulated"
    policy = Policy(section.policy, version, intent, terms, tuple(rules.values()))
    return LoadedPolicy(policy, tuple(section.examples), on_simulated, draft.file)


def _version(digests: Sequence[str]) -> str:
    """The hash of a policy's file, or of all files that it is built from."""
    whole = digests[0] if len(digests) == 1 else sha256("".join(digests).encode()).hexdigest()
    return whole[:_VERSION_DIGITS]


def _conditions(
    rule: RuleSection, file: YamlFile, index: int, problems: list[Problem]
) -> tuple[Condition, ...]:
    found: list[Condition] = []
    for name, value in rule.when.items():
        place = ("rules", index, "when", name)
        if name not in CONDITIONS:
            problems.append(file.problem(place, f"unknown condition{nearest(name, CONDITIONS)}"))
            continue
        try:
            found.append(CONDITIONS[name](value))
        except ValueError as error:
            problems.append(file.problem(place, str(error)))
    return tuple(found)


def _merged(base: Terms, section: TermsSection, file: YamlFile, place: Place = ()) -> Terms:
    """`base` with what `section` states; what it does not state stays.

    A `null` is a statement, too: it resets the term to its default. Raises _Impossible.
    """
    stated: dict[str, Any] = {}
    for name, part in _PARTS.items():
        if (value := getattr(section, name)) is not None:
            stated |= part.terms_of(base, value)
        elif name in section.model_fields_set:
            stated |= {field: getattr(_DEFAULTS, field) for field in part.fields}
    try:
        stated |= strategy_of(base, section)
    except Contradiction as error:
        raise _Impossible(file.problem((*place, error.key), str(error))) from error
    return replace(base, **stated)


def _adequate(_: Terms, section: AdequateSection) -> dict[str, Any]:
    """The terms: a stated tolerance replaces a floor, and a stated floor a tolerance."""
    written = section.model_dump(exclude_unset=True)
    stated = {
        name: getattr(_DEFAULTS, name) if value is None else value
        for name, value in written.items()
    }
    return stated if section.within is None else stated | {"floor": None}


def _latency(_: Terms, section: LatencySection) -> dict[str, Any]:
    stated = section.model_dump(exclude_unset=True)
    if "quantile" in stated:
        stated["latency_quantile"] = stated.pop("quantile") or _DEFAULTS.latency_quantile
    return stated


def _deadlines(base: Terms, section: DeadlinesSection) -> dict[str, Any]:
    return {"deadlines": replace(base.deadlines, **section.model_dump(exclude_unset=True))}


def _objective(base: Terms, value: str | WeightedSection) -> dict[str, Any]:
    if isinstance(value, str):
        return {"objective": Objective(Aim(value))}
    stated = value.model_dump(exclude_unset=True)
    weights = {name: Money.from_usd(usd) for name, usd in stated.items()}
    return {"objective": replace(base.objective, aim=Aim.WEIGHTED, **weights)}


def _cache(base: Terms, section: PolicyCacheSection) -> dict[str, Any]:
    """The terms: a rule may forbid tool calls without repeating the time."""
    stated = section.model_dump(exclude_unset=True)
    if section.semantic is not None:
        more = section.semantic.model_dump(exclude_unset=True)
        stated["semantic"] = replace(base.cache.semantic, **more)
    elif "semantic" in stated:
        stated["semantic"] = _DEFAULTS.cache.semantic
    return {"cache": replace(base.cache, **stated)}


def _pool(base: Terms, section: PoolSection) -> dict[str, Any]:
    """The terms: a rule may name models without lifting what the policy says of their tags."""
    stated = {
        name: frozenset(words) for name, words in section.model_dump(exclude_unset=True).items()
    }
    return {"pool": replace(base.pool, **stated)}


class _Part(Struct, frozen=True):
    """What a key of a policy states: the fields of `Terms` that it may set, and how, given what they were."""

    fields: tuple[str, ...]
    terms_of: Callable[[Terms, Any], dict[str, Any]]


_DEFAULTS = Terms()
_PARTS: Mapping[str, _Part] = {
    "reference": _Part(("reference",), lambda _, value: {"reference": value}),
    "otherwise": _Part(("otherwise",), lambda _, value: {"otherwise": value}),
    "fall_back_to": _Part(("fall_back_to",), lambda _, value: {"fall_back_to": value}),
    "adequate": _Part(("floor", "within", "confidence"), _adequate),
    "objective": _Part(("objective",), _objective),
    "latency": _Part(("first_content_s", "total_s", "latency_quantile"), _latency),
    "deadlines": _Part(("deadlines",), _deadlines),
    "strategy": _Part(("hedge", "cascade"), lambda *_: {}),
    "hedge": _Part(("hedge",), lambda *_: {}),
    "cascade": _Part(("cascade",), lambda *_: {}),
    "models": _Part(("pool",), _pool),
    "ceiling_usd": _Part(("ceiling",), lambda _, value: {"ceiling": Money.from_usd(value)}),
    "cache": _Part(("cache",), _cache),
}
"""What each key of a policy states. A new key is a field of `TermsSection` and a row here; the members of a
section are stated individually. Strategies are stated by `strategy_of`."""

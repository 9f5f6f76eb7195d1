"""Policy files: parsed into terms and rules, and every mistake reported with its place."""

import json
import re
from pathlib import Path
from textwrap import indent

import pytest
from jsonschema import Draft202012Validator

from router.cli.check import check_examples, doubts_about, judge_of, with_policies_of
from router.config.policies import load_policies, load_policy
from router.config.yaml_file import read_yaml
from router.decision.policy import Circumstances, FallBackTo, Otherwise, PolicyPool, Terms
from router.decision.resolve import Route
from router.domain.caching import CacheTerms
from router.domain.category import Category
from router.domain.deadlines import Deadlines
from router.domain.errors import ConfigError
from router.domain.features import Features
from router.domain.hedge import Hedge
from router.domain.members import replace
from router.domain.money import Money
from router.domain.objective import Aim, Objective
from router.domain.semantic import Sameness, SemanticMode, SemanticTerms
from tests.config.files import ROOT, SOUND, complaints, loaded, written

HEAD = "policy: mine\nintent: a policy for a test\n"


def policy_file(folder: Path, text: str, name: str = "mine") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(text)
    return path


def terms(folder: Path, text: str) -> Terms:
    return load_policy(policy_file(folder, HEAD + text)).policy.terms


def told(folder: Path, text: str, name: str = "mine") -> list[str]:
    path = policy_file(folder, text, name)
    with pytest.raises(ConfigError) as refused:
        load_policy(path)
    return [str(problem).removeprefix(f"{folder}/") for problem in refused.value.problems]


def test_the_shipped_policies_are_sound() -> None:
    loaded_policies, problems = load_policies(ROOT / "policies")

    assert problems == []
    assert set(loaded_policies) >= {"balanced", "cheap", "quality"}
    assert all(each.examples for each in loaded_policies.values())
    assert all(len(each.policy.version) == 12 for each in loaded_policies.values())


def test_a_policy_without_a_word_on_it_has_the_usual_terms(tmp_path: Path) -> None:
    assert terms(tmp_path, "") == Terms()


def test_everything_that_a_policy_can_say_is_heard(tmp_path: Path) -> None:
    said = """\
reference: gpt-6-sol
adequate: {floor: 0.7}
latency: {first_content_s: 2, total_s: 30}
models: {ids: [a, b], with_tags: [x], without_tags: [y]}
ceiling_usd: 0.01
otherwise: refuse
fall_back_to: none
cache: {ttl_s: 60}
"""
    found = terms(tmp_path, said)

    assert (found.reference, found.floor) == ("gpt-6-sol", 0.7)
    assert (found.first_content_s, found.total_s) == (2.0, 30.0)
    assert found.pool.ids == {"a", "b"}
    assert found.pool.with_tags == {"x"}
    assert found.pool.without_tags == {"y"}
    assert found.ceiling == Money.from_usd("0.01")
    assert (found.otherwise, found.fall_back_to) == (Otherwise.REFUSE, FallBackTo.NONE)
    assert found.cache.ttl_s == 60


def test_a_rule_restates_some_of_it_and_keeps_the_rest(tmp_path: Path) -> None:
    said = """\
adequate: {floor: 0.7}
cache: {ttl_s: 60}
rules:
  - name: long maths
    when: {category: maths, min_prompt_tokens: 100}
    then: {adequate: {within: 0.1}, otherwise: cheapest}
  - {name: all, when: {}, then: {cache: {ttl_s: 0}}}
"""
    policy = load_policy(policy_file(tmp_path, HEAD + said)).policy

    name, found = policy.terms_for(Features(100, Category.MATHS), Circumstances())
    assert name == "long maths"
    assert (found.floor, found.within, found.otherwise) == (None, 0.1, Otherwise.CHEAPEST)
    assert found.cache.ttl_s == 60
    name, found = policy.terms_for(Features(99, Category.MATHS), Circumstances())
    assert (name, found.floor, found.cache.ttl_s) == ("all", 0.7, 0)


def test_what_a_rule_does_not_mention_of_a_term_stays(tmp_path: Path) -> None:
    said = """\
models: {ids: [a, b], with_tags: [eu], without_tags: [logs]}
latency: {first_content_s: 2, total_s: 20, quantile: 0.9}
deadlines: {total_s: 30, stall_s: 9}
hedge: {after_quantile: 0.8, share: 0.2}
objective: {usd_per_point: 0.01, usd_per_s: 0.02}
cache: {ttl_s: 60, semantic: {mode: on, by: meaning, limit: 0.1}}
rules:
  - {name: other models, when: {}, then: {models: {ids: [c]}}}
  - {name: other tags, when: {}, then: {models: {with_tags: []}}}
  - {name: sooner, when: {}, then: {latency: {total_s: 10}, deadlines: {first_content_s: 5}}}
  - {name: whenever, when: {}, then: {latency: {total_s: null, quantile: null}, hedge: {share: 0.1}}}
  - {name: hurried, when: {}, then: {objective: {usd_per_s: 0.03}}}
  - {name: closer, when: {}, then: {cache: {semantic: {similarity: 0.99}}}}
  - {name: the same, when: {}, then: {strategy: hedge, models: {}, latency: {}, deadlines: {}, cache: {}}}
"""
    policy = load_policy(policy_file(tmp_path, HEAD + said)).policy
    found = {rule.name: rule.terms for rule in policy.rules}

    eu, logs = frozenset({"eu"}), frozenset({"logs"})
    assert found["other models"].pool == PolicyPool(frozenset({"c"}), eu, logs)
    assert found["other tags"].pool == PolicyPool(frozenset({"a", "b"}), frozenset(), logs)
    sooner, whenever = found["sooner"], found["whenever"]
    assert (sooner.first_content_s, sooner.total_s, sooner.latency_quantile) == (2.0, 10.0, 0.9)
    assert sooner.deadlines == Deadlines(first_content_s=5.0, stall_s=9.0, total_s=30.0)
    assert (whenever.first_content_s, whenever.total_s, whenever.latency_quantile) == (2, None, 0.5)
    assert whenever.hedge == Hedge(0.8, 0.1)
    point, second = Money.from_usd("0.01"), Money.from_usd("0.03")
    assert found["hurried"].objective == Objective(Aim.WEIGHTED, point, second)
    close = SemanticTerms(SemanticMode.ON, Sameness.MEANING, similarity=0.99, limit=0.1)
    assert found["closer"].cache == CacheTerms(ttl_s=60, semantic=close)
    assert found["the same"] == policy.terms


def test_its_version_is_that_of_its_text(tmp_path: Path) -> None:
    versions = {
        load_policy(policy_file(tmp_path, HEAD + said)).policy.version
        for said in ("", "", "otherwise: best\n", "# a remark\n")
    }
    assert len(versions) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "mine.yaml: must be a mapping of keys to values"),
        ("policy: mine\n", "mine.yaml: intent (line 1): is missing"),
        (
            "policy: mine\nintent: short\n",
            "mine.yaml: intent (line 2): must have at least 10 characters",
        ),
        (
            f"{HEAD}adeqate: {{within: 0.1}}\n",
            "mine.yaml: adeqate (line 3): unknown key; did you mean 'adequate'?",
        ),
        (
            f"{HEAD}adequate: {{witin: 0.1}}\n",
            "mine.yaml: adequate.witin (line 3): unknown key; did you mean 'within'?",
        ),
        (
            f"{HEAD}adequate: {{within: 1.1}}\n",
            "mine.yaml: adequate.within (line 3): must be less than or equal to 1",
        ),
        (
            f"{HEAD}adequate: {{within: 0.1, floor: 0.5}}\n",
            "mine.yaml: adequate (line 3): needs either 'within' or 'floor', not both",
        ),
        (
            f"{HEAD}adequate: {{}}\n",
            "mine.yaml: adequate (line 3): needs 'within', 'floor' or 'confidence'",
        ),
        (
            f"{HEAD}otherwise: maybe\n",
            "mine.yaml: otherwise (line 3): must be 'best', 'cheapest' or 'refuse'",
        ),
        (
            f"{HEAD}ceiling_usd: -1\n",
            "mine.yaml: ceiling_usd (line 3): must be greater than or equal to 0",
        ),
        (
            f"{HEAD}cache: {{ttl_s: 1.5}}\n",
            "mine.yaml: cache.ttl_s (line 3): must be a whole number",
        ),
        (
            "policy: other\nintent: a policy for a test\n",
            "mine.yaml: policy (line 1): must be 'mine', the name of its file",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, expected: str, tmp_path: Path) -> None:
    assert told(tmp_path, text) == [expected]


def test_mistakes_in_rules_are_told_together(tmp_path: Path) -> None:
    said = """\
rules:
  - name: one
    when: {categry: maths, min_turns: -1}
    then: {}
  - name: two
    when: {category: math}
    then: {}
"""
    assert told(tmp_path, HEAD + said) == [
        "mine.yaml: rules[0].when.categry (line 5): unknown condition; did you mean 'category'?",
        "mine.yaml: rules[0].when.min_turns (line 5): must be a whole number >= 0, not -1",
        "mine.yaml: rules[1].when.category (line 8): does not accept math; did you mean 'maths'?",
    ]


def test_a_rule_that_is_no_rule_is_told_once(tmp_path: Path) -> None:
    said = "rules:\n  - 5\n  - {name: x, when: {}, thn: {}}\n  - {name: y, when: {}, then: {}}\n"

    assert told(tmp_path, HEAD + said) == [
        "mine.yaml: rules[0] (line 4): must be a mapping of keys to values",
        "mine.yaml: rules[1].then (line 5): is missing",
        "mine.yaml: rules[1].thn (line 5): unknown key; did you mean 'then'?",
    ]


def test_mistakes_of_all_policies_and_of_the_config_are_told_together(tmp_path: Path) -> None:
    text = f"{SOUND}policies: {{default: lost, routes: {{'gpt-*': chaep}}}}\n"
    policy_file(written(tmp_path, text).parent / "policies", "policy: [", "broken")

    found = complaints(tmp_path, text)

    assert found == [
        "policies/broken.yaml: line 1: expected the node content, but found '<stream end>'",
        "config.yaml: policies.default (line 6): there is no policy 'lost'; available: balanced, cheap, quality",
        "config.yaml: policies.routes.gpt-* (line 6): there is no policy 'chaep'; did you mean 'cheap'?",
    ]


def test_a_folder_without_policies_is_told(tmp_path: Path) -> None:
    found = complaints(tmp_path, f"{SOUND}policies: {{directory: none}}\n")

    assert found[0].startswith(
        "none: there is no such folder of policies; make it, or name another"
    )


def test_a_policys_example_that_fails_says_what_came_out(tmp_path: Path) -> None:
    written(tmp_path, SOUND)
    examples = """\
examples_on: simulated
examples:
  - {name: right, request: {prompt: "What is 2 + 2?"}, expect: {category: maths, model: sim-frontier}}
  - {name: wrong, request: {prompt: "What is 2 + 2?"}, expect: {category: chat, tag: gone, reason: pinned}}
  - {name: no request, request: {prompt: 5}, expect: {model: sim-mid}}
"""
    policy_file(tmp_path / "policies", HEAD + examples)
    settings = loaded(tmp_path, SOUND)
    results = {
        result.name: result.failure
        for result in check_examples(settings, judge_of(settings))
        if result.name.startswith("mine")
    }
    assert results == {
        "mine: right": "",
        "mine: wrong": (
            ": expected category chat, got maths; expected tag gone, got none of simulated;"
            " expected reason pinned, got cheapest-adequate"
        ),
        "mine: no request": (": 'messages[0].content' must be a string or a list of parts, not 5."),
    }


def test_indentation_of_examples_does_not_matter(tmp_path: Path) -> None:
    assert terms(tmp_path, "adequate:\n" + indent("floor: 0.5\n", "      ")).floor == 0.5


# ---------------------------------------------------------------------- the rest of the language


def test_what_a_policy_aims_at(tmp_path: Path) -> None:
    weighted = "objective: {usd_per_point: 0.001, usd_per_s: 0.01}\n"

    assert terms(tmp_path, "objective: fastest-start\n").objective == Objective(Aim.FASTEST_START)
    assert terms(tmp_path, weighted).objective == Objective(
        Aim.WEIGHTED, Money.from_usd("0.001"), Money.from_usd("0.01")
    )


def test_confidence_and_quantiles_are_heard(tmp_path: Path) -> None:
    said = "adequate: {confidence: 0.9}\nlatency: {total_s: 9, quantile: 0.95}\n"
    found = terms(tmp_path, said)

    assert (found.within, found.floor, found.confidence) == (0.05, None, 0.9)
    assert (found.total_s, found.latency_quantile) == (9.0, 0.95)


def test_null_takes_a_term_back(tmp_path: Path) -> None:
    said = """\
adequate: {floor: 0.7, confidence: 0.8}
ceiling_usd: 0.01
models: {ids: [a]}
strategy: hedge
cache: {ttl_s: 60}
rules:
  - name: free of it all
    when: {}
    then: {adequate: null, ceiling_usd: null, models: null, hedge: null, cache: null}
  - name: one at a time
    when: {}
    then: {strategy: single}
"""
    policy = load_policy(policy_file(tmp_path, HEAD + said)).policy

    assert policy.terms.hedge == Hedge(0.95, 0.05)
    assert policy.rules[0].terms == Terms()
    assert policy.rules[1].terms == replace(policy.terms, hedge=None)


def test_a_policy_stands_on_another_one(tmp_path: Path) -> None:
    base = """\
adequate: {floor: 0.7}
ceiling_usd: 0.01
rules:
  - {name: maths, when: {category: maths}, then: {otherwise: refuse}}
  - {name: long, when: {min_prompt_tokens: 100}, then: {otherwise: cheapest}}
"""
    upper = """\
extends: base
adequate: {within: 0.2}
rules:
  - {name: chat, when: {category: chat}, then: {ceiling_usd: 0.5}}
  - {name: long, when: {min_prompt_tokens: 200}, then: {otherwise: best}}
"""
    policy_file(tmp_path, f"policy: base\nintent: what others stand on\n{base}", "base")
    policy_file(tmp_path, HEAD + upper)
    loaded_policies, problems = load_policies(tmp_path)
    policy = loaded_policies["mine"].policy

    assert problems == []
    assert (policy.terms.floor, policy.terms.within) == (None, 0.2)
    assert policy.terms.ceiling == Money.from_usd("0.01")
    assert [rule.name for rule in policy.rules] == ["chat", "long", "maths"]
    assert policy.rules[2].terms == replace(policy.terms, otherwise=Otherwise.REFUSE)

    policy_file(tmp_path, f"policy: base\nintent: what others stand on!\n{base}", "base")
    changed = load_policies(tmp_path)[0]["mine"].policy
    assert changed.version != policy.version


def test_policies_that_stand_on_nothing(tmp_path: Path) -> None:
    for name, base in (("a", "b"), ("b", "c"), ("c", "a"), ("d", "bb"), ("e", "e")):
        text = f"policy: {name}\nintent: a policy for a test\nextends: {base}\n"
        policy_file(tmp_path, text, name)
    loaded_policies, problems = load_policies(tmp_path)

    assert loaded_policies == {}
    assert [str(problem).removeprefix(f"{tmp_path}/") for problem in problems] == [
        "a.yaml: extends (line 3): is circular: a -> b -> c -> a",
        "b.yaml: extends (line 3): is circular: b -> c -> a -> b",
        "c.yaml: extends (line 3): is circular: c -> a -> b -> c",
        "d.yaml: extends (line 3): there is no policy 'bb'; did you mean 'b'?",
        "e.yaml: extends (line 3): is circular: e -> e",
    ]


def test_who_stands_on_a_broken_policy_is_not_blamed_for_it(tmp_path: Path) -> None:
    policy_file(tmp_path, "policy: base\nintent: shrt\n", "base")
    policy_file(tmp_path, f"{HEAD}extends: base\n")
    loaded_policies, problems = load_policies(tmp_path)

    assert loaded_policies == {}
    assert [problem.file.removeprefix(f"{tmp_path}/") for problem in problems] == ["base.yaml"]


def test_a_route_may_say_what_its_name_stands_for(tmp_path: Path) -> None:
    routes = "policies: {routes: {gpt-4o: cheap, claude-*: {policy: cheap, reference: sim-mid}}}\n"
    book = loaded(tmp_path, SOUND + routes).book

    assert book.routes == {"gpt-4o": Route("cheap"), "claude-*": Route("cheap", "sim-mid")}


# ------------------------------------------------------------------------------ the ten situations


def test_the_ten_situations_hold_and_nothing_about_them_is_doubtful(tmp_path: Path) -> None:
    text = f"""\
{(ROOT / "config.example.yaml").read_text().partition("upstreams:")[0]}
upstreams: {{simulated: {{kind: simulated}}}}
models: {{sim-open-8b: {{upstream: simulated}}, sim-open-70b: {{upstream: simulated}},
  sim-mid: {{upstream: simulated}}, sim-frontier: {{upstream: simulated}}}}
keys: [{{name: mobile-ios, key: "${{K}}"}}]
budgets: [{{policy: balanced, usd: 500, per: month}}]
"""
    settings = loaded(tmp_path, text, {"K": "a-secret"})
    examples = with_policies_of(ROOT / "policies" / "examples", settings)
    results = list(check_examples(examples, judge_of(examples)))

    assert len(examples.policies) == 10
    assert [result for result in results if result.failure] == []
    assert all(loaded_policy.examples for loaded_policy in examples.policies.values())
    assert list(doubts_about(examples, judge_of(examples))) == [
        (
            "policy never-worse: decides nothing: of the 131 requests of the shipped sample it would send"
            " every one that it answers to sim-frontier"
        )
    ]


# ------------------------------------------------------------------------------------- the schema


SCHEMA = json.loads((ROOT / "policies" / "policy.schema.json").read_text())


@pytest.mark.parametrize("file", sorted((ROOT / "policies").rglob("*.yaml")), ids=lambda f: f.stem)
def test_an_editor_finds_the_shipped_policies_in_order(file: Path) -> None:
    data = json.loads(json.dumps(read_yaml(file).data, default=str))
    first = file.read_text().splitlines()[0]

    Draft202012Validator(SCHEMA).validate(data)
    shown = first.removeprefix("# yaml-language-server: $schema=")
    assert (file.parent / shown).resolve() == ROOT / "policies" / "policy.schema.json"


@pytest.mark.parametrize(
    "text",
    [
        "adequat: {within: 0.1}",
        "adequate: {within: 2}",
        "objective: quickest",
        "rules: [{name: a, when: {categry: maths}, then: {}}]",
        "rules: [{name: a, when: {category: math}, then: {}}]",
        "rules: [{name: a, when: {time: {from: '25h'}}, then: {}}]",
        "rules: [{name: a, when: {min_turns: -1}, then: {}}]",
        "cache: {ttl: 5}",
    ],
)
def test_an_editor_and_the_loader_find_the_same_mistakes(tmp_path: Path, text: str) -> None:
    data = read_yaml(policy_file(tmp_path, HEAD + text)).data

    assert not Draft202012Validator(SCHEMA).is_valid(data)
    assert told(tmp_path, HEAD + text)


@pytest.mark.parametrize(
    ("objective", "problem"),
    [
        (
            "quickest",
            "objective (line N): must be 'cheapest', 'fastest', 'fastest-start' or 'best'",
        ),
        ("{}", "objective (line N): must be 'cheapest', 'fastest', 'fastest-start' or 'best'"),
        (
            "{usd_per_pont: 1}",
            "objective.usd_per_pont (line N): unknown key; did you mean 'usd_per_point'?",
        ),
        ("{usd_per_s: x}", "objective.usd_per_s (line N): must be a number"),
        ("{usd_per_s: -1}", "objective.usd_per_s (line N): must be greater than or equal to 0"),
    ],
)
def test_a_mistake_in_one_of_two_forms_is_told_once_and_in_our_words(
    tmp_path: Path, objective: str, problem: str
) -> None:
    said = told(tmp_path, HEAD + f"objective: {objective}\n")

    assert [re.sub(r"line \d+", "line N", each.partition(": ")[2]) for each in said] == [problem]

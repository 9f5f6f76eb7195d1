"""Every mistake in a policy is reported with its place, by the loader and in an editor."""

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from router.config.policy.policies import load_policies
from router.config.yaml_file import read_yaml
from tests.config.files import ROOT, SOUND, complaints, written
from tests.config.policy_texts import HEAD, policy_file, told

SCHEMA = json.loads((ROOT / "policies" / "policy.schema.json").read_text())


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


def test_a_rule_has_a_name_of_its_own(tmp_path: Path) -> None:
    said = """\
rules:
  - {name: one, when: {category: maths}, then: {}}
  - {name: one, when: {category: chat}, then: {}}
  - {name: "", when: {category: writing}, then: {}}
"""
    assert told(tmp_path, HEAD + said) == [
        "mine.yaml: rules[2].name (line 6): must have at least 1 character",
        "mine.yaml: rules[1].name (line 5): is the name of a rule above, too; rules of one file have different names",
    ]


def test_a_mistake_is_told_where_it_is_although_a_rule_before_it_is_none(tmp_path: Path) -> None:
    said = "rules:\n  - {name: x}\n  - {name: y, when: {category: math}, then: {}}\n"

    assert told(tmp_path, HEAD + said)[-1] == (
        "mine.yaml: rules[1].when.category (line 5): does not accept math; did you mean 'maths'?"
    )


def test_a_rule_that_is_no_rule_is_told_once(tmp_path: Path) -> None:
    said = "rules:\n  - 5\n  - {name: x, when: {}, thn: {}}\n  - {name: y, when: {}, then: {}}\n"

    assert told(tmp_path, HEAD + said) == [
        "mine.yaml: rules[0] (line 4): must be a mapping of keys to values",
        "mine.yaml: rules[1].then (line 5): is missing",
        "mine.yaml: rules[1].thn (line 5): unknown key; did you mean 'then'?",
    ]


@pytest.mark.parametrize(
    ("objective", "problem"),
    [
        (
            "quickest",
            (
                "objective (line N): must be 'cheapest', 'fastest', 'fastest-start' or 'best', or a mapping of keys to"
                " values"
            ),
        ),
        (
            "{}",
            "objective (line N): needs 'usd_per_point' or 'usd_per_s' above 0; otherwise write 'cheapest'",
        ),
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


def test_models_to_fall_back_to_are_a_list(tmp_path: Path) -> None:
    assert told(tmp_path, HEAD + "fall_back_to: sim-mid\n") == [
        "mine.yaml: fall_back_to (line 3): must be 'adequate', 'any' or 'none', or a list"
    ]


def test_mistakes_of_all_policies_and_of_the_config_are_told_together(tmp_path: Path) -> None:
    text = f"{SOUND}policies: {{default: lost, routes: {{'gpt-*': chaep}}}}\n"
    policy_file(written(tmp_path, text).parent / "policies", "policy: [", "broken")

    found = complaints(tmp_path, text)

    assert found == [
        "policies/broken.yaml: line 1: expected the node content, but found '<stream end>'",
        (
            "config.yaml: policies.default (line 6): there is no policy 'lost'; available: balanced, broken, cheap,"
            " quality"
        ),
        "config.yaml: policies.routes.gpt-* (line 6): there is no policy 'chaep'; did you mean 'cheap'?",
    ]


def test_a_folder_without_policies_is_told(tmp_path: Path) -> None:
    found = complaints(tmp_path, f"{SOUND}policies: {{directory: none}}\n")

    assert found[0].startswith(
        "none: there is no such folder of policies; make it, or name another"
    )


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

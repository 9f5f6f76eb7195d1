"""What policies say of cascades: how little is enough, what rules restate, and every mistake with its place."""

from pathlib import Path

import pytest

from router.config.load import load_settings
from router.config.policy.policies import load_policies
from router.decision.policy import Terms
from router.domain.cascade import AGREEMENT, CascadeTerms, CascadeUse, Check, StepRecipe
from router.domain.cascade import Test as By
from router.domain.errors import ConfigError
from router.domain.hedge import Hedge
from router.domain.members import replace
from tests.config.files import ROOT, SOUND, complaints, loaded, written
from tests.config.policy_texts import HEAD, policy_file, rules, terms, told

PAIR = StepRecipe(("a", "b"))


@pytest.mark.parametrize("text", ["strategy: cascade\n", "cascade: {}\n", "cascade: {use: auto}\n"])
def test_a_word_is_enough(text: str, tmp_path: Path) -> None:
    assert terms(tmp_path, text) == Terms(cascade=CascadeTerms(use=CascadeUse.AUTO))


def test_everything_that_a_policy_can_say_of_cascades_is_heard(tmp_path: Path) -> None:
    said = """\
cascade:
  use: always
  steps:
    - {models: [a, a], within_s: 4}
    - {models: [a, b], accept: [agreement, {test: judge, judge: c, at_least: 0.8}]}
    - {models: [b], accept: {test: logprob, at_least: 0.9}}
  final: d
  first_content_s: 8
  keep_alive_s: 2
  check_share: 0.01
"""
    assert terms(tmp_path, said).cascade == CascadeTerms(
        use=CascadeUse.ALWAYS,
        steps=(
            StepRecipe(("a", "a"), AGREEMENT, 4.0),
            StepRecipe(("a", "b"), (*AGREEMENT, Check(By.JUDGE, 0.8, "c"))),
            StepRecipe(("b",), (Check(By.LOGPROB, 0.9),)),
        ),
        final="d",
        first_content_s=8.0,
        keep_alive_s=2.0,
        check_share=0.01,
    )


def test_the_reference_is_the_final_model_by_its_word(tmp_path: Path) -> None:
    assert terms(tmp_path, "cascade: {final: reference}\n").cascade.final == ""


def test_a_rule_forces_forbids_and_bounds_without_repeating_the_steps(tmp_path: Path) -> None:
    said = """\
cascade: {steps: [{models: [a, b]}], first_content_s: 8}
rules:
  - {name: force, when: {category: maths}, then: {cascade: {use: always}}}
  - {name: forbid, when: {category: chat}, then: {cascade: {use: never}}}
  - {name: bound, when: {category: summary}, then: {cascade: {first_content_s: 2}}}
  - {name: pairs, when: {category: knowledge}, then: {cascade: {steps: []}}}
  - {name: forget, when: {category: reasoning}, then: {cascade: null}}
  - {name: one, when: {category: translation}, then: {strategy: single}}
"""
    found = rules(tmp_path, said.replace("category: summary", "min_turns: 2"))
    base = CascadeTerms(use=CascadeUse.AUTO, steps=(PAIR,), first_content_s=8.0)

    assert {name: each.cascade for name, each in found.items()} == {
        "force": replace(base, use=CascadeUse.ALWAYS),
        "forbid": replace(base, use=CascadeUse.NEVER),
        "bound": replace(base, first_content_s=2.0),
        "pairs": replace(base, steps=()),
        "forget": CascadeTerms(),
        "one": replace(base, use=CascadeUse.NEVER),
    }


def test_steps_may_wait_for_a_rule_that_asks_them(tmp_path: Path) -> None:
    said = """\
cascade: {use: never, steps: [{models: [a, b]}]}
rules:
  - {name: asked, when: {category: maths}, then: {strategy: cascade}}
  - {name: forced, when: {category: chat}, then: {cascade: {use: always}}}
"""
    found = rules(tmp_path, said)

    assert found["asked"].cascade == CascadeTerms(use=CascadeUse.AUTO, steps=(PAIR,))
    assert found["forced"].cascade == CascadeTerms(use=CascadeUse.ALWAYS, steps=(PAIR,))


def test_of_hedge_and_cascade_each_takes_the_others_place(tmp_path: Path) -> None:
    hedges = rules(tmp_path, "hedge: {}\nrules: [{name: r, when: {}, then: {strategy: cascade}}]\n")
    cascades = rules(
        tmp_path, "strategy: cascade\nrules: [{name: r, when: {}, then: {strategy: hedge}}]\n"
    )
    off = rules(
        tmp_path, "hedge: {}\nrules: [{name: r, when: {}, then: {cascade: {use: never}}}]\n"
    )

    assert hedges["r"] == Terms(cascade=CascadeTerms(use=CascadeUse.AUTO))
    assert cascades["r"] == Terms(hedge=Hedge(0.95, 0.05))
    assert off["r"] == Terms(hedge=Hedge(0.95, 0.05))


def test_a_policy_takes_over_the_steps_of_the_one_that_it_stands_on(tmp_path: Path) -> None:
    base = HEAD.replace("mine", "base") + "cascade: {use: never, steps: [{models: [a, b]}]}\n"
    policy_file(tmp_path, base, "base")
    policy_file(tmp_path, HEAD + "extends: base\ncascade: {use: always}\n")
    found, problems = load_policies(tmp_path)

    assert problems == []
    assert found["mine"].policy.terms.cascade == CascadeTerms(use=CascadeUse.ALWAYS, steps=(PAIR,))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "strategy: hedge\ncascade: {}\n",
            "strategy (line 3): 'strategy: hedge' does not go with 'cascade'",
        ),
        (
            "hedge: {}\nstrategy: cascade\n",
            "strategy (line 4): 'strategy: cascade' does not go with 'hedge'",
        ),
        (
            "strategy: single\nhedge: {}\n",
            "strategy (line 3): 'strategy: single' does not go with 'hedge'",
        ),
        (
            "hedge: {}\ncascade: {}\n",
            "hedge (line 3): 'hedge' does not go with 'cascade': write only one of them",
        ),
        ("cascade: {use: always}\n", "cascade (line 3): 'use: always' needs 'steps'"),
        (
            "rules: [{name: r, when: {}, then: {cascade: {use: always}}}]\n",
            "rules[0].then.cascade (line 3): 'use: always' needs 'steps'",
        ),
        (
            "cascade: {use: often}\n",
            "cascade.use (line 3): must be 'never', 'auto' or 'always'",
        ),
        (
            "cascade: {steps: [{models: [a]}]}\n",
            "cascade.steps[0] (line 3): 'agreement' needs two answers: name two models, or one twice",
        ),
        (
            "cascade: {steps: [{models: [a], accept: {test: complete, at_least: 0.9}}]}\n",
            "cascade.steps[0].accept[0] (line 3): the test 'complete' has no bar: leave out 'at_least'",
        ),
        (
            "cascade: {steps: [{models: [a, b], accept: {test: agreement, at_least: 0.5}}]}\n",
            "cascade.steps[0].accept[0] (line 3): 'agreement' is of more than half: 'at_least' must be above 0.5",
        ),
        (
            "cascade: {steps: [{models: [a, b], accept: agrement}]}\n",
            (
                "cascade.steps[0].accept.test (line 3): must be 'agreement', 'similarity', 'complete',"
                " 'schema', 'tool_calls', 'logprob' or 'judge'"
            ),
        ),
        (
            "cascade: {steps: [{models: [a], accept: {test: judge}}]}\n",
            (
                "cascade.steps[0].accept[0] (line 3): the test 'judge' needs the id of a judge, and no"
                " other one does"
            ),
        ),
        (
            "cascade: {steps: [{models: [a, b], acept: agreement}]}\n",
            "cascade.steps[0].acept (line 3): unknown key; did you mean 'accept'?",
        ),
        (
            "cascade: {check_share: 2}\n",
            "cascade.check_share (line 3): must be less than or equal to 1",
        ),
        (
            "cascade: {first_content_s: 0}\n",
            "cascade.first_content_s (line 3): must be greater than 0",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, problem: str, tmp_path: Path) -> None:
    assert told(tmp_path, HEAD + text) == [f"mine.yaml: {problem}"]


def test_models_that_there_are_not_are_told_when_it_starts(tmp_path: Path) -> None:
    said = """\
cascade:
  steps: [{models: [sim-mid, sim-mit], accept: {test: judge, judge: sim-mod}}]
  final: sim-md
rules:
  - {name: r, when: {}, then: {cascade: {steps: [{models: [sim-mid, gone]}]}}}
"""
    written(tmp_path, SOUND)
    policy_file(tmp_path / "policies", HEAD + said)

    assert complaints(tmp_path, SOUND) == [
        "policies/mine.yaml: cascade.final (line 5): there is no model 'sim-md'; did you mean 'sim-mid'?",
        (
            "policies/mine.yaml: cascade.steps[0].models[1] (line 4): there is no model 'sim-mit'; did you"
            " mean 'sim-mid'?"
        ),
        (
            "policies/mine.yaml: cascade.steps[0].accept (line 4): there is no model 'sim-mod'; did you"
            " mean 'sim-mid'?"
        ),
        (
            "policies/mine.yaml: rules[0].then.cascade.steps[0].models[1] (line 7): there is no model"
            " 'gone'; available: sim-mid"
        ),
    ]


@pytest.mark.parametrize(
    ("cascade", "expected"),
    [
        (
            "{use: always, steps: [{models: [sim-mid, sim-mid], accept: similarity}]}",
            [
                "config.yaml: cache.embeddings (line 1): is needed by policy 'mine', whose cascades compare meanings"
            ],
        ),
        ("{use: never, steps: [{models: [sim-mid, sim-mid], accept: similarity}]}", []),
    ],
)
def test_answers_can_be_close_in_meaning_only_where_there_are_vectors(
    cascade: str, expected: list[str], tmp_path: Path
) -> None:
    folder = written(tmp_path, SOUND).parent / "policies"
    policy_file(folder, f"{HEAD}cascade: {cascade}\n")
    try:
        load_settings(tmp_path / "config.yaml", {})
    except ConfigError as refused:
        found = [str(each).removeprefix(f"{tmp_path}/") for each in refused.problems]
    else:
        found = []

    assert found == expected


def test_a_model_that_only_takes_no_part_now_is_no_mistake(tmp_path: Path) -> None:
    text = """\
version: 1
upstreams:
  sim: {kind: simulated}
  elsewhere: {kind: openai, base_url: "https://models.test/v1", api_key: "${K}", enabled: with-key}
models:
  sim-mid: {upstream: sim}
  far: {upstream: elsewhere, price: {input_usd_per_mtok: 1, output_usd_per_mtok: 1}}
"""
    written(tmp_path, text)
    policy_file(
        tmp_path / "policies", HEAD + "cascade: {use: always, steps: [{models: [far, sim-mid]}]}\n"
    )

    assert "far" not in loaded(tmp_path, text).catalog


def test_the_shipped_policies_leave_cascades_to_the_evidence() -> None:
    found, _ = load_policies(ROOT / "policies")
    wanted = {name: each.policy.terms.cascade.use for name, each in found.items()}

    assert wanted == {
        "balanced": CascadeUse.AUTO,
        "cheap": CascadeUse.NEVER,
        "quality": CascadeUse.NEVER,
    }
    assert all(each.policy.terms.cascade.steps == () for each in found.values())

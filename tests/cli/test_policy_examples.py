"""A policy's examples are its tests."""

from pathlib import Path

import pytest

from router.cli.check.command import judge_of, with_policies_of
from router.cli.check.doubts import doubts_about
from router.cli.check.examples import check_examples
from router.domain.errors import ConfigError
from tests.config.files import ROOT, SOUND, loaded, written
from tests.config.policy_texts import HEAD, policy_file


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


def test_policies_that_could_not_be_installed_are_not_sound(tmp_path: Path) -> None:
    settings = loaded(tmp_path, SOUND)
    said = """\
cascade: {use: always, steps: [{models: [sim-mod], accept: complete}]}
cache: {ttl_s: 60, semantic: {mode: on, by: meaning}}
"""
    (drafts := tmp_path / "drafts").mkdir()
    policy_file(drafts, HEAD + said)
    with pytest.raises(ConfigError) as refused:
        with_policies_of(drafts, settings)

    assert [str(each).removeprefix(f"{tmp_path}/") for each in refused.value.problems] == [
        "drafts/mine.yaml: cascade.steps[0].models[0] (line 3): there is no model 'sim-mod'; did you mean 'sim-mid'?",
        "config.yaml: cache.embeddings: is needed by policy 'mine', whose semantic cache compares meanings",
    ]


def test_a_folder_without_policies_is_no_folder_of_sound_ones(tmp_path: Path) -> None:
    settings = loaded(tmp_path, SOUND)
    (empty := tmp_path / "empty").mkdir()

    with pytest.raises(
        ConfigError, match=r"empty: has no policies, which are files named \*\.yaml"
    ):
        with_policies_of(empty, settings)


def test_an_example_is_sent_as_a_client_would_send_it(tmp_path: Path) -> None:
    written(tmp_path, SOUND)
    examples = """\
examples_on: simulated
adequate: {floor: 1}
examples:
  - {name: a long number, request: {prompt: hi, seed: 99999999999999999999}, expect: {category: chat}}
  - {name: no number, request: {prompt: hi, temperature: .nan}, expect: {category: chat}}
  - name: overridden
    request: {prompt: hi, farthing: {tolerance: 1}}
    expect: {reason: cheapest-adequate, model: sim-open-8b}
"""
    policy_file(tmp_path / "policies", HEAD + examples)
    settings = loaded(tmp_path, SOUND)
    results = {
        result.name: result.failure.partition(":")[2].partition(":")[0]
        for result in check_examples(settings, judge_of(settings))
        if result.name.startswith("mine")
    }
    assert results == {
        "mine: a long number": "",
        "mine: no number": " The request body is not valid JSON",
        "mine: overridden": "",
    }


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

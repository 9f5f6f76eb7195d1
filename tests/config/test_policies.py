"""Policy files, parsed into terms and rules."""

from pathlib import Path
from textwrap import indent

from router.config.policy.policies import load_policies
from router.decision.policy import Circumstances, FallBackTo, Otherwise, PolicyPool, Terms
from router.decision.resolve import Route
from router.domain.caching import CacheTerms
from router.domain.category import Category
from router.domain.deadlines import Deadlines
from router.domain.features import Features
from router.domain.hedge import Hedge
from router.domain.members import replace
from router.domain.money import Money
from router.domain.objective import Aim, Objective
from router.domain.semantic import Sameness, SemanticMode, SemanticTerms
from tests.config.files import ROOT, SOUND, loaded
from tests.config.policy_texts import HEAD, policy_file, rules, stated, terms


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
    policy = stated(tmp_path, said)

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
    found, usual = rules(tmp_path, said), terms(tmp_path, said)

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
    assert found["the same"] == usual


def test_its_version_is_that_of_its_text(tmp_path: Path) -> None:
    versions = {
        stated(tmp_path, said).version for said in ("", "", "otherwise: best\n", "# a remark\n")
    }
    assert len(versions) == 3


def test_indentation_of_examples_does_not_matter(tmp_path: Path) -> None:
    assert terms(tmp_path, "adequate:\n" + indent("floor: 0.5\n", "      ")).floor == 0.5


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
    policy = stated(tmp_path, said)

    assert policy.terms.hedge == Hedge(0.95, 0.05)
    assert policy.rules[0].terms == Terms()
    assert policy.rules[1].terms == replace(policy.terms, hedge=None)


def test_null_takes_a_member_back(tmp_path: Path) -> None:
    said = """\
adequate: {floor: 0.7, confidence: 0.8}
cache: {ttl_s: 60, semantic: {mode: on}}
rules:
  - {name: no floor, when: {}, then: {adequate: {floor: null}}}
  - {name: taken at face value, when: {}, then: {adequate: {within: 0.1, confidence: null}}}
  - {name: in these words only, when: {}, then: {cache: {semantic: null}}}
"""
    found = rules(tmp_path, said)

    def bar(name: str) -> tuple[float, float | None, float]:
        return found[name].within, found[name].floor, found[name].confidence

    assert bar("no floor") == (0.05, None, 0.8)
    assert bar("taken at face value") == (0.1, None, 0.5)
    assert found["in these words only"].cache == CacheTerms(ttl_s=60)


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


def test_a_route_may_say_what_its_name_stands_for(tmp_path: Path) -> None:
    routes = "policies: {routes: {gpt-4o: cheap, claude-*: {policy: cheap, reference: sim-mid}}}\n"
    book = loaded(tmp_path, SOUND + routes).book

    assert book.routes == {"gpt-4o": Route("cheap"), "claude-*": Route("cheap", "sim-mid")}

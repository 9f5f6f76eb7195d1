"""What is allowed in a policy and yet hardly meant."""

from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.decision.conditions import CONDITIONS
from router.decision.lint import Surroundings, findings, of_routes
from router.decision.policy import Circumstances, Policy, PolicyPool, Rule, Terms
from router.decision.predicates import is_covered
from router.decision.resolve import PolicyBook, Route
from router.domain.cascade import CascadeTerms, CascadeUse, Check, StepRecipe
from router.domain.cascade import Test as By
from router.domain.category import Category
from router.domain.deadlines import Deadlines
from router.domain.features import Features
from router.domain.members import replace
from router.domain.model import Capability
from router.domain.money import Money
from router.domain.objective import Aim, Objective
from tests.domain.builders import catalog, model

SMALL = model("small", price=("1", "1"), p=0.6, context_tokens=1000, capabilities=frozenset())
TOP = model("top", price=("3", "3"), p=0.9, tags=frozenset({"eu"}))
AROUND = Surroundings(catalog(SMALL, TOP), keys=("team-a",))
OTHER = replace(Terms(), within=0.2)


def rule(name: str, terms: Terms = OTHER, /, **when: Any) -> Rule:
    return Rule(name, tuple(CONDITIONS[each](value) for each, value in when.items()), terms)


def said(*rules: Rule, terms: Terms | None = None, around: Surroundings = AROUND) -> list[str]:
    policy = Policy("p", "v", "a policy for a test", terms or Terms(), rules)
    return [str(each).removeprefix("policy p") for each in findings(policy, around)]


def never(*rules: Rule, around: Surroundings = AROUND) -> str:
    return "".join(each.partition("never applies: ")[2] for each in said(*rules, around=around))


def test_a_policy_in_order_is_passed_over_in_silence() -> None:
    assert said(rule("maths", category="maths"), rule("long", min_prompt_tokens=500)) == []


def test_deadlines_and_targets_later_than_the_servers_own_deadlines() -> None:
    around = replace(AROUND, deadlines=Deadlines(120, 60, 600))
    terms = replace(Terms(), deadlines=Deadlines(120, 30, 60_000), first_content_s=500)

    assert said(terms=terms, around=around) == [
        ": 'deadlines: {total_s: 60000}' has no effect: the 600 s of 'server.timeouts.total_s' end earlier",
        ": 'latency: {first_content_s: 500}' has no effect: the 120 s of 'server.timeouts.first_content_s' end earlier",
    ]


def test_a_tag_that_rules_out_no_model() -> None:
    terms = replace(Terms(), pool=PolicyPool(without_tags=frozenset({"ue"})))

    assert said(rule("same", terms), terms=terms)[0] == (
        ": rules out the tag 'ue', which no model has now; did you mean 'eu'?"
    )
    assert said(terms=replace(Terms(), pool=PolicyPool(without_tags=frozenset({"eu"})))) == []


@pytest.mark.parametrize(
    "when",
    [
        {"min_prompt_tokens": 10, "max_prompt_tokens": 9},
        {"min_difficulty": 0.5, "max_difficulty": 0.4},
        {"min_turns": 3, "max_turns": 2},
    ],
)
def test_conditions_that_exclude_each_other(when: dict[str, Any]) -> None:
    assert never(rule("odd", **when)) == "no request can meet all of its conditions"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"category": "maths"}),
        ({"category": ["maths", "chat"]}, {"category": "maths", "min_turns": 2}),
        ({"min_prompt_tokens": 10}, {"min_prompt_tokens": 10}),
        ({"max_budget_left": 0.5}, {"max_budget_left": 0.2}),
        ({"needs": "tools"}, {"needs": ["vision", "tools"]}),
        ({"tag": ["a", "b"]}, {"tag": "b"}),
        ({"asked": "gpt-*"}, {"asked": ["gpt-6-sol", "gpt-5*"]}),
        ({"metadata": {"plan": "*"}}, {"metadata": {"plan": ["pro", "free"], "user": "*"}}),
        ({"time": {"from": "22:00"}}, {"time": {"from": "22:00", "days": ["mon"]}}),
    ],
)
def test_a_rule_behind_one_that_takes_all_of_its_requests(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    why = "rule 'first' comes before it and matches every request that it would"

    assert never(rule("first", **before), rule("second", **after)) == why
    assert never(rule("first", min_turns=9, **before), rule("second", **after)) == ""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"category": "maths"}, {"category": ["maths", "chat"]}),
        ({"needs": ["vision", "tools"]}, {"needs": "tools"}),
        ({"tag": "a"}, {"tag": ["a", "b"]}),
        ({"asked": "gpt-6-sol"}, {"asked": "gpt-*"}),
        ({"metadata": {"plan": "pro"}}, {"metadata": {"plan": "*"}}),
        ({"time": {"from": "22:00"}}, {"time": {"from": "21:00"}}),
        ({"min_turns": 2}, {"min_prompt_tokens": 2}),
    ],
)
def test_a_rule_that_some_request_still_reaches_is_left_alone(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert never(rule("first", **before), rule("second", **after)) == ""


_WHENS = st.fixed_dictionaries(
    {},
    optional={
        "category": st.lists(st.sampled_from(["maths", "chat", "writing"]), min_size=1),
        "min_prompt_tokens": st.integers(0, 3),
        "max_prompt_tokens": st.integers(0, 3),
        "min_turns": st.integers(0, 2),
        "needs": st.lists(st.sampled_from(["tools", "vision"]), min_size=1),
        "tag": st.lists(st.sampled_from(["a", "b"]), min_size=1),
        "asked": st.lists(st.sampled_from(["gpt-*", "gpt-6", "*", "llama"]), min_size=1),
        "max_budget_left": st.sampled_from([0.1, 0.5, 1.0]),
    },
)


@given(
    st.lists(_WHENS, min_size=1, max_size=4),
    st.builds(
        Features,
        prompt_tokens=st.integers(0, 4),
        category=st.sampled_from([Category.MATHS, Category.CHAT]),
        needs=st.frozensets(st.sampled_from([Capability.TOOLS, Capability.VISION])),
        turns=st.integers(0, 3),
    ),
    st.builds(
        Circumstances,
        asked=st.sampled_from(["gpt-6", "gpt-5", "llama", "auto"]),
        tags=st.frozensets(st.sampled_from("ab")),
        budget_left=st.sampled_from([0.05, 0.3, 0.7, 1.0]),
    ),
)
def test_no_request_ever_meets_a_rule_that_is_said_never_to_apply(
    whens: list[dict[str, Any]], features: Features, circumstances: Circumstances
) -> None:
    rules = tuple(rule(str(place), **when) for place, when in enumerate(whens))
    policy = Policy("p", "v", "a policy for a test", Terms(), rules)
    dead = {each.rule for each in findings(policy, AROUND) if "never applies" in each.text}

    assert policy.terms_for(features, circumstances)[0] not in dead


def test_a_key_that_there_is_not() -> None:
    keyed = rule("theirs", key="team-b")

    assert never(keyed) == "there is no key 'team-b'; did you mean 'team-a'?"
    assert never(rule("theirs", key="team-*")) == ""
    assert never(keyed, around=replace(AROUND, keys=None)) == ""


def test_a_budget_that_there_is_not() -> None:
    assert never(rule("poor", max_budget_left=0.2)) == ""
    assert never(rule("poor", max_budget_left=0.2), around=replace(AROUND, has_budgets=False)) == (
        "there are no budgets"
    )


def test_a_rule_that_changes_nothing() -> None:
    assert said(rule("same", Terms(), category="maths")) == [
        ", rule 'same': changes nothing: it asks for what the policy asks for anyway"
    ]


def test_models_that_cannot_what_the_rule_itself_needs() -> None:
    small_only = replace(Terms(), pool=PolicyPool(ids=frozenset({"small"})))

    assert said(rule("pictures", needs="vision"), rule("long", min_prompt_tokens=2000)) == [
        (
            ", rule 'pictures': of the models that it allows small do not offer vision, and are never"
            " chosen there"
        ),
        (
            ", rule 'long': of the models that it allows small have no room for 2000 tokens, and are"
            " never chosen there"
        ),
    ]
    assert said(rule("pictures", small_only, needs="vision")) == [
        ", rule 'pictures': no model may answer: all models that it allows do not offer vision"
    ]


def test_terms_that_nobody_can_meet() -> None:
    nowhere = replace(Terms(), pool=PolicyPool(with_tags=frozenset({"eu", "own"})))
    perfect = replace(Terms(), floor=0.99)
    penniless = replace(Terms(), ceiling=Money(1))

    assert said(terms=nowhere) == [": allows none of the models (with tags eu, own)"]
    assert said(terms=perfect) == [
        ": no model that it allows is ever predicted to reach its floor of 0.99"
    ]
    assert said(terms=penniless) == [
        f": no model that it allows can answer even one token below its ceiling of {Money(1)} USD"
    ]


def test_of_a_floor_nothing_is_certain_where_predictions_go_by_the_prompt() -> None:
    perfect = replace(Terms(), floor=0.99)

    assert said(terms=perfect, around=replace(AROUND, goes_by_prompts=True)) == []


_PATTERN = st.text("ab?*", min_size=1, max_size=4) | st.sampled_from(["[ab]", "a[*]", "[!a]b", "]"])


@given(_PATTERN, _PATTERN, st.text("ab*?[]", max_size=4))
def test_a_pattern_covers_another_only_if_it_matches_all_that_this_one_does(
    wide: str, narrow: str, word: str
) -> None:
    if is_covered(narrow, (wide,)) and fnmatchcase(word, narrow):
        assert fnmatchcase(word, wide)


@pytest.mark.parametrize(
    ("wide", "narrow", "does"),
    [
        ("gpt-*", "gpt-5*", True),
        ("gpt-*", "gpt-?", True),
        ("gpt-?", "gpt-5", True),
        ("gpt-[45]", "gpt-4", True),
        ("gpt-?", "gpt-?", True),
        ("gpt-[45]", "gpt-[45]", True),
        ("gpt-?", "gpt-*", False),
        ("*5*", "x[45]", False),
    ],
)
def test_which_patterns_cover_which(wide: str, narrow: str, does: bool) -> None:
    first, second = rule("wide", asked=wide), rule("narrow", asked=narrow)

    assert bool(never(first, second)) is does


def test_what_is_said_of_the_policy_is_not_said_of_its_rules_again() -> None:
    perfect = replace(Terms(), floor=0.99)

    assert len(said(rule("r", replace(perfect, within=0.3), min_turns=2), terms=perfect)) == 1


def test_a_model_that_is_not_in_the_catalog() -> None:
    assert said(terms=replace(Terms(), reference="topp")) == [
        ": names the model 'topp', which is not in the catalog now; did you mean 'top'?"
    ]


def test_a_route_for_one_more_character_leaves_the_longer_names_to_the_next() -> None:
    policy, named = Policy("p", "v", "a policy for a test", Terms()), Route("p", "top")
    book = PolicyBook({"p": policy}, "p", {"to?": named, "to*": named})

    assert list(of_routes(book, AROUND.catalog)) == []


def test_routes_that_lead_nowhere() -> None:
    policy = Policy("p", "v", "a policy for a test", Terms())
    routes = {
        "to*": Route("p"),
        "top": Route("p"),
        "claude": Route("p", "topp"),
        "gpt-4o": Route("p"),
        "auto:*": Route("p", "top"),
    }

    assert list(of_routes(PolicyBook({"p": policy}, "p", routes), AROUND.catalog)) == [
        "route 'top' is never taken: 'to*' comes before it and matches the same names",
        "route 'claude' stands for 'topp', which is not in the catalog now; did you mean 'top'?",
        (
            "route 'gpt-4o' names no model in the catalog, so the best model that may answer is the"
            " reference; write {policy: p, reference: ...} to set another"
        ),
        "route 'auto:*' is never taken: 'auto' is the default policy, 'auto:NAME' a named one",
    ]


# --------------------------------------------------------------------------------- cascades

MIDDLE = model("middle", price=("2", "2"), p=0.8)
AMONG = Surroundings(catalog(SMALL, MIDDLE, TOP))


def cascading(*models: str, judge: str = "", **terms: Any) -> Terms:
    checks = (Check(By.JUDGE, 0.8, judge),) if judge else (Check(By.AGREEMENT),)
    wanted = CascadeTerms(use=CascadeUse.ALWAYS, steps=(StepRecipe(models, checks),))
    return replace(Terms(reference="top", cascade=wanted), **terms)


@pytest.mark.parametrize(
    ("terms", "finding"),
    [
        (cascading("small", "small"), ""),
        (
            cascading("small", "smal"),
            ": step 1 names the model 'smal', which is not in the catalog now; did you mean 'small'?",
        ),
        (
            cascading("small", judge="tp"),
            ": step 1 names the model 'tp', which is not in the catalog now; did you mean 'top'?",
        ),
        (
            cascading("small", "top", pool=PolicyPool(with_tags=frozenset({"eu"}))),
            ": step 1 is never asked: it names models that the policy does not allow, small",
        ),
        (
            cascading("top", judge="small", pool=PolicyPool(with_tags=frozenset({"eu"}))),
            ": step 1 is never asked: it names models that the policy does not allow, small",
        ),
        (
            cascading("small", "middle"),
            ": step 1 costs no less than top alone, at the prices of a typical answer",
        ),
        (
            cascading("top", judge="small"),
            ": step 1 asks top, which is the final model anyway",
        ),
        (
            Terms(cascade=CascadeTerms(use=CascadeUse.AUTO), objective=Objective(Aim.FASTEST)),
            ": wants the fastest answer, and so never uses the cascade that it allows",
        ),
        (
            Terms(cascade=CascadeTerms(use=CascadeUse.AUTO, final="gone")),
            ": ends cascades with the model 'gone', which is not in the catalog now; available: middle, small, top",
        ),
        (
            Terms(
                cascade=CascadeTerms(use=CascadeUse.AUTO, final="small"),
                pool=PolicyPool(with_tags=frozenset({"eu"})),
            ),
            ": ends cascades with small, which it does not allow",
        ),
    ],
)
def test_cascades_that_are_hardly_meant(terms: Terms, finding: str) -> None:
    found = said(terms=terms, around=AMONG)

    assert finding in (found or [""])
    asleep = replace(terms, cascade=replace(terms.cascade, use=CascadeUse.NEVER))
    assert said(terms=asleep, around=AMONG) == []

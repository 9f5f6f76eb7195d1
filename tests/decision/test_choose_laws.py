"""What is true of every decision, whatever the catalog, the request and the policy."""

from itertools import pairwise

import orjson
from hypothesis import assume, given
from hypothesis import strategies as st

from router.decision.choose import NothingAdequate
from router.decision.document import document
from router.decision.explain import headline, rows, sentences
from router.decision.policy import Circumstances, FallBackTo, Otherwise, Terms
from router.domain.candidate import Candidate
from router.domain.decision import Decision, ExclusionReason, Reason
from router.domain.features import Features
from router.domain.members import replace
from router.domain.model import Model
from router.domain.money import Money
from router.domain.objective import Aim, Objective
from router.domain.overrides import Overrides
from tests.decision.catalogs import (
    CATALOGS,
    CIRCUMSTANCES,
    FEATURES,
    NAMES,
    OBJECTIVES,
    TERMS,
    chosen_id,
    decided,
    experienced,
)
from tests.domain.builders import dearer, model

Catalog = dict[str, Model]
SECONDS = st.dictionaries(st.sampled_from(NAMES), st.sampled_from([0.5, 1.0, 8.0]))
_REASONS_OF_AIMS = {Reason.FASTEST_ADEQUATE, Reason.BEST_AFFORDABLE, Reason.BEST_VALUE}


@given(CATALOGS, FEATURES, TERMS, CIRCUMSTANCES)
def test_every_candidate_is_chosen_kept_or_excluded_once(
    catalog: Catalog, features: Features, terms: Terms, circumstances: Circumstances
) -> None:
    outcome = decided(terms, catalog, features, circumstances)
    kept = [outcome.chosen, *outcome.fallbacks] if isinstance(outcome, Decision) else []
    excluded = [exclusion.candidate for exclusion in outcome.exclusions]

    assert sorted(each.model.id for each in kept + excluded) == sorted(catalog)
    assert all(exclusion.detail for exclusion in outcome.exclusions)


@given(CATALOGS, FEATURES, TERMS, CIRCUMSTANCES)
def test_a_decision_depends_on_its_inputs_and_not_on_their_order(
    catalog: Catalog, features: Features, terms: Terms, circumstances: Circumstances
) -> None:
    outcome = decided(terms, catalog, features, circumstances)
    turned = dict(reversed(catalog.items()))

    for again in (catalog, turned):
        other = decided(terms, again, features, circumstances)
        if isinstance(outcome, Decision):
            assert other == outcome
        else:
            assert str(other) == str(outcome)


@given(CATALOGS, FEATURES, TERMS, CIRCUMSTANCES)
def test_a_decision_keeps_the_policys_word(
    catalog: Catalog, features: Features, terms: Terms, circumstances: Circumstances
) -> None:
    outcome = decided(terms, catalog, features, circumstances)
    assume(isinstance(outcome, Decision))
    assert isinstance(outcome, Decision)

    for candidate in (outcome.chosen, *outcome.fallbacks):
        assert terms.pool.allows(candidate.model)
        assert features.needs <= candidate.model.capabilities
        assert features.prompt_tokens <= candidate.model.context_tokens
        assert terms.ceiling is None or candidate.cost.expected <= terms.ceiling
        assert candidate.cost.expected <= candidate.cost.upper
    if outcome.reason is Reason.CHEAPEST_ADEQUATE:
        assert outcome.is_adequate(outcome.chosen)


@given(CATALOGS, FEATURES, TERMS, CIRCUMSTANCES)
def test_nothing_adequate_is_cheaper_than_what_is_chosen_as_cheapest(
    catalog: Catalog, features: Features, terms: Terms, circumstances: Circumstances
) -> None:
    everyone = replace(terms, fall_back_to=FallBackTo.ANY)
    outcome = decided(everyone, catalog, features, circumstances)
    assume(isinstance(outcome, Decision) and outcome.reason is Reason.CHEAPEST_ADEQUATE)
    assert isinstance(outcome, Decision)

    adequate = [c for c in outcome.fallbacks if outcome.is_adequate(c)]
    assert all(outcome.chosen.cost.expected <= c.cost.expected for c in adequate)
    assert list(outcome.fallbacks[: len(adequate)]) == adequate


@given(CATALOGS, FEATURES, TERMS, CIRCUMSTANCES)
def test_a_model_is_never_chosen_for_having_become_dearer(
    catalog: Catalog, features: Features, terms: Terms, circumstances: Circumstances
) -> None:
    before = chosen_id(decided(terms, catalog, features, circumstances))

    for name in catalog.keys() - {before}:
        raised = {**catalog, name: dearer(catalog[name], 3)}
        assert chosen_id(decided(terms, raised, features, circumstances)) != name


@given(CATALOGS, FEATURES, TERMS, CIRCUMSTANCES)
def test_loosening_the_tolerance_never_costs_more(
    catalog: Catalog, features: Features, terms: Terms, circumstances: Circumstances
) -> None:
    terms = replace(terms, floor=None, otherwise=Otherwise.BEST)
    costs = [
        outcome.chosen.cost.expected
        for within in (0.0, 0.05, 0.1, 0.25, 0.5, 1.0)
        if isinstance(
            outcome := decided(replace(terms, within=within), catalog, features, circumstances),
            Decision,
        )
    ]
    assert costs == sorted(costs, reverse=True)


@given(CATALOGS, FEATURES, TERMS, CIRCUMSTANCES)
def test_one_more_model_never_makes_the_cheapest_adequate_dearer(
    catalog: Catalog, features: Features, terms: Terms, circumstances: Circumstances
) -> None:
    after = decided(terms, catalog, features, circumstances)
    assume(isinstance(after, Decision) and after.reason is Reason.CHEAPEST_ADEQUATE)
    assert isinstance(after, Decision)

    for name in catalog:
        fewer = {key: each for key, each in catalog.items() if key != name}
        before = decided(terms, fewer, features, circumstances) if fewer else None
        if isinstance(before, Decision) and before.reason is Reason.CHEAPEST_ADEQUATE:
            same = before.bar == after.bar
            assert not same or after.chosen.cost.expected <= before.chosen.cost.expected


@given(CATALOGS, FEATURES, TERMS, CIRCUMSTANCES)
def test_a_refusal_names_every_model_and_why(
    catalog: Catalog, features: Features, terms: Terms, circumstances: Circumstances
) -> None:
    outcome = decided(replace(terms, otherwise=Otherwise.REFUSE), catalog, features, circumstances)
    assume(isinstance(outcome, NothingAdequate))
    assert isinstance(outcome, NothingAdequate)

    is_long = any(each.reason is ExclusionReason.CONTEXT for each in outcome.exclusions)
    told = ("context_length_exceeded", "messages") if is_long else ("no_adequate_model", "model")
    assert (outcome.status, outcome.code, outcome.param) == (400, *told)
    assert ("prompt is too long" in outcome.message) is is_long  # agents look for these words
    for exclusion in outcome.exclusions:
        assert f"{exclusion.model_id}: {exclusion.detail}" in outcome.message


@given(CATALOGS, FEATURES, TERMS, CIRCUMSTANCES)
def test_a_decision_can_be_told(
    catalog: Catalog, features: Features, terms: Terms, circumstances: Circumstances
) -> None:
    outcome = decided(terms, catalog, features, circumstances)
    assume(isinstance(outcome, Decision))
    assert isinstance(outcome, Decision)

    assert {row.model_id for row in rows(document(outcome, circumstances))} == set(catalog)
    assert all(sentence.endswith(".") for sentence in sentences(outcome))
    assert headline(outcome).isprintable()


@given(CATALOGS, FEATURES, TERMS, CIRCUMSTANCES, OBJECTIVES, SECONDS)
def test_whatever_the_aim_dearer_never_makes_likelier(
    catalog: Catalog,
    features: Features,
    terms: Terms,
    circumstances: Circumstances,
    objective: Objective,
    seconds: dict[str, float],
) -> None:
    terms, seen = replace(terms, objective=objective), experienced(seconds)
    before = chosen_id(decided(terms, catalog, features, circumstances, seen))

    for name in catalog.keys() - {before}:
        raised = {**catalog, name: dearer(catalog[name], 3)}
        assert chosen_id(decided(terms, raised, features, circumstances, seen)) != name


@given(CATALOGS, FEATURES, TERMS, CIRCUMSTANCES, OBJECTIVES, SECONDS)
def test_no_other_adequate_model_is_nearer_to_the_aim(
    catalog: Catalog,
    features: Features,
    terms: Terms,
    circumstances: Circumstances,
    objective: Objective,
    seconds: dict[str, float],
) -> None:
    terms = replace(terms, objective=objective, fall_back_to=FallBackTo.ANY)
    outcome = decided(terms, catalog, features, circumstances, experienced(seconds))
    assume(isinstance(outcome, Decision) and outcome.is_adequate(outcome.chosen))
    assert isinstance(outcome, Decision)

    def distance(c: Candidate) -> float:
        match objective.aim:
            case Aim.FASTEST:
                return c.latency.total_s or 0.0
            case Aim.FASTEST_START:
                return c.latency.first_content_s or 0.0
            case Aim.BEST:
                return -c.quality.p
            case _:
                return objective.worth_pico(c.cost.expected, c.quality.p, c.latency.total_s)

    others = [c for c in outcome.fallbacks if outcome.is_adequate(c)]
    assert all(distance(outcome.chosen) <= distance(other) for other in others)
    assert outcome.reason in _REASONS_OF_AIMS
    assert all(sentence.endswith(".") for sentence in sentences(outcome))


@given(CATALOGS, FEATURES, TERMS, CIRCUMSTANCES)
def test_more_confidence_never_lets_more_models_in(
    catalog: Catalog, features: Features, terms: Terms, circumstances: Circumstances
) -> None:
    everyone = replace(terms, fall_back_to=FallBackTo.ANY, otherwise=Otherwise.BEST)
    adequate: list[set[str]] = []
    for confidence in (0.5, 0.6, 0.9, 0.99):
        asked = replace(everyone, confidence=confidence)
        outcome = decided(asked, catalog, features, circumstances)
        if isinstance(outcome, Decision):
            kept = (outcome.chosen, *outcome.fallbacks)
            adequate.append({c.model.id for c in kept if outcome.is_adequate(c)})

    assert all(more >= fewer for more, fewer in pairwise(adequate))


@given(CATALOGS, FEATURES, TERMS, CIRCUMSTANCES, st.frozensets(st.sampled_from(NAMES), max_size=3))
def test_candidates_of_a_request_only_narrow(
    catalog: Catalog,
    features: Features,
    terms: Terms,
    circumstances: Circumstances,
    wanted: frozenset[str],
) -> None:
    asked = replace(circumstances, overrides=Overrides(candidates=wanted))
    outcome = decided(terms, catalog, features, asked)
    kept = (outcome.chosen, *outcome.fallbacks) if isinstance(outcome, Decision) else ()

    assert {c.model.id for c in kept} <= (wanted or catalog.keys())
    assert all(terms.pool.allows(c.model) for c in kept)


@given(CATALOGS, FEATURES, TERMS, CIRCUMSTANCES)
def test_a_looser_tolerance_of_a_request_never_costs_more(
    catalog: Catalog, features: Features, terms: Terms, circumstances: Circumstances
) -> None:
    terms = replace(terms, otherwise=Otherwise.BEST)
    costs = [
        outcome.chosen.cost.expected
        for tolerance in (0.0, 0.05, 0.2, 1.0)
        if isinstance(
            outcome := decided(
                terms,
                catalog,
                features,
                replace(circumstances, overrides=Overrides(tolerance=tolerance)),
            ),
            Decision,
        )
    ]
    assert costs == sorted(costs, reverse=True)


@given(
    CATALOGS,
    FEATURES,
    TERMS,
    CIRCUMSTANCES,
    st.none() | st.sampled_from([0.0, 0.1, 1.0]),
    st.none() | st.sampled_from([Money(0), Money.from_usd("0.001"), Money.from_usd(1)]),
)
def test_an_override_decides_as_a_policy_of_these_terms_would(
    catalog: Catalog,
    features: Features,
    terms: Terms,
    circumstances: Circumstances,
    tolerance: float | None,
    ceiling: Money | None,
) -> None:
    asked = Overrides(tolerance=tolerance, ceiling=ceiling, candidates=frozenset(catalog))
    stated = terms
    if tolerance is not None:
        stated = replace(stated, within=tolerance, floor=None)
    if ceiling is not None:
        both = (ceiling, ceiling if stated.ceiling is None else stated.ceiling)
        stated = replace(stated, ceiling=min(both))
    overridden = decided(terms, catalog, features, replace(circumstances, overrides=asked))
    written = decided(stated, catalog, features, circumstances)

    assert str(overridden) == str(written)


@given(CATALOGS, FEATURES, TERMS, CIRCUMSTANCES)
def test_the_same_inputs_make_the_same_bytes(
    catalog: Catalog, features: Features, terms: Terms, circumstances: Circumstances
) -> None:
    turned = dict(reversed(catalog.items()))
    outcomes = [decided(terms, each, features, circumstances) for each in (catalog, turned)]
    texts = {
        orjson.dumps(document(outcome, circumstances))
        if isinstance(outcome, Decision)
        else str(outcome)
        for outcome in outcomes
    }

    assert len(texts) == 1


def test_a_price_can_decide_only_downwards() -> None:
    cheap, dear = model("cheap", price=("1", "1"), p=0.8), model("dear", price=("2", "2"), p=0.8)
    features = Features(100, next(iter(dear.abilities)))
    catalog = {"cheap": cheap, "dear": dear}

    assert chosen_id(decided(Terms(), catalog, features)) == "cheap"
    assert chosen_id(decided(Terms(), {**catalog, "cheap": dearer(cheap, 3)}, features)) == "dear"

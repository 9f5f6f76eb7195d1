"""What is true of every cascade that evidence has decided on, whatever is known, asked and wanted."""

from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from router.decision.document import document
from router.decision.explain import headline, sentences
from router.decision.policy import Otherwise, Terms
from router.decision.record import Record
from router.domain.cascade import CascadeTerms, CascadeUse, Prospect
from router.domain.category import Category
from router.domain.decision import Decision
from router.domain.features import Features
from router.domain.members import replace
from router.domain.model import Model
from router.domain.money import ZERO, Money
from router.domain.objective import CHEAPEST, Aim, Objective
from tests.decision.catalogs import NAMES, NOBODY, OBJECTIVES, decided
from tests.decision.prospects import Pair, Told, prospect, recognised
from tests.domain.builders import dearer, model

Catalog = dict[str, Model]

_SDS = st.sampled_from([0.0, 0.005, 0.02])
_MODELS = st.sampled_from(
    [
        model(price=("0", "0"), p=0.5),
        model(price=("0.1", "0.2"), p=0.6),
        model(price=("0.2", "0.5"), p=0.7),
        model(price=("1", "3"), p=0.7),
        model(price=("1", "3"), p=0.8),
        model(price=("5", "20"), p=0.9),
        model(price=("5", "20"), p=0.95),
    ]
)
_CATALOGS = st.dictionaries(st.sampled_from(NAMES), _MODELS, min_size=3).map(
    lambda found: {name: replace(each, id=name, name=name) for name, each in found.items()}
)
_PROSPECTS = st.builds(
    lambda p, part, sds: prospect(p, p * part, p_accept_sd=sds[0], gain_sd=sds[1]),
    st.sampled_from([0.6, 0.9, 1.0, 0.4, 0.1]),
    st.sampled_from([0.1, 0.02, 0.0, -0.02, -0.1, -0.5]),
    st.tuples(_SDS, _SDS),
)
_PAIRS = tuple(combinations_with_replacement(NAMES, 2))
_KNOWN = st.builds(
    Told, st.dictionaries(st.sampled_from(_PAIRS), _PROSPECTS), _PROSPECTS | _PROSPECTS | st.none()
)
_FEATURES = st.builds(
    Features,
    prompt_tokens=st.sampled_from([10, 900, 5000]),
    category=st.sampled_from([Category.CHAT, Category.MATHS]),
)
_TERMS = st.builds(
    Terms,
    reference=st.sampled_from(["best", "best", *NAMES]),
    within=st.sampled_from([0.0, 0.02, 0.05, 0.1, 0.3]),
    floor=st.none() | st.none() | st.sampled_from([0.6, 0.8]),
    confidence=st.sampled_from([0.5, 0.5, 0.8, 0.99]),
    ceiling=st.none() | st.sampled_from([Money.from_usd("0.002"), Money.from_usd("0.03")]),
    otherwise=st.just(Otherwise.BEST),
    cascade=st.builds(
        CascadeTerms, use=st.just(CascadeUse.AUTO), final=st.sampled_from(["", "", "", "a", "b"])
    ),
)


@dataclass(frozen=True, slots=True)
class Request:
    """All that a decision depends on, where evidence decides on cascades."""

    catalog: Catalog
    features: Features
    known: Told
    terms: Terms

    def under(self, **terms: Any) -> "Request":
        """The same with other terms."""
        return replace(self, terms=replace(self.terms, **terms))

    def among(self, catalog: Catalog) -> "Request":
        """The same with other models."""
        return replace(self, catalog=catalog)

    def decided(self) -> Decision:
        """What is decided; a request that no model may answer says nothing of cascades."""
        features = recognised(self.features, self.known)
        outcome = decided(self.terms, self.catalog, features)
        assume(isinstance(outcome, Decision))
        assert isinstance(outcome, Decision)
        return outcome


_CHEAP = {
    "a": model("a", price=("0.1", "0.2"), p=0.6),
    "b": model("b", price=("0.2", "0.5"), p=0.7),
    "c": model("c", price=("5", "20"), p=0.95),
}
_AGREEING: dict[Pair, Prospect] = {
    ("a", "a"): prospect(0.8),
    ("a", "b"): prospect(0.9, 0.01),
    ("b", "b"): prospect(0.8),
}


def _with_a_cascade(request: Request) -> Request:
    """The same where two cheap models mostly agree: what is made up at random seldom leads to a cascade."""
    known = replace(request.known, pairs={**request.known.pairs, **_AGREEING})
    eased = request.under(reference="best", floor=None).among({**request.catalog, **_CHEAP})
    return replace(eased, known=known)


_ANY = st.builds(Request, _CATALOGS, _FEATURES, _KNOWN, _TERMS)
REQUESTS = _ANY | _ANY.map(_with_a_cascade)
AIMS = st.just(CHEAPEST) | OBJECTIVES


def first_of(decision: Decision) -> set[str]:
    steps = decision.cascade.steps if decision.cascade else ()
    return {each.model.id for step in steps for each in step.candidates}


@given(REQUESTS)
def test_with_cascades_the_cheapest_is_never_expected_to_cost_more(request: Request) -> None:
    with_them = request.decided()
    without = request.under(cascade=CascadeTerms()).decided()

    if with_them.cascade is None:
        assert with_them.chosen == without.chosen
    else:
        assert with_them.expected_cost < without.expected_cost
        assert with_them.cascade.alone == without.chosen


@given(REQUESTS, AIMS)
def test_no_cascade_may_lose_more_than_the_policy_allows(
    request: Request, objective: Objective
) -> None:
    decision = request.under(objective=objective).decided()
    assume(decision.cascade is not None)
    assert decision.cascade is not None
    (step,) = decision.cascade.steps
    assert step.prospect is not None
    least = step.prospect.gain - 1.645 * step.prospect.gain_sd

    assert decision.chosen.quality.p + least >= decision.bar.p - 1e-6
    if decision.bar.reference == decision.chosen.model.id:
        assert least >= -request.terms.within - 1e-6
    assert objective.aim not in (Aim.FASTEST, Aim.FASTEST_START)


@given(REQUESTS, AIMS)
def test_no_model_comes_into_a_cascade_for_having_become_dearer(
    request: Request, objective: Objective
) -> None:
    request = request.under(objective=objective)
    before = first_of(request.decided())

    for name in request.catalog.keys() - before:
        raised = {**request.catalog, name: dearer(request.catalog[name], 3)}
        assert name not in first_of(request.among(raised).decided())


@given(REQUESTS)
def test_no_model_is_asked_twice_that_would_say_the_same_again(request: Request) -> None:
    decision = replace(request, features=replace(request.features, answers_vary=False)).decided()

    assume(decision.cascade is not None)
    assert decision.cascade is not None
    for step in decision.cascade.steps:
        ids = [each.model.id for each in step.candidates]
        assert len(set(ids)) == len(ids)


@given(REQUESTS)
def test_loosening_the_tolerance_never_costs_more_with_cascades_either(request: Request) -> None:
    costs = [
        request.under(within=within, floor=None).decided().expected_cost
        for within in (0.0, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0)
    ]

    assert costs == sorted(costs, reverse=True)


@given(REQUESTS, AIMS)
def test_a_cascade_depends_on_its_inputs_and_not_on_their_order(
    request: Request, objective: Objective
) -> None:
    request = request.under(objective=objective)
    once = request.decided()
    again = request.among(dict(reversed(request.catalog.items()))).decided()

    assert again.cascade == once.cascade
    assert again.fallbacks == once.fallbacks


@given(REQUESTS, AIMS)
def test_everybody_is_still_chosen_kept_or_excluded_once(
    request: Request, objective: Objective
) -> None:
    decision = request.under(objective=objective).decided()
    excluded = [each.model_id for each in decision.exclusions]
    kept = [each.model.id for each in (decision.chosen, *decision.fallbacks)]

    assert sorted(kept + excluded) == sorted(request.catalog)
    if decision.cascade is not None:
        assert decision.reason == "cascade"
        assert decision.no_cascade == ()
        assert decision.chosen.model.id not in first_of(decision)


@given(REQUESTS, AIMS)
def test_all_calls_of_a_cascade_together_keep_the_ceiling(
    request: Request, objective: Objective
) -> None:
    decision = request.under(objective=objective).decided()
    if (cascade := decision.cascade) is None:
        return
    calls = [*cascade.steps[0].candidates, decision.chosen]
    together = sum((each.cost.expected for each in calls), ZERO)

    assert cascade.cost.expected <= together <= cascade.cost.upper
    assert request.terms.ceiling is None or together <= request.terms.ceiling


@given(REQUESTS, AIMS)
def test_a_cascade_is_told_kept_and_read_back(request: Request, objective: Objective) -> None:
    decision = request.under(objective=objective).decided()
    text = Record(decision, NOBODY).text()
    assert text is not None
    again = Record.of(text)

    assert again.text() == text
    assert document(again.decision, NOBODY) == document(decision, NOBODY)
    assert all(sentence.endswith(".") for sentence in sentences(decision))
    assert headline(decision).isprintable()


def test_these_laws_are_tried_on_cascades() -> None:
    found = list[bool]()

    @settings(max_examples=100)
    @given(REQUESTS)
    def look(request: Request) -> None:
        found.append(request.decided().cascade is not None)

    look()
    assert sum(found) >= 5  # of a hundred

"""The choice: the cheapest model that is good enough, by the terms of a policy.

A stored answer is a candidate like any other: of the quality of the model that wrote it, for
nothing. A pure function of its arguments, so that a decision can be replayed. Ties go to what is
stored, to the better model, then to the alphabet, so that nothing depends on the order of a file.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from router.decision.estimate import candidate_for, stored_by
from router.decision.exclude import exclusion_of
from router.decision.experience import Experience
from router.decision.policy import (
    REFERENCE_ASKED,
    REFERENCE_BEST,
    Circumstances,
    FallBackTo,
    Otherwise,
    Policy,
    Terms,
)
from router.domain.caching import NO_CACHING, CacheTerms
from router.domain.decision import Candidate, Decision, Exclusion, ExclusionReason, Reason
from router.domain.errors import ApiError
from router.domain.features import Features
from router.domain.model import Model

Catalog = Mapping[str, Model]


class NothingAdequate(ApiError):
    """No model may answer, by the policy's own terms; `exclusions` says why for each."""

    def __init__(self, policy: str, exclusions: tuple[Exclusion, ...]) -> None:
        self.exclusions = exclusions
        why = "; ".join(f"{each.model_id}: {each.detail}" for each in exclusions)
        super().__init__(
            400,
            f"Policy '{policy}' allows no model to answer this request ({why}).",
            code="no_adequate_model",
            param="model",
        )


def choose(
    features: Features,
    circumstances: Circumstances,
    policy: Policy,
    catalog: Catalog,
    experience: Experience,
    stored: Collection[str] = (),
) -> Decision:
    """The decision of `policy` for one request. Raises NothingAdequate when it must refuse.

    `stored` are the models, by id, whose answers to this very request are at hand.
    """
    rule, terms = policy.terms_for(features, circumstances)
    models = {key: terms.pool.within(catalog[key]) for key in sorted(catalog)}
    candidates = {key: candidate_for(model, features, experience) for key, model in models.items()}
    at_hand = [stored_by(models[key], features) for key in sorted(stored)]
    able, excluded = _split((*at_hand, *candidates.values()), features, terms, circumstances)
    if not able:
        raise NothingAdequate(policy.name, tuple(excluded))
    reference = _reference(terms, circumstances, candidates, able)
    ranking = _rank(able, terms, _required_p(terms, reference))
    ranking = _staying(ranking, able, circumstances.stays_with)
    if ranking.reason is None:
        raise NothingAdequate(policy.name, (*excluded, *ranking.exclusions))
    return Decision(
        policy=policy.name,
        policy_version=policy.version,
        rule=rule,
        features=features,
        reason=ranking.reason,
        chosen=ranking.ordered[0],
        fallbacks=ranking.ordered[1:],
        exclusions=(*excluded, *ranking.exclusions),
        reference=reference,
        required_p=ranking.required_p,
        cache=terms.cache,
        ceiling=terms.ceiling,
        deadlines=terms.deadlines,
        hedge=terms.hedge,
    )


def pin(
    features: Features,
    model: Model,
    experience: Experience,
    *,
    cache: CacheTerms = NO_CACHING,
    is_stored: bool = False,
) -> Decision:
    """The decision when the client named the model that must answer: no other is considered.

    `is_stored` says that its answer to this very request is at hand.
    """
    reference = candidate_for(model, features, experience)
    chosen = stored_by(model, features) if is_stored else reference
    return Decision(
        policy="",
        policy_version="",
        rule="",
        features=features,
        reason=Reason.PINNED,
        chosen=chosen,
        fallbacks=(),
        exclusions=(),
        reference=reference,
        required_p=0.0,
        cache=cache,
    )


@dataclass(frozen=True, slots=True)
class _Ranking:
    """The models that may answer, in order; without a reason, none may."""

    required_p: float
    reason: Reason | None
    ordered: tuple[Candidate, ...]
    exclusions: tuple[Exclusion, ...]


def _split(
    candidates: Iterable[Candidate],
    features: Features,
    terms: Terms,
    circumstances: Circumstances,
) -> tuple[list[Candidate], list[Exclusion]]:
    able: list[Candidate] = []
    excluded: list[Exclusion] = []
    for candidate in candidates:
        if exclusion := exclusion_of(candidate, features, terms, circumstances):
            excluded.append(exclusion)
        else:
            able.append(candidate)
    return able, excluded


def _reference(
    terms: Terms,
    circumstances: Circumstances,
    candidates: Mapping[str, Candidate],
    able: list[Candidate],
) -> Candidate:
    """The candidate that quality and saving are measured against; the best able one by default.

    What happens to be stored has no say in it, unless there is nothing else.
    """
    named = circumstances.asked if terms.reference == REFERENCE_ASKED else terms.reference
    if terms.reference != REFERENCE_BEST and named in candidates:
        return candidates[named]
    live = [candidate for candidate in able if not candidate.is_stored]
    return candidates[min(live or able, key=_best_first).model.id]


def _required_p(terms: Terms, reference: Candidate) -> float:
    if terms.floor is not None:
        return terms.floor
    # Rounded, because 0.8 - 0.1 is a little more than 0.7, and 0.7 is within 0.1 of 0.8.
    return max(0.0, round(reference.quality.p - terms.within, 9))


def _rank(able: list[Candidate], terms: Terms, required_p: float) -> _Ranking:
    adequate = sorted((c for c in able if c.quality.p >= required_p), key=_cheapest_first)
    weak = sorted((c for c in able if c.quality.p < required_p), key=_best_first)
    reason: Reason | None = Reason.CHEAPEST_ADEQUATE
    if not adequate:
        reason, adequate, weak = _make_do(weak, terms.otherwise)
    ordered = [*adequate, *weak] if terms.fall_back_to is FallBackTo.ANY else adequate
    if terms.fall_back_to is FallBackTo.NONE:
        ordered = adequate[:1]
    kept = tuple(c for place, c in enumerate(ordered) if place == 0 or not c.is_stored)
    left = tuple(_not_kept(c, required_p) for c in able if _is_left_over(c, kept, required_p))
    return _Ranking(required_p, reason, kept, left)


def _staying(ranking: _Ranking, able: list[Candidate], stays_with: str) -> _Ranking:
    """The model that has called tools gets their results, unless an answer to them is stored.

    Another one would have to read the whole conversation anew, at full price. It was good enough for
    the work when it was chosen; here only a tool's words are judged.
    """
    live = (c for c in able if c.model.id == stays_with and not c.is_stored)
    staying = next(live, None)
    if staying is None or ranking.reason is None or ranking.ordered[0].is_stored:
        return ranking
    others = tuple(c for c in ranking.ordered if c is not staying)
    left = tuple(each for each in ranking.exclusions if each.candidate is not staying)
    return _Ranking(ranking.required_p, Reason.SESSION, (staying, *others), left)


def _is_left_over(candidate: Candidate, kept: tuple[Candidate, ...], required_p: float) -> bool:
    """Whether it must be told why this one is not kept. That one stored answer is enough needs no word."""
    if candidate.is_stored and candidate.quality.p >= required_p:
        return False
    return not any(candidate is each for each in kept)


def _make_do(
    weak: list[Candidate], otherwise: Otherwise
) -> tuple[Reason | None, list[Candidate], list[Candidate]]:
    """What the policy takes when nothing is adequate, and what is left as inadequate."""
    match otherwise:
        case Otherwise.REFUSE:
            return None, [], []
        case Otherwise.BEST:
            return Reason.BEST_AVAILABLE, weak[:1], weak[1:]
        case Otherwise.CHEAPEST:
            ordered = sorted(weak, key=_cheapest_first)
            return Reason.CHEAPEST_AVAILABLE, ordered[:1], sorted(ordered[1:], key=_best_first)


def _not_kept(candidate: Candidate, required_p: float) -> Exclusion:
    p = candidate.quality.p
    if p < required_p:
        detail = f"its predicted quality of {p:.3f} is below {required_p:.3f}"
        return Exclusion(candidate, ExclusionReason.QUALITY, detail)
    return Exclusion(candidate, ExclusionReason.NO_FALLBACKS, "the policy keeps no fallbacks")


def _cheapest_first(candidate: Candidate) -> tuple[int, bool, float, str]:
    cost, is_live = candidate.cost.expected.pico, not candidate.is_stored
    return cost, is_live, -candidate.quality.p, candidate.model.id


def _best_first(candidate: Candidate) -> tuple[float, bool, int, str]:
    cost, is_live = candidate.cost.expected.pico, not candidate.is_stored
    return -candidate.quality.p, is_live, cost, candidate.model.id

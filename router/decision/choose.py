"""The choice: of the models that are good enough the cheapest, or what else a policy aims at.

A stored answer is a candidate like any other: of the quality of the model that wrote it, for
nothing. A pure function of its arguments, so that a decision can be replayed. Ties go to what is
stored, to the better model, then to the alphabet, so that nothing depends on the order of a file.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

from router.decision.bid import Setting, Verdicts
from router.decision.cascade import NOT_WANTED, NoCascade, cascade_for
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
from router.domain.bar import NO_BAR, Bar
from router.domain.caching import NO_CACHING, CacheTerms
from router.domain.candidate import Candidate
from router.domain.cascade import Cascade, Use
from router.domain.conversation import Conversation
from router.domain.decision import Decision, Exclusion, ExclusionReason, Reason
from router.domain.errors import ApiError
from router.domain.features import Features
from router.domain.model import Model
from router.domain.objective import Aim, Objective

Catalog = Mapping[str, Model]
_NO_OTHERS: Catalog = MappingProxyType({})


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


def choose(  # noqa: PLR0913 - what a decision depends on, all of it and nothing else
    features: Features,
    circumstances: Circumstances,
    policy: Policy,
    catalog: Catalog,
    experience: Experience,
    stored: Collection[str] = (),
    *,
    known: Catalog = _NO_OTHERS,
    verdicts: Verdicts | None = None,
) -> Decision:
    """The decision of `policy` for one request. Raises NothingAdequate when it must refuse.

    `stored` are the models, by id, whose answers to this very request are at hand; `known` are models
    that cannot answer and may yet be the reference; `verdicts` are what was seen of cascades.
    """
    rule, terms = policy.terms_for(features, circumstances)
    estimated = partial(_estimated, features, terms, experience, circumstances.conversation)
    candidates = estimated(catalog)
    at_hand = [stored_by(terms.pool.within(catalog[key]), features) for key in sorted(stored)]
    able, excluded = _split((*at_hand, *candidates.values()), features, terms, circumstances)
    if not able:
        raise NothingAdequate(policy.name, tuple(excluded))
    named = _named(terms, circumstances)
    if named in known and named not in candidates:
        candidates |= estimated({named: known[named]})
    reference = _reference(terms, named, candidates, able)
    ranking = _rank(able, terms, _bar(terms, reference))
    ranking = _going_on(_staying(ranking, able, circumstances.stays_with), able)
    if (reason := ranking.reason) is None:
        raise NothingAdequate(policy.name, (*excluded, *ranking.exclusions))
    found: Cascade | NoCascade = NOT_WANTED
    if terms.cascade.use is not Use.NEVER:
        found = cascade_for(
            Setting(
                features=features,
                circumstances=circumstances,
                terms=terms,
                able=able,
                alone=ranking.ordered[0],
                reason=reason,
                reference=reference,
                is_only_known=reference.model.id not in catalog,
                bar=ranking.bar,
                verdicts=verdicts,
            )
        )
    cascade = found if isinstance(found, Cascade) else None
    if cascade is not None:
        reason = Reason.CASCADE
        ranking = _behind(cascade, ranking, able, terms)
    return Decision(
        policy=policy.name,
        policy_version=policy.version,
        rule=rule,
        features=features,
        reason=reason,
        chosen=ranking.ordered[0],
        fallbacks=ranking.ordered[1:],
        exclusions=(*excluded, *ranking.exclusions),
        reference=reference,
        bar=ranking.bar,
        objective=terms.objective,
        cache=terms.cache,
        ceiling=terms.ceiling,
        deadlines=terms.deadlines,
        hedge=terms.hedge,
        cascade=cascade,
        no_cascade=found.why if isinstance(found, NoCascade) else (),
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
        bar=NO_BAR,
        cache=cache,
    )


@dataclass(frozen=True, slots=True)
class _Ranking:
    """The models that may answer, in order; without a reason, none may."""

    bar: Bar
    reason: Reason | None
    ordered: tuple[Candidate, ...]
    exclusions: tuple[Exclusion, ...]


def _estimated(
    features: Features,
    terms: Terms,
    experience: Experience,
    conversation: Conversation | None,
    catalog: Catalog,
) -> dict[str, Candidate]:
    """Every model with what is predicted of its answer, in the places that the policy allows."""
    return {
        key: candidate_for(
            terms.pool.within(catalog[key]),
            features,
            experience,
            terms.latency_quantile,
            conversation,
        )
        for key in sorted(catalog)
    }


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


def _named(terms: Terms, circumstances: Circumstances) -> str:
    """The id of the model that is to be the reference, if there is one of that name."""
    if terms.reference == REFERENCE_ASKED:
        return circumstances.stands_for or circumstances.asked
    return terms.reference


def _reference(
    terms: Terms, named: str, candidates: Mapping[str, Candidate], able: list[Candidate]
) -> Candidate:
    """The candidate that quality and saving are measured against; the best able one by default.

    What happens to be stored has no say in it, unless there is nothing else.
    """
    if terms.reference != REFERENCE_BEST and named in candidates:
        return candidates[named]
    live = [candidate for candidate in able if not candidate.is_stored]
    return candidates[min(live or able, key=_best_first).model.id]


def _bar(terms: Terms, reference: Candidate) -> Bar:
    if terms.floor is not None:
        return Bar(terms.floor, terms.confidence)
    # Rounded, because 0.8 - 0.1 is a little more than 0.7, and 0.7 is within 0.1 of 0.8.
    p = max(0.0, round(reference.quality.p - terms.within, 9))
    return Bar(p, terms.confidence, reference.quality.sd, reference.model.id)


def _rank(
    able: list[Candidate], terms: Terms, bar: Bar, first: Candidate | None = None
) -> _Ranking:
    """The models in order; `first`, if given, is chosen, and the others follow it as they would anyway."""
    reason: Reason | None = _REASONS[terms.objective.aim]
    adequate = sorted((c for c in able if _meets(c, bar)), key=_order(terms.objective))
    weak = sorted((c for c in able if not _meets(c, bar)), key=_best_first)
    if not adequate:
        reason, adequate, weak = _make_do(weak, terms.otherwise)
    if first is not None:
        adequate = [first, *(each for each in adequate if each is not first)]
        weak = [each for each in weak if each is not first]
    ordered = _in_order(adequate, weak, terms.fall_back_to)
    kept = tuple(c for place, c in enumerate(ordered) if place == 0 or not c.is_stored)
    left = tuple(_not_kept(c, bar) for c in able if _is_left_over(c, kept, bar))
    return _Ranking(bar, reason, kept, left)


def _in_order(
    adequate: list[Candidate], weak: list[Candidate], fall_back_to: FallBackTo | tuple[str, ...]
) -> list[Candidate]:
    """The chosen one, then those that follow when it fails."""
    match fall_back_to:
        case FallBackTo.ADEQUATE:
            return adequate
        case FallBackTo.ANY:
            return [*adequate, *weak]
        case FallBackTo.NONE:
            return adequate[:1]
        case names:
            rest = {c.model.id: c for c in (*adequate[1:], *weak) if not c.is_stored}
            return [*adequate[:1], *(rest[name] for name in names if name in rest)]


_REASONS: Mapping[Aim, Reason] = {
    Aim.CHEAPEST: Reason.CHEAPEST_ADEQUATE,
    Aim.FASTEST: Reason.FASTEST_ADEQUATE,
    Aim.FASTEST_START: Reason.FASTEST_ADEQUATE,
    Aim.BEST: Reason.BEST_AFFORDABLE,
    Aim.WEIGHTED: Reason.BEST_VALUE,
}


def _meets(candidate: Candidate, bar: Bar) -> bool:
    return bar.is_met(candidate.model.id, candidate.quality)


def _staying(ranking: _Ranking, able: list[Candidate], stays_with: str) -> _Ranking:
    """The model that has called tools gets their results, unless an answer to them is stored.

    Another one would have to read the whole conversation anew, at full price. It was good enough for
    the work when it was chosen; here only a tool's words are judged.
    """
    live = (c for c in able if c.model.id == stays_with and not c.is_stored)
    staying = next(live, None)
    if staying is None or ranking.reason is None or ranking.ordered[0].is_stored:
        return ranking
    return _led_by(staying, ranking, Reason.SESSION)


def _going_on(ranking: _Ranking, able: list[Candidate]) -> _Ranking:
    """The ranking, with its reason where the cheapest is that only for what its provider has already read."""
    if ranking.reason is not Reason.CHEAPEST_ADEQUATE:
        return ranking
    staying = ranking.ordered[0].cost.staying
    if staying is None or not staying.kept_tokens:
        return ranking
    rivals = (each.cost.staying for each in able if _meets(each, ranking.bar))
    if not any(rival.anew < staying.anew for rival in rivals if rival is not None):
        return ranking
    return replace(ranking, reason=Reason.CONVERSATION)


def _behind(cascade: Cascade, ranking: _Ranking, able: list[Candidate], terms: Terms) -> _Ranking:
    """Who is asked when no step has settled the request: the final model, then whoever follows it as ever."""
    if terms.fall_back_to in (FallBackTo.ADEQUATE, FallBackTo.ANY):
        return _led_by(cascade.final, ranking, Reason.CASCADE)
    return _rank(able, terms, ranking.bar, cascade.final)


def _led_by(first: Candidate, ranking: _Ranking, reason: Reason) -> _Ranking:
    """The ranking with another one at its head, who may have been excluded from it."""
    others = tuple(c for c in ranking.ordered if c is not first)
    left = tuple(each for each in ranking.exclusions if each.candidate is not first)
    return _Ranking(ranking.bar, reason, (first, *others), left)


def _is_left_over(candidate: Candidate, kept: tuple[Candidate, ...], bar: Bar) -> bool:
    """Whether it must be told why this one is not kept. That one stored answer is enough needs no word."""
    if candidate.is_stored and _meets(candidate, bar):
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


def _not_kept(candidate: Candidate, bar: Bar) -> Exclusion:
    if not _meets(candidate, bar):
        return Exclusion(candidate, ExclusionReason.QUALITY, bar.missed_by(candidate.quality))
    return Exclusion(candidate, ExclusionReason.NO_FALLBACKS, "the policy does not fall back to it")


_Order = Callable[[Candidate], tuple[float | str, ...]]


def _order(objective: Objective) -> _Order:
    """What the adequate models are sorted by. Whatever ties, the cheaper and the better comes first.

    A latency that is not known yet counts as none: only who is asked becomes known.
    """
    match objective.aim:
        case Aim.CHEAPEST:
            return _cheapest_first
        case Aim.BEST:
            return _best_first
        case Aim.FASTEST:
            return lambda c: (c.latency.total_s or 0.0, *_cheapest_first(c))
        case Aim.FASTEST_START:
            return lambda c: (c.latency.first_content_s or 0.0, *_cheapest_first(c))
        case Aim.WEIGHTED:
            return lambda c: (
                objective.worth_pico(c.cost.expected, c.quality.p, c.latency.total_s),
                *_cheapest_first(c),
            )


def _cheapest_first(candidate: Candidate) -> tuple[int, bool, float, str]:
    """In a conversation it is all of it that is to cost least, and not the next call."""
    cost, is_live = candidate.cost.in_all.pico, not candidate.is_stored
    return cost, is_live, -candidate.quality.p, candidate.model.id


def _best_first(candidate: Candidate) -> tuple[float, bool, int, str]:
    cost, is_live = candidate.cost.expected.pico, not candidate.is_stored
    return -candidate.quality.p, is_live, cost, candidate.model.id

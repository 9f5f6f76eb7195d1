"""The choice: the cheapest of the models that are good enough, or whatever else a policy aims at.

A stored answer is a candidate like any other: it has the quality of the model that wrote it, and costs
nothing. `choose` is a pure function of its arguments, so that a decision can be replayed. The order of
candidates comes from `router.decision.ranking`.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import partial
from types import MappingProxyType

from msgspec import Struct

from router.decision.bid import Setting
from router.decision.cascade import NOT_WANTED, NoCascade, cascade_for
from router.decision.estimate import candidate_for, stored_by
from router.decision.exclude import exclusions_by, too_brief
from router.decision.experience import Experience
from router.decision.policy import (
    REFERENCE_ASKED,
    REFERENCE_BEST,
    Circumstances,
    Policy,
    Terms,
)
from router.decision.ranking import (
    Ranking,
    best_first,
    going_on,
    led_by,
    ranked,
    staying_with,
    surely_fitting,
)
from router.decision.verdicts import Observed
from router.domain.bar import NO_BAR, Bar
from router.domain.caching import NO_CACHING, CacheTerms
from router.domain.candidate import Candidate
from router.domain.cascade import Cascade, CascadeUse
from router.domain.decision import Decision, Exclusion, ExclusionReason, Reason
from router.domain.errors import ApiError
from router.domain.features import Features
from router.domain.few import few
from router.domain.model import Model

Catalog = Mapping[str, Model]
_NO_OTHERS: Catalog = MappingProxyType({})


class NothingAdequate(ApiError):
    """No model may answer, by the policy's own terms; `exclusions` says why for each, the message for some.

    If the prompt is too long for one that else might, the error has OpenAI's code and Anthropic's words for it, by
    which agents know that they have to shorten their conversation.
    """

    def __init__(self, policy: str, exclusions: tuple[Exclusion, ...]) -> None:
        self.exclusions = exclusions
        is_long = any(each.reason is ExclusionReason.CONTEXT for each in exclusions)
        because = "The prompt is too long: policy" if is_long else "Policy"
        told = (f"{each.model_id}: {each.detail}" for each in exclusions)
        why = few(dict.fromkeys(told), "; ")  # a stored answer has the reason of its model
        super().__init__(
            400,
            f"{because} '{policy}' allows no model to answer this request ({why}).",
            code="context_length_exceeded" if is_long else "no_adequate_model",
            param="messages" if is_long else "model",
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
    verdicts: Observed | None = None,
) -> Decision:
    """The decision of `policy` for one request. Raises NothingAdequate when it must refuse.

    `stored` are the models, by id, whose answers to this very request are at hand; `known` are models
    that cannot answer, but may be the reference; `verdicts` are what was seen of cascades.
    """
    alone = _without_cascade(
        features, circumstances, policy, catalog, experience, stored, known=known
    )
    found: Cascade | NoCascade = NOT_WANTED
    if alone.terms.cascade.use is not CascadeUse.NEVER:
        is_only_known = alone.reference.model.id not in catalog
        found = cascade_for(
            alone.setting(features, circumstances, experience, verdicts, is_only_known)
        )
    if isinstance(found, Cascade):
        return alone.decision(features, policy, alone.ranking_behind(found), found)
    return alone.decision(features, policy, alone.ranking, no_cascade=found.why)


class _Alone(Struct, frozen=True):
    """The decision if one model is to answer: the terms, the models that are able to, and their order."""

    rule: str
    terms: Terms
    able: list[Candidate]
    excluded: list[Exclusion]
    reference: Candidate
    ranking: Ranking
    reason: Reason

    def setting(
        self,
        features: Features,
        circumstances: Circumstances,
        experience: Experience,
        verdicts: Observed | None,
        is_only_known: bool,
    ) -> Setting:
        """What a cascade has to beat, and the bounds it has to keep."""
        return Setting(
            features=features,
            circumstances=circumstances,
            terms=self.terms,
            able=self.able,
            alone=self.ranking.ordered[0],
            reason=self.reason,
            reference=self.reference,
            is_only_known=is_only_known,
            bar=self.ranking.bar,
            experience=experience,
            verdicts=verdicts,
        )

    def ranking_behind(self, cascade: Cascade) -> Ranking:
        """Who is asked when no step has settled the request: the final model, then its fallbacks as usual."""
        return led_by(cascade.final, self.ranking, self.able, self.terms, Reason.CASCADE)

    def decision(
        self,
        features: Features,
        policy: Policy,
        ranking: Ranking,
        cascade: Cascade | None = None,
        no_cascade: tuple[str, ...] = (),
    ) -> Decision:
        """The decision, with a cascade or with why there is none."""
        terms, chosen = self.terms, ranking.ordered[0]
        return Decision(
            policy=policy.name,
            policy_version=policy.version,
            rule=self.rule,
            features=features,
            reason=self.reason if cascade is None else Reason.CASCADE,
            chosen=chosen,
            fallbacks=ranking.ordered[1:],
            exclusions=(*self.excluded, *ranking.exclusions),
            reference=self.reference,
            bar=ranking.bar,
            objective=terms.objective,
            cache=terms.cache,
            ceiling=terms.ceiling,
            deadlines=terms.deadlines,
            hedge=terms.hedge,
            cascade=cascade,
            no_cascade=no_cascade,
            answer_tokens=None
            if chosen.is_stored
            else chosen.model.limit_below(features.max_output_tokens),
        )


def _without_cascade(  # noqa: PLR0913 - as choose
    features: Features,
    circumstances: Circumstances,
    policy: Policy,
    catalog: Catalog,
    experience: Experience,
    stored: Collection[str],
    *,
    known: Catalog,
) -> _Alone:
    """The decision if one model is to answer. Raises NothingAdequate when none may."""
    rule, terms = policy.terms_for(features, circumstances)
    if circumstances.held_by:
        catalog = {name: model.held_by(circumstances.held_by) for name, model in catalog.items()}
    estimated = partial(_estimated, features, terms, experience, circumstances)
    candidates = estimated(catalog)
    at_hand = [stored_by(terms.pool.within(catalog[key]), features) for key in sorted(stored)]
    able, excluded = _split((*at_hand, *candidates.values()), features, terms, circumstances)
    if not able:
        raise NothingAdequate(policy.name, tuple(excluded))
    # The reference need not be able to answer: it may be excluded, or have no key.
    named = _named(terms, circumstances)
    if named in known and named not in candidates:
        candidates |= estimated({named: known[named]})
    reference = _reference(terms, named, candidates, able)
    bar = _bar(terms, reference)
    if brief := too_brief(able, bar, features):
        excluded, able = [*excluded, *brief], _without(able, brief)
    # Cheapest first, unless it may be too small for the prompt, or another model has called the tools.
    ranking = surely_fitting(ranked(able, terms, bar), able, terms, features)
    ranking = going_on(staying_with(ranking, able, terms, circumstances.stays_with), able)
    if ranking.reason is None:
        raise NothingAdequate(policy.name, (*excluded, *ranking.exclusions))
    return _Alone(rule, terms, able, excluded, reference, ranking, ranking.reason)


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


def _estimated(
    features: Features,
    terms: Terms,
    experience: Experience,
    circumstances: Circumstances,
    catalog: Catalog,
) -> dict[str, Candidate]:
    """Every model with what is predicted of its answer, in the places that the policy allows."""
    return {
        key: candidate_for(
            terms.pool.within(catalog[key]),
            features,
            experience,
            terms.latency_quantile,
            circumstances.conversation,
            circumstances.unix_s,
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
    exclusion_of = exclusions_by(features, terms, circumstances)
    for candidate in candidates:
        if exclusion := exclusion_of(candidate):
            excluded.append(exclusion)
        else:
            able.append(candidate)
    return able, excluded


def _without(able: list[Candidate], excluded: Iterable[Exclusion]) -> list[Candidate]:
    gone = {id(each.candidate) for each in excluded}
    return [each for each in able if id(each) not in gone]


def _named(terms: Terms, circumstances: Circumstances) -> str:
    """The id of the model that is to be the reference, if there is one of that name."""
    if terms.reference == REFERENCE_ASKED:
        return circumstances.stands_for or circumstances.asked
    return terms.reference


def _reference(
    terms: Terms, named: str, candidates: Mapping[str, Candidate], able: list[Candidate]
) -> Candidate:
    """The candidate that quality and saving are measured against; the best able one by default.

    Stored answers do not count, unless there is nothing else.
    """
    if terms.reference != REFERENCE_BEST and named in candidates:
        return candidates[named]
    live = [candidate for candidate in able if not candidate.is_stored]
    return candidates[min(live or able, key=best_first).model.id]


def _bar(terms: Terms, reference: Candidate) -> Bar:
    if terms.floor is not None:
        return Bar(terms.floor, terms.confidence)
    # Rounded for people: 0.8 - 0.1 is a little more than 0.7.
    p = max(0.0, round(reference.quality.p - terms.within, 9))
    return Bar(p, terms.confidence, reference.quality.sd, reference.model.id)

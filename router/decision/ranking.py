"""The order in which models are asked: the adequate ones by the policy's aim, then their fallbacks.

Ties go to what is stored, then to the better model, then to the first in alphabetical order, so that nothing depends on
the order of a file.
"""

from collections.abc import Callable, Mapping

from msgspec import Struct

from router.decision.policy import FallBackTo, Otherwise, Terms
from router.domain.bar import Bar
from router.domain.candidate import Candidate
from router.domain.decision import Exclusion, ExclusionReason, Reason
from router.domain.features import Features
from router.domain.members import replace
from router.domain.objective import Aim, Objective

LONGEST_BY_SAMPLE = 1.1
"""A prompt has at most so many times the tokens estimated from a sample: none of 469 texts had more (docs/speed.md)."""


class Ranking(Struct, frozen=True):
    """The models that may answer, in order; without a reason, none may."""

    bar: Bar
    reason: Reason | None
    ordered: tuple[Candidate, ...]
    exclusions: tuple[Exclusion, ...]


def ranked(
    able: list[Candidate], terms: Terms, bar: Bar, first: Candidate | None = None
) -> Ranking:
    """The models in order; `first`, if given, is chosen, and the others follow it as they would anyway."""
    reason: Reason | None = REASONS[terms.objective.aim]
    adequate, weak = _parted(able, bar)
    adequate.sort(key=order_of(terms.objective))
    weak.sort(key=best_first)
    if not adequate:
        reason, adequate, weak = _make_do(weak, terms.otherwise)
    if first is not None:
        adequate = [first, *(each for each in adequate if each is not first)]
        weak = [each for each in weak if each is not first]
    ordered = _in_order(adequate, weak, terms.fall_back_to)
    kept = (*ordered[:1], *(c for c in ordered[1:] if not c.is_stored))
    known = set(map(id, kept))  # comparing their fields takes a hundred times as long
    left = tuple(_not_kept(c, bar) for c in able if id(c) not in known and _must_be_told_of(c, bar))
    return Ranking(bar, reason, kept, left)


def _parted(able: list[Candidate], bar: Bar) -> tuple[list[Candidate], list[Candidate]]:
    """Those that meet the bar, and those that do not."""
    adequate, weak = list[Candidate](), list[Candidate]()
    for each in able:
        (adequate if _meets(each, bar) else weak).append(each)
    return adequate, weak


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


REASONS: Mapping[Aim, Reason] = {
    Aim.CHEAPEST: Reason.CHEAPEST_ADEQUATE,
    Aim.FASTEST: Reason.FASTEST_ADEQUATE,
    Aim.FASTEST_START: Reason.FASTEST_ADEQUATE,
    Aim.BEST: Reason.BEST_AFFORDABLE,
    Aim.WEIGHTED: Reason.BEST_VALUE,
}


def _meets(candidate: Candidate, bar: Bar) -> bool:
    return bar.is_met(candidate.model.id, candidate.quality)


def staying_with(ranking: Ranking, able: list[Candidate], terms: Terms, stays_with: str) -> Ranking:
    """The ranking led by the model that called the tools, which gets their results unless an answer is stored.

    Another one would have to read the whole conversation again, at full price. It was good enough for
    the work when it was chosen; now there are only a tool's words to judge by.
    """
    live = (c for c in able if c.model.id == stays_with and not c.is_stored)
    staying = next(live, None)
    if staying is None or ranking.reason is None or ranking.ordered[0].is_stored:
        return ranking
    return led_by(staying, ranking, able, terms, Reason.SESSION)


def going_on(ranking: Ranking, able: list[Candidate]) -> Ranking:
    """The same ranking; its reason is the conversation if without its prompt cache another would be the cheapest."""
    if ranking.reason is not Reason.CHEAPEST_ADEQUATE:
        return ranking
    staying = ranking.ordered[0].cost.staying
    if staying is None or not staying.kept_tokens:
        return ranking
    rivals = (each.cost.staying for each in able if _meets(each, ranking.bar))
    if not any(rival.anew < staying.anew for rival in rivals if rival is not None):
        return ranking
    return replace(ranking, reason=Reason.CONVERSATION)


def surely_fitting(
    ranking: Ranking, able: list[Candidate], terms: Terms, features: Features
) -> Ranking:
    """The ranking, led by the first adequate model whose context surely holds the prompt.

    The length of a long prompt is estimated from a sample, that of a file from its size. A model whose context may turn
    out to be too small is asked only when no other adequate one is left: a refusal costs a call, and time.
    """
    if features.tokens_exact or ranking.reason is None or _is_roomy(ranking.ordered[0], features):
        return ranking
    live = (c for c in able if _meets(c, ranking.bar) and not c.is_stored)
    roomy = [c for c in live if _is_roomy(c, features)]
    if not roomy:
        return ranking
    return led_by(min(roomy, key=order_of(terms.objective)), ranking, able, terms, ranking.reason)


def _is_roomy(candidate: Candidate, features: Features) -> bool:
    longest, model = features.prompt_tokens * LONGEST_BY_SAMPLE, candidate.model
    room = model.answer_room(features.max_output_tokens)
    return candidate.is_stored or longest + room <= model.context_tokens


def led_by(
    first: Candidate, ranking: Ranking, able: list[Candidate], terms: Terms, reason: Reason
) -> Ranking:
    """The ranking with `first` at its head, even if it had been excluded, and behind it what the policy allows."""
    if terms.fall_back_to not in (FallBackTo.ADEQUATE, FallBackTo.ANY):
        return replace(ranked(able, terms, ranking.bar, first), reason=reason)
    others = tuple(c for c in ranking.ordered if c is not first)
    left = tuple(each for each in ranking.exclusions if each.candidate is not first)
    return Ranking(ranking.bar, reason, (first, *others), left)


def _must_be_told_of(candidate: Candidate, bar: Bar) -> bool:
    """Whether to say why this one is left out; for a second adequate stored answer there is no need to."""
    return not (candidate.is_stored and _meets(candidate, bar))


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
            return Reason.CHEAPEST_AVAILABLE, ordered[:1], sorted(ordered[1:], key=best_first)


def _not_kept(candidate: Candidate, bar: Bar) -> Exclusion:
    if not _meets(candidate, bar):
        return Exclusion(candidate, ExclusionReason.QUALITY, bar.missed_by(candidate.quality))
    return Exclusion(candidate, ExclusionReason.NO_FALLBACKS, "the policy does not fall back to it")


_Order = Callable[[Candidate], tuple[float | str, ...]]


def order_of(objective: Objective) -> _Order:
    """The sort key for adequate models. In a tie the cheaper one comes first, then the better one.

    An unknown latency counts as 0: a model must be asked for its latency to become known.
    """
    match objective.aim:
        case Aim.CHEAPEST:
            return _cheapest_first
        case Aim.BEST:
            return best_first
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
    """A sort key by cost: in a conversation, that of all the calls to come, not just of the next one."""
    cost, is_live = candidate.cost.in_all.pico, not candidate.is_stored
    return cost, is_live, -candidate.quality.p, candidate.model.id


def best_first(candidate: Candidate) -> tuple[float, bool, int, str]:
    """A sort key by quality, best first; among equals what is stored comes first, then the cheaper one."""
    cost, is_live = candidate.cost.expected.pico, not candidate.is_stored
    return -candidate.quality.p, is_live, cost, candidate.model.id

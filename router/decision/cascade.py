"""Whether a request is worth a cascade, and which one: never one that could lose.

A policy that wants cascades `always` gets its steps as they are written. One that leaves it to the evidence (`auto`)
gets a cascade that keeps every rule of `router.decision.bid`: it is as good as the policy asks and paid for by the
requests that it settles, both at the lower end of what is known; it is within ceiling, budget and targets; and it is
better by the policy's aim than the model that would answer alone.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from router.decision.bid import Bid, Setting, by_worth, named
from router.decision.bid_rules import LIMITS, RULES, broken
from router.decision.estimate import judging_cost
from router.decision.ranking import best_first
from router.decision.way import whole
from router.domain.candidate import Candidate
from router.domain.cascade import AGREEMENT, Cascade, CascadeUse, Step, StepRecipe
from router.domain.decision import Reason
from router.domain.estimate import CostEstimate
from router.domain.features import Recognised
from router.domain.local_cascades import OwnFirst
from router.domain.model import APIS, Capability
from router.domain.money import ZERO
from router.domain.objective import Aim

LARGEST_SHARE = 0.7
"""Of the final model's cost: more expensive pairs lost on every measured set of outcomes (docs/cascades.md)."""
MOST_FIRST, MOST_PAIRS = 6, 6
"""How many models pairs are made of, and how many pairs are looked up: with more, finding a pair takes longer than all
the rest of a decision."""

_INCOMPARABLE = frozenset({Capability.LOGPROBS, Capability.AUDIO}) | APIS


class NoCascade(Struct, frozen=True):
    """No cascade is taken; `why` says so in clauses, none if no cascade was wanted."""

    why: tuple[str, ...] = ()


NOT_WANTED = NoCascade()


def cascade_for(setting: Setting) -> Cascade | NoCascade:
    """The cascade for the request, or why there is none."""
    wanted = setting.terms.cascade
    if wanted.use is CascadeUse.NEVER or setting.alone.is_stored:
        return NOT_WANTED
    if why := _senseless(setting) or (
        _undecidable(setting) if wanted.use is CascadeUse.AUTO else ""
    ):
        return NoCascade((why,))
    final = _final(setting)
    return _as_written(setting, final) if wanted.steps else _best_pair(setting, final)


def _final(setting: Setting) -> Candidate:
    """The model behind all steps: the one that the policy names, else the reference, else the best."""
    live, wanted = setting.live, setting.terms.cascade.final or setting.reference.model.id
    return live.get(wanted) or min(live.values(), key=best_first)


def _senseless(setting: Setting) -> str:
    """Why no cascade at all makes sense for this request, "" if one may."""
    features = setting.features
    if setting.reason in (Reason.SESSION, Reason.CONVERSATION):
        return f"the session stays with {setting.alone.model.id}"
    if features.choices > 1:
        return f"{features.choices} choices are requested, and steps compare one from each model"
    if wanted := features.needs & _INCOMPARABLE:
        return f"{', '.join(sorted(wanted))} is wanted, which steps cannot compare"
    return ""


def _undecidable(setting: Setting) -> str:
    """Why evidence cannot speak for any cascade here, "" if it can."""
    if setting.terms.objective.aim in (Aim.FASTEST, Aim.FASTEST_START):
        return "the policy wants the fastest answer, and cascades take time"
    if setting.is_only_known:
        return f"{setting.reference.model.id}, the reference, cannot be the final model"
    features = setting.features
    if setting.terms.cascade.steps or (isinstance(features, Recognised) and features.prospects):
        return ""
    return "nothing was learnt about cascades on such requests"


# ---------------------------------------------------------------------------- steps of the policy


def _as_written(setting: Setting, final: Candidate) -> Cascade | NoCascade:
    """The policy's own steps, without those that cannot be asked, or (if `auto`) have no evidence for them."""
    is_auto = setting.terms.cascade.use is CascadeUse.AUTO
    steps, lacking = list[Step](), list[str]()
    for recipe in setting.terms.cascade.steps:
        found = _step(recipe, setting, final)
        why = found if isinstance(found, str) else _unknown(found, setting, final, is_auto=is_auto)
        if isinstance(found, Step) and not why:
            steps.append(found)
        else:
            lacking.append(str(why))
    if not steps:
        return NoCascade(tuple(lacking))
    bid = Bid.of_steps(tuple(steps), final, setting.terms.cascade.check_share)
    if rule := broken(RULES if is_auto else LIMITS, bid, setting):
        return NoCascade((*lacking, f"{bid.names}: {rule.why_not(bid, setting)}"))
    return whole(bid.way, setting.alone)


def _step(recipe: StepRecipe, setting: Setting, final: Candidate) -> Step | str:
    """The step that a recipe makes, or why it makes none."""
    live = setting.live
    judges = (check.judge for check in recipe.checks if check.judge)
    # A judge reads the whole prompt: where it may not answer, it may not do that either.
    if missing := [name for name in dict.fromkeys((*recipe.models, *judges)) if name not in live]:
        return f"the step of {' and '.join(recipe.models)} is left out: {', '.join(missing)} may not answer"
    first = tuple(live[name] for name in recipe.models)
    if why := _same_again(first, setting):
        return f"the step of {' and '.join(recipe.models)} is left out: {why}"
    if recipe.checks == AGREEMENT:
        prospect = setting.prospects_before(final)(first)
    else:  # what was learnt is about answers that agree; other checks accept others
        prospect = setting.prospect_by_sight(first, final, recipe.checks)
    return Step(first, recipe.checks, prospect, recipe.within_s, _judging(recipe, first, setting))


def _judging(
    recipe: StepRecipe, answers: Sequence[Candidate], setting: Setting
) -> CostEstimate | None:
    """What the verdicts of the step's judge cost; None without one."""
    judge = next((check.judge for check in recipe.checks if check.judge), "")
    if not judge:
        return None
    model = setting.live[judge].model
    return judging_cost(model, answers, setting.features, setting.experience)


def _same_again(first: Sequence[Candidate], setting: Setting) -> str:
    """Why two answers of a model that is asked more than once would prove nothing, "" if they may differ."""
    if setting.features.answers_vary:
        return ""
    ids = [each.model.id for each in first]
    repeated = next((name for name in ids if ids.count(name) > 1), "")
    return repeated and f"as the request is set, {repeated} would say the same again"


def _unknown(step: Step, setting: Setting, final: Candidate, *, is_auto: bool) -> str:
    """Why evidence does not speak for a step, "" if it does or need not."""
    if not is_auto:
        return ""
    if step.prospect is None:
        return f"nothing is known about {named(step.candidates)} before {final.model.id}"
    judging = ZERO if step.judging is None else step.judging.expected
    return setting.off(step.candidates, final, step.checks, judging)


# --------------------------------------------------------------------------------- pairs of models


def _best_pair(setting: Setting, final: Candidate) -> Cascade | NoCascade:
    """The best pair, by the policy's aim, of those that keep every rule, or why none does."""
    bids = sorted(_pairs(setting, final), key=by_worth(setting))
    for bid in bids:
        if not broken(RULES, bid, setting) and not setting.off(bid.first, final):
            return whole(bid.way, setting.alone)
    return NoCascade((_why_none(bids, setting, final),))


def _why_none(bids: Sequence[Bid], setting: Setting, final: Candidate) -> str:
    """What speaks against the best pair."""
    if not bids:
        for pair in _proven(setting, final):
            if why := _same_again(pair, setting):
                return f"{named(pair)} before {final.model.id}: {why}"
        most = f"{LARGEST_SHARE:.0%} of {final.model.id}"
        return f"no two models with known results cost less than {most} together"
    rule = broken(RULES, bids[0], setting)
    why = rule.why_not(bids[0], setting) if rule else setting.off(bids[0].first, final)
    return f"{bids[0].names}: {why}"


def _pairs(setting: Setting, final: Candidate) -> Iterator[Bid]:
    """The pairs that own answers speak for, and the most promising others, if anything is known of them."""
    prospect, share = setting.prospects_before(final), setting.terms.cascade.check_share
    known_of = 0
    for pair in (*_proven(setting, final), *_promising(setting, final)):
        if (known := prospect(pair)) and not _same_again(pair, setting):
            yield Bid.of_pair(pair, final, known, share)
            known_of += 1
        if known_of == MOST_PAIRS:
            return


def _proven(setting: Setting, final: Candidate) -> Iterator[tuple[Candidate, Candidate]]:
    """Pairs that own answers speak for, however promising."""
    features = setting.features
    found = features.prospects if isinstance(features, Recognised) else None
    if not isinstance(found, OwnFirst):
        return
    live, limit = setting.live, _limit(setting, final)
    for names in found.before(final.model.id):
        if all(name in live for name in names):
            one, other = (live[name] for name in names)
            if one.cost.expected.pico + other.cost.expected.pico < limit:
                yield one, other


def _promising(setting: Setting, final: Candidate) -> list[tuple[Candidate, Candidate]]:
    """Pairs, also of a model with itself.

    They are ordered by what a request would cost, the least first, if a pair settled what both get right.
    """
    limit, dear = _limit(setting, final), final.cost.expected.pico
    first = _first(setting, final, limit)
    found = []
    for place, (cost, one) in enumerate(first):
        for after, (more, other) in enumerate(first[place:], place):
            if cost + more >= limit:
                break
            hoped = cost + more + (1.0 - one.quality.p * other.quality.p) * dear
            found.append((hoped, place, after, (one, other)))
    return [told[3] for told in sorted(found)]


def _limit(setting: Setting, final: Candidate) -> float:
    """The cost that a pair must stay below, in 1e-12 USD: no cascade is cheaper than what it asks first."""
    most = LARGEST_SHARE * final.cost.expected.pico
    if setting.terms.objective.aim is not Aim.CHEAPEST:
        return most
    return min(most, setting.alone.cost.expected.pico)


def _first(setting: Setting, final: Candidate, limit: float) -> list[tuple[int, Candidate]]:
    """The models that pairs are made of, the cheapest first, with their costs.

    A model is left out if two others are as cheap and as good, since a pair of those is preferable. Of too many, those
    remain with which a request would cost least, if they settled what they get right.
    """
    dear = final.cost.expected.pico
    able = [
        (each.cost.expected.pico, -each.quality.p, each.model.id, each)
        for each in setting.able
        if each.cost.expected.pico < limit and not each.is_stored and each is not final
    ]
    best, second, kept = 1.0, 1.0, []
    for cost, worse, name, each in sorted(able):
        if worse < second:
            best, second = min(best, worse), min(second, max(best, worse))
            kept.append((cost + (1.0 + worse) * dear, name, cost, each))
    chosen = sorted(kept)[:MOST_FIRST]
    return [told[2:] for told in sorted(chosen, key=lambda told: (told[2], told[1]))]

"""Why a model may not answer a request at all, checked in this order, and which one has to give way to another.

A new constraint is a function here, a row of `_CHECKS`, and a reason in the domain. A row also says whether the
constraint applies to a request: most do not, and then no model need be checked.
"""

from collections.abc import Callable, Sequence

from router.decision.policy import EVERY_MODEL, Circumstances, Terms
from router.decision.response_times import MEDIAN
from router.domain.bar import Bar
from router.domain.candidate import Candidate
from router.domain.decision import Exclusion, ExclusionReason
from router.domain.features import Features
from router.domain.model import Capability

Check = Callable[[Candidate, Features, Terms, Circumstances], str | None]


def _not_allowed(
    candidate: Candidate, _: Features, terms: Terms, circumstances: Circumstances
) -> str | None:
    if circumstances.models and candidate.model.id not in circumstances.models:
        return "the key does not allow it"
    wanted = circumstances.overrides.candidates
    if wanted and candidate.model.id not in wanted:
        return "the request does not want it"
    return None if terms.pool.allows(candidate.model) else "the policy does not allow it"


def _too_long(candidate: Candidate, features: Features, _: Terms, __: Circumstances) -> str | None:
    model, allowed = candidate.model, features.max_output_tokens
    if features.may_be_shortened and Capability.RESPONSES_API in model.capabilities:
        return None
    room = model.context_tokens
    if features.prompt_tokens + (allowed or 1) <= room:
        return None
    wanted = features.least_prompt_tokens + model.answer_room(allowed)
    if wanted <= room:
        return None
    least = "at least " if features.guessed_tokens else ""
    return f"{least}{wanted} tokens do not fit into its context of {room}"


def _incapable(candidate: Candidate, features: Features, _: Terms, __: Circumstances) -> str | None:
    lacking = features.needs - candidate.model.capabilities
    return f"it does not offer {', '.join(sorted(lacking))}" if lacking else None


def _elsewhere(
    candidate: Candidate, _: Features, __: Terms, circumstances: Circumstances
) -> str | None:
    held_by = circumstances.held_by
    if candidate.model.upstream == held_by:
        return None
    return f"the Response that the request continues is stored at {held_by}"


def _too_dear(candidate: Candidate, _: Features, terms: Terms, __: Circumstances) -> str | None:
    if terms.ceiling is None or candidate.cost.expected <= terms.ceiling:
        return None
    return f"an expected {candidate.cost.expected} USD is above the ceiling of {terms.ceiling} USD"


def _too_slow(
    candidate: Candidate, _: Features, terms: Terms, circumstances: Circumstances
) -> str | None:
    latency = candidate.latency
    if not latency.is_evidence(circumstances.unix_s):
        return None  # a model must be asked for its latency to become known, and to remain so
    for limit_s, seen_s, what in (
        (terms.first_content_s, latency.first_content_s, "first content"),
        (terms.total_s, latency.total_s, "the whole answer"),
    ):
        if limit_s is not None and seen_s is not None and seen_s > limit_s:
            return (
                f"its {_spoken(latency.quantile)} of {seen_s:.2f} s to {what} is above {limit_s} s"
            )
    return None


def _spoken(quantile: float) -> str:
    return "median" if quantile == MEDIAN else f"{quantile:g} quantile"


def _beyond_budget(
    candidate: Candidate, _: Features, __: Terms, circumstances: Circumstances
) -> str | None:
    left, most = circumstances.money_left, candidate.cost.upper
    if left is None or most <= left:
        return None
    return f"it may cost up to {most} USD, and the budget has {left} USD left"


Applies = Callable[[Features, Terms, Circumstances], bool]
_CHECKS: tuple[tuple[ExclusionReason, Check, Applies], ...] = (
    (
        ExclusionReason.NOT_ALLOWED,
        _not_allowed,
        lambda _, t, c: bool(c.models or c.overrides.candidates or t.pool is not EVERY_MODEL),
    ),
    (ExclusionReason.CONTEXT, _too_long, lambda *_: True),
    (ExclusionReason.CAPABILITY, _incapable, lambda f, _, __: bool(f.needs)),
    (ExclusionReason.STORED_ELSEWHERE, _elsewhere, lambda _, __, c: bool(c.held_by)),
    (ExclusionReason.COST_CEILING, _too_dear, lambda _, t, __: t.ceiling is not None),
    (
        ExclusionReason.LATENCY,
        _too_slow,
        lambda _, t, __: t.first_content_s is not None or t.total_s is not None,
    ),
    (ExclusionReason.BUDGET, _beyond_budget, lambda _, __, c: c.money_left is not None),
)


def exclusions_by(
    features: Features, terms: Terms, circumstances: Circumstances
) -> Callable[[Candidate], Exclusion | None]:
    """A function that returns the first reason against a candidate, or None if it may answer."""
    checks = [
        (reason, check)
        for reason, check, applies in _CHECKS
        if applies(features, terms, circumstances)
    ]

    def exclusion_of(candidate: Candidate) -> Exclusion | None:
        for reason, check in checks:
            if detail := check(candidate, features, terms, circumstances):
                return Exclusion(candidate, reason, detail)
        return None

    return exclusion_of


def too_brief(able: Sequence[Candidate], bar: Bar, features: Features) -> tuple[Exclusion, ...]:
    """Those of `able` that write less of what the client allows than another model that is good enough.

    Clients allow more than they expect to get, and agents allow all models the same. So a model is ruled out only in
    favour of one that is known to write more; otherwise it is just asked for less.
    """
    allowed = features.max_output_tokens
    brief = [each for each in able if not each.is_stored and each.model.limit_below(allowed)]
    if not brief or allowed is None:
        return ()
    most = max((_known_tokens(each, allowed) for each in able if _stands(each, bar)), default=0)
    return tuple(
        Exclusion(
            each,
            ExclusionReason.OUTPUT_LIMIT,
            f"it writes at most {each.model.max_output_tokens} tokens, and {allowed} are asked for",
        )
        for each in brief
        if _known_tokens(each, allowed) < most
    )


def _known_tokens(candidate: Candidate, allowed: int) -> int:
    """How many of the `allowed` tokens the candidate is known to be able to write."""
    return min(allowed, candidate.model.max_output_tokens or 0)


def _stands(candidate: Candidate, bar: Bar) -> bool:
    return not candidate.is_stored and bar.is_met(candidate.model.id, candidate.quality)

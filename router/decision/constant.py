"""Policies that decide nothing: whatever the request, the same model answers."""

from collections.abc import Iterable

from router.decision.choose import Catalog, NothingAdequate, choose
from router.decision.compare import TrialRequest
from router.decision.experience import Experience
from router.decision.policy import Policy
from router.domain.decision import Decision, ExclusionReason

LEAST_REQUESTS = 30
"""Fewer requests may be alike by chance."""

_UNABLE = frozenset(
    {
        ExclusionReason.NOT_ALLOWED,
        ExclusionReason.CONTEXT,
        ExclusionReason.CAPABILITY,
        ExclusionReason.OUTPUT_LIMIT,
    }
)


def constant_choice(
    policy: Policy, requests: Iterable[TrialRequest], catalog: Catalog, experience: Experience
) -> str | None:
    """The id of the one model that `policy` takes for all of `requests`; None if there is none.

    Also None when fewer than 30 of them are answered, and when no other model could have answered any
    of them: a policy that allows a single model means to. A refused request says nothing.
    """
    answered, found, had_a_choice = 0, "", False
    for case in requests:
        decision = _decision(policy, case, catalog, experience)
        if decision is None:
            continue
        if decision.cascade is not None:
            return None  # which of its models answers depends on the answers
        if decision.chosen.model.id != (found or decision.chosen.model.id):
            return None
        found, answered = decision.chosen.model.id, answered + 1
        had_a_choice = had_a_choice or _had_a_choice(decision)
    return found if had_a_choice and answered >= LEAST_REQUESTS else None


def _decision(
    policy: Policy, case: TrialRequest, catalog: Catalog, experience: Experience
) -> Decision | None:
    try:
        return choose(case.features, case.alone, policy, catalog, experience)
    except NothingAdequate:
        return None


def _had_a_choice(decision: Decision) -> bool:
    """Whether another model was allowed and able; an exclusion for its price or quality is a choice."""
    others = (each for each in decision.exclusions if each.reason not in _UNABLE)
    return bool(decision.fallbacks) or any(others)

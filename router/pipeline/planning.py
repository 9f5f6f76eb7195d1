"""From a decision to a plan: the bounds of the server, tightened by the policy and by the client."""

from msgspec import Struct

from router.decision.experience import Experience
from router.dispatch.allowance import Allowance
from router.dispatch.plan import Effort, Plan
from router.domain.deadlines import NO_DEADLINES, Deadlines
from router.domain.decision import Decision
from router.domain.members import replace

_A_FEW = 2
"""With this many places, a model can be hedged without a fallback."""


class Hedging(Struct, frozen=True):
    """One allowance of hedges for each policy and share, so that each keeps to its own."""

    allowances: dict[tuple[str, float], Allowance]

    def of(self, decision: Decision) -> Allowance | None:
        """The allowance of the decision's policy, after earning one request's share; None when it does not hedge."""
        if decision.hedge is None:
            return None
        share = decision.hedge.share
        usual = Allowance(share, floor=1.0)
        allowance = self.allowances.setdefault((decision.policy, share), usual)
        allowance.earn()
        return allowance


def plan_for(
    decision: Decision,
    effort: Effort,
    experience: Experience,
    *,
    stream: bool,
    deadline_s: float | None,
    hedges: Allowance | None,
) -> Plan:
    """The plan for one request; `deadline_s` is the client's own, None where it gave none."""
    chosen, features = decision.chosen, decision.features
    length = experience.length(chosen.model, features.category)
    return Plan(
        candidates=(chosen, *decision.fallbacks),
        effort=tightened(effort, decision.deadlines, deadline_s),
        stream=stream,
        tokens=features.prompt_tokens + round(length.tokens.mean) * features.choices,
        ceiling=decision.ceiling,
        hedge_after_s=_silence_s(decision, experience, stream),
        hedges=hedges,
        tier=features.service_tier,
    )


def tightened(effort: Effort, wishes: Deadlines, deadline_s: float | None) -> Effort:
    """The server's effort, with shorter waits where the policy or the client wants them."""
    if deadline_s is None and wishes == NO_DEADLINES:
        return effort
    total_s = _least(effort.total_s, wishes.total_s)
    return replace(
        effort,
        first_content_s=_least(effort.first_content_s, wishes.first_content_s),
        stall_s=_least(effort.stall_s, wishes.stall_s),
        total_s=_least(total_s, deadline_s),
        is_hurried=deadline_s is not None and deadline_s < total_s,
    )


def _least(usual_s: float, *wishes_s: float | None) -> float:
    return min(usual_s, *(wish_s for wish_s in wishes_s if wish_s is not None), float("inf"))


def _silence_s(decision: Decision, experience: Experience, stream: bool) -> float | None:
    is_alone = not decision.fallbacks and len(decision.chosen.replicas) < _A_FEW
    if decision.hedge is None or is_alone:
        return None
    chosen, category = decision.chosen.model, decision.features.category
    return experience.silence_s(chosen, category, decision.hedge.quantile, stream=stream)

"""An answer at hand that a cascade has accepted before takes the place of running that cascade again."""

from collections.abc import Collection

from router.decision.estimate import stored_by
from router.domain.decision import Decision, Reason
from router.domain.members import replace


def settled(decision: Decision, accepted: Collection[str]) -> Decision:
    """`decision` with such an answer as the chosen one, if its cascade would ask the model that wrote it.

    `accepted` are the ids of models whose answers to this very request are at hand, and were accepted by
    checks of the same policy. Such an answer is worth as much as the whole cascade.
    """
    cascade = decision.cascade
    if cascade is None:
        return decision
    first = (each for step in cascade.steps for each in step.candidates)
    writer = next((each.model for each in first if each.model.id in accepted), None)
    if writer is None:
        return decision
    chosen = replace(stored_by(writer, decision.features), quality=cascade.quality)
    is_adequate = decision.is_adequate(chosen)  # a policy may want its cascade whatever it is worth
    return replace(
        decision,
        reason=Reason.CHEAPEST_ADEQUATE if is_adequate else Reason.CASCADE,
        chosen=chosen,
        cascade=None,
        answer_tokens=None,  # nobody is asked
    )

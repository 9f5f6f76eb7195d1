"""Which models can be asked in the client's own dialect."""

from collections.abc import Mapping

from router.decision.policy import Policy
from router.domain.decision import Decision
from router.domain.model import Model
from router.wire.chat import ChatRequest


def check_spoken(request: ChatRequest, target: Policy | Model, models: Mapping[str, Model]) -> None:
    """Raise the ApiError that names what chat cannot express, if no model speaks the client's own dialect."""
    original = request.original
    if original is None or original.unsaid is None:
        return
    asked = (target,) if isinstance(target, Model) else models.values()
    if not any(original.api in model.capabilities for model in asked):
        raise original.unsaid


def speaks(request: ChatRequest, models: Mapping[str, Model]) -> bool:
    """Whether any of `models` can be asked in the dialect that the request came in."""
    original = request.original
    return original is not None and any(original.api in m.capabilities for m in models.values())


def may_pass(request: ChatRequest, decision: Decision) -> bool:
    """Whether the answer may reach its client unchanged, just as the provider sends it."""
    if request.original is None or decision.cascade is not None:
        return False
    asked = (decision.chosen, *decision.fallbacks)
    return any(request.original.api in each.model.capabilities for each in asked)

"""A request's overrides: are they allowed, and do they make sense for this request?"""

from collections.abc import Mapping

from router.decision.policy import Policy
from router.domain.errors import ApiError
from router.domain.key import Grants
from router.domain.members import replace
from router.domain.model import Model
from router.domain.nearest import nearest
from router.domain.overrides import NO_OVERRIDES
from router.pipeline.cache_slot import CacheControl
from router.pipeline.refusals import policy_not_allowed
from router.pipeline.request_context import Caller
from router.wire.chat import ChatRequest
from router.wire.overrides import OVERRIDES, Stated, as_overrides, merged

_NOTHING_STORED = CacheControl(may_read=False, may_store=False)
_NEED_A_POLICY = ("tolerance", "ceiling_usd", "candidates")
_OF_THE_CHOICE = ("policy", *_NEED_A_POLICY, "cascade")


def overriding(request: ChatRequest, caller: Caller) -> Caller:
    """`caller` with the overrides of body and headers. Raises ApiError 400, and 403 for those its key may not use."""
    if not request.extension.overrides and not caller.stated:
        return caller
    stated = merged(request.extension.overrides, caller.stated)
    for name in stated:
        if not caller.grants.allows_override(name) and _wants_something(name, stated):
            raise _not_allowed(name, caller.grants.overrides or frozenset())
    overrides = as_overrides(stated)
    wish = caller.wish if overrides.cache else _NOTHING_STORED
    return replace(caller, stated=stated, overrides=overrides, wish=wish)


def _wants_something(name: str, stated: Stated) -> bool:
    """Whether the override asks for a change; `dry_run: false`, say, only states what is so anyway."""
    return bool(stated[name] != getattr(NO_OVERRIDES, OVERRIDES[name].field))


def policy_named(name: str, policies: Mapping[str, Policy], grants: Grants) -> Policy:
    """The policy that a client wants to decide. Raises ApiError 404, and 403 for what the key may not use."""
    if name not in policies:
        message = f"There is no policy '{name}'{nearest(name, policies)}"
        raise ApiError(404, message, code="policy_not_found", param="farthing.policy")
    if not grants.allows_policy(name):
        raise policy_not_allowed(name, grants.policies, "farthing.policy")
    return policies[name]


def choosing(caller: Caller) -> tuple[str, ...]:
    """The names of the request's overrides that may change which model answers."""
    return tuple(name for name in _OF_THE_CHOICE if name in caller.stated) if caller.stated else ()


def check_pinned(caller: Caller, model: Model) -> None:
    """Raise ApiError 400 for overrides that only a policy can apply."""
    for name in _NEED_A_POLICY:
        if name in caller.stated:
            raise ApiError.invalid(
                f"farthing.{name}",
                f"'{name}' applies only if a policy decides, and '{model.id}' is asked for by"
                " its name; send 'auto' as the model, or add a 'policy'.",
            )


def check_candidates(caller: Caller, catalog: Mapping[str, Model]) -> None:
    """Raise ApiError 400 for candidates that do not exist."""
    for name in sorted(caller.overrides.candidates):
        if name not in catalog:
            known = [each for each in catalog if caller.grants.allows_model(each)]
            raise ApiError.invalid(
                "farthing.candidates", f"There is no model '{name}'{nearest(name, known)}"
            )


def _not_allowed(name: str, allowed: frozenset[str]) -> ApiError:
    may = ", ".join(sorted(allowed)) or "nothing"
    return ApiError(
        403,
        f"This API key may not override '{name}'; it may override {may}.",
        code="override_not_allowed",
        param=f"farthing.{name}",
    )

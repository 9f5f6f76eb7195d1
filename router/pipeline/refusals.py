"""What a client is told when a budget is used up, a rate limit is reached, or its key may not use something."""

from datetime import UTC, datetime

from router.domain.budget import Balance, RateLimit
from router.domain.errors import ApiError
from router.domain.fault import Fault, FaultKind
from router.domain.few import few
from router.domain.money import Money
from router.ports import Exceeded


def budget_exceeded(
    balance: Balance,
    *,
    fitting_tokens: int = 0,
    is_unbounded: bool = False,
    refers_elsewhere: bool = False,
) -> ApiError:
    """402: whatever may answer could cost more than the budget has left.

    An answer of `fitting_tokens` would fit. A request that `is_unbounded` sets no limit to the answer's
    length, so that the longest counts; of one that `refers_elsewhere`, the longest prompt.
    """
    said = _sentence(balance)
    if fitting_tokens:
        said += f" An answer of {fitting_tokens:,} tokens would fit" + (
            ": the request sets no 'max_tokens', so the longest answer counts."
            if is_unbounded
            else "."
        )
    elif refers_elsewhere:
        said += (
            " The request refers to files, sounds, videos or stored texts of unknown size, so the model's"
            " whole context counts: send them in full instead."
        )
    error = ApiError(402, said, code="budget_exceeded", kind="insufficient_quota")
    return error.with_headers(_headers(balance))


def budget_fault(balance: Balance, wanted: Money) -> Fault:
    """The same as the fault of one attempt, which was not made."""
    message = f"an attempt may cost up to {wanted} USD. {_sentence(balance)}"
    told = {"message": _sentence(balance), "type": "insufficient_quota", "code": "budget_exceeded"}
    headers = _headers(balance)
    return Fault(FaultKind.BUDGET, 402, message, "budget_exceeded", error=told, headers=headers)


def limit_exceeded(exceeded: Exceeded) -> ApiError:
    """429: come back a little later."""
    return ApiError(
        429,
        f"The limit of {_bounds(exceeded.limit)} a minute for {exceeded.limit.scope} is reached;"
        f" try again in {exceeded.for_s:.1f} s.",
        code="rate_limit_exceeded",
        kind="rate_limit_error",
        retry_after_s=exceeded.for_s,
    )


def takes_no_part(model_id: str) -> ApiError:
    """404: the configuration has the model, but nowhere to ask for it."""
    return ApiError(
        404,
        f"The model '{model_id}' is configured, but its upstream is left out here, most often because the provider's"
        " key is not set: 'farthing check' says why.",
        code="model_not_found",
        param="model",
    )


def stored_elsewhere(model_id: str, upstream: str) -> ApiError:
    """400: the named model cannot continue from what another provider has stored."""
    return ApiError(
        400,
        f"The Response that this one continues is stored at '{upstream}', which does not"
        f" serve '{model_id}': use a model that it serves, or send the whole conversation.",
        code="response_stored_elsewhere",
        param="previous_response_id",
    )


def policy_not_allowed(name: str, allowed: frozenset[str], param: str = "model") -> ApiError:
    """403: the key may not use this policy, which `param` of the request names."""
    return _not_allowed("policy", name, allowed, param)


def model_not_allowed(name: str, allowed: frozenset[str]) -> ApiError:
    """403: the key may not use this model."""
    return _not_allowed("model", name, allowed, "model")


def policies_only(name: str, allowed: frozenset[str]) -> ApiError:
    """403: the key may use policies only, and the request names a model."""
    asked = few(f"'auto:{policy}'" for policy in sorted(allowed))
    return ApiError(
        403,
        f"This API key may use only policies: ask for {asked} instead of the model '{name}'.",
        code="model_not_allowed",
        param="model",
    )


def makes_vectors(name: str) -> ApiError:
    """400: a conversation was sent to an embedding model."""
    return ApiError(
        400,
        f"'{name}' is an embedding model: it answers POST /v1/embeddings, not conversations.",
        code="model_not_supported",
        param="model",
    )


def _not_allowed(what: str, name: str, allowed: frozenset[str], param: str) -> ApiError:
    return ApiError(
        403,
        f"This API key may not use the {what} '{name}'; it may use {few(sorted(allowed))}.",
        code=f"{what}_not_allowed",
        param=param,
    )


def _sentence(balance: Balance) -> str:
    resets_s = balance.period.resets_s
    again = "" if resets_s is None else f" It resets at {_iso(resets_s)}."
    return (
        f"The budget of {balance.budget} has {balance.left} USD left, which is less than an answer"
        f" may cost.{again}"
    )


def _headers(balance: Balance) -> dict[str, str]:
    resets_s = balance.period.resets_s
    return {} if resets_s is None else {"x-farthing-budget-resets": _iso(resets_s)}


def _iso(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="seconds")


def _bounds(limit: RateLimit) -> str:
    bounds = {"requests": limit.requests_per_minute, "tokens": limit.tokens_per_minute}
    return " and ".join(f"{bound} {what}" for what, bound in bounds.items() if bound is not None)

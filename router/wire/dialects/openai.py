"""What chat and Responses spell the same way."""

from collections.abc import Mapping
from typing import Any

from router.wire.dialects.ids import user_id
from router.wire.dialects.parts import CacheMark
from router.wire.dialects.request import Request, Sampling, ToolUse
from router.wire.dialects.shape import JsonObject, an_object, number_of, plain, text_of, unsaid

SHARED = (
    "metadata prompt_cache_key prompt_cache_options prompt_cache_retention safety_identifier"
).split()
"""Members of a request that mean the same in both. Messages have none of them, and the answer does not
depend on them: they are labels and cache keys, for OpenAI and its customer.
"""

_MARK = "prompt_cache_breakpoint"
_LIFETIMES = ("30m", "12h")

COMMON = ("model", "stream", "temperature", "top_p", "parallel_tool_calls", "service_tier", "user")

USES: Mapping[str, ToolUse] = {use.value: use for use in ToolUse}


def sampling(body: JsonObject, max_tokens: int | None, stop: tuple[str, ...] = ()) -> Sampling:
    """How tokens are to be sampled."""
    return Sampling(
        temperature=number_of(body, "temperature"),
        top_p=number_of(body, "top_p"),
        max_tokens=max_tokens,
        stop=stop,
    )


def user_of(body: JsonObject) -> str:
    """Who asks: `user`, which is older, or else the identifier that replaces it."""
    return text_of(body, "user", "") or text_of(body, "safety_identifier", "")


def shared_of(body: JsonObject) -> dict[str, Any]:
    """The members that OpenAI's other dialect accepts as they are."""
    return {name: body[name] for name in SHARED if body.get(name) is not None}


def rest_of(body: JsonObject, known: tuple[str, ...]) -> dict[str, Any]:
    """The members that only this dialect has."""
    seen = {*SHARED, *COMMON, *known}
    return {name: value for name, value in body.items() if name not in seen and value is not None}


def common(request: Request, *, is_view: bool = False) -> dict[str, Any]:
    """The members that both spell the same way, with the user's whole id for a view.

    Raises ApiError 400 for what neither has.
    """
    if request.sampling.top_k is not None:
        raise unsaid("top_k", "OpenAI's APIs support only 'top_p'")
    is_known = request.shared.get("safety_identifier") == request.user
    return plain(
        model=request.model,
        stream=request.stream or None,
        temperature=request.sampling.temperature,
        top_p=request.sampling.top_p,
        parallel_tool_calls=request.parallel if request.tools else None,
        service_tier=request.tier,
        user="" if is_known else request.user if is_view else user_id(request.user),
        **request.shared,
    )


def detail_of(image: JsonObject, place: str) -> str:
    """How closely to look; "" for `auto`, which is the default."""
    detail = text_of(image, "detail", place)
    return "" if detail == "auto" else detail


def mark_of(part: JsonObject) -> CacheMark | None:
    """The cache breakpoint of a part: OpenAI's own, or Anthropic's, which many servers accept."""
    if part.get("cache_control"):
        control = an_object(part["cache_control"], "cache_control")
        return CacheMark(text_of(control, "ttl", "cache_control"))
    if not part.get(_MARK):
        return None
    return CacheMark(text_of(an_object(part[_MARK], _MARK), "ttl", _MARK))


def marked(part: dict[str, Any], mark: CacheMark | None, *, marks: bool) -> dict[str, Any]:
    """The part with its breakpoint, if there is one and `marks` are wanted."""
    if mark is None or not marks:
        return part
    lifetime = {"ttl": mark.ttl} if mark.ttl in _LIFETIMES else {}
    return {**part, _MARK: {"mode": "explicit", **lifetime}}

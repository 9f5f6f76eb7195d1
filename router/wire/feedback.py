"""`POST /v1/feedback`: how good a client found an answer, from the bytes of its request."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from router.domain.errors import ApiError
from router.domain.nearest import nearest
from router.domain.scored import Scored
from router.wire.chat import json_object, require, shown
from router.wire.overrides import shortened

_KNOWN = ("request_id", "score", "reason")
_LONGEST_REASON = 1000


class Feedback(Struct, frozen=True):
    """What a client says of the answer to one request: a score from 0 to 1, and why, "" for no reason."""

    request_id: str
    score: float
    reason: str = ""


def parse_feedback(raw: bytes) -> Feedback:
    """The feedback in `raw`. Raises ApiError 400 that names the field at fault and what it should be."""
    body = json_object(raw)
    for name in body:
        if name not in _KNOWN:
            short = shortened(name)
            raise ApiError.invalid(short, f"Feedback has no '{short}'{nearest(short, _KNOWN)}")
    require(body, "request_id")
    require(body, "score")
    return Feedback(_request_id(body["request_id"]), _score(body["score"]), _reason(body))


def told(scored: Scored) -> dict[str, Any]:
    """A score as JSON; its time is a Unix time."""
    return {
        "request_id": scored.request_id,
        "model": scored.model,
        "category": scored.category,
        "score": scored.score,
        "source": scored.source,
        "reason": scored.reason,
        "at_s": scored.at_s,
    }


def _request_id(value: object) -> str:
    if not isinstance(value, str):
        raise ApiError.invalid(
            "request_id",
            f"'request_id' must be the answer's header 'x-request-id', as a string, not {shown(value)}.",
        )
    return value


def _score(value: object) -> float:
    if isinstance(value, int | float) and 0 <= value <= 1:
        return float(value)  # true is 1 and false is 0, in Python as here
    raise ApiError.invalid(
        "score",
        f"'score' must be a number from 0 to 1, or true or false, not {shown(value)}.",
    )


def _reason(body: Mapping[str, Any]) -> str:
    value = body.get("reason")
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _LONGEST_REASON:
        found = f"{len(value):,}" if isinstance(value, str) else shown(value)
        raise ApiError.invalid(
            "reason",
            f"'reason' must be a string of at most {_LONGEST_REASON:,} characters, not {found}.",
        )
    return value

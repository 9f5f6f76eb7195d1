"""Who asks, and what for besides the answer, by the headers of a request."""

import re
from collections.abc import Mapping

from router.domain.errors import ApiError
from router.domain.key import MOST_TAGS, VirtualKey
from router.pipeline.cache_slot import CacheControl
from router.pipeline.request_context import Caller
from router.wire.headers import listed
from router.wire.overrides import of_headers

_TAG = re.compile(r"[!-~]{1,64}")
_DEADLINE = "x-farthing-deadline-s"
_RECEIPT = "x-farthing-receipt"
_SESSION = "x-session-id"
_NAME = re.compile(r"[!-~]{1,128}")
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


def caller_of(headers: Mapping[str, str], request_id: str, key: VirtualKey) -> Caller:
    """The caller by its headers, whose names may be in any case. Raises ApiError for headers that are wrong."""
    stated = of_headers(headers)
    own = (tag.strip() for tag in listed(headers, "x-farthing-tags").split(","))
    tags = dict.fromkeys([*key.tags, *filter(None, own)])
    if len(tags) > MOST_TAGS or not all(map(_TAG.fullmatch, tags)):
        raise ApiError.invalid(
            "x-farthing-tags",
            f"'x-farthing-tags' takes at most {MOST_TAGS} tags of at most 64 characters each,"
            " in ASCII, without spaces, separated by commas.",
        )
    return Caller(
        request_id=request_id,
        key=key.name,
        tags=tuple(tags),
        wish=CacheControl.from_header(listed(headers, "cache-control")),
        deadline_s=_deadline_s(headers.get(_DEADLINE)),
        wants_receipt=_wants_receipt(headers.get(_RECEIPT)),
        grants=key.grants,
        key_tags=key.tags,
        session=_session(headers.get(_SESSION, "")),
        headers=headers,
        stated=stated,
    )


def _deadline_s(value: str | None) -> float | None:
    if value is None:
        return None
    try:
        deadline_s = float(value)
    except ValueError:
        deadline_s = 0.0
    if not 0.0 < deadline_s < float("inf"):
        raise ApiError.invalid(_DEADLINE, f"'{_DEADLINE}' must be a number of seconds above 0.")
    return deadline_s


def _session(value: str) -> str:
    name = value.strip()
    if name and not _NAME.fullmatch(name):
        raise ApiError.invalid(
            _SESSION,
            f"'{_SESSION}' must be a name of at most 128 characters, in ASCII, without spaces.",
        )
    return name


def _wants_receipt(value: str | None) -> bool:
    if value is None:
        return False
    if (flag := _FLAGS.get(value.strip().lower())) is None:
        raise ApiError.invalid(_RECEIPT, f"'{_RECEIPT}' must be true or false.")
    return flag

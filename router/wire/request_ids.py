"""What an upstream calls a request: its support asks for that, and so does whoever disputes a bill."""

import re
from collections.abc import Mapping
from typing import Any

_NAMES = (
    "x-request-id",
    "request-id",
    "apim-request-id",
    "x-ms-request-id",
    "x-amzn-requestid",
    "x-generation-id",
    "mistral-correlation-id",
    "x-ds-trace-id",
)
"""OpenAI, Azure and most others; Anthropic; Azure, twice; Bedrock; OpenRouter; Mistral; DeepSeek."""
_OF_THE_EDGE = "cf-ray"
"""Cloudflare's, which is before many providers: an error may be its own, and never have reached them."""
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+=~-]{0,127}")
"""Anything else may be a text, which has no place in the books."""


def request_id_in(headers: Mapping[str, str], *, is_error: bool = False) -> str:
    """The id in an answer's headers, whose names are compared without regard to case; "" for none."""
    for name in _NAMES:
        if (given := headers.get(name)) is not None:
            return plain_id(given)
    return plain_id(headers.get(_OF_THE_EDGE)) if is_error else ""


def own_id(told: Mapping[str, Any]) -> str:
    """The id of a Message or a Response, which it has itself, or the event that begins it; "" for none."""
    begun = told.get("message") or told.get("response") or told
    return plain_id(begun.get("id")) if isinstance(begun, Mapping) else ""


def plain_id(given: object) -> str:
    """`given`, if it is an id as the ledger keeps one: of up to 128 usual characters; else ""."""
    return given if isinstance(given, str) and _PLAIN.fullmatch(given) else ""

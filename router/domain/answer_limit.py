"""The client's own limit on the length of an answer, which OpenAI's API has two names for."""

from collections.abc import Mapping
from typing import Any

LIMITS = ("max_completion_tokens", "max_tokens")
"""The newer name, and the one that older servers know."""


def answer_limit(body: Mapping[str, Any]) -> int | None:
    """The tokens that one choice may have according to a chat request, None where it sets no limit.

    If it sets both, OpenAI refuses it, and each other server reads the one that it knows: so the larger counts.
    """
    return max((limit for name in LIMITS if (limit := body.get(name))), default=None)

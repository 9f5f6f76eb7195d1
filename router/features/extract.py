"""The one call of this room: a parsed request in, its features out."""

from collections.abc import Callable, Mapping
from typing import Any

from router.domain.features import Features
from router.domain.price import STANDARD
from router.domain.service_tier import tier_of
from router.features.category import categorise
from router.features.difficulty import difficulty_of
from router.features.needs import needs_of
from router.features.text import last_from
from router.features.tokens import TokenCounter

LanguageOf = Callable[[str], str]
"""The ISO 639-1 code of a text's language, "" where it cannot be told."""
_LANGUAGE_CHARS = 1000


def features_of(
    body: Mapping[str, Any],
    counter: TokenCounter,
    *,
    language_of: LanguageOf | None = None,
    rates_difficulty: bool = False,
) -> Features:
    """The features of a chat request whose fields `router.wire.chat` has checked.

    Its language and its difficulty are found out only where that is wished.
    """
    messages = body["messages"]
    count = counter.of_chat(messages, body.get("tools"))
    category, confidence = categorise(body)
    return Features(
        prompt_tokens=count.tokens,
        category=category,
        category_confidence=confidence,
        needs=needs_of(body),
        choices=body.get("n") or 1,
        max_output_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
        turns=sum(message["role"] == "user" for message in messages),
        tokens_exact=count.exact,
        service_tier=tier_of(body.get("service_tier")) or STANDARD,
        language=language_of(last_from(messages, "user")[:_LANGUAGE_CHARS])
        if language_of
        else None,
        difficulty=difficulty_of(messages) if rates_difficulty else None,
    )

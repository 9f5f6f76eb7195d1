"""The one call of this room: a parsed request in, its features out."""

from collections.abc import Mapping
from typing import Any

from router.domain.features import Features
from router.domain.price import STANDARD
from router.domain.service_tier import tier_of
from router.features.category import categorise
from router.features.needs import needs_of
from router.features.tokens import TokenCounter


def features_of(body: Mapping[str, Any], counter: TokenCounter) -> Features:
    """The features of a chat request whose fields `router.wire.chat` has checked."""
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
    )

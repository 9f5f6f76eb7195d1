"""How much to think: OpenAI's words, and Anthropic's budgets in tokens."""

from collections.abc import Mapping

from router.wire.dialects.request import Thought

BUDGETS: Mapping[str, int] = {
    "minimal": 1024,
    "low": 2048,
    "medium": 8192,
    "high": 16_384,
    "xhigh": 32_768,
    "max": 65_536,
}
"""Tokens that stand for an effort, and the most that still count as that effort."""
LEAST_BUDGET = 1024


def effort_of(thought: Thought) -> str:
    """The requested effort: its own word, or the least one that covers its budget."""
    if thought.effort or thought.budget_tokens is None:
        return thought.effort
    covering = (word for word, most in BUDGETS.items() if thought.budget_tokens <= most)
    return next(covering, "max")


def budget_of(effort: str, max_tokens: int) -> int | None:
    """Tokens to think with, below the limit of the whole answer; None if it has no room for any."""
    budget = min(BUDGETS.get(effort, BUDGETS["medium"]), max_tokens - 1)
    return budget if budget >= LEAST_BUDGET else None

"""Where a request stands in its conversation, and what providers still have cached of it."""

from collections.abc import Mapping

from msgspec import Struct, field


class Kept(Struct, frozen=True):
    """What the provider at one place still has cached of a conversation's beginning, and how it uses its cache.

    `tokens` are in its prompt cache; `reads` is the share of such tokens that were really read from there,
    `writes` the share of all others that were billed as written to it.
    """

    tokens: int = 0
    reads: float = 1.0
    writes: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what is no count, or no share (NaN included)."""
        if self.tokens < 0 or not (0.0 <= self.reads <= 1.0 and 0.0 <= self.writes <= 1.0):
            raise ValueError(f"impossible to be kept: {self!r}")

    def cached(self, prompt_tokens: float) -> float:
        """How many tokens of a prompt are likely to be read from the cache."""
        return min(self.tokens, prompt_tokens) * self.reads


NOTHING_KEPT = Kept()


class Conversation(Struct, frozen=True):
    """How many `turns` (calls) a conversation has had, and what to expect of it.

    After this call about `ahead` more will go to the model that answers it, each with about `growth` more
    tokens than the one before. `kept` is what providers have cached of it, by the key of the place where a
    model answers.
    """

    turns: int = 0
    ahead: float = 0.0
    growth: int = 0
    kept: Mapping[str, Kept] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what cannot be counted (NaN included)."""
        if self.turns < 0 or self.growth < 0 or not 0.0 <= self.ahead < 1e6:
            raise ValueError(f"impossible conversation: {self!r}")

    def at(self, place: str) -> Kept:
        """What the provider at `place` has cached of it."""
        return self.kept.get(place, NOTHING_KEPT)

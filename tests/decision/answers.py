"""Models, and answers of theirs that were seen."""

from router.decision.experience import Experience, ObservedAnswer
from router.domain.category import Category
from router.domain.model import Model
from tests.domain.builders import model

M, OTHER = model("m"), model("other")
THINKER = model("thinker", tags=frozenset({"reasoning"}))


def seen(
    experience: Experience,
    of: Model,
    tokens: int,
    total_s: float = 1.0,
    category: Category = Category.CHAT,
    reasoning: int = 0,
    *,
    at_s: float = 0.0,
) -> None:
    """An answer of so many tokens, its first content after half of the time."""
    experience.observe(
        of,
        category,
        ObservedAnswer(
            output_tokens=tokens,
            first_content_s=total_s / 2,
            total_s=total_s,
            at_s=at_s,
            reasoning_tokens=reasoning,
        ),
    )


def hid(experience: Experience, tokens: int, category: Category = Category.CHAT) -> None:
    """An answer of `M` that has thought so long before it said anything."""
    experience.observe(
        M,
        category,
        ObservedAnswer(
            output_tokens=tokens + 10,
            first_content_s=10.0,
            total_s=11.0,
            at_s=0.0,
            reasoning_tokens=tokens,
        ),
    )
    experience.observe_thoughts(M, category, tokens)

"""What a policy says about answers that were given to other words."""

from enum import StrEnum

from msgspec import Struct


class SemanticMode(StrEnum):
    """Whether such an answer is given, or only counted as if it were."""

    OFF = "off"
    SHADOW = "shadow"
    ON = "on"


class Sameness(StrEnum):
    """How alike two wordings must be.

    By `wording` they have the same words in the same order but for courtesies and spelling. By
    `meaning` their vectors are close, and no gate is shut between them.
    """

    WORDING = "wording"
    MEANING = "meaning"


DEFAULT_SIMILARITY = 0.95
"""The least cosine of vectors, for `meaning`: chosen on the tuning half of `benchmarks.semantic`."""


class SemanticTerms(Struct, frozen=True):
    """What a policy asks of such answers.

    `similarity` is the least cosine, for `meaning` only. A share of `check_share` of the answers that could
    be used are not, but are compared with a new answer; once it is all but certain that more than
    `limit` of them differ, none is used any more.
    """

    mode: SemanticMode = SemanticMode.OFF
    by: Sameness = Sameness.WORDING
    similarity: float = DEFAULT_SIMILARITY
    limit: float = 0.02
    check_share: float = 0.05

    def __post_init__(self) -> None:
        """Refuse shares out of range, and a cosine that would let everything pass."""
        if not 0.0 < self.similarity <= 1.0:
            raise ValueError(f"similarity must lie above 0 and up to 1, not {self.similarity!r}")
        for name, share in (("limit", self.limit), ("check_share", self.check_share)):
            if not 0.0 <= share <= 1.0:
                raise ValueError(f"{name} must lie between 0 and 1, not {share!r}")


SEMANTIC_OFF = SemanticTerms()

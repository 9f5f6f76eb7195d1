"""How a configuration speaks of answers that were given to other words."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from router.config.words import Dollars, Name, Probability, Seconds, Section
from router.domain.semantic import DEFAULT_SIMILARITY, Sameness, SemanticMode, SemanticTerms


def _as_word(value: object) -> object:
    """YAML reads a bare `off` as false, and `on` as true."""
    match value:
        case True:
            return "on"
        case False:
            return "off"
    return value


class SemanticSection(Section):
    """Of a policy's `cache`: may the answer to other words be given, and how is that checked?"""

    mode: Annotated[SemanticMode, BeforeValidator(_as_word)] = SemanticMode.OFF
    by: Sameness = Sameness.WORDING
    similarity: Annotated[float, Field(gt=0, le=1)] = DEFAULT_SIMILARITY
    limit: Probability = 0.02
    check_share: Probability = 0.05

    def as_terms(self) -> SemanticTerms:
        """As the decision knows it."""
        return SemanticTerms(self.mode, self.by, self.similarity, self.limit, self.check_share)


class UpstreamEmbeddingsSection(Section):
    """Of `cache`: vectors come from an upstream of the configuration."""

    upstream: Name
    model: Annotated[str, Field(min_length=1)]
    usd_per_mtok: Dollars
    timeout_s: Seconds = 1


class LocalEmbeddingsSection(Section):
    """Of `cache`: vectors are made in this process; needs farthing[semantic]."""

    local: Literal["wordllama"]


EmbeddingsSection = UpstreamEmbeddingsSection | LocalEmbeddingsSection

"""How a configuration speaks of answers that were given to other words."""

from typing import Annotated, Literal

from pydantic import Field

from router.config.words import Name, PerMtok, Probability, Seconds, Section
from router.domain.semantic import DEFAULT_SIMILARITY, Sameness, SemanticMode


class SemanticSection(Section):
    """Of a policy's `cache`: may the answer to other words be given, and how is that checked?"""

    mode: SemanticMode = SemanticMode.OFF
    """answers to questions in other words: `off`, `shadow` (only counted), or `on`; see
    [the semantic cache](semantic-cache.md)"""
    by: Sameness = Sameness.WORDING
    """the same words except for courtesies and spelling (`wording`), or the same `meaning` by vectors"""
    similarity: Annotated[float, Field(gt=0, le=1)] = DEFAULT_SIMILARITY
    """for `meaning`: the minimum cosine of two vectors"""
    limit: Probability = 0.02
    """the share of such answers that may differ from new ones; if significantly more do, none is reused any more"""
    check_share: Probability = 0.05
    """the share of such answers that is compared with a new one instead of being reused"""


class UpstreamEmbeddingsSection(Section):
    """Of `cache`: vectors come from an upstream of the configuration."""

    upstream: Name
    model: Annotated[str, Field(min_length=1)]
    usd_per_mtok: PerMtok
    timeout_s: Seconds = 1


class LocalEmbeddingsSection(Section):
    """Of `cache`: vectors are made in this process; needs farthing[semantic]."""

    local: Literal["wordllama"]


EmbeddingsSection = UpstreamEmbeddingsSection | LocalEmbeddingsSection

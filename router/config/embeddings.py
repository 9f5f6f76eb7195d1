"""Where vectors of texts come from, and which policies need them."""

from collections.abc import Callable, Mapping

from router.config.policy.policies import LoadedPolicy
from router.config.semantic import (
    EmbeddingsSection,
    LocalEmbeddingsSection,
    UpstreamEmbeddingsSection,
)
from router.config.settings import (
    EmbeddingsSettings,
    LocalEmbeddings,
    UpstreamEmbeddings,
    UpstreamSettings,
)
from router.config.yaml_file import Place
from router.decision.policy import Policy
from router.domain.money import Money
from router.domain.semantic import Sameness, SemanticMode
from router.providers.endpoints import Endpoint

Wrong = Callable[[Place, str], None]
"""Records that something is wrong at a place in the file."""

_PLACE = ("cache", "embeddings")


def embeddings_of(
    section: EmbeddingsSection | None,
    chosen: Mapping[str, UpstreamSettings],
    policies: Mapping[str, LoadedPolicy],
    wrong: Wrong,
) -> EmbeddingsSettings | None:
    """Where vectors come from; None if nowhere, which is `wrong` if a policy needs them."""
    match section:
        case None:
            for name in sorted(
                name for name, each in policies.items() if wants_vectors(each.policy)
            ):
                needs = f"is needed by policy '{name}', whose semantic cache compares meanings"
                wrong(_PLACE, needs)
            return None
        case LocalEmbeddingsSection():
            return LocalEmbeddings()
        case UpstreamEmbeddingsSection():
            return _of_upstream(section, chosen, wrong)


def wants_vectors(policy: Policy) -> bool:
    """Whether any of its terms compare wordings by meaning."""
    wanted = (terms.cache.semantic for terms in policy.all_terms)
    return any(each.mode is not SemanticMode.OFF and each.by is Sameness.MEANING for each in wanted)


def _of_upstream(
    section: UpstreamEmbeddingsSection, chosen: Mapping[str, UpstreamSettings], wrong: Wrong
) -> UpstreamEmbeddings | None:
    name, endpoint = section.upstream, chosen.get(section.upstream)
    if not isinstance(endpoint, Endpoint):
        wrong((*_PLACE, "upstream"), f"'{name}' is not an active upstream of kind openai")
        return None
    per_token = Money.from_usd(section.usd_per_mtok / 10**6)
    return UpstreamEmbeddings(name, endpoint, section.model, per_token, section.timeout_s)

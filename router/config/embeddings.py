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
from router.decision.policy import Policy, Terms
from router.domain.cascade import CascadeUse, Test
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
            for name, loaded in sorted(policies.items()):
                if compared := meanings_compared(loaded.policy):
                    wrong(_PLACE, f"is needed by policy '{name}', whose {compared} meanings")
            return None
        case LocalEmbeddingsSection():
            return LocalEmbeddings()
        case UpstreamEmbeddingsSection():
            return _of_upstream(section, chosen, wrong)


def meanings_compared(policy: Policy) -> str:
    """What of the policy compares texts by meaning, with its verb; "" if nothing does."""
    if any(map(_of_questions, policy.all_terms)):
        return "semantic cache compares"
    return "cascades compare" if any(map(_of_answers, policy.all_terms)) else ""


def _of_questions(terms: Terms) -> bool:
    semantic = terms.cache.semantic
    return semantic.mode is not SemanticMode.OFF and semantic.by is Sameness.MEANING


def _of_answers(terms: Terms) -> bool:
    steps = () if terms.cascade.use is CascadeUse.NEVER else terms.cascade.steps
    return any(check.test is Test.SIMILARITY for step in steps for check in step.checks)


def _of_upstream(
    section: UpstreamEmbeddingsSection, chosen: Mapping[str, UpstreamSettings], wrong: Wrong
) -> UpstreamEmbeddings | None:
    name, endpoint = section.upstream, chosen.get(section.upstream)
    if not isinstance(endpoint, Endpoint):
        wrong((*_PLACE, "upstream"), f"'{name}' is not an active upstream of kind openai")
        return None
    per_token = Money.from_usd(section.usd_per_mtok / 10**6)
    return UpstreamEmbeddings(name, endpoint, section.model, per_token, section.timeout_s)

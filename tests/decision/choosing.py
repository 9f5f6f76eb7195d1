"""A choice between three models, and how it is told."""

from typing import Any

import pytest

from router.decision.choose import NothingAdequate, choose
from router.decision.experience import Experience
from router.decision.policy import Circumstances
from router.domain.decision import Decision
from router.domain.features import Features
from tests.decision.catalogs import NOBODY, policy
from tests.domain.builders import catalog, features, model

BEST = model("top", price=("3", "15"), p=0.95, tags=frozenset({"closed"}))
MIDDLE = model("middle", price=("0.6", "2.4"), p=0.88)
SMALL = model("small", price=("0.05", "0.08"), p=0.65, context_tokens=8000)
ALL = catalog(BEST, MIDDLE, SMALL)


def deciding(what: Features | None = None, who: Circumstances = NOBODY, **terms: Any) -> Decision:
    """The choice between `ALL` by a policy of these terms."""
    return choose(what or features(), who, policy(**terms), ALL, Experience())


def told(decision: Decision) -> str:
    """A decision as a line: the chosen, the fallbacks, the excluded with their reasons."""
    fallbacks = [candidate.model.id for candidate in decision.fallbacks]
    excluded = [f"{each.model_id}:{each.reason}" for each in decision.exclusions]
    return " | ".join(
        [f"{decision.reason} {decision.chosen.model.id}", " ".join(fallbacks), " ".join(excluded)]
    )


def refusal(**terms: Any) -> NothingAdequate:
    """Why nobody may answer."""
    with pytest.raises(NothingAdequate) as refused:
        deciding(**terms)
    return refused.value

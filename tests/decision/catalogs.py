"""Catalogs, requests and terms as Hypothesis makes them up: few values each, so that ties are common."""

from typing import Any

from hypothesis import strategies as st

from router.decision.choose import NothingAdequate, choose
from router.decision.experience import Experience, ObservedAnswer
from router.decision.policy import Circumstances, FallBackTo, Otherwise, Policy, PolicyPool, Terms
from router.domain.category import Category
from router.domain.decision import Decision
from router.domain.features import Features
from router.domain.members import replace
from router.domain.model import Capability, Model
from router.domain.money import Money
from router.domain.objective import Aim, Objective
from tests.domain.builders import model

NAMES = tuple("abcdef")
TAGS = ("fast", "local")
NOBODY = Circumstances()

_SHARES = st.sampled_from([0.0, 0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 1.0])
_NEEDS = st.frozensets(st.sampled_from([Capability.TOOLS, Capability.VISION]))
_TAGS = st.frozensets(st.sampled_from(TAGS))
_RATES = st.sampled_from(["0", "0.1", "0.5", "1", "3", "15"])
_MODELS = st.builds(
    model,
    price=st.tuples(_RATES, _RATES),
    p=_SHARES,
    context_tokens=st.sampled_from([1000, 8000, 100_000]),
    max_output_tokens=st.sampled_from([None, 40, 2000, 4096]),
    capabilities=_NEEDS,
    tags=_TAGS,
)

CATALOGS = st.dictionaries(st.sampled_from(NAMES), _MODELS, min_size=1).map(
    lambda models: {name: replace(each, id=name, name=name) for name, each in models.items()}
)
FEATURES = st.builds(
    Features,
    prompt_tokens=st.sampled_from([0, 10, 900, 5000]),
    category=st.sampled_from([Category.CHAT, Category.MATHS]),
    needs=_NEEDS,
    choices=st.integers(1, 3),
    max_output_tokens=st.none() | st.sampled_from([1, 50, 4000]),
)
CIRCUMSTANCES = st.builds(Circumstances, asked=st.sampled_from(["auto", *NAMES]))
_POOLS = st.builds(
    PolicyPool,
    ids=st.frozensets(st.sampled_from(NAMES), max_size=3),
    with_tags=st.frozensets(st.sampled_from(TAGS), max_size=1),
    without_tags=st.frozensets(st.sampled_from(TAGS), max_size=1),
)
OBJECTIVES = st.sampled_from(
    [
        Objective(Aim.FASTEST),
        Objective(Aim.FASTEST_START),
        Objective(Aim.BEST),
        Objective(Aim.WEIGHTED, Money.from_usd("0.0001"), Money.from_usd("0.001")),
    ]
)
TERMS = st.builds(
    Terms,
    reference=st.sampled_from(["asked", "best", *NAMES]),
    within=st.sampled_from([0.0, 0.05, 0.1, 0.3, 1.0]),
    floor=st.none() | _SHARES,
    pool=st.just(PolicyPool()) | _POOLS,
    ceiling=st.none() | st.sampled_from([Money(0), Money.from_usd("0.001"), Money.from_usd(1)]),
    first_content_s=st.none() | st.just(1.0),
    confidence=st.sampled_from([0.5, 0.5, 0.8, 0.95]),
    otherwise=st.sampled_from(Otherwise),
    fall_back_to=st.sampled_from(FallBackTo)
    | st.lists(st.sampled_from(NAMES), min_size=1, unique=True).map(tuple),
)


def experienced(seconds: dict[str, float]) -> Experience:
    """What was learnt of models that took so long for their answers."""
    experience = Experience()
    for name, total_s in seconds.items():
        experience.observe(
            model(name),
            Category.CHAT,
            ObservedAnswer(
                output_tokens=100, first_content_s=total_s / 4, total_s=total_s, at_s=0.0
            ),
        )
    return experience


def policy(terms: Terms | None = None, /, **stated: Any) -> Policy:
    """A policy without rules, of these terms."""
    wanted = terms or Terms()
    return Policy("p", "v1", "a test", replace(wanted, **stated))


def decided(
    terms: Terms,
    catalog: dict[str, Model],
    features: Features,
    circumstances: Circumstances = NOBODY,
    experience: Experience | None = None,
) -> Decision | NothingAdequate:
    """The decision, or the refusal as a value."""
    try:
        return choose(features, circumstances, policy(terms), catalog, experience or Experience())
    except NothingAdequate as refusal:
        return refusal


def chosen_id(outcome: Decision | NothingAdequate) -> str | None:
    return outcome.chosen.model.id if isinstance(outcome, Decision) else None

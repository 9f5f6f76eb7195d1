"""Models, candidates and decisions with the few numbers that a test is about, and the rest usual."""

from collections.abc import Mapping

from router.decision.estimate import cost_of
from router.domain.bar import Bar
from router.domain.candidate import Candidate
from router.domain.category import Category
from router.domain.decision import Decision, Reason
from router.domain.estimate import UNOBSERVED, LengthEstimate, QualityEstimate
from router.domain.features import Features
from router.domain.members import replace
from router.domain.model import Ability, Capability, Model
from router.domain.price import Price
from router.domain.spread import LEVELS, Spread

OUTPUT_TOKENS = 100
"""How long candidates built here expect their answers to be."""


def length(tokens: float = OUTPUT_TOKENS, reasoning: float = 0.0) -> LengthEstimate:
    """Answers that all have this many tokens."""
    return LengthEstimate(Spread((float(tokens),) * len(LEVELS), float(tokens)), reasoning)


def model(
    name: str = "m",
    *,
    price: Price | tuple[str, str] = ("1", "2"),
    p: float | Mapping[Category, float] = 0.8,
    context_tokens: int = 100_000,
    max_output_tokens: int | None = 4096,
    capabilities: frozenset[Capability] = frozenset(Capability),
    tags: frozenset[str] = frozenset(),
) -> Model:
    """A model; `price` may be two rates in USD per million tokens, `p` one ability for all."""
    abilities = p if isinstance(p, Mapping) else dict.fromkeys(Category, p)
    return Model(
        id=name,
        upstream="up",
        name=name,
        price=price if isinstance(price, Price) else Price.per_mtok(*price, source="a test"),
        context_tokens=context_tokens,
        max_output_tokens=max_output_tokens,
        abilities={
            category: Ability(share, 0.05, "a test") for category, share in abilities.items()
        },
        capabilities=capabilities,
        tags=tags,
    )


def catalog(*models: Model) -> dict[str, Model]:
    return {each.id: each for each in models}


def features(prompt_tokens: int = 1000, category: Category = Category.CHAT) -> Features:
    return Features(prompt_tokens=prompt_tokens, category=category)


def candidate(of: Model, what: Features | None = None) -> Candidate:
    what = what or features()
    ability = of.abilities[what.category]
    cost = cost_of(of, what, length())
    return Candidate(
        model=of, quality=QualityEstimate(ability.p, ability.sd), cost=cost, latency=UNOBSERVED
    )


def decision(
    chosen: Model, reference: Model | None = None, *, what: Features | None = None
) -> Decision:
    """`chosen` was taken by a policy as the cheapest adequate, measured against `reference`."""
    what = what or features()
    against = candidate(reference or chosen, what)
    return Decision(
        policy="balanced",
        policy_version="v1",
        rule="",
        features=what,
        reason=Reason.CHEAPEST_ADEQUATE,
        chosen=candidate(chosen, what),
        fallbacks=(),
        exclusions=(),
        reference=against,
        bar=Bar(against.quality.p),
    )


def dearer(of: Model, factor: int) -> Model:
    """`of` with every rate multiplied."""
    price = of.price
    rates = ("input", "output", "cache_read", "cache_write", "reasoning")
    raised = {f"{name}_pico": getattr(price, f"{name}_pico") * factor for name in rates}
    return replace(of, price=replace(price, **raised))

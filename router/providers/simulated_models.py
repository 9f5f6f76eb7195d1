"""Models that do not exist: their prices, speeds, and how often they are right.

The four default ones represent the kinds of model that people choose between. Their prices
and speeds are typical of each kind, rounded; they are no particular vendor's.

Their server is a separate package, which a catalog does not need.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from msgspec import Struct

from router.domain.category import Category
from router.domain.members import replace
from router.domain.money import Money
from router.domain.price import Price

SOURCE = "simulated"
_TOKENS_PER_MTOK = 1_000_000
_POSITIVE = ("tokens_per_s", "context_tokens", "max_output_tokens")


class SimulatedModel(Struct, frozen=True):
    """A model of the simulator.

    `quality` is the share of questions that it answers rightly, in [0, 1]: one number, or one for
    every category. `ttft_s` passes before its first token, not counting reasoning; `reasoning_share` in
    [0, 1) is how much of what it generates is reasoning, which is charged but not shown.
    """

    id: str
    price: Price
    quality: Mapping[Category, float] | float
    ttft_s: float
    tokens_per_s: float
    context_tokens: int
    max_output_tokens: int
    reasoning_share: float = 0.0

    def __post_init__(self) -> None:
        """Refuse models that could not be simulated."""
        if not self.id or self.id != self.id.strip():
            raise ValueError(f"id must be a name without spaces around it, not {self.id!r}")
        for name in _POSITIVE:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)!r}")
        if not self.ttft_s >= 0:
            raise ValueError(f"ttft_s must be 0 or more, not {self.ttft_s!r}")
        if not 0 <= self.reasoning_share < 1:
            raise ValueError(f"reasoning_share must be in [0, 1), not {self.reasoning_share!r}")
        _check_quality(self.quality)

    def quality_for(self, category: Category) -> float:
        """The share of questions of this category that the model answers rightly, in [0, 1]."""
        return self.quality if isinstance(self.quality, int | float) else self.quality[category]


def _check_quality(quality: Mapping[Category, float] | float) -> None:
    if isinstance(quality, int | float):
        quality = dict.fromkeys(Category, quality)
    if missing := [category.value for category in Category if category not in quality]:
        raise ValueError(f"quality has no number for {', '.join(missing)}")
    for category, share in quality.items():
        if not 0 <= share <= 1:
            raise ValueError(f"quality for {category} must be in [0, 1], not {share!r}")


def price(input_usd: str, output_usd: str, cache_read_usd: str | None = None) -> Price:
    """A price in USD per million tokens; cached input costs as much as uncached unless given."""
    plain = Price.per_mtok(input_usd, output_usd, source=SOURCE)
    if cache_read_usd is None:
        return plain
    cache_read_pico = Money.from_usd(cache_read_usd).pico // _TOKENS_PER_MTOK
    return replace(plain, cache_read_pico=cache_read_pico)


def qualities(otherwise: float, exceptions: Mapping[Category, float]) -> Mapping[Category, float]:
    """A quality for every category: `otherwise`, except for the exceptions."""
    return MappingProxyType(dict.fromkeys(Category, otherwise) | dict(exceptions))


def default_models() -> tuple[SimulatedModel, ...]:
    """The four models that are simulated by default, the most expensive first."""
    return (_frontier(), _mid(), _open_70b(), _open_8b())


def by_id(models: Iterable[SimulatedModel]) -> Mapping[str, SimulatedModel]:
    """The models by their ids. Raises ValueError if two share one, or there is none."""
    found: dict[str, SimulatedModel] = {}
    for model in models:
        if model.id in found:
            raise ValueError(f"two simulated models are called {model.id}")
        found[model.id] = model
    if not found:
        raise ValueError("a simulated upstream needs at least one model")
    return MappingProxyType(found)


def _frontier() -> SimulatedModel:
    return SimulatedModel(
        id="sim-frontier",
        price=price("3", "15", "0.3"),
        quality=qualities(0.95, {Category.REASONING: 0.92, Category.MATHS: 0.96}),
        ttft_s=0.9,
        tokens_per_s=60,
        context_tokens=200_000,
        max_output_tokens=64_000,
        reasoning_share=0.3,
    )


def _mid() -> SimulatedModel:
    exceptions = {
        Category.CHAT: 0.95,
        Category.HOUSEKEEPING: 0.96,
        Category.SUMMARISING: 0.94,
        Category.TRANSLATION: 0.93,
        Category.REASONING: 0.78,
        Category.MATHS: 0.84,
        Category.CODE_EDITING: 0.82,
    }
    return SimulatedModel(
        id="sim-mid",
        price=price("0.6", "2.4", "0.15"),
        quality=qualities(0.88, exceptions),
        ttft_s=0.45,
        tokens_per_s=90,
        context_tokens=128_000,
        max_output_tokens=16_384,
    )


def _open_70b() -> SimulatedModel:
    exceptions = {
        Category.CHAT: 0.93,
        Category.HOUSEKEEPING: 0.95,
        Category.EXTRACTION: 0.92,
        Category.SUMMARISING: 0.92,
        Category.TRANSLATION: 0.90,
        Category.REASONING: 0.66,
        Category.MATHS: 0.72,
        Category.CODE_WRITING: 0.72,
        Category.CODE_EDITING: 0.66,
        Category.VISION: 0.70,
    }
    return SimulatedModel(
        id="sim-open-70b",
        price=price("0.35", "0.70"),
        quality=qualities(0.82, exceptions),
        ttft_s=0.3,
        tokens_per_s=70,
        context_tokens=131_072,
        max_output_tokens=8_192,
    )


def _open_8b() -> SimulatedModel:
    exceptions = {
        Category.CHAT: 0.90,
        Category.HOUSEKEEPING: 0.93,
        Category.EXTRACTION: 0.88,
        Category.SUMMARISING: 0.88,
        Category.TRANSLATION: 0.85,
        Category.WRITING: 0.75,
        Category.REASONING: 0.38,
        Category.MATHS: 0.42,
        Category.CODE_WRITING: 0.45,
        Category.CODE_EDITING: 0.35,
        Category.VISION: 0.45,
    }
    return SimulatedModel(
        id="sim-open-8b",
        price=price("0.05", "0.08"),
        quality=qualities(0.65, exceptions),
        ttft_s=0.12,
        tokens_per_s=160,
        context_tokens=131_072,
        max_output_tokens=8_192,
    )

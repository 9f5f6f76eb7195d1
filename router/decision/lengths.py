"""What is known of lengths and latencies before anything was observed: typical figures, or learnt ones.

The learnt ones are a part of an artefact, `lengths.json`, made by `router.training.lengths`. It is a
`LengthPrior` field by field, every one of them optional:

    {"form": 1,
     "note": "of what they were learnt",
     "categories": {"maths": SPREAD},                     all models together
     "models": {"name": {"factor": 1.3,                   how wordy: 1 is as all models together
                         "categories": {"maths": SPREAD},
                         "latency": LATENCY}},            null where none was recorded
     "tiers": [{"up_to_usd_per_1m": 0.5, "line": LATENCY}]}

    SPREAD  = {"mean": 210.5, "quantiles": [15 numbers, ascending, at 1/30, 3/30, ... 29/30]}
    LATENCY = {"first_s": 0.4, "per_token_s": 0.02, "sigma": 0.6}

Lengths are tokens of one answer, shown and reasoned. Models go by the names that their upstreams know.
"""

from collections.abc import Mapping
from math import exp, inf, nan
from statistics import NormalDist

import msgspec
from msgspec import Struct, field

from router.domain.category import Category
from router.domain.estimate import LatencyEstimate
from router.domain.spread import Spread

TYPICAL_OUTPUT_TOKENS: Mapping[Category, int] = {
    Category.CHAT: 150,
    Category.HOUSEKEEPING: 20,
    Category.KNOWLEDGE: 250,
    Category.REASONING: 500,
    Category.MATHS: 400,
    Category.CODE_WRITING: 600,
    Category.CODE_EDITING: 400,
    Category.EXTRACTION: 120,
    Category.SUMMARISING: 250,
    Category.TRANSLATION: 150,
    Category.WRITING: 700,
    Category.TOOL_CALLING: 80,
    Category.VISION: 200,
}
"""Means, assumed until something was learnt: round figures, deliberately on the generous side."""

_SIGMA = 0.8
"""Of the logarithm of lengths within a category; those of recorded ones lie between 0.4 and 1.1."""

TYPICAL: Mapping[Category, Spread] = {
    category: Spread.log_normal(float(tokens), _SIGMA)
    for category, tokens in TYPICAL_OUTPUT_TOKENS.items()
}

FORM = 1
"""Goes up when the numbers change their meaning."""

REASONING_TAG = "reasoning"
"""Models with this tag think before they answer, and are paid for it."""

REASONING_FACTOR = 4.0
REASONING_SHARE = 0.75
"""For a thinking model of which nothing was observed: it is assumed to think three tokens for each one shown."""


class LatencyLine(Struct, frozen=True):
    """How long an answer takes by its length: `first_s + per_token_s * tokens`, give or take `sigma`.

    `sigma` is the standard deviation of the logarithm of the whole.
    """

    first_s: float
    per_token_s: float
    sigma: float

    def __post_init__(self) -> None:
        """Refuse negative and infinite times (NaN included)."""
        if not all(0.0 <= each < inf for each in (self.first_s, self.per_token_s, self.sigma)):
            raise ValueError(f"a latency is made of three numbers of at least zero, not {self!r}")

    def total_s(self, tokens: float) -> float:
        """The median time of an answer of `tokens`, in seconds."""
        return self.first_s + self.per_token_s * tokens

    def estimate(self, tokens: float, quantile: float) -> LatencyEstimate:
        """The prediction for an answer of `tokens`."""
        stretch = exp(self.sigma * NormalDist().inv_cdf(quantile))
        total_s = self.total_s(tokens) * stretch
        return LatencyEstimate(self.first_s * stretch, total_s, quantile, is_predicted=True)


class Tier(Struct, frozen=True):
    """How fast models are whose output costs at most `up_to_usd_per_1m`, in USD per 1,000,000 tokens."""

    up_to_usd_per_1m: float
    line: LatencyLine


class ModelHabits(Struct, frozen=True):
    """One model's lengths by category, and its latency where it is known.

    `factor` is how wordy it is in categories where its lengths are not known: 1 is as all models together.
    """

    factor: float = 1.0
    categories: Mapping[Category, Spread] = field(default_factory=dict)
    latency: LatencyLine | None = None

    def __post_init__(self) -> None:
        """Refuse factors that are not positive and finite (NaN included)."""
        if not 0.0 < self.factor < inf:
            raise ValueError(
                f"how wordy a model is must be a factor above zero, not {self.factor!r}"
            )


_ANY_MODEL = ModelHabits()


class LengthForecast(Struct, frozen=True):
    """Of one answer: the mean and the 90th percentile of its tokens, and seconds (NaN: unknown)."""

    mean_tokens: float
    p90_tokens: float
    latency_s: float


class LengthPrior(Struct, frozen=True):
    """What was learnt before: of all models by category, of single models by name, and of prices.

    `tiers` are in ascending order of price; the last one holds for whatever costs more.
    """

    categories: Mapping[Category, Spread] = field(default_factory=dict)
    models: Mapping[str, ModelHabits] = field(default_factory=dict)
    tiers: tuple[Tier, ...] = ()
    note: str = ""
    form: int = FORM

    def __post_init__(self) -> None:
        """Refuse tiers that are out of order, and numbers that may mean something else."""
        if self.form != FORM:
            raise ValueError(f"lengths of form {self.form} are not understood, only of form {FORM}")
        bounds = [tier.up_to_usd_per_1m for tier in self.tiers]
        if bounds != sorted(bounds):
            raise ValueError(f"tiers ascend by price, not {bounds}")

    def usual(self, name: str, category: Category, *, reasons: bool = False) -> Spread:
        """Lengths of the model's answers; of all models' where it is unknown, else typical ones.

        `reasons` says that it thinks first; figures that were learnt of the model itself include that already.
        """
        habits = self.models.get(name, _ANY_MODEL)
        if (own := habits.categories.get(category)) is not None:
            return own
        spread = self.categories.get(category) or TYPICAL[category]
        thinking = REASONING_FACTOR if reasons and habits is _ANY_MODEL else 1.0
        factor = habits.factor * thinking
        return spread if factor == 1.0 else spread.times(factor)

    def line(self, name: str, output_usd_per_1m: float) -> LatencyLine | None:
        """The latency of the model, or what is usual at its price; None where neither is known."""
        habits = self.models.get(name, _ANY_MODEL)
        if habits.latency is not None:
            return habits.latency
        fitting = (tier for tier in self.tiers if output_usd_per_1m <= tier.up_to_usd_per_1m)
        last = self.tiers[-1] if self.tiers else None
        tier = next(fitting, last)
        return tier.line if tier else None

    def forecast(
        self, name: str, category: Category, output_usd_per_1m: float, *, reasons: bool = False
    ) -> LengthForecast:
        """The forecast for one answer of any model, even one that was never seen; for work without a server."""
        usual = self.usual(name, category, reasons=reasons)
        line = self.line(name, output_usd_per_1m)
        return LengthForecast(usual.mean, usual.p90, line.total_s(usual.mean) if line else nan)


def to_json(prior: LengthPrior) -> bytes:
    """The text of `lengths.json`."""
    return msgspec.json.encode(prior)


def from_json(text: str | bytes) -> LengthPrior:
    """The prior that `text` describes. Raises ValueError, which says where, for anything else."""
    return msgspec.json.decode(text, type=LengthPrior)

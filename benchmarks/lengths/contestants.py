"""Ways to predict P10, P50, P90 and the mean of what comes next, from what came before."""

from bisect import bisect_left, insort
from collections import defaultdict, deque
from collections.abc import Callable
from math import exp, log
from typing import Protocol

from router.decision.experience import Experience, ObservedAnswer
from router.decision.lengths import TYPICAL, LengthPrior
from router.domain.category import Category
from router.domain.model import Ability, Model
from router.domain.price import Price
from router.domain.spread import Spread

Stated = tuple[float, float, float, float]
_LEVELS = (0.1, 0.5, 0.9)


class Stream(Protocol):
    """One stream of numbers."""

    def stated(self) -> Stated:
        """P10, P50, P90 and the mean of the next number."""
        ...

    def add(self, value: float) -> None:
        """The next number."""
        ...


class Plain:
    """The last 64 values, quantiles by index and the median instead of the mean: the former method."""

    def __init__(self) -> None:
        self._values: deque[float] = deque(maxlen=64)

    def stated(self) -> Stated:
        """P10, P50, P90 and the mean of the next number."""
        ordered = sorted(self._values)
        low, half, high = (ordered[int(level * len(ordered))] for level in _LEVELS)
        return low, half, high, half

    def add(self, value: float) -> None:
        """The next number."""
        self._values.append(value)


class Adaptive:
    """A window whose levels are corrected at each miss (Gibbs and Candès, arXiv:2106.00170)."""

    def __init__(self, size: int = 128, step: float = 0.01) -> None:
        self._size, self._step = size, step
        self._recent: deque[float] = deque()
        self._ordered: list[float] = []
        self._levels = list(_LEVELS)

    def stated(self) -> Stated:
        """P10, P50, P90 and the mean of the next number."""
        low, half, high = (self._at(level) for level in self._levels)
        return low, half, high, sum(self._ordered) / len(self._ordered)

    def add(self, value: float) -> None:
        """The next number."""
        if self._ordered:
            for place, level in enumerate(_LEVELS):
                kept = value <= self._at(self._levels[place])
                self._levels[place] += self._step * (level - kept)
        self._recent.append(value)
        insort(self._ordered, value)
        if len(self._recent) > self._size:
            del self._ordered[bisect_left(self._ordered, self._recent.popleft())]

    def _at(self, level: float) -> float:
        place = level * (len(self._ordered) + 1) - 1
        below = max(0, min(len(self._ordered) - 1, int(place)))
        above = min(below + 1, len(self._ordered) - 1)
        share = min(1.0, max(0.0, place - below))
        return self._ordered[below] * (1 - share) + self._ordered[above] * share


class Forgetting:
    """Counts in buckets a tenth wide, each value weighing more than the one before."""

    _WIDTH = log(1.1)
    _KEPT = 1 - 1 / 64

    def __init__(self) -> None:
        self._counts: dict[int, float] = defaultdict(float)
        self._weight, self._total, self._sum = 1.0, 0.0, 0.0

    def stated(self) -> Stated:
        """P10, P50, P90 and the mean of the next number."""
        low, half, high = (self._at(level * self._total) for level in _LEVELS)
        return low, half, high, self._sum / self._total

    def add(self, value: float) -> None:
        """The next number."""
        self._weight /= self._KEPT
        self._counts[round(log(max(value, 1e-3)) / self._WIDTH)] += self._weight
        self._total += self._weight
        self._sum += self._weight * value
        if self._weight > 1e12:
            self._shrink()

    def _shrink(self) -> None:
        for bucket in self._counts:
            self._counts[bucket] /= self._weight
        self._total, self._sum, self._weight = (
            self._total / self._weight,
            self._sum / self._weight,
            1.0,
        )

    def _at(self, wanted: float) -> float:
        bucket = 0
        for bucket in sorted(self._counts):
            if self._counts[bucket] >= wanted:
                break
            wanted -= self._counts[bucket]
        return exp(self._WIDTH * (bucket - 0.5 + min(1.0, wanted / self._counts[bucket])))


class Foreteller(Protocol):
    """Predicts lengths of models by category."""

    def stated(self, model: str, category: Category) -> Stated:
        """P10, P50, P90 and the mean of the model's next answer."""
        ...

    def observe(self, model: str, category: Category, tokens: float) -> None:
        """The model's next answer."""
        ...


class Separate:
    """A separate stream for each model and category, by whatever method."""

    def __init__(self, make: Callable[[], Stream]) -> None:
        self._streams: dict[tuple[str, Category], Stream] = defaultdict(make)

    def stated(self, model: str, category: Category) -> Stated:
        """P10, P50, P90 and the mean of the next answer."""
        return self._streams[model, category].stated()

    def observe(self, model: str, category: Category, tokens: float) -> None:
        """The next answer."""
        self._streams[model, category].add(tokens)


class Fixed:
    """Typical figures, whatever happens."""

    def stated(self, model: str, category: Category) -> Stated:  # noqa: ARG002 - one for all models
        """P10, P50, P90 and the mean of the next answer."""
        return _told(TYPICAL[category])

    def observe(self, model: str, category: Category, tokens: float) -> None:
        """Nothing is learnt."""


class Ours:
    """What Farthing does."""

    def __init__(self, prior: LengthPrior | None = None) -> None:
        self._experience = Experience(prior) if prior else Experience()
        self._models: dict[str, Model] = {}

    def stated(self, model: str, category: Category) -> Stated:
        """P10, P50, P90 and the mean of the next answer."""
        return _told(self._experience.length(self._known(model), category).tokens)

    def observe(self, model: str, category: Category, tokens: float) -> None:
        """The next answer."""
        self._experience.observe(
            self._known(model),
            category,
            ObservedAnswer(output_tokens=tokens, first_content_s=None, total_s=1.0, at_s=0.0),
        )

    def _known(self, name: str) -> Model:
        return self._models.setdefault(name, a_model(name))


def a_model(name: str, usd_per_1m: float = 0.0) -> Model:
    """A model with that name, and that price for its output."""
    abilities = dict.fromkeys(Category, Ability(0.5, 0.1, "none"))
    price = Price.per_mtok(usd_per_1m, usd_per_1m)
    return Model(name, "up", name, price, 100_000, 100_000, abilities)


def _told(spread: Spread) -> Stated:
    return spread.p10, spread.median, spread.p90, spread.mean

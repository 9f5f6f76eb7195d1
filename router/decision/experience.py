"""What was observed of each model: how long its answers are and how long they take.

Medians over a short window per model (and category, for lengths): robust against a stalled call,
quick to follow a change, bounded in memory.
"""

from collections import deque
from collections.abc import Mapping
from statistics import median

from router.domain.category import Category
from router.domain.estimate import UNOBSERVED, LatencyEstimate

_WINDOW = 64
_LEAST_FOR_QUANTILES = 20
_WEIGHT_OF_USUAL = 8
_ALL_MODELS = ""
MEDIAN = 0.5

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
"""Assumed until a model was observed: round figures, deliberately on the generous side."""


class RunningMedian:
    """The median of the last 64 values."""

    def __init__(self) -> None:
        self._values: deque[float] = deque(maxlen=_WINDOW)
        self.value: float | None = None

    def add(self, value: float) -> None:
        """Take one more observation in."""
        self._values.append(value)
        self.value = median(self._values)

    def drawn_towards(self, usual: float) -> float:
        """The median, with `usual` counting as much as 8 observations."""
        seen = len(self._values)
        return (seen * (self.value or 0.0) + _WEIGHT_OF_USUAL * usual) / (seen + _WEIGHT_OF_USUAL)

    def quantile(self, share: float) -> float | None:
        """The value that `share` of the last ones do not exceed; None below 20 of them."""
        if len(self._values) < _LEAST_FOR_QUANTILES:
            return None
        ordered = sorted(self._values)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Experience:
    """Running medians of all models of one process."""

    def __init__(self) -> None:
        self._output_tokens: dict[tuple[str, Category], RunningMedian] = {}
        self._first_content_s: dict[str, RunningMedian] = {}
        self._total_s: dict[str, RunningMedian] = {}

    def observe(
        self,
        model_id: str,
        category: Category,
        *,
        output_tokens: int,
        first_content_s: float | None,
        total_s: float,
    ) -> None:
        """One answer that was received whole."""
        for whose in (model_id, _ALL_MODELS):
            self._output_tokens.setdefault((whose, category), RunningMedian()).add(output_tokens)
        self._total_s.setdefault(model_id, RunningMedian()).add(total_s)
        if first_content_s is not None:
            self._first_content_s.setdefault(model_id, RunningMedian()).add(first_content_s)

    def output_tokens(self, model_id: str, category: Category) -> int:
        """Expected length of one answer, in tokens.

        A model's own median, drawn towards that of all models in the category, which is drawn
        towards what is typical: so that a model does not look cheap only because it was never
        asked, nor dear because the one next to it was.
        """
        usual = float(TYPICAL_OUTPUT_TOKENS[category])
        if (of_all := self._output_tokens.get((_ALL_MODELS, category))) is not None:
            usual = of_all.drawn_towards(usual)
        own = self._output_tokens.get((model_id, category))
        return round(own.drawn_towards(usual) if own else usual)

    def latency(self, model_id: str, quantile: float = MEDIAN) -> LatencyEstimate:
        """Latencies of the model: medians from its first answer on, other quantiles from the 20th."""
        total = self._total_s.get(model_id)
        if total is None:
            return UNOBSERVED
        first = self._first_content_s.get(model_id)
        if quantile == MEDIAN:
            return LatencyEstimate(first.value if first else None, total.value)
        first_s = first.quantile(quantile) if first else None
        return LatencyEstimate(first_s, total.quantile(quantile), quantile)

    def silence_s(self, model_id: str, share: float, *, stream: bool) -> float | None:
        """How long the model is silent at most in `share` of its answers; None while that is unknown.

        Silent is a stream until its first content, and an answer that is not streamed to its end.
        """
        seen = (self._first_content_s if stream else self._total_s).get(model_id)
        return seen.quantile(share) if seen else None

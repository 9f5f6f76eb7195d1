"""How long a model takes: quantiles of its last answers.

A model that was seen to be slow may be asked no more, and then there is nothing new to see of it. So what was seen
grows old: after five minutes in which nothing was, one request may find out anew, and what it sees counts instead
of what was seen before the pause.
"""

from itertools import islice

from router.decision.window import FEWEST_FOR_QUANTILES, Window
from router.domain.estimate import LatencyEstimate, is_old
from router.domain.spread import quantile_of

MEDIAN = 0.5


class _Seconds(Window):
    """The last durations of one kind; those since the last pause can be told from the others."""

    __slots__ = ("_before", "_seen_s")

    def __init__(self) -> None:
        super().__init__()
        self._before = 0
        self._seen_s: float | None = None

    def observe(self, seconds: float | None, at_s: float) -> None:
        """Take in what an answer that ended at the Unix time `at_s` has taken; None where that is not known."""
        if self._seen_s is not None and is_old(self._seen_s, at_s):
            self._before = self.count
        if seconds is not None:
            self._seen_s = at_s
            self.add(seconds)

    def lately(self, level: float) -> float | None:
        """The quantile of what was seen since the last pause, None for nothing.

        Other quantiles than the median are those of the whole window, until there are twenty values since then.
        """
        values = self._since_the_pause()
        if not values:
            return None
        if level == MEDIAN or len(values) >= FEWEST_FOR_QUANTILES:
            return quantile_of(values, level)
        return self.quantile(level)

    def _since_the_pause(self) -> list[float]:
        """These values in ascending order."""
        older = len(self) - (self.count - self._before)
        return self._ordered if older <= 0 else sorted(islice(self._recent, older, None))


class ResponseTimes:
    """Seconds to the first content, and to the end; `as_of_s` is when the model was last seen, or asked to be."""

    __slots__ = ("_estimates", "as_of_s", "first_content_s", "total_s")

    def __init__(self) -> None:
        self.first_content_s = _Seconds()
        self.total_s = _Seconds()
        self.as_of_s = 0.0
        self._estimates: dict[float, LatencyEstimate] = {}

    def observe(self, first_content_s: float | None, total_s: float | None, at_s: float) -> None:
        """Take in one answer that ended at the Unix time `at_s`; None stands for what it says nothing of."""
        self._renew(at_s)
        self.total_s.observe(total_s, at_s)
        self.first_content_s.observe(first_content_s, at_s)

    def asked(self, now_s: float) -> bool:
        """Note that a request is under way which will see the model again; returns whether that was due."""
        is_due = is_old(self.as_of_s, now_s)
        if is_due:
            self._renew(now_s)
        return is_due

    def estimate(self, quantile: float) -> LatencyEstimate:
        """Medians from the first answer on, other quantiles from the 20th."""
        if (known := self._estimates.get(quantile)) is None:
            first_s, total_s = self.first_content_s.lately(quantile), self.total_s.lately(quantile)
            known = LatencyEstimate(first_s, total_s, quantile, as_of_s=self.as_of_s)
            self._estimates[quantile] = known
        return known

    def _renew(self, as_of_s: float) -> None:
        self._estimates.clear()
        self.as_of_s = as_of_s

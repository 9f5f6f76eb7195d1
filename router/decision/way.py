"""What is predicted for a cascade as a whole: for its steps, and for the final model as often as it is asked.

A step is reached by the requests that none before it has settled. Nothing is known of a step without a
prospect, so it counts as settling none: it costs, and brings nothing.
"""

from collections.abc import Iterator, Sequence
from math import hypot
from operator import mul
from typing import Self

from msgspec import Struct

from router.domain.candidate import Candidate
from router.domain.cascade import Cascade, Step
from router.domain.estimate import (
    CostEstimate,
    EstimateSource,
    LatencyEstimate,
    QualityEstimate,
)
from router.domain.money import Money

_LOW, _HIGH = 0.1, 0.9
_WEAKEST_FIRST = tuple(EstimateSource)


def whole(way: "Way", alone: Candidate) -> Cascade:
    """The cascade that goes this way, instead of asking `alone`, with all that is predicted of it."""
    return Cascade(way.steps, way.final, way.quality(), way.cost(), way.latency(), alone)


class Way(Struct, frozen=True):
    """Steps, one after the other, and the model that is asked when none of them has settled a request.

    `reached` is the share of requests that reach each step, and last the share that reaches the final model. Of the
    others, for a share `check_share` the final model is asked afterwards.
    """

    steps: tuple[Step, ...]
    final: Candidate
    reached: tuple[float, ...]
    check_share: float = 0.0

    @classmethod
    def of(
        cls,
        steps: tuple[Step, ...],
        final: Candidate,
        sds_less: float = 0.0,
        check_share: float = 0.0,
    ) -> Self:
        """The way through these steps; each settles its expected share less `sds_less` standard deviations."""
        shares = [1.0]
        for step in steps:
            known = step.prospect
            settled = known.p_accept - sds_less * known.p_accept_sd if known else 0.0
            shares.append(shares[-1] * (1.0 - max(0.0, settled)))
        return cls(steps, final, tuple(shares), check_share)

    def expected_pico(self) -> float:
        """The expected cost of all calls, in 1e-12 USD."""
        *shares, last = self.reached
        steps: float = sum(map(mul, shares, map(_step_pico, self.steps)))
        return steps + (last + self.check_share * (1.0 - last)) * self.final.cost.expected.pico

    def gain(self) -> tuple[float, float]:
        """The expected quality less that of the final model alone, and its standard deviation."""
        known = [(share, s.prospect) for share, s in self._reached_steps() if s.prospect]
        sds = (share * prospect.gain_sd for share, prospect in known)
        return sum(share * prospect.gain for share, prospect in known), hypot(*sds)

    def quality(self) -> QualityEstimate:
        """P(good answer); its source is the weakest of those that it was estimated from."""
        gain, gain_sd = self.gain()
        held = self.final.quality
        sources = [held.source, *(s.prospect.source for s in self.steps if s.prospect)]
        p = min(1.0, max(0.0, held.p + gain))
        return QualityEstimate(p, hypot(held.sd, gain_sd), min(sources, key=_WEAKEST_FIRST.index))

    def cost(self) -> CostEstimate:
        """The cost of all calls; the maximum and the percentiles add up those of the calls that are then made."""
        return CostEstimate(
            expected=Money(round(self.expected_pico())),
            upper=Money(sum(each.upper.pico for each in self.paid_by(1.0))),
            p10=_sum([each.p10 for each in self.paid_by(_LOW)]),
            p90=_sum([each.p90 for each in self.paid_by(_HIGH)]),
        )

    def paid_by(self, level: float) -> Iterator[CostEstimate]:
        """What is paid for by the time this share of requests has an answer: call by call, the final model's last."""
        for step, left in zip(self.steps, self.reached[1:], strict=True):
            yield from step.costs
            if level < 1.0 and 1.0 - left >= level:
                return
        yield self.final.cost

    def latency(self) -> LatencyEstimate:
        """Expected seconds, from quantiles of the single calls; nothing of a step is shown before it ends."""
        seconds = [_step_s(step) for step in self.steps]
        *shares, last = self.reached
        held, calls = self.final.latency, [c for step in self.steps for c in step.candidates]
        steps_s = _weighted(shares, seconds)
        return LatencyEstimate(
            first_content_s=_added(steps_s, held.first_content_s, last),
            total_s=_added(steps_s, held.total_s, last),
            quantile=held.quantile,
            is_predicted=any(each.latency.is_predicted for each in (*calls, self.final)),
        )

    def steps_s(self) -> float | None:
        """Seconds until the last step has ended; None while unknown."""
        waited: float | None = 0.0
        for step in self.steps:
            waited = _added(waited, _step_s(step))
        return waited

    def longest_s(self) -> float | None:
        """Seconds to the end if no step settles the request; None while unknown."""
        return _added(self.steps_s(), self.final.latency.total_s)

    def kept_by(self, quantile: float) -> tuple[float | None, float | None]:
        """Seconds to the first content and to the end that this share of requests does not exceed; None if unknown."""
        waited: float | None = 0.0
        for step, left in zip(self.steps, self.reached[1:], strict=True):
            waited = _added(waited, _step_s(step))
            if 1.0 - left >= quantile:
                return waited, waited
        held = self.final.latency
        return _added(waited, held.first_content_s), _added(waited, held.total_s)

    def _reached_steps(self) -> Iterator[tuple[float, Step]]:
        return zip(self.reached, self.steps, strict=False)


def _step_pico(step: Step) -> int:
    return sum(each.expected.pico for each in step.costs)


def _step_s(step: Step) -> float | None:
    """How long a step takes: as long as its slowest call, but no longer than it may; None while unknown."""
    seconds = [each.latency.total_s for each in step.candidates]
    known = [each for each in seconds if each is not None]
    if len(known) < len(seconds):
        return step.within_s
    return max(known) if step.within_s is None else min(max(known), step.within_s)


def _weighted(shares: Sequence[float], seconds: Sequence[float | None]) -> float | None:
    known = [each for each in seconds if each is not None]
    return sum(map(mul, shares, known)) if len(known) == len(seconds) else None


def _added(one: float | None, other: float | None, share: float = 1.0) -> float | None:
    if not share:
        return one
    return None if one is None or other is None else one + share * other


def _sum(amounts: Sequence[Money | None]) -> Money | None:
    known = [each.pico for each in amounts if each is not None]
    return Money(sum(known)) if len(known) == len(amounts) else None

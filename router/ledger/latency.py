"""Quantiles of latencies, from the histograms in which they are kept."""

from collections.abc import Mapping

from msgspec import Struct

BASE = 1.1
"""Bucket b counts what took (BASE ** (b - 1), BASE ** b] seconds, so that quantiles are exact to 5 %."""

SHOWN = (0.5, 0.9, 0.99)


class ModelLatency(Struct, frozen=True):
    """How long a model's answers took, in seconds: the quantiles `SHOWN`, empty where none is known.

    `first_content_s` is the time to the first content of streams, `total_s` that to the end.
    """

    model: str
    answers: int
    first_content_s: tuple[float, ...]
    total_s: tuple[float, ...]


def quantiles(histogram: Mapping[int, int]) -> tuple[float, ...]:
    """The quantiles `SHOWN` of a histogram, in seconds; () for an empty one."""
    if not any(histogram.values()):
        return ()
    return tuple(_quantile(histogram, share) for share in SHOWN)


def _quantile(histogram: Mapping[int, int], share: float) -> float:
    """The geometric middle of the bucket in which `share` of all is reached."""
    wanted, reached, bucket = share * sum(histogram.values()), 0, 0
    for bucket in sorted(histogram):
        reached += histogram[bucket]
        if reached >= wanted:
            break
    return float(BASE ** (bucket - 0.5))


def latency_of(model: str, measures: Mapping[str, Mapping[int, int]]) -> ModelLatency:
    """The latencies of a model, from its histograms by measure."""
    total = measures.get("total_s", {})
    return ModelLatency(
        model=model,
        answers=sum(total.values()),
        first_content_s=quantiles(measures.get("first_content_s", {})),
        total_s=quantiles(total),
    )

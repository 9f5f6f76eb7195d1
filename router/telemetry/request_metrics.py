"""Requests in Prometheus' format: how many, how fast, for how much, and what failed.

Nothing is labelled by key, tag or user: there may be any number of these, and the ledger has them.
"""

from collections.abc import Iterator
from itertools import compress
from operator import attrgetter
from typing import TYPE_CHECKING

from router.domain.booked_request import BookedRequest, ErrorResponse
from router.domain.ledger import CostSource, Entry
from router.domain.money import PICO_PER_USD
from router.domain.usage import BUCKETS
from router.ledger.unrouted import UnroutedKind
from router.telemetry.tallies import OTHER, Count, Histogram

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

LATENCY_BOUNDS_S = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)  # fmt: skip
"""OpenTelemetry's advice for gen_ai.client.operation.duration and gen_ai.server.request.duration."""
FIRST_BOUNDS_S = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)  # fmt: skip
"""OpenTelemetry's advice for gen_ai.server.time_to_first_token."""
OWN_BOUNDS_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)  # fmt: skip
"""For what happens in this process."""
_MOST_CODES = 64
"""At most so many codes are told apart, since upstreams word their errors as they like."""
_NO_POLICY = "none"
_UNSURE = frozenset({CostSource.ESTIMATED, CostSource.UNPRICED})

_used = attrgetter(*BUCKETS)
_TOKENS = tuple(bucket.removesuffix("_tokens") for bucket in BUCKETS)


class RequestMetrics:
    """The requests of a process, counted as they are reported."""

    def __init__(self) -> None:
        codes = _Codes()
        self._answers = _Answers(codes)
        self._calls = _Calls(codes)
        self._money = _Money()

    def closed(self, booked: BookedRequest) -> None:
        """Add a request, or what came after its end."""
        for entry in booked.entries:
            model, policy = _model(entry), entry.policy or _NO_POLICY
            if entry.attempt:  # 0 is an answer that was there, or that another request pays for
                self._calls.add(entry, model)
            self._money.add(entry, policy, model)
            if entry.closes:
                self._answers.add(booked, entry, policy, model)

    def refused(self, refusal: ErrorResponse) -> None:
        """Add an error."""
        self._answers.refused(refusal)

    def collect(self) -> "Iterator[Metric]":
        """All metrics, in the types of Prometheus' library."""
        yield from self._answers.collect()
        yield from self._calls.collect()
        yield from self._money.collect()


class _Codes:
    """The codes of errors as labels: the first 64 are told apart."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def label(self, code: str) -> str:
        """The code itself, or what all further ones are called."""
        if code in self._known:
            return code
        if len(self._known) >= _MOST_CODES:
            return OTHER
        self._known.add(code)
        return code


class _Answers:
    """What clients got, and how long they waited."""

    def __init__(self, codes: _Codes) -> None:
        self._codes = codes
        self._requests = Count(
            "farthing_requests",
            "Requests that were decided, by outcome",
            ("policy", "model", "outcome"),
        )
        self._errors = Count(
            "farthing_error_answers", "Answers that are errors", ("status", "code")
        )
        self._fallbacks = Count(
            "farthing_fallbacks",
            "Answers by a model other than the chosen one",
            ("chosen", "model"),
        )
        self._total = Histogram(
            "farthing_request_duration_seconds",
            "From a request's arrival to the end of its answer",
            ("model",),
            LATENCY_BOUNDS_S,
        )
        self._first = Histogram(
            "farthing_time_to_first_token_seconds",
            "From a request's arrival to the first content of its stream",
            ("model",),
            FIRST_BOUNDS_S,
        )
        self._own = Histogram(
            "farthing_before_upstream_seconds",
            "From a request's arrival to its first call: understood, decided, looked up",
            (),
            OWN_BOUNDS_S,
        )

    def add(self, booked: BookedRequest, end: Entry, policy: str, model: str) -> None:
        """Add a request, which `end` closes."""
        self._requests.add((policy, model, end.outcome.value))
        if not end.is_answer:
            return
        self._total.add((model,), booked.total_s)
        if (first_s := booked.first_content_s) is not None:
            self._first.add((model,), first_s)
        if (own_s := booked.before_upstream_s) is not None:
            self._own.add((), own_s)
        chosen = booked.decision.chosen.model.id if booked.decision else end.model
        is_step = booked.decision is not None and booked.decision.cascade is not None
        if end.model != chosen and not is_step:
            self._fallbacks.add((chosen, model))

    def refused(self, refusal: ErrorResponse) -> None:
        """Add an error."""
        self._errors.add((str(refusal.status), self._codes.label(refusal.code)))

    def collect(self) -> "Iterator[Metric]":
        for each in (self._requests, self._errors, self._fallbacks):
            yield each.family()
        for spread in (self._total, self._first, self._own):
            yield spread.family()


class _Calls:
    """What was asked of upstreams."""

    def __init__(self, codes: _Codes) -> None:
        self._codes = codes
        self._attempts = Count(
            "farthing_attempts", "Calls to upstreams", ("model", "upstream", "outcome", "error")
        )
        self._durations = Histogram(
            "farthing_attempt_duration_seconds",
            "Calls to upstreams, from start to end",
            ("model", "upstream"),
            LATENCY_BOUNDS_S,
        )
        self._tokens = Count("farthing_tokens", "Tokens by bucket", ("model", "bucket"))

    def add(self, entry: Entry, model: str) -> None:
        """Add an attempt."""
        place, error = (model, entry.upstream), self._codes.label(entry.error)
        self._attempts.add((*place, entry.outcome.value, error))
        self._durations.add(place, entry.total_s)
        used = _used(entry.usage)
        for bucket, number in compress(zip(_TOKENS, used, strict=True), used):
            self._tokens.add((model, bucket), number)

    def collect(self) -> "Iterator[Metric]":
        yield self._attempts.family()
        yield self._durations.family()
        yield self._tokens.family()


class _Money:
    """What it cost, and what the references would have."""

    def __init__(self) -> None:
        self._cost = Count(
            "farthing_cost_usd",
            "What upstreams charge, in USD",
            ("policy", "model", "source"),
            unit=PICO_PER_USD,
        )
        self._baseline = Count(
            "farthing_baseline_usd",
            "What the reference would have charged, in USD",
            ("policy", "model"),
            unit=PICO_PER_USD,
        )
        self._unsure = Count(
            "farthing_unsure_attempts",
            "Calls whose cost is estimated or partly without a price",
            ("model", "source"),
        )
        self._saved_pico: dict[str, int] = {}

    def add(self, entry: Entry, policy: str, model: str) -> None:
        """Add what a row of the ledger says."""
        if entry.attempt:
            source = entry.cost_source
            self._cost.add((policy, model, source.value), entry.cost.pico)
            if source in _UNSURE:
                self._unsure.add((model, source.value))
        if entry.baseline:
            self._baseline.add((policy, model), entry.baseline.pico)
        saved = entry.baseline.pico - entry.cost.pico
        self._saved_pico[policy] = self._saved_pico.get(policy, 0) + saved

    def collect(self) -> "Iterator[Metric]":
        from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - when Prometheus asks

        for count in (self._cost, self._baseline, self._unsure):
            yield count.family()
        saved = GaugeMetricFamily(
            "farthing_saving_usd", "Baseline less cost, in USD, since the start", labels=["policy"]
        )
        for policy, pico in sorted(self._saved_pico.items()):
            saved.add_metric([policy], pico / PICO_PER_USD)
        yield saved


def _model(entry: Entry) -> str:
    """The model as a label; requests that are passed through may name any model, so theirs is not used."""
    return UnroutedKind.PASSED if entry.category == UnroutedKind.PASSED else entry.model

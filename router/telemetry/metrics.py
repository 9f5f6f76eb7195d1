"""`/metrics` in Prometheus' format: read off the running objects when asked.

Nothing here runs on the path of a request: a collector looks at the fleet when Prometheus asks.
"""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from router.dispatch.breaker import BreakerState
from router.dispatch.fleet import Fleet
from router.ports import Ledger, LedgerState
from router.telemetry.tallies import Collects


class LedgerCollector(Collector):
    """The ledger's standing as gauges."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def collect(self) -> Iterator[Metric]:
        """Where rows go (one of three states is 1), and how many wait where."""
        standing = self._ledger.standing
        states = GaugeMetricFamily(
            "farthing_ledger", "1 for where the ledger's rows go", labels=["state"]
        )
        for state in LedgerState:
            states.add_metric([state], float(state is standing.state))
        yield states
        yield GaugeMetricFamily(
            "farthing_ledger_waiting_rows",
            "Rows in the spool or in memory, not in the database yet",
            value=standing.waiting_rows,
        )
        yield GaugeMetricFamily(
            "farthing_ledger_outbox_rows",
            "Rows in the local file that are not in PostgreSQL yet, roughly",
            value=standing.outbox_rows,
        )


class FleetCollector(Collector):
    """The fleet's standings as gauges."""

    def __init__(self, fleet: Fleet, monotonic_s: Callable[[], float]) -> None:
        self._fleet = fleet
        self._monotonic_s = monotonic_s

    def collect(self) -> Iterator[Metric]:
        """Breaker states (one of three is 1), calls in flight, and the retries that are left."""
        labels = ["kind", "name", "state"]
        states = GaugeMetricFamily("farthing_breaker", "1 for the state it is in", labels=labels)
        calls = GaugeMetricFamily("farthing_in_flight", "Calls in progress", labels=["model"])
        for standing in self._fleet.standings(self._monotonic_s()):
            for state in BreakerState:
                value = float(state is standing.state)
                states.add_metric([standing.kind, standing.name, state], value)
            if standing.kind == "model":
                calls.add_metric([standing.name], standing.in_flight)
        yield states
        yield calls
        left = self._fleet.retries.left
        yield GaugeMetricFamily("farthing_retries_left", "Retries that may be made now", value=left)


class RedisCollector(Collector):
    """Whether the Redis that processes share answers; nothing if there is none."""

    def __init__(self, are_up: Callable[[], Mapping[str, bool]]) -> None:
        self._are_up = are_up

    def collect(self) -> Iterator[Metric]:
        """1 or 0 for each thing that Redis is used for."""
        up = GaugeMetricFamily("farthing_redis_up", "1 while Redis answers", labels=["for"])
        for what, is_up in self._are_up().items():
            up.add_metric([what], float(is_up))
        yield up


def exposition(*collectors: Collects) -> bytes:
    """The text that Prometheus reads."""
    registry = CollectorRegistry(auto_describe=False)
    for collector in collectors:
        registry.register(collector)
    return generate_latest(registry)

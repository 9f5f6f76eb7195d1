"""The collectors that read the state of a process whenever Prometheus asks."""

from collections.abc import Sequence

from router.app.stores import Links
from router.pipeline.current import Current
from router.ports import World
from router.telemetry.budget_metrics import BudgetCollector
from router.telemetry.cascade_metrics import CascadeCollector
from router.telemetry.metrics import FleetCollector, LedgerCollector, RedisCollector
from router.telemetry.outcome_metrics import OutcomeCollector
from router.telemetry.reload_metrics import ReloadCollector
from router.telemetry.semantic_metrics import SemanticCollector
from router.telemetry.tallies import Collects


def collectors_of(current: Current, world: World, links: Links) -> Sequence[Collects]:
    """A collector for each part that reports its state."""
    pipeline = current.pipeline
    return (
        FleetCollector(pipeline.fleet, world.monotonic_s),
        LedgerCollector(pipeline.ledger),
        BudgetCollector(pipeline.budget_store, pipeline.rulebook),
        RedisCollector(links.are_up),
        SemanticCollector(pipeline.similar.semantic),
        ReloadCollector(current),
        OutcomeCollector(pipeline.scorer),
        CascadeCollector(pipeline.judge.verdicts),
    )

"""What a process says of itself, and of its siblings where it has some."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from prometheus_client.registry import Collector

from router.app.stores import Links
from router.pipeline.current import Current
from router.ports import World
from router.server.crew.place import Place
from router.server.crew.siblings import Siblings
from router.server.fleet import crew_fleet_told, fleet_told
from router.telemetry.cascade_metrics import CascadeCollector
from router.telemetry.crew_metrics import crew_exposition
from router.telemetry.metrics import (
    CONTENT_TYPE,
    FleetCollector,
    LedgerCollector,
    RedisCollector,
    exposition,
)
from router.telemetry.outcome_metrics import OutcomeCollector
from router.telemetry.reload_metrics import ReloadCollector
from router.telemetry.semantic_metrics import SemanticCollector


@dataclass(frozen=True, slots=True)
class Figures:
    """For operators: the text for Prometheus with its content type, and the state of the fleet as JSON."""

    metrics: Callable[[], Awaitable[tuple[bytes, str]]]
    fleet: Callable[[], Awaitable[bytes]]


def metrics_of(
    current: Current, world: World, links: Links, more: Sequence[Collector]
) -> Callable[[], bytes]:
    """What tells Prometheus of this process; `more` collects what is counted on the way of requests."""
    pipeline = current.pipeline
    collectors = (
        *more,
        FleetCollector(pipeline.fleet, world.monotonic_s),
        LedgerCollector(pipeline.ledger),
        RedisCollector(links.are_up),
        SemanticCollector(pipeline.similar.semantic),
        ReloadCollector(current),
        OutcomeCollector(pipeline.scorer),
        CascadeCollector(pipeline.judge.verdicts),
    )
    return lambda: exposition(*collectors)


async def figures_of(
    current: Current,
    world: World,
    metrics: Callable[[], bytes],
    place: Place | None,
    stack: AsyncExitStack,
) -> Figures:
    """The figures of this process, or, in a crew, of all its workers. Raises OSError when these could not be asked."""
    fleet = current.pipeline.fleet

    def own_fleet() -> bytes:
        return fleet_told(fleet, world.monotonic_s())

    if place is None:
        return _own(metrics, own_fleet)
    siblings = Siblings(place, {"metrics": metrics, "fleet": own_fleet})
    await siblings.listen(stack)
    return _together(siblings)


def _own(metrics: Callable[[], bytes], fleet: Callable[[], bytes]) -> Figures:
    async def own_metrics() -> tuple[bytes, str]:
        return metrics(), CONTENT_TYPE

    async def own_fleet() -> bytes:
        return fleet()

    return Figures(own_metrics, own_fleet)


def _together(siblings: Siblings) -> Figures:
    async def metrics() -> tuple[bytes, str]:
        return crew_exposition(await siblings.say("metrics")), CONTENT_TYPE

    async def fleet() -> bytes:
        return crew_fleet_told(await siblings.say("fleet"))

    return Figures(metrics, fleet)

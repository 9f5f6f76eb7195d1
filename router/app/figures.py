"""What a process reports about itself, and about its siblings if it has any."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from router.app.stores import Links
from router.pipeline.current import Current
from router.ports import World
from router.server.crew.place import Place
from router.server.crew.siblings import Siblings
from router.server.fleet import crew_fleet_told, fleet_told
from router.telemetry.tallies import Collects

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Of Prometheus' text format."""


@dataclass(frozen=True, slots=True)
class Figures:
    """For operators: the text for Prometheus with its content type, and the state of the fleet as JSON."""

    metrics: Callable[[], Awaitable[tuple[bytes, str]]]
    fleet: Callable[[], Awaitable[bytes]]


def metrics_of(
    current: Current, world: World, links: Links, more: Callable[[], Sequence[Collects]]
) -> Callable[[], bytes]:
    """A function that returns this process's metrics; `more` are the collectors of what is counted per request."""

    def metrics() -> bytes:
        # Imported when Prometheus first asks: only those who use it need its library.
        from router.app.collectors import collectors_of
        from router.telemetry.metrics import exposition

        return exposition(*more(), *collectors_of(current, world, links))

    return metrics


async def figures_of(
    current: Current,
    world: World,
    metrics: Callable[[], bytes],
    place: Place | None,
    stack: AsyncExitStack,
) -> Figures:
    """The figures of this process, or in a crew of all its workers. Raises OSError if these could not be asked."""
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
        from router.telemetry.crew_metrics import crew_exposition

        return crew_exposition(await siblings.say("metrics")), CONTENT_TYPE

    async def fleet() -> bytes:
        return crew_fleet_told(await siblings.say("fleet"))

    return Figures(metrics, fleet)

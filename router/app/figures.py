"""What a process reports about itself, and about its siblings if it has any."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

from router.app.stores import Links
from router.pipeline.current import Current
from router.ports import World
from router.server.admin import Figures
from router.server.budgets import budgets_told, crew_budgets_told
from router.server.crew.place import Place
from router.server.crew.siblings import Siblings
from router.server.fleet import crew_fleet_told, fleet_told
from router.telemetry.tallies import Collects


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
    fleet, budget_store = current.pipeline.fleet, current.pipeline.budget_store

    async def own_metrics() -> bytes:
        return metrics()

    async def own_fleet() -> bytes:
        return fleet_told(fleet, world.monotonic_s())

    async def own_budgets() -> bytes:
        # Ten thousand of them are a tenth of a second's work.
        return await asyncio.to_thread(budgets_told, await budget_store.balances())

    sayings = {"metrics": own_metrics, "fleet": own_fleet, "budgets": own_budgets}
    if place is None:
        return Figures(own_metrics, own_fleet, own_budgets)
    siblings = Siblings(place, sayings)
    await siblings.listen(stack)
    return _together(siblings, place.worker_table.killed)


def _together(siblings: Siblings, killed: Callable[[int], int]) -> Figures:
    async def metrics() -> bytes:
        from router.telemetry.crew_metrics import crew_exposition

        return crew_exposition(await siblings.say("metrics"), killed)

    async def fleet() -> bytes:
        return crew_fleet_told(await siblings.say("fleet"))

    async def budgets() -> bytes:
        return await asyncio.to_thread(crew_budgets_told, await siblings.say("budgets"))

    return Figures(metrics, fleet, budgets)

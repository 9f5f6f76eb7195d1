"""Leads that are many, come too late, or outlive who asked for them."""

import asyncio
from functools import partial
from time import monotonic

import pytest

from router.domain.members import replace
from router.stores.memory.flight_coordinator import LocalLead
from router.stores.redis import keys
from router.stores.redis.flight_coordinator import Cadence, RedisFlightCoordinator, RedisLead
from router.stores.redis.link import RedisLink
from tests.clock import Clock
from tests.servers import RedisServer
from tests.simulated.raw import until
from tests.stores.flight_coordinators import QUICK, collect, coordinators, leads, led, nobody, soon
from tests.stores.links import Counting, HeldUp, left_while_held_up
from tests.stores.waiting import Naps


@pytest.mark.parametrize("count", [40, 640])
async def test_many_leads_are_renewed_a_few_at_a_time_and_all_of_them_in_time(
    redis_server: RedisServer, count: int
) -> None:
    naps, clock, pace = Naps(), Clock(), Cadence()
    async with coordinators(redis_server.url, 1) as (other,):
        link = Counting(redis_server.url)
        coordinator = RedisFlightCoordinator(link, other.link, clock, naps, pace)
        made = [await led(coordinator, f"t18-{n}") for n in range(count)]
        link.forget()
        clock.now_s += 1
        turns = -(-count // 32)
        for turn in range(turns):
            naps.wake()
            await until(partial(slept, naps, turn + 2))
        await coordinator.close()
        await link.close()

    assert link.seen == {lead.token for lead in made if isinstance(lead, RedisLead)}
    assert link.most <= 32
    assert sum(naps.asked_s[1:]) < pace.lease_s / 2


def slept(naps: Naps, times: int) -> bool:
    return len(naps.asked_s) == times


async def test_a_lead_that_cannot_be_looked_after_is_no_harm_to_the_others(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    def stumble() -> None:
        raise RuntimeError

    naps, clock, wanted = Naps(), Clock(), asyncio.Event()
    async with coordinators(redis_server.url, 1) as (other,):
        coordinator = RedisFlightCoordinator(other.link, other.link, clock, naps)
        await coordinator.lead("t19", stumble)
        await led(coordinator, "t20", wanted)
        clock.now_s += 1
        await other.link.send("SET", keys.wanted("t19"), 1)
        naps.wake()
        await until(partial(slept, naps, 2))
        await other.link.send("SET", keys.wanted("t20"), 1)
        naps.wake()
        await asyncio.wait_for(wanted.wait(), 5)
        await coordinator.close()

    assert len(caplog.records) == 1


async def test_a_lead_that_was_on_its_way_when_its_caller_left_is_given_up(
    redis_server: RedisServer,
) -> None:
    async with coordinators(redis_server.url, 1) as (other,):
        link = HeldUp(redis_server.url)
        coordinator = RedisFlightCoordinator(
            link, other.link, monotonic, asyncio.sleep, replace(QUICK, lease_s=60)
        )
        await (await led(coordinator, "t16")).give_up()  # the scripts are known
        link.hold_up()
        await left_while_held_up(link, asyncio.create_task(coordinator.lead("t17", nobody)))
        await coordinator.close()
        assert await leads(other, "t17")
        await link.close()


async def test_a_lead_that_redis_gave_too_late_is_given_up_when_it_is_back(
    redis_server: RedisServer,
) -> None:
    link = RedisLink(redis_server.url, timeout_s=0.2, monotonic_s=monotonic, pause_s=0.1)
    async with coordinators(redis_server.url, 1) as (other,):
        coordinator = RedisFlightCoordinator(
            link, other.link, monotonic, asyncio.sleep, replace(QUICK, lease_s=60)
        )
        await (await led(coordinator, "t21")).give_up()  # the scripts are known
        redis_server.pause()
        assert isinstance(await coordinator.lead("t22", nobody), LocalLead)
        redis_server.resume()
        assert await soon(partial(leads, other, "t22"), True)
        await coordinator.close()
        await link.close()


async def test_who_cannot_follow_does_not_ask_again_at_once(redis_server: RedisServer) -> None:
    naps_s: list[float] = []

    async def nap(for_s: float) -> None:
        naps_s.append(for_s)

    waiting = RedisLink("redis://127.0.0.1:1", timeout_s=1.0, monotonic_s=monotonic)
    await waiting.open()
    async with coordinators(redis_server.url, 1) as (other,):
        await led(other, "t23")
        coordinator = RedisFlightCoordinator(other.link, waiting, monotonic, nap)
        assert await collect(coordinator, "t23") == []
        await waiting.close()

    assert naps_s == [coordinator.pace.watch_s]

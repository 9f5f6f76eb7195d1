"""One leader among several processes; the others get its answer, or learn that none will come."""

import asyncio
from functools import partial
from time import monotonic

import pytest
from redis.asyncio import Redis

from router.domain.members import replace
from router.pipeline.cancel_safe import CancelSafe
from router.stores.memory.flight_coordinator import LocalFlightCoordinator, LocalLead
from router.stores.redis import keys
from router.stores.redis.flight_coordinator import RedisFlightCoordinator, RedisLead
from tests.redis_clusters import RedisCluster
from tests.servers import RedisServer
from tests.simulated.raw import until
from tests.stores.flight_coordinators import QUICK, collect, coordinators, leads, led, nobody, soon


@pytest.fixture(params=["redis", "cluster"])
def shared_url(request: pytest.FixtureRequest) -> str:
    """A Redis that several coordinators share."""
    if request.param == "cluster":
        server: RedisCluster = request.getfixturevalue("redis_cluster")
        return server.url
    url: str = request.getfixturevalue("redis_url")
    return url


async def test_one_leads_and_the_others_do_not(shared_url: str) -> None:
    async with coordinators(shared_url, 3) as (one, two, three):
        lead = await led(one, "t1")
        assert await two.lead("t1", nobody) is None
        assert await three.lead("t1", nobody) is None
        assert await two.lead("t2", nobody) is not None
        await lead.give_up()
        assert await two.lead("t1", nobody) is not None


async def test_whoever_leads_soon_after_another_is_told(shared_url: str) -> None:
    async with coordinators(shared_url, 2, replace(QUICK, ended_s=0.2)) as (one, two):
        first = await led(one, "t14")
        assert not first.is_successor
        await first.give_up()

        assert await collect(two, "t14") == []  # nobody leads
        second = await led(two, "t14")
        assert second.is_successor
        await second.give_up()
        assert await soon(lambda: is_free(one, "t14"), True)
        assert not (await led(one, "t14")).is_successor


async def is_free(coordinator: RedisFlightCoordinator, key: str) -> bool:
    """Whether Redis has no record of a leader, present or past."""
    return not await coordinator.link.ask(lambda: coordinator.link.client.exists(keys.lead(key)))


async def test_the_others_get_every_frame_once_and_in_order(shared_url: str) -> None:
    frames = [f"frame {number}".encode() for number in range(100)]
    wanted = asyncio.Event()
    async with coordinators(shared_url, 5) as (one, *others):
        lead = await led(one, "t3", wanted)
        following = [
            asyncio.create_task(collect(coordinator, "t3"))
            for coordinator in others
            for _ in range(5)
        ]
        await asyncio.wait_for(wanted.wait(), 5)
        for frame in frames:
            await lead.send(frame)
        late = asyncio.create_task(collect(others[0], "t3"))
        await until(lambda: others[0]._followed == 6)  # noqa: SLF001 - it has begun
        await lead.give_up()

        assert await asyncio.gather(*following) == [frames] * 20
        assert await late in (frames, [])


async def test_a_frame_arrives_while_the_leader_still_speaks(shared_url: str) -> None:
    wanted = asyncio.Event()
    async with coordinators(shared_url, 2) as (one, two):
        lead = await led(one, "t4", wanted)
        following = two.follow("t4")
        first = CancelSafe(following)
        waiting = asyncio.create_task(first.next())
        await asyncio.wait_for(wanted.wait(), 5)
        await lead.send(b"a")
        assert await waiting == b"a"
        await lead.send(b"b")
        assert await first.next() == b"b"
        await lead.give_up()
        assert await first.next() is None


async def test_it_is_wanted_once_and_only_as_long_as_somebody_follows(shared_url: str) -> None:
    times: list[None] = []
    async with coordinators(shared_url, 3) as (one, two, three):
        lead = await one.lead("t5", lambda: times.append(None))
        assert lead is not None
        assert not await lead.is_wanted()
        following = [
            asyncio.create_task(collect(coordinator, "t5")) for coordinator in (two, three)
        ]
        await until(lambda: bool(times))
        assert await lead.is_wanted()
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)
        assert await soon(lead.is_wanted, False)
        assert times == [None]


async def test_when_the_leader_gives_up_the_followers_know_at_once(shared_url: str) -> None:
    wanted = asyncio.Event()
    async with coordinators(shared_url, 2, replace(QUICK, slice_s=10, lease_s=30)) as (one, two):
        lead = await led(one, "t6", wanted)
        following = asyncio.create_task(collect(two, "t6"))
        await asyncio.wait_for(wanted.wait(), 5)
        await lead.send(b"half")
        began_s = monotonic()
        await lead.give_up()
        assert await following == [b"half"]
        assert monotonic() - began_s < 5
        assert await two.lead("t6", nobody) is not None


async def test_when_the_leader_dies_another_one_may_lead(shared_url: str) -> None:
    async with coordinators(shared_url, 2) as (one, two):
        await led(one, "t7")
        following = asyncio.create_task(collect(two, "t7"))
        await asyncio.sleep(0)
        assert await two.lead("t7", nobody) is None
        await one.close()  # nobody renews the lead any more
        assert await asyncio.wait_for(following, 5) == []
        assert await two.lead("t7", nobody) is not None


async def test_a_lead_is_renewed_for_as_long_as_it_takes(shared_url: str) -> None:
    async with coordinators(shared_url, 2) as (one, two):
        await led(one, "t8")
        end_s = monotonic() + 3 * QUICK.lease_s
        while monotonic() < end_s:
            assert await two.lead("t8", nobody) is None
            await asyncio.sleep(0.02)


async def test_who_lost_the_lead_ends_nobody_elses(redis_server: RedisServer) -> None:
    async with coordinators(redis_server.url, 3) as (one, two, three):
        lead = await led(one, "t9")
        redis_server.restart()  # it remembers nothing

        async def leads_for_all() -> bool:
            return isinstance(await two.lead("t9", nobody), RedisLead)

        assert await soon(leads_for_all, True)
        await lead.give_up()
        assert await three.lead("t9", nobody) is None


async def test_without_redis_everybody_leads_for_himself(redis_server: RedisServer) -> None:
    async with coordinators(redis_server.url, 2) as (one, two):
        redis_server.kill()
        for coordinator in (one, two):
            lead = await coordinator.lead("t10", nobody)
            assert isinstance(lead, LocalLead)
            await lead.send(b"x")
            assert not await lead.is_wanted()
            await lead.give_up()
            assert await collect(coordinator, "t10") == []


@pytest.mark.parametrize("how", ["kill", "pause"])
async def test_a_redis_that_goes_ends_what_is_followed_and_never_skips_a_frame(
    redis_server: RedisServer, how: str
) -> None:
    wanted = asyncio.Event()
    async with coordinators(redis_server.url, 2) as (one, two):
        lead = await led(one, "t11", wanted)
        following = asyncio.create_task(collect(two, "t11"))
        await asyncio.wait_for(wanted.wait(), 5)
        await lead.send(b"a")
        getattr(redis_server, how)()
        await lead.send(b"lost")
        if how == "pause":
            redis_server.resume()
        else:
            redis_server.restart()
        await asyncio.sleep(0.15)  # until the link asks again
        await lead.send(b"behind the hole")
        await lead.give_up()
        assert await asyncio.wait_for(following, 10) in ([b"a"], [b"a", b"lost"], [])


async def test_behind_a_restart_that_nobody_noticed_no_frame_follows(
    redis_server: RedisServer,
) -> None:
    wanted = asyncio.Event()
    async with coordinators(redis_server.url, 2) as (one, two):
        lead = await led(one, "t15", wanted)
        following = CancelSafe(two.follow("t15"))
        waiting = asyncio.create_task(following.next())
        await asyncio.wait_for(wanted.wait(), 5)
        await lead.send(b"a")
        assert await waiting == b"a"
        async with Redis.from_url(redis_server.url) as client:
            await client.flushall()
        await lead.send(b"behind the hole")
        assert await following.next() is None
        await following.close()


async def test_a_cancelled_lead_is_given_up(shared_url: str) -> None:
    names = [f"t12-{steps}" for steps in range(1, 12)]
    async with coordinators(shared_url, 2) as (one, two):
        for steps, name in enumerate(names, 1):
            asking = asyncio.create_task(one.lead(name, nobody))
            for _ in range(steps):
                await asyncio.sleep(0)
            asking.cancel()
            for lead in await asyncio.gather(asking, return_exceptions=True):
                if isinstance(lead, RedisLead):
                    await lead.give_up()
        for name in names:
            assert await soon(partial(leads, two, name), True)


async def test_who_follows_enough_leads_for_himself(shared_url: str) -> None:
    async with coordinators(shared_url, 2, replace(QUICK, most_followed=1)) as (one, two):
        await led(one, "t13")
        following = asyncio.create_task(collect(two, "t13"))
        await until(lambda: two._followed == 1)  # noqa: SLF001 - it has begun
        assert isinstance(await two.lead("t13", nobody), LocalLead)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        assert await two.lead("t13", nobody) is None


async def test_nothing_of_it_stays_in_redis(redis_server: RedisServer) -> None:
    wanted = asyncio.Event()
    async with (
        coordinators(redis_server.url, 2) as (one, two),
        Redis.from_url(redis_server.url) as client,
    ):
        lead = await led(one, "t14", wanted)
        following = asyncio.create_task(collect(two, "t14"))
        await asyncio.wait_for(wanted.wait(), 5)
        await lead.send(b"a")
        await lead.give_up()
        await following
        for name in await client.keys("farthing:*"):
            assert 0 < await client.pttl(name) <= 60_000


async def test_a_lonely_tower_leads_always_and_nobody_follows() -> None:
    coordinator = LocalFlightCoordinator()
    for _ in range(2):
        lead = await coordinator.lead("k", nobody)
        await lead.send(b"x")
        assert not await lead.is_wanted()
        await lead.give_up()
    assert [frame async for frame in coordinator.follow("k")] == []
    await coordinator.close()

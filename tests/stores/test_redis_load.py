"""A link to Redis under load: nobody waits for long, and every reply is for its own question."""

import asyncio
import random
import threading

from redis.asyncio import Redis

from router.stores.redis.cache import RedisCache
from router.stores.redis.link import RedisAway, RedisLink
from tests.servers import RedisServer
from tests.stores.napping import TIMEOUT_S, W, got, linked
from tests.stores.waiting import Naps, until

# ---------------------------------------------------------------------------- load


async def test_under_load_a_slow_server_gets_no_more_than_sixteen_connections(
    redis_server: RedisServer, link: RedisLink, cache: RedisCache
) -> None:
    async with Redis.from_url(redis_server.url) as client:
        await cache.put("a", W, b"1", 60)
        await client.client_pause(100, all=False)
        await asyncio.gather(*(cache.put(f"k{n}", W, b"1", 60) for n in range(1000)))
        mine = [each for each in await client.client_list() if each["cmd"] != "client|list"]

    assert len(mine) <= 16


async def test_waiting_long_for_a_turn_is_not_held_against_the_server(redis_url: str) -> None:
    """Sixteen commands that are slow and in time: those behind them have too little left."""
    long_s = 2.0  # so that what is left of it is enough on a busy machine
    async with linked(redis_url, timeout_s=long_s) as link:

        async def command() -> object:
            await asyncio.sleep(long_s * 0.7)
            return await link.client.ping()

        asked = (link.ask(command) for _ in range(40))
        answers = await asyncio.gather(*asked, return_exceptions=True)

        assert link.is_up
        assert sum(isinstance(answer, RedisAway) for answer in answers) == 24


async def test_an_event_loop_that_is_late_itself_holds_nothing_against_the_server(
    redis_server: RedisServer, link: RedisLink, cache: RedisCache
) -> None:
    await cache.put("a", W, b"1", 60)
    asking = [asyncio.create_task(got(cache, "a")) for _ in range(5)]
    await asyncio.sleep(0)
    threading.Event().wait(TIMEOUT_S * 2)

    assert set(await asyncio.gather(*asking)) <= {None, b"1"}
    assert link.is_up
    assert await got(cache, "a") == b"1"


# ---------------------------------------------------------------------------- whose reply is it


async def test_a_late_reply_never_answers_another_question(
    redis_server: RedisServer, link: RedisLink, cache: RedisCache, naps: Naps
) -> None:
    keys = [f"k{number}" for number in range(8)]
    for key in keys:
        await cache.put(key, W, key.encode(), 60)
    redis_server.pause()
    late = await asyncio.gather(*(got(cache, key) for key in keys))
    redis_server.resume()
    naps.wake()
    await until(lambda: link.is_up)

    for key in reversed(keys):
        assert await got(cache, key) == key.encode()
    assert late == [None] * len(keys)


async def test_ten_thousand_requests_that_are_cancelled_anywhere_leave_no_reply_behind(
    redis_server: RedisServer,
) -> None:
    """Each asks for a key whose value is the key; every other one leaves, some of them twice."""
    chance, rounds, at_once = random.Random(7), 250, 40
    async with linked(redis_server.url, timeout_s=10.0) as link:
        cache = RedisCache(link)
        for number in range(at_once):
            await cache.put(f"k{number}", W, b"%d" % number * (1 + number * 50), 600)
        wrong, right, left = 0, 0, 0
        for _ in range(rounds):
            asking = [asyncio.create_task(got(cache, f"k{number}")) for number in range(at_once)]
            leaving = [asyncio.create_task(leave(task, chance)) for task in asking[::2]]
            answers = await asyncio.gather(*asking, return_exceptions=True)
            await asyncio.gather(*leaving)
            for number, answer in enumerate(answers):
                wrong += isinstance(answer, bytes) and answer != b"%d" % number * (1 + number * 50)
                right += isinstance(answer, bytes)
                left += isinstance(answer, asyncio.CancelledError)

        assert wrong == 0
        assert right > rounds * at_once / 3
        assert left > rounds * at_once / 20
        await every_place_is_free(link)


async def every_place_is_free(link: RedisLink) -> None:
    """As many concurrent commands as there are connections, each with its own."""
    both = asyncio.Barrier(16)

    async def command() -> object:
        await both.wait()
        return await link.client.ping()

    assert await asyncio.gather(*(link.ask(command) for _ in range(16))) == [True] * 16


async def leave(task: "asyncio.Task[bytes | None]", chance: random.Random) -> None:
    for _ in range(chance.choice([1, 1, 2])):
        await asyncio.sleep(chance.random() * 0.004)
        task.cancel()

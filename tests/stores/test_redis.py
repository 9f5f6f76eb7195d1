"""A link to a real Redis that is killed, frozen, brought back, slow, and gives no memory."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import pytest
from redis.asyncio import Redis

from router.stores.redis.cache import RedisCache
from router.stores.redis.link import RedisAway, RedisLink
from router.stores.redis.script import Script
from tests.clock import Clock
from tests.servers import RedisServer
from tests.stores.links import Forgetful
from tests.stores.napping import TIMEOUT_S, W, got, linked
from tests.stores.waiting import Naps, until

LOG = "router.stores.redis.link"


class SlowWire:
    """A way to the server at `port` on which every answer takes `delay_s` longer."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.delay_s = 0.0

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[str]:
        """Its address as a `redis://` URL."""
        door = await asyncio.start_server(self._passed, "127.0.0.1", 0)
        async with door:
            yield f"redis://127.0.0.1:{door.sockets[0].getsockname()[1]}/0"

    async def _passed(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, to_them = await asyncio.open_connection("127.0.0.1", self._port)
        asking = asyncio.create_task(self._piped(reader, to_them))
        await self._piped(theirs, writer, is_answer=True)
        asking.cancel()

    async def _piped(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_answer: bool = False
    ) -> None:
        with closing(writer):
            while piece := await reader.read(2**16):
                if is_answer:
                    await asyncio.sleep(self.delay_s)
                writer.write(piece)


# ---------------------------------------------------------------------------- keys


async def test_answers_have_an_expiry_and_a_key_of_our_own(redis_url: str) -> None:
    async with linked(redis_url) as link, Redis.from_url(redis_url) as client:
        cache = RedisCache(link)
        await cache.put("stores-3", W, b"1", 60)

        assert 0 < await client.ttl("farthing:2:cache:stores-3") <= 60
        await client.expireat("farthing:2:cache:stores-3", 1)
        assert await cache.answers("stores-3") == {}


async def test_an_answer_never_shortens_the_life_of_another_one(redis_url: str) -> None:
    async with linked(redis_url) as link, Redis.from_url(redis_url) as client:
        cache = RedisCache(link)
        await cache.put("stores-4", "patient", b"1", 600)
        await cache.put("stores-4", "hasty", b"2", 60)
        assert await client.ttl("farthing:2:cache:stores-4") > 60

        await cache.put("stores-4", "hasty", b"2", 6000)
        assert await client.ttl("farthing:2:cache:stores-4") > 600
        assert await cache.answers("stores-4") == {"patient": b"1", "hasty": b"2"}


async def test_something_of_another_kind_under_our_key_is_an_empty_cache(
    redis_server: RedisServer, link: RedisLink, cache: RedisCache
) -> None:
    async with Redis.from_url(redis_server.url) as client:
        await client.lpush("farthing:2:cache:a", "not ours")

    assert await cache.answers("a") == {}
    await cache.put("a", W, b"1", 60)
    assert link.is_up


# ---------------------------------------------------------------------------- going and coming back


async def test_a_dead_server_is_an_empty_cache(
    redis_server: RedisServer, cache: RedisCache
) -> None:
    await cache.put("a", W, b"1", 60)
    redis_server.kill()

    assert await got(cache, "a") is None
    await cache.put("a", W, b"2", 60)
    await cache.drop("a", W)
    assert [each async for each in cache.entries()] == []


async def test_a_server_that_was_never_there_is_known_to_be_away_before_the_first_request() -> None:
    naps = Naps()
    async with linked("redis://127.0.0.1:1/0", naps) as link:
        await link.open()

        assert not link.is_up
        with pytest.raises(RedisAway):
            await link.ask(link.client.ping)


async def test_while_it_is_away_no_request_asks_and_one_task_in_the_background_does(
    redis_server: RedisServer, link: RedisLink, cache: RedisCache, naps: Naps
) -> None:
    await cache.put("a", W, b"1", 60)
    redis_server.kill()
    assert await got(cache, "a") is None
    await until(lambda: naps.asked_s == [0.0, 0.05])  # asked at once, and waits to ask again

    redis_server.restart()
    assert [await got(cache, "a") for _ in range(100)] == [None] * 100
    assert not link.is_up
    async with Redis.from_url(redis_server.url) as client:
        assert len(await client.client_list()) == 1, "somebody but the task has connected"

    naps.wake()
    await until(lambda: link.is_up)
    await cache.put("a", W, b"2", 60)
    assert await got(cache, "a") == b"2"


async def test_the_pauses_double_up_to_the_longest(
    redis_server: RedisServer, cache: RedisCache, naps: Naps
) -> None:
    redis_server.kill()
    await got(cache, "a")
    for number in range(2, 7):
        await until(lambda number=number: len(naps.asked_s) == number)  # type: ignore[misc]
        naps.wake()

    assert naps.asked_s[:6] == [0.0, 0.05, 0.1, 0.2, 0.2, 0.2]


async def test_a_restart_that_the_event_loop_could_not_see_costs_one_miss(
    redis_server: RedisServer, link: RedisLink, cache: RedisCache
) -> None:
    await asyncio.gather(*(cache.put(f"k{number}", W, b"1", 60) for number in range(16)))
    redis_server.restart()  # nothing else runs meanwhile

    await cache.put("a", W, b"2", 60)
    await until(lambda: link.is_up)
    for number in range(16):
        await cache.put(f"k{number}", W, b"2", 60)
        assert await got(cache, f"k{number}") == b"2"


async def test_a_restart_between_two_requests_costs_nothing(
    redis_server: RedisServer, link: RedisLink, cache: RedisCache
) -> None:
    await asyncio.gather(*(cache.put(f"k{number}", W, b"1", 60) for number in range(16)))
    await asyncio.to_thread(redis_server.restart)

    await cache.put("a", W, b"2", 60)
    assert await got(cache, "a") == b"2"
    assert link.is_up


async def test_connections_that_the_server_closes_for_being_idle_cost_nothing(
    redis_server: RedisServer, link: RedisLink, cache: RedisCache
) -> None:
    await asyncio.gather(*(cache.put(f"k{number}", W, b"1", 60) for number in range(16)))
    async with Redis.from_url(redis_server.url) as client:
        await client.client_kill_filter(_type="normal", skipme=True)
        await client.ping()

    assert [await got(cache, f"k{number}") for number in range(16)] == [b"1"] * 16
    assert link.is_up


async def test_a_frozen_server_delays_a_request_by_the_timeout_and_no_more(
    redis_server: RedisServer, link: RedisLink, cache: RedisCache, naps: Naps
) -> None:
    await cache.put("a", W, b"1", 60)
    redis_server.pause()

    began_s = time.monotonic()
    assert await asyncio.gather(*(got(cache, "a") for _ in range(500))) == [None] * 500
    assert time.monotonic() - began_s < TIMEOUT_S + 0.3
    began_s = time.monotonic()
    assert [await got(cache, "a") for _ in range(100)] == [None] * 100
    assert time.monotonic() - began_s < TIMEOUT_S / 2

    redis_server.resume()
    naps.wake()
    await until(lambda: link.is_up)
    assert await got(cache, "a") == b"1"


async def test_its_going_and_coming_back_are_each_logged_once(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, LOG)
    async with linked(redis_server.url) as link:
        cache = RedisCache(link)
        redis_server.kill()
        await asyncio.gather(*(got(cache, "a") for _ in range(30)))
        redis_server.restart()
        await until(lambda: link.is_up)
        await got(cache, "a")

    assert caplog.messages == [
        "Redis does not answer (ConnectionError): continuing without it",
        "Redis answers again",
    ]


async def looked(naps: Naps, times: int) -> None:
    """Let it be looked for so many times."""
    for _ in range(times):
        asked = len(naps.asked_s)
        naps.wake()
        await until(lambda asked=asked: len(naps.asked_s) > asked)  # type: ignore[misc]


async def test_a_server_that_has_become_a_replica_is_away_until_it_takes_writes_again(
    naps: Naps, caplog: pytest.LogCaptureFixture
) -> None:
    with RedisServer() as server, RedisServer() as primary:
        async with linked(server.url, naps) as link:
            cache = RedisCache(link)
            await link.client.replicaof("127.0.0.1", primary.port)
            await cache.put("a", W, b"1", 60)
            await until(lambda: len(naps.asked_s) == 2)
            await looked(naps, 3)
            assert caplog.messages == [
                "Redis does not answer (ReadOnlyError): continuing without it"
            ]
            async with Redis.from_url(server.url) as client:
                await client.replicaof("NO", "ONE")
            naps.wake()
            await until(lambda: link.is_up)


async def test_a_server_that_answers_too_late_is_away_until_it_answers_in_time(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    naps, wire = Naps(), SlowWire(redis_server.port)
    async with wire.opened() as url, linked(url, naps) as link:
        cache = RedisCache(link)
        await cache.put("a", W, b"1", 60)
        wire.delay_s = TIMEOUT_S
        assert await got(cache, "a") is None
        await until(lambda: len(naps.asked_s) == 2)
        await looked(naps, 3)
        assert caplog.messages == ["Redis does not answer (TimeoutError): continuing without it"]
        wire.delay_s = 0.0
        naps.wake()
        await until(lambda: link.is_up)
        assert await got(cache, "a") == b"1"


async def test_a_server_without_memory_refuses_to_write_and_is_read_all_the_same(
    redis_server: RedisServer,
    link: RedisLink,
    cache: RedisCache,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await cache.put("a", W, b"1", 60)
    async with Redis.from_url(redis_server.url) as client:
        await client.config_set("maxmemory", "1kb")
    for _ in range(3):
        await cache.put("b", W, b"2", 60)

    assert await got(cache, "a") == b"1"
    assert link.is_up
    assert len(caplog.messages) == 1
    assert "(OutOfMemoryError)" in caplog.messages[0]


async def test_a_refusal_is_for_its_own_command_alone(redis_url: str) -> None:
    async with linked(redis_url, timeout_s=5.0) as link:
        cache = RedisCache(link)
        await cache.put("stores-5", W, b"1", 60)
        await link.send("SET", "farthing:2:cache:stores-6", "of another kind")

        asked = [got(cache, name) for name in ("stores-5", "stores-6") * 20]
        assert await asyncio.gather(*asked) == [b"1", None] * 20
        assert link.is_up


async def test_a_script_that_a_server_has_forgotten_is_told_again(redis_url: str) -> None:
    async with linked(redis_url, timeout_s=5.0) as link:
        script = Script(link, "return redis.call('INCRBY', KEYS[1], ARGV[1])")
        await link.ask(link.client.script_flush)
        await link.send("DEL", "farthing:2:counted")

        added = await asyncio.gather(*(script(["farthing:2:counted"], [1]) for _ in range(40)))
        assert sorted(added) == list(range(1, 41))


async def test_a_server_that_keeps_no_script_is_away(redis_url: str) -> None:
    link = Forgetful(redis_url, timeout_s=TIMEOUT_S, monotonic_s=Clock())
    with pytest.raises(RedisAway):
        await Script(link, "return 1")(["farthing:2:any"])
    await link.close()

"""Other ways to have a Redis: a cluster with a bad node, sentinels and their failover, a socket, TLS."""

import asyncio
import random
import re
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from router.dispatch.notice import About, Notice, Subject
from router.domain.budget import EVERYTHING, RateLimit
from router.stores.redis.cache import RedisCache
from router.stores.redis.link import RedisLink
from tests.redis_clusters import RedisCluster, WatchedRedis
from tests.servers import RedisServer
from tests.stores.conformance.budgets import CENT, WHOLE, settled, taken
from tests.stores.conformance.kinds import Stores
from tests.stores.links import linked
from tests.stores.waiting import until

W = "some-model"
REPO = Path(__file__).parents[2]


@asynccontextmanager
async def opened(url: str, timeout_s: float = 0.2) -> AsyncIterator[RedisLink]:
    async with linked(url, timeout_s) as link:
        await link.open()
        yield link


async def answers(cache: RedisCache, number: int) -> bytes | None:
    return (await cache.answers(f"k{number}")).get(W)


# ---------------------------------------------------------------------------- a cluster


async def test_a_cluster_with_a_frozen_node_is_an_empty_cache_until_the_node_goes_on(
    redis_cluster: RedisCluster,
) -> None:
    async with opened(redis_cluster.url) as link:
        cache = RedisCache(link)
        for number in range(50):
            await cache.put(f"k{number}", W, b"%d" % number, 600)
        redis_cluster.nodes[1].pause()
        try:
            loop = asyncio.get_running_loop()
            began_s = loop.time()
            found = await asyncio.gather(*(answers(cache, number) for number in range(50)))
            assert loop.time() - began_s < 0.5
            assert set(found) <= {None, *(b"%d" % number for number in range(50))}
            assert not link.is_up
        finally:
            redis_cluster.nodes[1].resume()
        await until(lambda: link.is_up)

        assert [await answers(cache, n) for n in range(50)] == [b"%d" % n for n in range(50)]


async def test_connections_that_a_node_has_closed_cost_a_miss_at_most(
    redis_cluster: RedisCluster,
) -> None:
    async with opened(redis_cluster.url) as link:
        cache = RedisCache(link)
        await asyncio.gather(*(cache.put(f"k{n}", W, b"%d" % n, 600) for n in range(50)))
        for node in redis_cluster.nodes:
            async with opened(node.url) as one:
                await one.client.client_kill_filter(_type="normal", skipme=True)

        await answers(cache, 1)
        await until(lambda: link.is_up)
        assert [await answers(cache, n) for n in range(50)] == [b"%d" % n for n in range(50)]


async def test_in_a_cluster_no_cancelled_request_leaves_a_reply_behind(
    redis_cluster: RedisCluster,
) -> None:
    chance, at_once = random.Random(7), 40
    async with opened(redis_cluster.url, timeout_s=2.0) as link:
        cache = RedisCache(link)
        for number in range(at_once):
            await cache.put(f"k{number}", W, b"%d" % number, 600)
        wrong, right, left = 0, 0, 0
        for _ in range(50):
            asking = [asyncio.create_task(answers(cache, number)) for number in range(at_once)]
            for task in asking[::2]:
                asyncio.get_running_loop().call_later(chance.random() * 0.01, task.cancel)
            found = await asyncio.gather(*asking, return_exceptions=True)
            for number, answer in enumerate(found):
                wrong += answer not in (b"%d" % number, None) and not is_gone(answer)
                right += answer == b"%d" % number
                left += is_gone(answer)

        assert wrong == 0
        assert right > 50 * at_once / 3
        assert left > 50


def is_gone(answer: bytes | BaseException | None) -> bool:
    return isinstance(answer, asyncio.CancelledError)


# ---------------------------------------------------------------------------- sentinels


async def test_when_the_primary_dies_its_replica_takes_over_and_requests_go_on() -> None:
    with WatchedRedis() as watched:
        async with opened(watched.url) as link:
            cache = RedisCache(link)
            await cache.put("k1", W, b"1", 600)
            await link.ask(lambda: link.client.wait(1, 1000))
            watched.primary.kill()

            assert await answers(cache, 1) is None
            await until(lambda: link.is_up)
            assert await answers(cache, 1) == b"1"
            await cache.put("k1", W, b"2", 600)
            assert await answers(cache, 1) == b"2"


async def test_when_the_primary_freezes_its_replica_takes_over_as_well() -> None:
    with WatchedRedis() as watched:
        async with opened(watched.url) as link:
            cache = RedisCache(link)
            await cache.put("k1", W, b"1", 600)
            await link.ask(lambda: link.client.wait(1, 1000))
            watched.primary.pause()

            assert await answers(cache, 1) is None
            await until(lambda: link.is_up)
            await cache.put("k1", W, b"2", 600)
            assert await answers(cache, 1) == b"2"


# ---------------------------------------------------------------------------- a user with few rights


async def test_a_user_with_the_rights_that_the_document_names_may_do_all_that_is_done(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    told = (REPO / "docs/redis.md").read_text("utf-8")
    needs = re.search(r"A restricted user needs `(.*)`\s+and\s+`(.*)`", told)
    assert needs is not None
    async with Redis.from_url(redis_server.url) as client:
        rules = ("on", ">secret", needs[1], *needs[2].split())
        tell: Any = client.execute_command
        await tell("ACL", "SETUSER", "farthing", *rules)

    async with opened(f"redis://farthing:secret@127.0.0.1:{redis_server.port}/0", 2.0) as link:
        stores = Stores(link)
        cache, budget_store, notices = stores.cache(), stores.budget_store(), stores.notices()
        await cache.put("a", W, b"1", 60)
        assert [each.value async for each in cache.entries()] == [b"1"]
        await cache.drop("a", W)
        await settled(budget_store, await taken(budget_store, CENT), CENT)
        await budget_store.look([WHOLE])
        await stores.rate_limiter().take([RateLimit(EVERYTHING, requests_per_minute=5)], 1)
        assert await notices.post([Notice(Subject(About.MODEL, "a"), 5.0)])
        assert len(await notices.read()) == 1
        await stores.affinity().stay("s", "a", 60)
        assert await stores.affinity().model_of("s") == "a"

    assert caplog.messages == []


# ---------------------------------------------------------------------------- what is owed


async def test_a_limit_that_owes_ten_minutes_is_not_forgotten_after_two(
    redis_server: RedisServer,
) -> None:
    async with opened(redis_server.url, 2.0) as link:
        await link.client.flushall()
        rate_limiter = Stores(link).rate_limiter()
        assert await rate_limiter.take([RateLimit(EVERYTHING, tokens_per_minute=100)], 1000) is None

        (bucket,) = await link.client.keys("farthing:2:{limit}:*")
        assert 600 < await link.client.ttl(bucket) <= 660


# ---------------------------------------------------------------------------- a socket, and TLS


async def test_a_unix_socket_is_a_way_to_a_server(tmp_path: Path) -> None:
    class AtSocket(RedisServer):
        def _options(self) -> dict[str, str]:
            return super()._options() | {"unixsocket": str(tmp_path / "v.sock")}

    with AtSocket():
        async with opened(f"unix://{tmp_path}/v.sock?db=1") as link:
            cache = RedisCache(link)
            await cache.put("k1", W, b"1", 600)
            assert await answers(cache, 1) == b"1"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl on PATH to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "cert.pem", folder / "key.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=farthing"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(made)]
    subprocess.run([openssl, *words.split(), *names], check=True, capture_output=True)
    return made, key


@asynccontextmanager
async def behind_tls(port: int, certificate: tuple[Path, Path]) -> AsyncIterator[int]:
    """The port of a door in front of a server that speaks TLS, as a server without it may have."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    tasks = set[asyncio.Task[None]]()

    async def passed(client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        server, forth = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.TaskGroup() as group:
            tasks.add(group.create_task(copied(client, forth)))
            tasks.add(group.create_task(copied(server, back)))

    door = await asyncio.start_server(passed, "127.0.0.1", 0, ssl=context)
    try:
        yield door.sockets[0].getsockname()[1]
    finally:
        door.close()
        await asyncio.gather(*tasks)


async def copied(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while piece := await source.read(65536):
        sink.write(piece)
        await sink.drain()
    sink.close()


async def test_a_server_may_be_asked_by_tls(
    redis_server: RedisServer, certificate: tuple[Path, Path]
) -> None:
    async with behind_tls(redis_server.port, certificate) as port:
        url = f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={certificate[0]}"
        async with opened(url, timeout_s=2.0) as link:
            cache = RedisCache(link)
            await cache.put("k1", W, bytes(100_000), 600)

            assert await answers(cache, 1) == bytes(100_000)


async def test_a_server_that_nobody_vouches_for_is_not_asked(
    redis_server: RedisServer,
    certificate: tuple[Path, Path],
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with (
        behind_tls(redis_server.port, certificate) as port,
        opened(f"rediss://127.0.0.1:{port}/0", timeout_s=2.0) as link,
    ):
        assert not link.is_up
    assert caplog.messages == ["Redis does not answer (ConnectionError): continuing without it"]

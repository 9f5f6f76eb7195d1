"""The test servers themselves: what a fault test relies on has to be true first."""

import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import psycopg.errors
import pytest
import pytest_asyncio
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from tests.postgres import PostgresServer
from tests.servers import RedisServer, ServerDied

_ROOT = Path(__file__).parent.parent


@pytest_asyncio.fixture
async def client(redis_server: RedisServer) -> AsyncIterator[Redis]:
    once_more = Retry(NoBackoff(), 1)  # enough to leave a connection that a restart has closed
    url = redis_server.url
    async with Redis.from_url(url, socket_timeout=0.2, retry=once_more) as client:
        yield client


async def test_the_shared_server_answers(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as client:
        assert await client.ping()


async def test_after_a_restart_it_is_at_the_same_address_and_empty(
    redis_server: RedisServer, client: Redis
) -> None:
    url = redis_server.url
    await client.set("kept", "no")

    redis_server.restart()

    assert redis_server.url == url
    assert await client.ping()
    assert await client.get("kept") is None


async def test_a_killed_server_refuses_connections(
    redis_server: RedisServer, client: Redis
) -> None:
    redis_server.kill()

    with pytest.raises(RedisConnectionError):
        await client.ping()
    assert not redis_server.running


async def test_a_paused_server_is_silent_and_answers_after_it_is_resumed(
    redis_server: RedisServer, client: Redis
) -> None:
    await client.set("kept", "yes")
    redis_server.pause()
    with pytest.raises(RedisTimeoutError):
        await client.get("kept")

    redis_server.resume()

    assert await client.get("kept") == b"yes"


def test_a_dead_server_cannot_be_paused(redis_server: RedisServer) -> None:
    redis_server.stop()

    with pytest.raises(ServerDied, match="cannot take SIGSTOP"):
        redis_server.pause()


def test_two_servers_live_side_by_side(redis_server: RedisServer, redis_url: str) -> None:
    assert redis_server.url != redis_url


def test_a_postgres_keeps_its_rows_at_its_address_when_it_is_killed(
    postgres_server: PostgresServer,
) -> None:
    url = postgres_server.url
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS number")

    postgres_server.restart()

    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT number FROM kept").fetchall() == [(1,)]


def test_a_paused_postgres_is_silent_until_it_is_resumed(postgres_server: PostgresServer) -> None:
    with psycopg.connect(postgres_server.url) as open_before:
        postgres_server.pause()
        with pytest.raises(psycopg.errors.ConnectionTimeout):
            psycopg.connect(postgres_server.url, connect_timeout=2)

        postgres_server.resume()
        assert open_before.execute("SELECT 1").fetchall() == [(1,)]


def test_every_test_has_a_database_of_its_own(
    postgres_url: str, postgres_server: PostgresServer
) -> None:
    for url in (postgres_url, postgres_server.url):
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE mine (number int)")


_TESTS_THAT_WAIT = """
from tests.servers import RedisServer
with RedisServer() as server:
    print(server.port, flush=True)
    input()
"""


def test_a_server_does_not_outlive_tests_that_are_killed() -> None:
    command = [sys.executable, "-c", _TESTS_THAT_WAIT]
    with subprocess.Popen(
        command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as tests:
        assert tests.stdout is not None
        port = int(tests.stdout.readline())
        with socket.create_connection(("127.0.0.1", port), timeout=5.0) as connection:
            tests.kill()
            assert connection.recv(1) == b""

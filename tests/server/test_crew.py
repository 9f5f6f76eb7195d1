"""How workers of one address share its connections, and how one lets its clients go."""

import asyncio
import socket
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from errno import EMFILE
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from router.app.listening import HttpListener, listen
from router.config.load import load_settings
from router.config.settings import Settings
from router.domain.members import replace
from router.server.crew.address import bound, url_of
from router.server.crew.place import Place
from router.server.crew.worker_table import ROWS, Stage, WorkerRow, WorkerTable
from tests.e2e.configs import write_config

QUESTION = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


@pytest.fixture
def worker_table() -> Iterator[WorkerTable]:
    with tempfile.TemporaryFile() as file:
        made = WorkerTable.made(file.fileno())
        yield made
        made.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(write_config(tmp_path, "http://127.0.0.1:1/v1"), {})


@pytest.fixture
def places(worker_table: WorkerTable, tmp_path: Path) -> Iterator[list[Place]]:
    """Two of them at one address, as two processes would have them."""
    with ExitStack() as stack:
        listener = stack.enter_context(bound("127.0.0.1", 0))
        twin = stack.enter_context(listener.dup())
        for at in range(2):
            worker_table.enter(at, at, 100 + at)
        yield [Place(n, n, worker_table, each, tmp_path) for n, each in enumerate((listener, twin))]


async def opened(place: Place | None, settings: Settings, stack: AsyncExitStack) -> HttpListener:
    """A worker that answers everything with its number; without a place, a single process."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=str(place.number if place else 0))

    app = web.Application()
    app.router.add_get("/", answer)
    return await listen(app, settings, stack, lambda: "req_1", place)


class Client:
    """A client that keeps its connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def at(cls, place: Place) -> "Client":
        return cls(*await asyncio.open_connection(*place.listener.getsockname()))

    async def ask(self) -> tuple[str, bytes]:
        """The head of the answer in lower case, and who answered."""
        self._writer.write(QUESTION)
        head = await self._reader.readuntil(b"\r\n\r\n")
        return head.decode().lower(), await self._reader.readexactly(1)

    async def is_shown_out(self) -> bool:
        """Whether the connection ends without another word."""
        last = await self._reader.read()
        await self.leave()
        return last == b""

    async def leave(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


async def test_connections_that_are_kept_are_spread_evenly(
    places: list[Place], settings: Settings
) -> None:
    async with AsyncExitStack() as stack:
        for place in places:
            await opened(place, settings, stack)
        clients = [await Client.at(places[0]) for _ in range(12)]
        answered = Counter([(await each.ask())[1] for each in clients])
        for each in clients:
            await each.leave()

    assert answered == {b"0": 6, b"1": 6}


async def test_one_that_has_more_takes_a_connection_when_the_other_does_not(
    places: list[Place], settings: Settings
) -> None:
    places[1].turn(Stage.SERVING)  # it says so, and is stuck
    async with AsyncExitStack() as stack:
        await opened(places[0], settings, stack)
        clients = [await Client.at(places[0]) for _ in range(3)]
        assert [(await each.ask())[1] for each in clients] == [b"0"] * 3
        for each in clients:
            await each.leave()


async def test_after_the_door_is_shut_answers_end_their_connections_and_say_so(
    places: list[Place], settings: Settings
) -> None:
    async with AsyncExitStack() as stack:
        http_listener = await opened(places[0], settings, stack)
        client = await Client.at(places[0])
        assert "connection: close" not in (await client.ask())[0]
        http_listener.shut()
        leaving = asyncio.create_task(http_listener.emptied(30.0))
        assert "connection: close" in (await client.ask())[0]
        assert await client.is_shown_out()
        await leaving
    assert [row.stage for row in places[0].worker_table.rows()] == [Stage.LEAVING, Stage.STARTING]


async def test_who_waits_at_a_door_that_is_shut_is_answered_by_another_worker(
    places: list[Place], settings: Settings
) -> None:
    async with AsyncExitStack() as stack:
        (await opened(places[0], settings, stack)).shut()
        client = await Client.at(places[1])
        await opened(places[1], settings, stack)
        assert (await client.ask())[1] == b"1"
        await client.leave()


async def test_who_comes_when_every_door_is_shut_is_refused_and_waits_for_no_one(
    places: list[Place], settings: Settings
) -> None:
    address = places[0].listener.getsockname()
    async with AsyncExitStack() as stack:
        receptions = [await opened(place, settings, stack) for place in places]
        client = await Client.at(places[0])
        for http_listener in receptions:
            http_listener.shut()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*address)
        await client.ask()
        await client.leave()


async def test_a_connection_that_has_been_silent_for_long_is_closed(
    places: list[Place], settings: Settings
) -> None:
    async with AsyncExitStack() as stack:
        http_listener = await opened(places[0], settings, stack)
        client = await Client.at(places[0])
        await client.ask()
        http_listener.shut()
        await http_listener.emptied(30.0, idle_s=0.0)
        assert await client.is_shown_out()


async def test_nobody_is_waited_for_longer_than_that(
    places: list[Place], settings: Settings
) -> None:
    async with AsyncExitStack() as stack:
        http_listener = await opened(places[0], settings, stack)
        client = await Client.at(places[0])
        await client.ask()
        http_listener.shut()
        await http_listener.emptied(0.0)
        assert "connection: close" in (await client.ask())[0]
        await client.leave()


def test_an_address_that_is_taken_cannot_be_listened_on() -> None:
    with bound("127.0.0.1", 0) as taken, pytest.raises(OSError, match="in use"):
        bound("127.0.0.1", taken.getsockname()[1])


def test_an_address_of_six_is_written_in_brackets() -> None:
    try:
        listener = bound("::1", 0)
    except OSError:
        pytest.skip("there is no IPv6 here")
    with listener:
        assert url_of(listener) == f"http://[::1]:{listener.getsockname()[1]}"


def test_a_name_with_addresses_of_both_kinds_is_listened_on_at_the_older() -> None:
    with bound("localhost", 0) as listener:
        assert listener.family is socket.AF_INET


def test_no_name_is_any_address() -> None:
    with bound("", 0) as listener:
        assert ip_address(listener.getsockname()[0]).is_unspecified


@pytest.mark.parametrize("is_alone", [True, False])
async def test_at_any_address_of_six_those_of_four_are_answered_too(
    is_alone: bool, settings: Settings, worker_table: WorkerTable, tmp_path: Path
) -> None:
    try:
        listener = bound("::", 0)
    except OSError:
        pytest.skip("there is no IPv6 here")
    async with AsyncExitStack() as stack:
        stack.enter_context(listener)
        worker_table.enter(0, 0, 100)
        place = None if is_alone else Place(0, 0, worker_table, listener, tmp_path)
        http_listener = await opened(place, replace(settings, host="::"), stack)
        port = int(http_listener.url.rpartition(":")[2])
        for address in ("127.0.0.1", "::1"):
            client = Client(*await asyncio.open_connection(address, port))
            assert (await client.ask())[0].startswith("http/1.1 200")
            await client.leave()


@given(st.lists(st.tuples(st.sampled_from(list(Stage)[1:]), st.integers(0, 10**6)), max_size=ROWS))
def test_the_roll_says_what_was_entered(written: list[tuple[Stage, int]]) -> None:
    with tempfile.TemporaryFile() as file:
        worker_table = WorkerTable.made(file.fileno())
        expected = []
        for number, (stage, connections) in enumerate(written):
            at = worker_table.free()
            assert at == number
            worker_table.enter(at, number, 1000 + number)
            worker_table.turn(at, stage)
            worker_table.count(at, connections)
            expected.append(WorkerRow(number, stage, number, 1000 + number, connections))
        assert list(WorkerTable(file.fileno()).rows()) == expected
        assert (worker_table.free() is None) == (len(written) == ROWS)
        serving = [count for stage, count in written if stage is Stage.SERVING]
        assert worker_table.fewest() == min(serving, default=0)
        worker_table.close()


def test_a_row_that_is_vacant_is_given_away_again(worker_table: WorkerTable) -> None:
    worker_table.enter(0, 0, 1)
    worker_table.enter(1, 1, 2)
    worker_table.vacate(0)
    assert worker_table.free() == 0
    assert [row.pid for row in worker_table.rows()] == [2]


class Full(socket.socket):
    """A listener of a process that has as many files open as it may, until it has not."""

    is_full = True

    def accept(self) -> tuple[socket.socket, Any]:
        if self.is_full:
            self.is_full = False
            raise OSError(EMFILE, "Too many open files")
        return super().accept()


async def test_while_no_file_is_free_who_knocks_waits(
    places: list[Place], settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with Full(fileno=places[0].listener.dup().detach()) as full:
        async with AsyncExitStack() as stack:
            await opened(replace(places[0], listener=full), settings, stack)
            client = await Client.at(places[0])
            assert (await client.ask())[1] == b"0"
            await client.leave()
    assert "no connection can be accepted now: Too many open files" in caplog.text

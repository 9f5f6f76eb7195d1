"""A client that goes away stops its upstream call, and what was generated for it is paid."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import openai
import pytest

from router.providers.simulated import default_models
from router.providers.simulated.counters import ModelCounters
from tests.e2e.books import rows
from tests.e2e.configs import ledger_of, write_config
from tests.e2e.patience import until
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import asked, chat, post, read_until, request_id_in

QUESTION = "Write a poem about the sea and the wind"
SOON_S = 1.0


@pytest.fixture
def mid(simulator: Simulator) -> ModelCounters:
    return simulator.counters["sim-mid"]


def test_leaving_in_the_middle_of_a_stream(
    farthing: Farthing, ledger: Path, mid: ModelCounters
) -> None:
    cancelled = mid.cancelled
    body = chat(QUESTION, "sim-mid", stream=True, metadata={"simulate": "stall,after=6"})
    with asked(farthing.url, body) as connection:
        request_id = request_id_in(read_until(connection, b'"content":"'))
    until(lambda: mid.cancelled == cancelled + 1, SOON_S)
    until(lambda: bool(rows(ledger, request_id)))
    (row,) = rows(ledger, request_id)
    assert row["outcome"] == "client_left"
    assert row["cost_source"] == row["usage_source"] == "estimated"
    assert row["is_answer"] == 0
    assert row["output_tokens"] > 0
    assert row["cost_pico"] > 0
    assert row["baseline_pico"] == 0


@pytest.mark.parametrize("stream", [False, True])
def test_leaving_before_the_answer_begins(
    farthing: Farthing, ledger: Path, mid: ModelCounters, stream: bool
) -> None:
    before = {row["request_id"] for row in rows(ledger)}
    cancelled, working = mid.cancelled, mid.in_flight
    body = chat(QUESTION, "sim-mid", stream=stream, metadata={"simulate": "silence"})
    with asked(farthing.url, body):
        until(lambda: mid.in_flight == working + 1)
    until(lambda: mid.cancelled == cancelled + 1, SOON_S)
    until(lambda: len(rows(ledger)) > len(before))
    (row,) = [row for row in rows(ledger) if row["request_id"] not in before]
    assert (row["outcome"], row["model"]) == ("client_left", "sim-mid")
    assert row["usage_source"] == "estimated"


async def test_the_openai_client_that_stops_reading_stops_the_upstream(
    client: openai.AsyncOpenAI, mid: ModelCounters
) -> None:
    cancelled = mid.cancelled
    stream = await client.chat.completions.create(
        model="sim-mid",
        messages=[{"role": "user", "content": QUESTION}],
        metadata={"simulate": "stall,after=6"},
        stream=True,
    )
    async for chunk in stream:
        if chunk.choices[0].delta.content:
            break
    await stream.close()
    await asyncio.to_thread(until, lambda: mid.cancelled == cancelled + 1, SOON_S)


def test_a_client_that_pauses_gets_it_all(farthing: Farthing) -> None:
    body = chat("Hello", "sim-mid", stream=True, metadata={"simulate": "huge,mb=8"})
    with asked(farthing.url, body) as connection:
        heard = read_until(connection, b"data: ")
        threading.Event().wait(0.5)  # the pause is what the test is about
        heard += read_until(connection, b"data: [DONE]\n\n")
    assert len(heard) > 8 * 2**20


@pytest.fixture(scope="module")
def locked(
    tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator
) -> Iterator[Farthing]:
    """A Farthing whose ledger the tests lock."""
    folder = tmp_path_factory.mktemp("locked")
    with Farthing(write_config(folder, shared_simulator.base_url)) as running:
        yield running


@contextmanager
def the_lock_of(ledger: Path) -> Iterator[None]:
    """Nobody else can write to the ledger meanwhile."""
    with closing(sqlite3.connect(ledger, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            holder.execute("ROLLBACK")


def test_leaving_while_the_books_are_written_loses_nobodys_entry(locked: Farthing) -> None:
    ledger = ledger_of(locked.config)
    with the_lock_of(ledger):
        with asked(locked.url, chat("Hello there", "sim-mid", stream=True)) as connection:
            request_id = request_id_in(read_until(connection, b'"finish_reason":"stop"'))
        # What is posted while the ledger is locked waits in the spool, and is in it afterwards.
        other = Asking(locked, chat("Hello to you", "sim-mid"))
        other.join(0.5)
    other.join()
    until(partial(is_booked, ledger, other.request_id))
    until(partial(is_booked, ledger, request_id))
    assert rows(ledger, request_id)[0]["outcome"] in ("ok", "client_left")


def test_a_whole_answer_is_kept_before_its_end_is_sent(locked: Farthing) -> None:
    ledger = ledger_of(locked.config)
    with the_lock_of(ledger):
        asking = [
            Asking(locked, chat(f"Hello {stream}", "sim-mid", stream=stream))
            for stream in (False, True)
        ]
        for each in asking:
            each.join()
        spooled = ledger.with_name(f"{ledger.name}.spool").read_text()
        assert all(each.request_id in spooled for each in asking)
        assert not any(rows(ledger, each.request_id) for each in asking)
    for each in asking:
        until(partial(is_booked, ledger, each.request_id))
        assert [row["outcome"] for row in rows(ledger, each.request_id)] == ["ok"]


def is_booked(ledger: Path, request_id: str) -> bool:
    return len(rows(ledger, request_id)) == 1


class Asking(threading.Thread):
    """A request in its own thread; `request_id` is known when it has ended."""

    def __init__(self, farthing: Farthing, body: dict[str, Any]) -> None:
        super().__init__(daemon=True)
        self._farthing = farthing
        self._body = body
        self.request_id = ""
        self.start()

    def run(self) -> None:
        got = post(self._farthing.base_url, self._body)
        self.request_id = got.headers["x-request-id"]


def test_what_was_generated_for_those_who_left_is_near_what_the_upstream_counts(
    farthing: Farthing, ledger: Path, mid: ModelCounters
) -> None:
    price = {model.id: model.price for model in default_models()}["sim-mid"]
    charged = mid.cost.pico
    cancelled = mid.cancelled
    body = chat(QUESTION, "sim-mid", stream=True, metadata={"simulate": "stall,after=20"})
    with asked(farthing.url, body) as connection:
        heard = read_until(connection, b'"content":"')
        request_id = request_id_in(heard)
        while heard.count(b'"delta"') < 20:
            heard += connection.recv(65536)
    until(lambda: mid.cancelled == cancelled + 1, SOON_S)
    until(lambda: bool(rows(ledger, request_id)))
    (row,) = rows(ledger, request_id)
    really = mid.cost.pico - charged
    assert abs(row["cost_pico"] - really) <= price.input_pico * 10 + price.output_pico * 10

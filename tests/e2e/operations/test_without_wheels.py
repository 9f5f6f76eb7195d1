"""Where uvloop or hiredis are not installed, everything works as it does with them, only slower."""

from collections.abc import Collection
from pathlib import Path

import pytest

from tests.e2e.configs import write_config
from tests.e2e.programs import Farthing, Program, Simulate
from tests.e2e.wheels import without
from tests.e2e.wire import chat, post
from tests.servers import RedisServer

COMPILED = ("uvloop", "hiredis")


def loaded(program: Program) -> Collection[str]:
    """Which of the compiled modules a process has in its memory (Linux)."""
    maps = Path(f"/proc/{program.process.pid}/maps").read_text()
    return {name for name in COMPILED if f"/{name}/" in maps}


@pytest.mark.parametrize(
    ("missing", "left"),
    [
        ("nothing", {"uvloop", "hiredis"}),
        ("uvloop", {"hiredis"}),
        ("hiredis", {"uvloop"}),
        ("uvloop,hiredis", set()),
    ],
)
def test_it_answers_and_finds_stored_answers_in_redis(
    tmp_path: Path, redis_server: RedisServer, missing: str, left: set[str]
) -> None:
    simulator = Simulate()
    simulator.program = without(missing)
    question = chat(f"What do we miss without {missing}?")
    with simulator:
        farthing = Farthing(
            write_config(
                tmp_path,
                f"{simulator.url}/v1",
                cache={"url": redis_server.url, "timeout_s": 5},
            )
        )
        farthing.program = without(missing)
        with farthing:
            first, second = (post(farthing.base_url, question) for _ in range(2))

            assert (first.status, second.status) == (200, 200)
            assert [got.headers["x-farthing-cache"] for got in (first, second)] == ["miss", "hit"]
            assert loaded(farthing) == left
        assert loaded(simulator) == left - {"hiredis"}

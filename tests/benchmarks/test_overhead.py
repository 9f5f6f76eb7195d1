"""The measuring of overhead: what it reads, what it counts, how it adds up. No contestant is started here."""

import math
import os
import sys
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.overhead.__main__ import chosen
from benchmarks.overhead.asked import CHUNKS, PLAIN, SMALL, STREAMED, Shape
from benchmarks.overhead.client import Answer, problem_of
from benchmarks.overhead.findings import DIRECT, Findings, quantile
from benchmarks.overhead.load import Pace, Saturation, Target
from benchmarks.overhead.mock import whole_requests
from benchmarks.overhead.peers import CONTESTANTS
from benchmarks.overhead.picture import Panel, drawn, panels_of
from benchmarks.overhead.processes import cpu_s, processes_of, rss_bytes, stat_of, tree
from benchmarks.overhead.rig import Cores, ask_once, first_answer_of_upstream, upstream
from benchmarks.overhead.tables import TABLES, YARDSTICK, cell, in_page, markdown, written
from benchmarks.overhead.turn import FEW_STREAMS, MANY_STREAMS, RATES, STEPS, Plan, Turn, rate_name

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc and binds cores")
CORES = Cores(0, 0, 0) if sys.platform != "linux" else Cores(*[min(os.sched_getaffinity(0))] * 3)
LINE = (
    "4711 (a (strange) name) S 17 4711 4711 0 -1 4194560 9000 100 0 0 150 50 7 3 20 0 4 0 1000"
    " 900000000 2500 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0"
)


def findings(**rounds: list[float]) -> Findings:
    """CPU time for small requests, by contestant, round by round."""
    found = Findings()
    for number in range(max(len(values) for values in rounds.values())):
        found.rounds.append({})
        for name, values in rounds.items():
            if number < len(values):
                found.add(name, SMALL.name, cpu_us=values[number])
    return found


# ------------------------------------------------------------------------------- what is asked


@pytest.mark.parametrize(
    ("shape", "least", "most"),
    [(shape, *size) for shape, size in zip(
        PLAIN, [(250, 350), (3900, 4200), (19_000, 21_000), (99_000, 102_000)], strict=True
    )],
    ids=[shape.name for shape in PLAIN],
)  # fmt: skip
def test_a_request_is_as_large_as_its_name_says(shape: Shape, least: int, most: int) -> None:
    assert least <= len(shape.asked_of("mock").numbered(1)) <= most


@given(st.integers(0, 10**16 - 1), st.integers(0, 10**16 - 1))
def test_questions_with_different_numbers_differ_and_are_equally_long(one: int, other: int) -> None:
    question = STREAMED.asked_of("mock")
    first, second = question.numbered(one), question.numbered(other)

    assert (first == second) == (one == other)
    assert len(first) == len(second)
    assert orjson.loads(first)["stream"] is True


def test_the_same_question_is_asked_only_of_who_wants_it() -> None:
    question = SMALL.asked_of("mock")
    same = Target(1, "/", (), question, same=True).requests(7)
    other = Target(1, "/", (), question).requests(7)

    assert next(same) == next(same)
    assert next(other) != next(other)


# ---------------------------------------------------------------------------- the upstream's ears


@given(st.integers(1, 400))
def test_a_request_is_whole_in_however_many_pieces_it_comes(size: int) -> None:
    request = next(Target(1, "/v1", (), SMALL.asked_of("mock")).requests(0))
    arrived = bytearray()
    found: list[tuple[bytes, bytes]] = []
    for begin in range(0, 2 * len(request), size):
        arrived += (request * 2)[begin : begin + size]
        found.extend(whole_requests(arrived))

    assert [orjson.loads(body)["model"] for _, body in found] == ["mock", "mock"]
    assert not arrived


def test_a_request_in_chunks_ends_with_the_empty_one() -> None:
    arrived = bytearray(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n")

    assert list(whole_requests(arrived)) == []

    arrived += b"0\r\n\r\n"

    assert len(list(whole_requests(arrived))) == 1


# --------------------------------------------------------------------------------- right answers


@pytest.mark.parametrize(
    ("arrived", "problem"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\nThe Loire", ""),
        (b"HTTP/1.1 500 Oh\r\n\r\nThe Loire", "it is no success"),
        (b"HTTP/1.1 200 OK\r\n\r\nThe Seine", "the upstream's words are not in it"),
    ],
)
def test_an_answer_counts_when_it_is_a_success_with_the_upstreams_words(
    arrived: bytes, problem: str
) -> None:
    told = problem_of(arrived, Answer(0), is_stream=False)

    assert told.startswith(problem)
    assert bool(told) == bool(problem)


@pytest.mark.parametrize(
    ("chunks", "end", "problem"),
    [
        (CHUNKS, b"[DONE]", ""),
        (CHUNKS - 1, b"[DONE]", "the stream has 99 of 100 chunks"),
        (CHUNKS, b"", "the stream does not say that it is done"),
    ],
)
def test_a_stream_counts_when_all_of_it_came(chunks: int, end: bytes, problem: str) -> None:
    arrived = b"HTTP/1.1 200 OK\r\n\r\nThe Loire" + end

    assert problem_of(arrived, Answer(0, delays_ns=[1] * chunks), is_stream=True) == problem


# ----------------------------------------------------------------------------- load on the upstream


@on_linux
async def test_a_turn_measures_everything_of_right_answers(tmp_path: Path) -> None:
    found = Findings(rounds=[{}])
    plan = Plan(rounds=1, warm_s=0.1, load_s=0.2, slow_s=0.2, fast_s=0.1)
    steps = []
    with upstream(tmp_path, CORES) as port:
        direct = await first_answer_of_upstream(port)
        await Turn(DIRECT, direct, plan, found, lambda: steps.append(1)).play()

    assert not found.problems[DIRECT]
    assert len(steps) == STEPS
    measures = [shape.name for shape in PLAIN] + [rate_name(per_s) for per_s in RATES]
    assert {each.measure for each in found.rounds[0]} == {*measures, MANY_STREAMS, FEW_STREAMS}


@on_linux
async def test_every_chunk_of_a_stream_says_when_it_was_sent(tmp_path: Path) -> None:
    with upstream(tmp_path, CORES) as port:
        direct = await first_answer_of_upstream(port)
        answer = await ask_once(direct.target(STREAMED))

    assert answer.problem == ""
    assert len(answer.delays_ns) == CHUNKS
    assert min(answer.delays_ns) > 0
    assert 0 < answer.first_ns < answer.done_ns


@on_linux
async def test_at_a_fixed_rate_there_are_so_many_answers(tmp_path: Path) -> None:
    with upstream(tmp_path, CORES) as port:
        direct = await first_answer_of_upstream(port)
        outcome = await Pace(direct.target(SMALL), 1).run(per_s=100, seconds=0.2)

    assert len(outcome.good) == 20
    assert not outcome.problems


@on_linux
async def test_load_ends_when_the_contestant_does(tmp_path: Path) -> None:
    with upstream(tmp_path, CORES) as port:
        direct = await first_answer_of_upstream(port)
        load = Saturation(direct.target(SMALL), 1)
        await load.start(connections=2)
    outcome = await load.window(seconds=60)
    load.stop()

    assert load.is_dead
    assert [each.startswith("the connection was closed") for each in outcome.problems] == [True] * 2


# ------------------------------------------------------------------------------------ processes


def test_a_process_whose_name_has_parentheses_is_read_right() -> None:
    stat = stat_of(LINE)

    assert (stat.pid, stat.parent) == (4711, 17)
    assert stat.rss_bytes % 2500 == 0


def test_a_tree_is_a_process_and_its_descendants() -> None:
    parents = {1: 0, 10: 1, 11: 10, 12: 11, 20: 1}
    stats = [stat_of(LINE.replace("4711 (", f"{pid} (").replace("S 17", f"S {parent}"))
             for pid, parent in parents.items()]  # fmt: skip

    assert sorted(each.pid for each in tree(stats, 10)) == [10, 11, 12]


@on_linux
def test_this_process_has_used_time_and_memory() -> None:

    pids = processes_of(os.getpid())

    assert os.getpid() in pids
    assert cpu_s(pids) > 0
    assert rss_bytes(pids) > 10**6


def test_a_contestant_never_shares_its_core() -> None:
    for available in ({0, 1}, {2, 5, 7}, set(range(16))):
        cores = Cores.of(frozenset(available))
        assert cores.contestant not in {cores.load, cores.mock}
        assert {cores.contestant, cores.load, cores.mock} <= available
    with pytest.raises(ValueError, match="two cores"):
        Cores.of(frozenset({3}))


# ------------------------------------------------------------------------------------- figures


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 1))
def test_a_quantile_is_the_least_value_that_so_many_do_not_exceed(
    values: list[float], share: float
) -> None:
    found = quantile(values, share)

    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) <= share * len(values)


def test_what_is_added_is_told_round_by_round() -> None:
    found = findings(direct=[100, 500, 100], bare=[150, 540, 160])

    assert found.added("bare", SMALL.name, "cpu_us") == 50
    assert math.isnan(found.added("nobody", SMALL.name, "cpu_us"))


def test_a_number_stands_beside_its_ratio_to_the_yardstick() -> None:
    found = findings(bare=[100], other=[250, 250])
    column = TABLES[0].columns[0]

    assert cell(column, found, "bare") == "100"
    assert cell(column, found, "other") == "250 (×2.50)"
    assert cell(column, found, "nobody") == ""


def test_a_rate_that_left_the_core_idle_says_that_more_would_have_gone() -> None:
    found = findings(busy=[1], idle=[1])
    found.add("busy", SMALL.name, per_s=10, share=0.99)
    found.add("idle", SMALL.name, per_s=10, share=0.5)
    found.add(YARDSTICK, SMALL.name, per_s=20, share=0.99)
    column = TABLES[1].columns[0]

    assert cell(column, found, "busy") == "10 (×0.50)"
    assert cell(column, found, "idle") == "≥ 10"


def test_a_table_is_aligned() -> None:
    lines = markdown(["", "a"], [["long name", "1"], ["b", "1,000"]]).splitlines()

    assert lines[1] == "| --------- | ----: |"
    assert len({len(line) for line in lines}) == 1


def test_a_page_has_the_tables_in_their_places() -> None:
    page = "before\n<!-- cpu -->\n<!-- / -->\nafter\n"
    text = in_page(page, findings(bare=[100], other=[250]))

    assert "| other | 250 (×2.50) |" in text
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")


def test_wrong_answers_and_who_is_missing_are_told() -> None:
    found = findings(bare=[1])
    found.complain("bare", SMALL.name, ["it is no success", "it is no success"])
    found.absent["other"] = "there is no npm here"
    text = written(found, {"bare": "the least"})

    assert "**bare: 2 WRONG ANSWERS**, 300 B: it is no success" in text
    assert "other did not take part: there is no npm here" in text


def test_a_picture_shows_all_numbers_the_greatest_to_the_right() -> None:
    found = findings(bare=[100], farthing=[10_000])
    text = drawn(panels_of(found))

    assert text.count("<circle") == 2
    assert "10,000" in text
    assert Panel("", {"a": 1, "b": 10, "c": 100}).place(10) == pytest.approx(0.5)


# ----------------------------------------------------------------------------------- who takes part


def test_names_are_unique_and_the_yardstick_is_first() -> None:
    names = [each.name for each in CONTESTANTS]

    assert len(set(names)) == len(names)
    assert names[0] == YARDSTICK


def test_only_some_take_part_and_always_the_yardstick() -> None:
    assert [each.name for each in chosen(CONTESTANTS, "nginx")] == [YARDSTICK, "nginx"]
    assert {each.group for each in chosen(CONTESTANTS, "farthing")} == {"", "farthing"}
    assert chosen(CONTESTANTS, "") == CONTESTANTS
    with pytest.raises(ValueError, match="nobody is called enginx"):
        chosen(CONTESTANTS, "enginx")

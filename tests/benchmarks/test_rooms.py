"""The benchmark of rooms: every step can be measured, and a regression names its room."""

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from benchmarks.rooms.asked import Asked, conversation, every, question
from benchmarks.rooms.comparing import Cell, Run, read, slower, write
from benchmarks.rooms.house import a_dozen, pipeline_of
from benchmarks.rooms.steps import STEPS, Scene
from benchmarks.rooms.timing import Time, timed
from router.pipeline.flow import Pipeline

CATEGORY, COUNT = Cell("features", "category", "1 KB"), Cell("features", "count", "1 KB")


@pytest.fixture(scope="module")
def house() -> Pipeline:
    return pipeline_of(a_dozen())


@pytest.mark.parametrize("place", STEPS)
@pytest.mark.parametrize(
    "asked",
    [Asked("one", question(300)), Asked("going on", conversation(3), conversation(2))],
    ids=["question", "conversation"],
)
def test_every_step_runs_on_its_own(place: tuple[str, str], asked: Asked, house: Pipeline) -> None:
    STEPS[place](Scene(house, asked))()


@pytest.mark.parametrize("size", [300, 1000, 16_000])
def test_a_question_is_about_as_large_as_it_is_called(size: int) -> None:
    assert len(question(size)) == pytest.approx(size, rel=0.1)


def test_a_conversation_that_goes_on_begins_as_it_began() -> None:
    for asked in every({}):
        if asked.before is not None:
            now, before = (orjson.loads(raw)["messages"] for raw in (asked.raw, asked.before))
            assert now[: len(before)] == before
            assert len(now) > len(before)


def test_what_became_slower_is_told_with_its_room_and_by_how_much() -> None:
    before = {CATEGORY: Time(22, 21, 20), COUNT: Time(50, 40, 40)}
    after = {CATEGORY: Time(42, 41, 40), COUNT: Time(50, 41, 41)}
    (worse,) = slower(before, after)
    assert str(worse) == "features, category at 1 KB: 40.0 us, and it was 20.0 (x 2.00)"


@pytest.mark.parametrize(
    "after",
    [
        {CATEGORY: Time(100, 50, 24)},  # time passes while others use the CPU and empty its caches
        {CATEGORY: Time(21, 21, 24.9)},
        {CATEGORY: Time(21, 21, 10)},
        {COUNT: Time(100, 100, 100)},  # it was not measured before
    ],
)
def test_noise_is_no_news(after: Run) -> None:
    assert slower({CATEGORY: Time(22, 21, 20)}, after) == []


def test_a_run_is_kept_as_it_was(tmp_path: Path) -> None:
    run = {CATEGORY: Time(21.5, 20.25, 19.5), COUNT: Time(3, 2, 1)}
    write(tmp_path / "run.json", run)
    assert read(tmp_path / "run.json") == run


def test_a_round_is_prepared_anew_each_time() -> None:
    prepared, acted = list[int](), list[int]()

    def prepare() -> Callable[[], object]:
        prepared.append(len(acted))
        return lambda: acted.append(0)

    timed(prepare, 60.0, 5)
    assert prepared == [0, 1, 2, 3, 4]

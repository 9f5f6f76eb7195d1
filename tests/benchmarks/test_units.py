"""The plan for many requests a second: arithmetic that a reader can do again, and a page that follows from it."""

from pathlib import Path

import pytest

from benchmarks.units.measured import Books, Kind, Step, Units
from benchmarks.units.plan import House, Mix, average, first_full, level, parts_of
from benchmarks.units.serving import purpose_of
from benchmarks.units.tables import in_page
from router.domain.members import replace
from router.stores.redis import keys

REPO = Path(__file__).parents[2]
STEPS = (
    Step("look", "budgets", 20.0, 100.0, 400.0),
    Step("reserve", "budgets", 40.0, 100.0, 400.0),
    Step("get", "answers", 10.0, 100.0, 2000.0),
    Step("read", "notices", 25.0, 100.0, 100.0),
)
BOOKS = Books(
    moved_per_s=5000.0,
    our_us=50.0,
    database_us=50.0,
    summed_per_s=10_000.0,
    summed_us=10.0,
    row_bytes=2000.0,
    wal_bytes=2000.0,
)
AUTO = Kind("auto", 2000.0, 300.0, 100.0, {"budgets": 2.0, "answers": 1.0}, 3000.0, 1.0)
HIT = Kind("hit", 1000.0, 100.0, 100.0, {"answers": 1.0}, 2000.0, 1.0)
UNITS = Units("a machine", STEPS, (AUTO, HIT), BOOKS, replace(BOOKS, row_bytes=500.0))
HALF = Mix({"auto": 0.5, "hit": 0.5})
HOUSE = House(full=0.5, workers_each=10, database_cores=4, notices_per_s=0.0)


def test_the_mean_request_is_the_sum_of_its_kinds_by_their_shares() -> None:
    mean = average(UNITS, HALF)
    assert mean.worker_us == 1500.0
    assert mean.redis_us == {"answers": 10.0, "budgets": 30.0}
    assert (mean.trips, mean.rows, mean.redis_bytes) == (2.0, 1.0, 2500.0)


def test_what_one_of_each_carries_is_its_time_less_a_reserve() -> None:
    carried = {part.name: part.per_s for part in parts_of(average(UNITS, HALF), BOOKS, HOUSE)}
    assert carried == {
        "a worker's core": pytest.approx(333.33, abs=0.01),
        "a machine's mover of rows": 2500.0,
        "a node with answers, flights, sessions": 50_000.0,
        "the node with budgets": pytest.approx(16_666.67, abs=0.01),
        "PostgreSQL's cores": pytest.approx(33_333.33, abs=0.01),
        "PostgreSQL's sums": 5000.0,
    }


def test_a_rate_needs_so_many_of_each() -> None:
    needed = level(10_000, UNITS, HALF, HOUSE, decisions=True)
    assert (needed.workers, needed.redis_nodes) == (30, 1)
    assert needed.machines == 4  # for movers: 3 would have cores enough
    assert needed.database_cores == pytest.approx(1.2)
    assert needed.gb_per_day == pytest.approx(10_000 * 2000 * 86_400 / 1e9)
    assert needed.line_gbit == pytest.approx(10_000 * (8000 + 2500) * 8 / 1e9)
    assert (needed.first.name, needed.cells) == ("PostgreSQL's sums", 2)


def test_rows_without_decisions_take_less_of_the_disk() -> None:
    full, lean = (level(100, UNITS, HALF, HOUSE, decisions=each) for each in (True, False))
    assert lean.gb_per_day == full.gb_per_day / 4


def test_as_long_as_nothing_that_cannot_be_added_to_is_half_full_it_is_what_is_added_next() -> None:
    parts = parts_of(average(UNITS, HALF), BOOKS, HOUSE)
    assert first_full(2500, parts).name == "a worker's core"
    assert first_full(2501, parts).name == "PostgreSQL's sums"


def test_what_budgets_take_is_divided_by_no_further_node() -> None:
    dear = replace(UNITS, steps=(replace(STEPS[0], server_us=400.0), *STEPS[1:]))
    assert level(10_000, dear, HALF, HOUSE, decisions=True).first.name == "the node with budgets"


def test_who_asks_for_no_budgets_has_no_node_for_them() -> None:
    mean = average(UNITS, Mix({"hit": 1.0}))
    assert "the node with budgets" not in {part.name for part in parts_of(mean, BOOKS, HOUSE)}


@pytest.mark.parametrize("shares", [{"auto": 0.5}, {"auto": 1.5, "hit": -0.5}])
def test_shares_that_are_not_all_there_is_are_refused(shares: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="1 together"):
        Mix(shares)


def test_units_are_kept_and_read_again() -> None:
    assert Units.of_json(UNITS.as_json()) == UNITS


@pytest.mark.parametrize("wrong", [-1.0, float("nan"), float("inf")])
def test_what_is_no_cost_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        Step("x", "budgets", wrong, 0.0, 0.0)
    with pytest.raises(ValueError, match="0 or more"):
        replace(AUTO, trips={"budgets": wrong})


@pytest.mark.parametrize(
    ("key", "purpose"),
    [
        (keys.cached("k"), "answers"),
        (keys.account("key", "a"), "budgets"),
        (keys.holds(keys.account("key", "a")), "budgets"),
        (keys.bucket("key", "a"), "limits"),
        (keys.lead("k"), "flights"),
        (keys.session("s"), "sessions"),
        (keys.NOTICES, "notices"),
    ],
)
def test_a_command_is_for_what_its_key_says(key: str, purpose: str) -> None:
    assert purpose_of(f"EVALSHA 0123 1 {key} 5") == purpose
    assert purpose_of("PING") is None


def test_the_page_follows_from_what_was_measured() -> None:
    kept = REPO / "benchmarks" / "units" / "measured.json"
    page = (REPO / "docs" / "scale.md").read_text("utf-8")
    assert in_page(page, Units.of_json(kept.read_bytes())) == page

"""The kept decisions of many requests, read at once, whatever database they are in."""

from dataclasses import dataclass

import pytest
from sqlalchemy import Engine, text

from router.cli.traffic.files import LeftOut
from router.cli.traffic.ledger import first_day, recorded
from router.domain.errors import FarthingError
from router.domain.ledger import Outcome
from router.stores.sql.decided import decided
from tests.stores.engines import write
from tests.stores.entries import day, entry


@dataclass(frozen=True)
class Note:
    """A recording of this text."""

    said: str

    def text(self) -> str | None:
        return self.said


def test_what_a_policy_has_decided_comes_back_in_order(engine: Engine) -> None:
    failed = entry("r1", 1, outcome=Outcome.FAILED, is_answer=False, closes=False)
    rows = [
        failed,
        entry("r1", 2, decision=Note("one")),
        entry("r2", decision=Note("pinned"), policy=""),
        entry("r3"),
        entry("r4", decision=Note("four")),
    ]
    write(engine, rows)

    assert decided(engine, "", 10) == [("r1", "one"), ("r4", "four")]
    assert decided(engine, "", 1) == [("r4", "four")]


def test_a_day_begins_a_period(engine: Engine) -> None:
    days = ("2026-05-01", "2026-05-02", "2026-05-03")
    write(engine, [entry(name, at_s=day(name), decision=Note(name)) for name in days])

    assert [each for each, _ in decided(engine, "2026-05-02", 10)] == ["2026-05-02", "2026-05-03"]


def test_a_ledger_that_cannot_be_read_is_told(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE attempts RENAME TO elsewhere"))

    with pytest.raises(FarthingError, match="the ledger cannot be read now"):
        decided(engine, "", 1)


def test_what_a_newer_farthing_has_kept_is_left_out() -> None:
    (left,) = recorded([("req_1", '{"form": 999}')], lambda features: features)

    assert left == LeftOut("req_1", "it was written by a newer Farthing")


def test_seven_days_are_today_and_the_six_before() -> None:
    assert first_day("7d", day("2026-05-07")) == "2026-05-01"
    assert first_day("1d", day("2026-05-07")) == "2026-05-07"
    assert first_day("2026-01-01", day("2026-05-07")) == "2026-01-01"

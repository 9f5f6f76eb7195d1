"""Ledgers that are right, and ledgers that are wrong in one way each."""

import pytest

from benchmarks.chaos.books import Asked, Audit, Row, audit
from benchmarks.chaos.cast import ACTORS
from benchmarks.chaos.rig import Outage, UpstreamCall
from benchmarks.chaos.shots import Manner, Shot
from router.domain.members import replace
from router.domain.money import ZERO, Money
from router.domain.usage import NO_USAGE, Usage
from tests.chaos.kit import call, shot, usage_of

MODEL = "ash-mid"
SHOT = shot()
USED = usage_of(SHOT, MODEL)
COST = ACTORS[MODEL].model.price.charge(USED)


def _row(usage: Usage = USED, source: str = "upstream", **more: object) -> Row:
    right = Row(
        tag=SHOT.tag,
        attempt=1,
        model=MODEL,
        outcome="ok",
        error="",
        usage=usage,
        source=source,
        cost=ACTORS[MODEL].model.price.charge(usage) if source != "none" else ZERO,
        is_answer=True,
        began_s=100.0,
        ended_s=101.0,
    )
    return replace(right, **more)  # type: ignore[arg-type]


def _audit(
    rows: list[Row],
    calls: list[UpstreamCall],
    *,
    asked: Shot = SHOT,
    answered: bool | None = True,
    outages: tuple[Outage, ...] = (),
) -> Audit:
    return audit([Asked(asked, answered)], rows, calls, outages)


def test_a_row_that_is_the_upstreams_own_account_is_right() -> None:
    result = _audit([_row()], [call(SHOT, MODEL, USED)])
    assert (result.findings, result.exact) == ([], COST)


def test_a_failed_attempt_that_was_not_charged_is_right() -> None:
    failed = _row(NO_USAGE, "none", outcome="failed", is_answer=False)
    calls = [call(SHOT, MODEL), call(SHOT, MODEL, USED, number=2)]
    result = _audit([failed, _row(attempt=2)], calls)
    assert (result.findings, result.free_rows) == ([], 1)


@pytest.mark.parametrize(
    ("row", "word"),
    [
        (_row(cost=COST + Money(1)), "its usage costs"),
        (_row(cost=ZERO), "its usage costs"),
        (_row(replace(USED, output_tokens=USED.output_tokens + 1)), "where the upstream has"),
        (_row(source="estimated"), "nothing went wrong"),
        (_row(NO_USAGE, "estimated"), "leaves out the prompt"),
        (_row(NO_USAGE, "none"), "the upstream charges for"),
        (_row(NO_USAGE, "none", cost=COST), "without a usage"),
        (_row(is_answer=False), "rows that say so: 0"),
        (_row(tag="chaos-2"), "nobody made"),
    ],
)
def test_a_row_that_is_wrong_is_found(row: Row, word: str) -> None:
    findings = _audit([row], [call(SHOT, MODEL, USED)]).findings
    assert any(word in finding for finding in findings), findings


def test_a_call_without_a_row_is_found() -> None:
    calls = [call(SHOT, MODEL, USED), call(SHOT, MODEL, USED, number=2)]
    assert "in no book" in _audit([_row()], calls).findings[0]


def test_a_call_that_nobody_asked_for_is_found() -> None:
    stray = replace(call(SHOT, MODEL, USED, number=2), body_sha256="0" * 64)
    assert "nobody asked for" in _audit([_row()], [call(SHOT, MODEL, USED), stray]).findings[0]


def test_two_rows_that_say_answered_are_found() -> None:
    calls = [call(SHOT, MODEL, USED), call(SHOT, MODEL, USED, number=2)]
    assert "rows that say so: 2" in _audit([_row(), _row(attempt=2)], calls).findings[0]


@pytest.mark.parametrize(
    "asked",
    [
        shot(manner=Manner.LEAVE_MIDWAY),
        shot(fault="cut,after=3"),
        shot(fault="no_usage"),
        shot(deadline_s=1.0),
        shot(asked="auto:hedged"),
    ],
    ids=["left", "cut", "no usage", "deadline", "hedged"],
)
def test_an_estimate_that_the_soak_has_caused_is_right(asked: Shot) -> None:
    row = _row(source="estimated", is_answer=False)
    result = _audit([row], [call(asked, MODEL, USED)], asked=asked, answered=None)
    assert (result.findings, result.estimated_rows) == ([], 1)


def test_a_fallback_may_run_out_of_time_by_no_fault_of_its_own() -> None:
    late = _row(source="estimated", error="timeout", is_answer=False)
    calls = [call(SHOT, MODEL, USED)]
    assert _audit([replace(late, attempt=2)], calls, answered=False).findings == []
    assert _audit([late], calls, answered=False).findings


def test_what_only_a_killed_upstream_knew_of_is_taken_from_the_oracle() -> None:
    outage = Outage("ash", known_s=99.0, back_s=102.0)
    result = _audit([_row()], [], outages=(outage,))
    assert (result.findings, result.unseen_rows) == ([], 1)
    more = replace(USED, output_tokens=USED.output_tokens + 1)
    assert _audit([_row(more)], [], outages=(outage,)).findings
    elsewhere = replace(outage, upstream="birch")
    assert _audit([_row()], [], outages=(elsewhere,)).findings


def test_an_answer_from_the_cache_needs_no_call() -> None:
    hit = _row(attempt=0, outcome="cache_hit", source="cache", cost=ZERO)
    assert _audit([hit], []).findings == []

"""What was heard about answers is counted by whose they are, and our own calls are not traffic."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine, insert

from router.domain.ledger import Outcome
from router.domain.members import replace
from router.domain.scored import Scored, ScoreSource
from router.ledger.outcomes import Looked, SourceScores
from router.stores.sql.schema import OUTCOMES, SCORE_COLUMNS, score_row_of
from router.stores.sql.weak_labels import feedback_on, heard, looked_at
from tests.stores.engines import write
from tests.stores.entries import USUAL, entry

CERTAIN = (ScoreSource.SCHEMA, ScoreSource.TOOL_CALL)
NOON = USUAL.at_s


def said(request_id: str, score: float, source: ScoreSource, **fields: Any) -> Scored:
    usual = Scored(request_id, "cheap", "chat", score, source, "", NOON)
    return replace(usual, **fields)


def keep(engine: Engine, *scores: Scored) -> None:
    rows = [dict(zip(SCORE_COLUMNS, score_row_of(each), strict=True)) for each in scores]
    with engine.begin() as connection:
        connection.execute(insert(OUTCOMES), rows)


def answered(engine: Engine, *request_ids: str, **fields: Any) -> None:
    write(engine, [entry(each, **fields) for each in request_ids])


def counted(found: Sequence[Looked]) -> list[tuple[str, str, int, int]]:
    return [(each.model, each.category, each.answers, each.flawed) for each in found]


def test_scores_are_counted_by_model_category_and_source(engine: Engine) -> None:
    answered(engine, "r1", "r2", "r3")
    keep(
        engine,
        said("r1", 1.0, ScoreSource.FEEDBACK),
        said("r2", 0.5, ScoreSource.FEEDBACK),
        said("r2", 0.0, ScoreSource.RETRY),
        said("r3", 1.0, ScoreSource.FEEDBACK, category="maths"),
        said("gone", 0.0, ScoreSource.FEEDBACK, model="top", at_s=NOON - 1),
    )

    assert heard(engine, NOON, "calibrate") == [
        SourceScores("cheap", "chat", ScoreSource.FEEDBACK, 2, 1.5),
        SourceScores("cheap", "chat", ScoreSource.RETRY, 1, 0.0),
        SourceScores("cheap", "maths", ScoreSource.FEEDBACK, 1, 1.0),
    ]


def test_an_answer_with_several_flaws_is_one_flawed_answer(engine: Engine) -> None:
    answered(engine, "r1", "r2", "r3", "r4")
    keep(
        engine,
        said("r1", 0.0, ScoreSource.SCHEMA),
        said("r1", 0.0, ScoreSource.TOOL_CALL),
        said("r2", 1.0, ScoreSource.SCHEMA),
        said("r3", 0.0, ScoreSource.RETRY),
        said("r4", 0.0, ScoreSource.FEEDBACK),
    )

    assert counted(looked_at(engine, 0.0, "calibrate", CERTAIN)) == [("cheap", "chat", 4, 1)]
    everything = (*CERTAIN, ScoreSource.RETRY)
    assert counted(looked_at(engine, 0.0, "calibrate", everything)) == [("cheap", "chat", 4, 2)]


def test_what_a_model_did_not_write_for_the_request_is_none_of_its_answers(engine: Engine) -> None:
    answered(engine, "r1")
    answered(engine, "r2", outcome=Outcome.CACHE_HIT)
    answered(engine, "r3", outcome=Outcome.FAILED, is_answer=False)
    answered(engine, "r4", at_s=NOON - 1)
    keep(engine, *(said(each, 0.0, ScoreSource.SCHEMA) for each in ("r1", "r2", "r3", "r4")))

    assert counted(looked_at(engine, NOON, "calibrate", CERTAIN)) == [("cheap", "chat", 1, 1)]


def test_calls_of_our_own_are_left_out_everywhere(engine: Engine) -> None:
    answered(engine, "ours", tags=("calibrate", "more"))
    answered(engine, "theirs", tags=("more",))
    keep(engine, *(said(each, 0.0, ScoreSource.FEEDBACK) for each in ("ours", "theirs")))

    assert [each.count for each in heard(engine, 0.0, "calibrate")] == [1]
    assert counted(looked_at(engine, 0.0, "calibrate", CERTAIN)) == [("cheap", "chat", 1, 0)]
    told = feedback_on(engine, ["ours", "theirs"], 0.0, "calibrate")
    assert [each.request_id for each in told] == ["theirs"]


def test_feedback_on_many_requests_is_found_whole(engine: Engine) -> None:
    ids = [f"r{number}" for number in range(1100)]
    keep(engine, *(said(each, 0.25, ScoreSource.FEEDBACK) for each in ids))
    keep(engine, said("r1", 0.0, ScoreSource.RETRY), said("r0", 0.0, ScoreSource.SCHEMA))

    found = list(feedback_on(engine, ids[:1050], 0.0, "calibrate"))
    assert sorted(each.request_id for each in found) == sorted(ids[:1050])
    assert {each.score for each in found} == {0.25}

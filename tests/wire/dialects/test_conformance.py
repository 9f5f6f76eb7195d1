"""Every cell of the table: what crosses, what changes, and what is refused."""

from typing import Any

import pytest

from router.domain.errors import ApiError
from router.wire.dialects.answer import AnswerContext
from router.wire.dialects.dialect import Dialect, Target
from router.wire.dialects.translate import (
    StreamTranslator,
    translate_answer,
    translate_request,
)
from tests.wire.dialects.conformance import (
    BASE,
    PAIRS,
    Changed,
    Members,
    Pair,
    Refused,
    Row,
)
from tests.wire.dialects.descriptions import check
from tests.wire.dialects.endings import ANSWERS, WHOLE
from tests.wire.dialects.merging import merge
from tests.wire.dialects.table import REQUESTS
from tests.wire.dialects.telling import tell_answer

ROWS = [row for rows in REQUESTS.values() for row in rows]
NAMES = [row.name for row in ROWS]


def body(dialect: Dialect, members: Members) -> dict[str, Any]:
    """The whole request with these members; None takes one out."""
    whole = {**BASE[dialect], **members}
    return {name: value for name, value in whole.items() if value is not None}


def target(dialect: Dialect) -> Target:
    return Target(dialect, max_output_tokens=64_000)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_it_crosses_as_the_table_says(row: Row, pair: Pair) -> None:
    said, cell = row.said(pair[0]), row.cells.get(pair)
    if said is None:
        assert cell is None
        return
    asked = body(pair[0], said)

    if isinstance(cell, Refused):
        with pytest.raises(ApiError) as refused:
            translate_request(asked, pair[0], target(pair[1]))
        assert (refused.value.status, refused.value.param) == (400, cell.field)
        assert len(refused.value.message) > len(cell.field) + 40  # it says what would be right
        return

    told = cell.members if isinstance(cell, Changed) else row.said(pair[1])
    assert told is not None, "the target cannot say it, and the table does not say what happens"
    assert translate_request(asked, pair[0], target(pair[1])) == body(pair[1], told)


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("row", [row for row in ROWS if row.name != "what nobody knows yet"])
def test_the_examples_are_what_the_vendors_describe(row: Row, dialect: Dialect) -> None:
    told = [
        cell.members
        for (_, to), cell in row.cells.items()
        if to is dialect and isinstance(cell, Changed)
    ]
    said = row.said(dialect)
    if said is not None and row.name != "tools that the provider runs":
        told.append(said)

    for members in told:
        check(dialect, "request", body(dialect, members))


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_in_its_own_dialect_a_request_is_the_same_object(row: Row, dialect: Dialect) -> None:
    asked = body(dialect, row.said(dialect) or {})
    if "sealed:" in str(asked):
        return

    assert translate_request(asked, dialect, target(dialect)) is asked


OCCASION = AnswerContext(now_s=9, asked={"stream_options": {"include_usage": True}})
_ANSWER_NAMES = [row.name for row in ANSWERS]


def _expected(row: Row, pair: Pair) -> dict[str, Any]:
    cell = row.cells.get(pair)
    assert not isinstance(cell, Refused), "no answer is refused"
    told = cell.members if cell else row.said(pair[1])
    assert told is not None
    return {**WHOLE[pair[1]], **told}


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
@pytest.mark.parametrize("row", ANSWERS, ids=_ANSWER_NAMES)
def test_an_answer_crosses_as_the_table_says(row: Row, pair: Pair) -> None:
    said = row.said(pair[0])
    if said is None:
        return
    answer = {**WHOLE[pair[0]], **said}
    check(pair[0], "answer", answer)

    told = translate_answer(answer, Target(pair[0]), pair[1], OCCASION)

    assert told == _expected(row, pair)
    check(pair[1], "answer", told)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
@pytest.mark.parametrize("row", ANSWERS, ids=_ANSWER_NAMES)
def test_so_does_its_stream(row: Row, pair: Pair) -> None:
    """Told by the upstream as a stream, and made one of an answer that was whole."""
    said = row.said(pair[0])
    if said is None:
        return
    answer = {**WHOLE[pair[0]], **said}
    upstream = tell_answer(answer, pair[0], pair[0], OCCASION)
    translator = StreamTranslator(Target(pair[0]), pair[1], OCCASION)

    streamed = [told for event in upstream for told in translator.feed(event)] + translator.end()
    made = list(tell_answer(answer, pair[0], pair[1], OCCASION))

    assert merge(pair[1], streamed) == merge(pair[1], made) == _expected(row, pair)
    for event in (*streamed, *made):
        check(pair[1], "event", event)

"""Answers are looked at when they have left: nobody waits for it, and no pile of them builds up."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Coroutine
from typing import Any

import orjson
import pytest

from router.app import real_world
from router.domain.scored import ScoreSource, ScoringTerms
from router.pipeline.scoring import AnswerSeen, Scorer, Scoring
from router.stores.memory.ledger import MemoryLedger
from router.wire.chat import ChatRequest, parse_chat
from tests.stores.entries import entry

JSON = {"response_format": {"type": "json_object"}}


class Desk:
    """A scorer before a ledger in memory, and the work that it has put off."""

    def __init__(self, **terms: Any) -> None:
        self.ledger = MemoryLedger()
        self.put_off: list[Coroutine[Any, Any, None]] = []
        self.scorer = Scorer(self.ledger, real_world(), ScoringTerms(**terms), self.put_off.append)

    def answered(self, request_id: str, content: str, **fields: Any) -> None:
        seen = AnswerSeen(frozenset({"stop"}), False, False, (body(content),), is_stream=False)
        scoring = Scoring(self.scorer, asked(request_id, **fields), ("key",), 0.0)
        scoring.answered(entry(request_id), seen)

    async def work_off(self) -> None:
        """Do what was put off."""
        while self.put_off:
            await self.put_off.pop(0)

    async def warmed(self) -> "Desk":
        """The same, after the first look ever, which is never taken in the event loop."""
        self.answered("r0", "{}", **JSON)
        await asyncio.sleep(0)
        await self.work_off()
        self.scorer.flush()
        self.ledger.scores.clear()
        self.scorer.counts.clear()
        return self

    @property
    def noted(self) -> dict[str, float]:
        return {each.request_id: each.score for each in self.ledger.scores.values()}


def asked(question: str, **fields: Any) -> ChatRequest:
    messages = [{"role": "user", "content": question}]
    return parse_chat(orjson.dumps({"model": "auto", "messages": messages, **fields}))


def body(content: str) -> bytes:
    choice = {"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    return orjson.dumps({"choices": [choice]})


async def test_nothing_is_done_before_the_answer_has_left() -> None:
    desk = await Desk().warmed()
    desk.answered("r1", "{}", **JSON)
    desk.scorer.flush()
    assert desk.noted == {}

    await asyncio.sleep(0)
    desk.scorer.flush()
    assert desk.noted == {"r1": 1.0}


async def test_what_was_found_is_written_together_and_soon() -> None:
    desk = await Desk().warmed()
    for number in range(3):
        desk.answered(f"r{number}", "{}", **JSON)
    await asyncio.sleep(0)
    assert desk.noted == {}
    async with asyncio.timeout(10):
        while not desk.noted:  # noqa: ASYNC110 - a timer tells nobody
            await asyncio.sleep(0.01)

    assert len(desk.noted) == 3
    assert desk.scorer.counts[ScoreSource.SCHEMA] == 3


async def test_a_large_answer_is_looked_at_elsewhere_and_a_huge_one_not_at_all() -> None:
    desk = Desk()
    desk.answered("large", '{"a": "%s"}' % ("x" * 2**14), **JSON)
    desk.answered("huge", '{"a": "%s"}' % ("x" * 2**18), **JSON)
    await asyncio.sleep(0)
    assert len(desk.put_off) == 1
    await desk.work_off()
    desk.scorer.flush()
    assert desk.noted == {"large": 1.0}


async def test_no_pile_of_large_answers_builds_up() -> None:
    desk = Desk()
    large = '{"a": "%s"}' % ("x" * 2**14)
    for number in range(100):
        desk.answered(f"r{number}", large, **JSON)
    await asyncio.sleep(0)
    assert len(desk.put_off) == 32
    await desk.work_off()
    desk.answered("r100", large, **JSON)
    await asyncio.sleep(0)
    assert len(desk.put_off) == 1
    await desk.work_off()


async def test_the_first_look_which_loads_the_validator_is_taken_elsewhere() -> None:
    desk = Desk()
    desk.answered("r1", "{}", **JSON)
    await asyncio.sleep(0)
    assert len(desk.put_off) == 1
    await desk.work_off()
    desk.scorer.flush()
    assert desk.noted == {"r1": 1.0}


async def test_who_stops_waits_for_what_is_being_looked_into() -> None:
    desk = Desk()
    desk.answered("r1", "{}", **JSON)
    await asyncio.sleep(0)
    closing = asyncio.create_task(desk.scorer.close())
    await asyncio.sleep(0)
    assert not closing.done()

    await desk.work_off()
    await closing
    assert desk.noted == {"r1": 1.0}


async def test_a_server_that_starts_has_not_loaded_the_validator() -> None:
    code = "import router.app, sys; print('jsonschema_rs' in sys.modules)"
    started = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=PIPE)
    said, _ = await started.communicate()
    assert said == b"False\n"


@pytest.mark.parametrize(
    ("fields", "automatic", "most"),
    [({}, True, 0), (JSON, True, 2**18), ({"tools": [{}]}, True, 2**18), (JSON, False, 0)],
)
def test_a_stream_is_kept_only_where_it_will_be_looked_into(
    fields: dict[str, Any], automatic: bool, most: int
) -> None:
    terms = ScoringTerms(automatic=automatic)
    scorer = Scorer(MemoryLedger(), real_world(), terms, lambda work: work.close())
    assert Scoring(scorer, asked("?", **fields), (), 0.0).most_kept_bytes == most

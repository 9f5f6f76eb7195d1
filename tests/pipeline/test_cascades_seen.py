"""How the answers of a step are judged, and what is observed in the long run."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from router.acceptance.ruling import Evidence
from router.app import real_world
from router.decision.verdicts import Pairing, StepOutcome
from router.domain.cascade import CascadeTerms, Opinion
from router.domain.category import Category
from router.domain.members import replace
from router.ports import Call, Embedded, Response, Upstream
from tests.pipeline.cascade_kit import (
    ACCEPT,
    JUDGED,
    LYING,
    MODELS,
    ODD,
    PAIR,
    SIMILAR,
    a_simulated,
    answer,
    asked,
    cascading,
    in_flight,
    outcomes,
    rule_with,
    said,
    text,
)
from tests.simulated.raw import until

# ---------------------------------------------------------------------- judges and vectors


async def test_a_judge_is_asked_for_its_mark_and_paid(tmp_path: Path) -> None:
    marks: list[float | None] = []

    def rule(evidence: Evidence) -> Opinion:
        marks.extend(evidence.marks)
        return ACCEPT

    can = {"capabilities": ["json_schema"]}
    async with cascading(tmp_path, ("cheap",), checks=JUDGED, of_model=can) as it:
        rule_with(it, rule)
        headers, _ = await answer(it)
        rows = {row["model"]: row for row in it.rows()}

    (mark,) = marks
    assert mark is not None
    assert 0.0 <= mark <= 1.0
    assert headers["x-farthing-model"] == "cheap"
    assert headers["x-farthing-attempts"] == "2"
    assert (rows["other"]["outcome"], rows["other"]["error"]) == ("rejected", "judge")
    assert rows["other"]["cost_pico"] > rows["cheap"]["cost_pico"]
    assert in_flight(it) == 0


class _ThinkingAloud:
    """An upstream whose models think in their answers, and which says nothing of tiers and usage.

    What it is asked goes to the end of `asked`.
    """

    asks_usage = True

    def __init__(self, upstream: Upstream, asked: list[Call]) -> None:
        self._upstream = upstream
        self._asked = asked

    async def send(self, call: Call) -> Response:
        self._asked.append(call)
        return _Aloud(await self._upstream.send(call))

    async def close(self) -> None:
        await self._upstream.close()


class _Aloud:
    def __init__(self, response: Response) -> None:
        self._response = response
        self.is_stream = response.is_stream
        self.request_id = response.request_id

    async def read(self) -> bytes:
        answer = orjson.loads(await self._response.read())
        message = answer["choices"][0]["message"]
        message["content"] = f"<think>Well, well.</think>\n{message['content']}"
        del answer["service_tier"], answer["usage"]
        return orjson.dumps(answer)

    def pieces(self) -> AsyncIterator[bytes]:
        return self._response.pieces()

    async def close(self) -> None:
        await self._response.close()


async def test_a_judge_may_think_aloud_and_is_not_shown_the_thoughts_of_others(
    tmp_path: Path,
) -> None:
    marks: list[float | None] = []

    def rule(evidence: Evidence) -> Opinion:
        marks.extend(evidence.marks)
        return ACCEPT

    can = {"capabilities": ["json_schema"]}
    async with cascading(tmp_path, ("cheap",), checks=JUDGED, of_model=can) as it:
        upstreams = it.running.pipeline.runtime.upstreams
        assert isinstance(upstreams, dict)
        asked = list[Call]()
        for name, upstream in upstreams.items():
            upstreams[name] = _ThinkingAloud(upstream, asked)
        rule_with(it, rule)
        await answer(it, service_tier="flex")
        rows = {row["model"]: row for row in it.rows()}

    (mark,) = marks
    assert mark is not None
    assert [rows[name]["service_tier"] for name in ("cheap", "other")] == ["flex", "standard"]
    assert rows["other"]["uncached_input_tokens"] > rows["cheap"]["uncached_input_tokens"] + 350
    assert rows["other"]["usage_source"] == "estimated"
    assert [call.model.id for call in asked] == ["cheap", "other"]
    assert b"Well, well." not in asked[1].body


@pytest.mark.parametrize(("usd", "is_asked"), [(0.001, False), (1.0, True)])
async def test_for_a_verdict_is_set_aside_what_it_may_cost_and_not_what_the_clients_answer_may(
    tmp_path: Path, usd: float, is_asked: bool
) -> None:
    can = {"capabilities": ["json_schema"]}
    budgets = [{"usd": usd, "per": "day"}]
    async with cascading(tmp_path, ("cheap",), checks=JUDGED, of_model=can, budgets=budgets) as it:
        await answer(it, max_tokens=20)
        assert (asked(it, "cheap"), asked(it, "other")) == (1, int(is_asked))


async def test_a_judge_that_fails_gives_no_mark(tmp_path: Path) -> None:
    marks: list[float | None] = []

    def rule(evidence: Evidence) -> Opinion:
        marks.extend(evidence.marks)
        return ODD

    async with cascading(tmp_path, ("cheap",), checks=JUDGED) as it:
        rule_with(it, rule)
        it.upstream.faults.script("other", ["status,code=503"])
        headers, _ = await answer(it)
        found = outcomes(it)

    assert marks == [None]
    assert headers["x-farthing-model"] == "strong"
    assert headers["x-farthing-attempts"] == "3"
    assert found == [("cheap", "rejected"), ("other", "failed"), ("strong", "ok")]


async def test_a_verdict_that_is_lost_may_have_been_billed_for_all_that_was_to_be_read(
    tmp_path: Path,
) -> None:
    async with cascading(tmp_path, ("cheap",), checks=JUDGED) as it:
        it.upstream.faults.script("other", ["html"])
        await answer(it, service_tier="flex")
        rows = {row["model"]: row for row in it.rows()}

    lost, cheap = rows["other"], rows["cheap"]
    assert (lost["outcome"], lost["service_tier"]) == ("failed", "standard")
    assert lost["uncached_input_tokens"] > cheap["uncached_input_tokens"] + 350


async def test_a_judge_that_nobody_knows_cannot_tell(tmp_path: Path) -> None:
    unknown = (replace(JUDGED[0], judge="nobody"),)
    async with cascading(tmp_path, ("cheap",), checks=unknown) as it:
        headers, _ = await answer(it)

    assert headers["x-farthing-cascade"].startswith("escalated: 1/1 cannot tell")


class _Vectors:
    name = "made up"

    async def embed(self, text: str) -> Embedded | None:
        return Embedded((1.0, 0.0), 5)

    async def close(self) -> None: ...


async def test_vectors_are_made_of_the_answers_and_booked(tmp_path: Path) -> None:
    found: list[Any] = []

    def rule(evidence: Evidence) -> Opinion:
        found.extend(evidence.cosines)
        return ACCEPT

    async with cascading(tmp_path, checks=SIMILAR) as it:
        rule_with(it, rule)
        it.running.pipeline.referee.embedder = _Vectors()
        headers, _ = await answer(it)
        rows = it.rows()

    assert found == [[1.0, 1.0], [1.0, 1.0]]
    assert headers["x-farthing-attempts"] == "4"
    assert sorted(row["attempt"] for row in rows) == [1, 2, 3, 4]


class _Raising(_Vectors):
    async def embed(self, text: str) -> Embedded | None:
        raise RuntimeError(text)


async def test_where_making_vectors_fails_against_its_word_nobody_can_tell(tmp_path: Path) -> None:
    async with cascading(tmp_path, checks=SIMILAR) as it:
        it.running.pipeline.referee.embedder = _Raising()
        headers, said = await answer(it)

    assert headers["x-farthing-cascade"].startswith("escalated: 1/1 cannot tell")
    assert said


async def test_without_anybody_who_makes_vectors_nobody_can_tell(tmp_path: Path) -> None:
    async with cascading(tmp_path, checks=SIMILAR) as it:
        headers, _ = await answer(it)

    assert headers["x-farthing-cascade"].startswith("escalated: 1/1 cannot tell")


# ----------------------------------------------------------------------------- what is observed


async def test_rulings_are_counted(tmp_path: Path) -> None:
    async with cascading(tmp_path, LYING) as it:
        await answer(it)
        await answer(it, faults="liar:status,code=503")
        verdicts = it.running.pipeline.judge.verdicts

    pairing = Pairing(Category.MATHS, LYING, "strong")
    assert verdicts.counts == {(pairing, StepOutcome.REJECTED): 1, (pairing, StepOutcome.FAILED): 1}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("strong", "seen"),
    [(1.0, StepOutcome.RIGHT), (0.0, StepOutcome.WRONG)],
    ids=["agrees", "differs"],
)
async def test_some_accepted_answers_are_held_against_the_strong_models(
    tmp_path: Path, strong: float, seen: StepOutcome, stream: bool
) -> None:
    simulated = (*MODELS[:3], a_simulated("strong", quality=strong))
    terms = CascadeTerms(check_share=1.0)
    async with cascading(tmp_path, simulated=simulated, terms=terms) as it:
        _, body = await answer(it, stream=stream)
        await until(lambda: len(it.rows()) == 3)
        rows = {row["model"]: row for row in it.rows()}
        verdicts = it.running.pipeline.judge.verdicts
        await until(lambda: len(verdicts.counts) == 2)

    assert "42" in (text(body) if stream else said(body))
    assert (rows["strong"]["outcome"], rows["strong"]["error"]) == ("rejected", "check")
    assert rows["strong"]["cost_pico"] > 0
    assert sum(row["closes"] for row in rows.values()) == 1
    pairing = Pairing(Category.MATHS, PAIR, "strong")
    assert verdicts.counts == {(pairing, StepOutcome.ACCEPTED): 1, (pairing, seen): 1}
    assert in_flight(it) == 0


@pytest.mark.parametrize("step", [PAIR, LYING], ids=["accepted", "rejected"])
async def test_a_cascade_is_one_call_of_its_conversation(
    tmp_path: Path, step: tuple[str, ...]
) -> None:
    named = {"x-session-id": "s"}
    dry = {**named, "x-farthing-dry-run": "true"}
    async with cascading(tmp_path, step, terms=CascadeTerms(check_share=1.0)) as it:
        await answer(it, headers=named)
        await until(lambda: len(it.rows()) == 3)
        _, body = await answer(it, headers=dry)

    assert orjson.loads(body)["circumstances"]["conversation"]["turns"] == 1


async def test_a_check_that_fails_is_none(tmp_path: Path) -> None:
    terms = CascadeTerms(check_share=1.0)
    async with cascading(tmp_path, terms=terms) as it:
        await answer(it, faults="strong:status,code=503")
        verdicts = it.running.pipeline.judge.verdicts
        await until(lambda: len(verdicts.counts) == 2)

    assert {seen for _, seen in verdicts.counts} == {StepOutcome.ACCEPTED, StepOutcome.UNCHECKED}


async def test_a_check_has_more_time_than_a_client_in_a_hurry(tmp_path: Path) -> None:
    terms = CascadeTerms(check_share=1.0)
    headers = {"x-farthing-deadline-s": "2"}
    async with cascading(tmp_path, terms=terms) as it:
        await answer(it)  # what checks need is loaded by now
        await answer(it, stream=True, headers=headers, faults="strong:delay,seconds=2.5")
        verdicts = it.running.pipeline.judge.verdicts
        await until(lambda: verdicts.counts.total() == 4)

    assert {seen for _, seen in verdicts.counts} == {StepOutcome.ACCEPTED, StepOutcome.RIGHT}


async def test_only_a_share_is_checked(tmp_path: Path) -> None:
    world = replace(real_world(), chance=lambda: 0.5)
    terms = CascadeTerms(check_share=0.4)
    async with cascading(tmp_path, terms=terms, world=world) as it:
        await answer(it)
        assert asked(it, "strong") == 0


async def test_metrics_tell_what_was_seen(tmp_path: Path) -> None:
    async with cascading(tmp_path, LYING) as it:
        await answer(it)
        async with it.client.get(f"{it.running.url}/metrics") as response:
            told = await response.text()

    assert (
        'farthing_cascade_steps_total{category="maths",final="strong",models="cheap+liar",'
        'outcome="rejected"} 1.0'
    ) in told


async def test_lengths_are_learnt_of_answers_that_were_not_taken(tmp_path: Path) -> None:
    async with cascading(tmp_path, LYING) as it:
        await answer(it)
        judge = it.running.pipeline.judge
        learnt = judge.experience.latency(judge.models["liar"], Category.MATHS)

    assert learnt.total_s is not None
    assert not learnt.is_predicted

"""A question that was answered from the cache a moment ago is not judged again; all else is as ever."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from router.app import real_world
from router.domain.decision import Decision
from router.domain.members import replace
from router.pipeline.judge import Judge
from router.pipeline.request_context import RequestContext
from tests.pipeline.kit import Proxy, proxy

CACHED: Mapping[str, Any] = {"cache": {"ttl_s": 60}}
LIMITED = {"limits": [{"requests_per_minute": 4}]}
BUDGET = {"usd": 5, "per": "day"}


class CountingJudge(Judge, frozen=True, kw_only=True):
    """A judge that counts its judgements."""

    judgements: list[Decision]

    @classmethod
    def of(cls, judge: Judge) -> "CountingJudge":
        return cls(
            **{name: getattr(judge, name) for name in Judge.__struct_fields__}, judgements=[]
        )

    def judged(self, context: RequestContext, stored: Collection[str] = ()) -> Decision:
        self.judgements.append(Judge.judged(self, context, stored))
        return self.judgements[-1]


class House:
    """A proxy whose clock can be put on, and whose judgements are counted."""

    def __init__(self, it: Proxy, ahead_s: list[float]) -> None:
        self.it = it
        self._ahead_s = ahead_s
        self.judge = CountingJudge.of(it.running.pipeline.judge)
        it.running.current.take(self.judge, 0.0)

    @property
    def judgements(self) -> int:
        return len(self.judge.judgements)

    def wait(self, seconds: float) -> None:
        self._ahead_s[0] += seconds

    async def ask(self, status: int = 200, **fields: Any) -> Mapping[str, str]:
        async with self.it.post(**fields) as response:
            assert response.status == status, await response.read()
            headers: Mapping[str, str] = response.headers
            return headers

    async def popular(self, **fields: Any) -> None:
        """A question whose answer is stored, and was given."""
        await self.ask(**fields)
        assert (await self.ask(**fields))["x-farthing-cache"] == "hit"


@asynccontextmanager
async def house(folder: Path, **options: Any) -> AsyncIterator[House]:
    ahead_s = [0.0]
    world = replace(real_world(), monotonic_s=lambda: monotonic() + ahead_s[0])
    options = {"cache": "memory", "policy": CACHED, "world": world, **options}
    async with proxy(folder, **options) as it:
        yield House(it, ahead_s)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_popular_question_is_judged_once_a_second_and_booked_each_time(
    stream: bool, tmp_path: Path
) -> None:
    async with house(tmp_path) as it:
        await it.popular(stream=stream)
        judged = it.judgements
        told = [await it.ask(stream=stream) for _ in range(3)]

        assert it.judgements == judged
        assert [each["x-farthing-cache"] for each in told] == ["hit"] * 3
        assert len({each["x-request-id"] for each in told}) == 3
        rows = it.it.rows()
        assert [row["request_id"] for row in rows[-3:]] == [each["x-request-id"] for each in told]
        assert {row["decision"] for row in rows[-3:]} == {rows[1]["decision"]}

        it.wait(1.0)
        assert (await it.ask(stream=stream))["x-farthing-cache"] == "hit"
        assert it.judgements == judged + 1


async def test_of_requests_that_begin_and_end_alike_each_is_judged(tmp_path: Path) -> None:
    async with house(tmp_path) as it:
        await it.popular(prompt=f"{'x' * 500} one {'x' * 500}")
        judged = it.judgements

        assert (await it.ask(prompt=f"{'x' * 500} two {'x' * 500}"))["x-farthing-cache"] == "miss"
        assert it.judgements > judged


async def test_an_answer_that_has_gone_is_made_anew(tmp_path: Path) -> None:
    async with house(tmp_path) as it:
        await it.popular()
        async with it.it.client.post(f"{it.it.running.url}/admin/cache/purge?all=true") as response:
            assert response.status == 200, await response.read()

        assert (await it.ask())["x-farthing-cache"] == "miss"


async def test_a_policy_that_has_changed_judges_itself(tmp_path: Path) -> None:
    async with house(tmp_path) as it:
        await it.popular()
        other = CountingJudge.of(it.judge)
        it.it.running.current.take(other, 0.0)
        await it.ask()

        assert len(other.judgements) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"headers": {"x-farthing-tags": "team-a"}},
        {"headers": {"x-session-id": "one"}},
        {"headers": {"cache-control": "max-age=30"}},
        {"headers": {"x-farthing-deadline-s": "9"}},
        {"headers": {"x-farthing-policy": "test"}},
        {"temperature": 1},
    ],
)
async def test_who_asks_otherwise_is_judged_for_himself(
    other: dict[str, Any], tmp_path: Path
) -> None:
    async with house(tmp_path) as it:
        await it.popular()
        judged = it.judgements
        await it.ask(**other)

        assert it.judgements > judged


async def test_what_nothing_depends_on_may_differ(tmp_path: Path) -> None:
    async with house(tmp_path) as it:
        await it.popular()
        judged = it.judgements
        await it.ask(headers={"x-stainless-retry-count": "1", "user-agent": "other"})

        assert it.judgements == judged


async def test_a_header_that_a_policy_asks_for_makes_another_request(tmp_path: Path) -> None:
    rule = {
        "name": "mobile",
        "when": {"header": {"x-app": "mobile"}},
        "then": {"otherwise": "best"},
    }
    async with house(tmp_path, policy={**CACHED, "rules": [rule]}) as it:
        await it.popular()
        judged = it.judgements
        await it.ask(headers={"x-app": "mobile"})

        assert it.judgements == judged + 1


async def test_who_has_a_budget_is_judged_each_time(tmp_path: Path) -> None:
    async with house(tmp_path, budgets=[BUDGET]) as it:
        await it.popular()
        judged = it.judgements
        await it.ask()

        assert it.judgements == judged + 1


async def test_each_one_counts_in_the_limits(tmp_path: Path) -> None:
    async with house(tmp_path, more=LIMITED) as it:
        await it.popular()
        await it.ask()
        await it.ask()
        await it.ask(status=429)


async def test_no_more_is_remembered_than_is_said(tmp_path: Path) -> None:
    async with house(tmp_path) as it:
        hot_answers = it.it.running.pipeline.hot_answers
        for number in range(20):
            await it.popular(prompt=f"{number} {'x' * 2**18} {number}")
        assert len(hot_answers) == 15
        for number in range(260):
            await it.popular(prompt=f"Question {number}")

        assert len(hot_answers) == 256

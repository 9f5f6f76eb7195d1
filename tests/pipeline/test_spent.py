"""Whatever a request does, its budgets have spent what is in its books, to the pico-dollar."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from router.domain.cascade import CascadeTerms
from router.domain.errors import ApiError
from router.domain.money import Money
from router.pipeline.similar import Similar, Vectors
from router.ports import Embedded
from router.stores.memory.budget_store import MemoryBudgetStore
from router.stores.memory.index import MemoryIndex
from router.stores.memory.rate_limiter import MemoryRateLimiter
from tests.pipeline.budgets import BUDGETS, agree
from tests.pipeline.cascade_kit import ACCEPT, LYING, PAIR, SIMILAR, answer, cascading, rule_with
from tests.pipeline.kit import proxy
from tests.simulated.raw import until

LIGHTHOUSE = "Please explain how a lighthouse works."
BY_MEANING = {"cache": {"ttl_s": 60, "semantic": {"mode": "on", "by": "meaning", "check_share": 0}}}
VECTORS = {
    "cache": {
        "url": "memory",
        "embeddings": {"upstream": "sim", "model": "sim-open-8b", "usd_per_mtok": 20},
    }
}


class _Embedder:
    name = "vectors"

    async def embed(self, text: str) -> Embedded | None:
        return Embedded((1.0, 0.0), 40)

    async def close(self) -> None: ...


async def test_vectors_of_answers_that_are_compared(tmp_path: Path) -> None:
    async with cascading(tmp_path, checks=SIMILAR, budgets=BUDGETS) as it:
        rule_with(it, lambda _: ACCEPT)
        referee = it.running.pipeline.referee
        referee.embedder = _Embedder()
        referee.vectors = Vectors("sim", "vectors", Money.from_usd("0.00001"))
        await answer(it)
        await agree(it)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("step", [PAIR, LYING], ids=["accepted", "escalated"])
async def test_a_cascade_of_four_choices_whose_answer_is_checked(
    tmp_path: Path, stream: bool, step: tuple[str, str]
) -> None:
    terms = CascadeTerms(check_share=1.0)
    async with cascading(tmp_path, step, terms=terms, budgets=BUDGETS) as it:
        await answer(it, n=4, stream=stream)
        await until(lambda: len(it.rows()) == 3)
        await agree(it)


@pytest.mark.parametrize("stream", [False, True])
async def test_attempts_of_a_request_during_which_the_ledger_is_asked_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stream: bool
) -> None:
    """As when Redis has lost its accounts: the ledger has nothing of a request before its end."""
    usual = MemoryBudgetStore.reserve

    async def anew(self: MemoryBudgetStore, *asked: Any) -> Any:
        self.doubt()
        return await usual(self, *asked)

    monkeypatch.setattr(MemoryBudgetStore, "reserve", anew)
    async with proxy(tmp_path, budgets=BUDGETS) as it:
        async with it.post(stream=stream, faults="sim-open-8b:reset") as response:
            await response.read()
        assert [(row["outcome"], row["cost_pico"] > 0) for row in it.rows()] == [
            ("failed", True),
            ("failed", True),
            ("ok", True),
        ]
        await agree(it)


async def test_a_vector_of_the_question_whether_or_not_an_answer_is_found_by_it(
    tmp_path: Path,
) -> None:
    async with proxy(tmp_path, policy=BY_MEANING, budgets=BUDGETS, more=VECTORS) as it:
        for prompt in (LIGHTHOUSE, "explain how a lighthouse works"):
            async with it.post(prompt=prompt) as response:
                await response.read()
        rows = it.rows()
        assert [row["outcome"] for row in rows if row["attempt"] >= 0] == ["ok", "cache_hit"]
        assert len(rows) == 4
        await agree(it)


@pytest.mark.parametrize(
    ("holder", "name"),
    [(MemoryIndex, "nearest"), (MemoryRateLimiter, "take"), (MemoryBudgetStore, "reserve")],
)
async def test_a_vector_whose_client_leaves_before_anything_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, holder: type, name: str
) -> None:
    came, goes_on, usual = asyncio.Event(), asyncio.Event(), getattr(holder, name)

    async def waiting(*asked: Any) -> Any:
        came.set()
        await goes_on.wait()
        return await usual(*asked)

    monkeypatch.setattr(holder, name, waiting)
    more = {**VECTORS, "limits": [{"requests_per_minute": 100}]}
    async with proxy(tmp_path, policy=BY_MEANING, budgets=BUDGETS, more=more) as it:
        asking = asyncio.create_task(it.post(prompt=LIGHTHOUSE).__aenter__())
        await asyncio.wait_for(came.wait(), 5)
        asking.cancel()
        await until(lambda: len(it.rows()) == 1)
        goes_on.set()
        await agree(it)


async def test_a_vector_whose_request_comes_to_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def other(*_: Any) -> None:
        raise ApiError(402, "no candidate is left", code="budget_exceeded")

    monkeypatch.setattr(Similar, "_other", other)
    async with proxy(tmp_path, policy=BY_MEANING, budgets=BUDGETS, more=VECTORS) as it:
        async with it.post(prompt=LIGHTHOUSE) as response:
            assert response.status == 402
        await agree(it)

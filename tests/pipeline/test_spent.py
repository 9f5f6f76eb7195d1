"""Whatever a request does, its budgets have spent what is in its books, to the pico-dollar."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from router.domain.cascade import CascadeTerms
from router.domain.money import Money
from router.pipeline.similar import Vectors
from router.ports import Embedded
from tests.pipeline.cascade_kit import ACCEPT, LYING, PAIR, SIMILAR, answer, cascading, rule_with
from tests.pipeline.kit import Proxy, proxy
from tests.simulated.raw import until

BUDGETS = [{"usd": 100, "per": "month"}, {"usd": 10, "per": "day"}]


async def balances(it: Proxy) -> list[Mapping[str, Any]]:
    async with it.client.get(f"{it.running.url}/admin/budgets") as response:
        found: list[Mapping[str, Any]] = orjson.loads(await response.read())["budgets"]
    return found


async def agree(it: Proxy) -> None:
    """The budgets have spent what is in the books, and nothing is set aside any more."""
    booked = Money(sum(row["cost_pico"] for row in it.rows()))
    assert booked
    for told in await balances(it):
        assert Money.from_usd(told["spent_usd"]) == booked
        assert told["reserved_usd"] == "0"


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


async def test_a_vector_of_the_question_whether_or_not_an_answer_is_found_by_it(
    tmp_path: Path,
) -> None:
    semantic = {"mode": "on", "by": "meaning", "check_share": 0}
    vectors = {"upstream": "sim", "model": "sim-open-8b", "usd_per_mtok": 20}
    more = {"cache": {"url": "memory", "embeddings": vectors}}
    policy = {"cache": {"ttl_s": 60, "semantic": semantic}}
    async with proxy(tmp_path, policy=policy, budgets=BUDGETS, more=more) as it:
        for prompt in ("Please explain how a lighthouse works.", "explain how a lighthouse works"):
            async with it.post(prompt=prompt) as response:
                await response.read()
        rows = it.rows()
        assert [row["outcome"] for row in rows if row["attempt"] >= 0] == ["ok", "cache_hit"]
        assert len(rows) == 4
        await agree(it)

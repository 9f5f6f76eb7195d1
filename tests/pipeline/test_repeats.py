"""A limit that is written twice: where money is bounded, nobody may read the other one."""

from pathlib import Path

import pytest

from tests.pipeline.kit import Proxy, proxy

TWICE = b'{"model":"auto","messages":[{"role":"user","content":"Hi"}],"max_tokens":9000,"max_tokens":50}'
BUDGETS = [{"usd": 100, "per": "day"}]


async def status(one: Proxy) -> tuple[int, str]:
    """The status, and the code of the error if it is one."""
    url = f"{one.running.url}/v1/chat/completions"
    async with one.client.post(url, data=TWICE) as response:
        told = await response.json()
        return response.status, told.get("error", {}).get("param") or ""


async def test_under_a_budget_it_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    async with proxy(tmp_path, budgets=BUDGETS) as one:
        assert await status(one) == (400, "max_tokens")
        assert not one.rows()


@pytest.mark.parametrize(("limits", "expected"), [({}, 200), ({"max_output_tokens": 100}, 400)])
async def test_without_one_it_depends_on_whether_answers_are_capped(
    tmp_path: Path, limits: dict[str, int], expected: int
) -> None:
    async with proxy(tmp_path, server={"limits": limits}) as one:
        assert (await status(one))[0] == expected

"""What a process learns of its models' answers, and says of the next one."""

from pathlib import Path
from typing import Any

from tests.pipeline.kit import PRICE, QUESTION, Proxy, proxy

ANSWERS = 16


async def foretold(it: Proxy, **fields: Any) -> dict[str, Any]:
    """What is expected of the chosen model's answer, in USD."""
    body = {"model": "auto", "messages": [{"role": "user", "content": QUESTION}], **fields}
    async with it.client.post(f"{it.running.url}/v1/route", json=body) as response:
        told: dict[str, Any] = await response.json()
    return told


async def test_of_an_answer_with_three_choices_a_third_is_the_length_of_one(tmp_path: Path) -> None:
    async with proxy(tmp_path, models=["sim-mid"]) as it:
        for _ in range(ANSWERS):
            async with it.post(n=3) as response:
                assert response.status == 200
                await response.read()
        generated = sum(row["output_tokens"] for row in it.rows()) / ANSWERS / 3
        told = await foretold(it)
    prompt = told["features"]["prompt_tokens"]
    cost = told["candidates"][0]["cost"]
    expected = (float(cost["expected_usd"]) * 1e6 - prompt * PRICE["input_usd_per_mtok"]) / 2

    assert generated > 10
    # Drawn towards the typical length, which is longer.
    assert generated < expected < 2.5 * generated
    assert float(cost["p10_usd"]) <= float(cost["p90_usd"]) <= float(cost["upper_usd"])

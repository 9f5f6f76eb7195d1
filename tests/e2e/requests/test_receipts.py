"""A client that asks what its answer cost finds it in the answer itself; no other client sees anything."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from tests.e2e.books import rows
from tests.e2e.configs import ledger_of, write_config
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Simulator

WISH = {"farthing": {"receipt": True}}
PICO = Decimal(10) ** 12


@pytest.fixture(scope="module")
def cached(
    tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator
) -> Iterator[Farthing]:
    folder = tmp_path_factory.mktemp("receipts")
    with Farthing(write_config(folder, shared_simulator.base_url)) as running:
        yield running


@pytest.fixture
def asking(cached: Farthing) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=cached.base_url, api_key="any", max_retries=0) as made:
        yield made


def question(text: str) -> list[ChatCompletionMessageParam]:
    return [{"role": "user", "content": text}]


def receipt_of(answer: Any) -> dict[str, Any]:
    found: dict[str, Any] = answer.model_extra["farthing"]
    return found


def row_of(path: Path, request_id: str) -> Any:
    (row,) = [row for row in rows(path) if row["request_id"] == request_id]
    return row


def test_a_plain_answer_carries_its_receipt(asking: openai.OpenAI, cached: Farthing) -> None:
    answer = asking.chat.completions.create(
        model="auto", messages=question("Name three rivers."), extra_body=WISH
    )
    receipt = receipt_of(answer)
    row = row_of(ledger_of(cached.config), receipt["request_id"])

    assert Decimal(receipt["cost_usd"]) * PICO == row["cost_pico"]
    assert Decimal(receipt["baseline_usd"]) * PICO == row["baseline_pico"]
    assert (receipt["model"], receipt["policy"]) == (row["model"], "balanced")
    assert (receipt["attempts"], receipt["cached"], receipt["cost_is_sure"]) == (1, False, True)
    assert answer.usage is not None
    assert sum(receipt["usage"].values()) == answer.usage.total_tokens


def test_a_stream_ends_with_it(asking: openai.OpenAI, cached: Farthing) -> None:
    stream = asking.chat.completions.create(
        model="auto", messages=question("Name three lakes."), stream=True, extra_body=WISH
    )
    chunks = list(stream)
    receipt = receipt_of(chunks[-1])

    assert chunks[-1].choices == []
    assert chunks[-1].id == chunks[0].id
    assert not any(chunk.model_extra for chunk in chunks[:-1])
    assert (
        Decimal(receipt["cost_usd"]) * PICO
        == row_of(ledger_of(cached.config), receipt["request_id"])["cost_pico"]
    )


@pytest.mark.parametrize("stream", [False, True])
def test_a_cached_answer_says_what_it_saved(asking: openai.OpenAI, stream: bool) -> None:
    def ask() -> dict[str, Any]:
        said = asking.chat.completions.create(
            model="auto",
            messages=question(f"Name three seas, {stream}."),
            stream=stream,
            extra_body=WISH,
        )
        return receipt_of(list(said)[-1] if stream else said)

    first, again = ask(), ask()

    assert (again["cached"], again["cost_usd"], again["attempts"]) == (True, "0", 0)
    assert again["saving_usd"] == again["baseline_usd"] == first["baseline_usd"]


def test_a_header_asks_for_it_too_and_headers_tell_it(asking: openai.OpenAI) -> None:
    raw = asking.chat.completions.with_raw_response.create(
        model="auto",
        messages=question("Name three deserts."),
        extra_headers={"x-farthing-receipt": "true"},
    )
    receipt = receipt_of(raw.parse())

    assert raw.headers["x-farthing-cost-usd"] == receipt["cost_usd"]
    assert raw.headers["x-farthing-saving-usd"] == receipt["saving_usd"]
    assert "output_tokens=" in raw.headers["x-farthing-usage"]


def test_whoever_does_not_ask_sees_nothing(asking: openai.OpenAI) -> None:
    answer = asking.chat.completions.create(model="auto", messages=question("Name three moons."))

    assert answer.model_extra == {}


def test_a_wish_that_is_not_known_is_refused(asking: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="'receipt'"):
        asking.chat.completions.create(
            model="auto", messages=question("Hello?"), extra_body={"farthing": {"recipe": True}}
        )
    with pytest.raises(openai.BadRequestError, match="x-farthing-receipt"):
        asking.chat.completions.create(
            model="auto", messages=question("Hello?"), extra_headers={"x-farthing-receipt": "maybe"}
        )

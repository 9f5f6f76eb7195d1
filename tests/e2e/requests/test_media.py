"""Sounds and files in a prompt: budgets, limits and counts see them before an upstream has counted them."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.configs import write_config
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import post, send
from tests.recordings import pdf, wav

PAGES = 20
PDF = base64.b64encode(pdf(PAGES * 32_768)).decode()
HEARD: dict[str, Any] = {
    "type": "input_audio",
    "input_audio": {"data": base64.b64encode(wav(100, rate=8000)).decode(), "format": "wav"},
}
READ: dict[str, Any] = {
    "type": "file",
    "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"},
}


@pytest.fixture(scope="module")
def farthing(
    tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator
) -> Iterator[Farthing]:
    models = {
        "dear": {
            "upstream": "sim",
            "name": "sim-mid",
            "price": {"input_usd_per_mtok": 100, "output_usd_per_mtok": 100},
            "context_tokens": 1_000_000,
            "max_output_tokens": 100,
        },
    }
    config = write_config(
        tmp_path_factory.mktemp("media"),
        shared_simulator.base_url,
        models=models,
        budgets=[{"usd": 0.3, "per": "day"}],
        cache={"url": "off"},
    )
    with Farthing(config) as running:
        yield running


@pytest.mark.parametrize("part", [HEARD, READ])
def test_a_budget_is_a_wall_for_sounds_and_files_too(
    farthing: Farthing, part: dict[str, Any]
) -> None:
    asked = [{"type": "text", "text": "What is it about?"}]
    words, all_of_it = (
        post(
            farthing.base_url,
            {"model": "dear", "max_tokens": 10, "messages": [{"role": "user", "content": content}]},
        )
        for content in (asked, [*asked, part])
    )
    assert words.status == 200
    assert (all_of_it.status, all_of_it.error["code"]) == (402, "budget_exceeded")


def test_of_a_file_of_unknown_size_a_budget_expects_the_worst(farthing: Farthing) -> None:
    part = {"type": "file", "file": {"file_id": "file-1"}}
    body = {"model": "dear", "max_tokens": 10, "messages": [{"role": "user", "content": [part]}]}

    refused = post(farthing.base_url, body)
    assert (refused.status, refused.error["code"]) == (402, "budget_exceeded")
    assert "of unknown size" in refused.error["message"]


def test_every_count_of_tokens_knows_files(farthing: Farthing) -> None:
    source = {"type": "base64", "media_type": "application/pdf", "data": PDF}
    plain = {"type": "text", "media_type": "text/plain", "data": "word" * 1000}
    documents = [{"type": "document", "source": each} for each in (source, plain)]
    asked = {"model": "dear", "messages": [{"role": "user", "content": documents}]}
    part = {"type": "input_file", "filename": "a.pdf", "file_data": READ["file"]["file_data"]}
    told = {"model": "dear", "input": [{"role": "user", "content": [part]}]}

    of_messages, of_responses = (
        send(f"{farthing.base_url}/{path}", json.dumps(body).encode()).json["input_tokens"]
        for path, body in (("messages/count_tokens", asked), ("responses/input_tokens", told))
    )
    assert of_messages == pytest.approx(PAGES * 2250 + 1000, abs=20)
    assert of_responses == pytest.approx(PAGES * 2250, abs=20)

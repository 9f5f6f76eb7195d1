"""An agent's conversation reaches its model as it was sent: what a provider has cached of it stays of use."""

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

from tests.e2e.caching.agent_talk import REMINDER, TURNS, WISHES, WORDS
from tests.e2e.configs import write_config
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import post

TOOL = {
    "type": "function",
    "function": {
        "name": "read_file",
        "description": "The text of a file. " * 40,
        "parameters": {"type": "object", "properties": {"path": {"type": "string"}}},
    },
}


def conversation() -> Iterator[list[dict[str, Any]]]:
    """The messages of each of an agent's calls: a wish now and then, and the results of tools."""
    dice = Random(60)
    talk: list[dict[str, Any]] = [{"role": "system", "content": _text(dice, 900)}]
    for turn in range(TURNS):
        if turn % 20 == 0:
            talk.append({"role": "user", "content": REMINDER + WISHES[turn // 20]})
        else:
            arguments = json.dumps({"path": f"src/{turn}.py"})
            function = {"name": "read_file", "arguments": arguments}
            call = {"id": f"call_{turn}", "type": "function", "function": function}
            talk.append({"role": "assistant", "content": None, "tool_calls": [call]})
            result = _text(dice, dice.randint(20, 400))
            talk.append({"role": "tool", "tool_call_id": f"call_{turn}", "content": result})
        yield talk


def _text(dice: Random, words: int) -> str:
    return " ".join(dice.choices(WORDS, k=words))


def body(model: str, messages: list[dict[str, Any]]) -> bytes:
    """A call as agents write it, what grows at its end."""
    head = {"model": model, "tools": [TOOL], "temperature": 1.0, "max_tokens": 100}
    return json.dumps({**head, "messages": messages}, separators=(", ", ": ")).encode()


class Seen(NamedTuple):
    """What reached the upstream, who answered and why, and the share that was cached: there, and without Farthing."""

    bodies: list[bytes]
    models: list[str]
    reasons: list[str]
    through: float
    direct: float


@pytest.fixture(scope="module")
def cached(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Seen]:
    """The conversation through Farthing, and the same without."""
    folder: Path = tmp_path_factory.mktemp("prefixes")
    with Simulator() as behind, Simulator() as alone:
        with Farthing(write_config(folder, behind.base_url)) as farthing:
            models, reasons = [], []
            for messages in conversation():
                got = post(farthing.base_url, body("auto", messages), {"cache-control": "no-store"})
                assert got.status == 200, got
                models.append(got.headers["x-farthing-model"])
                reasons.append(got.headers["x-farthing-reason"])
        for messages, model in zip(conversation(), models, strict=True):
            assert post(alone.base_url, body(model, messages)).status == 200
        bodies = [call.body or b"" for call in behind.calls]
        yield Seen(bodies, models, reasons, _share(behind), _share(alone))


def _share(simulator: Simulator) -> float:
    usages = [call.usage for call in simulator.calls]
    return sum(u.cache_read_tokens for u in usages) / sum(u.input_tokens for u in usages)


def test_the_bytes_of_one_call_are_the_beginning_of_the_next_ones(
    cached: Seen,
) -> None:
    assert len(cached.bodies) == TURNS
    for before, after in pairwise(cached.bodies):
        assert after.startswith(before.removesuffix(b"]}"))


def test_a_conversation_without_a_name_stays_with_one_model(
    cached: Seen,
) -> None:
    assert len(set(cached.models)) == 1


def test_what_its_provider_has_of_it_is_told(cached: Seen) -> None:
    assert "kept" not in cached.reasons[0]
    told = [re.search(r"; (\d+) tokens kept;", reason) for reason in cached.reasons[1:]]
    counts = [int(each[1]) for each in told if each]
    assert len(counts) == TURNS - 1
    assert counts == sorted(counts)


def test_as_much_is_read_from_the_providers_cache_as_without_farthing(
    cached: Seen,
) -> None:
    assert cached.direct > 0.8
    assert cached.through >= 0.95 * cached.direct

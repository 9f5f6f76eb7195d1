"""An agent that speaks Messages, before a provider that does: what it has marked for the cache is read from there."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

from tests.e2e.caching.agent_talk import REMINDER, TURNS, WISHES, WORDS
from tests.e2e.configs import bare_model, write_config
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import send

Json = dict[str, Any]
MARK = {"cache_control": {"type": "ephemeral"}}
TOOL = {
    "name": "read_file",
    "description": "The text of a file. " * 40,
    "input_schema": {"type": "object", "properties": {"path": {"type": "string"}}},
    **MARK,
}


def _text(dice: Random, words: int) -> str:
    return " ".join(dice.choices(WORDS, k=words))


def conversation() -> Iterator[list[Json]]:
    """The messages of each of an agent's calls, every twentieth marked for the cache."""
    dice = Random(60)
    talk: list[Json] = []
    for turn in range(TURNS):
        if turn % 20 == 0:
            wish = {"type": "text", "text": REMINDER + WISHES[turn // 20], **MARK}
            talk.append({"role": "user", "content": [wish]})
        else:
            use = {"type": "tool_use", "id": f"toolu_{turn}", "name": "read_file"}
            call = {**use, "input": {"path": f"src/{turn}.py"}}
            result = {"type": "tool_result", "tool_use_id": f"toolu_{turn}"}
            told = {**result, "content": _text(dice, dice.randint(20, 400))}
            talk += [{"role": "assistant", "content": [call]}, {"role": "user", "content": [told]}]
        yield talk


def body(model: str, messages: list[Json]) -> bytes:
    system = [{"type": "text", "text": _text(Random(1), 900), **MARK}]
    head = {"model": model, "max_tokens": 100, "temperature": 1.0, "top_k": 5, "tools": [TOOL]}
    told = {**head, "system": system, "messages": messages}
    return json.dumps(told, separators=(", ", ": ")).encode()


class Seen(NamedTuple):
    """What was sent and what arrived, and the share that was cached: there, and without Farthing."""

    sent: list[bytes]
    arrived: list[bytes]
    through: float
    direct: float


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    folder: Path = tmp_path_factory.mktemp("native")
    with Simulator() as behind, Simulator() as alone:
        upstreams = {"sim": {"kind": "anthropic", "base_url": behind.base_url}}
        models = {"claude": bare_model("sim", "sim-frontier")}
        config = write_config(folder, behind.base_url, upstreams=upstreams, models=models)
        sent = [body("claude", messages) for messages in conversation()]
        with Farthing(config) as farthing:
            for each in sent:
                got = send(f"{farthing.base_url}/messages", each)
                assert got.status == 200, got
        for messages in conversation():
            direct = body("sim-frontier", messages)
            assert send(f"{alone.base_url}/messages", direct).status == 200
        arrived = [call.body or b"" for call in behind.calls]
        yield Seen(sent, arrived, _share(behind), _share(alone))


def _share(simulator: Simulator) -> float:
    usages = [call.usage for call in simulator.calls]
    return sum(u.cache_read_tokens for u in usages) / sum(u.input_tokens for u in usages)


def test_what_arrives_is_what_was_sent_but_for_the_models_name(seen: Seen) -> None:
    assert seen.arrived == [each.replace(b'"claude"', b'"sim-frontier"') for each in seen.sent]


def test_the_bytes_of_one_call_are_the_beginning_of_the_next_ones(seen: Seen) -> None:
    assert len(seen.arrived) == TURNS
    for before, after in pairwise(seen.arrived):
        assert after.startswith(before.removesuffix(b"]}"))


def test_as_much_is_read_from_the_providers_cache_as_without_farthing(seen: Seen) -> None:
    assert seen.direct > 0.8
    assert seen.through >= 0.95 * seen.direct

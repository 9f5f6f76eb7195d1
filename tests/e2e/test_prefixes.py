"""An agent's conversation reaches its model as it was sent: what a provider has cached of it stays of use."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.e2e.configs import write_config
from tests.e2e.programs import Farthing
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import post

TURNS = 60
TOOL = {
    "type": "function",
    "function": {
        "name": "read_file",
        "description": "The text of a file. " * 40,
        "parameters": {"type": "object", "properties": {"path": {"type": "string"}}},
    },
}
WISHES = ("Rename the parser's class and fix what breaks.", "yes, go on", "Now the lexer, please.")
REMINDER = "<system-reminder>\nThe list of things to do is empty.\n</system-reminder>\n"
WORDS = (
    "parser",
    "token",
    "def",
    "return",
    "None",
    "raise",
    "value",
    "self.",
    "\n    ",
    "é",
    '"',
    "\\",
)


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


@pytest.fixture(scope="module")
def cached(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[list[bytes], list[str], float, float]]:
    """What reached the upstream, which models, and the share that was cached: there, and without Farthing."""
    folder: Path = tmp_path_factory.mktemp("prefixes")
    with Simulator() as behind, Simulator() as alone:
        with Farthing(write_config(folder, behind.base_url)) as farthing:
            models = []
            for messages in conversation():
                got = post(farthing.base_url, body("auto", messages), {"cache-control": "no-store"})
                assert got.status == 200, got
                models.append(got.headers["x-farthing-model"])
        for messages, model in zip(conversation(), models, strict=True):
            assert post(alone.base_url, body(model, messages)).status == 200
        bodies = [call.body or b"" for call in behind.counters.calls]
        yield bodies, models, _share(behind), _share(alone)


def _share(simulator: Simulator) -> float:
    usages = [call.usage for call in simulator.counters.calls]
    return sum(u.cache_read_tokens for u in usages) / sum(u.input_tokens for u in usages)


def test_the_bytes_of_one_call_are_the_beginning_of_the_next_ones(
    cached: tuple[list[bytes], list[str], float, float],
) -> None:
    bodies, *_ = cached

    assert len(bodies) == TURNS
    for before, after in pairwise(bodies):
        assert after.startswith(before.removesuffix(b"]}"))


def test_a_conversation_without_a_name_stays_with_one_model(
    cached: tuple[list[bytes], list[str], float, float],
) -> None:
    _, models, *_ = cached

    assert len(set(models)) == 1


def test_as_much_is_read_from_the_providers_cache_as_without_farthing(
    cached: tuple[list[bytes], list[str], float, float],
) -> None:
    *_, through, direct = cached

    assert direct > 0.8
    assert through >= 0.95 * direct

"""What was learnt, and what was seen of models, when files change."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from router.config.evidence.artefact_files import write_artefact
from router.domain.category import Category
from router.pipeline.current import Reloaded
from router.pipeline.judge import Judge
from router.training.parity import parity_cases
from tests.pipeline.kit import Proxy, proxy
from tests.pipeline.reload_kit import FIRST, SECOND, change_config, models_of, reloads, writer
from tests.stores.waiting import until
from tests.training.learning import tokenize, usual_artefact


async def test_an_artefact_that_breaks_is_told_and_requests_are_answered_by_priors(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    artefact = usual_artefact()
    cases = parity_cases(artefact.kinds, [tokenize("rose thorn")])
    write_artefact(artefact, cases, tmp_path / "mine")
    tables = tmp_path / "mine" / "tables.npz"
    whole = tables.read_bytes()
    async with proxy(tmp_path, follows=True) as it:
        assert judge_of(it).quality is not None  # the one that ships
        usual = lengths_expected(it)
        change_config(it, quality={"artefact": "mine"})
        await reloads(it, Reloaded.CHANGED)
        assert names_learnt(it) == artefact.models
        assert judge_of(it).reader.kinds is not None
        assert lengths_expected(it) != usual

        tables.write_bytes(whole[:-1])
        change_config(it, quality={"artefact": "./mine"})
        await reloads(it, Reloaded.CHANGED, 2)
        assert judge_of(it).quality is None
        assert judge_of(it).reader.kinds is None
        assert judge_of(it).reader.categories is not None
        assert await writer(it) == FIRST
        (told,) = [each for each in caplog.records if "what was learnt" in each.getMessage()]
        assert told.levelno == logging.ERROR
        assert "tables.npz was changed" in told.getMessage()
        assert told.getMessage().endswith("models keep their priors")

        tables.write_bytes(whole)
        it.following.reload_requests.order()
        await reloads(it, Reloaded.CHANGED, 3)
        assert names_learnt(it) == artefact.models
        assert await writer(it) == FIRST

    assert it.running.current.counts[Reloaded.FAILED] == 0


def judge_of(it: Proxy) -> Judge:
    return it.running.pipeline.judge


def lengths_expected(it: Proxy) -> Sequence[float]:
    """Mean tokens of an answer of any model, by category."""
    judge = judge_of(it)
    one = next(iter(judge.models.values()))
    return [judge.experience.length(one, each).tokens.mean for each in Category]


def names_learnt(it: Proxy) -> tuple[str, ...]:
    quality = judge_of(it).quality
    assert quality is not None
    return quality.names


async def test_a_model_that_is_repointed_has_nothing_of_what_was_seen_of_the_other(
    tmp_path: Path,
) -> None:
    async with proxy(tmp_path, follows=True) as it:
        assert await writer(it) == FIRST
        judge = judge_of(it)
        assert FIRST in seen_by(judge)
        models = models_of(it)
        models[FIRST]["name"] = SECOND
        change_config(it, models=models)
        await reloads(it, Reloaded.CHANGED)
        assert FIRST not in seen_by(judge_of(it))


async def test_a_provider_to_which_a_model_moves_has_read_nothing_of_its_conversations(
    tmp_path: Path,
) -> None:
    long = [{"role": "user", "content": "The same long story. " * 1000}]
    async with proxy(tmp_path, follows=True) as it:
        assert await writer(it, messages=long) == FIRST
        assert await kept_tokens(it, long) > 0

        slow = asyncio.create_task(writer(it, messages=long, faults=f"{FIRST}:delay,seconds=0.5"))
        await until(lambda: it.upstream.counters[FIRST].requests == 2)
        models = models_of(it)
        models[FIRST]["name"] = SECOND
        change_config(it, models=models)
        await reloads(it, Reloaded.CHANGED)
        assert await kept_tokens(it, long) == 0
        assert await slow == FIRST
        assert await kept_tokens(it, long) == 0


async def test_tool_results_go_to_who_called_the_tool_and_not_to_who_has_its_id_now(
    tmp_path: Path,
) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    results = [
        {"role": "user", "content": "Call f."},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "1"},
    ]
    mine: dict[str, Any] = {"headers": {"x-session-id": "mine"}, "tools": tools}
    async with proxy(tmp_path, follows=True) as it:
        assert await writer(it, **mine, model=SECOND, prompt="Call f.") == SECOND
        for change, model in ({"context_tokens": 90_000}, SECOND), ({"name": FIRST}, FIRST):
            assert await writer(it, **mine, messages=results) == SECOND
            models = models_of(it)
            models[SECOND] |= change
            change_config(it, models=models)
            await reloads(it, Reloaded.CHANGED, 1 if model == SECOND else 2)
            assert await writer(it, **mine, messages=results) == model


async def kept_tokens(it: Proxy, messages: Sequence[Mapping[str, str]]) -> int:
    """How many tokens of a conversation the provider of the first model is taken to have cached."""
    async with it.post(messages=messages, headers={"x-farthing-dry-run": "true"}) as response:
        told = (await response.json())["circumstances"]["conversation"]["kept"]
    return int(told[FIRST]["tokens"]) if FIRST in told else 0


def seen_by(judge: Judge) -> set[str]:
    """The ids of the models whose latency was observed."""
    seen = judge.experience.latency
    return {
        name
        for name, model in judge.models.items()
        for category in Category
        if seen(model, category).as_of_s is not None
    }

"""What is right can be asked of a simulator that listens, and samples are counted there."""

import argparse
from typing import Any

import aiohttp
import openai
import orjson
import pytest

from router.cli import simulate
from router.providers.simulated import (
    Forms,
    Minds,
    RunningSimulator,
    default_models,
    running,
    truth_of,
)
from router.providers.simulated.request import parse
from tests.simulated.command import command

SUM: dict[str, Any] = {
    "model": "sim-open-8b",
    "messages": [{"role": "user", "content": "What is 17 * 23?"}],
}


async def marked(simulator: RunningSimulator, content: Any) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{simulator.url}/simulate/truth", json=content) as answer,
    ):
        return answer.status, await answer.json()


async def test_what_is_right_is_told_with_what_is_not(upstream: RunningSimulator) -> None:
    status, truth = await marked(upstream, {"request": SUM})
    assert (status, truth["category"], truth["kind"], truth["right"]) == (
        200,
        "maths",
        "number",
        "391",
    )
    assert "390" in truth["mistakes"]
    assert (truth["said"], truth["is_right"]) == (None, None)


@pytest.mark.parametrize(
    ("content", "said", "is_right"),
    [
        ("17 * 23 = 391", "391", True),
        ("\\boxed{391}", None, False),
        ("17 * 23 comes to 391, so we have\n\n\\boxed{391}", "391", True),
        ("Die Antwort lautet 390.", "390", False),
        ("I would rather not say.", None, False),
    ],
)
async def test_an_answer_is_marked_by_what_it_says(
    upstream: RunningSimulator, content: str, said: str | None, is_right: bool
) -> None:
    message = {"role": "assistant", "content": content}
    _, truth = await marked(upstream, {"request": SUM, "message": message})
    assert (truth["said"], truth["is_right"]) == (said, is_right)


async def test_what_has_no_right_answer_is_refused(upstream: RunningSimulator) -> None:
    talk = {**SUM, "messages": [{"role": "user", "content": "How are you?"}]}
    status, refusal = await marked(upstream, {"request": talk})
    assert (status, refusal["error"]["code"]) == (400, "no_truth")
    assert (await marked(upstream, {}))[0] == 400
    assert (await marked(upstream, {"request": {"model": "any"}}))[0] == 400


async def test_every_answer_over_the_wire_is_marked(upstream: RunningSimulator) -> None:
    minds = Minds(mistakes=0.5, forms=Forms.VARIED)
    async with (
        running(default_models(), speed=0, minds=minds) as simulator,
        openai.AsyncOpenAI(base_url=simulator.base_url, api_key="any") as client,
    ):
        for number in range(20):
            asked: dict[str, Any] = {
                **SUM,
                "messages": [{"role": "user", "content": f"What is {number} + 9?"}],
            }
            answer = await client.chat.completions.create(**asked)
            message = answer.choices[0].message.model_dump(exclude_none=True)
            _, truth = await marked(simulator, {"request": asked, "message": message})
            assert truth["said"] is not None, message
            assert truth["right"] == str(number + 9)


async def samples(simulator: RunningSimulator, count: int, **fields: Any) -> list[str | None]:
    async with openai.AsyncOpenAI(base_url=simulator.base_url, api_key="any") as client:
        answers = [await client.chat.completions.create(**SUM, **fields) for _ in range(count)]
    return [answer.choices[0].message.content for answer in answers]


async def test_above_a_temperature_of_0_each_time_is_another_sample_that_a_reset_takes_back() -> (
    None
):
    async with running(default_models(), speed=0, minds=Minds(repeats=0.0)) as simulator:
        first = await samples(simulator, 12, temperature=0.7)
        assert len(set(first)) > 2
        assert len(set(await samples(simulator, 6))) == 1
        assert len(set(await samples(simulator, 6, temperature=0))) == 1
        assert len(set(await samples(simulator, 6, temperature=0.7, seed=5))) == 1
        simulator.simulation.reset()
        assert await samples(simulator, 12, temperature=0.7) == first


async def test_without_samples_the_very_same_is_answered_with_the_very_same(
    upstream: RunningSimulator,
) -> None:
    assert len(set(await samples(upstream, 6, temperature=0.7))) == 1


async def test_what_models_have_in_common_is_said_on_the_command_line() -> None:
    arguments = ("--in-common", "difficulty=1, mistakes=0.5", "--forms", "varied", "--speed", "0")
    async with command(*arguments) as (_, lines):
        url = next(line for line in lines if line.startswith("Simulated")).split()[3]
        async with openai.AsyncOpenAI(base_url=url, api_key="any") as client:
            said = {
                (await client.chat.completions.create(**_sum(number))).choices[0].message.content
                for number in range(12)
            }
    assert any(" = " not in (text or "") for text in said)


@pytest.mark.parametrize(
    ("told", "complaint"),
    [
        ("mistakes=2", "mistakes must be in [0, 1]"),
        ("mistakes", "write NAME=SHARE"),
        ("luck=0.5", "--in-common has no luck: difficulty, mistakes, repeats"),
    ],
)
def test_what_is_no_share_is_said(
    told: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    simulate.add_arguments(parser)
    assert simulate.run(parser.parse_args(["--in-common", told])) == 2
    assert complaint in capsys.readouterr().err


def test_in_this_process_the_truth_is_a_function() -> None:
    truth = truth_of(parse(orjson.dumps(SUM)))
    assert truth is not None
    assert truth.right == "391"


def _sum(number: int) -> dict[str, Any]:
    asked = {"role": "user", "content": f"What is {number} + 1000?"}
    return {"model": "sim-frontier", "messages": [asked]}

"""`farthing simulate`, started as people start it."""

import argparse
import asyncio
import json
import signal
from asyncio.subprocess import PIPE
from pathlib import Path

import aiohttp
import pytest

from router.cli import simulate
from tests.simulated.command import command


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_says_where_it_is_answers_and_ends_cleanly(number: signal.Signals) -> None:
    async with command("--speed", "0") as (process, lines):
        url = next(line for line in lines if line.startswith("Simulated")).split()[3]
        assert any("sim-open-8b" in line for line in lines)
        assert any("/simulate/counters" in line for line in lines)
        body = {"model": "sim-frontier", "messages": [{"role": "user", "content": "6 * 7?"}]}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{url}/chat/completions", json=body) as answer,
        ):
            assert "42" in (await answer.json())["choices"][0]["message"]["content"]
        process.send_signal(number)
        _, errors = await process.communicate()
        assert (process.returncode, errors) == (0, b"")


async def test_the_curl_line_that_it_prints_works() -> None:
    async with command("--speed", "0") as (_, lines):
        text = "".join(lines)
        shell = text[text.index("curl ") : text.index("Counters:")]
        curl = await asyncio.create_subprocess_shell(f"{shell.strip()} -s", stdout=PIPE)
        output, _ = await curl.communicate()
        assert json.loads(output)["choices"][0]["message"]["content"] == "17 * 23 = 391"


async def test_faults_and_models_are_taken_from_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "models.yaml"
    file.write_text(
        "models:\n  - {id: 'own:1', price: {input: 1, output: 2}, quality: 1, ttft_s: 0, "
        "tokens_per_s: 9}\n"
    )
    arguments = ("--models", str(file), "--fault", "own:1:status,code=503", "--fault", "own:1:ok")
    async with command(*arguments, "--speed", "0") as (_, lines):
        url = next(line for line in lines if line.startswith("Simulated")).split()[3]
        body = {"model": "own:1", "messages": [{"role": "user", "content": "Hello"}]}
        codes = []
        async with aiohttp.ClientSession() as session:
            for _ in range(4):
                async with session.post(f"{url}/chat/completions", json=body) as answer:
                    codes.append(answer.status)
        assert codes == [503, 200, 503, 200]


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="farthing simulate")
    simulate.add_arguments(parser)
    return parser.parse_args(arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--fault", "sim-mid:bogus"), "'bogus' is not a fault; available: ok"),
        (("--fault", "gpt:cut"), "'gpt' is not a simulated model"),
        (("--fault-rate", "often:cut"), "write SHARE:[MODEL:]FAULT"),
        (("--fault-rate", "2:cut"), "probability must be in [0, 1]"),
        (("--speed", "-1"), "speed must be 0 or more"),
    ],
)
def test_wrong_arguments_are_explained(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert simulate.run(parsed(*arguments)) == 2
    assert message in capsys.readouterr().err


def test_the_help_lists_the_faults(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed("--help")
    told = capsys.readouterr().out
    assert "status,code=503" in told
    assert "x-simulate" in told

"""Recorded requests are asked again, scored, and change decisions: with real servers.

To look at the pictures of the page:
FARTHING_PICTURES=var/pictures make test ARGS=tests/e2e/quality/test_calibrate.py
"""

import json
import os
import random
import re
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
import yaml

from router.domain.money import ZERO, Money
from router.evaluation.answer_files import read_rows
from tests.e2e.books import rows
from tests.e2e.browser import Page, chromium, saved
from tests.e2e.configs import as_yaml, ledger_of, models, write_config
from tests.e2e.programs import Done, Farthing, here
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import chat, post

SUMS = 60
QUESTION = "What is 17 * 23?"
BROWSER = chromium()
in_a_browser = pytest.mark.skipif(
    BROWSER is None,
    reason="needs a Chromium or Chrome on PATH: apt install chromium, or brew install chromium",
)


@pytest.fixture
def config(tmp_path: Path, shared_simulator: Simulator) -> Path:
    """Two models, of which the small one is thought to be far better at sums than it is."""
    known = models("sim")
    own = {name: known[name] for name in ("sim-open-8b", "sim-frontier")}
    own["sim-open-8b"]["abilities"]["maths"] = 0.97
    path = write_config(tmp_path, shared_simulator.base_url, cache={"url": "off"})
    config = yaml.safe_load(path.read_text("utf-8"))
    path.write_text(as_yaml({**config, "models": own}), "utf-8")
    return path


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    return record(tmp_path / "recorded.jsonl", SUMS)


def record(path: Path, count: int, **fields: Any) -> Path:
    """So many different sums, each with what it comes to, streamed as a client would have asked."""
    chance = random.Random(count)
    lines = []
    for _ in range(count):
        a, b = chance.randint(100, 999), chance.randint(100, 999)
        messages = [{"role": "user", "content": f"What is {a} * {b}?"}]
        body = {"model": "gpt-4o", "stream": True, "n": 2, "messages": messages, **fields}
        lines.append(json.dumps({**body, "expected": a * b}))
    path.write_text("\n".join(lines), "utf-8")
    return path


def calibrate(config: Path, *arguments: str | Path) -> Done:
    return here("calibrate", "--config", str(config), *map(str, arguments))


def asked(config: Path, recorded: Path, *arguments: str | Path) -> Done:
    return calibrate(config, "--requests", recorded, "--score", "contains", *arguments)


def chosen(config: Path) -> dict[str, Any]:
    told = json.loads(here("explain", "--config", str(config), QUESTION, "--json").out)
    found: dict[str, Any] = next(each for each in told["candidates"] if each["role"] == "chosen")
    return found


def calls(simulator: Simulator) -> int:
    """How many answers its models have given."""
    return sum(simulator.counters[model].finished for model in simulator.counters)


# ------------------------------------------------------------------------------ the whole way


def test_own_answers_change_what_is_decided_and_undo_takes_that_back(
    config: Path, recorded: Path
) -> None:
    assert chosen(config)["model"] == "sim-open-8b"

    done = asked(config, recorded, "--yes")
    assert (done.status, done.err) == (0, "")
    assert "maths: own answers" in done.out
    now = chosen(config)
    assert now["model"] == "sim-frontier"
    assert now["quality"]["source"] == "local"
    assert "local" in here("explain", "--config", str(config), QUESTION).out

    assert calibrate(config, "--undo").status == 0
    assert chosen(config)["model"] == "sim-open-8b"


def test_a_server_that_runs_takes_it_over_by_itself(config: Path, recorded: Path) -> None:
    with Farthing(config) as farthing:
        got = post(farthing.base_url, chat(QUESTION))
        assert got.headers["x-farthing-model"] == "sim-open-8b"
        assert asked(config, recorded, "--yes").status == 0
        farthing.wait_for(r"reloaded in \d+ ms: local quality none -> \w+-\w+; model")
        got = post(farthing.base_url, chat(QUESTION + " "))
        assert got.headers["x-farthing-model"] == "sim-frontier"


def test_every_call_is_in_the_ledger_and_costs_what_was_said(config: Path, recorded: Path) -> None:
    done = asked(config, recorded, "--yes")
    spent = re.search(r"120 new answers for (\S+) USD", done.out)
    booked = [row for row in rows(ledger_of(config)) if row["model"]]

    assert spent
    assert len(booked) == 2 * SUMS
    assert Money.from_usd(spent[1]).pico == sum(row["cost_pico"] for row in booked)
    assert not any(row["stream"] for row in booked)


# ----------------------------------------------------------------------------- what it spends


def test_nothing_is_sent_without_a_yes(
    config: Path, recorded: Path, shared_simulator: Simulator
) -> None:
    before = calls(shared_simulator)
    done = asked(config, recorded)

    assert done.status == 1
    assert "add --yes" in done.err
    assert re.search(r"sim-open-8b +60 +0\.0\d+ +\d", done.out)
    assert re.search(r"total +120 +0\.\d+ +\d", done.out)
    assert calls(shared_simulator) == before
    assert not list(config.parent.glob("*.parquet*"))


def test_a_dry_run_sends_nothing_and_says_what_it_would_cost(
    config: Path, recorded: Path, shared_simulator: Simulator
) -> None:
    before = calls(shared_simulator)
    done = asked(config, recorded, "--dry-run", "--yes")

    assert (done.status, done.err) == (0, "")
    assert "Dry run: nothing was sent." in done.out
    assert calls(shared_simulator) == before


def test_an_answer_is_never_paid_twice(
    config: Path, recorded: Path, shared_simulator: Simulator
) -> None:
    assert asked(config, recorded, "--limit", "20", "--yes", "--dry-run").status == 0
    first = asked(config, recorded, "--limit", "40", "--yes")
    assert "80 new answers" in first.out
    before = calls(shared_simulator)
    more = asked(config, recorded, "--yes")
    assert "80 answers are already there" in more.out
    assert "40 new answers" in more.out
    again = asked(config, recorded)
    assert again.status == 0
    other = calibrate(config, "--requests", recorded, "--score", r"rule:\d{3}")
    assert other.status == 0
    assert calls(shared_simulator) == before + 40


def test_what_it_may_cost_is_never_exceeded(config: Path, tmp_path: Path) -> None:
    short = record(tmp_path / "short.jsonl", SUMS, max_tokens=100)
    done = asked(config, short, "--yes", "--max-cost", "0.005")
    kept = read_rows(short.with_suffix(".outcomes.parquet"))
    spent = sum((Money.from_usd(row.cost_usd or 0) for row in kept), ZERO)

    assert "Stopped by --max-cost" in done.out
    assert {row.model for row in kept} == {"sim-open-8b", "sim-frontier"}
    assert Money.from_usd("0.002") < spent <= Money.from_usd("0.005")


def test_what_fails_is_told_and_asked_again_the_next_time(
    config: Path, recorded: Path, simulator: Simulator
) -> None:
    simulator.will("sim-open-8b", *["status,code=400"] * 3)
    first = asked(config, recorded, "--yes")
    assert "117 new answers" in first.out
    assert "3 calls of sim-open-8b failed" in first.out
    second = asked(config, recorded, "--yes")

    assert "3 new answers" in second.out
    assert "failed" not in second.out


# ---------------------------------------------------------------------------------- the files


def test_the_answers_are_kept_as_outcomes_that_can_be_used_again(
    config: Path, recorded: Path
) -> None:
    kept = config.parent / "kept.parquet"
    assert asked(config, recorded, "--yes", "--outcomes-file", kept, "--dry-run").status == 0
    assert asked(config, recorded, "--yes", "--outcomes-file", kept).status == 0
    found = read_rows(kept)

    assert len(found) == 2 * SUMS
    assert {row.scored_by for row in found} == {"contains"}
    assert {row.category for row in found} == {"maths"}
    assert all(row.cost_usd and row.input_tokens and row.output_tokens for row in found)
    done = calibrate(config, kept, "--dry-run", "--json", config.parent / "told.json")
    assert "own answers would be installed for maths" in done.out
    told = json.loads((config.parent / "told.json").read_text("utf-8"))
    assert told["sources"] == {"contains": SUMS}


def test_feedback_is_told_apart_and_weighs_less(config: Path, tmp_path: Path) -> None:
    gold, heard = tmp_path / "gold.jsonl", tmp_path / "heard.jsonl"
    outcomes(gold, 60, {"sim-open-8b": 0.4, "sim-frontier": 0.95})
    outcomes(heard, 30, {"sim-open-8b": 1.0}, scored_by="feedback", start=1000)
    told = tmp_path / "told.json"
    done = calibrate(config, gold, "--feedback-file", heard, "--dry-run", "--json", told)
    assert (done.status, done.err) == (0, "")
    assert "Feedback counts 0.25 of a gold label: that is a guess" in done.out
    found = json.loads(told.read_text("utf-8"))

    assert found["sources"] == {"file": 60}
    assert found["judged"] == 60
    assert [(each["source"], each["scores"], each["weight"]) for each in found["heard"]] == [
        ("feedback", 30, 0.25)
    ]
    small = next(e for e in found["categories"][0]["estimates"] if e["model"] == "sim-open-8b")
    assert small["scored"]["answers"] == 60
    assert small["feedback"] == {"mean": 1.0, "answers": 30}


def outcomes(
    path: Path, count: int, shares: dict[str, float], start: int = 0, **fields: Any
) -> Path:
    """So many made-up questions with scores that are right in these shares."""
    chance = random.Random(1)
    lines = [
        {"prompt": f"What is {number} * 7?", "model": model, "score": float(chance.random() < p)}
        for number in range(start, start + count)
        for model, p in shares.items()
    ]
    path.write_text("\n".join(json.dumps({**line, **fields}) for line in lines), "utf-8")
    return path


# ---------------------------------------------------------------------------------- the judge


def test_a_judge_scores_and_is_paid(config: Path, tmp_path: Path) -> None:
    few = record(tmp_path / "few.jsonl", 40)
    done = calibrate(config, "--requests", few, "--score", "judge:sim-frontier", "--yes")
    found = read_rows(few.with_suffix(".outcomes.parquet"))

    assert re.search(r"sim-frontier \(judge\) +80 ", done.out)
    assert {row.scored_by for row in found} == {"judge:sim-frontier/1"}
    assert all(row.score is None or 0.0 <= row.score <= 1.0 for row in found)
    assert len(rows(ledger_of(config))) == 160


# --------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("model", "score", "found"),
    [
        ("sim-mid", None, "none of 1 answers has a score"),
        ("gpt-9", 1, "only by gpt-9"),
    ],
)
def test_answers_that_cannot_be_used_are_told_by_what_they_lack(
    config: Path, tmp_path: Path, model: str, score: object, found: str
) -> None:
    given = tmp_path / "given.jsonl"
    given.write_text(json.dumps({"prompt": "Hi", "model": model, "answer": "Ho", "score": score}))

    done = calibrate(config, given)

    assert done.status == 1
    assert done.err.endswith(f"no scored answer by a model of the config ({found})\n")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "needs either files of outcomes or --requests"),
        (("--requests", "RECORDED"), "--requests needs --score: exact"),
        (("--requests", "RECORDED", "--score", "best"), "--score best: choose from exact"),
        (("--requests", "RECORDED", "--score", "judge:gpt-9"), "there is no model 'gpt-9'"),
        (
            ("--requests", "RECORDED", "--score", "exact", "--expected", "x"),
            "no record has a member",
        ),
        (("--requests", "none.jsonl", "--score", "exact"), "none.jsonl cannot be read"),
        (("none.parquet",), "none.parquet cannot be read"),
        (("RECORDED",), "row 1 has no prompt"),
        (("--undo",), "nothing was ever installed"),
        (("--requests", "RECORDED", "--score", "exact", "--since", "2026-01-01"), "add --feedback"),
        (("--feedback", "--html", "page.html"), "--html shows judged answers"),
        (("--requests", "RECORDED", "--score", "exact", "--models", "sim-frontie"), "sim-frontier"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(
    config: Path, recorded: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    done = calibrate(config, *(recorded if each == "RECORDED" else each for each in arguments))

    assert done.status == 1
    assert complaint in done.err
    assert "Traceback" not in done.err


def test_check_says_that_evidence_is_refused(config: Path, recorded: Path) -> None:
    assert asked(config, recorded, "--yes").status == 0
    numbers = next((config.parent / "quality").glob("*/estimates.json"))
    numbers.write_text(numbers.read_text("utf-8").replace("0.", "0.0", 1), "utf-8")

    assert "SHA-256 differs" in here("check", "--config", str(config)).out
    assert here("check", "--config", str(config), "--strict").status == 1
    assert chosen(config)["model"] == "sim-open-8b"


# ----------------------------------------------------------------------------------- the page


@in_a_browser
async def test_the_page_shows_what_was_found_and_asks_for_nothing(
    page: Page, config: Path, tmp_path: Path
) -> None:
    own = outcomes(tmp_path / "own.jsonl", 60, {"sim-open-8b": 0.4, "sim-frontier": 0.95})
    path, told, heard = (tmp_path / name for name in ("page.html", "told.json", "heard.jsonl"))
    outcomes(heard, 30, {"sim-open-8b": 1.0}, start=1000)
    written = ("--feedback-file", heard, "--html", path, "--json", told)
    assert calibrate(config, own, "--dry-run", *written).status == 0
    figures = json.loads(told.read_text("utf-8"))
    await page.open(path.as_uri())

    assert "1 of 1" in await page.text("#tiles")
    assert "own answers" in await page.text("#verdicts")
    assert figures["rule"]["says"] in await page.text("#verdicts-says")
    assert "counts 0.25 of a gold label: that is a guess" in await page.text("#heard-says")
    assert "maths sim-open-8b feedback 30" in " ".join((await page.text("#heard")).split())
    drawn = "document.querySelectorAll('%s').length"
    assert await page.run(drawn % "#money circle.single") == 2
    assert await page.run(drawn % "#money path.way") == 3
    bins = figures["pictures"]["reliability"]
    assert await page.run(drawn % "#true circle") == sum(map(len, bins.values()))
    assert await page.run(drawn % "#estimates rect.range") == 4
    assert page.console == []
    assert [url for url in page.asked if not url.startswith(("data:", "file:"))] == []
    await keep(page, "calibration")


async def keep(page: Page, name: str) -> None:
    """Save a picture, if somebody wants to look at it."""
    if folder := os.environ.get("FARTHING_PICTURES"):
        shot = await page.tell("Page.captureScreenshot", format="png")
        saved(b64decode(shot["data"]), Path(folder), f"{name}.png")

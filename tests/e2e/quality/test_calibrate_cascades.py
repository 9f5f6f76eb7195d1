"""Learning from one's own answers puts two cheap models before an expensive one: with real servers."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.browser import Page, chromium
from tests.e2e.configs import as_yaml, models, write_config
from tests.e2e.programs import Done, Farthing, here
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import chat, post

SUMS = 200
PAIR, TOP = ["sim-mid", "sim-open-70b"], "sim-frontier"
QUESTION = "What is 17 * 23?"
BROWSER = chromium()


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator) -> Path:
    """Three models, of whose agreement no artefact says anything, and recorded sums, which they have answered."""
    folder = tmp_path_factory.mktemp("cascades")
    path = write_config(
        folder, shared_simulator.base_url, cache={"url": "off"}, quality={"artefact": "none"}
    )
    known = models("sim")
    content = yaml.safe_load(path.read_text("utf-8"))
    own = {name: known[name] for name in (*PAIR, TOP)}
    path.write_text(as_yaml({**content, "models": own}), "utf-8")
    dice = random.Random(8)
    lines = [record(dice.randint(100, 999), dice.randint(100, 999)) for _ in range(SUMS)]
    recorded_beside(path).write_text("\n".join(map(json.dumps, lines)), "utf-8")
    assert calibrate(path).status == 0
    assert undo(path).status == 0
    return path


def record(a: int, b: int) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": f"What is {a} * {b}?"}], "expected": a * b}


def recorded_beside(config: Path) -> Path:
    return config.with_name("recorded.jsonl")


def calibrate(config: Path, *arguments: str | Path) -> Done:
    asked = ("--requests", recorded_beside(config), "--score", "contains", "--yes")
    return here("calibrate", "--config", str(config), *map(str, (*asked, *arguments)))


def undo(config: Path) -> Done:
    return here("calibrate", "--config", str(config), "--undo")


def explained(config: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        here("explain", "--config", str(config), QUESTION, "--json").out
    )
    return found


def test_a_pair_that_pays_is_asked_first_from_then_on_and_undo_takes_that_back(
    config: Path,
) -> None:
    assert "cascade" not in explained(config)
    with Farthing(config) as farthing:
        before = post(farthing.base_url, chat(QUESTION))
        done = calibrate(config)
        assert (done.status, done.err) == (0, "")
        assert f"maths: {' + '.join(PAIR)} > {TOP}: installed" in done.out
        assert "cascades in maths" in done.out
        farthing.wait_for(r"reloaded in \d+ ms: local quality none -> \w+-\w+")
        after = post(farthing.base_url, chat(QUESTION + " "))

    assert before.headers["x-farthing-reason"].split(";")[0] != "cascade"
    assert after.headers["x-farthing-reason"].split(";")[0] == "cascade"
    assert undo(config).status == 0
    assert "cascade" not in explained(config)


def test_explain_says_that_it_goes_by_own_answers(config: Path) -> None:
    assert calibrate(config).status == 0
    (step,) = explained(config)["cascade"]["steps"]

    assert sorted(step["models"]) == PAIR
    assert step["prospect"]["source"] == "local"
    assert "(local)" in here("explain", "--config", str(config), QUESTION).out
    assert undo(config).status == 0


def test_with_thirty_questions_nothing_is_installed_and_why_is_told(config: Path) -> None:
    told = config.with_name("few.json")
    done = calibrate(config, "--limit", "30", "--dry-run", "--json", told)
    found = json.loads(told.read_text("utf-8"))["cascades"]

    assert "maths: no cascade, needs 50 prompts with answers of every model" in done.out
    assert [(each["category"], each["tried"]) for each in found] == [("maths", [])]


@pytest.mark.skipif(BROWSER is None, reason="needs a Chromium or Chrome on PATH")
async def test_the_page_shows_what_was_tried(page: Page, config: Path) -> None:
    path = config.with_name("page.html")
    assert calibrate(config, "--dry-run", "--html", path).status == 0
    await page.open(path.as_uri())
    shown = await page.text("#cascades")

    assert f"{' + '.join(PAIR)} > {TOP}" in shown
    assert "installed" in shown

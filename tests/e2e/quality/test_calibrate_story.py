"""From traffic to evidence: answers by a server, feedback, labels, a yes on a terminal, and what reads the file."""

import json
import os
import pty
import random
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openai
import pytest
import yaml

from tests.e2e.configs import as_yaml, ledger_of, models, write_config
from tests.e2e.patience import PATIENCE_S, until
from tests.e2e.programs import FARTHING, REPO, Done, Farthing, environ, here
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import chat, post, send

SUMS = 120
RATED = 88
"""So many sums get feedback, and as many less 8 of these are known by their id when they are labelled."""


@dataclass(frozen=True)
class Story:
    """What is left of a day: a configuration with a ledger, and recorded requests."""

    config: Path
    recorded: Path

    def calibrate(self, *arguments: str | Path) -> Done:
        return here("calibrate", "--config", str(self.config), *map(str, arguments))

    def asked(self, *arguments: str | Path) -> Done:
        return self.calibrate("--requests", self.recorded, "--score", "contains", *arguments)

    def told(self, *arguments: str | Path) -> dict[str, Any]:
        path = self.config.with_name("told.json")
        done = self.asked("--yes", "--json", path, *arguments)
        assert (done.status, done.err) == (0, "")
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return found


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator) -> Story:
    """Sums that a small model answered, of which users said truly in nine of ten cases what they were worth."""
    known = models("sim")
    own = {name: known[name] for name in ("sim-open-8b", "sim-frontier")}
    own["sim-open-8b"]["abilities"]["maths"] = 0.97
    folder = tmp_path_factory.mktemp("story")
    config = write_config(folder, shared_simulator.base_url, cache={"url": "off"})
    content = yaml.safe_load(config.read_text("utf-8"))
    config.write_text(as_yaml({**content, "models": own}), "utf-8")
    recorded = folder / "recorded.jsonl"
    with Farthing(config) as farthing:
        recorded.write_text("\n".join(map(json.dumps, lived(farthing.base_url))), "utf-8")
        until(lambda: len(signs(config)) == 8)
    return Story(config, recorded)


def lived(base_url: str) -> Iterator[dict[str, Any]]:
    dice = random.Random(5)
    with openai.OpenAI(base_url=base_url, api_key="any") as client:
        for place in range(SUMS):
            a, b = dice.randint(100, 999), dice.randint(100, 999)
            messages = [{"role": "user", "content": f"What is {a} * {b}?"}]
            got = client.chat.completions.with_raw_response.create(
                model="auto",
                messages=messages,  # type: ignore[arg-type] # a mapping as well as any
            )
            request_id = got.headers["x-request-id"]
            is_right = str(got.parse().choices[0].message.content).endswith(f"= {a * b}")
            line = {"messages": messages, "expected": a * b}
            if place < RATED:
                score = is_right if dice.random() < 0.9 else not is_right
                said = json.dumps({"request_id": request_id, "score": score}).encode()
                assert send(f"{base_url}/feedback", said).status == 200
            yield {**line, "request_id": request_id} if place >= 8 else line
    for _ in range(9):  # asked nine times, which is eight times again
        post(base_url, chat("Good morning to you!"))


def signs(config: Path) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(ledger_of(config))) as books:
        return books.execute("select request_id from outcomes where source = 'retry'").fetchall()


# --------------------------------------------------------------------- what was heard by a server


def test_what_was_heard_is_told_source_by_source_and_nothing_is_installed_by_it(
    story: Story,
) -> None:
    told = story.config.with_name("heard.json")
    done = story.calibrate("--feedback", "--json", told)

    assert (done.status, done.err) == (0, "")
    assert "Nothing is installed: this evidence alone decides nothing." in done.out
    heard = {
        (each["category"], each["source"]): each for each in json.loads(told.read_text())["heard"]
    }
    assert heard["maths", "feedback"]["scores"] == RATED
    assert heard["maths", "feedback"]["answers"] == SUMS
    assert heard["maths", "feedback"]["weight"] == 0.25
    assert (heard["chat", "retry"]["scores"], heard["chat", "retry"]["weight"]) == (8, 0.0)
    assert not (story.config.parent / "quality").exists()


def test_later_days_have_heard_nothing(story: Story) -> None:
    done = story.calibrate("--feedback", "--since", "2200-01-01")

    assert (done.status, "feedback" in done.out) == (0, False)


def test_feedback_weighs_what_its_agreement_with_the_labels_says(story: Story) -> None:
    found = story.told("--feedback")

    assert found["trust"]["pairs"] == RATED - 8
    assert found["trust"]["how"] == "measured"
    assert 0.3 < found["trust"]["weight"] < 1.0
    small = next(e for e in found["categories"][0]["estimates"] if e["model"] == "sim-open-8b")
    # Feedback on a request that has its own label is not counted in addition.
    assert small["feedback"]["answers"] == 8
    assert small["scored"]["answers"] == SUMS
    plain = story.told()
    assert plain["heard"] == []
    before = next(e for e in plain["categories"][0]["estimates"] if e["model"] == "sim-open-8b")
    assert before["scored"] == small["scored"]
    assert before["local"] != small["local"]


def test_signs_are_held_against_estimates_and_change_them_only_where_that_is_asked_for(
    story: Story,
) -> None:
    own = story.config.with_name("chat.jsonl")
    rows = [
        {"prompt": f"How are you, {number}?", "model": model, "score": 1, "category": "chat"}
        for number in range(40)
        for model in ("sim-open-8b", "sim-frontier")
    ]
    own.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    shown = story.calibrate(own, "--feedback", "--dry-run", "--count-automatic", "retry")
    assert "chat: sim-open-8b shipped 0.900 is too good to be true: 8 of 9 answers" in shown.out
    told = story.config.with_name("held.json")

    def estimate(*arguments: str) -> float:
        done = story.calibrate(own, "--feedback", "--dry-run", "--json", told, *arguments)
        assert done.status == 0
        one = json.loads(told.read_text("utf-8"))["categories"][0]["estimates"][0]
        assert one["model"] == "sim-open-8b"
        return float(one["local"]["p"])

    assert estimate() > 0.9
    assert estimate("--count-automatic", "retry") < 0.4


@pytest.mark.parametrize("source", ["feedback", "applause"])
def test_a_source_that_is_no_sign_cannot_be_counted(story: Story, source: str) -> None:
    done = story.calibrate("--feedback", "--count-automatic", source)

    assert done.status == 2
    assert "--count-automatic: must be some of refusal, retry, schema" in done.err


def test_our_own_questions_to_several_models_do_not_look_like_discontent(story: Story) -> None:
    before = len(signs(story.config))
    assert story.asked("--yes", "--score", r"rule:\d").status == 0

    assert len(signs(story.config)) == before


# ------------------------------------------------------------------------------ on a terminal


def typed(answer: str, *arguments: str) -> tuple[int, str]:
    """`farthing` on its own terminal, where somebody types `answer` when asked: status, and all its output."""
    ours, its = pty.openpty()
    program = subprocess.Popen(
        [*FARTHING, *arguments],
        cwd=REPO,
        env=environ({"TERM": "xterm"}),
        stdin=its,
        stdout=its,
        stderr=its,
    )
    os.close(its)
    said, is_asked = b"", False
    with os.fdopen(ours, "r+b", buffering=0) as line, suppress(OSError):
        while heard := line.read(4096):  # on Linux the end of a terminal is an error
            said += heard
            if b"Send them?" in said and not is_asked:
                line.write(answer.encode() + b"\n")
                is_asked = True
    return program.wait(PATIENCE_S), said.decode()


def fresh(story: Story, folder: Path) -> list[str]:
    """The same requests, of which no answer is kept yet."""
    recorded = folder / "recorded.jsonl"
    recorded.write_bytes(story.recorded.read_bytes())
    where = ["--config", str(story.config), "--requests", str(recorded), "--score", "contains"]
    return ["calibrate", *where]


def test_a_no_on_the_terminal_sends_nothing(story: Story, tmp_path: Path) -> None:
    status, said = typed("n", *fresh(story, tmp_path))

    assert status == 1
    assert "nothing was sent" in said
    assert [each.name for each in tmp_path.iterdir()] == ["recorded.jsonl"]


def test_a_yes_on_the_terminal_sends_them_all_and_shows_how_far_it_is(
    story: Story, tmp_path: Path
) -> None:
    status, said = typed("y", *fresh(story, tmp_path))

    assert status == 0
    assert f"{2 * SUMS} new answers for" in said
    assert "100%" in said
    assert "Installed for maths" in said
    assert story.calibrate("--undo").status == 0


# -------------------------------------------------------------------- what reads the answers


def test_evaluate_and_fit_read_what_calibrate_has_written(story: Story, tmp_path: Path) -> None:
    kept = tmp_path / "kept.parquet"
    done = story.asked("--yes", "--outcomes-file", kept)
    assert f"farthing evaluate and fit read them: {kept} --pool {tmp_path}/kept.pools.yaml:own" in (
        done.out
    )
    pool, judged = f"{tmp_path}/kept.pools.yaml:own", tmp_path / "judged.json"

    few = ("--samples", "20")
    whole = here("evaluate", str(kept), "--pool", pool, "--json", str(judged), *few)
    assert (whole.status, whole.err) == (0, "")
    found = json.loads(judged.read_text("utf-8"))
    calibrated = story.told("--outcomes-file", kept)
    zero = next(row for row in found["rows"] if row["name"] == "zero")
    assert zero["aiq"]["estimate"] == pytest.approx(calibrated["aiq"]["zero"], abs=1e-4)

    learnt = here("fit", str(kept), "--pool", pool, "--out", str(tmp_path / "artefact"))
    assert (learnt.status, learnt.err) == (0, "")
    artefact = ("--artefact", str(tmp_path / "artefact"))
    again = here("evaluate", str(kept), "--pool", pool, *artefact, *few)
    assert again.status == 0


def test_a_rule_by_which_nothing_is_good_is_doubted(story: Story) -> None:
    done = story.asked("--yes", "--score", "rule:abracadabra")

    assert "no answer is good. Is it the right rule?" in done.out

"""One cheap model is asked everything twice: what that costs, what it proves, and who is then asked twice."""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from router.domain.money import Money
from router.evaluation.answer_files import read_rows
from router.evaluation.answered import ScoredAnswer
from router.providers.simulated import Minds
from tests.e2e.books import rows
from tests.e2e.configs import as_yaml, ledger_of, models, write_config
from tests.e2e.patience import until
from tests.e2e.programs import Done, Farthing, here
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import chat, get, post, send

SUMS = 200
CHEAP, TOP = "sim-open-70b", "sim-frontier"
PAIR = f"{CHEAP} + {CHEAP} > {TOP}"
QUESTION = "What is 17 * 23?"
AUTO = f"""
policy: sparing
version: 1
intent: Cheap answers first, where the evidence says that it pays.
reference: {TOP}
adequate: {{within: 0.05}}
strategy: cascade
"""
ALWAYS = f"""
policy: twice
version: 1
intent: The cheap model is asked twice, whatever is known.
reference: {TOP}
cascade: {{use: always, steps: [{{models: [{CHEAP}, {CHEAP}]}}], final: {TOP}}}
"""


@pytest.fixture
def moody() -> Iterator[Simulator]:
    """Models that may say something else if they are asked again, as real ones do; nobody has asked them before."""
    with Simulator(minds=Minds(repeats=0.2)) as simulator:
        yield simulator


def configured(folder: Path, simulator: Simulator) -> Path:
    """Two models, of whose agreement no artefact says anything."""
    (folder / "policies").mkdir()
    (folder / "policies" / "sparing.yaml").write_text(AUTO, "utf-8")
    (folder / "policies" / "twice.yaml").write_text(ALWAYS, "utf-8")
    path = write_config(
        folder,
        simulator.base_url,
        cache={"url": "off"},
        quality={"artefact": "none"},
        policies={"directory": "policies", "default": "sparing"},
    )
    known, content = models("sim"), yaml.safe_load(path.read_text("utf-8"))
    own = {name: known[name] for name in (CHEAP, TOP)}
    path.write_text(as_yaml({**content, "models": own}), "utf-8")
    return path


@pytest.fixture
def config(tmp_path: Path, moody: Simulator) -> Path:
    return configured(tmp_path, moody)


def record(path: Path, count: int, **fields: Any) -> Path:
    """So many different sums, each with what it comes to; asked at a temperature at which models are of two minds."""
    dice = random.Random(8)
    lines = []
    for _ in range(count):
        a, b = dice.randint(100, 999), dice.randint(100, 999)
        messages = [{"role": "user", "content": f"What is {a} * {b}?"}]
        body = {"messages": messages, "temperature": 0.7, **fields}
        lines.append(json.dumps({**body, "expected": a * b}))
    path.write_text("\n".join(lines), "utf-8")
    return path


def calibrate(config: Path, recorded: Path, *arguments: str | Path) -> Done:
    asked = ("--requests", recorded, "--score", "contains", *arguments)
    return here("calibrate", "--config", str(config), *map(str, asked))


def kept(recorded: Path) -> list[ScoredAnswer]:
    return read_rows(recorded.with_suffix(".outcomes.parquet"))


def asked_twice(recorded: Path) -> int:
    return sum(row.was_asked_twice for row in kept(recorded))


# ------------------------------------------------------------------------------ the whole way


def test_a_model_that_is_worth_asking_twice_is_asked_twice_from_then_on(
    config: Path, tmp_path: Path
) -> None:
    recorded = record(tmp_path / "recorded.jsonl", SUMS)
    with Farthing(config) as farthing:
        done = calibrate(config, recorded, "--twice", CHEAP, "--yes")
        assert (done.status, done.err) == (0, "")
        assert f"maths: {PAIR}: installed" in done.out
        farthing.wait_for(r"reloaded in \d+ ms: local quality none -> \w+-\w+")
        got = post(farthing.base_url, chat(QUESTION))
        metrics = get(f"{farthing.url}/metrics").body.decode()
        same = post(farthing.base_url, chat(QUESTION, temperature=0))

    assert got.headers["x-farthing-reason"].startswith(
        f"cascade; maths; 2 answers of 1 model must agree, then {TOP}"
    )
    assert same.headers["x-farthing-reason"].split(";")[0] != "cascade"
    found = rows(ledger_of(config), got.headers["x-request-id"])
    assert [row["model"] for row in found][:2] == [CHEAP, CHEAP]
    assert all(row["cost_pico"] > 0 for row in found)
    assert sum(row["is_answer"] for row in found) == 1
    assert re.search(rf'farthing_cascade_steps_total{{.*"{CHEAP}\+{CHEAP}".*}} 1', metrics)


def test_explain_and_try_name_a_model_that_is_asked_twice(config: Path, tmp_path: Path) -> None:
    recorded = record(tmp_path / "recorded.jsonl", SUMS)
    assert calibrate(config, recorded, "--twice", CHEAP, "--yes").status == 0
    told = here("explain", "--config", str(config), QUESTION).out
    alone = config.with_name("alone.yaml")
    alone.write_text(f"policy: alone\nintent: No cascades.\nreference: {TOP}\n", "utf-8")
    tried = ("--file", str(recorded), "--json", str(alone), "sparing")
    trial = here("try", "--config", str(config), *tried)

    assert f"First {CHEAP} is asked twice at once; its answers must agree." in told
    assert "(local)" in told
    assert PAIR in trial.out


# ----------------------------------------------------------------------------- what it spends


def test_the_second_calls_are_told_before_they_are_paid_and_nothing_is_paid_twice(
    config: Path, tmp_path: Path, moody: Simulator
) -> None:
    few = record(tmp_path / "few.jsonl", 10)
    plain = calibrate(config, few, "--yes", "--dry-run").out
    assert re.search(rf"{CHEAP} +10 ", plain)
    told = calibrate(config, few, "--twice", CHEAP, "--dry-run").out
    assert re.search(rf"{CHEAP} +20 ", told)
    assert re.search(rf"{TOP} +10 ", told)
    assert re.search(r"total +30 ", told)

    first = calibrate(config, few, "--yes")
    assert "20 new answers" in first.out
    then = calibrate(config, few, "--twice", CHEAP, "--yes")
    assert re.search(rf"{CHEAP} +10 ", then.out)
    assert TOP not in then.out.split("Send them")[0].split("total")[0]
    assert "20 answers are already there" in then.out
    spent = re.search(r"10 new answers for (\S+) USD", then.out)
    assert spent
    before = moody.counters[CHEAP].finished
    assert calibrate(config, few, "--twice", CHEAP).status == 0  # nothing to be agreed to
    assert moody.counters[CHEAP].finished == before

    booked = rows(ledger_of(config))
    again = [row.second_cost_usd or 0.0 for row in kept(few) if row.model == CHEAP]
    assert len(booked) == 30
    assert sum(map(Money.from_usd, again), Money(0)) == Money.from_usd(spent[1])
    assert {row.model for row in kept(few) if row.was_asked_twice} == {CHEAP}


def test_what_a_model_would_only_repeat_is_not_asked_again(config: Path, tmp_path: Path) -> None:
    for at, fields in enumerate(({"temperature": 0}, {"top_k": 1}, {"seed": 3})):
        same = record(tmp_path / f"same-{at}.jsonl", 5, **fields)
        done = calibrate(config, same, "--twice", CHEAP, "--yes")

        assert "10 new answers" in done.out
        assert "5 of the requests are not asked twice" in done.out
        assert asked_twice(same) == 0


def test_it_is_told_if_too_few_questions_could_be_asked_twice(config: Path, tmp_path: Path) -> None:
    same, free = (
        record(tmp_path / f"{name}.jsonl", count, **fields)
        for name, count, fields in (("same", 60, {"temperature": 0}), ("free", 5, {}))
    )
    lines = same.read_text("utf-8").splitlines()[5:] + free.read_text("utf-8").splitlines()
    same.write_text("\n".join(lines), "utf-8")
    told = tmp_path / "told.json"
    done = calibrate(config, same, "--twice", CHEAP, "--yes", "--json", told)
    (category,) = json.loads(told.read_text("utf-8"))["cascades"]

    assert f"maths: {CHEAP} twice: needs 50 prompts with second answers, and has 5" in done.out
    assert (category["tried"], category["too_few_second_answers"]) == ([], {CHEAP: 5})


def test_a_second_call_that_fails_is_made_up_for_and_the_first_answer_stays(
    config: Path, tmp_path: Path, moody: Simulator
) -> None:
    few = record(tmp_path / "few.jsonl", 10)
    assert calibrate(config, few, "--yes").status == 0
    first = kept(few)
    moody.will(CHEAP, *["status,code=400"] * 3)
    done = calibrate(config, few, "--twice", CHEAP, "--yes")
    assert f"3 calls of {CHEAP} failed" in done.out
    assert asked_twice(few) == 7
    again = calibrate(config, few, "--twice", CHEAP, "--yes")

    assert "3 new answers" in again.out
    assert asked_twice(few) == 10
    key = {row.key: (row.answer, row.score, row.cost_usd) for row in first}
    assert {row.key: (row.answer, row.score, row.cost_usd) for row in kept(few)} == key


def test_a_judge_scores_no_second_answer(config: Path, tmp_path: Path) -> None:
    few = record(tmp_path / "few.jsonl", 6)
    asked = ("--requests", few, "--score", f"judge:{TOP}", "--twice", CHEAP, "--yes")
    done = here("calibrate", "--config", str(config), *map(str, asked))
    assert re.search(rf"{TOP} \(judge\) +12 ", done.out)
    assert len(rows(ledger_of(config))) == 12 + 6 + 12


# ----------------------------------------------------------------------- what it may be used for


def test_evaluating_reads_a_file_with_second_answers(config: Path, tmp_path: Path) -> None:
    recorded = record(tmp_path / "recorded.jsonl", 30)
    assert calibrate(config, recorded, "--twice", CHEAP, "--yes").status == 0
    outcomes, pools = (
        str(recorded.with_suffix(f".outcomes.{end}")) for end in ("parquet", "pools.yaml")
    )
    evaluated = here("evaluate", outcomes, "--pool", f"{pools}:own")
    replayed = here("calibrate", "--config", str(config), outcomes, "--dry-run")

    assert (evaluated.status, evaluated.err) == (0, "")
    assert replayed.status == 0


def test_always_asks_nobody_twice_who_would_say_the_same_in_any_dialect(config: Path) -> None:
    with Farthing(config) as farthing:
        asked = chat(QUESTION, model="auto:twice", max_tokens=100)
        twice = post(farthing.base_url, asked)
        same = post(farthing.base_url, {**asked, "seed": 5})
        told = json.dumps({**asked, "temperature": 0}).encode()
        messages = send(f"{farthing.url}/v1/messages", told)
        whys = [why_not(farthing, got.headers["x-request-id"]) for got in (same, messages)]

    assert twice.headers["x-farthing-reason"].startswith("cascade")
    assert len(rows(ledger_of(config), twice.headers["x-request-id"])) >= 2
    assert len(rows(ledger_of(config), same.headers["x-request-id"])) == 1
    left_out = f"the step of {CHEAP} and {CHEAP} is left out"
    assert whys == [[f"{left_out}: as the request is set, {CHEAP} would say the same again"]] * 2


def why_not(farthing: Farthing, request_id: str) -> list[str]:
    """Why the request was answered without a cascade."""
    url = f"{farthing.base_url}/decisions/{request_id}"
    until(lambda: get(url).status == 200)
    found: list[str] = get(url).json["no_cascade"]
    return found


# --------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--requests", "few.jsonl", "--score", "contains", "--twice", "sim-mid"), "'sim-mid'"),
        (("few.outcomes.parquet", "--twice", CHEAP), "add --requests"),
        (("--feedback", "--twice", CHEAP), "add --requests"),
        (("--requests", "few.jsonl", "--score", "contains", "--twice", ","), "ids of models"),
    ],
)
def test_what_cannot_be_asked_twice_is_told(
    config: Path, tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    record(tmp_path / "few.jsonl", 2)
    given = [str(tmp_path / each) if each.startswith("few") else each for each in arguments]
    done = here("calibrate", "--config", str(config), *given)

    assert done.status != 0
    assert complaint in done.err

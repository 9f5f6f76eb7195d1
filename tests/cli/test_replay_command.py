"""`farthing replay` on answers that nobody ever gave."""

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from router.cli import main
from tests.evaluation.made_up import POOLS, shop_rows, write_rows


@pytest.fixture
def pools(tmp_path: Path) -> Path:
    path = tmp_path / "pools.yaml"
    path.write_text(POOLS, encoding="utf-8")
    return path


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    return write_rows(tmp_path / "answers.parquet", shop_rows(20), without=["score"])


def decided(answers: Path, pool: str, *options: str) -> list[dict[str, Any]]:
    out = answers.with_name("decided.parquet")
    assert main(["replay", str(answers), "--pool", pool, "--out", str(out), *options]) == 0
    found: list[dict[str, Any]] = parquet.read_table(out).to_pylist()
    return found


def refused(capsys: pytest.CaptureFixture[str], answers: Path, pool: str, *options: str) -> str:
    out = answers.with_name("decided.parquet")
    assert main(["replay", str(answers), "--pool", pool, "--out", str(out), *options]) == 1
    assert not out.exists()
    return capsys.readouterr().err


def test_each_point_has_a_row_for_each_prompt(answers: Path, pools: Path) -> None:
    # A dollar that must buy 200 answers is too much for the expensive model's 30 points more.
    found = decided(answers, f"{pools}:two", "--lambda", "0,200,200,1e6")

    assert list(found[0]) == ["prompt_id", "point", "model", "calls"]
    assert [*dict.fromkeys(each["point"] for each in found)] == [
        "lambda=0",
        "lambda=200",
        "lambda=1000000",
    ]
    assert [each["prompt_id"] for each in found[:20]] == [f"q{number:04}" for number in range(20)]
    assert {each["point"]: each["model"] for each in found} == {
        "lambda=0": "large",
        "lambda=200": "small",
        "lambda=1000000": "small",
    }
    assert all(each["calls"] == [each["model"]] for each in found)


def test_a_tolerance_lets_the_cheaper_model_answer(answers: Path, pools: Path) -> None:
    found = decided(answers, f"{pools}:two", "--max-quality-loss", "0.1,0.45")

    assert Counter((each["point"], each["model"]) for each in found) == {
        ("max_quality_loss=0.1", "large"): 20,
        ("max_quality_loss=0.45", "small"): 20,
    }


def test_where_nothing_is_asked_for_a_whole_sweep_is_decided(answers: Path, pools: Path) -> None:
    found = decided(answers, f"{pools}:two", "--policy", "single")
    points = {each["point"]: each["model"] for each in found}

    assert len(points) == 101
    assert (points["lambda=0"], found[-1]["model"]) == ("large", "small")


def test_scores_in_the_file_change_nothing(answers: Path, pools: Path, tmp_path: Path) -> None:
    rows = [{**each, "score": 1.0 - each["score"]} for each in shop_rows(20)]
    scored = write_rows(tmp_path / "scored.parquet", rows)

    assert decided(scored, f"{pools}:two") == decided(answers, f"{pools}:two")


def test_the_same_run_gives_the_same_bytes(answers: Path, pools: Path) -> None:
    decided(answers, f"{pools}:two")
    once = answers.with_name("decided.parquet").read_bytes()
    decided(answers, f"{pools}:two")

    assert answers.with_name("decided.parquet").read_bytes() == once


def test_without_answers_to_compare_one_model_is_asked(
    answers: Path, pools: Path, tmp_path: Path
) -> None:
    path = write_rows(tmp_path / "bare.parquet", shop_rows(20), without=["score", "answer"])
    alone = decided(answers, f"{pools}:mine", "--policy", "single")

    assert decided(path, f"{pools}:mine") == alone


def test_where_there_is_no_room_the_file_of_before_stays(answers: Path, pools: Path) -> None:
    decided(answers, f"{pools}:two")
    before = answers.with_name("decided.parquet").read_bytes()
    line = f"replay {answers} --pool {pools}:two --out {answers.with_name('decided.parquet')}"
    no_room = f"ulimit -f 1 && exec {sys.executable} -m router {line}"
    done = subprocess.run(["bash", "-c", no_room], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("decided.parquet cannot be written: File too large\n")
    assert answers.with_name("decided.parquet").read_bytes() == before
    assert not list(answers.parent.glob("*.part"))


def test_a_policy_that_does_not_exist_says_which_do(
    capsys: pytest.CaptureFixture[str], answers: Path, pools: Path
) -> None:
    said = refused(capsys, answers, f"{pools}:two", "--policy", "xyzzy")

    known = "available: auto, cascade, pair, single"
    assert said == f"farthing: --policy: there is no 'xyzzy' to replay; {known}\n"


def test_two_models_are_no_cascade(
    capsys: pytest.CaptureFixture[str], answers: Path, pools: Path
) -> None:
    said = refused(capsys, answers, f"{pools}:two", "--policy", "pair")

    assert said.startswith("farthing: --policy pair: needs three models")


@pytest.mark.parametrize("policy", ["pair", "cascade"])
def test_where_cascades_are_wanted_two_are_asked_before_a_third(
    answers: Path, pools: Path, policy: str
) -> None:
    rows = decided(answers, f"{pools}:mine", "--policy", policy, "--max-quality-loss", "1")

    assert all(len(row["calls"]) in (2, 3) and row["model"] in row["calls"] for row in rows)
    assert {len(row["calls"]) for row in rows} == {2, 3}
    assert all(row["model"] == row["calls"][2] for row in rows if len(row["calls"]) == 3)


def test_answers_alone_teach_nothing(
    capsys: pytest.CaptureFixture[str], answers: Path, pools: Path
) -> None:
    assert "--artefact none: without scores there is nothing" in refused(
        capsys, answers, f"{pools}:two", "--artefact", "none"
    )


def test_a_model_without_answers_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, pools: Path
) -> None:
    rows = [each for each in shop_rows(4) if each["model"] != "small"]
    path = write_rows(tmp_path / "few.parquet", rows)

    assert "few.parquet has no answer of small" in refused(capsys, path, f"{pools}:two")


def test_a_file_that_cannot_be_written_is_told(
    capsys: pytest.CaptureFixture[str], answers: Path, pools: Path
) -> None:
    out = pools / "below" / "decided.parquet"
    assert main(["replay", str(answers), "--pool", f"{pools}:two", "--out", str(out)]) == 1

    assert "decided.parquet cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    [("--lambda", "-1"), ("--lambda", "a"), ("--lambda", "1", "--max-quality-loss", "0.1")],
)
def test_wrong_usage_is_told_by_argparse(
    answers: Path, pools: Path, wrong: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["replay", str(answers), "--pool", f"{pools}:two", "--out", "x", *wrong])

    assert stopped.value.code == 2

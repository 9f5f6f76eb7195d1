"""`farthing predict` by an artefact that was learnt from outcomes that nobody ever had."""

from math import isfinite
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from router.cli import main
from tests.cli.commands import Rows, fitted, not_predicted, predicted, write_prompts
from tests.evaluation.made_up import POOLS, shop_rows, write_rows

COLUMNS = ["prompt_id", "model", "p_quality", "p_sd", "pred_cost_usd", "pred_latency_s"]
PROMPTS = {
    "c": "Question 1000 about shop/returns",
    "a": "Question 1001 about shop/sizes",
    "b": "",
    "d": "Wie wird das Wetter? 😀 " * 9000,
}
MORE_POOLS = """\
  strangers:
    models:
      vendor/unheard-of: {input_per_1m: 10, output_per_1m: 40}
      another: {input_per_1m: 1, output_per_1m: 4}
      rated: {input_per_1m: 1, output_per_1m: 4, abilities: {chat: 0.95, maths: 0.3}, quality: 0.2}
      free: {input_per_1m: 0, output_per_1m: 0}
  turned:
    models:
      small: {input_per_1m: 0.1, output_per_1m: 0.4}
      vendor/Large-Instruct: {input_per_1m: 3, output_per_1m: 15}
      new: {cost_per_call: 0.5}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pools, and an artefact that was learnt from a shop."""
    path = tmp_path_factory.mktemp("predict")
    (path / "pools.yaml").write_text(POOLS + MORE_POOLS, encoding="utf-8")
    outcomes = write_rows(path / "shop.parquet", shop_rows(200))
    fitted(path / "artefact", outcomes, f"{path / 'pools.yaml'}:mine")
    return path


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    columns: dict[str, list[str | None]] = {
        "prompt_id": [*PROMPTS],
        "prompt": [*PROMPTS.values()],
        "dataset": [None] * 4,
    }
    return write_prompts(tmp_path / "prompts.parquet", columns)


def told(folder: Path, prompts: Path, pool: str = "mine") -> Rows:
    return predicted(prompts, f"{folder / 'pools.yaml'}:{pool}", folder / "artefact")


def of(rows: Rows, prompt_id: str, column: str) -> dict[str, float]:
    return {row["model"]: row[column] for row in rows if row["prompt_id"] == prompt_id}


def assert_sane(rows: Rows) -> None:
    for row in rows:
        assert 0.0 < row["p_quality"] < 1.0
        assert 0.0 < row["p_sd"] < 1.0
        assert isfinite(row["pred_cost_usd"])
        assert row["pred_cost_usd"] >= 0.0
        assert 0.0 < row["pred_latency_s"] < 600.0


def test_there_is_a_row_for_every_prompt_and_model_in_the_order_of_the_pool(
    capsys: pytest.CaptureFixture[str], folder: Path, prompts: Path
) -> None:
    rows = told(folder, prompts)
    said = capsys.readouterr()

    assert [*rows[0]] == COLUMNS
    assert [(row["prompt_id"], row["model"]) for row in rows] == [
        (prompt_id, model) for prompt_id in "abcd" for model in ("large", "middle", "small")
    ]
    assert_sane(rows)
    assert said.out.startswith("Predictions of 3 models: ")
    assert said.err == ""


def test_every_column_has_its_type_whatever_is_known(folder: Path, prompts: Path) -> None:
    told(folder, prompts)
    schema = parquet.read_schema(prompts.with_name("predictions.parquet"))

    assert schema.names == COLUMNS
    assert [str(kind) for kind in schema.types] == ["string", "string", *["double"] * 4]


def test_what_a_prompt_is_about_decides_between_models(folder: Path, prompts: Path) -> None:
    rows = told(folder, prompts)
    returns, sizes = (of(rows, prompt_id, "p_quality") for prompt_id in "ca")

    # Of returns `middle` is right in 85 % and `small` in 40 %, of sizes in 50 % and 80 %.
    assert returns["middle"] - returns["small"] > 0.25
    assert sizes["small"] - sizes["middle"] > 0.15
    assert returns["large"] == pytest.approx(0.9, abs=0.08)


def test_models_that_nobody_ever_scored_are_predicted_from_pool_and_prices_alone(
    folder: Path, prompts: Path
) -> None:
    rows = told(folder, prompts, "strangers")
    quality, cost = (of(rows, "c", column) for column in ("p_quality", "pred_cost_usd"))

    assert_sane(rows)
    assert [row["model"] for row in rows[:4]] == ["vendor/unheard-of", "another", "rated", "free"]
    assert quality["vendor/unheard-of"] > quality["another"]
    assert cost["vendor/unheard-of"] == pytest.approx(10 * cost["another"])
    assert cost["free"] == 0.0


def test_what_the_pool_says_of_a_model_counts_in_the_category_of_the_prompt(
    folder: Path, tmp_path: Path
) -> None:
    asked = {
        "prompt_id": ["chat", "code", "maths"],
        "prompt": [
            "Hello there, how are you today?",
            "Write a Python function that reverses a linked list.",
            "Solve the equation 3x + 7 = 22 for x and prove that it is right.",
        ],
    }
    rows = told(folder, write_prompts(tmp_path / "asked.parquet", asked), "strangers")
    rated = {row["prompt_id"]: row["p_quality"] for row in rows if row["model"] == "rated"}

    assert rated["chat"] > rated["maths"] + 0.3
    assert rated["maths"] > rated["code"]  # which is of the quality that is said of all the rest


def test_a_model_goes_by_its_name_and_costs_what_the_pool_says(folder: Path, prompts: Path) -> None:
    mine, turned = told(folder, prompts), told(folder, prompts, "turned")
    was, now = of(mine, "c", "p_quality"), of(turned, "c", "p_quality")

    assert [*now] == ["small", "vendor/Large-Instruct", "new"]
    assert now["small"] == was["small"]
    assert now["vendor/Large-Instruct"] == was["large"]
    assert set(of(turned, "c", "pred_cost_usd").values()) > {0.5}
    assert {row["pred_cost_usd"] for row in turned if row["model"] == "new"} == {0.5}


def test_with_nominal_costs_every_call_costs_its_price(folder: Path, prompts: Path) -> None:
    rows = told(folder, prompts, "by-call")

    assert [row["pred_cost_usd"] for row in rows] == [0.02, 0.001] * 4
    assert_sane(rows)


@pytest.mark.parametrize("datasets", [["", "", "", ""], ["x", "y", "x", "y"], None])
def test_datasets_say_nothing(
    folder: Path, prompts: Path, tmp_path: Path, datasets: list[str] | None
) -> None:
    blank = told(folder, prompts)
    columns = {"prompt_id": [*PROMPTS], "prompt": [*PROMPTS.values()]}
    more = {} if datasets is None else {"dataset": datasets}
    other = write_prompts(tmp_path / "other.parquet", {**columns, **more})

    assert told(folder, other) == blank


def test_a_dataset_column_without_a_type_is_blank_too(
    folder: Path, prompts: Path, tmp_path: Path
) -> None:
    path = tmp_path / "untyped.parquet"
    table = parquet.read_table(prompts).drop(["dataset"]).append_column("dataset", pa.nulls(4))
    parquet.write_table(table, path)

    assert told(folder, path) == told(folder, prompts)


def test_many_prompts_are_predicted_like_one(folder: Path, prompts: Path, tmp_path: Path) -> None:
    ids = [f"p{number:04}" for number in range(450)]
    columns = {"prompt_id": ids, "prompt": [PROMPTS["c"]] * 450}
    rows = told(folder, write_prompts(tmp_path / "many.parquet", columns))

    assert len(rows) == 450 * 3
    assert {row["p_quality"] for row in rows} == {
        *of(told(folder, prompts), "c", "p_quality").values()
    }


def test_the_same_run_gives_the_same_bytes(folder: Path, prompts: Path) -> None:
    out = prompts.with_name("predictions.parquet")
    told(folder, prompts)
    once = out.read_bytes()
    told(folder, prompts)

    assert out.read_bytes() == once


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ({"prompt_id": [], "prompt": []}, "there are no prompts to predict for"),
        ({"prompt_id": ["a"]}, "has no column prompt"),
        ({"prompt_id": ["a"], "prompt": [None]}, "prompt is null in 1 rows"),
        ({"prompt_id": [None], "prompt": ["x"]}, "prompt_id is null in 1 rows"),
        ({"prompt_id": ["a", "a"], "prompt": ["x", "y"]}, "'a' has more than one prompt"),
    ],
)
def test_prompts_that_cannot_be_predicted_are_told(
    capsys: pytest.CaptureFixture[str],
    folder: Path,
    tmp_path: Path,
    columns: dict[str, list[str | None]],
    complaint: str,
) -> None:
    path = write_prompts(tmp_path / "odd.parquet", columns)
    pool = f"{folder / 'pools.yaml'}:mine"

    assert complaint in not_predicted(capsys, path, pool, folder / "artefact")


def test_an_artefact_that_is_none_is_told(
    capsys: pytest.CaptureFixture[str], folder: Path, prompts: Path, tmp_path: Path
) -> None:
    pool = f"{folder / 'pools.yaml'}:mine"
    said = not_predicted(capsys, prompts, pool, tmp_path / "nowhere")

    assert (
        said == f"farthing: --artefact {tmp_path}/nowhere/SHA256SUMS: No such file or directory\n"
    )


def test_predictions_that_cannot_be_written_are_told(
    capsys: pytest.CaptureFixture[str], folder: Path, prompts: Path
) -> None:
    out = prompts / "below.parquet"
    pool = f"{folder / 'pools.yaml'}:mine"
    line = ["predict", prompts, "--pool", pool, "--artefact", folder / "artefact", "--out", out]

    assert main([*map(str, line)]) == 1
    assert f"--out: {out} cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("without", [["score"], ["score", "dataset"]])
def test_answers_are_replayed_by_an_artefact_with_or_without_their_datasets(
    folder: Path, tmp_path: Path, without: list[str]
) -> None:
    answers = write_rows(tmp_path / "answers.parquet", shop_rows(10, seed=5), without)
    out = tmp_path / "decided.parquet"
    pool, artefact = f"{folder / 'pools.yaml'}:mine", str(folder / "artefact")
    line = ["--artefact", artefact, "--lambda", "0,60", "--out", str(out)]

    assert main(["replay", str(answers), "--pool", pool, *line]) == 0
    decided = parquet.read_table(out).to_pylist()
    cheap = {row["prompt_id"]: row["model"] for row in decided if row["point"] == "lambda=60"}
    assert cheap == {f"q{n:04}": ("middle" if n % 2 else "small") for n in range(10)}

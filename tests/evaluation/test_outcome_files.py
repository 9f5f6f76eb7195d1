"""Files of outcomes become tables, and mistakes in them are reported."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from router.domain.errors import FarthingError
from router.evaluation.outcome_files import read_answers, read_outcomes, read_prompts
from tests.evaluation.made_up import row, write_rows


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    rows = [
        row("b", "large", 1.0, answer="yes", input_tokens=7, latency_s=1.5),
        row("a", "small", 0.25, dataset="shop/sizes"),
        row("b", "small", None, cost_usd=None),
    ]
    return write_rows(tmp_path / "shop.parquet", rows)


def test_rows_become_prompts_by_id_and_models_by_name(shop: Path) -> None:
    found = read_outcomes([shop])

    assert found.prompt_ids == ("a", "b")
    assert found.prompts == ("What about a?", "What about b?")
    assert found.datasets == ("shop/sizes", "shop/returns")
    assert found.models == ("large", "small")
    assert np.array_equal(found.scores, [[np.nan, 0.25], [1.0, np.nan]], equal_nan=True)
    assert np.array_equal(found.costs_usd, [[np.nan, 0.001], [0.001, np.nan]], equal_nan=True)
    assert found.answers.tolist() == [[None, None], ["yes", None]]
    assert (found.input_tokens[1, 0], found.latencies_s[1, 0]) == (7.0, 1.5)


def test_models_come_in_the_order_in_which_they_are_asked_for(shop: Path) -> None:
    found = read_outcomes([shop], models=["small", "nobody", "large"])

    assert found.models == ("small", "nobody", "large")
    assert np.isnan(found.scores[:, 1]).all()
    assert found.scores[1, 2] == 1.0


def test_second_answers_are_read_if_there_are_any(shop: Path, tmp_path: Path) -> None:
    again = row("b", "large", 1.0, answer="yes", second_answer="no", second_cost_usd=0.25)
    silent = row("c", "large", 1.0, answer="yes", second_cost_usd=0.5)
    rows = write_rows(tmp_path / "more.parquet", [again, silent])
    columns = ("second_answer", "second_cost_usd")
    once = write_rows(tmp_path / "once.parquet", [row("d", "large", 1.0)], without=columns)
    found = read_outcomes([rows, once])

    assert read_outcomes([shop]).second is None
    assert found.second
    assert found.second.answers.tolist() == [["no"], [""], [None]]
    assert np.array_equal(found.second.costs_usd, [[0.25], [0.5], [np.nan]], equal_nan=True)
    assert found.of(["nobody", "large"]).second.answers[0].tolist() == [None, "no"]  # type: ignore[union-attr]


def test_prompts_of_other_datasets_and_models_are_left_out(shop: Path) -> None:
    assert read_outcomes([shop], datasets={"shop/sizes"}).prompt_ids == ("a",)
    assert read_outcomes([shop], models=["large"]).prompt_ids == ("b",)
    assert len(read_outcomes([shop], models=["nobody"])) == 0


def test_several_files_are_one_table(shop: Path, tmp_path: Path) -> None:
    more = write_rows(
        tmp_path / "more.parquet",
        [row("c", "large", 0.5), row("a", "large", 1.0, dataset="shop/sizes")],
    )
    found = read_outcomes([more, shop])

    assert found.prompt_ids == ("a", "b", "c")
    assert found.scores[0].tolist() == [1.0, 0.25]


def test_columns_that_only_some_sources_have_may_lack(tmp_path: Path) -> None:
    without = ("answer", "cost_usd", "input_tokens", "output_tokens", "latency_s")
    found = read_outcomes([write_rows(tmp_path / "few.parquet", [row("a", "large", 1.0)], without)])

    assert found.scores[0, 0] == 1.0
    assert np.isnan(found.costs_usd).all()


@pytest.mark.parametrize("missing", ["dataset", "prompt_id", "prompt", "model", "score"])
def test_a_column_that_is_needed_is_told_with_its_file(tmp_path: Path, missing: str) -> None:
    path = write_rows(tmp_path / "lacking.parquet", [row("a", "large", 1.0)], [missing])

    with pytest.raises(FarthingError, match=rf"lacking\.parquet has no column {missing}$"):
        read_outcomes([path])


def test_all_columns_that_are_missing_are_told_at_once(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "bare.parquet", [row("a", "large", 1.0)], ["model", "score"])

    with pytest.raises(FarthingError, match="no column model, score"):
        read_outcomes([path])


def test_a_column_that_is_there_twice_is_told(shop: Path) -> None:
    table = parquet.read_table(shop)
    parquet.write_table(table.append_column("prompt", table["prompt"]), shop)

    with pytest.raises(FarthingError, match=r"shop\.parquet has more than one column prompt$"):
        read_outcomes([shop])


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([row("a", "large", 1.5)], "score must be a number from 0 to 1, not 1.5"),
        ([row("a", "large", -0.5)], "score must be a number from 0 to 1, not -0.5"),
        ([row("a", "large", 1.0, cost_usd=-1.0)], "cost_usd must be a number >= 0, not -1"),
        (
            [row("a", "large", 1.0, cost_usd=float("inf"))],
            "cost_usd must be a number >= 0, not inf",
        ),
        ([{**row("a", "large", 1.0), "model": None}], "model is null in 1 rows"),
        ([row("a", "large", 1.0)] * 2, "'large' answers prompt 'a' twice"),
        (
            [row("a", "large", 1.0), row("a", "small", 1.0, prompt="Another?")],
            "prompt_id 'a' has more than one prompt",
        ),
        (
            [row("a", "large", 1.0), row("a", "small", 1.0, dataset="other/set")],
            "prompt_id 'a' has more than one dataset",
        ),
    ],
)
def test_nonsense_is_told_with_its_file(
    tmp_path: Path, rows: Sequence[dict[str, object]], said: str
) -> None:
    path = write_rows(tmp_path / "odd.parquet", rows)

    with pytest.raises(FarthingError) as told:
        read_outcomes([path])
    assert str(told.value) == f"{path}: {said}"


def test_what_is_no_parquet_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no table at all", encoding="utf-8")

    with pytest.raises(FarthingError, match=r"notes\.txt is not a file of outcomes: "):
        read_outcomes([path])
    with pytest.raises(FarthingError, match=r"none\.parquet cannot be read"):
        read_outcomes([tmp_path / "none.parquet"])


def test_a_column_of_another_type_is_told(tmp_path: Path) -> None:
    path = tmp_path / "odd.parquet"
    columns = {name: ["x"] for name in ("dataset", "prompt_id", "prompt", "model", "score")}
    parquet.write_table(pa.table(columns), path)

    with pytest.raises(FarthingError, match=r"odd\.parquet is not a file of outcomes: .*'x'"):
        read_outcomes([path])


def test_text_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    path = tmp_path / "odd.parquet"
    columns = {
        "prompt_id": pa.array(["a"]),
        "prompt": pa.array([b"What\xff?"], pa.binary()).view(pa.string()),
    }
    parquet.write_table(pa.table(columns), path)

    with pytest.raises(FarthingError, match=r"odd\.parquet is not a file of outcomes: .*UTF8"):
        read_prompts(path)


def test_answers_are_read_without_scores(shop: Path, tmp_path: Path) -> None:
    bare = write_rows(tmp_path / "bare.parquet", [row("a", "large", None, answer="no")], ["score"])

    assert read_answers([bare]).answers.tolist() == [["no"]]
    assert np.isnan(read_answers([shop]).scores).all()
    unparsed = write_rows(tmp_path / "b.parquet", [row("a", "large", 1.0)], ["answer"])
    assert read_answers([unparsed]).answers.tolist() == [[None]]


def test_prompts_are_read_once_each_and_need_no_dataset(shop: Path, tmp_path: Path) -> None:
    found = read_prompts(shop)
    assert (found.prompt_ids, found.datasets) == (("a", "b"), ("shop/sizes", "shop/returns"))

    path = tmp_path / "prompts.parquet"
    parquet.write_table(pa.table({"prompt_id": ["2", "1"], "prompt": ["two", "one"]}), path)
    bare = read_prompts(path)
    assert (bare.prompt_ids, bare.prompts, bare.datasets) == (("1", "2"), ("one", "two"), ("", ""))


def test_an_unknown_dataset_is_blank(tmp_path: Path) -> None:
    path = tmp_path / "prompts.parquet"
    nothing = pa.array([None], pa.string())
    parquet.write_table(pa.table({"prompt_id": ["1"], "prompt": ["one"], "dataset": nothing}), path)

    assert read_prompts(path).datasets == ("",)


def test_a_prompt_that_many_rows_repeat_is_there_once(tmp_path: Path) -> None:
    """A prompt has a row for each model, and there may be 100,000 of them."""
    path, texts, rows = tmp_path / "prompts.parquet", [str(n) * 2000 for n in range(10)], 40_000
    which = pa.array(np.arange(rows, dtype=np.int32) % len(texts))
    columns = {
        name: pa.DictionaryArray.from_arrays(which, pa.array(texts))
        for name in ("prompt_id", "prompt")
    }
    parquet.write_table(pa.table(columns), path)
    usual, pool = pa.default_memory_pool(), pa.proxy_memory_pool(pa.default_memory_pool())
    pa.set_memory_pool(pool)
    try:
        found = read_prompts(path)
    finally:
        pa.set_memory_pool(usual)

    assert found.prompts == tuple(texts)
    assert pool.max_memory() < rows * len(texts[0])

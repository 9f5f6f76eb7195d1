"""`farthing fit` on outcomes that nobody ever had."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from router.cli import main
from router.config.evidence.artefact_files import read_artefact
from tests.cli.commands import fitted
from tests.evaluation.made_up import POOLS, shop_rows, write_rows


@pytest.fixture
def pools(tmp_path: Path) -> Path:
    path = tmp_path / "pools.yaml"
    path.write_text(POOLS, encoding="utf-8")
    return path


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write_rows(tmp_path / "shop.parquet", shop_rows(40))


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def refused(capsys: pytest.CaptureFixture[str], folder: Path, *line: object) -> str:
    assert main(["fit", *map(str, line), "--out", str(folder)]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said.removeprefix("farthing: ").rstrip()


def test_it_says_what_was_learnt_and_by_which_digest_it_is_known(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, shop: Path, pools: Path
) -> None:
    folder = fitted(tmp_path / "[b]mine", shop, f"{pools}:mine")
    said = capsys.readouterr()

    learnt, digest = said.out.splitlines()
    assert learnt == f"Learnt from 40 prompts, of 2 kinds, and 3 models: {folder}"
    assert re.fullmatch("SHA-256 [0-9a-f]{64}", digest)
    assert said.err == ""
    assert read_artefact(folder, digest.removeprefix("SHA-256 ")).kind_names == (
        "shop/returns",
        "shop/sizes",
    )


def test_the_card_says_what_it_was_learnt_from(tmp_path: Path, shop: Path, pools: Path) -> None:
    folder = fitted(tmp_path / "mine", shop, f"{pools}:mine", "--seed", "7")
    card = json.loads((folder / "artefact.json").read_text("utf-8"))

    assert card["models"] == ["large", "middle", "small"]
    assert card["facts"]["prompts_by_kind"] == {"shop/returns": 20, "shop/sizes": 20}
    assert (card["facts"]["answers"], card["facts"]["seed"]) == (120, 7)


def test_another_process_and_rows_in_another_order_make_the_same_bytes(
    tmp_path: Path, shop: Path, pools: Path
) -> None:
    here = fitted(tmp_path / "here", shop, f"{pools}:mine")
    turned = write_rows(tmp_path / "turned.parquet", shop_rows(40)[::-1])
    there = tmp_path / "there"
    line = ["fit", str(turned), "--pool", f"{pools}:mine", "--out", str(there)]
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "12345",
        "PYTHONWARNINGS": "error",
        "OPENBLAS_NUM_THREADS": "1",
    }
    program = subprocess.run(
        [sys.executable, "-m", "router", *line],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert program.returncode == 0, program.stderr
    assert files_of(there) == files_of(here)


def test_several_files_are_learnt_from_together(tmp_path: Path, pools: Path) -> None:
    rows = shop_rows(40)
    parts = [
        write_rows(tmp_path / f"{name}.parquet", part)
        for name, part in (("a", rows[60:]), ("b", rows[:60]))
    ]
    whole = write_rows(tmp_path / "whole.parquet", rows)
    out = tmp_path / "parts"
    assert main(["fit", *map(str, parts), "--pool", f"{pools}:mine", "--out", str(out)]) == 0

    assert files_of(out) == files_of(fitted(tmp_path / "one", whole, f"{pools}:mine"))


def test_of_an_excluded_dataset_nothing_is_learnt(tmp_path: Path, shop: Path, pools: Path) -> None:
    without = fitted(tmp_path / "x", shop, f"{pools}:mine", "--exclude-dataset", "shop/sizes")
    rows = [row for row in shop_rows(40) if row["dataset"] == "shop/returns"]
    alone = fitted(tmp_path / "y", write_rows(tmp_path / "returns.parquet", rows), f"{pools}:mine")

    assert read_artefact(without).kind_names == ("shop/returns",)
    assert files_of(without) == files_of(alone)


def test_of_prompts_that_are_not_listed_nothing_is_learnt(
    tmp_path: Path, shop: Path, pools: Path
) -> None:
    ids = tmp_path / "ids.txt"
    ids.write_text("q0001\n  q0002 \r\n\nq0005\nnobody's\n", encoding="utf-8-sig")
    listed = fitted(tmp_path / "x", shop, f"{pools}:mine", "--ids", ids)
    rows = [row for row in shop_rows(40) if row["prompt_id"] in ("q0001", "q0002", "q0005")]
    alone = fitted(tmp_path / "y", write_rows(tmp_path / "few.parquet", rows), f"{pools}:mine")

    assert files_of(listed) == files_of(alone)


def test_ids_may_have_blanks_in_them(tmp_path: Path, pools: Path) -> None:
    rows = [{**row, "prompt_id": f"{row['prompt_id']} of May"} for row in shop_rows(20)]
    file = write_rows(tmp_path / "may.parquet", rows)
    (tmp_path / "ids.txt").write_text("q0001 of May\nq0002 of May\n", "utf-8")
    folder = fitted(tmp_path / "x", file, f"{pools}:mine", "--ids", tmp_path / "ids.txt")

    assert read_artefact(folder).facts["prompts"] == 2


def test_a_model_whose_only_answers_are_excluded_is_not_learnt(tmp_path: Path, pools: Path) -> None:
    rows = [
        row for row in shop_rows(40) if row["model"] != "small" or row["dataset"] == "shop/sizes"
    ]
    file = write_rows(tmp_path / "few.parquet", rows)
    folder = fitted(tmp_path / "x", file, f"{pools}:mine", "--exclude-dataset", "shop/sizes")

    assert read_artefact(folder).models == ("large", "middle")


def test_a_model_that_no_file_knows_is_told_and_the_others_are_learnt(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, pools: Path
) -> None:
    rows = [row for row in shop_rows(40) if row["model"] != "small"]
    folder = fitted(tmp_path / "x", write_rows(tmp_path / "few.parquet", rows), f"{pools}:mine")

    assert read_artefact(folder).models == ("large", "middle")
    assert capsys.readouterr().out.endswith("\nWithout any score, and so not learnt: small\n")


def test_models_that_never_answered_the_same_prompt_are_learnt(tmp_path: Path, pools: Path) -> None:
    rows = [
        row
        for row in shop_rows(40)
        if row["model"] == ("large" if row["dataset"] == "shop/sizes" else "middle")
    ]
    file = write_rows(tmp_path / "apart.parquet", rows)

    assert read_artefact(fitted(tmp_path / "x", file, f"{pools}:mine")).models == (
        "large",
        "middle",
    )


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"score": None}, "no file has a score of large, middle, small, which pool 'mine' names"),
        ({"cost_usd": None, "input_tokens": None}, "no file has a cost of large, middle, small"),
    ],
)
def test_where_nothing_can_be_learnt_that_is_told(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    pools: Path,
    changed: dict[str, None],
    complaint: str,
) -> None:
    file = write_rows(tmp_path / "bare.parquet", [{**row, **changed} for row in shop_rows(4)])

    assert complaint in refused(capsys, tmp_path / "x", file, "--pool", f"{pools}:mine")


def test_prompts_that_are_left_without_a_score_teach_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, pools: Path
) -> None:
    rows = [
        {**row, "score": None if row["dataset"] == "shop/sizes" else row["score"]}
        for row in shop_rows(40)
    ]
    file = write_rows(tmp_path / "half.parquet", rows)
    options = ("--pool", f"{pools}:mine", "--exclude-dataset", "shop/returns")

    assert "no prompt with a score is left" in refused(capsys, tmp_path / "x", file, *options)


def test_the_costs_of_calls_stand_for_those_of_the_file(tmp_path: Path, pools: Path) -> None:
    rows = [{**row, "cost_usd": None, "input_tokens": None} for row in shop_rows(20)]
    file = write_rows(tmp_path / "free.parquet", rows)
    artefact = read_artefact(fitted(tmp_path / "x", file, f"{pools}:by-call"))

    assert artefact.models == ("large", "small")
    assert artefact.spending.usual.tolist() == [100.0, 100.0]


def test_an_artefact_is_replaced_and_anything_else_is_not(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, shop: Path, pools: Path
) -> None:
    folder = fitted(tmp_path / "mine", shop, f"{pools}:mine")
    before = files_of(folder)
    fitted(folder, shop, f"{pools}:mine", "--seed", "1")

    assert files_of(folder) != before
    assert refused(capsys, tmp_path, shop, "--pool", f"{pools}:mine") == (
        f"--out: {tmp_path} cannot be written: the folder contains something else"
    )


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--exclude-dataset", "shop/socks"), "--exclude-dataset: no outcome is from shop/socks"),
        (
            ("--exclude-dataset", "shop/sizes", "--exclude-dataset", "shop/returns"),
            "no prompt with a score is left to learn from",
        ),
        (("--ids", "{folder}/nobody.txt"), "no prompt with a score is left to learn from"),
        (("--ids", "{folder}/nowhere"), "--ids: {folder}/nowhere cannot be read: No such file"),
        (("--ids", "{folder}/shop.parquet"), "--ids: {folder}/shop.parquet is not text"),
        (("--pool", "{folder}/pools.yaml:nine"), "there is no pool 'nine'"),
        (("--pool", "{folder}/pools.yaml:elsewhere"), "no file has a prompt of other/shop for a"),
        (("--out", "{folder}/pools.yaml/x"), "--out: {folder}/pools.yaml/x cannot be written: Not"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    shop: Path,
    pools: Path,
    options: tuple[str, ...],
    complaint: str,
) -> None:
    (tmp_path / "nobody.txt").write_text("nobody's\n")
    words = [each.format(folder=tmp_path) for each in options]
    line = ["fit", str(shop), "--pool", f"{pools}:mine", "--out", str(tmp_path / "x"), *words]

    assert main(line) == 1
    said = capsys.readouterr().err
    assert complaint.format(folder=tmp_path) in said
    assert said.count("\n") == 1
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("seed", ["a", "-1", str(2**32)])
@pytest.mark.parametrize("command", ["fit", "evaluate", "calibrate"])
def test_a_seed_is_what_every_library_takes(
    capsys: pytest.CaptureFixture[str], command: str, seed: str
) -> None:
    with pytest.raises(SystemExit):
        main([command, "--seed", seed])

    said = f"argument --seed: must be a whole number from 0 to 4294967295, not '{seed}'"
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [(), ("--pool", "x:y")])
def test_wrong_usage_is_told_by_argparse(shop: Path, wrong: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["fit", str(shop), *wrong])

    assert stopped.value.code == 2

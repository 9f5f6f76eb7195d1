"""`farthing evaluate` on outcomes that nobody ever had."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.programs import Done, here
from tests.evaluation.made_up import POOLS, row, shop_rows, write_rows

FEW = "60"


@dataclass(frozen=True)
class Told:
    """What a run has printed, and the bytes of its files."""

    text: str
    as_json: bytes
    html: bytes

    @property
    def found(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self.as_json)
        return read


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("evaluated")


@pytest.fixture(scope="module")
def pools(folder: Path) -> Path:
    path = folder / "pools.yaml"
    path.write_text(POOLS, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def shop(folder: Path) -> Path:
    return write_rows(folder / "shop.parquet", shop_rows(200))


@pytest.fixture(scope="module")
def judged(folder: Path, shop: Path, pools: Path) -> Told:
    """The shop's outcomes judged as most tests want them, once for them all."""
    return told(folder, shop, "--pool", f"{pools}:mine", "--samples", FEW, "--seed", "0")


def evaluate(*args: object) -> Done:
    return here("evaluate", *map(str, args), env={"COLUMNS": "80"})


def said(*args: object) -> str:
    done = evaluate(*args)
    assert (done.status, done.err) == (0, "")
    return done.out


def told(folder: Path, *args: object) -> Told:
    out = [folder / f"told.{kind}" for kind in ("json", "html")]
    text = said(*args, "--json", out[0], "--html", out[1])
    return Told(text, out[0].read_bytes(), out[1].read_bytes())


def estimates(found: dict[str, Any], figure: str) -> dict[str, float]:
    return {each["name"]: each[figure]["estimate"] for each in found["rows"]}


def test_the_rows_stand_beside_each_other(judged: Told) -> None:
    text = judged.text

    assert text.startswith("200 prompts of shop.parquet, pool mine, 5 folds of prompts.\n")
    assert re.search(r"Best single model: large, quality \.\d{4} at \$\d\.\d\d for 1,000", text)
    rows = re.findall(r"(?m)^ (random|zero|category|router|oracle) .*%", text)
    assert rows == ["random", "zero", "category", "router", "router", "oracle"]
    assert re.search(r" zero +\.\d{4} +\.0000 +\.\d{4} +\d+\.\d % +\d+\.\d %", text)
    assert re.search(r"\.\d{3} to \.\d{3}", text)
    assert "At its most careful (lambda 0) the router scores" in text
    assert "RouterArena's score is ." in text
    assert max(len(line) for line in text.splitlines()[2:30]) <= 80


def test_a_router_learns_what_telling_kinds_of_prompts_apart_is_worth(judged: Told) -> None:
    found = judged.found
    aiq = estimates(found, "aiq")

    assert aiq["router + single models"] == pytest.approx(aiq["category mean"], abs=0.02)
    assert aiq["category mean"] > aiq["zero"] + 0.03
    assert aiq["oracle"] > max(aiq["category mean"], aiq["router + single models"])
    assert aiq["random"] <= aiq["zero"]
    assert found["best"] == "large"
    assert found["datasets"] == {"shop/returns": 100, "shop/sizes": 100}


def test_where_datasets_are_held_out_none_is_known_beforehand(
    tmp_path: Path, shop: Path, pools: Path, judged: Told
) -> None:
    mine = ("--pool", f"{pools}:mine", "--samples", FEW)
    inside, outside = judged.found, told(tmp_path, shop, *mine, "--split", "dataset").found

    assert inside["split"] == "prompt"
    assert (outside["split"], outside["folds"]) == ("dataset", 2)
    assert estimates(outside, "aiq")["category mean"] < estimates(inside, "aiq")["category mean"]
    assert estimates(outside, "aiq")["zero"] == estimates(inside, "aiq")["zero"]
    # What one dataset teaches of the other is wrong, and the router is not spared the consequence.
    assert estimates(outside, "aiq")["router"] < estimates(outside, "aiq")["zero"]


def test_the_same_run_gives_the_same_bytes(
    tmp_path: Path, shop: Path, pools: Path, judged: Told
) -> None:
    mine = ("--pool", f"{pools}:mine", "--samples", FEW)
    again, other = (told(tmp_path, shop, *mine, "--seed", seed) for seed in (0, 1))

    assert (again.as_json, again.html) == (judged.as_json, judged.html)
    assert (other.as_json, other.html) != (judged.as_json, judged.html)


def test_every_number_has_its_interval(judged: Told) -> None:
    found = judged.found
    single = [
        each[name] for each in found["models"] for name in ("quality", "cost_usd", "auc", "ece")
    ]
    figures = [
        *(value for each in found["rows"] for value in each.values() if isinstance(value, dict)),
        *single,
        found["auc"],
        found["ece"],
        *(value for value in found["best_in_arena"].values() if isinstance(value, dict)),
        *(value for value in found["fixed"].values() if isinstance(value, dict)),
    ]

    assert len(figures) == 8 * 6 + 3 * 4 + 2 + 5 + 5
    for each in figures:
        assert each.keys() == {"estimate", "low", "high"}
        if None not in each.values():
            assert each["low"] <= each["estimate"] <= each["high"]
    assert found["samples"] == int(FEW)


def test_a_pair_has_routellm_s_measures(tmp_path: Path, shop: Path, pools: Path) -> None:
    done = told(tmp_path, shop, "--pool", f"{pools}:two", "--samples", FEW)
    found = done.found

    pair = found["pairs"]["all"]
    assert (pair["weak"], pair["strong"], pair["prompts"]) == ("small", "large", 200)
    assert len(pair["curve"]) == 11
    assert pair["cpt"].keys() == {"20%", "50%", "80%"}
    assert found["pairs"].keys() == {"all", "shop/returns", "shop/sizes"}
    assert re.search(r"Pair, all \(200 prompts\): APGR \.\d{4} \(.*CPT\(50%\) \d+\.\d %", done.text)


def test_a_quality_that_is_not_reached_is_told_as_never(tmp_path: Path, pools: Path) -> None:
    # Either dataset teaches that the model is good which is wrong on the other.
    rows = [
        row(f"p{at}", model, float((at < 2) == (model == "large")), dataset=dataset, cost_usd=cost)
        for at, dataset in enumerate(["made/a", "made/a", "made/b"])
        for model, cost in (("large", 0.02), ("small", 0.01))
    ]
    path = write_rows(tmp_path / "odd.parquet", rows)
    options = (path, "--pool", f"{pools}:two", "--samples", FEW, "--split", "dataset")

    done = told(tmp_path, *options)

    assert estimates(done.found, "saved_at_95")["router"] is None
    assert re.search(r"(?m)^ router .* never +never *$", done.text)


def test_costs_of_calls_stand_for_those_of_the_file(
    tmp_path: Path, shop: Path, pools: Path
) -> None:
    found = told(tmp_path, shop, "--pool", f"{pools}:by-call", "--samples", FEW).found

    assert {each["name"]: each["cost_usd"]["estimate"] for each in found["models"]} == {
        "large": 0.02,
        "small": 0.001,
    }


def test_prompts_that_some_model_did_not_answer_are_told(tmp_path: Path, pools: Path) -> None:
    rows = [*shop_rows(40), row("new", "large", 1.0)]
    path = write_rows(tmp_path / "more.parquet", rows)
    text = said(path, "--pool", f"{pools}:mine", "--samples", FEW)

    assert text.startswith("40 prompts of more.parquet")
    assert "1 prompt lacks a score or a cost of some model: it is not evaluated" in text


def test_a_frozen_artefact_is_told_as_such(shop: Path, pools: Path) -> None:
    options = ("--pool", f"{pools}:mine", "--samples", FEW, "--artefact", "shipped")

    assert "Nothing was fitted here" in said(shop, *options)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--pool", "{pools}:nine"), "there is no pool 'nine'"),
        (("--pool", "{pools}:mine", "--folds", "900"), "40 complete prompts make no 900 folds"),
        (("--pool", "{pools}:mine", "--artefact", "nowhere"), "--artefact nowhere"),
        (("--pool", "{pools}:mine", "--samples", "9", "--json", "{pools}/x"), "cannot be written"),
        (("--pool", "{pools}:mine", "--samples", "9", "--html", "{pools}/x"), "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(
    tmp_path: Path,
    pools: Path,
    options: tuple[str, ...],
    complaint: str,
) -> None:
    small = write_rows(tmp_path / "small.parquet", shop_rows(40))
    done = evaluate(small, *(each.format(pools=pools) for each in options))

    assert done.status == 1
    assert complaint in done.err
    assert done.err.count("\n") == 1


def test_where_all_prompts_ask_the_same_there_is_nothing_to_learn_from(
    tmp_path: Path, pools: Path
) -> None:
    rows = [{**each, "prompt": "Where is my parcel?"} for each in shop_rows(40)]
    same = write_rows(tmp_path / "same.parquet", rows)
    done = evaluate(same, "--pool", f"{pools}:mine", "--samples", "9")

    assert (done.status, done.out) == (1, "")
    assert "nothing remains to learn from" in done.err


@pytest.mark.parametrize("option", ["--json", "--html"])
def test_a_file_that_cannot_be_written_is_told_before_the_work_begins(
    tmp_path: Path, pools: Path, option: str
) -> None:
    done = evaluate(tmp_path / "none.parquet", "--pool", f"{pools}:mine", option, pools / "x")

    assert done.err == f"farthing: {option}: {pools}/x cannot be written: Not a directory\n"


@pytest.mark.parametrize("wrong", [("--folds", "1"), ("--samples", "0"), ("--split", "model"), ()])
def test_wrong_usage_is_told_by_argparse(shop: Path, pools: Path, wrong: tuple[str, ...]) -> None:
    pool = ("--pool", f"{pools}:mine") if wrong else ()

    assert evaluate(shop, *pool, *wrong).status == 2

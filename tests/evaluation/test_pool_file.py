"""Pool files: what they say, and every mistake in them at once."""

from pathlib import Path

import pytest

from router.domain.category import Category
from router.domain.errors import ConfigError, FarthingError
from router.domain.pool import Pool
from router.evaluation.pool_file import STATED_SD, read_pool
from tests.evaluation.made_up import POOLS

ABILITIES = """\
pools:
  mine:
    models:
      a: {input_per_1m: 1, output_per_1m: 2, abilities: {maths: 0.4, writing: {p: 0.8, sd: 0.05}}}
      b: {input_per_1m: 1, output_per_1m: 2, quality: 0.6, abilities: {maths: 0.3}}
"""
BROKEN = """\
pools:
  mine:
    cost: guessed
    datasets: shop
    models:
      a: {input_per_1m: -1, output_per_1m: much}
      b: {input_per_1m: 1}
      c: {input_per_1m: 1, output_per_1m: 1, abilities: {math: 0.5, writing: 1.5}, quality: {sd: 0.1}}
      d: cheap
      e: {}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "pools.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def pool(folder: Path, name: str, text: str = POOLS) -> Pool:
    return read_pool(f"{written(folder, text)}:{name}")


def test_a_pool_has_its_models_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = pool(tmp_path, "mine")

    assert (found.name, found.names) == ("mine", ("large", "middle", "small"))
    assert found.datasets == {"shop/returns", "shop/sizes"}
    assert not found.has_nominal_costs
    assert (found.models[1].input_usd_per_1m, found.models[1].output_usd_per_1m) == (0.5, 2.0)


def test_nominal_costs_need_no_prices(tmp_path: Path) -> None:
    found = pool(tmp_path, "by-call")

    assert found.has_nominal_costs
    assert [model.usd_per_call for model in found.models] == [0.02, 0.001]
    assert found.datasets == frozenset()


def test_abilities_are_of_a_category_or_of_all(tmp_path: Path) -> None:
    first, second = pool(tmp_path, "mine", ABILITIES).models

    told = {category: (each.p, each.sd) for category, each in first.abilities.items()}
    assert told == {Category.MATHS: (0.4, STATED_SD), Category.WRITING: (0.8, 0.05)}
    assert second.abilities.keys() == set(Category)
    assert {second.abilities[each].p for each in Category} == {0.6, 0.3}
    assert second.abilities[Category.MATHS].p == 0.3


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as told:
        pool(tmp_path, "mine", BROKEN)

    assert [f"{each.place}: {each.message}" for each in told.value.problems] == [
        "pools.mine.cost: must be column or nominal",
        "pools.mine.models.a.input_per_1m: must be dollars, zero or more",
        "pools.mine.models.a.output_per_1m: must be dollars, zero or more",
        "pools.mine.models.b.output_per_1m: is missing",
        "pools.mine.models.c.quality: must be a probability from 0 to 1, or {p: ..., sd: ...} of two",
        "pools.mine.models.c.abilities.math: is not a category; did you mean 'maths'?",
        "pools.mine.models.c.abilities.writing: must be a probability from 0 to 1, or {p: ..., sd: ...} of two",
        "pools.mine.models.d: must be a mapping",
        "pools.mine.models.e.input_per_1m: is missing",
        "pools.mine.models.e.output_per_1m: is missing",
        "pools.mine.datasets: must be a list of names",
    ]


def test_a_nominal_pool_without_costs_of_calls_is_no_such(tmp_path: Path) -> None:
    text = "pools: {mine: {cost: nominal, models: {a: {input_per_1m: 1, output_per_1m: 1}}}}"
    with pytest.raises(ConfigError, match=r"models\.a\.cost_per_call: is missing"):
        pool(tmp_path, "mine", text)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("min", POOLS, "there is no pool 'min'; did you mean 'mine'?"),
        ("mine", "pools: [", "line "),
        (
            "mine",
            "pools:\n  mine: {models: {a: {}, a: {}}}",
            "line 2: the key 'a' is repeated here",
        ),
        ("mine", "pools: {}", "pools: must be a mapping of names to pools"),
        ("mine", "- pools", "must be a mapping with the key pools"),
        ("mine", "pools: {mine: {models: {}}}", "models: names no model"),
        ("mine", "pools: {mine: {cost: column}}", "models: must be a mapping"),
    ],
)
def test_what_is_no_pool_is_told(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(FarthingError) as told:
        pool(tmp_path, name, text)

    assert said in str(told.value)


def test_a_pool_goes_by_its_file_and_its_name(tmp_path: Path) -> None:
    for spec in ("pools.yaml", "pools.yaml:", ":mine"):
        with pytest.raises(FarthingError, match=r"--pool takes FILE\.yaml:NAME"):
            read_pool(spec)
    with pytest.raises(FarthingError, match="cannot be read"):
        read_pool(f"{tmp_path / 'none.yaml'}:mine")

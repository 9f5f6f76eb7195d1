"""Models are checked when they are made, and can come from a file."""

from pathlib import Path
from typing import Any

import pytest

from router.domain.category import Category
from router.domain.errors import ConfigError
from router.domain.members import replace
from router.domain.money import Money
from router.domain.usage import Usage
from router.providers.simulated import default_models
from router.providers.simulated.models_file import read_models
from router.providers.simulated_models import by_id, price, qualities

MID = default_models()[1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": " x"}, "id must be"),
        ({"id": ""}, "id must be"),
        ({"tokens_per_s": 0}, "tokens_per_s must be above 0"),
        ({"context_tokens": 0}, "context_tokens must be above 0"),
        ({"max_output_tokens": -1}, "max_output_tokens must be above 0"),
        ({"ttft_s": -0.1}, "ttft_s must be 0 or more"),
        ({"ttft_s": float("nan")}, "ttft_s must be 0 or more"),
        ({"reasoning_share": 1}, "reasoning_share must be in"),
        ({"quality": 1.1}, "must be in"),
        ({"quality": {Category.CHAT: 0.5}}, "quality has no number for housekeeping"),
        ({"quality": qualities(0.5, {Category.CHAT: -1})}, "quality for chat"),
    ],
)
def test_nonsense_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(MID, **change)


def test_a_price_is_exact_and_knows_cached_input() -> None:
    frontier = default_models()[0].price
    million = 10**6
    assert frontier.charge(Usage(uncached_input_tokens=million)) == Money.from_usd("3")
    assert frontier.charge(Usage(cache_read_tokens=million)) == Money.from_usd("0.3")
    assert frontier.charge(Usage(output_tokens=million)) == Money.from_usd("15")
    assert frontier.charge(Usage(reasoning_tokens=million)) == Money.from_usd("15")
    assert price("1", "2").cache_read_pico == price("1", "2").input_pico


def test_two_models_of_one_name_and_none_at_all_are_refused() -> None:
    with pytest.raises(ValueError, match="two simulated models are called sim-mid"):
        by_id([MID, MID])
    with pytest.raises(ValueError, match="at least one"):
        by_id([])


def written(folder: Path, text: str) -> Path:
    path = folder / "models.yaml"
    path.write_text(text, "utf-8")
    return path


def test_models_come_from_a_file(tmp_path: Path) -> None:
    text = """
models:
  - id: our-13b
    price: {input: 0.2, output: 0.4, cache_read: 0.05}
    quality: {default: 0.8, maths: 0.5}
    ttft_s: 0.2
    tokens_per_s: 100
  - id: "our:70b"
    price: {input: 1, output: 2}
    quality: 0.9
    ttft_s: 1
    tokens_per_s: 50
    context_tokens: 4096
    reasoning_share: 0.5
"""
    small, large = read_models(written(tmp_path, text))
    assert small.price == price("0.2", "0.4", "0.05")
    assert small.quality_for(Category.MATHS) == 0.5
    assert small.quality_for(Category.CHAT) == 0.8
    assert (large.id, large.context_tokens, large.max_output_tokens) == ("our:70b", 4096, 8192)
    assert large.quality_for(Category.MATHS) == 0.9


GOOD = "id: a, price: {input: 1, output: 1}, quality: 1, ttft_s: 0, tokens_per_s: 1"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("5", "must have the keys id, price"),
        ("id: a", "price, quality, ttft_s, tokens_per_s is missing"),
        (f"{GOOD}, colour: red", "unknown key colour"),
        (GOOD.replace("id: a", "id: 5"), "id must be text"),
        (GOOD.replace("tokens_per_s: 1", "tokens_per_s: fast"), "tokens_per_s must be a number"),
        (f"{GOOD}, context_tokens: 1.5", "context_tokens must be a whole number"),
        (GOOD.replace("input: 1", "inptu: 1"), "price must have input, output"),
        (GOOD.replace("input: 1", "input: cheap"), "price input must be a number"),
        (GOOD.replace("quality: 1", "quality: {maths: 1}"), "quality needs `default`"),
        (GOOD.replace("quality: 1", "quality: {default: 1, magic: 1}"), "no category magic"),
        (GOOD.replace("quality: 1", "quality: good"), "quality must be a number"),
        (GOOD.replace("quality: 1", "quality: 2"), "must be in"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_its_place(
    tmp_path: Path, entry: str, message: str
) -> None:
    wrapped = entry if entry == "5" else f"{{{entry}}}"
    path = written(tmp_path, f"models:\n  - {{{GOOD.replace('id: a', 'id: b')}}}\n  - {wrapped}\n")
    with pytest.raises(ConfigError, match=message) as raised:
        read_models(path)
    assert [problem.place for problem in raised.value.problems] == ["models[1]"]
    assert str(path) in str(raised.value)


def test_all_errors_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, f"models:\n  - 5\n  - {{{GOOD}}}\n  - {{{GOOD}}}\n  - {{id: 7}}\n")
    with pytest.raises(ConfigError) as raised:
        read_models(path)
    assert [problem.place for problem in raised.value.problems] == [
        "models[0]",
        "models[3]",
        "models",
    ]


@pytest.mark.parametrize("text", ["", "models: 5", "models: []", "a: [", "- 1"])
def test_a_file_without_models_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError):
        read_models(written(tmp_path, text))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml"):
        read_models(tmp_path / "none.yaml")

"""Every mistyped key and value of the example is reported: which, where, and what would be right."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.config.files import EXAMPLE, SOUND, complaints, loaded

_KEY = re.compile(r"(?<![\w/$\"*.-])([a-z_]{3,}):(?=\s)")


def _mistyped() -> Iterator[tuple[str, str]]:
    """The example with one key mistyped, and that key."""
    lines = EXAMPLE.read_text().splitlines()
    for index, line in enumerate(lines):
        stated = line.split(" #")[0] if not line.lstrip().startswith("#") else ""
        for found in _KEY.finditer(stated):
            wrong = f"{stated[: found.end(1)]}x{stated[found.end(1) :]}"
            yield "\n".join([*lines[:index], wrong, *lines[index + 1 :]]), found[1]


def test_every_key_of_the_example_that_is_mistyped_is_told_by_its_right_name(
    tmp_path: Path,
) -> None:
    named_by_others = {"openai", "anthropic", "gemini", "together", "simulated"}
    told = {key: complaints(tmp_path, text) for text, key in _mistyped() if key != "kind"}
    assert len(told) > 30
    for key, said in told.items():
        if key not in named_by_others:
            assert any(each.endswith(f"unknown key; did you mean '{key}'?") for each in said), said
        else:
            assert any(f"did you mean '{key}x'?" in each for each in said), said


NUMBERS = [
    ("server: {port: true}", "server.port (line 6): must be a whole number"),
    ("server: {timeouts: {total_s: true}}", "server.timeouts.total_s (line 6): must be a number"),
    ("server: {port: many}", "server.port (line 6): must be a whole number"),
    ("server: {host: 8080}", "must be text, in quotes if it looks like something else"),
    (
        "ledger: {path: ''}",
        "ledger.path (line 6): must be a path, relative to this file or whole, that does not begin with ~",
    ),
    ("server: 8080", "server (line 6): must be a mapping of keys to values"),
    ("budgets: [{usd: true}]", "budgets[0].usd (line 6): must be a number"),
    (
        "budgets: [{usd: 5, timezone: Europe}]",
        "budgets[0].timezone (line 6): must be a time zone such as Europe/Berlin",
    ),
    (
        "limits: [{key: '*'}]",
        "limits[0] (line 6): needs 'requests_per_minute' or 'tokens_per_minute', or both",
    ),
    ("keys: 5", "keys (line 6): must be a list"),
    ("log: {requests: 7}", "log.requests (line 6): must be true or false"),
    (
        "policies: {routes: {gpt: {reference: sim-mid}}}",
        "policies.routes.gpt.policy (line 6): is missing",
    ),
    (
        "policies: {routes: {gpt: 5}}",
        "must be text, in quotes if it looks like something else, or a mapping of keys to values",
    ),
]


@pytest.mark.parametrize(("line", "told"), NUMBERS)
def test_a_value_of_another_kind_is_told_what_would_be_right(
    line: str, told: str, tmp_path: Path
) -> None:
    (said,) = complaints(tmp_path, f"{SOUND}{line}\n")
    assert said.endswith(told)


def test_a_price_per_token_is_none_per_million(tmp_path: Path) -> None:
    price = "price: {input_usd_per_mtok: 1.5e-7, output_usd_per_mtok: 6.0e-7}"
    said = complaints(tmp_path, SOUND.replace("upstream: sim}", f"upstream: sim, {price}}}"))

    assert [each.partition(" (line 5): ")[2] for each in said] == [
        "must be 0 or at least 0.0001: it is for a million tokens, not for one"
    ] * 2


@pytest.mark.parametrize("day", ["27.11.2026", "2026-11-27T12:00:00Z"])
def test_a_model_with_a_mistake_is_not_reported_as_missing_too(day: str, tmp_path: Path) -> None:
    rates = "input_usd_per_mtok: 1, output_usd_per_mtok: 2"
    text = f"""\
{SOUND}  mine: {{upstream: sim, price: {{{rates}}}, price_changes: [{{from: "{day}", {rates}}}]}}
keys: [{{name: k, key: "${{KEY}}", models: [mine]}}]
"""
    assert complaints(tmp_path, text, {"KEY": "k" * 32}) == [
        "config.yaml: models.mine.price_changes[0].from (line 6): must be a date such as 2027-01-31"
    ]


@pytest.mark.parametrize("models", ["5", "[a]", "", "{}"])
def test_models_that_are_no_mapping_are_told(models: str, tmp_path: Path) -> None:
    text = SOUND.replace("models:\n  sim-mid: {upstream: sim}", f"models: {models}")
    said = complaints(tmp_path, text)
    assert len(said) == 1
    assert "config.yaml: models (line 4): " in said[0]


def test_true_is_no_ability_either(tmp_path: Path) -> None:
    (said,) = complaints(
        tmp_path, SOUND.replace("upstream: sim}", "upstream: sim, abilities: {maths: true}}")
    )
    assert said.endswith("abilities.maths (line 5): must be a number")


def test_true_is_what_it_is_where_that_is_asked(tmp_path: Path) -> None:
    assert loaded(tmp_path, f"{SOUND}log: {{requests: true}}\n").logs_requests


@pytest.mark.parametrize(
    "what", ["budgets: [{usd: 5, key: serch}]", "limits: [{requests_per_minute: 5, key: serch}]"]
)
def test_a_budget_of_a_key_that_is_not_in_the_file_is_noted(what: str, tmp_path: Path) -> None:
    keys = "keys: [{name: search, key: '${KEY}'}]"
    environ = {"KEY": "a-secret-that-is-long-enough"}
    (note,) = loaded(tmp_path, f"{SOUND}{keys}\n{what}\n", environ).notes
    assert "no key of this file is called 'serch'; did you mean 'search'?" in note


def test_who_names_an_upstream_that_is_wrong_is_right(tmp_path: Path) -> None:
    upstream = '  there: {kind: openai, base_url: "http://127.0.0.1:1/v1", api_kye: x}\n'
    text = SOUND.replace("models:\n", f"{upstream}models:\n")
    (said,) = complaints(
        tmp_path, f"{text}passthrough: {{upstream: there, paths: [/v1/audio/*]}}\n"
    )
    assert said.endswith("unknown key; did you mean 'api_key'?")


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("claude-opus-4-55: {upstream: it}", "; did you mean 'claude-opus-4-5'?"),
        ("qqqqqqqqqqqqqqqqqq: {upstream: it}", ""),
    ],
)
def test_a_model_that_the_price_map_does_not_know_is_told_the_nearest(
    line: str, hint: str, tmp_path: Path
) -> None:
    text = (
        f"version: 1\nupstreams:\n  it: {{kind: litellm, provider: anthropic}}\nmodels:\n  {line}\n"
    )
    (said,) = complaints(tmp_path, text)
    assert f"its price is not known{hint}; add 'price: " in said

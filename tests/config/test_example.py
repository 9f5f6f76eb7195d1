"""The example configuration works unchanged, and each key that is set brings in its models."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from router.cli.check.command import judge_of
from router.cli.check.examples import check_examples
from router.config.load import load_settings
from router.config.settings import Settings, SimulatedSettings
from router.providers.endpoints import AnthropicEndpoint, Endpoint
from tests.config.files import EXAMPLE, ROOT

SIMULATED = {"sim-frontier", "sim-mid", "sim-open-70b", "sim-open-8b"}
BROUGHT_IN = {
    "OPENAI_API_KEY": ("openai", {"gpt-6-sol", "gpt-5.4-mini", "gpt-5.4-nano"}),
    "ANTHROPIC_API_KEY": (
        "anthropic",
        {"claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"},
    ),
    "GEMINI_API_KEY": ("gemini", {"gemini-3.8-flash"}),
    "TOGETHER_API_KEY": ("together", {"gpt-oss-120b", "llama-3.3-70b"}),
}


def example(*present: str) -> Settings:
    return load_settings(EXAMPLE, dict.fromkeys(present, "sk-test"))


def test_without_any_key_four_simulated_models_answer() -> None:
    settings = example()

    assert set(settings.catalog) == SIMULATED
    assert settings.upstreams == {"simulated": SimulatedSettings(speed=1, seed=0)}
    assert len(settings.notes) == len(BROUGHT_IN)
    assert "upstream openai: left out, the environment variable OPENAI_API_KEY is not set" in (
        settings.notes
    )


@pytest.mark.parametrize("name", BROUGHT_IN)
def test_a_key_brings_its_providers_models_in_and_the_simulated_ones_leave(name: str) -> None:
    upstream, models = BROUGHT_IN[name]
    settings = example(name)

    assert set(settings.catalog) == models
    assert set(settings.upstreams) == {upstream}
    assert "upstream simulated: left out, since there are others" in settings.notes


def test_all_keys_bring_all_real_models_in_with_dated_prices_and_priors() -> None:
    catalog = example(*BROUGHT_IN).catalog

    assert set(catalog) == {name for _, models in BROUGHT_IN.values() for name in models}
    for model in catalog.values():
        assert not model.price.is_free
        assert model.price.as_of is not None
        assert model.price.source.startswith("litellm 1.")
        assert {ability.source for ability in model.abilities.values()} != {"prior: its price tier"}


def test_an_empty_key_is_no_key() -> None:
    assert set(load_settings(EXAMPLE, {"OPENAI_API_KEY": "  "}).catalog) == SIMULATED


def test_secrets_show_in_no_representation() -> None:
    settings = load_settings(EXAMPLE, dict.fromkeys(BROUGHT_IN, "sk-hush"))

    assert isinstance(settings.upstreams["openai"], Endpoint)
    assert settings.upstreams["openai"].api_key == "sk-hush"
    assert isinstance(settings.upstreams["anthropic"], AnthropicEndpoint)
    assert settings.upstreams["anthropic"].api_key == "sk-hush"
    assert "sk-hush" not in repr(settings)


def test_what_the_example_says_is_what_it_would_be_without_saying_it(tmp_path: Path) -> None:
    settings = example()

    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert (settings.cache.url, settings.cache.timeout_s) == ("memory", 0.05)
    assert settings.ledger.path == ROOT / "var/farthing.db"
    assert (settings.book.default, settings.book.routes) == ("balanced", {})


@pytest.mark.parametrize("present", [(), tuple(BROUGHT_IN)], ids=["simulated", "real"])
def test_every_policys_examples_hold(present: tuple[str, ...]) -> None:
    settings = example(*present)
    results = list(check_examples(settings, judge_of(settings)))

    assert len(results) >= 7
    assert [f"{result.name}{result.failure}" for result in results if result.failure] == []


def test_checking_imports_neither_litellm_nor_scikit_learn() -> None:
    script = (
        "import sys; from router.cli import main; code = main(sys.argv[1:]);"
        "print(code, sorted({'litellm', 'openai', 'sklearn', 'scipy', 'pandas'} & set(sys.modules)))"
    )
    environ = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    ran = subprocess.run(
        [sys.executable, "-c", script, "check", "--config", str(EXAMPLE)],
        capture_output=True,
        text=True,
        env=environ | {"ANTHROPIC_API_KEY": "sk-test"},
        check=True,
    )
    assert ran.stdout.splitlines()[-1] == "0 []"

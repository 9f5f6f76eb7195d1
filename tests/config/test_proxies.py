"""A proxy in the environment that upstreams are called past is told of at the start."""

from pathlib import Path

import pytest

from tests.config.files import loaded

_CONFIG = """\
version: 1
upstreams:
  far: {kind: openai, base_url: "https://far.example/v1"}
  near: {kind: openai, base_url: "http://127.0.0.1:8000/v1"}
  claude: {kind: anthropic}
  through: {kind: litellm, provider: openai}
models:
  own: {upstream: far, price: {input_usd_per_mtok: 1, output_usd_per_mtok: 1}}
"""


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_upstreams_that_are_called_past_a_proxy_are_named(name: str, tmp_path: Path) -> None:
    notes = loaded(tmp_path, _CONFIG, {name: "http://proxy.example:3128"}).notes
    told = [each for each in notes if "directly" in each]

    assert told == [
        f"upstream {each}: called directly, not through {name}" for each in ("far", "claude")
    ]


@pytest.mark.parametrize("environ", [{}, {"HTTPS_PROXY": ""}])
def test_without_a_proxy_nothing_is_told(environ: dict[str, str], tmp_path: Path) -> None:
    assert not any("directly" in each for each in loaded(tmp_path, _CONFIG, environ).notes)

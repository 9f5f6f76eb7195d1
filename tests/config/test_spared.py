"""A command that asks nobody needs no secret but the ledger's, and no word on who may connect."""

from pathlib import Path

import pytest

from router.cli import main
from router.config.load import load_settings
from router.config.settings import Settings
from router.domain.errors import ConfigError
from tests.config.files import NOTHING, complaints, written

TEXT = """\
version: 1
server: {host: 0.0.0.0, workers: 2, admin_key: "${ADMIN}"}
upstreams:
  box: {kind: openai, base_url: "http://${BOX}/v1", api_key: "${file:/run/no-such-secret}"}
  vendor: {kind: anthropic, api_key: "${VENDOR_KEY}", enabled: with-key}
models:
  small: {upstream: box, price: {input_usd_per_mtok: 1, output_usd_per_mtok: 2}}
  claude-haiku-5-5: {upstream: vendor}
keys:
  - {name: first, key: "${FIRST}"}
  - {name: second, key: "${SECOND}"}
cache: {url: "redis://:${REDIS_PASSWORD}@cache/0"}
telemetry: {otlp: {headers: {authorization: "${TOKEN}"}}}
"""


def unserved(folder: Path, text: str) -> Settings:
    return load_settings(written(folder, text), NOTHING, serves=False)


def test_what_is_not_there_is_a_mistake_only_for_who_serves(tmp_path: Path) -> None:
    assert sum("is not set" in each for each in complaints(tmp_path, TEXT)) == 6
    settings = unserved(tmp_path, TEXT)

    assert [key.name for key in settings.keys] == ["first", "second"]
    assert list(settings.upstreams) == ["box"], "with-key is left out as ever"
    assert list(settings.catalog) == ["small"]


def test_keys_can_be_made_before_there_is_one_that_lets_others_connect(tmp_path: Path) -> None:
    """The complaint says that they should be."""
    text = TEXT.partition("keys:")[0].replace("workers: 2, ", "")
    assert any("farthing keys create" in each for each in complaints(tmp_path, text))
    assert unserved(tmp_path, text).keys == ()


def test_the_ledgers_secret_must_be_there_for_everybody(tmp_path: Path) -> None:
    text = f'{TEXT}ledger: {{url: "postgresql://me:${{LEDGER_PASSWORD}}@db/books"}}\n'
    with pytest.raises(ConfigError, match="LEDGER_PASSWORD is not set"):
        unserved(tmp_path, text)


def test_other_mistakes_are_told_to_everybody(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such upstream"):
        unserved(tmp_path, TEXT.replace("upstream: box", "upstream: bix"))


def test_what_is_decided_without_sending_needs_no_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(written(tmp_path, TEXT))
    assert main(["explain", "--config", config, "Good morning!"]) == 0
    assert "small" in capsys.readouterr().out
    assert main(["check", "--config", config]) == 1
    assert "FIRST is not set" in capsys.readouterr().err


def test_what_refers_to_an_upstream_without_its_secret_is_not_told_to_be_wrong(
    tmp_path: Path,
) -> None:
    text = f"{TEXT}passthrough: {{upstream: box, paths: [/v1/files]}}\n"
    assert all("is not set" in each for each in complaints(tmp_path, text))

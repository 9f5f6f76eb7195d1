"""Configuring upstreams that speak another dialect than chat."""

from pathlib import Path

from router.config.settings import Settings
from router.domain.model import Capability, Model
from router.providers.endpoints import AnthropicEndpoint, Endpoint
from router.wire.dialects.dialect import Dialect
from tests.config.files import complaints, loaded

UPSTREAMS = """\
version: 1
upstreams:
  anthropic: {kind: anthropic, api_key: "${KEY}", headers: {anthropic-beta: context-1m}}
  imitator: {kind: anthropic, base_url: "http://127.0.0.1:8000", catalog_prefix: deepinfra}
  thinking: {kind: openai, base_url: "https://api.openai.com/v1", dialect: responses}
models:
"""
FREE = "price: {input_usd_per_mtok: 0, output_usd_per_mtok: 0}"


def settings(folder: Path, *lines: str) -> Settings:
    text = UPSTREAMS + "".join(f"  {line}\n" for line in lines)
    return loaded(folder, text, {"KEY": "sk-hush"})


def model(folder: Path, name: str, upstream: str, more: str = FREE) -> Model:
    return settings(folder, f"{name}: {{upstream: {upstream}, {more}}}").catalog[name]


def test_anthropics_own_address_need_not_be_told(tmp_path: Path) -> None:
    upstreams = settings(tmp_path, f"m: {{upstream: imitator, {FREE}}}").upstreams

    anthropic = upstreams["anthropic"]
    assert isinstance(anthropic, AnthropicEndpoint)
    assert (anthropic.base_url, anthropic.api_key) == ("https://api.anthropic.com", "sk-hush")
    assert anthropic.headers == {"anthropic-beta": "context-1m"}
    assert "sk-hush" not in repr(anthropic)
    thinking = upstreams["thinking"]
    assert isinstance(thinking, Endpoint)
    assert thinking.dialect is Dialect.RESPONSES


def test_openais_regional_addresses_are_its_own() -> None:
    assert Endpoint("https://api.openai.com/v1").is_openais
    assert Endpoint("https://eu.api.openai.com/v1").is_openais
    assert not Endpoint("https://api.openai.com.example.org/v1").is_openais
    assert not Endpoint("https://eu.example.org/api.openai.com/v1").is_openais


def test_anthropics_prices_are_known_at_its_own_address_only(tmp_path: Path) -> None:
    known = model(tmp_path, "claude-sonnet-5-5", "anthropic", "tags: [a]")
    assert known.price.source.endswith("claude-sonnet-5-5")
    assert (known.context_tokens, known.max_output_tokens) == (1_000_000, 128_000)

    text = f"{UPSTREAMS}  claude-sonnet-5-5: {{upstream: imitator}}\n"
    (told,) = complaints(tmp_path, text, {"KEY": "sk-hush"})
    assert "its price is not known" in told


def test_what_a_dialect_has_no_words_for_no_model_can_do(tmp_path: Path) -> None:
    every = "capabilities: [tools, vision, audio, files, json_schema, json_object, logprobs, n]"
    claude = model(tmp_path, "c", "anthropic", f"{FREE}, {every}").capabilities
    thinking = model(tmp_path, "t", "thinking", f"{FREE}, {every}").capabilities

    seen = {Capability.TOOLS, Capability.VISION, Capability.FILES}
    both = {*seen, Capability.JSON_SCHEMA, Capability.JSON_OBJECT}
    assert claude == both | {Capability.MESSAGES_API}
    assert thinking == both | {Capability.RESPONSES_API}


def test_in_which_api_a_model_is_asked_is_its_upstreams_and_not_the_operators(
    tmp_path: Path,
) -> None:
    wished = "capabilities: [tools, messages_api, responses_api]"
    claude = model(tmp_path, "c", "anthropic", f"{FREE}, {wished}").capabilities
    assert claude == {Capability.TOOLS, Capability.MESSAGES_API}


def test_a_dialect_that_there_is_not_is_told(tmp_path: Path) -> None:
    text = UPSTREAMS.replace("dialect: responses", "dialect: completions")
    (told,) = complaints(tmp_path, f"{text}  m: {{upstream: imitator, {FREE}}}\n", {"KEY": "k"})

    assert "dialect" in told
    assert "'responses'" in told

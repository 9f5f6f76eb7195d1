"""Embedding models and paths that are passed through, as a configuration speaks of them."""

from pathlib import Path

import pytest

from tests.config.files import complaints, loaded

SOUND = """\
version: 1
upstreams:
  sim: {kind: simulated}
  openai: {kind: openai, base_url: "https://api.openai.com/v1", api_key: "${KEY}"}
  box: {kind: openai, base_url: "http://127.0.0.1:8000/v1"}
  gemini: {kind: litellm, provider: gemini}
models:
  sim-mid: {upstream: sim}
"""
ENVIRON = {"KEY": "sk-test"}


def sole(folder: Path, text: str) -> str:
    [told] = complaints(folder, SOUND + text, ENVIRON)
    return told


def test_the_price_map_knows_who_makes_embeddings(tmp_path: Path) -> None:
    settings = loaded(tmp_path, f"{SOUND}  text-embedding-3-small: {{upstream: openai}}\n", ENVIRON)
    model = settings.vectors["text-embedding-3-small"]

    assert model.makes_vectors
    assert model.price.input_pico == 20_000
    assert model.context_tokens == 8191
    assert list(settings.catalog) == list(settings.known) == ["sim-mid"]


def test_one_of_your_own_is_said_to_make_them(tmp_path: Path) -> None:
    price = "price: {input_usd_per_mtok: 0.5, output_usd_per_mtok: 0}"
    line = f"  mine: {{upstream: box, mode: embedding, {price}, context_tokens: 512}}\n"
    model = loaded(tmp_path, SOUND + line, ENVIRON).vectors["mine"]

    assert (model.price.input_pico, model.context_tokens) == (500_000, 512)


def test_what_the_map_says_can_be_said_otherwise(tmp_path: Path) -> None:
    price = "price: {input_usd_per_mtok: 1, output_usd_per_mtok: 1}"
    line = f"  text-embedding-3-small: {{upstream: openai, mode: chat, {price}}}\n"
    settings = loaded(tmp_path, SOUND + line, ENVIRON)

    assert "text-embedding-3-small" in settings.catalog
    assert settings.vectors == {}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "mine: {upstream: box, mode: embedding}",
            (
                "its price is not known; add 'price: {input_usd_per_mtok: ..., output_usd_per_mtok: 0}',"
                " or 'catalog: <key of litellm's price map>'"
            ),
        ),
        (
            "mine: {upstream: box, mode: embedding, catalog: gpt-4o-mini}",
            (
                "'gpt-4o-mini' is not an embedding model of the price map; add"
                " 'price: {input_usd_per_mtok: ..., output_usd_per_mtok: 0}'"
            ),
        ),
        (
            "gemini-embedding-001: {upstream: gemini}",
            (
                "it makes embeddings, which only upstreams of kind openai serve; reach its"
                " provider at its OpenAI-compatible address"
            ),
        ),
    ],
)
def test_what_an_embedding_model_lacks_is_told(tmp_path: Path, line: str, told: str) -> None:
    name = line.partition(":")[0]
    assert sole(tmp_path, f"  {line}\n") == f"config.yaml: models.{name} (line 9): {told}"


def test_a_model_is_for_one_thing_in_all_of_its_places(tmp_path: Path) -> None:
    price = "price: {input_usd_per_mtok: 1, output_usd_per_mtok: 1}"
    places = f"[{{upstream: openai}}, {{upstream: box, {price}}}]"

    assert sole(tmp_path, f"  text-embedding-3-small: {{upstreams: {places}}}\n").endswith(
        "makes embeddings in one of its 'upstreams' and chats in another"
    )


def test_a_policy_that_names_an_embedding_model_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "balanced.yaml").write_text(
        "policy: balanced\nintent: whatever a test needs\nreference: best\nadequate: {floor: 0}\n"
        "cascade: {use: always, steps: [{models: [text-embedding-3-small], accept: complete}]}\n"
    )
    told = complaints(tmp_path, f"{SOUND}  text-embedding-3-small: {{upstream: openai}}\n", ENVIRON)

    assert any("there is no model 'text-embedding-3-small'" in each for each in told)


def test_paths_prices_and_bounds_are_read(tmp_path: Path) -> None:
    text = """\
  gpt-4o-mini: {upstream: openai}
passthrough:
  upstream: openai
  paths: [/v1/files, /v1/images/*]
  free: [/v1/files]
  prices: {gpt-image-1: {input_usd_per_mtok: 5, output_usd_per_mtok: 40}}
  max_body_mb: 2
"""
    settings = loaded(tmp_path, SOUND + text, ENVIRON)
    assert settings.passthrough is not None
    terms = settings.passthrough.terms

    assert terms.prices.keys() == {"gpt-4o-mini", "gpt-image-1"}
    assert settings.passthrough.max_body_bytes == 2 * 2**20
    assert terms.pattern_of("/v1/images/edits") == "/v1/images/*"
    assert terms.pattern_of("/v1/chat/completions") is None
    assert terms.is_free("POST", "/v1/files")
    assert terms.is_free("GET", "/v1/images/1")
    assert not terms.is_free("POST", "/v1/images/edits")
    assert "sk-test" not in repr(settings)


@pytest.mark.parametrize(
    ("section", "told"),
    [
        (
            "{upstream: opnai, paths: [/v1/files]}",
            (
                "passthrough.upstream (line 9): 'opnai' is not an active upstream of kind openai;"
                " did you mean 'openai'?"
            ),
        ),
        (
            "{upstream: sim, paths: [/v1/files]}",
            (
                "passthrough.upstream (line 9): 'sim' is not an active upstream of kind openai;"
                " available: box, openai"
            ),
        ),
        (
            "{upstream: openai, paths: [/v1/chat/completions]}",
            "passthrough.paths[0] (line 9): '/v1/chat/completions' is answered by Farthing itself",
        ),
        (
            "{upstream: openai, paths: [/v1/files], free: [/v1/moderations]}",
            (
                "passthrough.free[0] (line 9): '/v1/moderations' is not passed through: no pattern of"
                " 'paths' matches it"
            ),
        ),
        (
            "{upstream: openai, paths: [files]}",
            (
                "passthrough.paths[0] (line 9): must be a path that begins with /v1/, in which * stands"
                " for anything: /v1/audio/*"
            ),
        ),
    ],
)
def test_mistakes_of_what_is_passed_through_are_told(
    tmp_path: Path, section: str, told: str
) -> None:
    assert sole(tmp_path, f"passthrough: {section}\n") == f"config.yaml: {told}"

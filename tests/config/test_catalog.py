"""Models from a config: what is stated there wins, everything else comes from the shipped catalog."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from router.config.catalog import simulated_catalog
from router.domain.catalog import DatedCatalog
from router.domain.category import Category
from router.domain.model import APIS, Capability, Model
from router.domain.price import Price
from tests.config.files import SOUND, complaints, loaded

UPSTREAMS = """\
version: 1
upstreams:
  openai: {kind: openai, base_url: "https://api.openai.com/v1"}
  together: {kind: openai, base_url: "https://api.together.xyz/v1", catalog_prefix: together_ai}
  anthropic: {kind: litellm, provider: anthropic}
  box: {kind: openai, base_url: "http://127.0.0.1:8000/v1"}
models:
"""
ADD = "add 'price: {input_usd_per_mtok: ..., output_usd_per_mtok: ...}'"
FREE = "price: {input_usd_per_mtok: 0, output_usd_per_mtok: 0}"


def models(folder: Path, *lines: str) -> dict[str, Model]:
    return dict(loaded(folder, UPSTREAMS + "".join(f"  {line}\n" for line in lines)).catalog)


def test_a_model_that_is_known_needs_only_its_upstream(tmp_path: Path) -> None:
    found = models(tmp_path, "gpt-4o: {upstream: openai}")["gpt-4o"]

    assert (found.id, found.upstream, found.name) == ("gpt-4o", "openai", "gpt-4o")
    assert (found.context_tokens, found.max_output_tokens) == (128_000, 16_384)
    assert (found.price.input_pico, found.price.output_pico) == (2_500_000, 10_000_000)
    assert {Capability.TOOLS, Capability.VISION} <= found.capabilities
    assert found.abilities[Category.CHAT].source == "prior: benchmarks of gpt-4o"
    assert found.tags == {"openai", "large"}


def test_a_price_is_looked_up_under_the_name_of_the_provider(tmp_path: Path) -> None:
    name = "meta-llama/Llama-3.3-70B-Instruct-Turbo"
    found = models(
        tmp_path,
        "claude-haiku-4-5: {upstream: anthropic}",
        f"llama: {{upstream: together, name: {name}, like: llama-3.3-70b}}",
        "mini: {upstream: box, catalog: gpt-4o-mini}",
    )
    assert found["claude-haiku-4-5"].price.source.endswith("claude-haiku-4-5")
    assert found["llama"].price.source.endswith(f"together_ai/{name}")
    assert found["llama"].abilities[Category.CHAT].source == "prior: benchmarks of llama-3.3-70b"
    assert found["mini"].price.source.endswith("gpt-4o-mini")
    assert (found["mini"].id, found["mini"].name) == ("mini", "mini")


@pytest.mark.parametrize(
    ("upstream", "states"),
    [
        ("kind: openai, base_url: https://openrouter.ai/api/v1", True),
        ("kind: openai, base_url: https://eu-west-1.api.x.ai/v1", True),
        ("kind: openai, base_url: https://fox.ai/v1", False),
        ("kind: openai, base_url: http://10.0.0.1/v1, catalog_prefix: perplexity", True),
        ("kind: openai, base_url: http://10.0.0.1/v1", False),
        ("kind: anthropic, base_url: https://openrouter.ai/api", True),
        ("kind: anthropic", False),
        ("kind: litellm, provider: xai", True),
        ("kind: litellm, provider: groq", False),
    ],
)
def test_vendors_that_bill_what_their_answers_state_are_known_by_address_or_name(
    upstream: str, states: bool, tmp_path: Path
) -> None:
    config = (
        f"version: 1\nupstreams:\n  one: {{{upstream}}}\nmodels:\n  m: {{upstream: one, {FREE}}}\n"
    )

    assert loaded(tmp_path, config).catalog["m"].states_cost == states


def test_models_that_cost_more_in_a_region_do_so_there(tmp_path: Path) -> None:
    config = """\
version: 1
upstreams:
  world: {kind: openai, base_url: "https://api.openai.com/v1"}
  europe: {kind: openai, base_url: "https://eu.api.openai.com/v1"}
  google: {kind: litellm, provider: vertex_ai, options: {vertex_location: global}}
  belgium: {kind: litellm, provider: vertex_ai, options: {vertex_location: europe-west1}}
models:
  usual: {upstream: world, name: gpt-5.6}
  regional: {upstream: europe, name: gpt-5.6}
  older: {upstream: europe, name: gpt-4o}
  claude: {upstream: google, name: claude-haiku-4-5}
  there: {upstream: belgium, name: claude-haiku-4-5}
"""
    price = {name: model.price for name, model in loaded(tmp_path, config).catalog.items()}

    for usual, dearer in (("usual", "regional"), ("claude", "there")):
        at = [price[usual].rates_for(300_000, "flex"), price[dearer].rates_for(300_000, "flex")]
        assert at[1].input_pico == at[0].input_pico * 11 // 10 > 0
        assert at[1].cache_read_pico == at[0].cache_read_pico * 11 // 10
        assert price[dearer].web_search_pico == price[usual].web_search_pico
        assert price[dearer].source == f"{price[usual].source}, times 1.1 for its region"
    assert price["older"].input_pico == 2_500_000


def test_everything_that_is_written_wins(tmp_path: Path) -> None:
    found = models(
        tmp_path,
        "gpt-4o:",
        "  upstream: openai",
        "  price: {input_usd_per_mtok: 1.5, output_usd_per_mtok: 3, cache_read_usd_per_mtok: 0.1,",
        "    request_usd: 0.001, as_of: 2026-01-31, source: our contract}",
        "  context_tokens: 9000",
        "  max_output_tokens: 900",
        "  capabilities: [tools]",
        "  tags: [contract]",
        "  abilities: {chat: 0.5}",
    )["gpt-4o"]

    assert found.price.origin == "our contract (2026-01-31)"
    assert (found.price.input_pico, found.price.cache_write_pico) == (1_500_000, 1_500_000)
    assert (found.price.output_pico, found.price.reasoning_pico) == (3_000_000, 3_000_000)
    assert (found.price.cache_read_pico, found.price.request_pico) == (100_000, 10**9)
    assert (found.context_tokens, found.max_output_tokens) == (9000, 900)
    assert found.capabilities == {Capability.TOOLS}
    assert found.tags == {"openai", "large", "contract"}
    assert (found.abilities[Category.CHAT].p, found.abilities[Category.CHAT].source) == (
        0.5,
        "config",
    )
    assert found.abilities[Category.MATHS].source == "prior: benchmarks of gpt-4o"


def test_own_hardware_is_free_and_assumed_to_be_able_to_do_everything(tmp_path: Path) -> None:
    found = models(tmp_path, f"mine: {{upstream: box, {FREE}}}")["mine"]

    assert found.price.is_free
    assert found.price.source == "config"
    assert found.capabilities == frozenset(Capability) - APIS
    assert found.context_tokens == 8192


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "mine: {upstream: box}",
            f"its price is not known; {ADD}, or 'catalog: <key of litellm's price map>'",
        ),
        (
            "gpt-4o: {upstream: box}",
            f"its price is not known; {ADD}, or 'catalog: <key of litellm's price map>'",
        ),
        (
            "mine: {upstream: box, catalog: gpt-4o-mni}",
            f"the price map has no price for 'gpt-4o-mni'; did you mean 'gpt-4o-mini'?; {ADD}",
        ),
        (
            "mine: {upstream: box, catalog: whisper-1}",
            f"the price map has no price for 'whisper-1'; {ADD}",
        ),
    ],
)
def test_an_unknown_price_names_the_line_to_add(line: str, told: str, tmp_path: Path) -> None:
    assert complaints(tmp_path, f"{UPSTREAMS}  {line}\n") == [
        f"config.yaml: models.{line.partition(':')[0]} (line 8): {told}"
    ]


@pytest.mark.parametrize(
    "price",
    [
        "{input_usd_per_mtok: -1, output_usd_per_mtok: 1}",
        "{input_usd_per_mtok: 1, output_usd_per_mtok: .nan}",
        "{input_usd_per_mtok: 1, output_usd_per_mtok: .inf}",
        "{input_usd_per_mtok: 1}",
        "{input_usd_per_mtok: 1, output_usd_per_mtok: 1, request_usd: -0.1}",
        "{input_usd_per_mtok: free, output_usd_per_mtok: 1}",
        "5",
        "{}",
        "{hardware: {usd_per_hour: 1, input_tokens_per_second: 1}}",
        "{hardware: {usd_per_hour: 1, input_tokens_per_second: 0, output_tokens_per_second: 1}}",
        "{output_usd_per_mtok: 1, hardware: {usd_per_hour: 1, input_tokens_per_second: 1, output_tokens_per_second: 1}}",
    ],
)
def test_a_price_that_is_none_is_refused(price: str, tmp_path: Path) -> None:
    [told] = complaints(
        tmp_path, f"{SOUND}  mine: {{upstream: sim, name: sim-mid, price: {price}}}\n"
    )

    assert told.startswith("config.yaml: models.mine.price")
    assert "(line 6)" in told


def test_an_unknown_upstream_and_an_unknown_simulated_model_are_told_the_nearest(
    tmp_path: Path,
) -> None:
    text = f"{SOUND}  a: {{upstream: sym}}\n  b: {{upstream: sim, name: sim-mit}}\n"

    assert complaints(tmp_path, text) == [
        "config.yaml: models.a.upstream (line 6): there is no such upstream; did you mean 'sim'?",
        "config.yaml: models.b (line 7): there is no simulated model 'sim-mit'; did you mean 'sim-mid'?",
    ]


def test_simulated_models_have_the_abilities_that_they_play() -> None:
    catalog = simulated_catalog()

    assert set(catalog) == {"sim-frontier", "sim-mid", "sim-open-70b", "sim-open-8b"}
    assert catalog["sim-open-8b"].abilities[Category.MATHS].p == 0.42
    assert catalog["sim-open-8b"].tags == {"simulated", "open-weight", "eu", "zero-retention"}
    assert isinstance(catalog["sim-mid"].price, Price)


def test_an_own_machine_costs_what_its_seconds_cost(tmp_path: Path) -> None:
    hour = "usd_per_hour: 3.6, input_tokens_per_second: 10000, output_tokens_per_second: 500"
    found = models(
        tmp_path,
        "m:",
        "  upstream: box",
        f"  price: {{hardware: {{{hour}}}, reasoning_usd_per_mtok: 3}}",
    )["m"].price

    assert (found.input_pico, found.output_pico) == (100_000, 2_000_000)  # 0.001 USD a second
    assert (found.cache_read_pico, found.cache_write_pico) == (0, 100_000)
    assert found.reasoning_pico == 3_000_000
    assert not found.is_free


def test_a_simulated_model_may_go_by_another_name_and_price(tmp_path: Path) -> None:
    text = f"{SOUND}  fast: {{upstream: sim, name: sim-open-8b, {FREE}, tags: [x]}}\n"
    found = loaded(tmp_path, text).catalog["fast"]

    assert (found.id, found.name) == ("fast", "sim-open-8b")
    assert found.price.is_free
    assert found.tags == {"simulated", "open-weight", "eu", "zero-retention", "x"}


def test_both_factors_apply_to_a_long_prompt_of_a_tier_unless_a_band_says_otherwise(
    tmp_path: Path,
) -> None:
    rates = "input_usd_per_mtok: 2, output_usd_per_mtok: 10, cache_read_usd_per_mtok: 0.2"
    long = "{above_input_tokens: 200000, input_usd_per_mtok: 4, output_usd_per_mtok: 15}"
    flex = "{tier: flex, input_usd_per_mtok: 1, output_usd_per_mtok: 5}"
    fast = "{tier: priority, input_usd_per_mtok: 4, output_usd_per_mtok: 20}"
    both = "{tier: priority, above_input_tokens: 200000, input_usd_per_mtok: 5}"
    bands = f"[{long}, {flex}, {fast}, {both}]"
    line = f"mine: {{upstream: box, like: llama-3.3-70b, price: {{{rates}, bands: {bands}}}}}"
    price = models(tmp_path, line)["mine"].price

    def paid(tokens: int, tier: str) -> tuple[int, int, int]:
        at = price.rates_for(tokens, tier)
        return at.input_pico, at.output_pico, at.cache_read_pico

    assert paid(200_001, "flex") == (2_000_000, 7_500_000, 200_000)
    assert paid(200_000, "flex") == (1_000_000, 5_000_000, 100_000)
    assert paid(200_001, "priority") == (5_000_000, 10_000_000, 500_000)


def test_bands_and_further_rates_can_be_stated(tmp_path: Path) -> None:
    price = models(
        tmp_path,
        "m:",
        "  upstream: box",
        "  price:",
        "    input_usd_per_mtok: 2",
        "    output_usd_per_mtok: 8",
        "    cache_read_usd_per_mtok: 0.2",
        "    audio_input_usd_per_mtok: 40",
        "    web_search_usd: 0.01",
        "    bands:",
        "      - {above_input_tokens: 200000, input_usd_per_mtok: 4, output_usd_per_mtok: 12}",
        "      - {tier: priority, input_usd_per_mtok: 3}",
    )["m"].price
    long, fast = price.rates_for(200_001), price.rates_for(5, "priority")

    assert (price.audio_input_pico, price.web_search_pico) == (40_000_000, 10**10)
    assert (long.input_pico, long.output_pico, long.cache_read_pico) == (
        4_000_000,
        12_000_000,
        400_000,
    )
    assert (fast.input_pico, fast.output_pico, fast.cache_read_pico) == (
        3_000_000,
        8_000_000,
        300_000,
    )


def test_a_price_that_was_announced_comes_into_force_by_itself(tmp_path: Path) -> None:
    found = models(
        tmp_path,
        "gpt-4o:",
        "  upstream: openai",
        "  price_changes:",
        "    - {from: 2027-02-01, input_usd_per_mtok: 1, output_usd_per_mtok: 2}",
        "    - {from: 2027-01-01, input_usd_per_mtok: 2, output_usd_per_mtok: 4}",
    )
    catalog = DatedCatalog.of(found)
    january_s = datetime(2027, 1, 1, tzinfo=UTC).timestamp()
    moments = (0.0, january_s - 1, january_s, january_s + 31 * 86_400)

    assert [catalog.at(at_s)["gpt-4o"].price.input_pico for at_s in moments] == [
        2_500_000,
        2_500_000,
        2_000_000,
        1_000_000,
    ]
    assert catalog.at(january_s)["gpt-4o"].price.origin == "config (2027-01-01)"


def test_of_two_prices_from_the_same_day_neither_is_taken(tmp_path: Path) -> None:
    change = "{from: 2027-01-01, input_usd_per_mtok: 1, output_usd_per_mtok: 2}"
    told = complaints(
        tmp_path,
        f"{UPSTREAMS}  gpt-4o: {{upstream: openai, price_changes: [{change}, {change}]}}\n",
    )
    assert [each.partition(": ")[2] for each in told] == [
        "models.gpt-4o.price_changes (line 8): must not have two for the same day"
    ]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["bands: [{input_usd_per_mtok: 1}]"], "needs 'tier' or 'above_input_tokens'"),
        (["bands: [{tier: fast, input_usd_per_mtok: -1}]"], "0"),
        (["bands: [{tear: fast}]"], "did you mean 'tier'?"),
        (["bands: [{tier: Priority, input_usd_per_mtok: 1}]"], "must be a tier in lower case"),
        (["bands: [{tier: '', input_usd_per_mtok: 1}]"], "must be a tier in lower case"),
        (["bands: [{tier: default, above_input_tokens: 9}]"], "'scale' mean 'standard'"),
        (
            ["bands: [{tier: flex, input_usd_per_mtok: 1}, {tier: flex, input_usd_per_mtok: 2}]"],
            "bands (line 8): must not have two for the same tier and length",
        ),
    ],
)
def test_a_band_that_makes_no_sense_is_told(tmp_path: Path, lines: list[str], said: str) -> None:
    head = "  m: {upstream: box, price: {input_usd_per_mtok: 1, output_usd_per_mtok: 1, "
    told = complaints(tmp_path, UPSTREAMS + head + ", ".join(lines) + "}}\n")

    assert any(said in each for each in told), told


def notes(folder: Path, *lines: str) -> list[str]:
    text = UPSTREAMS + "".join(f"  {line}\n" for line in lines)
    return list(loaded(folder, text).notes)


def test_what_is_assumed_of_a_model_is_told_with_the_key_that_states_it(tmp_path: Path) -> None:
    (note,) = notes(tmp_path, f"mine: {{upstream: box, {FREE}}}")
    assert note == (
        "model mine: assumed, since nothing is known about it: a context of 8,192 tokens ('context_tokens'),"
        " every capability ('capabilities'), the quality that is typical of its price ('like', or"
        " 'abilities')"
    )


def test_that_a_model_costs_nothing_is_assumed_only_if_the_operator_does_not_state_it(
    tmp_path: Path,
) -> None:
    known = "upstream: box, catalog: sagemaker/meta-textgeneration-llama-2-13b-f"
    (unstated,) = notes(tmp_path, f"mine: {{{known}}}")
    stated = notes(tmp_path, f"mine: {{{known}, {FREE}}}")

    assert "a price of 0, which the price map states ('price')" in unstated
    assert not any("a price of 0" in note for note in stated)


def test_what_is_stated_or_known_is_not_assumed(tmp_path: Path) -> None:
    stated = f"context_tokens: 9000, capabilities: [tools], like: llama-3.3-70b, {FREE}"
    assert not notes(tmp_path, f"mine: {{upstream: box, {stated}}}", "gpt-4o: {upstream: openai}")


def test_of_a_model_in_several_places_the_same_is_told_once(tmp_path: Path) -> None:
    places = "upstreams: [{upstream: box}, {upstream: together, name: other}]"
    (note,) = notes(tmp_path, f"mine: {{{places}, context_tokens: 9000, capabilities: [], {FREE}}}")
    assert note.endswith(
        "known about it: the quality that is typical of its price ('like', or 'abilities')"
    )


def test_a_model_that_none_is_like_is_told_the_nearest(tmp_path: Path) -> None:
    line = f"mine: {{upstream: box, like: llama-3.3-70bb, context_tokens: 9, capabilities: [], {FREE}}}"
    known = "nothing is known about 'llama-3.3-70bb'; did you mean 'llama-3.3-70b'?"
    assert f"model mine: 'like': {known}" in notes(tmp_path, line)


def test_a_context_that_the_price_map_does_not_know_is_assumed(tmp_path: Path) -> None:
    line = "glm: {upstream: box, catalog: baseten/zai-org/GLM-5, like: llama-3.3-70b}"
    assert notes(tmp_path, line) == [
        "model glm: assumed, since nothing is known about it: a context of 8,192 tokens ('context_tokens')"
    ]
    assert models(tmp_path, line)["glm"].context_tokens == 8192


def test_embeddings_of_a_stated_price_have_an_assumed_context(tmp_path: Path) -> None:
    line = f"vectors: {{upstream: box, mode: embedding, {FREE}}}"
    chats = "gpt-4o: {upstream: openai}"
    assert notes(tmp_path, chats, line) == [
        "model vectors: assumed, since nothing is known about it: a context of 8,192 tokens ('context_tokens')"
    ]


@pytest.mark.parametrize(
    ("provider", "hint"), [("geminni", "; did you mean 'gemini'?"), ("q" * 9, "")]
)
def test_a_provider_that_litellm_has_no_code_for_is_a_mistake(
    provider: str, hint: str, tmp_path: Path
) -> None:
    upstream = f"  there: {{kind: litellm, provider: {provider}}}\n"
    text = SOUND.replace("models:\n", f"{upstream}models:\n")
    (told,) = complaints(tmp_path, text)
    assert "upstreams.there.provider (line " in told
    assert told.endswith(f"litellm has no provider '{provider}'{hint}")


@pytest.mark.parametrize("provider", ["gemini", "bedrock", "vertex_ai", "nano-gpt", "parasail"])
def test_a_provider_that_litellm_has_code_for_is_none(provider: str, tmp_path: Path) -> None:
    upstream = f"  there: {{kind: litellm, provider: {provider}}}\n"
    assert loaded(tmp_path, SOUND.replace("models:\n", f"{upstream}models:\n")).notes == ()

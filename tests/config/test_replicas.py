"""A model with several upstreams: what is stated for one of them, and what it inherits from the model."""

from datetime import UTC, datetime
from pathlib import Path

from router.domain.catalog import DatedCatalog
from router.domain.limits import Limits
from router.domain.model import Model
from tests.config.files import complaints, loaded

UPSTREAMS = """\
version: 1
upstreams:
  openai: {kind: openai, base_url: "https://api.openai.com/v1"}
  azure: {kind: openai, base_url: "https://eu.openai.azure.com/openai/v1", catalog_prefix: azure}
  box: {kind: openai, base_url: "http://127.0.0.1:8000/v1"}
  later: {kind: openai, base_url: "http://127.0.0.1:8001/v1", api_key: "${NOT_THERE}", enabled: with-key}
models:
"""
ADD = (
    "add 'price: {input_usd_per_mtok: ..., output_usd_per_mtok: ...}',"
    " or 'catalog: <key of litellm's price map>'"
)
OWN = "price: {input_usd_per_mtok: 0.1, output_usd_per_mtok: 0.2}"


def model(folder: Path, *lines: str) -> Model:
    text = UPSTREAMS + "".join(f"  {line}\n" for line in lines)
    return loaded(folder, text).catalog["gpt-4o"]


def test_a_replica_that_says_nothing_is_as_the_model_says(tmp_path: Path) -> None:
    found = model(
        tmp_path,
        "gpt-4o:",
        "  upstreams: [{upstream: openai}, {upstream: box}]",
        f"  {OWN}",
        "  name: gpt-4o-2024",
        "  limits: {in_flight: 7}",
        "  tags: [ours]",
    )
    assert [each.key for each in found.replicas] == ["gpt-4o@openai", "gpt-4o@box"]
    assert {each.id for each in found.replicas} == {"gpt-4o"} == {found.key}
    assert {each.name for each in found.replicas} == {"gpt-4o-2024"}
    assert {each.price.input_pico for each in found.replicas} == {100_000}
    assert {each.limits for each in found.replicas} == {Limits(in_flight=7)}
    assert all("ours" in each.tags for each in found.replicas)
    assert [each.weight for each in found.replicas] == [1, 1]


def test_what_a_replica_says_wins_and_its_tags_are_added(tmp_path: Path) -> None:
    found = model(
        tmp_path,
        "gpt-4o:",
        "  tags: [ours]",
        "  upstreams:",
        "    - {upstream: openai, weight: 3}",
        f"    - {{upstream: box, name: llama, {OWN}, limits: {{in_flight: 2}}, tags: [eu]}}",
    )
    openai, box = found.replicas
    assert (openai.weight, box.weight) == (3, 1)
    assert (openai.name, box.name) == ("gpt-4o", "llama")
    assert (openai.price.input_pico, box.price.input_pico) == (2_500_000, 100_000)
    assert (openai.limits.in_flight, box.limits.in_flight) == (None, 2)
    assert "eu" not in openai.tags
    assert {"ours", "eu"} <= box.tags
    assert box.abilities == openai.abilities
    assert box.context_tokens == openai.context_tokens


def test_an_answer_is_as_long_as_every_place_that_says_so_allows(tmp_path: Path) -> None:
    def longest(*places: str) -> int | None:
        there = ", ".join(f"{{upstream: {each}}}" for each in places)
        found = model(tmp_path, "gpt-4o:", f"  upstreams: [{there}]", f"  {OWN}")
        return found.max_output_tokens

    assert longest("openai", "azure", "box") == 16_384
    assert longest("box") is None


def test_each_replica_is_priced_by_its_own_upstream(tmp_path: Path) -> None:
    found = model(tmp_path, "gpt-4o: {upstreams: [{upstream: openai}, {upstream: azure}]}")
    assert [each.price.source.rsplit(maxsplit=1)[-1] for each in found.replicas] == [
        "gpt-4o",
        "azure/gpt-4o",
    ]


def test_a_price_of_a_replicas_own_is_not_changed_by_the_models(tmp_path: Path) -> None:
    found = model(
        tmp_path,
        "gpt-4o:",
        "  price_changes: [{from: 2030-01-01, input_usd_per_mtok: 9, output_usd_per_mtok: 9}]",
        "  upstreams:",
        "    - {upstream: openai}",
        f"    - {{upstream: box, {OWN}}}",
        f"    - {{upstream: box, {OWN}, price_changes: [{{from: 2029-01-01,",
        "       input_usd_per_mtok: 7, output_usd_per_mtok: 7}]}",
    )
    dated = DatedCatalog.of({"gpt-4o": found})
    moments = [datetime(year, 6, 1, tzinfo=UTC).timestamp() for year in (2028, 2029, 2030)]
    prices = [[r.price.input_pico for r in dated.at(at_s)["gpt-4o"].replicas] for at_s in moments]
    assert prices == [
        [2_500_000, 100_000, 100_000],
        [2_500_000, 100_000, 7_000_000],
        [9_000_000, 100_000, 7_000_000],
    ]


def test_a_replica_whose_upstream_takes_no_part_is_left_out(tmp_path: Path) -> None:
    found = model(
        tmp_path, "gpt-4o: {upstreams: [{upstream: later}, {upstream: box}]," + f" {OWN}}}"
    )
    assert [each.upstream for each in found.replicas] == ["box"]
    assert found.upstream == "box"


def test_the_same_upstream_twice_gets_two_names_and_a_note(tmp_path: Path) -> None:
    text = UPSTREAMS + (
        "  m@box: {upstream: box, " + OWN + "}\n"
        "  m: {upstreams: [{upstream: box}, {upstream: box}, {upstream: box, name: n}], "
        + OWN
        + "}\n"
    )
    settings = loaded(tmp_path, text)
    keys = [each.key for each in settings.catalog["m"].replicas]
    assert keys == ["m@box#2", "m@box#3", "m@box#4"]
    assert "model m: upstream box is named twice for m; use a weight instead" in settings.notes


def test_a_model_that_is_drained_everywhere_is_left_out_with_a_note(tmp_path: Path) -> None:
    text = UPSTREAMS + (
        "  kept: {upstream: box, " + OWN + "}\n"
        "  gone: {upstreams: [{upstream: box, weight: 0}, {upstream: openai, weight: 0}], "
        + OWN
        + "}\n"
        "  half: {upstreams: [{upstream: box, weight: 0}, {upstream: openai}], " + OWN + "}\n"
    )
    settings = loaded(tmp_path, text)
    assert settings.catalog.keys() == {"kept", "half"}
    assert [each.is_drained for each in settings.catalog["half"].replicas] == [True, False]
    assert "model gone: left out, all of its upstreams are drained" in settings.notes


def test_a_mistake_is_told_with_its_place(tmp_path: Path) -> None:
    text = UPSTREAMS + (
        "  a: {upstreams: [{upstream: box}, {upstream: boxx}], " + OWN + "}\n"
        "  b: {upstreams: [{upstream: box}], upstream: box, " + OWN + "}\n"
        "  c: {" + OWN + "}\n"
        "  d: {upstreams: [], " + OWN + "}\n"
        "  e: {upstreams: [{upstream: box, weight: -1}], " + OWN + "}\n"
        "  f: {upstreams: [{upstream: box, wieght: 1}], " + OWN + "}\n"
        "  g: {upstreams: [{upstream: box}]}\n"
    )
    assert complaints(tmp_path, text) == [
        "config.yaml: models.b (line 9): needs one of 'upstream' and 'upstreams' (a list, of one or more)",
        "config.yaml: models.c (line 10): needs one of 'upstream' and 'upstreams' (a list, of one or more)",
        "config.yaml: models.d (line 11): needs one of 'upstream' and 'upstreams' (a list, of one or more)",
        "config.yaml: models.e.upstreams[0].weight (line 12): must be greater than or equal to 0",
        "config.yaml: models.f.upstreams[0].wieght (line 13): unknown key; did you mean 'weight'?",
        "config.yaml: models.a.upstreams[1].upstream (line 8): there is no such upstream; did you mean 'box'?",
        f"config.yaml: models.g.upstreams[0] (line 14): its price is not known; {ADD}",
    ]

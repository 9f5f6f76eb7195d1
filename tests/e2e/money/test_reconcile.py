"""The books of a real proxy against an invoice written from the models' own counters."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.books import rows
from tests.e2e.configs import ledger_of, write_config
from tests.e2e.programs import Done, Farthing, here
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import chat, post

PRICE = {"input_usd_per_mtok": 1000, "output_usd_per_mtok": 4000}


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """Models of these tests' own, whose counters are of nothing else."""
    with Simulator() as own:
        yield own


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, simulator: Simulator) -> Path:
    models = {
        "sim-open-8b": {"upstream": "sim", "price": PRICE},
        "sim-mid": {"upstream": "sim", "price": PRICE},
    }
    folder = tmp_path_factory.mktemp("reconciled")
    config = write_config(folder, simulator.base_url, models=models, cache={"url": "off"})
    with Farthing(config) as farthing:
        for number in range(5):
            for model in models:
                assert post(farthing.base_url, chat(f"Name {number} rivers.", model)).status == 200
    return config


def invoice(config: Path, simulator: Simulator, factor: float = 1.0) -> Path:
    """What the models' provider bills, by its own counts."""
    day = rows(ledger_of(config))[0]["day"]
    path = config.with_name("invoice.csv")
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["date", "model", "cost_usd", "input_tokens", "output_tokens"])
        for model in ("sim-open-8b", "sim-mid"):
            usage = simulator.counters[model].usage
            into, out = usage.input_tokens, usage.total_output_tokens
            cost = (into * 1000 + out * 4000) / 1e6 * (factor if model == "sim-mid" else 1.0)
            writer.writerow([day, model, f"{cost:.2f}", into, out])
    return path


def reconciled(config: Path, path: Path, *more: str) -> Done:
    return here("reconcile", str(path), "--config", str(config), *more)


def test_the_books_agree_with_the_models_own_counters(config: Path, simulator: Simulator) -> None:
    done = reconciled(config, invoice(config, simulator))

    assert (done.status, done.err) == (0, "")
    assert "The books agree with the invoice." in done.out


def test_a_price_that_was_raised_is_found(config: Path, simulator: Simulator) -> None:
    done = reconciled(config, invoice(config, simulator, factor=1.25), "--json")
    told = json.loads(done.out)

    assert (done.status, told["agrees"]) == (1, False)
    (off,) = [line for line in told["lines"] if not line["within_tolerance"]]
    assert off["model"] == "sim-mid"
    assert "the price does not: it is 1.25 times ours" in off["reason"]


def test_another_form_and_mistakes(config: Path, simulator: Simulator, tmp_path: Path) -> None:
    path = invoice(config, simulator)
    assert reconciled(config, path, "--csv").out.startswith("day,model,invoiced_usd")
    assert reconciled(config, path, "--upstream", "sim").status == 0
    assert reconciled(config, tmp_path / "none.csv").err.endswith(
        "none.csv cannot be read: No such file or directory\n"
    )
    assert "the known formats are openai" in reconciled(config, path, "--vendor", "openai").err


def test_a_name_that_neither_books_nor_configuration_know_is_told(
    config: Path, simulator: Simulator
) -> None:
    done = reconciled(config, invoice(config, simulator), "--upstream", "sin")
    assert done.status == 1
    assert "nothing is booked for 'sin'; did you mean 'sim'?" in done.err

    filters = ("--upstream", "sin", "--model", "sim-med")
    told = here("report", "--config", str(config), *filters).err
    assert "the upstream 'sin'; did you mean 'sim'?" in told
    assert "the model 'sim-med'; did you mean 'sim-mid'?" in told
    assert here("report", "--config", str(config), "--model", "sim-mid").err == ""


def test_of_a_model_in_two_places_each_vendors_invoice_is_held_against_its_own_calls(
    tmp_path: Path,
) -> None:
    with Simulator() as one, Simulator() as other:
        urls = {"sim": one.base_url, "other": other.base_url}
        places = [
            {"upstream": name, "weight": weight} for name, weight in (("sim", 1), ("other", 3))
        ]
        config = write_config(
            tmp_path,
            one.base_url,
            upstreams={name: {"kind": "openai", "base_url": url} for name, url in urls.items()},
            models={"sim-mid": {"upstreams": places, "price": PRICE}},
            cache={"url": "off"},
        )
        with Farthing(config) as farthing:
            for number in range(40):
                question = chat(f"Name {number} rivers.", "sim-mid")
                assert post(farthing.base_url, question).status == 200
        asked = [each.counters["sim-mid"].requests for each in (one, other)]
        assert sum(asked) == 40
        assert min(asked) > 0
        path = invoice(config, one)
    assert reconciled(config, path, "--upstream", "sim").status == 0
    assert reconciled(config, path, "--upstream", "other").status == 1
    assert reconciled(config, path).status == 1


def test_a_vendors_names_are_known_where_its_key_is_not_set_and_for_vectors_too(
    tmp_path: Path,
) -> None:
    """Who holds invoices against books need not be able to ask anybody."""
    upstreams = {
        "sim": {"kind": "simulated"},
        "away": {
            "kind": "openai",
            "base_url": "https://api.openai.com/v1",
            "api_key": "${NOBODY_HAS_SET_THIS}",
            "enabled": "with-key",
        },
    }
    models = {
        "sim-mid": {"upstream": "sim"},
        "large": {"upstream": "away", "name": "gpt-4o"},
        "vectors": {"upstream": "sim", "name": "embed-1", "mode": "embedding", "price": PRICE},
    }
    config = write_config(tmp_path, "http://127.0.0.1:1", upstreams=upstreams, models=models)
    path = tmp_path / "invoice.csv"
    path.write_text("date,model,cost_usd\n2026-11-01,gpt-4o,5\n2026-11-01,embed-1,3\n")
    told = json.loads(reconciled(config, path, "--json").out)
    assert [line["model"] for line in told["lines"]] == ["large", "vectors"]


@pytest.mark.parametrize(
    "command", [["report"], ["outcomes"], ["ledger", "export", "--out", "-"], ["reconcile", "{}"]]
)
def test_a_period_that_ends_before_it_begins_is_a_mistake_and_not_one_without_costs(
    command: list[str], config: Path, simulator: Simulator
) -> None:
    words = [word.format(invoice(config, simulator)) for word in command]
    period = ("--since", "2026-11-30", "--until", "2026-11-01")
    done = here(*words, "--config", str(config), *period)
    assert (done.status, done.out) == (1, "")
    assert "the period ends (2026-11-01) before it begins (2026-11-30)" in done.err


def test_where_nothing_is_compared_nothing_agrees(config: Path, simulator: Simulator) -> None:
    done = reconciled(
        config, invoice(config, simulator), "--since", "2020-01-01", "--until", "2020-01-31"
    )
    assert (done.status, done.out) == (1, "")
    assert "nothing is invoiced or booked from 2020-01-01 to 2020-01-31" in done.err


def test_a_category_that_there_is_not_is_told(config: Path) -> None:
    told = here("report", "--config", str(config), "--category", "mathss").err
    assert "Nothing is recorded for the category 'mathss'; did you mean 'maths'?" in told

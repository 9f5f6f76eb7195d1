"""`farthing report`: for people and for programs, of a time, against any baseline."""

import csv
import io
import json
import re
from decimal import Decimal
from pathlib import Path

import pytest

from benchmarks.demo_ledger import fill
from router.domain.money import Money
from router.stores.sql.database import open_database
from tests.e2e.configs import NOWHERE, ledger_of, write_config
from tests.e2e.programs import Farthing, here
from tests.e2e.wire import chat, post
from tests.stores.engines import write
from tests.stores.entries import day, entry


@pytest.fixture(scope="module")
def used(farthing: Farthing) -> Path:
    """A config whose ledger has something to tell."""
    for text in ("Hello", "Hello", "What is 17 * 23?"):
        assert post(farthing.base_url, chat(text)).status == 200
    return farthing.config


def test_the_report_for_people(used: Path) -> None:
    told = here("report", "--config", str(used))
    assert (told.status, told.err) == (0, "")
    assert "Spend and saving by model" in told.out
    for heading in ("requests", "cost", "baseline", "saved"):
        assert heading in told.out
    assert "total" in told.out
    assert "\u2026" not in told.out  # nothing is cut off: without a stated width everything fits


def test_the_report_for_programs_and_spreadsheets_agree(used: Path) -> None:
    as_json = json.loads(here("report", "--config", str(used), "--json", "--by", "policy").out)
    lines = csv.DictReader(
        io.StringIO(here("report", "-c", str(used), "--csv", "--by", "policy").out)
    )
    groups = {group["policy"]: group for group in as_json["groups"]}
    for line in lines:
        group = groups.pop(line["policy"])
        assert line["cost_usd"] == group["cost_usd"]
        assert int(line["requests"]) == group["requests"]
    assert groups == {}
    assert as_json["baseline"] == "reference"


def test_a_report_of_a_time_without_requests_is_empty(used: Path) -> None:
    told = here("report", "--config", str(used), "--json", "--until", "2001-01-01")
    found = json.loads(told.out)
    assert found["groups"] == []
    assert (found["total"]["requests"], found["total"]["cost_usd"]) == (0, "0")
    for form in ((), ("--csv",)):
        assert here("report", "--config", str(used), "--until", "2001-01-01", *form).status == 0


def test_a_report_before_the_first_request_is_empty_too(tmp_path: Path) -> None:
    told = here("report", "--config", str(write_config(tmp_path, NOWHERE)), "--json")
    assert told.status == 0
    assert json.loads(told.out)["total"]["requests"] == 0


def test_the_best_static_mix_is_a_baseline_that_is_named(used: Path) -> None:
    told = here("report", "--config", str(used), "--json", "--baseline", "static")
    found = json.loads(told.out)

    assert re.search(r"the best static mix \(.*sim-", found["baseline"])
    assert Decimal(found["total"]["baseline_usd"]) > 0


@pytest.mark.parametrize(
    ("answered", "quality", "said"),
    [
        ("sim-mid", 0.2, ""),
        (
            "sim-mid",
            0.999,
            "no mix is predicted to be as good as the answers, 0.999; this one is the best",
        ),
        ("sim-mid", None, "no answer has a predicted quality, so references count as recorded"),
        ("away", 0.2, "away answered, but cannot be in the mix here: set the keys"),
    ],
)
def test_what_the_best_static_mix_lacks_is_told(
    tmp_path: Path, answered: str, quality: float | None, said: str
) -> None:
    away = {"kind": "openai", "base_url": NOWHERE, "api_key": "${NOT_SET}", "enabled": "with-key"}
    price = {"input_usd_per_mtok": 1, "output_usd_per_mtok": 2}
    models = {"away": {"upstream": "away", "price": price}}
    config = write_config(tmp_path, NOWHERE, upstreams={"away": away}, models=models)
    engine = open_database(ledger_of(config))
    fill(engine, iter([entry(model=answered, quality_p=quality, tags=("a",))]))
    engine.dispose()
    told = here("report", "--config", str(config), "--baseline", "static", "--json")

    assert told.status == 0
    assert (said in told.err) if said else (told.err == "")


def test_the_parts_of_a_saving_are_the_saving(used: Path) -> None:
    found = json.loads(here("report", "--config", str(used), "--json", "--last", "7d").out)
    total = found["total"]
    parts = ("model_choice", "cache", "retries", "hedges", "cascades", "abandoned")

    assert found["since"] is not None
    assert sum(Decimal(total[f"{part}_usd"]) for part in parts) == Decimal(total["saving_usd"])


def test_movers_compare_with_the_period_before(used: Path) -> None:
    told = here("report", "--config", str(used), "--movers", "--last", "7d", "--json")
    found = json.loads(told.out)

    assert Decimal(found["total"]["cost_before_usd"]) == 0
    assert found["total"]["change_usd"] == found["total"]["cost_usd"]
    assert "new" in here("report", "--config", str(used), "--movers", "--last", "7d").out
    assert "give --last 7d" in here("report", "--config", str(used), "--movers").err
    page = used.with_name("movers.html")
    as_page = ("--movers", "--last", "7d", "--html", str(page))
    assert "nor as CSV or HTML" in here("report", "--config", str(used), *as_page).err
    assert not page.exists()


def test_filters_leave_what_has_their_name(used: Path) -> None:
    every = json.loads(here("report", "-c", str(used), "--json", "--by", "model").out)
    name = every["groups"][0]["model"]
    found = json.loads(here("report", "-c", str(used), "--json", "--model", name).out)

    assert found["filters"] == {"model": name}
    assert found["groups"] == [every["groups"][0]]
    told = here("report", "-c", str(used), "--by", "hour", "--tag", "x")
    assert (told.status, "not kept by hour and tag together" in told.err) == (1, True)


def test_a_baseline_that_is_no_model_is_told_with_a_hint(used: Path) -> None:
    told = here("report", "--config", str(used), "--baseline", "sim-fronteer")
    assert told.status == 1
    assert "did you mean 'sim-frontier'?" in told.err


def test_a_baseline_needs_no_key_of_its_provider(tmp_path: Path) -> None:
    """The report is read on the machine of the ledger, which knows no provider's secrets."""
    away = {"kind": "openai", "base_url": NOWHERE, "api_key": "${NOT_SET}", "enabled": "with-key"}
    price = {"input_usd_per_mtok": 1, "output_usd_per_mtok": 2}
    config = write_config(
        tmp_path,
        NOWHERE,
        upstreams={"away": away},
        models={"dear": {"upstream": "away", "price": price}},
    )
    told = here("report", "--config", str(config), "--baseline", "dear", "--json")

    assert (told.status, told.err) == (0, "")
    assert json.loads(told.out)["baseline"] == "dear"


def test_rates_for_lengths_that_sums_do_not_know_are_pointed_out(tmp_path: Path) -> None:
    rates = {"input_usd_per_mtok": 1, "output_usd_per_mtok": 2}
    bands = [{**rates, "above_input_tokens": above} for above in (2_000, 200_000, 600_000)]
    model = {"upstream": "sim", "price": {**rates, "bands": bands}}
    config = write_config(tmp_path, NOWHERE, models={"long": model})
    told = here("report", "--config", str(config), "--baseline", "long")

    assert re.findall(r"prompts of (.*) tokens", told.err) == [
        "2,001 to 32,000",
        "600,001 and more",
    ]


def test_of_hundreds_of_names_people_see_the_dearest_and_programs_all(tmp_path: Path) -> None:
    config = write_config(tmp_path, NOWHERE)
    engine = open_database(ledger_of(config))
    spent = (
        entry(f"r{n}", at_s=day("2026-05-04"), key=f"key-{n:03}", cost=Money(10**9 + n))
        for n in range(150)
    )
    write(engine, list(spent))
    engine.dispose()
    by_key = ("report", "--config", str(config), "--by", "key")
    as_json = json.loads(here(*by_key, "--json").out)

    for movers in ((), ("--movers", "--since", "2026-05-04", "--until", "2026-05-04")):
        told = here(*by_key, *movers).out
        assert "50 others" in told
        assert "key-050" in told
        assert "key-049" not in told
    assert [line["key"] for line in as_json["groups"]] == [
        f"key-{n:03}" for n in range(149, -1, -1)
    ]

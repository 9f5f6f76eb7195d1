"""The page of `farthing evaluate --html`, in a real browser.

To look at the pictures that it takes:
FARTHING_PICTURES=var/pictures make test ARGS=tests/cli/test_evaluate_page.py
"""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from router.cli import main
from tests.e2e.browser import Page, chromium, saved
from tests.evaluation.made_up import POOLS, shop_rows, write_rows

BROWSER = chromium()
HOSTILE = "</script><img src=x onerror=alert(1)>"
pytestmark = pytest.mark.skipif(
    BROWSER is None,
    reason="needs a Chromium or Chrome on PATH: apt install chromium, or brew install chromium",
)


def made(folder: Path, pool: str = "mine", small: str = "small") -> Path:
    """The page and, with it, the numbers of a shop's outcomes."""
    rows = [
        {**each, "model": small if each["model"] == "small" else each["model"]}
        for each in shop_rows(200)
    ]
    outcomes = write_rows(folder / "shop.parquet", rows)
    pools = folder / "pools.yaml"
    pools.write_text(POOLS.replace(" small:", f" {json.dumps(small)}:"), encoding="utf-8")
    out = folder / "shop.html"
    options = ["--samples", "40", "--html", str(out), "--json", str(out.with_suffix(".json"))]
    assert main(["evaluate", str(outcomes), "--pool", f"{pools}:{pool}", *options]) == 0
    return out


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of three models, for all tests that look at it."""
    return made(tmp_path_factory.mktemp("mine"))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a pair."""
    return made(tmp_path_factory.mktemp("two"), "two")


def numbers(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(out.with_suffix(".json").read_text("utf-8"))
    return found


async def test_the_page_shows_what_the_numbers_say(page: Page, mine: Path) -> None:
    await page.open(mine.as_uri())
    told = numbers(mine)
    rows = {each["name"]: each for each in told["rows"]}

    assert "fixed mix of models" in await page.text("h1")
    assert f"{rows['router']['saved_at_95']['estimate'] * 100:.1f} %" in await page.text("#tiles")
    for each in told["rows"]:
        assert f"{each['aiq']['estimate']:.4f}" in await page.text("#rows")
    assert f"{told['auc']['estimate']:.4f}" in await page.text("#models")
    assert await page.run("document.getElementById('pairs-card').hidden")
    assert page.console == []
    assert [url for url in page.asked if not url.startswith(("data:", "file:"))] == []


async def test_dearer_is_further_right_and_better_is_higher(page: Page, mine: Path) -> None:
    await page.open(mine.as_uri())
    models = {each["name"]: each for each in numbers(mine)["models"]}
    read = (
        "Object.fromEntries([...document.querySelectorAll('circle.single')].map((dot) =>"
        " [dot.textContent.split(':')[0], [dot.cx.baseVal.value, dot.cy.baseVal.value]]))"
    )
    for way in ("log", "linear"):
        await page.click(f"#scale input[value={way}]")
        places = await page.run(read)
        by_cost = sorted(models, key=lambda name: models[name]["cost_usd"]["estimate"])
        by_quality = sorted(models, key=lambda name: -models[name]["quality"]["estimate"])
        assert sorted(places, key=lambda name: places[name][0]) == by_cost
        assert sorted(places, key=lambda name: places[name][1]) == by_quality


async def test_a_line_has_the_height_of_its_hull(page: Page, mine: Path) -> None:
    await page.open(mine.as_uri())
    read = (
        "['oracle', 'router'].map((kind) => { const box ="
        " document.querySelector(`.curve.${kind}`).getBBox(); return [box.y, box.height]; })"
    )
    (oracle_top, _), (router_top, router_height) = await page.run(read)

    assert oracle_top < router_top
    assert router_height > 10


async def test_a_pair_has_a_card_of_its_own(page: Page, two: Path) -> None:
    await page.open(two.as_uri())

    assert not await page.run("document.getElementById('pairs-card').hidden")
    assert f"{numbers(two)['pairs']['all']['apgr']['estimate']:.4f}" in await page.text("#pairs")
    assert page.console == []


async def test_names_that_strangers_chose_stay_text(page: Page, tmp_path: Path) -> None:
    out = made(tmp_path, small=HOSTILE)
    await page.open(out.as_uri())

    assert "<img" not in out.read_text("utf-8")
    assert await page.run("document.querySelectorAll('img').length") == 0
    assert HOSTILE in await page.text("#models")


def test_the_page_refers_to_nothing_outside(mine: Path) -> None:
    text = mine.read_text("utf-8")

    assert not re.findall(r'(?:src|href)="(?!data:|#)[^"]*"', text)
    assert "unsafe" not in text.split("<style>")[0]


async def test_nothing_is_wider_than_a_phone(page: Page, two: Path) -> None:
    await page.looks(width=390, height=844)
    await page.open(two.as_uri())

    assert await page.run("document.documentElement.scrollWidth") <= 390


async def test_pictures_for_people(page: Page, mine: Path, tmp_path: Path) -> None:
    folder = Path(os.environ.get("FARTHING_PICTURES", tmp_path))
    for dark in (False, True):
        await page.looks(width=1280, height=1400, dark=dark)
        await page.open(mine.as_uri())
        name = f"evaluation-{'dark' if dark else 'light'}.png"
        assert saved(await page.picture(), folder, name).stat().st_size > 20_000

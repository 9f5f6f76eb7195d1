"""The page of `farthing try --html`, as a file and in a real browser.

To look at the pictures that it takes:
FARTHING_PICTURES=var/pictures make test ARGS=tests/e2e/policies/test_trial_page.py
"""

import json
import os
import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.browser import Page, chromium, saved
from tests.e2e.programs import REPO, here

BROWSER = chromium()
in_a_browser = pytest.mark.skipif(
    BROWSER is None,
    reason="needs a Chromium or Chrome on PATH: apt install chromium, or brew install chromium",
)
EXAMPLE = str(REPO / "config.example.yaml")
HOSTILE = "</script><img src=x onerror=alert(1)>"
STRICT = """\
policy: strict
intent: Refuses what no small model does well.
adequate: {floor: 0.9}
otherwise: refuse
models: {ids: [sim-mid, sim-open-70b, sim-open-8b]}
"""


def figures(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(here("try", "--config", EXAMPLE, *arguments, "--json").out)
    return found


def made(folder: Path, *arguments: str) -> Path:
    path = folder / "trial.html"
    done = here("try", "--config", EXAMPLE, *arguments, "--html", str(path))
    assert (done.status, done.err) == (0, "")
    return path


@pytest.fixture(scope="module")
def page_of_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("sample"), "balanced", "cheap")


# ----------------------------------------------------------------------------------- the file


def test_the_page_refers_to_nothing_outside(page_of_sample: Path) -> None:
    text = page_of_sample.read_text("utf-8")

    assert not re.findall(r'(?:src|href)="(?!data:|#)[^"]*"', text)
    assert "dashboard/" not in text


def test_only_its_own_scripts_may_run(page_of_sample: Path) -> None:
    text = page_of_sample.read_text("utf-8")
    found = re.search(r'content-security-policy" content="([^"]+)"', text)
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    hashes = [b64encode(sha256(each.encode()).digest()).decode() for each in scripts]

    assert found
    assert len(scripts) == 3
    assert all(f"'sha256-{each}'" in found[1] for each in hashes)
    assert "unsafe" not in found[1]


def test_a_page_that_cannot_be_written_is_told_in_a_line(tmp_path: Path) -> None:
    path = tmp_path / "none" / "trial.html"
    done = here("try", "--config", EXAMPLE, "balanced", "cheap", "--html", str(path))

    assert done.status == 1
    assert "trial.html cannot be written" in done.err


# -------------------------------------------------------------------------------- in a browser


@in_a_browser
async def test_the_page_shows_what_the_table_says(page: Page, page_of_sample: Path) -> None:
    await page.open(page_of_sample.as_uri())

    assert await page.text("h1") == "balanced → cheap"
    told = figures("balanced", "cheap")
    total, tiles = told["total"], await page.text("#tiles")
    assert f"{total['changed']} of {total['requests']}" in tiles
    assert f"{abs(total['quality_change']):.3f}" in tiles
    assert f"{abs(total['cost_change_share']) * 100:.0f} %" in tiles
    rows = "document.querySelectorAll('#%s tbody tr').length"
    assert await page.run(rows % "kinds") == len(told["categories"])
    assert await page.run(rows % "changes") == len(told["changes"])
    assert page.console == []
    assert [url for url in page.asked if not url.startswith(("data:", "file:"))] == []


@in_a_browser
async def test_ribbons_are_as_wide_as_what_they_show(page: Page, page_of_sample: Path) -> None:
    await page.open(page_of_sample.as_uri())
    tall = (
        "[0, 1].map((side) => [...document.querySelectorAll('#flow .node')]"
        ".filter((e) => (e.x.baseVal.value > 0) === (side === 1))"
        ".reduce((sum, e) => sum + e.height.baseVal.value, 0))"
    )
    before, now = await page.run(tall)
    assert before == pytest.approx(now)

    await page.click("#flow-of input[value=cost]")
    before, now = await page.run(tall)
    total = figures("balanced", "cheap")["total"]
    share = float(total["new"]["cost_usd"]) / float(total["old"]["cost_usd"])
    assert now / before == pytest.approx(share, abs=0.02)


@in_a_browser
async def test_a_ribbon_shows_its_requests(page: Page, page_of_sample: Path) -> None:
    await page.open(page_of_sample.as_uri())
    await page.run(
        "document.querySelector('.ribbon:not(.same)').dispatchEvent(new MouseEvent('click'))"
    )
    wanted = await page.run("document.getElementById('only').value")
    shown = await page.run(
        "[...document.querySelectorAll('#changes tbody tr')].map((row) =>"
        " [...row.querySelectorAll('.model')].map((cell) => cell.textContent).join(' → '))"
    )

    assert " → " in wanted
    assert {*shown} == {wanted}
    assert len(shown) < len(figures("balanced", "cheap")["changes"])


@in_a_browser
async def test_a_refusal_is_neither_cheaper_nor_dearer(page: Page, tmp_path: Path) -> None:
    draft = tmp_path / "strict.yaml"
    draft.write_text(STRICT, encoding="utf-8")
    await page.open(made(tmp_path, "balanced", str(draft)).as_uri())

    kinds = await page.run("[...document.querySelectorAll('.ribbon')].map((e) => e.classList[1])")
    assert "refused" in kinds
    assert not await page.run("document.getElementById('flow-refused').hidden")
    assert "that a policy refuses" in await page.text("footer")
    assert page.console == []


@in_a_browser
async def test_names_that_strangers_chose_stay_text(page: Page, tmp_path: Path) -> None:
    asked = {"messages": [{"role": "user", "content": "Solve for x: 3x = 2"}]}
    batch = tmp_path / "batch.jsonl"
    batch.write_text(json.dumps({"custom_id": HOSTILE, "body": asked}), encoding="utf-8")
    path = made(tmp_path, "balanced", "cheap", "--file", str(batch))
    await page.open(path.as_uri())

    assert "<img" not in path.read_text("utf-8")
    assert await page.run("document.querySelectorAll('img').length") == 0
    assert HOSTILE in await page.text("#changes")


@in_a_browser
async def test_nothing_is_wider_than_a_phone(page: Page, page_of_sample: Path) -> None:
    await page.looks(width=390, height=844)
    await page.open(page_of_sample.as_uri())

    assert await page.run("document.documentElement.scrollWidth") <= 390


@in_a_browser
async def test_pictures_for_people(page: Page, page_of_sample: Path, tmp_path: Path) -> None:
    folder = Path(os.environ.get("FARTHING_PICTURES", tmp_path))
    for dark in (False, True):
        await page.looks(width=1280, height=1400, dark=dark)
        await page.open(page_of_sample.as_uri())
        name = f"trial-{'dark' if dark else 'light'}.png"
        assert saved(await page.picture(), folder, name).stat().st_size > 20_000

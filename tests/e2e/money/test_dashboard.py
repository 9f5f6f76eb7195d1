"""The dashboard in a real browser: what is drawn, what is requested, what malicious names can do.

To look at the pictures that it takes:
FARTHING_PICTURES=var/pictures make test ARGS=tests/e2e/money/test_dashboard.py
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.browser import Page, chromium, saved
from tests.e2e.configs import write_config
from tests.e2e.programs import Farthing, here
from tests.e2e.shown import HOSTILE, NOWHERE, SECRETS, SHOWN, enter, reported, serving

BROWSER = chromium()
pytestmark = pytest.mark.skipif(
    BROWSER is None,
    reason="needs a Chromium or Chrome on PATH: apt install chromium, or brew install chromium",
)
CHARTS = ("spend", "against", "bridge", "worth", "latency", "hits", "errors")
_INK = """(() => {
  const inked = (id) => {
    const canvas = document.getElementById(id);
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let at = 3; at < data.length; at += 4) count += data[at] > 40;
    return count > 400;
  };
  return %s.every(inked);
})()""" % json.dumps(CHARTS)  # noqa: UP031 - braces are the script's


_LABELS_FIT = """["bridge", "latency"].every((id) => {
  const { ctx, data, scales } = Chart.getChart(id);
  ctx.font = `12px ${Chart.defaults.font.family}`;
  return data.labels.flat().every((label) => ctx.measureText(label).width <= scales.y.width);
})"""


@pytest.fixture(scope="module")
def farthing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farthing]:
    with serving(tmp_path_factory.mktemp("shown")) as running:
        yield running


async def exact(page: Page) -> list[str]:
    """What the first two tiles say, to the last digit: spent, saved."""
    script = (
        "[...document.querySelectorAll('[data-exact]')].slice(0, 3).map((e) => e.dataset.exact)"
    )
    found: list[str] = await page.run(script)
    return found


def in_full(total: object) -> list[str]:
    assert isinstance(total, dict)
    return [f"${total['cost_usd']}", f"${total['saving_usd']}", str(total["requests"])]


async def test_the_page_asks_for_the_key_and_keeps_it_while_it_is_open(
    page: Page, farthing: Farthing
) -> None:
    await page.open(f"{farthing.url}/dashboard")
    await page.until("!document.getElementById('key').hidden")
    await page.run("document.getElementById('key-text').value = 'wrong'")
    await page.click("#key button")
    await page.until("document.getElementById('key-why').textContent.includes('admin key')")
    assert await page.run("document.getElementById('figures').hidden")

    await enter(page, farthing)
    await page.open(f"{farthing.url}/dashboard?period=today")
    await page.until(SHOWN)
    assert await page.run("localStorage.length") == 0
    assert SECRETS["ADMIN_KEY"] not in "".join(page.asked)

    await page.click("#lock")
    assert await page.run("sessionStorage.length") == 0
    assert await page.run("document.getElementById('tiles').childElementCount") == 0


async def test_the_key_is_sent_beside_the_password_of_a_proxy_in_front(
    page: Page, farthing: Farthing
) -> None:
    """The browser sends that one in `authorization`, unless the page has put something else there."""
    await enter(page, farthing)
    await page.run(
        """(() => {
          const real = window.fetch;
          window.fetch = (path, options) => {
            window.sent = Object.keys(options.headers);
            return real(path, options);
          };
          document.querySelector("select[name=model]").dispatchEvent(new Event("change"));
        })()"""
    )
    await page.until("window.sent !== undefined")
    assert await page.run("window.sent") == ["x-api-key"]


async def test_all_charts_are_drawn_and_nothing_is_asked_of_others(
    page: Page, farthing: Farthing
) -> None:
    await enter(page, farthing)
    await page.until(_INK)

    assert {url.split("/")[2] for url in page.asked if not url.startswith("data:")} == {
        farthing.url.removeprefix("http://")
    }
    # The one thing that the console has to say is that there was no key at first.
    assert [line for line in page.console if "401" not in line] == []


async def test_the_figures_and_their_filters_are_those_of_the_report(
    page: Page, farthing: Farthing
) -> None:
    await enter(page, farthing)
    assert await exact(page) == in_full(reported(farthing.config, "--last", "7d")["total"])

    await page.run(
        """(() => {
          const select = document.querySelector("select[name=model]");
          select.value = [...select.options].find((each) => each.text === "gpt-mini").value;
          select.dispatchEvent(new Event("change"));
        })()"""
    )
    of_one = reported(farthing.config, "--last", "7d", "--model", "gpt-mini")["total"]
    await page.until(
        f"document.querySelector('[data-exact]').dataset.exact === '${of_one['cost_usd']}'"
    )
    assert await exact(page) == in_full(of_one)
    assert "model=gpt-mini" in await page.run("location.search")
    assert await page.run("document.querySelectorAll('#cut tbody tr').length") == 1


async def test_the_table_is_cut_and_sorted_as_one_clicks(page: Page, farthing: Farthing) -> None:
    await enter(page, farthing)
    await page.click("[name=cut][value=key]")
    report = reported(farthing.config, "--last", "7d", "--by", "key")
    names = "[...document.querySelectorAll('#cut tbody th')].map((e) => e.textContent)"
    dearest_first = await page.run(names)
    assert dearest_first == [each["key"] for each in report["groups"]]

    await page.click("#cut [data-column='-1']")
    assert await page.run(names) == sorted(dearest_first)
    assert await page.run("document.querySelector('#cut [aria-sort]').ariaSort") == "ascending"


@pytest.mark.parametrize(
    ("share", "written"),
    [
        (0.0, "0 %"),
        (0.00001, "<0.01 %"),
        (-0.00001, "\u2212<0.01 %"),
        (0.004, "0.4 %"),
        (0.0996, "10 %"),
        (0.994, "99 %"),
        (0.9999, ">99 %"),
        (1.0, "100 %"),
        (-7.39, "\u2212739 %"),
        (None, "\u2013"),
    ],
)
async def test_a_share_is_nothing_or_all_only_if_it_is_written_so(
    page: Page, farthing: Farthing, share: float | None, written: str
) -> None:
    await page.open(f"{farthing.url}/dashboard")
    await page.until("!document.getElementById('key').hidden")
    assert await page.run(f"Farthing.format.share({json.dumps(share)})") == written


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("format.exact('-11518.07899734')", "\u2212$11,518.07899734"),
        ("format.exact('2026160')", "$2,026,160"),
        ("format.exact('0.000000000123')", "$0.000000000123"),
        ("format.tick(5e-7)", "$0.0000005"),
        ("format.tick(-0.25)", "\u2212$0.25"),
        ("format.tick(1500)", "$1.5K"),
    ],
)
async def test_amounts_are_written_as_people_read_them(
    page: Page, farthing: Farthing, written: str, shown: str
) -> None:
    await page.open(f"{farthing.url}/dashboard")
    await page.until("!document.getElementById('key').hidden")
    assert await page.run(f"Farthing.{written}") == shown


async def test_models_whose_long_names_begin_alike_are_told_apart(
    page: Page, farthing: Farthing
) -> None:
    await enter(page, farthing)
    await page.until(_INK)
    await page.run(
        """Farthing.charts.latency(["preview-1", "preview-2"].map((end) => (
          { model: `accounts/a-provider/models/one-of-a-family-${end}`, quantiles: [1, 2, 3] })), "")"""
    )
    labels = await page.run("Chart.getChart('latency').data.labels")
    assert len(set(labels)) == 2
    assert all(len(label) <= 22 for label in labels)


async def test_without_javascript_the_page_says_so(page: Page, farthing: Farthing) -> None:
    await page.tell("Emulation.setScriptExecutionDisabled", value=True)
    await page.open(f"{farthing.url}/dashboard")

    assert "JavaScript" in await page.text("main")
    assert "Adding up" not in await page.run("document.querySelector('main').innerText")


async def test_hostile_names_stay_text(page: Page, farthing: Farthing) -> None:
    await enter(page, farthing)
    for by in ("model", "policy", "category", "key", "tag", "upstream"):
        await page.click(f"[name=cut][value={by}]")
        shown = await page.run("document.getElementById('cut').textContent")
        assert all(name in shown for name in HOSTILE)
    await page.run("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    await page.until("document.querySelector('#worth-table table') !== null")

    assert await page.run("document.images.length") == 0
    assert await page.title() == "Farthing"


async def test_a_spreadsheet_is_given_no_formulas(page: Page, farthing: Farthing) -> None:
    await enter(page, farthing)
    lines = [{"name": name, "cost_usd": "-0.5"} for name in ("=1+1", "-2+3|x", "\uff1d1")]
    csv = await page.run(f"Farthing.views.csv('key', {json.dumps(lines)})")

    assert csv == "key,cost_usd\r\n'=1+1,-0.5\r\n'-2+3|x,-0.5\r\n'\uff1d1,-0.5\r\n"


async def test_the_browsers_way_back_is_that_of_the_filters(page: Page, farthing: Farthing) -> None:
    await enter(page, farthing)
    everything = await exact(page)
    await page.click("#cut tbody button")
    await page.until(
        "location.search.includes('model=') && document.querySelectorAll('#cut tbody tr').length === 1"
    )

    await page.run("history.back()")
    await page.until("document.querySelectorAll('#cut tbody tr').length > 1")
    assert await exact(page) == everything
    assert await page.run("document.querySelector('select[name=model]').value") == ""


async def test_filters_that_cannot_be_answered_can_be_taken_back(
    page: Page, farthing: Farthing
) -> None:
    await enter(page, farthing)
    await page.open(f"{farthing.url}/dashboard?period=7d&key=search&tag=platform")
    await page.until("!document.getElementById('trouble').hidden")

    assert "sums are not kept by" in await page.text("#trouble")
    assert await page.run("document.getElementById('save-csv').disabled")
    await page.click("#selects button")
    await page.until(SHOWN)
    assert await page.run("document.getElementById('trouble').hidden")
    assert not await page.run("document.getElementById('save-csv').disabled")


async def test_whoever_goes_by_keyboard_keeps_their_place_when_the_page_refreshes(
    page: Page, farthing: Farthing
) -> None:
    await enter(page, farthing)
    for button in ("#cut [data-name='gpt-mini']", "#cut [data-column='3']"):
        at = f"document.querySelector({json.dumps(button)})"
        await page.run(f"{at}.focus(); {at}.isOld = true")
        await page.run("document.dispatchEvent(new Event('visibilitychange'))")
        await page.until(f"!{at}.isOld")
        assert await page.run(f"document.activeElement === {at}")

    await page.run("document.getElementById('filters').open = true")
    await page.run(
        """(() => {
          const select = document.querySelector("select[name=policy]");
          select.focus();
          select.value = [...select.options].find((each) => each.text === "cheap").value;
          select.dispatchEvent(new Event("change"));
        })()"""
    )
    await page.until("document.activeElement.name === 'policy'")
    assert await page.run("document.activeElement.selectedOptions[0].text") == "cheap"


async def test_a_loss_is_told_as_one(page: Page, farthing: Farthing) -> None:
    await enter(page, farthing)
    told = await page.run(
        """(() => {
          const parts = { model_choice_usd: "-3", cache_usd: "1", retries_usd: "0", hedges_usd: "0",
                          cascades_usd: "0", abandoned_usd: "0" };
          const total = { ...parts, cost_usd: "4", baseline_usd: "2", saving_usd: "-2", saving_share: -1, requests: 1 };
          Farthing.views.tiles({ total });
          Farthing.views.bridge({ total });
          const step = { name: "2026-05-04", ...total };
          Farthing.views.against({ steps: [step], total, unit: "day", baseline: "reference" }, "sum");
          return ["#tiles .tile:nth-child(2)", "#bridge-says", "#against-legend"]
            .map((each) => document.querySelector(each).textContent);
        })()"""
    )
    assert told == [
        "Lost$2.00100 % of $2.00",
        "Most of the loss: choice of model, $3.00.",
        "SpentBaselineLost between them",
    ]


async def test_a_day_between_two_without_traffic_is_seen(page: Page, farthing: Farthing) -> None:
    await enter(page, farthing)
    radii = await page.run(
        """(() => {
          const days = ["2026-05-03", "2026-05-04", "2026-05-05", "2026-05-06", "2026-05-07"];
          Farthing.charts.rate("hits", days, [null, 0.5, null, 0.1, 0.2], "c0", "hits");
          return Chart.getChart("hits").getDatasetMeta(0).data.map((each) => each.options.radius);
        })()"""
    )
    assert radii[1] == 4
    assert radii[3:] == [0, 0]


@pytest.mark.parametrize(
    ("model_choice", "says"), [("0.4", "$0.200 for a generated answer"), ("0.8", "No paid answer")]
)
async def test_an_answer_costs_what_it_cost_and_not_the_calls_beside_it(
    page: Page, farthing: Farthing, model_choice: str, says: str
) -> None:
    """Of three answers one was stored; failed calls, or those of cascades, made up the rest of the cost."""
    await enter(page, farthing)
    line = {
        "name": "a",
        "requests": 3,
        "answers": 3,
        "cache_hits": 1,
        "predicted_quality": 0.8,
        "cost_usd": "0.5",
        "baseline_usd": "1.1",
        "cache_usd": "0.3",
        "model_choice_usd": model_choice,
    }
    overview = json.dumps({"cuts": {"model": [line]}})
    shown = "document.getElementById('worth-says').textContent"
    assert says in await page.run(f"Farthing.views.worth({overview}) ?? {shown}")


async def test_budgets_of_which_least_is_left_come_first(page: Page, farthing: Farthing) -> None:
    await enter(page, farthing)
    left = {"roomy": 0.9, "tight": 0.05, "empty": 0.0, "half": 0.5}
    budgets = [
        {
            "budget": f"1 USD a day for key {name}",
            "scope": {"kind": "key", "name": name},
            "window": "day",
            "usd": "1",
            "spent_usd": str(1 - share),
            "reserved_usd": "0",
            "left_usd": str(share),
            "share_left": share,
            "resets_s": None,
        }
        for name, share in left.items()
    ]
    names = "[...document.querySelectorAll('#budgets-list b')].map((each) => each.textContent)"
    shown = await page.run(f"Farthing.views.budgets({json.dumps(budgets)}) ?? {names}")
    assert shown == [f"key {name}, each day" for name in ("empty", "tight", "half", "roomy")]


async def test_refreshing_can_be_paused(page: Page, farthing: Farthing) -> None:
    await enter(page, farthing)
    await page.click("#pause")

    assert (await page.text("#status")).startswith("Paused, as of")
    assert await page.run("document.getElementById('pause').ariaPressed") == "true"


@pytest.mark.parametrize(
    ("name", "width", "dark"),
    [
        ("light", 1280, False),
        ("dark", 1280, True),
        ("tablet", 800, False),
        ("phone", 390, True),
        ("phone-light", 390, False),
        ("phone-narrow", 360, False),
        ("phone-narrowest", 320, False),
    ],
)
async def test_it_fits_every_screen(
    page: Page, farthing: Farthing, tmp_path: Path, name: str, width: int, dark: bool
) -> None:
    await page.looks(width=width, height=844, dark=dark)
    await enter(page, farthing)
    await page.until(_INK)
    saved(await page.picture(), Path(os.environ.get("FARTHING_PICTURES", tmp_path)), f"{name}.png")

    assert await page.run("document.documentElement.scrollWidth") == width
    assert await page.run(_LABELS_FIT)
    for by in ("key", "tag"):  # where the long names are
        await page.click(f"[name=cut][value={by}]")
        assert await page.run("document.documentElement.scrollWidth") == width
    await page.click("[name=period][value=own]")
    await page.until("!document.getElementById('dates').hidden")
    assert await page.run("document.documentElement.scrollWidth") == width
    ground = await page.run("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(20, 19, 17)") is dark


async def test_colours_follow_the_machine_while_the_page_is_open(
    page: Page, farthing: Farthing
) -> None:
    await enter(page, farthing)
    await page.click("#pause")  # a refresh would draw anew what was lost
    await page.looks(width=1280, height=900, dark=True)
    await page.until(f"Chart.defaults.color === '#a29c92' && {_INK}")


async def test_paper_is_white_whatever_the_screen_is(page: Page, farthing: Farthing) -> None:
    await enter(page, farthing)
    await page.click("#pause")  # a refresh would draw anew what was lost
    await page.looks(width=1280, height=900, dark=True)
    await page.until(f"Chart.defaults.color === '#a29c92' && {_INK}")
    dark = {"name": "prefers-color-scheme", "value": "dark"}

    for media, quiet in (("print", "#66615a"), ("", "#a29c92")):
        await page.tell("Emulation.setEmulatedMedia", media=media, features=[dark])
        await page.until(f"Chart.defaults.color === '{quiet}' && {_INK}")


async def test_what_can_be_used_has_a_name(page: Page, farthing: Farthing) -> None:
    await enter(page, farthing)
    await page.until(_INK)
    nameless = await page.run(
        """[...document.querySelectorAll("button, input, select, canvas")]
          .filter((e) => !(e.labels?.[0]?.textContent || e.ariaLabel || e.textContent).trim())
          .map((e) => e.outerHTML)"""
    )
    assert nameless == []


async def test_a_saved_page_is_whole_without_any_server(
    page: Page, farthing: Farthing, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    options = ("--config", str(farthing.config), "--last", "7d", "--html", str(path))
    assert here("report", *options, env=SECRETS).status == 0
    await page.tell("Network.emulateNetworkConditions", offline=True, **_NO_LIMITS)
    await page.open(path.as_uri())
    await page.until(_INK)

    assert await exact(page) == in_full(reported(farthing.config, "--last", "7d")["total"])
    assert {url.partition(":")[0] for url in page.asked} <= {"file", "data"}
    assert page.console == []
    assert await page.run("document.images.length") == 0
    assert await page.title() == "Farthing"
    assert await page.run("[...document.querySelectorAll('[data-live]')].every((e) => e.hidden)")


_NO_LIMITS = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}


async def test_an_empty_ledger_says_what_to_do(page: Page, tmp_path: Path) -> None:
    with Farthing(write_config(tmp_path, NOWHERE)) as running:
        await page.open(f"{running.url}/dashboard")
        await page.until("!document.getElementById('empty').hidden")

        assert f"curl {running.url}/v1/chat/completions" in await page.text("#empty-command")
        assert page.console == []

    saved_page = tmp_path / "report.html"
    options = ("--config", str(running.config), "--html", str(saved_page))
    assert here("report", *options).status == 0
    await page.open(saved_page.as_uri())
    await page.until("!document.getElementById('empty').hidden")
    assert (await page.text("#empty-text")).endswith("answered.")


async def test_a_farthing_that_is_gone_is_told_and_the_figures_stay(
    page: Page, tmp_path: Path
) -> None:
    with serving(tmp_path, requests=30) as running:
        await enter(page, running)
    await page.click("[name=period][value=today]")
    await page.until("!document.getElementById('trouble').hidden")

    assert "is not responding" in await page.text("#trouble")
    assert await page.run(SHOWN)

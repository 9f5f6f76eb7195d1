"""The dashboard as people come upon it: a view that is kept, small and odd screens, slow answers, keyboards."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.demo_ledger import fill
from router.domain.members import replace
from router.domain.money import Money
from router.stores.sql.database import open_database
from tests.e2e.browser import Page, chromium
from tests.e2e.configs import ledger_of
from tests.e2e.programs import Farthing
from tests.e2e.shown import CHAT, HOSTILE, SECRETS, SHOWN, enter, serving, written
from tests.e2e.wire import Got, chat, post
from tests.stores.entries import entry

pytestmark = pytest.mark.skipif(
    chromium() is None,
    reason="needs a Chromium or Chrome on PATH: apt install chromium, or brew install chromium",
)
_VIEW = """JSON.stringify([...document.querySelectorAll("[name=cut], [name=against], [name=latency]")]
  .filter((each) => each.checked).map((each) => each.value)
  .concat([document.getElementById("cut-name").textContent,
           document.querySelector("#cut [aria-sort]").textContent,
           document.querySelector("#cut [aria-sort]").ariaSort]))"""
_OWN_VIEW = ["each", "first_content_s", "key", "key", "requests", "ascending"]


@pytest.fixture(scope="module")
def farthing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farthing]:
    with serving(tmp_path_factory.mktemp("shown"), requests=60) as running:
        yield running


async def choose(page: Page) -> None:
    """Look at things in another way than usual."""
    for chosen in ("[name=cut][value=key]", "[name=against][value=each]"):
        await page.click(chosen)
    await page.click("[name=latency][value=first_content_s]")
    for _ in range(2):
        await page.click("#cut [data-column='0']")


async def test_a_view_survives_a_reload_and_can_be_sent_to_somebody(
    page: Page, farthing: Farthing
) -> None:
    await enter(page, farthing)
    assert await page.run("location.search") == ""
    await choose(page)
    assert json.loads(await page.run(_VIEW)) == _OWN_VIEW

    await page.open(await page.run("location.href"))
    await page.until(SHOWN)
    assert json.loads(await page.run(_VIEW)) == _OWN_VIEW


async def test_the_way_back_leads_to_the_view_before_the_period_was_changed(
    page: Page, farthing: Farthing
) -> None:
    await enter(page, farthing)
    await choose(page)
    await page.click("[name=period][value=yesterday]")
    await page.click("[name=cut][value=tag]")
    await page.until("document.getElementById('cut-name').textContent === 'tag'")

    await page.run("history.back()")
    await page.until("document.getElementById('cut-name').textContent === 'key'")
    assert json.loads(await page.run(_VIEW)) == _OWN_VIEW
    assert await page.run("document.querySelector('[name=period]:checked').value") == "7d"


async def test_an_address_that_asks_for_no_such_view_shows_the_usual_one(
    page: Page, farthing: Farthing
) -> None:
    await enter(page, farthing, "?period=year&by=planet&sort=__proto__&against=1&latency=")
    usual = ["sum", "total_s", "model", "model", "spent", "descending"]
    assert json.loads(await page.run(_VIEW)) == usual
    assert await page.run("document.querySelector('[name=period]:checked')?.value") == "7d"


async def test_the_head_says_what_the_figures_are_of(page: Page, farthing: Farthing) -> None:
    """On paper, too, where the filters are not."""
    await enter(page, farthing, "?period=yesterday&model=gpt-mini")
    assert (await page.text("#period")).endswith("(UTC) · model gpt-mini")
    assert await page.run("document.querySelector('[name=period]:checked').value") == "yesterday"


async def test_times_of_day_say_their_zone(page: Page, farthing: Farthing) -> None:
    await page.tell("Emulation.setTimezoneOverride", timezoneId="Europe/Berlin")
    await enter(page, farthing)
    assert await page.run("Farthing.format.moment(1796079600)") == "1 Dec, 00:00 CET"
    assert (await page.text("#status")).endswith((" CET", " CEST"))
    assert await page.run("Farthing.format.wholeStep('2026-05-04T07')") == "4 May, 07:00 UTC"


async def test_figures_that_are_not_yet_those_asked_for_are_marked(
    page: Page, farthing: Farthing
) -> None:
    await enter(page, farthing)
    await page.run(
        "window.real = window.fetch; window.fetch = () => new Promise((done) => { window.done = done; })"
    )
    await page.click("[name=period][value=today]")
    assert await page.run("document.getElementById('content').ariaBusy") == "true"
    assert await page.text("#status") == "Adding up …"

    await page.run("window.fetch = window.real; window.done(new Response('{}', { status: 503 }))")
    await page.until("document.getElementById('content').ariaBusy === 'false'")
    assert "As of" in await page.text("#status")


async def test_the_total_of_a_long_table_stays_in_sight(page: Page, farthing: Farthing) -> None:
    await enter(page, farthing)
    heights = await page.run(
        """(() => {
          const total = { cost_usd: "300", baseline_usd: "300", saving_usd: "0" };
          const line = (_, at) => ({ ...total, name: `key-${at}` });
          Farthing.views.cut({ total, cuts: { key: Array.from({ length: 300 }, line) } }, "key",
            { column: 8, down: true }, { resort: () => {} });
          const bottom = (selector) => document.querySelector(selector).getBoundingClientRect().bottom;
          return [bottom("#cut tfoot th"), bottom("#cut"), document.getElementById("cut").clientHeight];
        })()"""
    )
    assert heights[0] <= heights[1] + 1
    assert heights[2] < 800


async def test_names_that_differ_in_their_middle_are_told_apart(
    page: Page, farthing: Farthing
) -> None:
    await enter(page, farthing)
    names = [f"accounts/fireworks/models/llama-{size}-instruct" for size in ("70b", "8b")]
    models = [{"model": name, "quantiles": [1, 2, 3]} for name in names]
    labels = await page.run(
        f"Farthing.charts.latency({json.dumps(models)}, '') ?? Chart.getChart('latency').data.labels"
    )
    assert len(set(labels)) == 2
    assert all(len(label) <= 22 for label in labels)


async def test_nothing_is_drawn_where_nothing_was_spent(page: Page, farthing: Farthing) -> None:
    await enter(page, farthing)
    hidden = await page.run(
        """(() => {
          const parts = { model_choice_usd: "0", cache_usd: "0", retries_usd: "0", hedges_usd: "0",
                          cascades_usd: "0", abandoned_usd: "0" };
          const total = { ...parts, cost_usd: "0", baseline_usd: "0", saving_usd: "0", saving_share: null };
          const steps = [{ name: "2026-05-04", ...total }];
          const overview = { steps, total, models: ["a"], cost_by_model: [[0]], unit: "day", baseline: "reference" };
          const { spend, against, bridge } = Farthing.views;
          for (const view of [spend, against, bridge]) view(overview, "sum");
          return ["spend", "against", "bridge"].map((id) => document.getElementById(id).parentElement.hidden);
        })()"""
    )
    assert hidden == [True, True, True]


async def test_whatever_scrolls_can_be_scrolled_by_keyboard(page: Page, farthing: Farthing) -> None:
    await page.looks(width=390, height=844)
    await enter(page, farthing)
    await page.run("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    await page.until("document.querySelector('#worth-table table') !== null")
    stuck = await page.run(
        """[...document.querySelectorAll("main *")]
          .filter((each) => /auto|scroll/.test(getComputedStyle(each).overflow))
          .filter((each) => each.tabIndex < 0 && !each.querySelector("button"))
          .map((each) => each.id)"""
    )
    assert stuck == []


async def test_what_is_chosen_is_seen_in_forced_colours(page: Page, farthing: Farthing) -> None:
    await enter(page, farthing)
    forced = {"name": "forced-colors", "value": "active"}
    await page.tell("Emulation.setEmulatedMedia", features=[forced])
    colours = await page.run(
        """["checked", "not(:checked)"].map((state) => getComputedStyle(
             document.querySelector(`#presets input:${state} + span`)).backgroundColor)"""
    )
    assert colours[0] != colours[1]
    swatch = "getComputedStyle(document.querySelector('#spend-legend .swatch')).backgroundColor"
    assert await page.run(swatch) not in ("rgba(0, 0, 0, 0)", colours[1])


async def test_every_period_can_be_read_on_the_smallest_phone(
    page: Page, farthing: Farthing
) -> None:
    await page.looks(width=320, height=640)
    await enter(page, farthing)
    cut_off = await page.run(
        """[...document.querySelectorAll("#presets span, #cut-by span")]
          .filter((each) => each.scrollWidth > each.clientWidth || each.getBoundingClientRect().right > innerWidth)
          .map((each) => each.textContent)"""
    )
    assert cut_off == []
    table = "document.getElementById('cut')"
    assert await page.run(f"{table}.scrollWidth - {table}.clientWidth") <= 0


def send(farthing: Farthing) -> Got:
    """A request that no model can answer, since nobody listens where they are."""
    return post(farthing.base_url, chat("What is 17 * 23?"), headers=CHAT)


async def test_what_is_amiss_now_is_told_first(page: Page, farthing: Farthing) -> None:
    for _ in range(8):
        send(farthing)
    await enter(page, farthing)
    await page.until("!document.getElementById('amiss').hidden")

    assert "The upstream sim has failed; it is asked again in" in await page.text("#amiss")


async def test_whatever_is_amiss_is_told_in_a_line(page: Page, farthing: Farthing) -> None:
    await enter(page, farthing)
    name = HOSTILE[0]
    ready = {
        "ledger": {"state": "memory", "waiting_rows": 1},
        "policies": {"state": "stale", "problems": ["cheap.yaml: no such model"]},
    }
    standings = [
        {"kind": "model", "name": name, "state": "open", "retry_in_s": 2.0, "worker": 0},
        {"kind": "model", "name": name, "state": "open", "retry_in_s": 30.0, "worker": 1},
        {"kind": "model", "name": "tired", "state": "half_open", "retry_in_s": 0.0},
        {"kind": "model", "name": "busy", "state": "closed", "retry_in_s": 9.0},
        {"kind": "model", "name": "well", "state": "closed", "retry_in_s": 0.0},
    ]
    lines = "[...document.querySelectorAll('#amiss-list li')].map((each) => each.textContent)"
    shown = f"Farthing.now.show({json.dumps(ready)}, {json.dumps({'standings': standings})})"
    assert await page.run(f"{shown} ?? {lines}") == [
        "The ledger cannot be written. Waiting, in memory only: 1 row.",
        "Changed files are not in force: cheap.yaml: no such model.",
        f"The model {name} has failed; it is asked again in 30 s.",
        "The model tired has failed; it is asked again now.",
        "The model busy is at its provider's limit; it is asked again in 9 s.",
    ]
    well = {"ledger": {"state": "ok"}, "policies": {"state": "current"}}
    hidden = "document.getElementById('amiss').hidden"
    assert await page.run(f"Farthing.now.show({json.dumps(well)}, {{}}) ?? {hidden}")


async def test_a_request_is_explained_by_its_id(page: Page, farthing: Farthing) -> None:
    request_id = send(farthing).headers["x-request-id"]
    await enter(page, farthing)
    await page.run(f"document.getElementById('why-id').value = '{request_id}'")
    await page.click("#why button")
    await page.until("document.querySelector('#why-told table') !== null")
    told = await page.text("#why-told")
    assert "looks like maths" in told
    assert "failed" in told
    assert "There was no complete answer; it cost $0" in told
    assert f"request={request_id}" in await page.run("location.search")

    await page.open(await page.run("location.href"))
    await page.until("document.querySelector('#why-told table') !== null")
    await page.click("#lock")
    assert await page.run("document.getElementById('why-told').childElementCount") == 0


async def test_what_is_missing_from_a_requests_cost_is_told(page: Page, farthing: Farthing) -> None:
    await enter(page, farthing)
    attempt = {"outcome": "ok", "is_answer": True, "cost_usd": "0.5", "cost_source": "unpriced"}
    attempt |= {"model": HOSTILE[0], "upstream": HOSTILE[0], "total_s": 1}
    body = {"asked": HOSTILE[0], "at_s": 1, "sentences": [HOSTILE[0]], "attempts": [attempt]}
    body |= {"cost_usd": "0.5", "baseline_usd": "2", "reference": {"model": HOSTILE[0]}}
    await page.run(f"Farthing.now.explain({json.dumps({'status': 200, 'body': body})})")

    told = await page.text("#why-told")
    assert f"In total it cost at least $0.5; {HOSTILE[0]} would have charged $2 for" in told
    assert await page.title() == "Farthing"


async def test_the_way_back_explains_the_request_of_before(page: Page, farthing: Farthing) -> None:
    await enter(page, farthing)
    for name, then in (("first", "[name=period][value=today]"), ("second", "[name=cut]")):
        await page.run(f"document.getElementById('why-id').value = '{name}'")
        await page.click("#why button")
        await page.until(f"document.getElementById('why-told').textContent.includes('{name}')")
        await page.click(then)
    await page.run("history.back()")
    await page.until("document.getElementById('why-told').textContent.includes('first')")
    assert await page.run("document.getElementById('why-id').value") == "first"


async def test_what_a_key_has_asked_for_is_not_shown_once_it_is_forgotten(
    page: Page, farthing: Farthing
) -> None:
    await enter(page, farthing)
    await page.run(
        """(() => {
          const real = window.fetch;
          window.fetch = (path, { headers }) => new Promise((done) => {
            window.answer = async () => {
              const answer = await real(path, { headers });
              const twin = answer.clone();
              done(answer);
              await twin.json();
              await new Promise(setTimeout);  // when all that follows at once has happened
            };
          });
        })()"""
    )
    await page.click("[name=period][value=today]")
    await page.click("#lock")
    await page.run("window.answer()")
    assert not await page.run(SHOWN)
    assert not await page.run("document.getElementById('key').hidden")


async def test_a_trouble_is_told_on_paper_and_in_the_dark_too(
    page: Page, farthing: Farthing
) -> None:
    await enter(page, farthing)
    await page.run("window.fetch = () => Promise.reject(new Error('no network'))")
    await page.click("[name=period][value=today]")
    await page.until("!document.getElementById('trouble').hidden")
    await page.looks(width=1200, height=900, dark=True)
    await page.until("matchMedia('(prefers-color-scheme: dark)').matches")
    assert not await page.run("document.getElementById('trouble').hidden")


async def test_a_request_that_is_not_known_is_told_as_such(page: Page, farthing: Farthing) -> None:
    await enter(page, farthing)
    await page.run("document.getElementById('why-id').value = 'req_../../x'")
    await page.click("#why button")
    await page.until("document.getElementById('why-told').textContent.includes('has no request')")


async def test_the_first_request_that_is_suggested_carries_a_key_where_there_are_some(
    page: Page, farthing: Farthing
) -> None:
    await enter(page, farthing)
    await page.open(f"{farthing.url}/dashboard?since=2020-01-01&until=2020-01-02")
    await page.until("!document.getElementById('empty').hidden")
    assert '-H "authorization: Bearer $KEY"' in await page.text("#empty-command")


async def test_of_hundreds_of_names_the_dearest_are_shown_and_any_can_be_asked_for(
    page: Page, tmp_path: Path
) -> None:
    config = written(tmp_path, requests=20)
    engine = open_database(ledger_of(config))
    now_s = time.time()
    fill(
        engine,
        (
            replace(
                entry(f"many-{n}", at_s=now_s, key=f"key-{n:03}" if n else "", tags=("t",)),
                cost=Money(10**12 + n),
            )
            for n in range(150)
        ),
    )
    engine.dispose()
    with Farthing(config, env=SECRETS) as running:
        await enter(page, running, "?by=key&period=today")
        names = "[...document.querySelectorAll('#cut .pick')].map((e) => e.textContent)"
        shown, today = await page.run(names), await page.text("#period")
        last = "[...document.querySelectorAll('#cut tbody tr')].at(-1).firstChild.textContent"
        told = await page.run(last)
        for name in ("key-007", "(none)"):
            await page.run(
                f"""(() => {{
                  const input = document.querySelector("input[name=key]");
                  input.value = "{name}";
                  input.dispatchEvent(new Event("change", {{ bubbles: true }}));
                }})()"""
            )
            await page.until(f"{names}.join() === '{name}'")
            assert await page.text("#period") == f"{today} · key {name}"
            assert await page.run("document.querySelector('input[name=key]').value") == name

    assert shown == [f"key-{n:03}" for n in range(149, 49, -1)]
    assert re.fullmatch(r"\d+ others that cost less", told)

"""The dashboard without a browser: who gets what, under which headers; the saved page; Chart.js."""

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from router.ledger.overview import SERIES
from tests.e2e.programs import Farthing, here
from tests.e2e.shown import ADMIN, CHAT, HOSTILE, SECRETS, reported, serving
from tests.e2e.wire import get

CHART_JS = ("4.6.1", "c17f2ce49fb9c71ef7fb39c03f868804ac5ab34730149976eebe6b7f807bef0c")
"""Version and SHA-256 of dist/chart.umd.min.js of that release, less its last line, which names a
map of the source that we do not ship."""

SCRIPTS = ("chart.umd.min.js", "format.js", "charts.js", "views.js", "now.js", "page.js")
ASSETS = ("page.css", *SCRIPTS)
CUTS = ("model", "policy", "key", "tag", "category", "upstream")


@pytest.fixture(scope="module")
def farthing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farthing]:
    with serving(tmp_path_factory.mktemp("dashboard")) as running:
        yield running


# ----------------------------------------------------------------------------------- the page


def test_the_page_needs_no_key_and_carries_no_data(farthing: Farthing) -> None:
    got = get(f"{farthing.url}/dashboard")

    assert got.status == 200
    assert got.headers["content-type"] == "text/html; charset=utf-8"
    assert b"claude-opus" not in got.body
    assert set(re.findall(r'(?:src|href)="dashboard/([^"]+)"', got.body.decode())) == {*ASSETS}


@pytest.mark.parametrize("path", ["dashboard", *(f"dashboard/{name}" for name in ASSETS)])
def test_a_page_lets_nothing_be_fetched_from_elsewhere(farthing: Farthing, path: str) -> None:
    got = get(f"{farthing.url}/{path}")

    assert got.status == 200
    policy = got.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert got.headers["x-content-type-options"] == "nosniff"


def test_an_asset_that_is_known_is_not_sent_again(farthing: Farthing) -> None:
    url = f"{farthing.url}/dashboard/chart.umd.min.js"
    first = get(url)
    again = get(url, {"if-none-match": first.headers["etag"]})
    packed = get(url, {"accept-encoding": "gzip"})

    assert (again.status, again.body) == (304, b"")
    assert packed.headers["content-encoding"] == "gzip"
    assert len(packed.body) < len(first.body) / 2


@pytest.mark.parametrize(
    "name", ["", "none.js", "chart.LICENSE.txt", "..%2fapp.py", "%2e%2e/app.py"]
)
def test_nothing_else_is_handed_out(farthing: Farthing, name: str) -> None:
    got = get(f"{farthing.url}/dashboard/{name}")

    assert got.status == 404
    assert got.error["code"] == "not_found"


def test_people_are_led_to_the_dashboard_and_programs_are_not(farthing: Farthing) -> None:
    person = get(f"{farthing.url}/", {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    program = get(f"{farthing.url}/", {"accept": "*/*"})

    assert (person.status, person.headers["location"]) == (302, "/dashboard")
    assert (program.status, program.error["code"]) == (404, "not_found")


# -------------------------------------------------------------------------------- the figures


def same_figures(report: Mapping[str, Any], shown: Mapping[str, Any]) -> bool:
    """Money and counts to the last digit; a mean of floats as near as their order allows."""
    mean = "predicted_quality"
    return all(
        shown[name] == (pytest.approx(value) if name == mean else value)
        for name, value in report.items()
    )


@pytest.mark.parametrize("headers", [{}, CHAT, {"authorization": "Bearer wrong"}])
def test_only_the_admin_key_opens_the_figures(farthing: Farthing, headers: dict[str, str]) -> None:
    got = get(f"{farthing.url}/admin/overview", headers)

    assert got.status == 401
    assert ("is not the admin key" if headers else "needs the admin key") in got.error["message"]
    assert b"usd" not in got.body


def test_the_figures_are_those_of_the_report(farthing: Farthing) -> None:
    got = get(f"{farthing.url}/admin/overview?since=2026-01-01", ADMIN)

    assert got.headers["cache-control"] == "no-store"
    shown = got.json
    for by in CUTS:
        report = reported(farthing.config, "--by", by, "--since", "2026-01-01")
        lines = [{"name": line.pop(by), **line} for line in report["groups"]]
        assert [line["name"] for line in shown["cuts"][by]] == [line["name"] for line in lines]
        assert all(map(same_figures, lines, shown["cuts"][by]))
        assert same_figures(report["total"], shown["total"])
        assert shown["choices"][by] == sorted(line["name"] for line in lines)


def test_the_steps_add_up_to_the_total_and_those_of_the_dearest_models_to_theirs(
    farthing: Farthing,
) -> None:
    shown = get(f"{farthing.url}/admin/overview", ADMIN).json
    total = float(shown["total"]["cost_usd"])

    assert sum(step["requests"] for step in shown["steps"]) == shown["total"]["requests"]
    assert sum(float(step["cost_usd"]) for step in shown["steps"]) == pytest.approx(total)
    dearest = shown["cuts"]["model"][:SERIES]
    assert shown["models"] == [line["name"] for line in dearest]
    assert list(map(sum, shown["cost_by_model"])) == pytest.approx(
        [float(line["cost_usd"]) for line in dearest]
    )
    assert len(shown["steps"]) == 7


def test_a_filter_is_that_of_the_report(farthing: Farthing) -> None:
    url = f"{farthing.url}/admin/overview?since=2026-01-01&model=gpt-mini&policy=cheap"
    shown = get(url, ADMIN).json
    options = ("--since", "2026-01-01", "--model", "gpt-mini", "--policy", "cheap")
    report = reported(farthing.config, *options)

    assert same_figures(report["total"], shown["total"])
    assert "claude-opus" in shown["choices"]["model"]


def test_a_short_period_is_shown_by_the_hour_where_that_is_kept(farthing: Farthing) -> None:
    today = get(f"{farthing.url}/admin/overview", ADMIN).json["steps"][-1]["name"]
    hours = get(f"{farthing.url}/admin/overview?since={today}", ADMIN).json
    days = get(f"{farthing.url}/admin/overview?since={today}&key=search", ADMIN).json

    assert hours["unit"] == "hour"
    assert hours["steps"][0]["name"] == f"{today}T00"
    assert (days["unit"], [step["name"] for step in days["steps"]]) == ("day", [today])


def test_what_is_not_kept_together_is_said_not_made_up(farthing: Farthing) -> None:
    both = get(f"{farthing.url}/admin/overview?key=search&tag=platform", ADMIN)
    by_key = get(f"{farthing.url}/admin/overview?key=search", ADMIN).json

    assert (both.status, both.error["code"]) == (400, "not_kept")
    assert by_key["cuts"]["tag"] is None


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("since=yesterday", "since"),
        ("since=2026-13-01", "since"),
        ("until=2026-02-30", "until"),
        ("since=2026-05-02&until=2026-05-01", "until"),
        ("since=9999-01-01", "since"),
        ("modle=sim-mid", "modle"),
        ("model=sim%00mid", "model"),
    ],
)
def test_days_that_are_none_and_unknown_filters_are_refused(
    farthing: Farthing, query: str, param: str
) -> None:
    got = get(f"{farthing.url}/admin/overview?{query}", ADMIN)

    assert (got.status, got.error["param"]) == (400, param)


# ------------------------------------------------------------------------------ the saved page


@pytest.fixture(scope="module")
def saved(farthing: Farthing, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("saved") / "report.html"
    options = ("--config", str(farthing.config), "--html", str(path))
    assert here("report", *options, env=SECRETS).status == 0
    return path.read_text("utf-8")


def test_a_saved_page_refers_to_nothing_outside(saved: str) -> None:
    assert not re.findall(r'(?:src|href)="(?!data:|#)[^"]*"', saved)
    assert "dashboard/" not in saved.replace("/dashboard/", "")


def test_the_scripts_of_a_saved_page_are_the_ones_that_its_policy_names(saved: str) -> None:
    found = re.search(r'content-security-policy" content="([^"]+)"', saved)
    assert found
    scripts = re.findall(r"<script>(.*?)</script>", saved, re.DOTALL)
    hashes = [b64encode(sha256(each.encode()).digest()).decode() for each in scripts]

    assert len(scripts) == len(SCRIPTS)
    assert all(f"'sha256-{each}'" in found[1] for each in hashes)
    assert "unsafe" not in found[1]


def test_hostile_names_cannot_leave_the_data_of_a_saved_page(saved: str) -> None:
    data = re.findall(r'<script type="application/json" id="overview">(.*?)</script>', saved)

    assert "<img" not in saved
    assert "\u2028" not in data[0]
    assert {*HOSTILE} <= {line["name"] for line in json.loads(data[0])["cuts"]["key"]}


def test_a_page_that_cannot_be_written_is_told_in_a_line(
    farthing: Farthing, tmp_path: Path
) -> None:
    path = tmp_path / "none" / "report.html"
    done = here("report", "--config", str(farthing.config), "--html", str(path), env=SECRETS)

    assert done.status == 1
    assert "report.html cannot be written" in done.err


# ------------------------------------------------------------------------------------ Chart.js


def test_the_chart_library_is_the_one_that_was_taken_in() -> None:
    page = files("router").joinpath("page")
    body = page.joinpath("chart.umd.min.js").read_bytes()

    assert f"Chart.js v{CHART_JS[0]}\n".encode() in body[:100]
    assert sha256(body).hexdigest() == CHART_JS[1]
    assert b"sourceMappingURL" not in body
    assert "MIT" in page.joinpath("chart.LICENSE.txt").read_text("utf-8")

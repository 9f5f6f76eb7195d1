"""docs/telemetry.md lists every metric, every attribute and every field of the log, and no others."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from router.domain.booked_request import BookedRequest, ErrorResponse
from router.domain.ledger import Entry, Outcome
from router.domain.trace import Trace
from router.domain.usage import Usage
from router.telemetry.log import Lines
from router.telemetry.request_log import RequestLog
from router.telemetry.spans import ServerAddress, refused_span, spans_of
from tests.documents import fences, table_rows, words
from tests.domain.builders import decision, model
from tests.telemetry.kit import asked, say, scraped

_DOCS = Path(__file__).parents[2] / "docs"
_PAGE = _DOCS / "telemetry.md"
_ALERTS, _PLAYED = _DOCS / "deploy/alerts.yaml", _DOCS / "deploy/alerts_test.yaml"
_METRIC = re.compile(r"(?P<name>farthing_\w+)(?:\{(?P<labels>[\w, ]+)\})?")
_SOMETIMES = {"farthing_redis_up", "farthing_worker_killed_total", "farthing_worker_up"}
_PART = re.compile(r"_(?:bucket|sum|count)$")


def _documented() -> dict[str, set[str]]:
    """The labels of each metric of the page."""
    found = {}
    for name, *_ in table_rows(_PAGE, "metric"):
        written = _METRIC.fullmatch(name)
        assert written, name
        found[written["name"]] = set((written["labels"] or "").split(", ")) - {""}
    return found


async def test_the_page_has_every_metric_with_its_labels(tmp_path: Path) -> None:
    async with asked(tmp_path) as (it, client):
        await say(client, "Name a river.", faults="sim-open-8b:status,code=503")
        async with it.client.get(f"{it.running.url}/metrics") as response:
            text = await response.text()
        samples = await scraped(it)
    there = set(re.findall(r"(?m)^# TYPE (farthing_\w+) ", text))
    documented = _documented()

    assert documented.keys() | _SOMETIMES == there | _SOMETIMES
    for name, labels in samples:
        family = _PART.sub("", name)
        if family in documented:
            assert {each for each, _ in labels} - {"le"} == documented[family], name


def test_the_queries_of_the_page_ask_for_metrics_that_there_are() -> None:
    queries = [fence.text for fence in fences(_PAGE) if fence.language == "promql"]

    assert queries
    assert _asked_for("".join(queries)) - _documented().keys() == set()


def _asked_for(text: str) -> set[str]:
    return {_PART.sub("", name) for name in re.findall(r"\bfarthing_\w+", text)}


def _rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(_ALERTS.read_text("utf-8"))["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    return rules


def test_the_alerts_ask_for_metrics_that_there_are_and_the_page_has_them_all() -> None:
    asked_for = _asked_for("".join(rule["expr"] for rule in _rules()))
    listed = {(name, severity) for name, severity, _ in table_rows(_PAGE, "alert")}

    assert asked_for - _documented().keys() == set()
    assert {(rule["alert"], rule["labels"]["severity"]) for rule in _rules()} == listed


def test_every_alert_is_seen_to_fire() -> None:
    fired = re.findall(r'alertname="(\w+)"\}', _PLAYED.read_text("utf-8"))
    assert {rule["alert"] for rule in _rules()} == set(fired)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="there is no promtool here")
def test_alerts_fire_on_bad_days_and_not_on_good_ones() -> None:
    done = subprocess.run(
        ["promtool", "test", "rules", _PLAYED], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


_TRACE = Trace("req_1", "4bf92f3577b34da6a3ce929d0e0e4736")


def _everything() -> BookedRequest:
    """A request with everything that can be recorded."""
    entry = Entry(
        request_id="req_1",
        attempt=1,
        at_s=100.5,
        asked="auto",
        policy="test",
        policy_version="1",
        category="chat",
        model="small",
        upstream="up",
        outcome=Outcome.CUT,
        status=502,
        error="stream_cut",
        usage=Usage(*range(1, 13)),
        first_content_s=0.1,
        total_s=0.2,
        is_answer=True,
        closes=True,
    )
    stop = frozenset({"stop"})
    return BookedRequest("req_1", (entry,), 100.0, 101.0, 200, stop, decision(model()), _TRACE)


def test_the_page_has_every_attribute_of_a_span_and_which_span_has_it() -> None:
    refusal = ErrorResponse("req_1", 100.0, "/v1/chat/completions", 404, "not_found", _TRACE)
    spans = [*spans_of(_everything(), {"up": ServerAddress("openai", "api.openai.com", 443)})]
    spans += refused_span(refusal)
    told = {
        (name, "SERVER" if span.is_server else "CLIENT")
        for span in spans
        for name in span.attributes
    }
    documented = {
        (name, kind)
        for names, of, *_ in table_rows(_PAGE, "attribute")
        for name in re.findall(r"[\w.]+", names)
        for kind in (("SERVER", "CLIENT") if of == "both" else (of,))
    }

    assert documented == told


def test_the_page_has_every_field_of_a_line_of_the_log(tmp_path: Path) -> None:
    fd = os.open(tmp_path / "log", os.O_CREAT | os.O_WRONLY)
    lines = Lines(fd)
    RequestLog(lines).closed(_everything())
    RequestLog(lines).refused(ErrorResponse("req_1", 100.0, "/v1", 404, "not_found", _TRACE))
    lines.close()
    os.close(fd)
    closed, refused = map(orjson.loads, (tmp_path / "log").read_bytes().splitlines())
    (shown,) = (orjson.loads(fence.text) for fence in fences(_PAGE) if fence.language == "json")

    assert list(shown) == list(closed)
    assert set(refused) - set(closed) == {"path"} <= words(_PAGE)

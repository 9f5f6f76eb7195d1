"""Why is always answerable: before a request is sent, and after it has been answered."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import openai
import pytest

from router.domain.money import Money
from tests.e2e.books import all_bytes, rows
from tests.e2e.configs import ledger_of, write_config
from tests.e2e.doors import DOORS, Knock
from tests.e2e.patience import until
from tests.e2e.programs import Farthing, here
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import Got, chat, get, post, send
from tests.postgres import PostgresServer

SECRETS = {
    "ADMIN_KEY": "fk-admin-0123456789abcdef",
    "SEARCH_KEY": "fk-search-0123456789abcdef",
    "CHAT_KEY": "fk-chat-0123456789abcdef",
    "POOR_KEY": "fk-poor-0123456789abcdef",
}
ADMIN, SEARCH, CHAT, POOR = ({"authorization": f"Bearer {secret}"} for secret in SECRETS.values())
KEYS = [
    {"name": "search", "key": "${SEARCH_KEY}", "tags": ["team-search"]},
    {"name": "chat", "key": "${CHAT_KEY}", "models": ["sim-open-8b"], "policies": ["cheap"]},
    {"name": "poor", "key": "${POOR_KEY}", "budgets": [{"usd": 0.0000001}]},
]
FRESH = {**SEARCH, "cache-control": "no-store"}
HELLO = "Hello! How are you today?"
MATHS = "A tank holds 240 litres and loses 3% an hour. How many litres are left after 7 hours?"


@pytest.fixture(scope="module")
def farthing(
    tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator
) -> Iterator[Farthing]:
    config = write_config(
        tmp_path_factory.mktemp("decisions"),
        shared_simulator.base_url,
        server={"port": 0, "admin_key": "${ADMIN_KEY}"},
        keys=KEYS,
    )
    with Farthing(config, env=SECRETS) as running:
        yield running


@pytest.fixture
def ledger(farthing: Farthing) -> Path:
    return ledger_of(farthing.config)


def ask(farthing: Farthing, text: str, headers: Mapping[str, str] = SEARCH, **fields: Any) -> Got:
    return post(farthing.base_url, chat(text, **fields), headers)


def route(farthing: Farthing, body: Any, headers: Mapping[str, str] = SEARCH) -> Got:
    return send(f"{farthing.base_url}/route", json.dumps(body).encode(), headers=headers)


def recalled(farthing: Farthing, request_id: str, headers: Mapping[str, str] = SEARCH) -> Got:
    return get(f"{farthing.base_url}/decisions/{request_id}", headers)


def id_of(got: Got) -> str:
    assert got.status == 200, got
    return got.headers["x-request-id"]


def decided(document: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a document that describes the decision, without its time."""
    names = ("asked", "policy", "policy_version", "rule", "reason", "headline", "sentences")
    more = ("required_p", "reference", "candidates", "plan", "features")
    return {name: document[name] for name in (*names, *more)}


# --------------------------------------------------------------------------------- before


def test_a_dry_run_tells_what_the_request_is_then_told(
    farthing: Farthing, simulator: Simulator, ledger: Path
) -> None:
    def asked() -> int:
        return sum(simulator.counters[model].requests for model in simulator.counters)

    calls, booked = asked(), len(rows(ledger))
    told = route(farthing, chat(MATHS))
    assert told.status == 200
    assert (asked(), len(rows(ledger))) == (calls, booked)

    got = ask(farthing, MATHS)
    chosen = told.json["candidates"][0]
    assert got.headers["x-farthing-model"] == chosen["model"] == told.json["plan"]["models"][0]
    assert got.headers["x-farthing-reason"] == told.json["headline"]
    assert got.headers["x-farthing-estimated-cost-usd"] == chosen["cost"]["expected_usd"]
    assert recalled(farthing, id_of(got)).json["sentences"] == told.json["sentences"]


def test_a_dry_run_sees_that_an_answer_is_stored(farthing: Farthing) -> None:
    body = chat("What is the capital of France?", temperature=0)
    before = route(farthing, body).json
    ask(farthing, "What is the capital of France?", temperature=0)
    after = route(farthing, body).json

    assert "is_stored" not in before["candidates"][0]
    assert after["candidates"][0]["is_stored"] is True
    assert after["candidates"][0]["cost"]["expected_usd"] == "0"
    assert after["sentences"][-3].endswith("meets this and costs nothing.")


def test_a_dry_run_of_a_stream_is_a_whole_document(farthing: Farthing) -> None:
    got = route(farthing, chat(MATHS, stream=True))
    assert got.headers["content-type"].startswith("application/json")
    assert got.json["reason"] == "cheapest-adequate"


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (chat(HELLO, "sim-fronteer"), SEARCH, 404, "model_not_found"),
        (chat(HELLO, "auto:nothing"), SEARCH, 404, "policy_not_found"),
        (chat(HELLO, "sim-mid"), CHAT, 403, "model_not_allowed"),
        (chat(HELLO, "auto:quality"), CHAT, 403, "policy_not_allowed"),
        (chat("word " * 300_000, "auto:cheap"), CHAT, 400, "context_length_exceeded"),
        (chat(HELLO, max_tokens=4000), POOR, 402, "budget_exceeded"),
        ({"model": "auto", "messages": []}, SEARCH, 400, None),
        (chat(HELLO), {"x-api-key": "wrong"}, 401, "invalid_api_key"),
        (chat(HELLO), {**SEARCH, "x-farthing-deadline-s": "soon"}, 400, "invalid_value"),
    ],
)
def test_a_dry_run_fails_as_the_request_would(
    farthing: Farthing, body: Any, headers: Mapping[str, str], status: int, code: str | None
) -> None:
    real, dry = post(farthing.base_url, body, headers), route(farthing, body, headers)

    assert real.status == dry.status == status
    assert real.error == dry.error
    assert code in (None, dry.error["code"])


def test_a_refusal_names_every_model_and_why(farthing: Farthing) -> None:
    message = route(farthing, chat("word " * 300_000, "auto:cheap"), CHAT).error["message"]
    for model in ("sim-frontier", "sim-mid", "sim-open-70b", "sim-open-8b"):
        assert f"{model}: " in message


def test_a_dry_run_draws_no_budget(farthing: Farthing) -> None:
    def told() -> Any:
        return get(f"{farthing.url}/admin/budgets", ADMIN).json

    before = told()
    for _ in range(5):
        route(farthing, chat(HELLO), POOR)
    assert told() == before


# ---------------------------------------------------------------------------------- after


@pytest.mark.parametrize("stream", [False, True])
def test_an_answered_request_is_told_with_its_attempts_and_cost(
    farthing: Farthing, ledger: Path, stream: bool
) -> None:
    got = ask(farthing, MATHS, FRESH, stream=stream)
    told = recalled(farthing, id_of(got)).json
    (row,) = rows(ledger, id_of(got))
    (attempt,) = told["attempts"]

    assert told["headline"] == got.headers["x-farthing-reason"]
    assert told["cost_usd"] == attempt["cost_usd"] == str(Money(row["cost_pico"]))
    assert told["baseline_usd"] == str(Money(row["baseline_pico"]))
    assert Decimal(told["saving_usd"]) == Decimal(told["baseline_usd"]) - Decimal(told["cost_usd"])
    assert (attempt["model"], attempt["outcome"], attempt["is_answer"]) == (
        got.headers["x-farthing-model"],
        "ok",
        True,
    )
    assert attempt["usage"]["output_tokens"] == row["output_tokens"]
    assert told["circumstances"]["key"] == "search"
    assert told["circumstances"]["tags"] == ["team-search"]
    assert {each["role"] for each in told["candidates"]} >= {"chosen", "fallback 1"}
    assert all(each["quality"]["source"] == "prior" for each in told["candidates"])


def test_a_fallback_is_told_with_what_failed_before_it(
    farthing: Farthing, simulator: Simulator
) -> None:
    simulator.will("sim-open-8b", "status,code=500", "status,code=500")
    got = ask(farthing, "Good evening to you!", FRESH)
    told = recalled(farthing, id_of(got)).json
    models = [each["model"] for each in told["attempts"]]

    assert [each["outcome"] for each in told["attempts"]][:2] == ["failed", "failed"]
    assert models == ["sim-open-8b", "sim-open-8b", got.headers["x-farthing-model"]]
    assert told["plan"]["models"][:2] == [models[0], models[-1]]


def test_an_answer_from_the_cache_is_told_as_such(farthing: Farthing) -> None:
    got = [ask(farthing, "Name a colour.", temperature=0) for _ in range(2)][-1]
    assert got.headers["x-farthing-cache"] == "hit"
    told = recalled(farthing, id_of(got)).json

    assert told["candidates"][0]["is_stored"] is True
    assert [(each["attempt"], each["outcome"]) for each in told["attempts"]] == [(0, "cache_hit")]
    assert told["cost_usd"] == "0"


def test_a_request_that_failed_altogether_is_told_too(
    farthing: Farthing, simulator: Simulator
) -> None:
    simulator.will("sim-mid", "status,code=400")
    got = ask(farthing, "This goes wrong.", model="sim-mid")
    assert got.status == 400
    told = recalled(farthing, got.headers["x-request-id"]).json

    assert told["reason"] == "pinned"
    assert [each["outcome"] for each in told["attempts"]] == ["failed"]
    assert told["baseline_usd"] == "0"


async def test_the_openai_client_reaches_both(farthing: Farthing) -> None:
    async with openai.AsyncOpenAI(
        base_url=farthing.base_url, api_key=SECRETS["SEARCH_KEY"], max_retries=0
    ) as client:
        messages: Any = [{"role": "user", "content": HELLO}]
        raw = await client.chat.completions.with_raw_response.create(
            model="auto", messages=messages
        )
        body = {"model": "auto", "messages": messages}
        dry = await client.post("/route", body=body, cast_to=dict[str, Any])
        told = await client.get(f"/decisions/{raw.headers['x-request-id']}", cast_to=dict[str, Any])
        with pytest.raises(openai.NotFoundError) as missing:
            await client.get("/decisions/req_0", cast_to=dict[str, Any])

    assert told["headline"] == raw.headers["x-farthing-reason"]
    assert dry["policy"] == told["policy"]
    assert missing.value.code == "decision_not_found"


# ------------------------------------------------------------------------- who may know it


def test_only_the_key_that_asked_and_operators_are_told(farthing: Farthing) -> None:
    request_id = id_of(ask(farthing, HELLO))
    others = [recalled(farthing, request_id, headers) for headers in (CHAT, POOR)]

    assert recalled(farthing, request_id, SEARCH).status == 200
    assert recalled(farthing, request_id, ADMIN).status == 200
    assert recalled(farthing, request_id, {"x-api-key": "wrong"}).status == 401
    assert [(got.status, got.error["code"]) for got in others] == [(404, "decision_not_found")] * 2
    nowhere = recalled(farthing, "req_nowhere", CHAT).error["message"]
    assert others[0].error["message"] == nowhere.replace("req_nowhere", request_id)


@pytest.mark.parametrize("request_id", ["req_0", "%00", "%20", "x" * 5000, "';--", "%ff"])
def test_an_id_that_is_none_is_a_404(farthing: Farthing, request_id: str) -> None:
    got = recalled(farthing, request_id)
    assert (got.status, got.error["code"]) == (404, "decision_not_found")


def test_no_word_of_the_prompt_and_no_secret_is_kept(farthing: Farthing, ledger: Path) -> None:
    headers = {**SEARCH, "x-session-id": "a-session-of-mine", "cookie": "biscuit=stale"}
    got = ask(farthing, "The xylophone is out of tune.", headers)
    kept = str(rows(ledger, id_of(got))[0]["decision"])

    assert '"policy":"balanced"' in kept
    told = all_bytes(ledger)
    for secret in (
        b"xylophone",
        b"biscuit",
        b"a-session-of-mine",
        *map(str.encode, SECRETS.values()),
    ):
        assert secret not in told


# ------------------------------------------------------------------------- where it is not


def test_where_decisions_are_not_kept_the_404_says_so(tmp_path: Path, simulator: Simulator) -> None:
    config = write_config(tmp_path, simulator.base_url, ledger={"decisions": False})
    with Farthing(config) as farthing:
        request_id = id_of(ask(farthing, HELLO, {}))
        got = recalled(farthing, request_id, {})
        told = here("explain", "--config", str(config), request_id)

    assert (got.status, got.error["code"]) == (404, "decision_not_kept")
    assert "ledger: {decisions: true}" in got.error["message"]
    assert rows(ledger_of(config), request_id)[0]["decision"] is None
    assert "is not in the ledger" in told.out
    assert "Attempt 1: sim-open-8b at sim: ok" in told.out


def test_a_row_that_waits_in_the_spool_is_said_to_be_waiting(
    tmp_path: Path, simulator: Simulator
) -> None:
    config = write_config(tmp_path, simulator.base_url)
    with Farthing(config) as farthing:
        with closing(sqlite3.connect(ledger_of(config))) as lock:
            lock.execute("BEGIN IMMEDIATE")
            request_id = id_of(ask(farthing, HELLO, {}))
            waiting = recalled(farthing, request_id, {})
            told = here("explain", "--config", str(config), request_id)
            lock.rollback()
        until(lambda: recalled(farthing, request_id, {}).status == 200)

    assert waiting.status == 404
    assert "rows still to be written (1)" in waiting.error["message"]
    assert told.status == 1
    assert f"rows that wait in {tmp_path / 'ledger.db.spool'}" in told.err


def test_an_outbox_is_read_as_well_as_the_postgresql_behind_it(
    tmp_path: Path, simulator: Simulator, postgres_server: PostgresServer
) -> None:
    ledger = {"path": "ledger.db", "url": postgres_server.url}
    config = write_config(tmp_path, simulator.base_url, ledger=ledger)
    with Farthing(config):
        pass  # from now on this machine knows that no key is needed
    postgres_server.kill()
    with Farthing(config) as farthing:
        got = ask(farthing, MATHS, {})
        here_only = recalled(farthing, id_of(got), {})
        away = recalled(farthing, "req_0", {})
        postgres_server.restart()
        until(lambda: rows(ledger_of(config)) == [], within_s=30)
        there = recalled(farthing, id_of(got), {})
        told = here("explain", "--config", str(config), "--id", id_of(got), "--json")

    assert (away.status, away.error["code"]) == (503, "ledger_unavailable")
    assert here_only.json == there.json == json.loads(told.out)
    assert there.json["headline"] == got.headers["x-farthing-reason"]
    with closing(sqlite3.connect(ledger_of(config))) as connection:
        assert connection.execute("SELECT count(*) FROM attempts").fetchone() == (0,)


# --------------------------------------------------------------------- on the command line


def test_the_command_line_tells_the_same_of_an_id(farthing: Farthing) -> None:
    request_id = id_of(ask(farthing, MATHS))
    document = recalled(farthing, request_id).json
    told = here("explain", "--config", str(farthing.config), request_id, env=SECRETS)
    as_json = here("explain", "-c", str(farthing.config), "--id", request_id, "--json", env=SECRETS)

    assert told.status == 0
    for sentence in document["sentences"]:
        assert sentence in told.out
    assert f"In total it cost {document['cost_usd']} USD" in told.out
    assert json.loads(as_json.out) == document


@pytest.mark.parametrize("knock", DOORS.values(), ids=DOORS)
@pytest.mark.parametrize("is_file", [False, True])
def test_the_command_line_decides_on_requests_of_every_api(
    farthing: Farthing, tmp_path: Path, knock: Knock, is_file: bool
) -> None:
    """What only this API says counts: its own limit, and the instructions that chat has elsewhere."""
    brief = "Be brief. " * 50
    said = {"/messages": {"system": brief}, "/responses": {"instructions": brief}}
    body = json.dumps({**knock.body("Good morning!"), **said.get(knock.path, {})})
    (tmp_path / "request.json").write_text(body)
    line = f"curl {farthing.base_url}{knock.path}?beta=true -d @{tmp_path / 'request.json'}"
    asked = ("--file", str(tmp_path / "request.json")) if is_file else ("--curl", line)

    told = here("explain", "--config", str(farthing.config), "--json", *asked, env=SECRETS)

    features = json.loads(told.out)["features"]
    assert features["max_output_tokens"] == 500
    assert (features["prompt_tokens"] > 100) is (knock.path in said)


def test_the_command_line_decides_on_a_curl_line_as_the_server_does(farthing: Farthing) -> None:
    body = json.dumps(chat("Good morning, curl!", "auto:quality"))
    document = route(farthing, json.loads(body)).json
    line = f"curl {farthing.base_url}/chat/completions -H 'x-farthing-tags: a' -d '{body}'"
    told = here("explain", "--config", str(farthing.config), "--json", line, env=SECRETS)
    mine = json.loads(told.out)

    assert mine["circumstances"]["tags"] == ["a"]
    assert mine["policy"] == document["policy"]
    assert [each["model"] for each in mine["candidates"]] == [
        each["model"] for each in document["candidates"]
    ]

"""Clients say how good an answer was; the latest rating wins, and its source is kept."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import openai
import psycopg
import pytest

from tests.e2e.configs import ledger_of, write_config
from tests.e2e.patience import until
from tests.e2e.programs import Farthing, here
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import Got, chat, get, post, send
from tests.postgres import PostgresServer

SECRETS = {
    "ADMIN_KEY": "fk-admin-0123456789abcdef",
    "SEARCH_KEY": "fk-search-0123456789abcdef",
    "CHAT_KEY": "fk-chat-0123456789abcdef",
}
ADMIN, SEARCH, CHAT = ({"authorization": f"Bearer {secret}"} for secret in SECRETS.values())
KEYS = [{"name": "search", "key": "${SEARCH_KEY}"}, {"name": "chat", "key": "${CHAT_KEY}"}]
QUESTION = "What is 17 * 23?"


@pytest.fixture(scope="module")
def farthing(
    tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator
) -> Iterator[Farthing]:
    config = write_config(
        tmp_path_factory.mktemp("feedback"),
        shared_simulator.base_url,
        server={"port": 0, "admin_key": "${ADMIN_KEY}"},
        keys=KEYS,
    )
    with Farthing(config, env=SECRETS) as running:
        yield running


@pytest.fixture
def client(farthing: Farthing) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=farthing.base_url, api_key=SECRETS["SEARCH_KEY"]) as client:
        yield client


def ask(farthing: Farthing, text: str = QUESTION, **fields: Any) -> Got:
    got = post(farthing.base_url, chat(text, **fields), SEARCH)
    assert got.status == 200, got
    return got


def say(farthing: Farthing, body: Any, headers: Mapping[str, str] = SEARCH) -> Got:
    return send(f"{farthing.base_url}/feedback", json.dumps(body).encode(), headers=headers)


def words(ledger: Path, request_id: str) -> list[dict[str, Any]]:
    """What clients have said of a request, as the ledger has it."""
    with closing(sqlite3.connect(ledger, timeout=10)) as connection:
        connection.row_factory = sqlite3.Row
        query = "SELECT * FROM outcomes WHERE request_id = ? AND source = 'feedback'"
        return [dict(row) for row in connection.execute(query, (request_id,))]


def test_openais_client_says_how_good_an_answer_was(
    farthing: Farthing, client: openai.OpenAI
) -> None:
    answer = client.chat.completions.with_raw_response.create(
        model="auto", messages=[{"role": "user", "content": QUESTION}]
    )
    request_id = answer.headers["x-request-id"]
    said = {"request_id": request_id, "score": 0.25, "reason": "It guesses."}
    stored = client.post("/feedback", body=said, cast_to=object)

    (row,) = words(ledger_of(farthing.config), request_id)
    assert stored == row
    assert row["model"] == answer.headers["x-farthing-model"]
    assert (row["score"], row["source"], row["reason"]) == (0.25, "feedback", "It guesses.")


def test_the_last_word_holds(farthing: Farthing) -> None:
    request_id = ask(farthing).headers["x-request-id"]
    for score in (True, 0, 0.5):
        assert say(farthing, {"request_id": request_id, "score": score}).status == 200

    (row,) = words(ledger_of(farthing.config), request_id)
    assert (row["score"], row["reason"]) == (0.5, "")


@pytest.mark.parametrize(("score", "kept"), [(True, 1.0), (False, 0.0), (0, 0.0), (1, 1.0)])
def test_a_score_may_be_a_truth(farthing: Farthing, score: object, kept: float) -> None:
    request_id = ask(farthing).headers["x-request-id"]
    assert say(farthing, {"request_id": request_id, "score": score}).json["score"] == kept


def test_of_a_stored_answer_the_model_is_judged_that_wrote_it(farthing: Farthing) -> None:
    question = "What is the capital of Portugal?"
    first = ask(farthing, question, temperature=0)
    again = ask(farthing, question, temperature=0)
    assert again.headers["x-farthing-cache"] == "hit"

    stored = say(farthing, {"request_id": again.headers["x-request-id"], "score": 1}).json
    assert stored["model"] == first.headers["x-farthing-model"]
    assert stored["request_id"] == again.headers["x-request-id"]


def test_a_stream_can_be_scored(farthing: Farthing) -> None:
    got = ask(farthing, stream=True)
    assert say(farthing, {"request_id": got.headers["x-request-id"], "score": 1}).status == 200


def test_operators_may_score_any_request_and_other_keys_know_of_none(farthing: Farthing) -> None:
    said = {"request_id": ask(farthing).headers["x-request-id"], "score": 1}

    assert say(farthing, said, ADMIN).status == 200
    others, nobodys = say(farthing, said, CHAT), say(farthing, {**said, "request_id": "req_0"})
    assert others.status == nobodys.status == 404
    assert others.error["code"] == nobodys.error["code"] == "request_not_found"
    assert others.error["param"] == "request_id"
    assert say(farthing, said, {"authorization": "Bearer wrong"}).status == 401


@pytest.mark.parametrize(
    ("more", "param", "says"),
    [
        ({"score": 1.5}, "score", "a number from 0 to 1, or true or false, not 1.5"),
        ({"score": -1}, "score", "from 0 to 1"),
        ({"score": "good"}, "score", "not a string"),
        ({"score": None}, "score", "Missing required field 'score'"),
        ({"score": [1]}, "score", "not an array"),
        ({"reason": 3}, "reason", "a string of at most 1,000 characters, not 3"),
        ({"reason": "x" * 1001}, "reason", "not 1,001"),
        ({"request_id": 5}, "request_id", "header 'x-request-id'"),
        ({"request_id": None}, "request_id", "Missing required field 'request_id'"),
        ({"scroe": 1}, "scroe", "Feedback has no 'scroe'; did you mean 'score'?"),
    ],
)
def test_what_is_wrong_is_named(
    farthing: Farthing, more: Mapping[str, Any], param: str, says: str
) -> None:
    got = say(farthing, {"request_id": "req_0", "score": 1, **more})

    assert got.status == 400
    assert got.error["param"] == param
    assert says in got.error["message"]


@pytest.mark.parametrize("body", [b"{", b"[]", b"", b"\xff"])
def test_what_is_no_json_object_is_refused(farthing: Farthing, body: bytes) -> None:
    got = send(f"{farthing.base_url}/feedback", body, headers=SEARCH)
    assert (got.status, got.error["code"]) == (400, "invalid_json")


def test_a_request_that_got_no_answer_has_nothing_to_be_scored(
    farthing: Farthing, simulator: Simulator
) -> None:
    simulator.will("sim-mid", "status,code=400")
    failed = post(farthing.base_url, chat("Good morning!", "sim-mid"), SEARCH)
    assert failed.status == 400
    got = say(farthing, {"request_id": failed.headers["x-request-id"], "score": 0})

    assert (got.status, got.error["code"]) == (400, "no_answer")


def test_feedback_is_counted_for_operators(farthing: Farthing) -> None:
    def counted() -> float:
        text = get(f"{farthing.url}/metrics", ADMIN).body.decode()
        (line,) = [
            each
            for each in text.splitlines()
            if each.startswith('farthing_outcomes_total{source="feedback"}')
        ]
        return float(line.split()[1])

    before = counted()
    say(farthing, {"request_id": ask(farthing).headers["x-request-id"], "score": 1})
    assert counted() == before + 1


def test_the_command_counts_feedback_apart_from_all_else(farthing: Farthing) -> None:
    request_id = ask(farthing, "Name a river.", model="sim-open-70b").headers["x-request-id"]
    say(farthing, {"request_id": request_id, "score": 0.25})
    done = here("outcomes", "--config", str(farthing.config), "--json", env=SECRETS)
    lines = {(each["model"], each["source"]): each for each in json.loads(done.out)["groups"]}

    line = lines["sim-open-70b", "feedback"]
    assert (line["outcomes"], line["mean_score"]) == (1, 0.25)
    assert line["answers"] >= 1
    by_source = here(
        "outcomes", "--config", str(farthing.config), "--by", "source", "--csv", env=SECRETS
    )
    assert by_source.out.startswith("source,outcomes,mean_score,answers")
    table = here("outcomes", "--config", str(farthing.config), "--by", "category", env=SECRETS)
    assert "feedback" in table.out
    none = here(
        "outcomes", "--config", str(farthing.config), "--until", "2020-01-01", "--json", env=SECRETS
    )
    assert json.loads(none.out)["groups"] == []


def test_with_postgresql_a_request_can_be_scored_wherever_its_row_is(
    tmp_path: Path, shared_simulator: Simulator, postgres_server: PostgresServer
) -> None:
    def there() -> list[tuple[Any, ...]]:
        with psycopg.connect(postgres_server.url) as connection:
            return connection.execute("SELECT request_id, score FROM outcomes").fetchall()

    config = write_config(
        tmp_path,
        shared_simulator.base_url,
        ledger={"path": "ledger.db", "url": postgres_server.url},
    )
    with Farthing(config) as farthing:
        request_id = post(farthing.base_url, chat(QUESTION)).headers["x-request-id"]
        assert say(farthing, {"request_id": request_id, "score": 0.5}, {}).status == 200
        until(lambda: there() == [(request_id, 0.5)])
        assert say(farthing, {"request_id": request_id, "score": 0.75}, {}).status == 200
        until(lambda: there() == [(request_id, 0.75)])
    done = here("outcomes", "--config", str(config), "--json")
    assert json.loads(done.out)["groups"][0]["outcomes"] == 1

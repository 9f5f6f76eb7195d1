"""A PostgreSQL as the ledger: it may be away, and then has everything all the same."""

import json
import signal
from pathlib import Path

import psycopg
import pytest

from tests.e2e.configs import write_config
from tests.e2e.patience import until
from tests.e2e.programs import Farthing, here
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import chat, get, post
from tests.postgres import PostgresServer


@pytest.fixture
def config(tmp_path: Path, shared_simulator: Simulator, postgres_server: PostgresServer) -> Path:
    ledger = {"path": "ledger.db", "url": postgres_server.url}
    return write_config(tmp_path, shared_simulator.base_url, ledger=ledger)


def attempts(server: PostgresServer) -> list[tuple[str, int]]:
    with psycopg.connect(server.url) as connection:
        return connection.execute("SELECT request_id, attempt FROM attempts").fetchall()


def metric(farthing: Farthing, name: str) -> float:
    [line] = [
        each
        for each in get(f"{farthing.url}/metrics").body.decode().splitlines()
        if each.startswith(f"{name} ")
    ]
    return float(line.split()[1])


def test_answers_come_while_postgresql_is_away_and_their_rows_when_it_is_back(
    config: Path, postgres_server: PostgresServer
) -> None:
    with Farthing(config):
        pass  # from now on this machine knows that no key is needed
    postgres_server.kill()
    with Farthing(config) as farthing:
        got = [post(farthing.base_url, chat(f"What is {n} + 1?", "sim-mid")) for n in range(10)]
        assert {each.status for each in got} == {200}
        assert farthing.readyz().json["ledger"] == {"state": "ok", "waiting_rows": 0}
        until(lambda: metric(farthing, "farthing_ledger_outbox_rows") == 10)
        figures = get(f"{farthing.url}/admin/overview")
        assert (figures.status, figures.error["code"]) == (503, "ledger_unavailable")

        postgres_server.restart()
        until(lambda: metric(farthing, "farthing_ledger_outbox_rows") == 0)
        assert get(f"{farthing.url}/admin/overview").json["total"]["requests"] == 10

    assert sorted(attempts(postgres_server)) == sorted(
        (each.headers["x-request-id"], 1) for each in got
    )


def test_who_starts_without_postgresql_does_not_take_everybody_for_welcome(
    config: Path, postgres_server: PostgresServer
) -> None:
    """That there is no key is known only by reading: the door stays shut until somebody knows."""
    question = chat("What is 6 * 7?", "sim-mid")
    made = here("keys", "create", "team", "--config", str(config))
    bearer = {"authorization": f"Bearer {made.out.split()[0]}"}
    postgres_server.kill()
    with Farthing(config) as farthing:
        refused = [post(farthing.base_url, question, headers) for headers in (None, bearer)]
        assert [(each.status, each.error["code"]) for each in refused] == [
            (503, "keys_unavailable")
        ] * 2
        assert get(f"{farthing.url}/admin/budgets").status == 403

        postgres_server.restart()
        until(lambda: post(farthing.base_url, question, bearer).status == 200)
        assert post(farthing.base_url, question).status == 401


def test_for_all_addresses_it_starts_too_and_a_note_opens_no_door_there(
    config: Path, postgres_server: PostgresServer
) -> None:
    """Whether there are keys cannot be asked: that is no reason to refuse to start, nor to let anybody in."""
    config.with_name("ledger.db.open").touch()
    config.write_text(config.read_text().replace("port: 0", "port: 0\n  host: 0.0.0.0"))
    postgres_server.kill()
    with Farthing(config) as farthing:
        got = post(farthing.base_url, chat("Hello", "sim-mid"))
        assert (got.status, got.error["code"]) == (503, "keys_unavailable")

        postgres_server.restart()
        until(lambda: post(farthing.base_url, chat("Hello", "sim-mid")).status == 401)


def test_while_postgresql_is_frozen_nobody_waits_for_it_and_it_can_be_stopped(
    tmp_path: Path, shared_simulator: Simulator, postgres_server: PostgresServer
) -> None:
    """Budgets that begin now, and keys that are not known, are asked of it; neither has an answer."""
    config = write_config(
        tmp_path,
        shared_simulator.base_url,
        ledger={"path": "ledger.db", "url": postgres_server.url},
        budgets=[{"usd": 1, "per": "day", "tag": "*"}],
    )
    with Farthing(config) as farthing:
        assert post(farthing.base_url, chat("What is 1 + 2?", "sim-mid")).status == 200
        postgres_server.pause()
        try:
            for number in range(3):
                told = {"x-farthing-tags": f"tag-{number}", "authorization": f"Bearer fk-{number}"}
                question = chat(f"What is {number} + 3?", "sim-mid")
                assert post(farthing.base_url, question, told).status == 200
            farthing.tell(signal.SIGTERM)
            assert farthing.ended() == 0
        finally:
            postgres_server.resume()
    assert farthing.said.count("this process counts budgets by itself (TimeoutError)") == 1


def test_reports_are_read_from_postgresql(config: Path, postgres_server: PostgresServer) -> None:
    with Farthing(config) as farthing:
        post(farthing.base_url, chat("What is 1 + 1?", "sim-mid"))
    done = here("report", "--config", str(config), "--json")

    assert done.status == 0, done.err
    assert json.loads(done.out)["total"]["requests"] == 1


def test_a_report_says_when_postgresql_cannot_be_reached(
    config: Path, postgres_server: PostgresServer
) -> None:
    postgres_server.kill()
    done = here("report", "--config", str(config))

    assert done.status == 1
    assert "the ledger at 127.0.0.1, database postgres, cannot be opened" in done.err
    assert "Traceback" not in done.err


def test_a_report_says_when_its_account_may_not_write(
    config: Path, postgres_server: PostgresServer
) -> None:
    """As on a standby: a report with sums that nobody brings up to date would lack what was spent since."""
    assert here("report", "--config", str(config)).status == 0
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute("ALTER ROLE farthing SET default_transaction_read_only = on")
    done = here("report", "--config", str(config))

    assert done.status == 1
    assert "cannot execute INSERT in a read-only transaction; a report writes, too" in done.err
    assert done.err.count("\n") == 1


def test_keys_move_along_with_the_ledger_and_the_door_stays_shut(
    tmp_path: Path, shared_simulator: Simulator, postgres_url: str
) -> None:
    """The database that it moves to knows no key: everybody was let in."""
    config = write_config(tmp_path, shared_simulator.base_url)
    secret = here("keys", "create", "team", "--config", str(config)).out.strip()
    ledger = {"path": "ledger.db", "url": postgres_url}
    config = write_config(tmp_path, shared_simulator.base_url, ledger=ledger)
    question, bearer = chat("What is 6 * 7?", "sim-mid"), {"authorization": f"Bearer {secret}"}
    with Farthing(config) as farthing:
        asked = [post(farthing.base_url, question, headers) for headers in (None, bearer)]

    assert [each.status for each in asked] == [401, 200]
    assert [each["name"] for each in listed(config)] == ["team"]
    assert here("keys", "revoke", "team", "--config", str(config)).status == 0
    with Farthing(config) as farthing:
        assert post(farthing.base_url, question, bearer).status == 401


def listed(config: Path) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(
        here("keys", "list", "--json", "--config", str(config)).out
    )
    return found

"""Keys that are made by command: they open at once, stop within seconds, and leave no secret behind."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import openai
import pytest

from router.domain.key import VirtualKey
from router.domain.members import replace
from router.domain.money import Money
from router.stores.sql.database import open_ledger
from router.stores.sql.keys import KeyStore
from tests.e2e.books import all_bytes, rows
from tests.e2e.configs import ledger_of, write_config
from tests.e2e.patience import until
from tests.e2e.programs import Farthing, here
from tests.e2e.shown import NOWHERE
from tests.e2e.upstreams import Simulator
from tests.e2e.wire import Got, chat, get, post


@pytest.fixture
def config(tmp_path: Path, simulator: Simulator) -> Path:
    return write_config(tmp_path, simulator.base_url, cache={"url": "off"})


def keys(config: Path, *arguments: str) -> Any:
    done = here("keys", arguments[0], "--config", str(config), "--json", *arguments[1:])
    assert done.status == 0, done
    return json.loads(done.out)


def ask(farthing: Farthing, secret: str, **fields: Any) -> Got:
    body = chat("Name three rivers.", **fields)
    return post(farthing.base_url, body, {"authorization": f"Bearer {secret}"})


def test_the_first_key_closes_the_door_and_opens_it_to_its_bearer(config: Path) -> None:
    with Farthing(config) as running:
        assert post(running.base_url, chat("Hello?")).status == 200
        made = keys(config, "create", "search", "--tag", "team=x")

        until(lambda: post(running.base_url, chat("Hello?")).status == 401)
        with openai.OpenAI(
            base_url=running.base_url, api_key=made["secret"], max_retries=0
        ) as client:
            answer = client.chat.completions.create(
                model="auto", messages=[{"role": "user", "content": "Hello!"}]
            )
    assert answer.choices[0].message.content
    assert {row["key"] for row in rows(ledger_of(config))} == {"", "search"}


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator
) -> Iterator[Farthing]:
    """One for all tests that only need keys under their own names."""
    folder = tmp_path_factory.mktemp("stored-keys")
    with Farthing(write_config(folder, shared_simulator.base_url, cache={"url": "off"})) as started:
        yield started


def test_a_revoked_key_stops_within_seconds_and_a_rotated_one_has_its_grace(
    shared: Farthing,
) -> None:
    first = keys(shared.config, "create", "rotated")["secret"]
    assert ask(shared, first).status == 200
    second = keys(shared.config, "rotate", "rotated", "--grace-s", "3600")["secret"]
    assert (ask(shared, first).status, ask(shared, second).status) == (200, 200)

    assert keys(shared.config, "revoke", "rotated") == {"revoked": 2}
    until(lambda: ask(shared, first).status == 401)
    assert ask(shared, second).status == 401


def test_a_key_that_is_revoked_by_its_id_takes_its_older_secrets_with_it(shared: Farthing) -> None:
    first = keys(shared.config, "create", "by-id")
    second, third = (keys(shared.config, "rotate", "by-id", "--grace-s", "3600") for _ in range(2))

    assert keys(shared.config, "revoke", second["id"]) == {"revoked": 2}
    until(lambda: ask(shared, first["secret"]).status == 401)
    assert ask(shared, second["secret"]).status == 401
    assert ask(shared, third["secret"]).status == 200
    assert keys(shared.config, "revoke", third["id"]) == {"revoked": 1}


def test_a_key_that_is_rotated_by_its_first_id_again_does_not_end_with_that_secrets_grace(
    shared: Farthing,
) -> None:
    first = keys(shared.config, "create", "by-first-id")
    _, newest = (keys(shared.config, "rotate", first["id"], "--grace-s", "3600") for _ in range(2))

    ours = [each for each in keys(shared.config, "list") if each["name"] == "by-first-id"]
    assert [each["id"] for each in ours if each["expires"] is None] == [newest["id"]]


def test_other_clients_send_their_key_in_headers_of_their_own(shared: Farthing) -> None:
    secret = keys(shared.config, "create", "other-header")["secret"]
    until(lambda: ask(shared, "nobody's").status == 401)

    for name in ("x-api-key", "api-key"):
        assert post(shared.base_url, chat("Hello!"), {name: secret}).status == 200


def test_a_key_may_use_what_it_is_granted_and_is_told_what_that_is(shared: Farthing) -> None:
    grants = ("--policy", "cheap", "--model", "sim-open-8b")
    secret = keys(shared.config, "create", "granted", *grants)["secret"]

    assert ask(shared, secret, model="auto:cheap").headers["x-farthing-model"] == "sim-open-8b"
    assert ask(shared, secret, model="sim-open-8b").status == 200
    refused = ask(shared, secret, model="auto:quality")
    assert (refused.status, refused.error["code"]) == (403, "policy_not_allowed")
    assert "cheap" in refused.error["message"]
    refused = ask(shared, secret, model="sim-frontier")
    assert (refused.status, refused.error["code"]) == (403, "model_not_allowed")
    listed = get(f"{shared.base_url}/models", {"authorization": f"Bearer {secret}"}).json
    assert {each["id"] for each in listed["data"]} == {"auto:cheap", "sim-open-8b"}


def test_a_key_of_a_policy_gets_no_model_but_by_it(shared: Farthing) -> None:
    secret = keys(shared.config, "create", "by-policy", "--policy", "cheap")["secret"]

    assert ask(shared, secret, model="auto:cheap").status == 200
    refused = ask(shared, secret, model="sim-frontier")
    assert (refused.status, refused.error["code"]) == (403, "model_not_allowed")
    assert "'auto:cheap' instead of the model 'sim-frontier'" in refused.error["message"]
    listed = get(f"{shared.base_url}/models", {"authorization": f"Bearer {secret}"}).json
    assert {each["id"] for each in listed["data"]} == {"auto:cheap"}


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("networks", '["10.0.0.0/8"]'),
        ("limits", '[{"requests": null, "tokens": null, "at_once": 5}]'),
        ("budgets", '[{"usd": "1", "per": "month", "timezone": "UTC", "models": ["sim-open-8b"]}]'),
        ("budgets", '[{"usd": "1", "per": "fortnight", "timezone": "UTC"}]'),
    ],
)
def test_a_key_with_a_restriction_of_a_newer_farthing_may_use_nothing(
    shared: Farthing, member: str, value: str
) -> None:
    name = f"from-tomorrow-{len(value)}"
    made = keys(shared.config, "create", name)
    with closing(sqlite3.connect(ledger_of(shared.config))) as ledger, ledger:
        ledger.execute(
            "UPDATE virtual_keys SET grants = json_set(grants, '$.' || ?, json(?), '$.note', null) WHERE name = ?",
            (member, value, name),
        )
    until(lambda: ask(shared, made["secret"]).status == 403)

    refused = ask(shared, made["secret"])
    assert "made by a newer Farthing" in refused.error["message"]
    assert ask(shared, made["secret"], model="sim-frontier").status == 403
    keys(shared.config, "rotate", name)
    with closing(sqlite3.connect(ledger_of(shared.config))) as ledger:
        every = ledger.execute("SELECT grants FROM virtual_keys WHERE name = ?", (name,)).fetchall()
    assert len(every) == 2
    assert every[0] == every[1]


def test_an_expired_key_is_told_so(shared: Farthing) -> None:
    secret = "fk-old"
    engine = open_ledger(ledger_of(shared.config), "")
    old = VirtualKey.from_secret("old", secret)
    KeyStore(engine).create(replace(old, id="key_old", expires_s=1_600_000_000.0), secret, 0.0)
    engine.dispose()
    refused = ask(shared, secret)

    assert (refused.status, refused.error["code"]) == (401, "key_expired")


@pytest.mark.parametrize(
    ("option", "value", "right"),
    [
        ("--expires", "2020-01-01", "in the past"),
        ("--expires", "soon", "must be a day, 2027-01-31, or a number of days, 90d, not 'soon'"),
        ("--budget", "5/fortnight", "day, week, month or lifetime, not '5/fortnight'"),
        ("--budget", "5/day@Europe/Berln", "as 50/month@Europe/Berlin"),
        ("--rpm", "0", "must be a whole number from 1 to 1000000000000, not '0'"),
        ("--tpm", "9" * 30, "from 1 to 1000000000000, not '999"),
        ("--tag", "a,b", "without spaces and commas, not 'a,b'"),
    ],
)
def test_a_wrong_option_is_told_what_would_be_right(
    shared: Farthing, option: str, value: str, right: str
) -> None:
    done = here("keys", "create", "wrong", "--config", str(shared.config), option, value)
    assert done.status != 0
    assert right in done.err


def test_a_key_is_not_made_with_more_tags_than_a_request_may_have(shared: Farthing) -> None:
    tags = [each for n in range(17) for each in ("--tag", f"t{n}")]
    done = here("keys", "create", "wrong", "--config", str(shared.config), *tags)

    assert (done.status, done.err.strip()) == (1, "farthing: --tag: a request has at most 16 tags")


def test_a_secret_is_shown_once_and_kept_nowhere(config: Path) -> None:
    secret = keys(config, "create", "search", "--budget", "5/day@Europe/Berlin", "--rpm", "9")[
        "secret"
    ]
    (listed,) = keys(config, "list")
    shown = here("keys", "list", "--config", str(config)).out

    assert "@Europe/Berlin" in "".join(shown.split())
    assert len(secret) > 40
    assert secret not in json.dumps(listed)
    assert secret.encode() not in all_bytes(ledger_of(config))
    assert listed["budgets"] == ["5 USD a day for key search"]
    assert secret not in here("keys", "list", "--config", str(config)).out


def test_the_first_key_says_what_it_closes_and_the_second_one_nothing(config: Path) -> None:
    first = here("keys", "create", "first", "--config", str(config))
    second = here("keys", "create", "second", "--config", str(config), "--json")

    assert "every client must send one" in first.err
    assert "server.admin_key is not set: /metrics, /admin" in first.err
    assert first.out.count("\n") == 1  # the secret alone, for a pipe
    assert second.err == ""


def test_a_new_key_of_an_old_name_says_what_goes_on(shared: Farthing) -> None:
    config = str(shared.config)
    first = here("keys", "create", "reborn", "--config", config)
    assert ask(shared, first.out.strip()).status == 200
    keys(shared.config, "revoke", "reborn")
    again = here("keys", "create", "reborn", "--config", config)

    assert "has spent" not in first.err
    spent = sum(
        row["cost_pico"] for row in rows(ledger_of(shared.config)) if row["key"] == "reborn"
    )
    assert f"A key reborn has spent {Money(spent)} USD before" in again.err


@pytest.mark.parametrize("mode", ["chat", "embedding"])
def test_a_key_may_be_granted_a_model_whose_provider_has_no_key_here(
    tmp_path: Path, mode: str
) -> None:
    """Keys are made in a shell that need not have the server's secrets."""
    away = {"kind": "openai", "base_url": NOWHERE, "api_key": "${NOT_SET}", "enabled": "with-key"}
    price = {"input_usd_per_mtok": 1, "output_usd_per_mtok": 2}
    models = {"dear": {"upstream": "away", "price": price, "mode": mode}}
    config = write_config(tmp_path, NOWHERE, upstreams={"away": away}, models=models)
    keys(config, "create", "search", "--model", "dear")

    (listed,) = keys(config, "list")
    assert listed["models"] == ["dear"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "search"), "there is an active key 'search'"),
        (("create", "x", "--policy", "cheep"), "did you mean 'cheap'?"),
        (("create", "x", "--model", "sim-fronteer"), "did you mean 'sim-frontier'?"),
        (("revoke", "nobody"), "there is no active key 'nobody'"),
        (("rotate", "nobody"), "there is no active key 'nobody'"),
    ],
)
def test_mistakes_are_told_in_a_line(config: Path, arguments: tuple[str, ...], said: str) -> None:
    keys(config, "create", "search")
    done = here("keys", arguments[0], "--config", str(config), *arguments[1:])

    assert done.status == 1
    assert said in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    "wrong",
    [
        ("create", "a b"),
        ("create", "x", "--budget", "50"),
        ("create", "x", "--budget", "-1/day"),
        ("create", "x", "--budget", "5/day@Mars/Olympus"),
        ("create", "x", "--rpm", "0"),
        ("create", "x", "--expires", "soon"),
        ("create", "x", "--tag", "a,b"),
        ("rotate", "x", "--grace-s", "1e15"),
        ("rotate", "x", "--grace-s", "-1"),
        ("rotate", "x", "--grace-s", "nan"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(config: Path, wrong: tuple[str, ...]) -> None:
    assert here("keys", wrong[0], "--config", str(config), *wrong[1:]).status == 2


def test_with_a_stored_key_any_address_may_be_served(tmp_path: Path, simulator: Simulator) -> None:
    server = {"host": "0.0.0.0", "port": 0}  # noqa: S104  what the test is about
    config = write_config(tmp_path, simulator.base_url, server=server)
    assert here("check", "--config", str(config)).status == 1
    loopback = write_config(tmp_path, simulator.base_url)
    secret = keys(loopback, "create", "search")["secret"]

    config = write_config(tmp_path, simulator.base_url, server=server)
    with Farthing(config) as started:
        assert ask(started, secret).status == 200
        assert post(started.base_url, chat("Hello?")).status == 401
        assert get(f"{started.url}/admin/fleet").error["code"] == "admin_key_needed"


def test_of_thousands_of_keys_people_see_the_newest_and_programs_all(config: Path) -> None:
    keys(config, "create", "first")
    copied = (
        "INSERT INTO virtual_keys (id, name, digest, hint, grants, created_s)"
        " SELECT 'key_' || ?, 'key-' || ?, hex(randomblob(32)), hint, grants, created_s + ? FROM virtual_keys LIMIT 1"
    )
    with closing(sqlite3.connect(ledger_of(config))) as ledger, ledger:
        ledger.executemany(copied, [(n, f"{n:04}", n) for n in range(1, 1003)])
    shown = here("keys", "list", "--config", str(config)).out

    assert "3 older keys not shown" in shown
    assert "key-0003" in shown
    assert "key-0002" not in shown
    assert len(keys(config, "list")) == 1003

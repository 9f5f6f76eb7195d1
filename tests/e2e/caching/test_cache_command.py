"""`farthing cache`: stored answers are counted, listed and deleted, in memory and in Redis."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.configs import write_config
from tests.e2e.programs import Done, Farthing, here, run
from tests.e2e.upstreams import Canned, FixedUpstream, Simulator
from tests.e2e.wire import Got, chat, get, post
from tests.servers import RedisServer

KEYS = {"ALPHA_KEY": "sk-alpha-0123456789", "BETA_KEY": "sk-beta-0123456789"}
ADMIN = {"FARTHING_ADMIN_KEY": "sk-admin-0123456789"}
ALPHA, BETA = ({"authorization": f"Bearer {key}"} for key in KEYS.values())
SECRET = "Tell me something nice about the number 4711"


@dataclass(frozen=True)
class Kept:
    farthing: Farthing

    def ask(self, prompt: str, headers: dict[str, str], **fields: Any) -> Got:
        got = post(self.farthing.base_url, chat(prompt, **fields), headers)
        assert got.status == 200, got
        return got

    def command(self, *arguments: str, by: Callable[..., Done] = here) -> Done:
        where = ("--config", str(self.farthing.config), "--url", self.farthing.url)
        return by("cache", *arguments, *where, env={**KEYS, **ADMIN})

    def told(self, *arguments: str) -> Any:
        done = self.command(*arguments, "--json")
        assert done.status == 0, done
        return json.loads(done.out)


@pytest.fixture(scope="module", params=["memory", "redis"])
def kept(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    shared_simulator: Simulator,
) -> Iterator[Kept]:
    """With an empty cache, which a test leaves empty."""
    keys = [
        {"name": "alpha", "key": "${ALPHA_KEY}", "tags": ["team-a"]},
        {"name": "beta", "key": "${BETA_KEY}"},
    ]
    with ExitStack() as stack:
        is_redis = request.param == "redis"
        path = write_config(
            tmp_path_factory.mktemp("kept"),
            shared_simulator.base_url,
            cache={
                "url": stack.enter_context(RedisServer()).url if is_redis else "memory",
                "timeout_s": 2,
            },
            keys=keys,
            server={"admin_key": "${FARTHING_ADMIN_KEY}", "port": 0},
        )
        yield Kept(stack.enter_context(Farthing(path, env={**KEYS, **ADMIN})))


def test_what_is_stored_is_counted_listed_and_forgotten(kept: Kept) -> None:
    first = kept.ask(SECRET, ALPHA, model="sim-mid")
    kept.ask(SECRET, ALPHA, model="sim-frontier")
    kept.ask(SECRET, BETA, model="sim-mid")
    kept.ask("Another one about the number 4712", BETA, model="sim-mid", stream=True)

    stock = kept.told("stats")
    assert (stock["requests"], stock["answers"], stock["damaged"]) == (3, 4, 0)
    assert stock["by_model"] == {"sim-mid": 3, "sim-frontier": 1}
    assert stock["by_key"] == {"alpha": 2, "beta": 2}
    assert stock["bytes"] > 0

    (entry,) = kept.told("inspect", "--id", first.headers["x-request-id"])
    assert (entry["model_id"], entry["key"], entry["tags"]) == ("sim-mid", "alpha", ["team-a"])
    assert entry["usage"]["output_tokens"] > 0
    assert len(kept.told("inspect", "--id", entry["digest"][:16])) == 2
    assert len(kept.told("inspect", "--key", "beta", "--model", "sim-mid")) == 2
    listed = kept.command("inspect", by=run)  # a separate process, as people call it
    assert "sim-frontier" in listed.out
    assert "something nice" not in listed.out

    assert kept.told("purge", "--id", first.headers["x-request-id"]) == {"purged": 1}
    assert kept.ask(SECRET, ALPHA, model="sim-mid").headers["x-farthing-cache"] == "miss"
    assert kept.told("purge", "--tag", "team-a") == {"purged": 2}
    assert kept.told("purge", "--key", "beta", "--model", "sim-frontier") == {"purged": 0}
    assert kept.told("purge", "--all") == {"purged": 2}
    assert kept.told("stats")["answers"] == 0


OPERATORS = {"OPERATORS_KEY": ADMIN["FARTHING_ADMIN_KEY"]}


@pytest.fixture(scope="module")
def guarded(
    tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator
) -> Iterator[Farthing]:
    """One whose admin key has another name than the one that the command knows."""
    path = write_config(
        tmp_path_factory.mktemp("guarded"),
        shared_simulator.base_url,
        server={"admin_key": "${OPERATORS_KEY}", "port": 0},
    )
    with Farthing(path, env=OPERATORS) as farthing:
        yield farthing


@pytest.mark.parametrize(
    ("arguments", "env", "complaint"),
    [
        (("purge",), None, "specify which answers"),
        (("purge", "--all", "--key", "alpha"), None, "specify which answers"),
        (("stats",), {"FARTHING_ADMIN_KEY": "sk-wrong"}, "This is not the admin key"),
        (("stats",), {"FARTHING_ADMIN_KEY": ""}, "put the admin key in FARTHING_ADMIN_KEY"),
        (
            ("stats", "--url", "http://127.0.0.1:1"),
            None,
            "no Farthing answers at http://127.0.0.1:1",
        ),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(
    guarded: Farthing, arguments: tuple[str, ...], env: dict[str, str] | None, complaint: str
) -> None:
    where = ("--config", str(guarded.config), "--url", guarded.url)
    named = where if "--url" not in arguments else where[:2]
    known = {**OPERATORS, **(ADMIN if env is None else env)}
    done = here("cache", *arguments, *named, env=known)
    assert done.status == 1
    assert complaint in done.err


@pytest.mark.parametrize("body", [b'{"detail": "Not Found"}', b'{"error": "no"}', b"[]", b"<p>"])
def test_another_server_at_the_address_is_told_as_such(guarded: Farthing, body: bytes) -> None:
    with FixedUpstream(Canned((body,))) as other:
        where = ("--config", str(guarded.config), "--url", other.served)
        for action in ("stats", "inspect", "purge --all"):
            done = here("cache", *action.split(), *where, env=OPERATORS)
            assert (done.status, done.out) == (1, "")
            assert f"no Farthing answers at {other.served}/admin/cache" in done.err


@pytest.mark.parametrize(("host", "written"), [("::1", "[::1]"), ("", "localhost")])
def test_an_address_of_the_configuration_is_written_as_urls_have_it(
    tmp_path: Path, shared_simulator: Simulator, host: str, written: str
) -> None:
    server = {"host": host, "port": 1}
    path = write_config(
        tmp_path, shared_simulator.base_url, server=server, keys=[{"name": "a", "key": "${A_KEY}"}]
    )
    done = here("cache", "stats", "--config", str(path), env={"A_KEY": "k" * 40})
    assert f"no Farthing answers at http://{written}:1/admin/cache (ClientConn" in done.err


def test_an_unknown_word_is_an_error_that_names_the_known_ones(kept: Kept) -> None:
    headers = {"authorization": f"Bearer {ADMIN['FARTHING_ADMIN_KEY']}"}
    got = get(f"{kept.farthing.url}/admin/cache/entries?who=me", headers)
    assert got.status == 400
    assert got.json["error"]["message"] == "'who' is unknown here; available: id, key, tag, model."
    assert get(f"{kept.farthing.url}/admin/cache").status == 401


def test_an_empty_name_deletes_nothing(kept: Kept) -> None:
    """A script whose variable is not set must not delete what all others have stored, too."""
    kept.ask(SECRET, ALPHA, model="sim-mid")
    done = kept.command("purge", "--key", "", "--model", "sim-mid")

    assert (done.status, done.err) == (1, "farthing: 'key' must not be empty.\n")
    assert kept.told("purge", "--all") == {"purged": 1}

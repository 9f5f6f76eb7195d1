"""Keys in the ledger's database: each keeps what it was granted, and acts on one leave the others alone."""

from pathlib import Path
from sqlite3 import SQLITE_LIMIT_VARIABLE_NUMBER

import orjson
import pytest
from sqlalchemy import Engine, event, select, update

from router.domain.budget import Budget, BudgetWindow, RateLimit, Scope, ScopeKind
from router.domain.key import EVERYTHING_GRANTED, Grants, VirtualKey
from router.domain.members import replace
from router.domain.money import Money
from router.stores.sql.database import open_database
from router.stores.sql.keys import KeyStore, NoSuchKey
from router.stores.sql.schema import VIRTUAL_KEYS

OWN = Scope(ScopeKind.KEY, "search")
MUCH = Grants(
    policies=frozenset({"balanced", "cheap"}),
    models=frozenset({"small"}),
    budgets=(Budget(OWN, Money.from_usd("12.5"), BudgetWindow.WEEK, "Europe/Berlin"),),
    limits=(RateLimit(OWN, requests_per_minute=3), RateLimit(OWN, tokens_per_minute=9)),
    overrides=frozenset({"policy", "tags"}),
)


def kept(engine: Engine, name: str, grants: Grants = EVERYTHING_GRANTED) -> KeyStore:
    key = VirtualKey.from_secret(name, f"fk-{name}", ("team", "eu"), grants, expires_s=1e9)
    KeyStore(engine).create(replace(key, id=f"key_{name}"), f"fk-{name}", 1.0)
    return KeyStore(engine)


@pytest.mark.parametrize("grants", [EVERYTHING_GRANTED, MUCH, Grants(overrides=frozenset())])
def test_a_key_is_read_as_it_was_made(engine: Engine, grants: Grants) -> None:
    (stored,) = kept(engine, "search", grants).all()

    assert stored.key.grants == grants
    assert (stored.key.tags, stored.key.expires_s) == (("team", "eu"), 1e9)
    assert stored.key.digest == VirtualKey.from_secret("search", "fk-search").digest


@pytest.mark.parametrize("called", ["search", "key_search"])
def test_whoever_is_revoked_or_rotated_the_others_stay_as_they_are(
    engine: Engine, called: str
) -> None:
    kept(engine, "search")
    store = kept(engine, "chat", MUCH)

    renewed = store.rotate(called, "key_2", "fk-2", 2.0, grace_s=0.0)
    assert (renewed.name, renewed.grants) == ("search", EVERYTHING_GRANTED)
    assert [each.key.id for each in store.all() if each.is_active(3.0)] == ["key_chat", "key_2"]

    assert store.revoke("search", 4.0) == 1
    assert [each.key.id for each in store.all() if each.is_active(5.0)] == ["key_chat"]
    with pytest.raises(NoSuchKey):
        store.revoke("search", 6.0)


@pytest.mark.parametrize(("regions", "granted"), [([], True), (None, True), (["eu"], False)])
def test_only_what_a_newer_farthing_restricts_takes_a_key_what_it_was_granted(
    engine: Engine, regions: list[str] | None, granted: bool
) -> None:
    store, grants = kept(engine, "search", MUCH), VIRTUAL_KEYS.c.grants
    with engine.begin() as connection:
        written = orjson.loads(connection.execute(select(grants)).scalar_one())
        newer = orjson.dumps({**written, "regions": regions}).decode()
        connection.execute(update(VIRTUAL_KEYS).values(grants=newer))

    assert (store.all()[0].key.grants == MUCH) is granted
    assert store.all()[0].key.grants.allows_model("small") is granted


def test_more_keys_are_moved_from_a_file_than_a_statement_has_room_for(
    engine: Engine, tmp_path: Path
) -> None:
    file = open_database(tmp_path / "outbox.db")
    for n in range(9):
        kept(file, f"k{n}")
    event.listen(
        file, "checkout", lambda driver, *_: driver.setlimit(SQLITE_LIMIT_VARIABLE_NUMBER, 8)
    )

    for _ in range(2):  # the second time there is nothing left to move
        KeyStore(engine).adopt(file)
        assert len(KeyStore(engine).all()) == 9
        assert KeyStore(file).is_empty()
    file.dispose()

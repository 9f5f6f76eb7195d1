"""Keepers of keys who do something at the same time, or whose clocks or versions differ."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import Any

from sqlalchemy import Engine, event, select, update

from router.domain.key import VirtualKey
from router.domain.members import replace
from router.stores.sql.keys import KeyStore, NameTaken, NoSuchKey
from router.stores.sql.schema import VIRTUAL_KEYS

_TOGETHER_S = 0.3


def at_once(engine: Engine, *acts: Callable[[], object]) -> list[BaseException | None]:
    """What each of them raises; each waits after its first look at the keys for the others', if they can look."""
    barrier = Barrier(len(acts))

    def wait(*args: Any) -> None:
        if args[2].startswith("SELECT virtual_keys"):
            with suppress(BrokenBarrierError):
                barrier.wait(_TOGETHER_S)

    event.listen(engine, "after_cursor_execute", wait)
    with ThreadPoolExecutor() as pool:
        raised = [each.exception() for each in [pool.submit(act) for act in acts]]
    event.remove(engine, "after_cursor_execute", wait)
    return raised


def key_of(name: str, secret: str) -> VirtualKey:
    return replace(VirtualKey.from_secret(name, secret), id=f"key_{secret}")


def test_a_name_is_given_to_one_of_two(engine: Engine) -> None:
    store = KeyStore(engine)
    raised = at_once(
        engine,
        lambda: store.create(key_of("search", "fk-1"), "fk-1", 1.0),
        lambda: store.create(key_of("search", "fk-2"), "fk-2", 1.0),
    )

    assert [type(each) for each in raised if each] == [NameTaken]
    assert len(store.all()) == 1


def test_a_key_that_is_revoked_does_not_come_back_by_being_rotated(engine: Engine) -> None:
    store = KeyStore(engine)
    store.create(key_of("search", "fk-1"), "fk-1", 1.0)
    raised = at_once(
        engine,
        lambda: store.revoke("search", 3.0),
        lambda: store.rotate("search", "key_new", "fk-2", 3.0, 0.0),
    )

    assert all(isinstance(each, NoSuchKey) for each in raised if each)
    assert [each for each in store.all() if each.is_active(4.0)] == []


def test_a_secret_that_was_rotated_ends_even_if_clocks_differ(engine: Engine) -> None:
    store = KeyStore(engine)
    store.create(key_of("search", "fk-1"), "fk-1", 5000.0)
    store.rotate("search", "key_2", "fk-2", 1000.0, 60.0)  # on a machine whose clock is behind
    store.rotate("search", "key_3", "fk-3", 1010.0, 60.0)

    assert [each.key.id for each in store.all() if each.is_active(6000.0)] == ["key_3"]
    assert store.revoke("key_3", 1020.0) == 3


def test_a_restriction_of_a_newer_farthing_is_not_lost_by_rotating_its_key(engine: Engine) -> None:
    store = KeyStore(engine)
    store.create(key_of("search", "fk-1"), "fk-1", 1.0)
    restricted = (
        '{"tags":[],"policies":[],"models":[],"budgets":[],"limits":[],"networks":["10.0.0.0/8"]}'
    )
    with engine.begin() as connection:
        connection.execute(update(VIRTUAL_KEYS).values(grants=restricted))
    store.rotate("search", "key_2", "fk-2", 2.0, 60.0)

    with engine.connect() as connection:
        assert set(connection.execute(select(VIRTUAL_KEYS.c.grants)).scalars()) == {restricted}

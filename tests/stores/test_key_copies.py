"""A process's copy of the stored keys, which is read again every two seconds, however many keys there are."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, func, update

from router.domain.key import VirtualKey
from router.domain.members import replace
from router.stores.sql import keys
from router.stores.sql.keys import KeyCopy, KeyStore, NameTaken, NoSuchKey
from router.stores.sql.schema import VIRTUAL_KEYS
from tests.stores.opened import holding

_NAMES = st.sampled_from(["a", "b", "c"])


def create(store: KeyStore, name: str, at_s: float = 0.0) -> None:
    secret = f"fk-{name}-{at_s}"
    key = replace(VirtualKey.from_secret(name, secret, ("t",)), id=f"key_{name}_{at_s}")
    store.create(key, secret, at_s)


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    sent = list[str]()

    def note(*args: Any) -> None:
        sent.append(args[2])

    event.listen(engine, "after_cursor_execute", note)
    yield sent
    event.remove(engine, "after_cursor_execute", note)


def test_keys_that_have_not_changed_are_not_read_again(engine: Engine) -> None:
    store, copy = KeyStore(engine), KeyCopy(engine)
    for name in "abc":
        create(store, name)
    first = copy.read()
    with statements(engine) as sent:
        again = copy.read()

    assert first == store.all()
    assert again is first
    assert not [each for each in sent if "digest" in each]


def test_of_a_change_only_what_has_changed_is_read(engine: Engine) -> None:
    store, copy = KeyStore(engine), KeyCopy(engine)
    for name in "abc":
        create(store, name)
    before = copy.read()
    store.revoke("b", 1.0)
    create(store, "d", 2.0)
    now = copy.read()

    assert now == store.all()
    assert [each.revoked_s for each in now] == [None, 1.0, None, None]
    assert now[0] is before[0]
    assert now[2] is before[2]


def test_grants_that_were_changed_by_hand_are_read(engine: Engine) -> None:
    store, copy = KeyStore(engine), KeyCopy(engine)
    create(store, "a")
    create(store, "b")
    before = copy.read()
    with engine.begin() as connection:
        one = update(VIRTUAL_KEYS).where(VIRTUAL_KEYS.c.name == "b")
        connection.execute(
            one.values(grants=func.replace(VIRTUAL_KEYS.c.grants, '["t"]', '["u","v"]'))
        )
    now = copy.read()

    assert now == store.all()
    assert [each.key.tags for each in now] == [("t",), ("u", "v")]
    assert now[0] is before[0]


@pytest.mark.parametrize("few", [0, 500])
@settings(max_examples=30, deadline=None)
@given(acts=st.lists(st.tuples(st.sampled_from(["create", "rotate", "revoke", "read"]), _NAMES)))
def test_a_copy_says_what_the_store_says(few: int, acts: list[tuple[str, str]]) -> None:
    with holding([]) as engine, pytest.MonkeyPatch.context() as patched:
        patched.setattr(keys, "_FEW", few)
        store, copy = KeyStore(engine), KeyCopy(engine)
        for at, (act, name) in enumerate(acts):
            try:
                match act:
                    case "create":
                        create(store, name, float(at))
                    case "rotate":
                        store.rotate(name, f"key_{at}", f"fk-{at}", float(at), 2.0)
                    case "revoke":
                        store.revoke(name, float(at))
                    case "read":
                        copy.read()
            except (NameTaken, NoSuchKey):
                pass
        assert copy.read() == store.all()

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
from router.stores.sql.keys import KeyCopy, KeyStore, NameTaken, NoSuchKey
from router.stores.sql.schema import VIRTUAL_KEYS
from tests.stores.opened import holding

_K = VIRTUAL_KEYS.c
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
    first = copy.read(0.0)
    with statements(engine) as sent:
        again = copy.read(0.0)

    assert first == store.all()
    assert again is first
    assert not [each for each in sent if "digest" in each]


def test_of_a_change_only_what_has_changed_is_made_anew(engine: Engine) -> None:
    store, copy = KeyStore(engine), KeyCopy(engine)
    for name in "abc":
        create(store, name)
    before = copy.read(0.0)
    store.revoke("b", 1.0)
    create(store, "d", 2.0)
    now = copy.read(0.0)

    assert now == store.all()
    assert [each.revoked_s for each in now] == [None, 1.0, None, None]
    assert now[0] is before[0]
    assert now[2] is before[2]


@pytest.mark.parametrize(
    "changed",
    [
        {"grants": func.replace(_K.grants, '"t"', '"u"')},
        {"expires_s": 1.0},
        {"digest": "00" * 32},
        {"name": "c"},
    ],
    ids=["grants of the same length", "an earlier end", "another secret", "another name"],
)
def test_what_was_changed_by_hand_is_read_within_a_minute(
    engine: Engine, changed: dict[str, Any]
) -> None:
    store, copy = KeyStore(engine), KeyCopy(engine)
    create(store, "a")
    create(store, "b")
    for name in "ab":
        store.rotate(name, f"key_{name}", f"fk-{name}", 5.0, 3600.0)
    before = copy.read(0.0)
    with engine.begin() as connection:
        connection.execute(update(VIRTUAL_KEYS).where(_K.id == "key_b_0.0").values(changed))

    now = copy.read(60.0)
    assert now == store.all() != before
    assert now[0] is before[0]
    assert copy.read(120.0) is now


@settings(max_examples=30, deadline=None)
@given(acts=st.lists(st.tuples(st.sampled_from(["create", "rotate", "revoke", "read"]), _NAMES)))
def test_a_copy_says_what_the_store_says(acts: list[tuple[str, str]]) -> None:
    with holding([]) as engine:
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
                        copy.read(0.0)
            except (NameTaken, NoSuchKey):
                pass
        assert copy.read(0.0) == store.all()

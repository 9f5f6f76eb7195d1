"""Virtual keys in the ledger's database: made, listed, rotated and revoked, never deleted.

Of a secret, only its SHA-256 and a few characters to recognise it by are kept. What a key may do is JSON.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from msgspec import Struct
from sqlalchemy import (
    Connection,
    Engine,
    Row,
    and_,
    bindparam,
    delete,
    func,
    insert,
    inspect,
    or_,
    select,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from router.domain.budget import Budget, BudgetWindow, RateLimit, Scope, ScopeKind
from router.domain.errors import FarthingError
from router.domain.key import Grants, VirtualKey, digest_of
from router.domain.money import Money
from router.stores.sql.schema import ATTEMPTS, VIRTUAL_KEYS
from router.stores.sql.snapshot import snapshot
from router.stores.sql.spent import spent
from router.stores.sql.versions import alone, bring_up_to_date

_K = VIRTUAL_KEYS.c
_HINT_CHARS = 9
_LATER_S = 0.001
"""By so much a secret is newer than the one it follows, whatever the clock says."""
_ANEW_S = 60.0
"""So often all keys are read, whatever the mark says: it does not tell what somebody has changed by hand."""
_MARK = select(
    func.count(),
    func.count(_K.revoked_s),
    func.max(_K.created_s),
    func.max(_K.expires_s),
    func.max(_K.revoked_s),
).select_from(VIRTUAL_KEYS)
"""What differs once a key was made, rotated or revoked: each adds a row, or a time of revocation, and none is ever
removed. The database finds it out in a hundredth of the time that it takes to read tens of thousands of keys."""
_EVERY = select(VIRTUAL_KEYS).order_by(_K.created_s, _K.id)
_GRANTS = frozenset({"tags", "policies", "models", "overrides", "budgets", "limits"})
_BUDGET, _LIMIT = frozenset({"usd", "per", "timezone"}), frozenset({"requests", "tokens"})
_NONE = frozenset({"none (made by a newer Farthing)"})
_NOTHING_GRANTED = Grants(policies=_NONE, models=_NONE)
"""What a key may do with a restriction that is not known here, and so cannot be kept to."""


class NoSuchKey(FarthingError):
    """There is no active key of that name or id."""


class NameTaken(FarthingError):
    """There is already an active key of that name."""


class StoredKey(Struct, frozen=True):
    """A key with what its keeper wants to see; times are Unix times, None for never."""

    key: VirtualKey
    hint: str
    created_s: float
    revoked_s: float | None = None

    def is_active(self, now_s: float) -> bool:
        """Whether it is valid at `now_s`."""
        expires_s = self.key.expires_s
        return self.revoked_s is None and (expires_s is None or now_s < expires_s)


class KeyStore:
    """The keys in the database of `engine`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self) -> tuple[StoredKey, ...]:
        """Every key that was ever made, the oldest first."""
        with self._engine.connect() as connection:
            return _all(connection)

    def is_empty(self) -> bool:
        """Whether no key was ever made."""
        with self._engine.connect() as connection:
            return connection.execute(select(_K.id).limit(1)).first() is None

    def spent_by(self, name: str) -> Money:
        """What keys of that name have spent in all."""
        return spent(self._engine, Scope(ScopeKind.KEY, name), 0.0)

    def adopt(self, file: Engine) -> None:
        """Move the keys in `file`, which was the ledger before, here; one that is here already stays as it is."""
        with file.connect() as connection:
            rows = [dict(row) for row in connection.execute(select(VIRTUAL_KEYS)).mappings()]
        if not rows:
            return
        bring_up_to_date(self._engine)
        with alone(self._engine) as connection:
            here = set(connection.execute(select(_K.id)).scalars())
            if new := [row for row in rows if row["id"] not in here]:
                connection.execute(insert(VIRTUAL_KEYS), new)
        with file.begin() as connection:  # one by one: a statement has room for some thousand ids
            moved = [{"moved": row["id"]} for row in rows]
            connection.execute(delete(VIRTUAL_KEYS).where(_K.id == bindparam("moved")), moved)

    def create(self, key: VirtualKey, secret: str, now_s: float) -> None:
        """Keep `key`, whose bearer presents `secret`. Raises NameTaken."""
        with alone(self._engine) as connection:
            active = _active(now_s)
            if connection.execute(select(_K.id).where(_K.name == key.name, active)).first():
                raise NameTaken(
                    f"there is an active key '{key.name}'; rotate it, or revoke it first"
                )
            connection.execute(insert(VIRTUAL_KEYS).values(_values(key, secret, now_s)))

    def rotate(
        self, name: str, new_id: str, secret: str, now_s: float, grace_s: float
    ) -> VirtualKey:
        """Give the key of that name or id a new secret; its newest so far stays valid for `grace_s` seconds.

        An id may be that of a secret in its grace: the new one must not end with it. The new one is the newest even
        if our clock is behind the one by which the last was made.
        """
        with alone(self._engine) as connection:
            meant = _one(connection, name, now_s).key
            newest = _one(connection, meant.name, now_s)
            old, created_s = newest.key, max(now_s, newest.created_s + _LATER_S)
            renewed = VirtualKey(
                old.name, digest_of(secret), old.tags, old.grants, old.expires_s, new_id
            )
            until_s = now_s + grace_s
            ends_s = until_s if old.expires_s is None else min(until_s, old.expires_s)
            connection.execute(update(VIRTUAL_KEYS).where(_K.id == old.id).values(expires_s=ends_s))
            # As they are written: restrictions of a newer Farthing are not known here, and must not be lost.
            grants = connection.execute(select(_K.grants).where(_K.id == old.id)).scalar_one()
            values = _values(renewed, secret, created_s) | {"grants": grants}
            connection.execute(insert(VIRTUAL_KEYS).values(values))
        return renewed

    def revoke(self, name: str, now_s: float) -> int:
        """Revoke the key of that name or id, with its older secrets; returns how many were revoked.

        An id may be that of a secret in its grace: the newer ones stay valid.
        """
        with alone(self._engine) as connection:
            last = _one(connection, name, now_s)
            ours = and_(_K.name == last.key.name, _K.created_s <= last.created_s, _active(now_s))
            done = connection.execute(update(VIRTUAL_KEYS).where(ours).values(revoked_s=now_s))
            return done.rowcount


class KeyCopy:
    """The keys in the database of `engine`, for whoever asks again and again: only what has changed is made anew."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._mark: tuple[Any, ...] = ()
        self._anew_s = float("-inf")
        self._made: Mapping[tuple[str, int], StoredKey] = {}
        self.keys: tuple[StoredKey, ...] = ()

    def read(self, now_s: float) -> tuple[StoredKey, ...]:
        """Every key that was ever made, the oldest first; the same tuple as before if nothing has changed.

        What was not changed by a `KeyStore` is seen within a minute of the monotonic time `now_s`.
        """
        with snapshot(self._engine) as connection:
            mark = tuple(connection.execute(_MARK).one())
            if mark != self._mark or now_s >= self._anew_s:
                self._renew(connection)
                self._mark, self._anew_s = mark, now_s + _ANEW_S
        return self.keys

    def _renew(self, connection: Connection) -> None:
        rows = ((row, (row.id, hash(row))) for row in connection.execute(_EVERY))
        made = {known: self._made.get(known) or _stored(row) for row, known in rows}
        if (keys := tuple(made.values())) != self.keys:
            self.keys = keys
        self._made = made


def are_any(engine: Engine) -> bool | None:
    """Whether a key was ever made; None if the database cannot be asked, or is of a time when there were none."""
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table(ATTEMPTS.name):
                return False  # nothing was ever written
            return connection.execute(select(_K.id).limit(1)).first() is not None
    except SQLAlchemyError:
        return None


def _all(connection: Connection) -> tuple[StoredKey, ...]:
    return tuple(map(_stored, connection.execute(_EVERY)))


def _one(connection: Connection, name: str, now_s: float) -> StoredKey:
    """The newest active key of that name or id. Raises NoSuchKey."""
    ours = select(VIRTUAL_KEYS).where(or_(_K.name == name, _K.id == name), _active(now_s))
    newest = ours.order_by(_K.created_s.desc(), _K.id.desc()).limit(1)
    if (row := connection.execute(newest).first()) is None:
        raise NoSuchKey(f"there is no active key '{name}'")
    return _stored(row)


def _active(now_s: float) -> Any:
    return and_(_K.revoked_s.is_(None), or_(_K.expires_s.is_(None), _K.expires_s > now_s))


def _values(key: VirtualKey, secret: str, now_s: float) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "digest": key.digest.hex(),
        "hint": secret[:_HINT_CHARS],
        "grants": _written(key.tags, key.grants),
        "created_s": now_s,
        "expires_s": key.expires_s,
    }


def _stored(row: Row[Any]) -> StoredKey:
    tags, grants = _read(row.grants, row.name)
    key = VirtualKey(row.name, bytes.fromhex(row.digest), tags, grants, row.expires_s, row.id)
    return StoredKey(key, row.hint, row.created_s, row.revoked_s)


def _written(tags: Sequence[str], grants: Grants) -> str:
    budgets = [
        {"usd": str(budget.usd), "per": budget.window, "timezone": budget.timezone}
        for budget in grants.budgets
    ]
    limits = [
        {"requests": limit.requests_per_minute, "tokens": limit.tokens_per_minute}
        for limit in grants.limits
    ]
    return orjson.dumps(
        {
            "tags": list(tags),
            "policies": sorted(grants.policies),
            "models": sorted(grants.models),
            "overrides": None if grants.overrides is None else sorted(grants.overrides),
            "budgets": budgets,
            "limits": limits,
        }
    ).decode()


def _read(text: str, name: str) -> tuple[tuple[str, ...], Grants]:
    read = orjson.loads(text)
    tags = tuple(read["tags"])
    if not _is_known(read):
        return tags, _NOTHING_GRANTED
    own, overrides = Scope(ScopeKind.KEY, name), read.get("overrides")  # older keys have none
    budgets = (
        Budget(own, Money.from_usd(each["usd"]), BudgetWindow(each["per"]), each["timezone"])
        for each in read["budgets"]
    )
    limits = (RateLimit(own, each["requests"], each["tokens"]) for each in read["limits"])
    grants = Grants(
        frozenset(read["policies"]),
        frozenset(read["models"]),
        tuple(budgets),
        tuple(limits),
        None if overrides is None else frozenset(overrides),
    )
    return tags, grants


def _is_known(read: dict[str, Any]) -> bool:
    """Whether we know every restriction that a newer Farthing may have written."""
    parts = ((read, _GRANTS), *((each, _BUDGET) for each in read["budgets"]))
    parts += tuple((each, _LIMIT) for each in read["limits"])
    are_members = all(
        name in known for part, known in parts for name, value in part.items() if value
    )
    return are_members and all(each.get("per") in list(BudgetWindow) for each in read["budgets"])

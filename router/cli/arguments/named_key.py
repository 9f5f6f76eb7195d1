"""The key that `--key` names: of the configuration, or one that was created by command."""

import time
from collections.abc import Mapping

from router.cli.books import opened_ledger
from router.cli.output.saying import say
from router.config.settings import Settings
from router.config.stored_keys import may_have_keys
from router.domain.key import ANONYMOUS, VirtualKey
from router.domain.members import replace
from router.domain.nearest import nearest
from router.stores.sql.keys import KeyStore


def named_key(name: str, settings: Settings) -> VirtualKey:
    """The key of that name, with its tags and grants; "" is nobody's.

    If there is none, as before it is created, one that may use everything, which is said on standard error.
    Raises LedgerUnusable if the ledger would have to be asked, and cannot be.
    """
    configured = {key.name: key for key in (ANONYMOUS, *settings.keys)}
    if name in configured:
        return configured[name]
    keys = keys_of(settings)
    if name not in keys:
        say(f"Decided as for a new key: there is none named '{name}'{nearest(name, keys)}")
        return replace(ANONYMOUS, name=name)
    return keys[name]


def keys_of(settings: Settings) -> Mapping[str, VirtualKey]:
    """All valid keys by name. Raises LedgerUnusable if the ledger cannot be asked."""
    return {key.name: key for key in (*_stored(settings), *settings.keys)}


def _stored(settings: Settings) -> tuple[VirtualKey, ...]:
    if not may_have_keys(settings.ledger):
        return ()
    now_s = time.time()
    with opened_ledger(settings) as engine:
        return tuple(each.key for each in KeyStore(engine).all() if each.is_active(now_s))

"""Whether there are keys is noted beside the ledger's file, for whoever starts while PostgreSQL is away."""

import asyncio
import threading
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from router.app import real_world
from router.app.keys import keyring_of
from router.config.load import load_settings
from router.domain.key import VirtualKey
from router.stores.sql.database import central
from router.stores.sql.keys import KeyStore
from router.stores.sql.versions import bring_up_to_date
from tests.e2e.configs import write_config
from tests.postgres import PostgresServer


async def test_the_disk_with_the_note_is_asked_in_a_thread_and_only_when_something_changes(
    tmp_path: Path, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that does not answer would stop the event loop, and so every request, and then have its worker killed."""
    ledger = {"path": "ledger.db", "url": postgres_server.url}
    settings = load_settings(write_config(tmp_path, "http://127.0.0.1:9", ledger=ledger), {})
    there, unlink = list[threading.Thread](), Path.unlink

    def noticed(path: Path, *args: Any, **named: Any) -> None:
        if path.suffix == ".open":
            there.append(threading.current_thread())
        unlink(path, *args, **named)

    monkeypatch.setattr(Path, "unlink", noticed)
    engine = central(settings.ledger.url)
    bring_up_to_date(engine)
    async with AsyncExitStack() as stack:
        stack.callback(engine.dispose)
        keyring = await keyring_of(settings, engine, real_world(), stack)
        assert (tmp_path / "ledger.db.open").exists()
        made = VirtualKey.from_secret("team", "fk-team", ())
        await asyncio.to_thread(KeyStore(engine).create, made, "fk-team", 0.0)
        for _ in range(3):
            await keyring.refresh()

    assert not (tmp_path / "ledger.db.open").exists()
    assert len(there) == 1
    assert threading.main_thread() not in there

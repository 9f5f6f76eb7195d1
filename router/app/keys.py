"""Who may come in: the keys of the configuration, and those made by command."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from functools import partial
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from router.app.reads import ReadsInTime
from router.app.stores import outbox_engine
from router.config.settings import Settings, is_loopback
from router.ports import World
from router.server.keyring import Keyring, Lack, StoreAway, Stored
from router.stores.sql.keys import KeyCopy, KeyStore


async def keyring_of(
    settings: Settings, engine: Engine, world: World, stack: AsyncExitStack
) -> Keyring:
    """The keys, kept up to date until `stack` is left."""
    note = settings.ledger.path.with_name(f"{settings.ledger.path.name}.open")
    is_central = bool(settings.ledger.url)
    reader = _Reader(engine, outbox_engine(settings, stack), world.monotonic_s)
    keyring = Keyring(
        settings.keys,
        guests=settings.guests,
        read=partial(_stored, reader.read, _Note(note) if is_central else None, ReadsInTime()),
        lack=Lack(is_loopback(settings.host), was_seen=is_central and note.exists()),
        monotonic_s=world.monotonic_s,
        sleep=world.sleep,
    )
    await keyring.refresh()
    stack.callback(asyncio.create_task(keyring.watch()).cancel)
    return keyring


class _Reader:
    """Reads what the store in `engine` holds, in a thread, one read at a time.

    A first read that was too late for those who waited for it has not been in vain: the next goes on from it.
    """

    def __init__(
        self, engine: Engine, outbox: Engine | None, monotonic_s: Callable[[], float]
    ) -> None:
        self._store, self._copy, self._outbox = KeyStore(engine), KeyCopy(engine), outbox
        self._monotonic_s = monotonic_s
        self._every, self._stored = self._copy.keys, Stored()
        self._reading = threading.Lock()

    def read(self) -> Stored:
        """What it holds; the same object as before if nothing has changed.

        Keys from when the outbox was the ledger come along: without them the door would be open.
        """
        # Whoever waited for a read may have left, and the next may have begun another.
        with self._reading:
            if self._outbox is not None:
                self._store.adopt(self._outbox)
            every = self._copy.read(self._monotonic_s())
            if every is not self._every:
                there = tuple(each.key for each in every if each.revoked_s is None)
                self._every, self._stored = every, Stored(there, bool(every))
            return self._stored


class _Note:
    """The file that exists while there are no keys, for whoever starts without a database.

    If it cannot be written or removed, a process that starts without a database lets nobody in.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_there: bool | None = None
        self._in_time = ReadsInTime()

    async def say(self, *, is_open: bool) -> None:
        """Write or remove it if that has changed: in a thread, since the disk may not answer."""
        if is_open is self._is_there:
            return
        with suppress(OSError, TimeoutError):
            await self._in_time(partial(self._write, is_open=is_open))
            self._is_there = is_open

    def _write(self, *, is_open: bool) -> None:
        if not is_open:
            self._path.unlink(missing_ok=True)
        elif not self._path.exists():
            self._path.touch()


async def _stored(read: Callable[[], Stored], note: _Note | None, in_time: ReadsInTime) -> Stored:
    """The keys in the store."""
    try:
        stored = await in_time(read)
    except (SQLAlchemyError, TimeoutError) as error:
        raise StoreAway(f"stored keys cannot be read ({type(error).__name__})") from None
    if note is not None:
        await note.say(is_open=not stored.were_any)
    return stored

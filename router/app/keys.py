"""Who may come in: the keys of the configuration, and those made by command."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from router.config.settings import Settings
from router.ports import World
from router.server.keyring import Keyring, StoreAway, Stored
from router.stores.sql.keys import KeyStore


async def keyring_of(
    settings: Settings, engine: Engine, world: World, stack: AsyncExitStack
) -> Keyring:
    """The keys, kept up to date until `stack` is left."""
    keyring = Keyring(
        settings.keys,
        guests=settings.guests,
        read=partial(_stored, KeyStore(engine)),
        monotonic_s=world.monotonic_s,
        sleep=world.sleep,
    )
    await keyring.refresh()
    stack.callback(asyncio.create_task(keyring.watch()).cancel)
    return keyring


async def _stored(store: KeyStore) -> Stored:
    try:
        every = await asyncio.to_thread(store.all)
    except SQLAlchemyError as error:
        raise StoreAway(f"stored keys cannot be read ({type(error).__name__})") from None
    there = tuple(each.key for each in every if each.revoked_s is None)
    return Stored(there, bool(every))

"""Keys come and go in the store while requests come in; the newest reading has the last word."""

import asyncio
from functools import partial

import pytest

from router.domain.key import VirtualKey
from router.server.keyring import Keyring, Lack, StoreAway, Stored
from tests.clock import Clock
from tests.stores.waiting import Naps, until


class Store:
    """A store of keys that can be slow or away, and counts how often it is read."""

    def __init__(self) -> None:
        self.keys: tuple[VirtualKey, ...] = ()
        self.reads = 0
        self.slow: asyncio.Event | None = None
        self.is_away = False
        self.unreadable: tuple[int, ...] = ()

    async def __call__(self) -> Stored:
        self.reads += 1
        keys, slow = self.keys, self.slow
        if slow is not None:
            await slow.wait()
        if self.is_away:
            raise StoreAway("stored keys cannot be read")
        if self.reads in self.unreadable:
            raise ValueError("'year' is not a valid Window")
        return Stored(keys, bool(keys))

    def put(self, *secrets: str) -> None:
        self.keys = tuple(VirtualKey.from_secret(secret, secret) for secret in secrets)


class Sleeper(Clock):
    """Time that passes only in sleep."""

    async def sleep(self, for_s: float) -> None:
        self.now_s += for_s
        await asyncio.sleep(0)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def keyring(store: Store) -> Keyring:
    clock = Sleeper()
    return Keyring(read=store, monotonic_s=clock, sleep=clock.sleep)


async def test_a_new_key_opens_at_its_first_try(store: Store, keyring: Keyring) -> None:
    await keyring.refresh()
    was_open = keyring.is_open
    store.put("one")

    assert await keyring.find("one") == store.keys[0]
    assert (was_open, keyring.is_open) == (True, False)
    assert await keyring.find("other") is None


async def test_an_older_reading_never_has_the_last_word(store: Store, keyring: Keyring) -> None:
    store.slow = asyncio.Event()
    old = asyncio.create_task(keyring.refresh())
    await asyncio.sleep(0)
    store.put("one")
    finding = asyncio.create_task(keyring.find("one"))
    await asyncio.sleep(0)
    store.slow.set()

    assert await finding == store.keys[0]
    await old
    assert await keyring.find("one") == store.keys[0]


async def test_a_read_that_ends_with_its_client_serves_nobody(store: Store) -> None:
    naps, clock = Naps(), Clock()
    keyring = Keyring(read=store, monotonic_s=clock, sleep=naps)
    await keyring.refresh()
    store.put("one")
    leaving, staying = (asyncio.create_task(keyring.find("one")) for _ in range(2))
    await until(partial(slept, naps, 1))
    store.slow = asyncio.Event()
    clock.now_s += 0.1
    naps.wake()
    await until(lambda: store.reads == 2)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    store.slow.set()
    naps.wake()

    assert await staying == store.keys[0]


async def test_many_unknown_keys_are_one_reading_or_two(store: Store, keyring: Keyring) -> None:
    found = await asyncio.gather(*(keyring.find(f"wrong {number}") for number in range(100)))

    assert set(found) == {None}
    assert store.reads <= 2


async def test_a_key_that_is_gone_does_not_open(store: Store, keyring: Keyring) -> None:
    store.put("one", "two")
    await keyring.refresh()
    store.put("two")
    await keyring.refresh()

    assert await keyring.find("one") is None
    assert await keyring.find("two") == store.keys[0]


async def test_while_the_store_is_away_what_was_known_stays(
    store: Store, keyring: Keyring, caplog: pytest.LogCaptureFixture
) -> None:
    store.put("one")
    await keyring.refresh()
    store.is_away = True
    for _ in range(3):
        await keyring.refresh()

    assert await keyring.find("one") is not None
    assert not keyring.is_open
    assert len(caplog.records) == 1


async def test_what_was_never_read_is_not_taken_for_no_key(store: Store, keyring: Keyring) -> None:
    store.is_away = True
    await keyring.refresh()
    assert (keyring.is_open, keyring.is_in_the_dark) == (False, True)

    store.is_away = False
    await keyring.refresh()
    assert (keyring.is_open, keyring.is_in_the_dark) == (True, False)

    store.is_away = True
    await keyring.refresh()
    assert (keyring.is_open, keyring.is_in_the_dark) == (True, False)


async def test_who_knew_that_there_was_no_key_goes_on(store: Store) -> None:
    clock = Sleeper()
    store.is_away = True
    known = Lack(opens=True, was_seen=True)
    keyring = Keyring(read=store, lack=known, monotonic_s=clock, sleep=clock.sleep)
    await keyring.refresh()
    assert (keyring.is_open, keyring.is_in_the_dark) == (True, False)


async def test_beyond_loopback_the_lack_of_keys_opens_to_nobody(store: Store) -> None:
    clock = Sleeper()
    known = Lack(opens=False, was_seen=True)
    keyring = Keyring(read=store, lack=known, monotonic_s=clock, sleep=clock.sleep)
    store.is_away = True
    await keyring.refresh()
    assert (keyring.is_open, keyring.is_in_the_dark) == (False, True)

    store.is_away = False
    await keyring.refresh()
    assert (keyring.is_open, keyring.is_in_the_dark) == (False, False)


async def test_a_key_revoked_while_the_store_could_not_be_read_is_gone_after_that(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    naps, clock = Naps(), Clock()
    keyring = Keyring(read=store, monotonic_s=clock, sleep=naps)
    store.put("one", "two")
    await keyring.refresh()
    store.unreadable = (2, 3)
    watching = asyncio.create_task(keyring.watch())
    store.put("two")
    for naps_before in (1, 2, 3):
        await until(partial(slept, naps, naps_before))
        naps.wake()
    await until(partial(slept, naps, 4))
    watching.cancel()
    clock.now_s += 1

    assert await keyring.find("one") is None
    (record,) = caplog.records
    assert "'year' is not a valid Window" in record.getMessage()


def slept(naps: Naps, times: int) -> bool:
    return len(naps.asked_s) == times

"""The keys that are valid at this moment: those of the configuration, and those in the store.

The store is read every two seconds, and at once when somebody presents an unknown key: so a new key
works at its first use, and a revoked one stops working within two seconds, in every process. While
the store is unreachable, the keys known so far stay valid. If none are known yet, nobody is let in: that
no key exists is known only from reading the store.
"""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

from msgspec import Struct

from router.domain.errors import FarthingError
from router.domain.key import VirtualKey, digest_of

_LOG = logging.getLogger(__name__)
_EVERY_S = 2.0
_AT_ONCE_AFTER_S = 0.1
"""An unknown key causes a read of the store, but no sooner than this after the last one."""


class Stored(Struct, frozen=True):
    """What the store holds: the keys that are not revoked, and whether there ever was one."""

    keys: tuple[VirtualKey, ...] = ()
    were_any: bool = False


ReadStore = Callable[[], Awaitable[Stored]]


class StoreAway(FarthingError):
    """The store of keys is unreachable."""


async def nothing_stored() -> Stored:
    """For a keyring without a store."""
    return Stored()


class Lack(Struct, frozen=True):
    """What having no key means: whether it `opens` Farthing to all, and whether it `was_seen` by an earlier process."""

    opens: bool
    was_seen: bool = False


ON_LOOPBACK = Lack(opens=True)
"""Everybody on this machine may come in, once it is known that there is no key."""


class Keyring:
    """All keys by the SHA-256 of their secrets. `guests` are admitted too, but do not make keys mandatory.

    `lack` says what it means if there is no key.
    """

    def __init__(
        self,
        fixed: Sequence[VirtualKey] = (),
        *,
        guests: Sequence[VirtualKey] = (),
        read: ReadStore = nothing_stored,
        lack: Lack = ON_LOOPBACK,
        monotonic_s: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._fixed = tuple(fixed)
        self._guests = tuple(guests)
        self._read = read
        self._monotonic_s = monotonic_s
        self._sleep = sleep
        self._reading = asyncio.Lock()
        self._stored = Stored()
        self._known = self._by_digest()
        self._asked_at_s = float("-inf")
        self._is_well = True
        self._lack = lack
        self._has_read = False

    @property
    def is_open(self) -> bool:
        """Whether everybody may come in, because there has never been a key."""
        if self._fixed or self._stored.were_any:
            return False
        return self._lack.opens and not self.is_in_the_dark

    @property
    def is_in_the_dark(self) -> bool:
        """Whether it is unknown which keys exist, because the store could not be read even once."""
        if self._is_well or self._has_read:
            return False
        return not (self._lack.opens and self._lack.was_seen)

    def known(self, secret: str) -> VirtualKey | None:
        """The key with this secret among those that were read; the store is not asked."""
        digest = digest_of(secret)
        # The lookup's timing depends on the hash of what was presented, which says nothing about
        # any other secret; the comparison after it takes constant time.
        key = self._known.get(digest)
        return key if key is not None and hmac.compare_digest(key.digest, digest) else None

    async def find(self, secret: str) -> VirtualKey | None:
        """The key with this secret, None if there is none."""
        if (key := self.known(secret)) is not None:
            return key
        arrived_s = self._monotonic_s()
        async with self._reading:
            # A read serves everybody who came before it began.
            if self._asked_at_s <= arrived_s:
                await self._sleep(max(0.0, self._asked_at_s + _AT_ONCE_AFTER_S - arrived_s))
                await self._refresh()
        return self.known(secret)

    async def refresh(self) -> None:
        """Read the store again. One read at a time, so that an older result never replaces a newer one."""
        async with self._reading:
            await self._refresh()

    async def _refresh(self) -> None:
        began_s = self._monotonic_s()
        try:
            stored = await self._read()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next read may go well
            if self._is_well:
                why = error if isinstance(error, StoreAway) else f"keys cannot be read: {error!r}"
                _LOG.warning("%s; the keys read last stay in force", why)
            self._asked_at_s, self._is_well = began_s, False
            return
        self._asked_at_s = began_s  # not before, since whoever reads for all may leave
        self._is_well = self._has_read = True
        if stored is not self._stored:
            self._stored = stored
            self._known = self._by_digest()

    async def watch(self) -> None:
        """Read the store again and again, until cancelled."""
        while True:
            await self._sleep(_EVERY_S)
            await self.refresh()

    def _by_digest(self) -> Mapping[bytes, VirtualKey]:
        return {key.digest: key for key in (*self._stored.keys, *self._guests, *self._fixed)}

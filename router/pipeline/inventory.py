"""What operators ask of the cache: how much is in it, what is stored for a request, and to purge it."""

from collections import Counter
from collections.abc import AsyncIterator

from msgspec import Struct, field

from router.ports import Cache, CacheEntry
from router.wire.cached import StoredAnswer, unpack


class Selection(Struct, frozen=True):
    """Which stored answers are meant: those that match every field which is not empty.

    `id` is the id of the request that was answered (`x-request-id`), or the beginning of the digest
    under which it is stored. `key` and `tag` are those of the request that paid for it.
    """

    id: str = ""
    key: str = ""
    tag: str = ""
    model: str = ""

    @property
    def is_everything(self) -> bool:
        """Whether all stored answers are meant."""
        return not (self.id or self.key or self.tag or self.model)

    def holds(self, digest: str, answer: StoredAnswer) -> bool:
        """Whether this one is meant."""
        origin = answer.origin
        return (
            (not self.id or origin.request_id == self.id or digest.startswith(self.id))
            and (not self.key or origin.key == self.key)
            and (not self.tag or self.tag in origin.tags)
            and (not self.model or origin.writer.model_id == self.model)
        )


class CacheInventory(Struct):
    """How much is stored. `damaged` entries are of another format, or were changed from outside."""

    answers: int = 0
    bytes: int = 0
    damaged: int = 0
    oldest_s: float | None = None
    newest_s: float | None = None
    requests: set[str] = field(default_factory=set)
    by_model: Counter[str] = field(default_factory=Counter)
    by_key: Counter[str] = field(default_factory=Counter)

    def count(self, entry: CacheEntry, answer: StoredAnswer | None) -> None:
        """Take in one entry."""
        self.bytes += len(entry.value)
        if answer is None:
            self.damaged += 1
            return
        origin = answer.origin
        self.answers += 1
        self.requests.add(entry.key)
        self.by_model[origin.writer.model_id] += 1
        self.by_key[origin.key] += 1
        self.oldest_s = min(origin.at_s, self.oldest_s or origin.at_s)
        self.newest_s = max(origin.at_s, self.newest_s or origin.at_s)


async def inventory_of(cache: Cache) -> CacheInventory:
    """How much is stored; reads all of it."""
    inventory = CacheInventory()
    async for entry in cache.entries():
        inventory.count(entry, unpack(entry.value))
    return inventory


async def selected(
    cache: Cache, selection: Selection
) -> AsyncIterator[tuple[CacheEntry, StoredAnswer | None]]:
    """The stored answers that are meant. Damaged ones are meant only where everything is."""
    async for entry in cache.entries():
        answer = unpack(entry.value)
        if selection.is_everything or (answer and selection.holds(entry.key, answer)):
            yield entry, answer


async def purge(cache: Cache, selection: Selection) -> int:
    """Forget the stored answers that are meant; returns their number."""
    count = 0
    async for entry, _ in selected(cache, selection):
        await cache.drop(entry.key, entry.writer)
        count += 1
    return count

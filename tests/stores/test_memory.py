"""The cache of a single process: bounded, forgetful of the least used, strict about time."""

from collections.abc import Coroutine

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from router.stores.memory.cache import MemoryCache, NoCache
from router.stores.memory.ledger import MemoryLedger
from tests.stores.entries import entry


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def cache(max_bytes: int, clock: Clock | None = None) -> MemoryCache:
    return MemoryCache(max_bytes=max_bytes, monotonic_s=clock or Clock())


async def test_what_is_put_is_got() -> None:
    shelf = cache(100)
    await shelf.put("a", b"1", 60)

    assert await shelf.get("a") == b"1"
    assert await shelf.get("b") is None


async def test_an_answer_is_gone_when_its_time_is_up() -> None:
    clock = Clock()
    shelf = cache(100, clock)
    await shelf.put("a", b"1", 60)

    clock.now_s += 59.9
    assert await shelf.get("a") == b"1"
    clock.now_s += 0.1
    assert await shelf.get("a") is None


async def test_the_least_recently_used_leaves_first() -> None:
    shelf = cache(3)
    for key in "abc":
        await shelf.put(key, b"1", 60)
    await shelf.get("a")
    await shelf.put("d", b"1", 60)

    assert [await shelf.get(key) for key in "abcd"] == [b"1", None, b"1", b"1"]


async def test_what_is_larger_than_the_cache_is_not_kept_and_drives_nobody_out() -> None:
    shelf = cache(3)
    await shelf.put("a", b"123", 60)
    await shelf.put("b", b"1234", 60)

    assert await shelf.get("a") == b"123"
    assert await shelf.get("b") is None


async def test_a_new_value_takes_the_place_of_the_old_one() -> None:
    shelf = cache(3)
    await shelf.put("a", b"12", 60)
    await shelf.put("a", b"345", 60)
    await shelf.put("b", b"", 60)

    assert await shelf.get("a") == b"345"
    await shelf.put("a", b"too large", 60)
    assert await shelf.get("a") is None


class AnyUse(RuleBasedStateMachine):
    """Whatever is done with it, it holds what a plain list of the last uses says it should."""

    KEYS = st.sampled_from("abcd")
    MOST = 10

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.shelf = cache(self.MOST, self.clock)
        self.expected: dict[str, tuple[float, bytes]] = {}

    @rule(key=KEYS, value=st.binary(max_size=12), ttl_s=st.integers(0, 5))
    def put(self, key: str, value: bytes, ttl_s: int) -> None:
        done(self.shelf.put(key, value, ttl_s))
        self.expected.pop(key, None)
        if len(value) <= self.MOST:
            self.expected[key] = (self.clock.now_s + ttl_s, value)
        while sum(len(value) for _, value in self.expected.values()) > self.MOST:
            del self.expected[next(iter(self.expected))]

    @rule(key=KEYS)
    def get(self, key: str) -> None:
        expires_s, value = self.expected.pop(key, (0.0, b""))
        alive = expires_s > self.clock.now_s
        if alive:
            self.expected[key] = (expires_s, value)
        assert done(self.shelf.get(key)) == (value if alive else None)

    @rule(passed_s=st.floats(0, 3))
    def wait(self, passed_s: float) -> None:
        self.clock.now_s += passed_s


TestAnyUse = AnyUse.TestCase
TestAnyUse.settings = settings(max_examples=30, stateful_step_count=30)


def done(coroutine: Coroutine[None, None, bytes | None]) -> bytes | None:
    """The result of a coroutine that awaits nothing."""
    try:
        coroutine.send(None)
    except StopIteration as finished:
        value: bytes | None = finished.value
        return value
    raise AssertionError("it waits for something")


async def test_no_cache_keeps_nothing() -> None:
    nothing = NoCache()
    await nothing.put("a", b"1", 60)

    assert await nothing.get("a") is None
    await nothing.close()


async def test_a_ledger_in_memory_can_be_read() -> None:
    ledger = MemoryLedger()
    await ledger.post([entry("r1"), entry("r2")])

    assert ledger.entries == [entry("r1"), entry("r2")]

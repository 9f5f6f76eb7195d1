"""The cache of a single process: bounded, forgetful of the least used, strict about time."""

import gc
import tracemalloc
from collections.abc import Coroutine, Mapping

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from router.stores.memory.cache import OVERHEAD_BYTES, MemoryCache, NoCache
from router.stores.memory.ledger import MemoryLedger
from tests.clock import Clock
from tests.stores.entries import entry

W = "m"
_EACH = OVERHEAD_BYTES + len("a") + len(W)
"""What an answer without a byte takes."""


def cache(entries: int, of_bytes: int, clock: Clock | None = None) -> MemoryCache:
    """Room for this many answers of this many bytes."""
    return MemoryCache(max_bytes=entries * (of_bytes + _EACH), monotonic_s=clock or Clock())


async def test_the_least_recently_used_leaves_first() -> None:
    store = cache(3, 1)
    for key in "abc":
        await store.put(key, W, b"1", 60)
    await store.answers("a")
    await store.put("d", W, b"1", 60)

    assert [bool(await store.answers(key)) for key in "abcd"] == [True, False, True, True]


async def test_answers_of_all_writers_are_counted() -> None:
    store = cache(3, 1)
    for writer in "xyz":
        await store.put("a", writer, b"1", 60)
    await store.put("b", "x", b"1", 60)

    assert await store.answers("a") == {"y": b"1", "z": b"1"}
    assert await store.answers("b") == {"x": b"1"}


async def test_what_is_larger_than_the_cache_is_not_kept_and_drives_nobody_out() -> None:
    store = cache(1, 3)
    await store.put("a", W, b"123", 60)
    await store.put("b", W, b"1234", 60)

    assert await store.answers("a") == {W: b"123"}
    assert await store.answers("b") == {}


async def test_a_new_value_takes_the_place_of_the_old_one_even_where_it_is_too_large() -> None:
    store = cache(1, 3)
    await store.put("a", W, b"12", 60)
    await store.put("a", W, b"345", 60)

    assert await store.answers("a") == {W: b"345"}
    await store.put("a", W, b"too large", 60)
    assert await store.answers("a") == {}


async def test_the_bytes_that_it_counts_are_the_bytes_that_it_takes() -> None:
    answers, most = 5000, 10**9
    store = MemoryCache(max_bytes=most, monotonic_s=Clock())
    gc.collect()
    tracemalloc.start()
    for number in range(answers):
        await store.put(f"{number:064x}", f"model-{number}", bytes(1000), 60)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    counted = answers * (64 + len("model-1234") + 1000 + OVERHEAD_BYTES)
    assert 0.85 < taken / counted < 1.1


class AnyUse(RuleBasedStateMachine):
    """Whatever is done with it, it holds what a plain list of the last uses says it should."""

    KEYS = st.sampled_from("abcd")
    WRITERS = st.sampled_from("xyz")
    MOST = 3 * (4 + _EACH)

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.store = cache(3, 4, self.clock)
        self.expected: dict[tuple[str, str], tuple[float, bytes]] = {}

    @rule(key=KEYS, writer=WRITERS, value=st.binary(max_size=20), ttl_s=st.integers(0, 5))
    def put(self, key: str, writer: str, value: bytes, ttl_s: int) -> None:
        done(self.store.put(key, writer, value, ttl_s))
        self.expected.pop((key, writer), None)
        self.expected[key, writer] = (self.clock.now_s + ttl_s, value)
        while sum(len(value) + _EACH for _, value in self.expected.values()) > self.MOST:
            del self.expected[next(iter(self.expected))]

    @rule(key=KEYS, writer=WRITERS)
    def drop(self, key: str, writer: str) -> None:
        done(self.store.drop(key, writer))
        self.expected.pop((key, writer), None)

    @rule(key=KEYS)
    def ask(self, key: str) -> None:
        alive = {}
        for writer in "xyz":
            expires_s, value = self.expected.pop((key, writer), (0.0, b""))
            if expires_s > self.clock.now_s:
                self.expected[key, writer] = (expires_s, value)
                alive[writer] = value
        assert done(self.store.answers(key)) == alive

    @rule(passed_s=st.floats(0, 3))
    def wait(self, passed_s: float) -> None:
        self.clock.now_s += passed_s


TestAnyUse = AnyUse.TestCase
TestAnyUse.settings = settings(max_examples=30, stateful_step_count=30)


def done(coroutine: Coroutine[None, None, Mapping[str, bytes] | None]) -> object:
    """The result of a coroutine that awaits nothing."""
    try:
        coroutine.send(None)
    except StopIteration as finished:
        return finished.value
    raise AssertionError("it waits for something")


async def test_no_cache_keeps_nothing() -> None:
    nothing = NoCache()
    await nothing.put("a", W, b"1", 60)
    await nothing.drop("a", W)

    assert await nothing.answers("a") == {}
    assert [each async for each in nothing.entries()] == []


async def test_a_ledger_in_memory_can_be_read() -> None:
    ledger = MemoryLedger()
    await ledger.post([entry("r1"), entry("r2")])

    assert ledger.entries == [entry("r1"), entry("r2")]

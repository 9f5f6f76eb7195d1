"""Budgets are walls, in this process and in Redis: what both kinds of purse keep to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from router.domain.budget import EVERYTHING, Balance, Budget, RateLimit, Scope, ScopeKind, Window
from router.domain.money import ZERO, Money
from router.ports import Exceeded, Meter, Purse, Reservation
from router.stores.memory.meter import MemoryMeter
from router.stores.memory.purse import MemoryPurse
from router.stores.redis.link import RedisLink
from router.stores.redis.meter import RedisMeter
from router.stores.redis.purse import RedisPurse
from tests.servers import RedisServer
from tests.stores.waiting import until

NOON_S = 1_790_000_000.0
DAY_S = 86_400
DOLLAR = Money.from_usd(1)
CENT = Money.from_usd("0.01")
WHOLE = Budget(EVERYTHING, DOLLAR, Window.DAY)
OWN = Budget(Scope(ScopeKind.KEY, "search"), Money.from_usd(5), Window.MONTH, "Europe/Berlin")


class Clock:
    """Unix and monotonic time in one, moved by hand."""

    def __init__(self) -> None:
        self.now_s = NOON_S

    def __call__(self) -> float:
        return self.now_s


class Books:
    """What a ledger says was spent; it can be slow, and counts how often it is asked."""

    def __init__(self) -> None:
        self.spent: dict[Scope, Money] = {}
        self.asked = 0
        self.slow: asyncio.Event | None = None

    async def __call__(self, scope: Scope, _since_s: float) -> Money:
        self.asked += 1
        if self.slow is not None:
            await self.slow.wait()
        return self.spent.get(scope, ZERO)


Make = Callable[[], Awaitable[Purse]]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture(params=["memory", "redis"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@asynccontextmanager
async def linked(url: str) -> AsyncIterator[RedisLink]:
    loop = asyncio.get_running_loop()
    link = RedisLink(url, timeout_s=2.0, monotonic_s=loop.time, pause_s=0.05)
    try:
        yield link
    finally:
        await link.close()


@pytest_asyncio.fixture
async def purse(
    kind: str, redis_server: RedisServer, clock: Clock, books: Books
) -> AsyncIterator[Purse]:
    if kind == "memory":
        yield MemoryPurse(clock, books)
        return
    async with linked(redis_server.url) as link:
        await link.client.flushall()
        made = RedisPurse(link, clock, books)
        yield made
        await made.close()


async def settled(purse: Purse, reservation: Reservation, cost: Money) -> None:
    purse.settle(reservation, cost)
    await purse.close()


async def taken(purse: Purse, amount: Money, *budgets: Budget) -> Reservation:
    answer = await purse.reserve(budgets or (WHOLE,), amount)
    assert isinstance(answer, Reservation), answer
    return answer


async def test_what_is_set_aside_is_gone_until_it_is_settled(purse: Purse) -> None:
    held = await taken(purse, CENT * 60)
    refused = await purse.reserve([WHOLE], CENT * 41)

    assert isinstance(refused, Balance)
    assert (refused.budget, refused.left) == (WHOLE, CENT * 40)
    await settled(purse, held, CENT * 7)
    (balance,) = await purse.look([WHOLE])
    assert (balance.spent, balance.reserved, balance.left) == (CENT * 7, ZERO, CENT * 93)


async def test_all_budgets_are_drawn_on_or_none(purse: Purse) -> None:
    held = await taken(purse, CENT * 90, WHOLE, OWN)
    refused = await purse.reserve([OWN, WHOLE], CENT * 20)

    assert isinstance(refused, Balance)
    assert refused.budget == WHOLE
    own, whole = await purse.look([OWN, WHOLE])
    assert (own.reserved, whole.reserved) == (CENT * 90, CENT * 90)
    await settled(purse, held, ZERO)


async def test_two_hundred_at_once_against_a_dollar_take_no_more_than_a_dollar(
    purse: Purse,
) -> None:
    answers = await asyncio.gather(*(purse.reserve([WHOLE, OWN], CENT * 3) for _ in range(200)))
    held = [answer for answer in answers if isinstance(answer, Reservation)]

    assert len(held) == 33
    assert all(a.left < CENT * 3 for a in answers if isinstance(a, Balance))
    for each in held:
        purse.settle(each, CENT)
    await purse.close()
    (balance,) = await purse.look([WHOLE])
    assert (balance.spent, balance.reserved) == (CENT * 33, ZERO)


async def test_what_was_spent_before_is_asked_of_the_ledger_once(
    purse: Purse, books: Books
) -> None:
    books.spent[EVERYTHING] = CENT * 95
    books.slow = asyncio.Event()
    waiting = [asyncio.create_task(purse.reserve([WHOLE], CENT * 3)) for _ in range(20)]
    await asyncio.sleep(0)
    books.slow.set()
    answers = await asyncio.gather(*waiting)

    assert sum(isinstance(answer, Reservation) for answer in answers) == 1
    (balance,) = await purse.look([WHOLE])
    assert (balance.spent, balance.reserved) == (CENT * 95, CENT * 3)


async def test_a_new_period_begins_with_all_of_it(purse: Purse, clock: Clock) -> None:
    late = await taken(purse, CENT * 80)
    clock.now_s += DAY_S
    await taken(purse, DOLLAR)
    await settled(purse, late, CENT * 50)

    (balance,) = await purse.look([WHOLE])
    assert (balance.spent, balance.reserved) == (ZERO, DOLLAR)


async def test_more_than_was_set_aside_is_spent_all_the_same(purse: Purse) -> None:
    await settled(purse, await taken(purse, CENT), DOLLAR * 2)

    (balance,) = await purse.look([WHOLE])
    assert (balance.spent, balance.left, balance.share_left) == (DOLLAR * 2, ZERO, 0.0)


async def test_balances_are_of_what_was_drawn_on(purse: Purse) -> None:
    assert tuple(await purse.balances()) == ()
    await taken(purse, CENT, OWN)

    assert [balance.budget for balance in await purse.balances()] == [OWN]


# ---------------------------------------------------------------------------- Redis alone


async def test_two_processes_share_one_wall(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    async with linked(redis_server.url) as one, linked(redis_server.url) as other:
        await one.client.flushall()
        purses = [RedisPurse(link, clock, books) for link in (one, other)]
        answers = await asyncio.gather(
            *(purses[number % 2].reserve([WHOLE], CENT * 3) for number in range(200))
        )

        assert sum(isinstance(answer, Reservation) for answer in answers) == 33


async def test_what_a_dead_process_held_counts_as_spent_after_a_while(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    forever = Budget(EVERYTHING, DOLLAR, Window.LIFETIME)
    async with linked(redis_server.url) as link:
        await link.client.flushall()
        held = await RedisPurse(link, clock, books).reserve([forever], CENT * 70)
        assert isinstance(held, Reservation)
        clock.now_s += 3600
        survivor = RedisPurse(link, clock, books)
        (balance,) = await survivor.look([forever])
        survivor.settle(held, CENT)  # too late
        await survivor.close()

        assert (balance.spent, balance.reserved) == (CENT * 70, ZERO)
        assert (await survivor.look([forever]))[0].spent == CENT * 70


async def test_without_redis_the_wall_stands_in_each_process(clock: Clock, books: Books) -> None:
    books.spent[EVERYTHING] = CENT * 40
    with RedisServer() as server:
        async with linked(server.url) as link:
            purse = RedisPurse(link, clock, books)
            await taken(purse, CENT * 10)
            server.kill()
            held = await taken(purse, CENT * 50)
            refused = await purse.reserve([WHOLE], CENT * 20)

            assert isinstance(refused, Balance)
            assert refused.left == CENT * 10
            await settled(purse, held, CENT * 30)
            books.spent[EVERYTHING] = CENT * 70  # the ledger has the row
            server.restart()
            await until(lambda: link.is_up)
            (balance,) = await purse.look([WHOLE])
            assert balance.spent == CENT * 70


# ---------------------------------------------------------------------------- limits per minute


@pytest_asyncio.fixture
async def meter(kind: str, redis_server: RedisServer, clock: Clock) -> AsyncIterator[Meter]:
    if kind == "memory":
        yield MemoryMeter(clock)
        return
    async with linked(redis_server.url) as link:
        await link.client.flushall()
        yield RedisMeter(link, clock)


async def test_a_limit_of_requests_lets_so_many_through(meter: Meter) -> None:
    limit = RateLimit(EVERYTHING, requests_per_minute=5)
    answers = await asyncio.gather(*(meter.take([limit], 10) for _ in range(8)))
    reached = [answer for answer in answers if answer is not None]

    assert len(reached) == 3
    assert all(each.limit == limit and 0 < each.for_s <= 12.1 for each in reached)


async def test_a_limit_of_tokens_counts_tokens_and_the_first_that_is_reached_is_told(
    meter: Meter,
) -> None:
    requests = RateLimit(EVERYTHING, requests_per_minute=1000)
    tokens = RateLimit(Scope(ScopeKind.KEY, "k"), tokens_per_minute=600)

    assert await meter.take([requests, tokens], 500) is None
    reached = await meter.take([requests, tokens], 500)
    assert isinstance(reached, Exceeded)
    assert reached.limit == tokens
    assert reached.for_s == pytest.approx(40, abs=1)
    assert await meter.take([requests], 500) is None


async def test_what_is_larger_than_a_limit_waits_for_all_of_it(meter: Meter) -> None:
    limit = RateLimit(EVERYTHING, tokens_per_minute=100)

    assert await meter.take([limit], 1000) is None
    assert await meter.take([limit], 1) is not None

"""Budgets in a Redis that several processes share, and that dies."""

import asyncio

from router.domain.budget import EVERYTHING, Balance, Budget, BudgetWindow, Scope, ScopeKind
from router.domain.money import ZERO, Money
from router.ports import Reservation
from router.stores.memory.budget_store import ASK_AGAIN_S
from router.stores.redis.budget_store import RedisBudgetStore
from tests.servers import RedisServer
from tests.stores.conformance.budgets import CENT, DOLLAR, WHOLE, settled, taken
from tests.stores.conformance.kinds import Books, Clock
from tests.stores.links import HeldUp, left_while_held_up, linked, pass_time
from tests.stores.redis_budget_stores import emptied, flushed, mortal
from tests.stores.waiting import until


async def test_two_processes_share_one_wall(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    async with linked(redis_server.url) as one, linked(redis_server.url) as other:
        await one.client.flushall()
        budget_stores = [RedisBudgetStore(link, clock, books) for link in (one, other)]
        answers = await asyncio.gather(
            *(budget_stores[number % 2].reserve([WHOLE], CENT * 3) for number in range(200))
        )

        assert sum(isinstance(answer, Reservation) for answer in answers) == 33


async def test_what_a_dead_process_held_counts_as_spent_after_a_while(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    forever = Budget(EVERYTHING, DOLLAR, BudgetWindow.LIFETIME)
    async with flushed(redis_server) as link:
        held = await RedisBudgetStore(link, clock, books).reserve([forever], CENT * 70)
        assert isinstance(held, Reservation)
        await pass_time(link, clock, 3600)
        survivor = RedisBudgetStore(link, clock, books)
        (balance,) = await survivor.look([forever])
        survivor.settle(held, CENT)  # too late
        await survivor.close()

        assert (balance.spent, balance.reserved) == (CENT * 70, ZERO)
        assert (await survivor.look([forever]))[0].spent == CENT * 70


async def test_what_a_process_holds_whose_clock_is_slow_does_not_lapse_for_the_others(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    slow_clock = Clock()
    slow_clock.now_s = clock.now_s - 3600
    async with flushed(redis_server) as link:
        slow, other = (
            RedisBudgetStore(link, slow_clock, books),
            RedisBudgetStore(link, clock, books),
        )
        held = await taken(slow, CENT * 70)
        (during,) = await other.look([WHOLE])
        await settled(slow, held, CENT)

        assert (during.spent, during.reserved) == (ZERO, CENT * 70)
        assert await left(RedisBudgetStore(link, clock, books)) == CENT * 99


async def test_a_dead_process_may_have_held_nothing(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    forever = Budget(EVERYTHING, DOLLAR, BudgetWindow.LIFETIME)
    async with flushed(redis_server) as link:
        dead = RedisBudgetStore(link, clock, books)
        for amount in (ZERO, CENT * 70):
            await taken(dead, amount, forever)
        await pass_time(link, clock, 3600)
        (balance,) = await RedisBudgetStore(link, clock, books).look([forever])

    assert (balance.spent, balance.reserved) == (CENT * 70, ZERO)


async def test_a_call_that_is_passed_through_for_hours_is_paid_at_its_end(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    """Nothing was set aside for it, so nothing counted as spent when that lapsed."""
    async with flushed(redis_server) as link:
        budget_store = RedisBudgetStore(link, clock, books)
        held = await taken(budget_store, ZERO)
        await pass_time(link, clock, 7200)
        assert await left(budget_store) == DOLLAR
        await settled(budget_store, held, CENT * 7)

        assert await left(RedisBudgetStore(link, clock, books)) == CENT * 93


async def test_where_requests_may_take_an_hour_one_that_does_is_settled(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    forever = Budget(EVERYTHING, DOLLAR, BudgetWindow.LIFETIME)
    async with flushed(redis_server) as link:
        budget_store = RedisBudgetStore(link, clock, books, longest_s=3600)
        held = await taken(budget_store, CENT * 70, forever)
        await pass_time(link, clock, 3600)
        (during,) = await budget_store.look([forever])
        await settled(budget_store, held, CENT)
        (balance,) = await RedisBudgetStore(link, clock, books).look([forever])

    assert (during.spent, during.reserved) == (ZERO, CENT * 70)
    assert (balance.spent, balance.reserved) == (CENT, ZERO)


async def test_without_redis_the_wall_stands_in_each_process(clock: Clock, books: Books) -> None:
    books.spent[EVERYTHING] = CENT * 40
    async with mortal(clock, books) as (server, link, budget_store):
        await taken(budget_store, CENT * 10)
        server.kill()
        held = await taken(budget_store, CENT * 50)
        refused = await budget_store.reserve([WHOLE], CENT * 20)

        assert isinstance(refused, Balance)
        assert refused.left == CENT * 10
        await settled(budget_store, held, CENT * 30)
        books.spent[EVERYTHING] = CENT * 70  # the ledger has the row
        server.restart()
        await until(lambda: link.is_up)
        (balance,) = await budget_store.look([WHOLE])
        assert balance.spent == CENT * 70


async def test_of_any_number_of_tags_the_last_are_known_and_told_in_parts(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    async with flushed(redis_server) as link:
        budget_store = RedisBudgetStore(link, clock, books, most_known=250)
        budgets = [
            Budget(Scope(ScopeKind.TAG, f"t{n}"), DOLLAR, BudgetWindow.DAY) for n in range(300)
        ]
        for budget in budgets:
            assert isinstance(await budget_store.reserve([budget], CENT), Reservation)

        told = await budget_store.balances()
        assert [balance.budget for balance in told] == budgets[50:]
        assert {balance.reserved for balance in told} == {CENT}


async def test_a_balance_is_read_once_in_two_seconds_while_plenty_is_left(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    async with flushed(redis_server) as link:
        one, other = (RedisBudgetStore(link, clock, books) for _ in range(2))
        assert await left(one) == DOLLAR
        await taken(other, CENT * 10)

        clock.now_s += 1.9
        assert await left(one) == DOLLAR
        clock.now_s += 0.1
        assert await left(one) == CENT * 90
        assert [balance.left for balance in await one.balances()] == [CENT * 90]


async def test_near_its_end_a_budget_is_read_each_time(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    async with flushed(redis_server) as link:
        one, other = (RedisBudgetStore(link, clock, books) for _ in range(2))
        held = await taken(other, CENT * 76)
        assert await left(one) == CENT * 24
        await settled(other, held, CENT)

        assert await left(one) == CENT * 99


async def test_whoever_was_refused_reads_the_balance_again(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    async with flushed(redis_server) as link:
        one, other = (RedisBudgetStore(link, clock, books) for _ in range(2))
        assert await left(one) == DOLLAR
        await taken(other, CENT * 60)
        assert isinstance(await one.reserve([WHOLE], CENT * 50), Balance)

        assert await left(one) == CENT * 40


async def left(budget_store: RedisBudgetStore) -> Money:
    """What a request is told is left of the dollar."""
    (balance,) = await budget_store.look([WHOLE])
    return balance.left


async def test_each_time_that_redis_goes_what_was_spent_is_asked_of_the_ledger_anew(
    clock: Clock, books: Books
) -> None:
    """What was spent between two outages stands in Redis and in the ledger, and nowhere else."""
    async with mortal(clock, books) as (server, link, budget_store):
        books.spent[EVERYTHING] = CENT * 10
        server.kill()
        await settled(budget_store, await taken(budget_store, CENT), CENT)
        server.restart()
        await until(lambda: link.is_up)
        await settled(budget_store, await taken(budget_store, CENT * 80), CENT * 80)
        books.spent[EVERYTHING] = CENT * 91
        server.kill()
        refused = await budget_store.reserve([WHOLE], CENT * 20)

        assert isinstance(refused, Balance)
        assert refused.left == CENT * 9


async def test_until_the_ledger_has_told_what_was_spent_elsewhere_all_wait_for_it(
    clock: Clock, books: Books
) -> None:
    with RedisServer() as server:
        async with linked(server.url) as link:
            budget_store = RedisBudgetStore(link, clock, books)
            server.kill()
            await settled(budget_store, await taken(budget_store, CENT), CENT)
            server.restart()
            await until(lambda: link.is_up)
            await budget_store.look([WHOLE])
            books.spent[EVERYTHING] = CENT * 95  # by all processes, while Redis was there
            server.kill()
            books.slow, asked = asyncio.Event(), books.asked
            first = asyncio.create_task(budget_store.reserve([WHOLE], CENT * 10))
            await until(lambda: books.asked > asked)
            second = asyncio.create_task(budget_store.reserve([WHOLE], CENT * 10))
            await asyncio.wait([second], timeout=0.05)
            books.slow.set()

            answers = await asyncio.gather(first, second)
            assert all(isinstance(answer, Balance) for answer in answers)


async def test_a_ledger_that_is_back_is_not_believed_before_it_has_what_other_machines_have_spent(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    """Their rows are in their outboxes still, and so in no ledger that this process can ask."""
    async with flushed(redis_server) as link:
        books.is_away = True
        budget_store, another = (RedisBudgetStore(link, clock, books) for _ in range(2))
        await settled(budget_store, await taken(budget_store, CENT * 5), CENT * 5)
        await settled(another, await taken(another, CENT * 20), CENT * 20)
        books.is_away, books.spent[EVERYTHING] = False, CENT * 5
        for _ in range(2):
            clock.now_s += ASK_AGAIN_S
            await budget_store.look([WHOLE])
            await budget_store.close()

        assert await left(RedisBudgetStore(link, clock, books)) == CENT * 75


async def test_a_ledger_that_was_away_is_asked_of_a_few_accounts_at_a_time(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    budgets = [
        Budget(Scope(ScopeKind.TAG, f"tag-{n}"), DOLLAR, BudgetWindow.DAY) for n in range(20)
    ]
    async with emptied(redis_server, clock, books) as (_, budget_store):
        books.is_away = True
        await budget_store.look(budgets)
        books.slow, asked = asyncio.Event(), books.asked
        clock.now_s += ASK_AGAIN_S
        for _ in range(3):
            await budget_store.look(budgets[:1])
            clock.now_s += 2  # until then the last balance is trusted
        assert books.asked == asked + 8
        books.slow.set()
        await budget_store.close()


async def test_what_redis_held_when_it_went_counts_as_soon_as_it_is_spent(
    clock: Clock, books: Books
) -> None:
    async with mortal(clock, books) as (server, _, budget_store):
        held = await taken(budget_store, CENT * 50)
        server.kill()
        assert (await budget_store.look([WHOLE]))[0].spent == ZERO
        await settled(budget_store, held, CENT * 40)
        assert (await budget_store.look([WHOLE]))[0].spent == CENT * 40


async def test_what_is_under_way_without_redis_stays_set_aside_when_the_ledger_is_asked_anew(
    clock: Clock, books: Books
) -> None:
    async with mortal(clock, books) as (server, link, budget_store):
        server.kill()
        held = await taken(budget_store, CENT * 50)
        server.restart()
        await until(lambda: link.is_up)
        await budget_store.look([WHOLE])
        server.kill()
        clock.now_s += 2  # until then the last balance is trusted
        assert (await budget_store.look([WHOLE]))[0].reserved == CENT * 50
        await settled(budget_store, held, CENT * 30)
        (balance,) = await budget_store.look([WHOLE])
        assert (balance.spent, balance.reserved) == (CENT * 30, ZERO)


async def test_what_was_spent_while_redis_was_silent_is_not_held_any_more_when_it_is_back(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    """It could not be told. Else the hold would lapse, and count as spent, beside what the ledger says."""
    async with emptied(redis_server, clock, books, timeout_s=0.2) as (link, budget_store):
        held = await taken(budget_store, CENT * 50)
        under_way = await taken(budget_store, CENT * 20)
        redis_server.pause()
        try:
            await budget_store.look([WHOLE])
            assert not link.is_up
            await settled(budget_store, held, CENT)
        finally:
            redis_server.resume()
        books.spent[EVERYTHING] = CENT
        await until(lambda: link.is_up)
        (balance,) = await budget_store.look([WHOLE])
        assert (balance.spent, balance.reserved) == (CENT, CENT * 20)
        await settled(budget_store, under_way, CENT * 2)
        await pass_time(link, clock, 3600)
        (balance,) = await budget_store.look([WHOLE])
        assert (balance.spent, balance.reserved) == (CENT * 3, ZERO)


async def test_who_leaves_while_money_is_being_set_aside_leaves_none_held(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    link = HeldUp(redis_server.url)
    await link.client.flushall()
    budget_store = RedisBudgetStore(link, clock, books)
    await settled(budget_store, await taken(budget_store, CENT), CENT)  # the scripts are known
    link.hold_up()
    await left_while_held_up(link, asyncio.create_task(budget_store.reserve([WHOLE], CENT * 50)))
    await budget_store.close()
    (balance,) = await budget_store.balances()
    await link.close()

    assert (balance.spent, balance.reserved) == (CENT, ZERO)


async def test_what_redis_held_for_who_has_left_is_free_when_it_is_back(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    """It was late with its answer, and the ledger is slow to say what was spent."""
    async with emptied(redis_server, clock, books, timeout_s=0.2) as (link, budget_store):
        await settled(budget_store, await taken(budget_store, CENT), CENT)
        books.spent[EVERYTHING] = CENT
        books.slow = asyncio.Event()
        redis_server.pause()
        asking = asyncio.create_task(budget_store.reserve([WHOLE], CENT * 50))
        await until(lambda: books.asked == 2)
        redis_server.resume()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        books.slow.set()
        await until(lambda: link.is_up)
        (balance,) = await budget_store.look([WHOLE])

    assert (balance.spent, balance.reserved) == (CENT, ZERO)


async def test_what_redis_has_to_be_told_is_not_forgotten_when_who_asked_leaves(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    async with emptied(redis_server, clock, books, timeout_s=0.2) as (link, budget_store):
        held = await taken(budget_store, CENT * 50)
        redis_server.pause()
        await budget_store.balances()
        await settled(budget_store, held, CENT)
        books.spent[EVERYTHING] = CENT
        redis_server.resume()
        await until(lambda: link.is_up)
        looking = asyncio.create_task(budget_store.look([WHOLE]))
        await asyncio.sleep(0)
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        (balance,) = await budget_store.balances()

    assert (balance.spent, balance.reserved) == (CENT, ZERO)

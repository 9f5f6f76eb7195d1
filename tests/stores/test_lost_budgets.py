"""What Redis loses of budgets while money is set aside, and what it does without anybody hearing of it."""

import asyncio
from collections.abc import Sequence

from router.domain.budget import EVERYTHING, Balance, Budget, Scope, ScopeKind
from router.domain.members import replace
from router.domain.money import ZERO
from router.stores.memory.budget_store import ASK_AGAIN_S
from router.stores.redis.budget_store import RedisBudgetStore
from router.stores.redis.link import RedisLink
from tests.servers import RedisServer
from tests.stores.conformance.budgets import CENT, OWN, WHOLE, settled, taken
from tests.stores.conformance.kinds import Books, Clock
from tests.stores.links import linked, pass_time
from tests.stores.redis_budget_stores import emptied, flushed, mortal
from tests.stores.waiting import until


async def forget_accounts(link: RedisLink) -> None:
    """Evict every account, but not what is set aside in it."""
    async for name in link.names("farthing:*"):
        if not name.endswith(":holds"):
            await link.client.delete(name)


async def balance_of(budget_store: RedisBudgetStore, clock: Clock) -> Balance:
    clock.now_s += 2  # until then the last balance is trusted
    (balance,) = await budget_store.look([WHOLE])
    return balance


async def test_what_is_settled_in_an_account_that_was_evicted_comes_on_top_of_what_the_ledger_says(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    async with emptied(redis_server, clock, books) as (link, budget_store):
        books.spent[EVERYTHING] = CENT * 30
        held, under_way = await taken(budget_store, CENT * 20), await taken(budget_store, CENT * 10)
        await forget_accounts(link)
        await settled(budget_store, held, CENT * 5)

        balance = await balance_of(budget_store, clock)
        assert balance.left == CENT * 55
        await settled(budget_store, under_way, CENT)
        assert (await balance_of(budget_store, clock)).left == CENT * 64


async def test_what_was_set_aside_when_redis_lost_everything_is_spent_all_the_same(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    async with emptied(redis_server, clock, books) as (link, budget_store):
        before, after = await taken(budget_store, CENT * 20), await taken(budget_store, CENT * 20)
        await link.client.flushall()
        await settled(budget_store, before, CENT * 5)  # nobody has opened the account again
        assert (await balance_of(budget_store, clock)).left == CENT * 95
        await settled(budget_store, after, CENT * 7)
        assert (await balance_of(budget_store, clock)).left == CENT * 88


async def test_what_an_attempt_cost_is_spent_though_its_account_was_lost_before_the_request_ended(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    async with emptied(redis_server, clock, books) as (link, budget_store):
        kept = budget_store.keep(await taken(budget_store, CENT * 20), CENT * 5)
        await budget_store.close()
        await forget_accounts(link)
        assert (await balance_of(budget_store, clock)).left == CENT * 95
        await link.client.flushall()
        assert (await balance_of(budget_store, clock)).left == CENT * 100
        await settled(budget_store, kept, CENT * 5)
        assert (await balance_of(budget_store, clock)).left == CENT * 95


async def test_a_cost_that_redis_was_not_told_to_keep_is_spent_once(
    clock: Clock, books: Books
) -> None:
    with RedisServer() as server:
        async with linked(server.url, timeout_s=0.2) as link:
            budget_store = RedisBudgetStore(link, clock, books)
            held = await taken(budget_store, CENT * 20)
            server.pause()
            kept = budget_store.keep(held, CENT * 5)
            await budget_store.close()
            server.resume()
            await until(lambda: link.is_up)
            assert (await balance_of(budget_store, clock)).reserved == ZERO
            await settled(budget_store, kept, CENT * 5)
            balance = await balance_of(budget_store, clock)
            assert (balance.spent, balance.reserved) == (CENT * 5, ZERO)


async def test_what_the_ledger_had_the_time_to_write_before_the_account_was_opened_counts_once(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    async with emptied(redis_server, clock, books) as (link, budget_store):
        held = await taken(budget_store, CENT * 20)
        await link.client.flushall()
        await settled(budget_store, held, CENT * 5)
        books.spent[EVERYTHING] = CENT * 5
        await pass_time(link, clock, 20)
        assert (await balance_of(budget_store, clock)).left == CENT * 95


async def test_what_the_ledger_had_when_the_account_was_opened_counts_twice_for_a_while_only(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    async with emptied(redis_server, clock, books) as (link, budget_store):
        held = await taken(budget_store, CENT * 20)
        await link.client.flushall()
        await settled(budget_store, held, CENT * 5)
        books.spent[EVERYTHING] = CENT * 5
        assert (await balance_of(budget_store, clock)).left == CENT * 90
        await pass_time(link, clock, 20)
        balance = await balance_of(budget_store, clock)
        assert (balance.spent, balance.reserved) == (CENT * 5, ZERO)


async def test_what_the_ledger_did_not_have_when_the_account_was_opened_is_read_from_it_later(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    async with emptied(redis_server, clock, books) as (link, budget_store):
        held = await taken(budget_store, CENT * 20)
        await link.client.flushall()
        await settled(budget_store, held, CENT * 5)
        assert (await balance_of(budget_store, clock)).left == CENT * 95
        books.spent[EVERYTHING] = CENT * 5
        for _ in range(2):
            await pass_time(link, clock, ASK_AGAIN_S)
            await balance_of(budget_store, clock)
            await budget_store.close()
        balance = await balance_of(budget_store, clock)
        assert (balance.spent, balance.reserved) == (CENT * 5, ZERO)


async def test_while_redis_is_full_what_is_spent_counts_once(clock: Clock, books: Books) -> None:
    async with mortal(clock, books) as (_, link, budget_store):
        await settled(budget_store, await taken(budget_store, CENT), CENT)
        await link.client.config_set("maxmemory", 1)
        held = await taken(budget_store, CENT * 20)
        await forget_accounts(link)
        await settled(budget_store, held, CENT * 4)
        await link.client.config_set("maxmemory", 0)
        books.spent[EVERYTHING] = CENT * 5
        assert (await balance_of(budget_store, clock)).left == CENT * 95


async def test_what_is_under_way_when_redis_comes_back_is_counted_there(
    clock: Clock, books: Books
) -> None:
    async with mortal(clock, books) as (server, link, budget_store):
        server.kill()
        held = await taken(budget_store, CENT * 50)
        server.restart()
        await until(lambda: link.is_up)
        assert (await balance_of(budget_store, clock)).spent == ZERO
        await settled(budget_store, held, CENT * 40)
        assert (await balance_of(budget_store, clock)).spent == CENT * 40


async def test_what_redis_set_aside_too_late_for_us_to_hear_is_free_when_the_request_has_ended(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    async with emptied(redis_server, clock, books, timeout_s=0.2) as (link, budget_store):
        await settled(budget_store, await taken(budget_store, CENT), ZERO)
        redis_server.pause()
        try:
            held = await taken(budget_store, CENT * 50)
        finally:
            redis_server.resume()
        await until(lambda: link.is_up)
        await settled(budget_store, held, CENT)
        books.spent[EVERYTHING] = CENT
        balance = await balance_of(budget_store, clock)
        assert (balance.spent, balance.reserved) == (CENT, ZERO)


async def test_what_a_client_did_not_wait_for_is_not_set_aside(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    async with emptied(redis_server, clock, books) as (_, budget_store):
        await taken(budget_store, CENT)
        redis_server.pause()
        try:
            asking = asyncio.create_task(budget_store.reserve([WHOLE], CENT * 50))
            await asyncio.sleep(0)  # it is sent with that
            asking.cancel()
            await asyncio.wait([asking])
        finally:
            redis_server.resume()
        await budget_store.close()
        assert (await balance_of(budget_store, clock)).reserved == CENT


async def test_what_a_dead_process_held_goes_with_its_account(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    async with emptied(redis_server, clock, books) as (link, budget_store):
        await taken(budget_store, CENT)
        for_s = {await link.client.ttl(name) async for name in link.names("farthing:*")}
        assert len(for_s) == 1
        assert for_s.pop() > 0


async def test_a_redis_that_came_back_with_older_accounts_is_told_what_the_ledger_says(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    """From a snapshot on its disk, or as a replica that has taken over."""
    async with emptied(redis_server, clock, books) as (link, budget_store):
        await settled(budget_store, await taken(budget_store, CENT * 10), CENT * 10)
        await balance_of(budget_store, clock)
        older = await snapshot(link)
        await settled(budget_store, await taken(budget_store, CENT * 20), CENT * 20)
        books.spent[EVERYTHING] = CENT * 30
        await balance_of(budget_store, clock)
        await restore(link, older)

        assert (await balance_of(budget_store, clock)).spent == CENT * 30


async def test_who_starts_with_a_redis_that_has_older_accounts_compares_them_with_the_ledger(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    async with flushed(redis_server) as link:
        before = RedisBudgetStore(link, clock, books)
        await settled(before, await taken(before, CENT * 10), CENT * 10)
        books.spent[EVERYTHING] = CENT * 30

        budget_store = RedisBudgetStore(link, clock, books)
        assert (
            await balance_of(budget_store, clock)
        ).spent == CENT * 10  # nobody waits for the ledger
        await budget_store.close()
        assert (await balance_of(budget_store, clock)).spent == CENT * 30


async def test_what_only_others_have_spent_is_compared_with_the_ledger_when_redis_comes_back_with_older_accounts(
    clock: Clock, books: Books
) -> None:
    with RedisServer() as server:
        async with linked(server.url) as link, linked(server.url) as another_link:
            budget_store, another = (
                RedisBudgetStore(each, clock, books) for each in (link, another_link)
            )
            await settled(budget_store, await taken(budget_store, CENT), CENT)
            books.spent[EVERYTHING] = CENT
            await balance_of(budget_store, clock)
            await settled(another, await taken(another, CENT * 10), CENT * 10)
            older = await snapshot(another_link)
            await settled(another, await taken(another, CENT * 20), CENT * 20)
            books.spent[EVERYTHING] = CENT * 31
            server.kill()
            await budget_store.look([OWN])
            server.restart()
            await until(lambda: link.is_up)
            await restore(link, older)

            await balance_of(budget_store, clock)
            await budget_store.close()
            assert (await balance_of(budget_store, clock)).spent == CENT * 31


async def test_when_redis_is_back_the_ledger_is_asked_of_a_few_accounts_and_later_of_the_others(
    clock: Clock, books: Books
) -> None:
    """There may be thousands, which neither the ledger nor a process that is to end must wait for."""
    budgets = [replace(OWN, scope=Scope(ScopeKind.TAG, f"tag-{number}")) for number in range(20)]
    with RedisServer() as server:
        async with linked(server.url, timeout_s=0.2) as link:
            budget_store, asked = RedisBudgetStore(link, clock, books), []
            await budget_store.look(budgets)
            server.pause()
            await budget_store.look([WHOLE])
            server.resume()
            await until(lambda: link.is_up)
            await budget_store.look([WHOLE])
            await budget_store.close()
            for _ in range(4):
                before = books.asked
                await budget_store.balances()
                await budget_store.close()
                asked.append(books.asked - before)

            assert asked == [8, 8, 4, 0]


async def snapshot(link: RedisLink) -> dict[str, bytes]:
    return {name: await link.client.dump(name) async for name in link.names("farthing:*")}


async def restore(link: RedisLink, kept: dict[str, bytes]) -> None:
    await link.client.flushall()
    for name, value in kept.items():
        await link.client.restore(name, 0, value)


async def test_a_reply_that_another_one_has_overtaken_is_no_older_state(
    redis_server: RedisServer, clock: Clock, books: Books
) -> None:
    """The ledger of this process lacks what others have spent: an account must not be opened from it for nothing."""
    overtaken, may_come = asyncio.Event(), asyncio.Event()

    class Slow(RedisBudgetStore):
        async def _read(self, budgets: Sequence[Budget]) -> tuple[Balance, ...]:
            found = await super()._read(budgets)
            if not overtaken.is_set():
                overtaken.set()
                await may_come.wait()
            return found

    async with flushed(redis_server) as link:
        another, budget_store = RedisBudgetStore(link, clock, books), Slow(link, clock, books)
        await settled(another, await taken(another, CENT * 20), CENT * 10)
        slow = asyncio.create_task(balance_of(budget_store, clock))
        await overtaken.wait()
        await settled(another, await taken(another, CENT * 20), CENT * 20)
        assert (await balance_of(budget_store, clock)).left == CENT * 70
        may_come.set()
        await slow

        assert (await balance_of(budget_store, clock)).left == CENT * 70

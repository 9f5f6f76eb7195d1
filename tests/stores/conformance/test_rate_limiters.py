"""Limits per minute, in this process and in Redis: what every rate limiter keeps to."""

import asyncio

import pytest

from router.domain.budget import EVERYTHING, RateLimit, Scope, ScopeKind
from router.ports import Exceeded, RateLimiter
from router.stores.redis.link import RedisLink
from router.stores.redis.rate_limiter import RedisRateLimiter
from tests.stores.conformance.kinds import Clock, Stores


@pytest.fixture
def rate_limiter(stores: Stores) -> RateLimiter:
    return stores.rate_limiter()


@pytest.fixture
def clock(stores: Stores) -> Clock:
    return stores.clock


async def test_a_limit_of_requests_lets_so_many_through(rate_limiter: RateLimiter) -> None:
    limit = RateLimit(EVERYTHING, requests_per_minute=5)
    answers = await asyncio.gather(*(rate_limiter.take([limit], 10) for _ in range(8)))
    reached = [answer for answer in answers if answer is not None]

    assert len(reached) == 3
    assert all(each.limit == limit and 0 < each.for_s <= 12.1 for each in reached)


async def test_a_limit_of_tokens_counts_tokens_and_the_first_that_is_reached_is_told(
    rate_limiter: RateLimiter,
) -> None:
    requests = RateLimit(EVERYTHING, requests_per_minute=1000)
    tokens = RateLimit(Scope(ScopeKind.KEY, "k"), tokens_per_minute=600)

    assert await rate_limiter.take([requests, tokens], 500) is None
    reached = await rate_limiter.take([requests, tokens], 500)
    assert isinstance(reached, Exceeded)
    assert reached.limit == tokens
    assert reached.for_s == pytest.approx(40, abs=1)
    assert await rate_limiter.take([requests], 500) is None


async def test_what_is_larger_than_a_limit_waits_for_all_of_it(rate_limiter: RateLimiter) -> None:
    limit = RateLimit(EVERYTHING, tokens_per_minute=100)

    assert await rate_limiter.take([limit], 1000) is None
    assert await rate_limiter.take([limit], 1) is not None


@pytest.mark.parametrize("bounds", [(5, 600), (600, 5)])
async def test_of_two_limits_on_one_key_both_hold(
    rate_limiter: RateLimiter, bounds: tuple[int, int]
) -> None:
    own, each = (RateLimit(Scope(ScopeKind.KEY, "two"), requests_per_minute=n) for n in bounds)
    answers = [await rate_limiter.take([own, each], 1) for _ in range(6)]

    assert answers[:5] == [None] * 5
    assert isinstance(answers[5], Exceeded)
    assert answers[5].limit.requests_per_minute == 5


async def test_a_clock_of_redis_that_is_set_back_does_not_leave_a_limit_empty_until_it_is_there_again(
    redis_url: str,
) -> None:
    limit = RateLimit(EVERYTHING, requests_per_minute=1)
    loop = asyncio.get_running_loop()
    link = RedisLink(redis_url, timeout_s=2.0, monotonic_s=loop.time)
    await link.client.flushall()
    rate_limiter = RedisRateLimiter(link, loop.time)
    assert await rate_limiter.take([limit], 1) is None
    (name,) = [each async for each in link.names("farthing:*")]
    await link.client.hincrbyfloat(name, "at_s", 3600)

    assert await rate_limiter.take([limit], 1) is None
    refused = await rate_limiter.take([limit], 1)
    await link.close()
    assert isinstance(refused, Exceeded)
    assert refused.for_s <= 60

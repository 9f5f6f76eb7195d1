"""A board for notices, in this process and in Redis: what every one keeps to."""

import pytest

from router.dispatch.fleet import CallVerdict, Fleet
from router.dispatch.notice import About, Notice, Subject
from router.pipeline.gossip import Gossip
from router.stores.redis import keys
from router.stores.redis.link import RedisLink
from router.stores.redis.notices import RedisNotices
from tests.dispatch.model_kit import a_model
from tests.stores.conformance.kinds import Clock, Stores

MODEL = Subject(About.MODEL, "vendor/modèle:1")
LIMIT = Subject(About.LIMIT, "vendor/modèle:1")
UPSTREAM = Subject(About.UPSTREAM, "vendor")


async def told(stores: Stores) -> dict[Subject, float | None]:
    return {each.subject: each.for_s for each in await stores.notices().read()}


async def test_what_one_process_posts_all_read(stores: Stores) -> None:
    assert await told(stores) == {}
    assert await stores.notices().post([Notice(MODEL, 10.0), Notice(LIMIT, 20.0)])
    assert await stores.notices().post([Notice(UPSTREAM, None)])

    read = await told(stores)
    assert read == {
        MODEL: pytest.approx(10.0, abs=0.5),
        LIMIT: pytest.approx(20.0, abs=0.5),
        UPSTREAM: None,
    }


async def test_the_last_notice_of_a_subject_stays(stores: Stores) -> None:
    for for_s in (10.0, 30.0, None, 20.0):
        await stores.notices().post([Notice(MODEL, for_s)])
    assert await told(stores) == {MODEL: pytest.approx(20.0, abs=0.5)}

    await stores.notices().post([Notice(MODEL, None)])
    assert await told(stores) == {MODEL: None}


async def test_a_notice_is_gone_when_its_time_is_over(stores: Stores) -> None:
    await stores.notices().post([Notice(MODEL, 0.2), Notice(UPSTREAM, 60.0)])
    await stores.wait(0.3)

    assert list(await told(stores)) == [UPSTREAM]


async def test_a_clock_of_redis_that_is_set_back_lets_no_model_rest_until_it_is_there_again(
    redis_url: str,
) -> None:
    link = RedisLink(redis_url, timeout_s=2.0, monotonic_s=Clock())
    await link.client.flushall()
    notices = RedisNotices(link)
    await notices.post([Notice(MODEL, 20.0), Notice(UPSTREAM, 20.0)])
    await link.client.hincrbyfloat(keys.NOTICES, f"{MODEL.about}:{MODEL.name}", 3600)
    found = await notices.read()
    await link.close()

    assert [each.subject for each in found] == [UPSTREAM]


async def test_what_a_newer_farthing_posts_in_other_words_hides_no_other_notice(
    redis_url: str,
) -> None:
    link = RedisLink(redis_url, timeout_s=2.0, monotonic_s=Clock())
    await link.client.flushall()
    notices = RedisNotices(link)
    await notices.post([Notice(UPSTREAM, 20.0)])
    await link.client.hset(keys.NOTICES, f"{MODEL.about}:{MODEL.name}", "as of 2029")
    await link.client.hset(keys.NOTICES, "region:mars", "20.0")
    found = await notices.read()
    await link.close()

    assert [each.subject for each in found] == [UPSTREAM]


async def test_two_processes_tell_each_other_what_they_know(stores: Stores) -> None:
    model, clock = a_model("a"), Clock()
    one, other = Fleet(), Fleet()
    known = {Subject(about, "a") for about in About} | {Subject(About.UPSTREAM, model.upstream)}
    both = [Gossip(each, stores.notices(), known, clock, stores.wait) for each in (one, other)]
    for _ in range(5):
        one.end(one.begin(model, 1, clock()), CallVerdict.BAD, clock())
    for each in both:
        await each.exchange()
    assert other.refusal(model, 1, clock()) is not None

    clock.now_s += 11.0
    other.end(other.begin(model, 1, clock()), CallVerdict.GOOD, clock())
    for each in reversed(both):
        await each.exchange()
    assert one.refusal(model, 1, clock()) is None


async def test_notices_of_models_that_a_process_does_not_have_are_nothing_to_it(
    stores: Stores,
) -> None:
    fleet = Fleet()
    await stores.notices().post([Notice(MODEL, 10.0), Notice(UPSTREAM, 10.0)])
    await Gossip(fleet, stores.notices(), {UPSTREAM}, Clock(), stores.wait).exchange()

    assert [each.name for each in fleet.standings(Clock().now_s)] == ["vendor"]

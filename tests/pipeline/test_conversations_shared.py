"""Several processes before one Redis: a conversation goes on wherever its next request arrives."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from redis import Redis

from router.stores.redis import keys
from tests.pipeline.doors import Door, door
from tests.pipeline.messages_provider import (
    HELLO,
    MORE,
    OTHER,
    SIGNED,
    TEXT,
    message,
    said,
    thoughts_in,
)
from tests.pipeline.messages_provider import asked as message_of
from tests.pipeline.providers import Json, Provider, model, post, provider
from tests.pipeline.responses_provider import PATH, SAID, THOUGHT, response
from tests.servers import RedisServer
from tests.simulated.raw import until

DAY_S, MONTH_S = 86_400, 30 * 86_400
FIRST = {"model": "one", "input": "Hello"}
NEXT = {"model": "auto", "input": "More", "previous_response_id": "resp_1"}
KEYS = [{"name": "team", "key": "${TEAM_KEY}"}, {"name": "other", "key": "${OTHER_KEY}"}]
NO_STORE = {"cache_control": "no-store"}


class House:
    """Two providers of each API, a Redis, and as many processes before them as are opened."""

    def __init__(
        self, folder: Path, redis: RedisServer, providers: dict[str, Provider], **sections: Any
    ) -> None:
        self._folder = folder
        self._redis = redis
        self._sections = sections
        self._opened = 0
        self.providers = providers

    @asynccontextmanager
    async def process(self) -> AsyncIterator[Door]:
        """One more process, in a separate folder."""
        self._opened += 1
        folder = self._folder / str(self._opened)
        folder.mkdir()
        cache = {"url": self._redis.url, "timeout_s": 1}  # the machine may be busy
        async with door(folder, cache=cache, **self._sections) as running:
            yield running

    def remembered(self) -> dict[str, int]:
        """Everything that is remembered of conversations: for how many seconds yet."""
        with Redis.from_url(self._redis.url) as client:
            found = client.scan_iter(match=f"{keys.session('').rpartition(':')[0]}:*")
            return {key.decode(): int(str(client.ttl(key))) for key in found}

    async def remembers(self, what: str) -> int:
        """Waits until it is stored there, and returns for how many more seconds."""
        key = keys.session(what)
        await until(lambda: key in self.remembered())
        return self.remembered()[key]

    def forget(self) -> None:
        """As if its time were over."""
        with Redis.from_url(self._redis.url) as client:
            client.flushall()


Opens = Callable[..., Any]


@pytest.fixture
def responses(tmp_path: Path, redis_server: RedisServer) -> Opens:
    @asynccontextmanager
    async def opened(**sections: Any) -> AsyncIterator[House]:
        async with provider(PATH) as one, provider(PATH) as another:
            places = {"one": one, "another": another}
            for at, each in enumerate(places.values(), 1):
                each.answer = orjson.dumps(response(THOUGHT, SAID, name=f"resp_{at}"))
            upstreams = {
                name: {"kind": "openai", "dialect": "responses", "base_url": f"{each.url}/v1"}
                for name, each in places.items()
            }
            models = {name: model(name, f"gpt-{name}") for name in places}
            yield House(
                tmp_path, redis_server, places, upstreams=upstreams, models=models, **sections
            )

    return opened


@pytest.fixture
def messages(tmp_path: Path, redis_server: RedisServer) -> Opens:
    @asynccontextmanager
    async def opened(**sections: Any) -> AsyncIterator[House]:
        async with provider("/v1/messages") as one, provider("/v1/messages") as another:
            places = {"one": one, "another": another}
            one.answer = orjson.dumps(message(SIGNED, TEXT))
            another.answer = orjson.dumps(message(OTHER, TEXT))
            upstreams = {
                name: {"kind": "anthropic", "base_url": each.url} for name, each in places.items()
            }
            models = {name: model(name, f"claude-{name}") for name in places}
            yield House(
                tmp_path, redis_server, places, upstreams=upstreams, models=models, **sections
            )

    return opened


def code_of(body: bytes) -> str:
    code: str = orjson.loads(body)["error"]["code"]
    return code


# --------------------------------------------------------------------- Responses that are stored


async def test_a_response_is_gone_on_from_in_another_process(responses: Opens) -> None:
    async with responses() as house, house.process() as first, house.process() as second:
        await post(first, FIRST, PATH, **NO_STORE)
        await house.remembers("response::resp_1")
        got, body = await post(second, NEXT, PATH, **NO_STORE)
        assert got.status == 200, body
        assert got.headers["x-farthing-model"] == "one"
    assert house.providers["one"].sent["previous_response_id"] == "resp_1"
    assert house.providers["another"].bodies == []


async def test_a_response_is_gone_on_from_after_a_restart(responses: Opens) -> None:
    async with responses() as house:
        async with house.process() as before:
            await post(before, FIRST, PATH, **NO_STORE)
            await house.remembers("response::resp_1")
        async with house.process() as after:
            got, _ = await post(after, NEXT, PATH, **NO_STORE)
    assert (got.status, len(house.providers["one"].bodies)) == (200, 2)


async def test_a_response_is_remembered_for_as_long_as_openai_keeps_it(responses: Opens) -> None:
    async with responses() as house, house.process() as it:
        await post(it, FIRST, PATH, **NO_STORE)
        left_s = await house.remembers("response::resp_1")
        assert MONTH_S - 60 < left_s <= MONTH_S
        house.forget()
        got, body = await post(it, NEXT, PATH, **NO_STORE)
    assert (got.status, code_of(body)) == (400, "previous_response_not_found")


async def test_no_process_goes_on_from_what_was_answered_to_another_key(responses: Opens) -> None:
    async with responses(keys=KEYS) as house, house.process() as first, house.process() as second:
        await post(first, FIRST, PATH, authorization="Bearer fk-team")
        await house.remembers("response:team:resp_1")
        foreign, body = await post(second, NEXT, PATH, authorization="Bearer fk-other")
        own, _ = await post(second, NEXT, PATH, authorization="Bearer fk-team", **NO_STORE)
    assert (foreign.status, code_of(body)) == (400, "previous_response_not_found")
    assert (own.status, len(house.providers["one"].bodies)) == (200, 2)


async def test_without_redis_it_is_said_that_the_response_is_not_known_and_all_else_is_answered(
    responses: Opens, redis_server: RedisServer
) -> None:
    async with responses() as house, house.process() as it:
        await post(it, FIRST, PATH, **NO_STORE)
        await house.remembers("response::resp_1")
        redis_server.kill()
        refused, body = await post(it, NEXT, PATH, **NO_STORE)
        whole, _ = await post(it, FIRST, PATH, **NO_STORE)
        assert (refused.status, code_of(body)) == (400, "previous_response_not_found")
        assert b"Send the whole conversation" in body
        assert whole.status == 200

        redis_server.restart()
        await _until_it_remembers_again(house, it)
        again, _ = await post(it, NEXT, PATH, **NO_STORE)
    assert again.status == 200


async def _until_it_remembers_again(house: House, it: Door) -> None:
    """The process notices in the background that Redis is back; what is answered from then on is kept."""
    for _ in range(1000):
        await post(it, FIRST, PATH, **NO_STORE)
        if house.remembered():
            return
    raise AssertionError("nothing is remembered")


# ------------------------------------------------------------------------- whose thoughts they are


@pytest.mark.parametrize("restarts", [False, True], ids=["another-process", "a-restart"])
async def test_a_thought_finds_home_in_another_process(messages: Opens, restarts: bool) -> None:
    async with messages() as house:
        async with house.process() as first:
            await _answered(first, "one", HELLO)
            await until(lambda: len(house.remembered()) == 1)
            if not restarts:
                async with house.process() as second:
                    await _goes_on(second, house)
        if restarts:
            async with house.process() as second:
                await _goes_on(second, house)


async def _goes_on(at: Door, house: House) -> None:
    """Both answer in the conversation; the first one's thought is sent to it, and to nobody else."""
    one, another = house.providers["one"], house.providers["another"]
    talk = [HELLO, said(SIGNED, TEXT), MORE]
    theirs = await _answered(at, "another", *talk)
    assert thoughts_in(another.sent) == []
    assert theirs[0]["signature"].startswith("sealed:another/")
    await _answered(at, "auto", *talk, candidates="one")
    assert thoughts_in(one.sent) == [SIGNED["signature"]]


async def _answered(at: Door, name: str, *talk: Json, candidates: str = "") -> list[Json]:
    only = {"x_farthing_candidates": candidates} if candidates else {}
    got, body = await post(at, message_of(*talk, model=name), **NO_STORE, **only)
    assert got.status == 200, body
    content: list[Json] = orjson.loads(body)["content"]
    return content


async def test_a_home_is_remembered_for_a_day(messages: Opens) -> None:
    async with messages() as house, house.process() as it:
        await _answered(it, "one", HELLO)
        await until(lambda: len(house.remembered()) == 1)
        (left_s,) = house.remembered().values()
        assert DAY_S - 60 < left_s <= DAY_S
        house.forget()
        await _answered(it, "auto", HELLO, said(SIGNED, TEXT), MORE, candidates="one")
    assert thoughts_in(house.providers["one"].sent) == []


async def test_homes_of_two_keys_are_two(messages: Opens) -> None:
    async with messages(keys=KEYS) as house, house.process() as first, house.process() as second:
        await post(first, message_of(HELLO, model="one"), authorization="Bearer fk-team")
        await until(lambda: len(house.remembered()) == 1)
        talk = message_of(HELLO, said(SIGNED, TEXT), MORE, model="auto")
        for key, thoughts in (("fk-other", []), ("fk-team", [SIGNED["signature"]])):
            more = {"authorization": f"Bearer {key}", "x_farthing_candidates": "one", **NO_STORE}
            got, body = await post(second, talk, **more)
            assert got.status == 200, body
            assert thoughts_in(house.providers["one"].sent) == thoughts


async def test_without_redis_thoughts_are_left_out_and_the_conversation_goes_on(
    messages: Opens, redis_server: RedisServer
) -> None:
    async with messages() as house, house.process() as it:
        await _answered(it, "one", HELLO)
        await until(lambda: len(house.remembered()) == 1)
        redis_server.kill()
        talk = [HELLO, said(SIGNED, TEXT), MORE]
        await _answered(it, "auto", *talk, candidates="one")
        assert thoughts_in(house.providers["one"].sent) == []
        await _answered(it, "one", *talk)  # a model asked by name is assumed to have had them
        assert thoughts_in(house.providers["one"].sent) == [SIGNED["signature"]]

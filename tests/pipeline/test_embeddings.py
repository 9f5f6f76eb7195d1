"""Vectors through the proxy: of the model that was named and of no other, paid for and kept."""

import asyncio
import base64
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openai
import orjson
import pytest
import yaml
from aiohttp import web

from router.domain.vector import cosine
from router.pipeline.current import Reloaded
from tests.e2e.described import check_embeddings, check_error, check_models
from tests.pipeline.doors import at, door, upstream
from tests.pipeline.kit import proxy as proxy_of_files
from tests.pipeline.vectors import EMBED, TEXTS, simulated
from tests.stores.waiting import until


@dataclass
class Box:
    """An upstream that returns the same vector for everything, and fails as often as it is told to."""

    failures: list[int] = field(default_factory=list)
    arrived: list[bytes] = field(default_factory=list)
    answer: bytes = (
        b'{"object":"list", "data":[{"object":"embedding","index":0,"embedding":[0.50, 1e-3]}],'
        b' "model":"the-real-name","usage":{"prompt_tokens":7,"total_tokens":7}}'
    )

    async def embeddings(self, request: web.Request) -> web.Response:
        self.arrived.append(await request.read())
        if self.failures:
            return web.json_response({"error": {"message": "no"}}, status=self.failures.pop(0))
        return web.Response(
            body=self.answer, headers={"x-request-id": "req_7"}, content_type="application/json"
        )

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/v1/embeddings", self.embeddings)]


async def test_the_openai_client_gets_its_vectors_as_it_asks_for_them_by_itself(
    tmp_path: Path,
) -> None:
    async with simulated(tmp_path) as proxy:
        usual = await proxy.openai.embeddings.create(model="embed", input=TEXTS)
        plain = await proxy.openai.embeddings.create(
            model="embed", input=TEXTS, encoding_format="float"
        )
        one, near, far = (each.embedding for each in usual.data)

        assert cosine(one, near) > 0.7
        assert cosine(one, far) < 0.3
        for packed, written in zip(usual.data, plain.data, strict=True):
            assert packed.embedding == pytest.approx(written.embedding, abs=1e-6)
        assert usual.usage == plain.usage


async def test_an_answer_in_base64_reaches_the_client_as_it_is(tmp_path: Path) -> None:
    async with simulated(tmp_path) as proxy:
        body = {"model": "embed", "input": TEXTS[0], "encoding_format": "base64", "dimensions": 8}
        async with proxy.client.post(f"{proxy.url}/v1/embeddings", json=body) as response:
            answer = orjson.loads(await response.read())
        packed = base64.b64decode(answer["data"][0]["embedding"])

        assert len(struct.unpack("<8f", packed)) == 8
        assert answer["model"] == "sim-open-8b"


@pytest.mark.parametrize("tokens", [[1, 2, 3], [[1, 2], [3]]])
async def test_tokens_may_be_sent_instead_of_texts(tmp_path: Path, tokens: Any) -> None:
    async with simulated(tmp_path) as proxy:
        answer = await proxy.openai.embeddings.create(model="embed", input=tokens)

        assert answer.usage.prompt_tokens == 3
        assert len(answer.data) == (2 if isinstance(tokens[0], list) else 1)


async def test_a_request_is_paid_by_the_upstreams_own_count(tmp_path: Path) -> None:
    async with simulated(tmp_path) as proxy:
        raw = await proxy.openai.embeddings.with_raw_response.create(model="embed", input=TEXTS)
        tokens = raw.parse().usage.prompt_tokens
        [row] = proxy.rows()

        assert (row["category"], row["asked"], row["model"]) == ("embedding", "embed", "embed")
        assert row["uncached_input_tokens"] == tokens
        assert row["cost_pico"] == tokens * 20_000 == row["baseline_pico"]
        assert (row["cost_source"], row["outcome"], row["closes"]) == ("priced", "ok", True)
        assert row["request_id"] == raw.headers["x-request-id"]
        assert float(raw.headers["x-farthing-cost-usd"]) == row["cost_pico"] / 1e12
        assert raw.headers["x-farthing-model"] == "embed"


async def test_bytes_pass_through_but_for_the_models_name(tmp_path: Path) -> None:
    box = Box()
    async with (
        upstream(box.routes()) as url,
        door(
            tmp_path,
            upstreams={"box": at(url)},
            models={"embed": {"upstream": "box", "name": "the-real-name", **EMBED}},
        ) as proxy,
    ):
        sent = b'{ "input":"caf\\u00e9",  "model" : "embed", "invented": 1.0 }'
        async with proxy.client.post(f"{proxy.url}/v1/embeddings", data=sent) as response:
            got = await response.read()
        [row] = proxy.rows()

    assert row["upstream_request_id"] == "req_7"
    assert box.arrived == [sent.replace(b'"embed"', b'"the-real-name"')]
    assert got == box.answer


async def test_a_wish_for_farthing_is_refused_and_not_sent_on(tmp_path: Path) -> None:
    wish = {"farthing": {"policy": "cheap"}}
    async with simulated(tmp_path) as proxy:
        with pytest.raises(openai.BadRequestError, match="no policy to override") as refused:
            await proxy.openai.embeddings.create(model="embed", input=TEXTS, extra_body=wish)
    assert refused.value.param == "farthing"


async def test_the_same_request_is_answered_from_the_cache_while_it_is_kept(tmp_path: Path) -> None:
    async with simulated(tmp_path, cache={"vectors_ttl_s": 60}) as proxy:
        ask = proxy.openai.embeddings.with_raw_response.create
        first = await ask(model="embed", input=TEXTS)
        again = await ask(model="embed", input=TEXTS)
        other_words = await ask(model="embed", input=TEXTS[:2])
        other_form = await ask(model="embed", input=TEXTS, encoding_format="float")
        unwanted = await ask(
            model="embed", input=TEXTS, extra_headers={"cache-control": "no-cache"}
        )
        answers = (first, again, other_words, other_form, unwanted)

        assert [each.headers["x-farthing-cache"] for each in answers] == [
            "miss",
            "hit",
            "miss",
            "miss",
            "miss",
        ]
        assert again.content == first.content
        hit = proxy.rows()[1]
        assert (hit["outcome"], hit["cost_pico"]) == ("cache_hit", 0)
        assert hit["baseline_pico"] == proxy.rows()[0]["cost_pico"]


async def test_nothing_is_kept_unless_it_is_said(tmp_path: Path) -> None:
    async with simulated(tmp_path) as proxy:
        ask = proxy.openai.embeddings.with_raw_response.create
        states = [(await ask(model="embed", input="x")).headers["x-farthing-cache"] for _ in "ab"]

        assert states == ["off", "off"]


async def test_keys_do_not_share_stored_vectors(tmp_path: Path) -> None:
    keys = [{"name": "team", "key": "${TEAM_KEY}"}, {"name": "other", "key": "${OTHER_KEY}"}]
    async with simulated(tmp_path, cache={"vectors_ttl_s": 60}, keys=keys) as proxy:
        states = []
        for secret in ("fk-team", "fk-other", "fk-team"):
            ask = proxy.as_key(secret).embeddings.with_raw_response.create
            states.append((await ask(model="embed", input="x")).headers["x-farthing-cache"])

        assert states == ["miss", "miss", "hit"]


async def test_another_place_of_the_same_model_takes_over(tmp_path: Path) -> None:
    broken, sound = Box(failures=[500] * 4), Box()
    async with upstream(broken.routes()) as one, upstream(sound.routes()) as two:
        places = [{"upstream": "one"}, {"upstream": "two", "weight": 0.000001}]
        async with door(
            tmp_path,
            upstreams={"one": at(one), "two": at(two)},
            models={"embed": {"upstreams": places, "name": "the-real-name", **EMBED}},
        ) as proxy:
            for _ in range(4):
                answer = await proxy.openai.embeddings.create(model="embed", input="x")
                assert answer.data[0].embedding == [0.5, 0.001]
            rows = proxy.rows()

    answered = [row for row in rows if row["closes"]]
    assert len(broken.arrived) == len(rows) - len(answered) > 0
    assert len(sound.arrived) == len(answered)
    assert len(answered) == 4
    assert {row["outcome"] for row in answered} == {"ok"}
    assert {row["model"] for row in rows} == {"embed"}


async def test_no_other_embedding_model_ever_stands_in(tmp_path: Path) -> None:
    broken, sound = Box(failures=[500] * 9), Box()
    models = {name: {"upstream": name, "name": "the-real-name", **EMBED} for name in ("one", "two")}
    async with (
        upstream(broken.routes()) as one,
        upstream(sound.routes()) as two,
        door(tmp_path, upstreams={"one": at(one), "two": at(two)}, models=models) as proxy,
    ):
        with pytest.raises(openai.InternalServerError):
            await proxy.openai.embeddings.create(model="one", input="x")
        rows = proxy.rows()

    assert sound.arrived == []
    assert len(broken.arrived) == 2 == len(rows)
    assert [row["closes"] for row in rows] == [False, True]


async def test_an_answer_with_too_few_vectors_is_none(tmp_path: Path) -> None:
    box = Box()
    async with upstream(box.routes()) as url:
        models = {"embed": {"upstream": "box", **EMBED}}
        async with door(tmp_path, upstreams={"box": at(url)}, models=models) as proxy:
            with pytest.raises(openai.InternalServerError):
                await proxy.openai.embeddings.create(model="embed", input=["a", "b"])

            assert {row["error"] for row in proxy.rows()} == {"malformed_answer"}
            assert {row["cost_source"] for row in proxy.rows()} == {"estimated"}


async def test_conversations_and_vectors_are_kept_apart(tmp_path: Path) -> None:
    async with simulated(tmp_path) as proxy:
        with pytest.raises(openai.BadRequestError, match="answers POST /v1/embeddings"):
            await proxy.openai.chat.completions.create(
                model="embed", messages=[{"role": "user", "content": "Hello."}]
            )
        with pytest.raises(openai.BadRequestError, match="answers POST /v1/chat/completions"):
            await proxy.openai.embeddings.create(model="sim-mid", input="x")
        with pytest.raises(openai.NotFoundError, match="did you mean 'embed'"):
            await proxy.openai.embeddings.create(model="embedd", input="x")
        with pytest.raises(openai.NotFoundError, match="There is no embedding model 'auto'"):
            await proxy.openai.embeddings.create(model="auto", input="x")

        assert proxy.rows() == []


@pytest.mark.parametrize("given", [[], [1, "a"], [[]], [True], {"a": 1}, [[1], "a"], 7])
async def test_what_is_no_input_is_told_by_its_name(tmp_path: Path, given: Any) -> None:
    async with simulated(tmp_path) as proxy:
        with pytest.raises(openai.BadRequestError) as refused:
            await proxy.openai.embeddings.create(model="embed", input=given)

        assert refused.value.param == "input"


async def test_an_upstreams_refusal_reaches_the_client(tmp_path: Path) -> None:
    async with simulated(tmp_path) as proxy:
        with pytest.raises(openai.BadRequestError) as refused:
            await proxy.openai.embeddings.create(model="embed", input="x", dimensions=10_000)

        assert refused.value.param == "dimensions"


async def test_a_key_may_only_use_the_models_that_it_was_given(tmp_path: Path) -> None:
    keys = [{"name": "team", "key": "${TEAM_KEY}", "models": ["sim-mid"]}]
    async with simulated(tmp_path, keys=keys) as proxy:
        with pytest.raises(openai.PermissionDeniedError):
            await proxy.as_key("fk-team").embeddings.create(model="embed", input="x")
        with pytest.raises(openai.AuthenticationError):
            await proxy.as_key("fk-unknown").embeddings.create(model="embed", input="x")


async def test_a_budget_at_its_end_pays_for_no_vectors(tmp_path: Path) -> None:
    async with simulated(tmp_path, budgets=[{"usd": 0.000002, "per": "day"}]) as proxy:
        with pytest.raises(openai.APIStatusError) as refused:
            await proxy.openai.embeddings.create(model="embed", input="word " * 200)

        assert refused.value.status_code == 402
        assert refused.value.code == "budget_exceeded"
        assert refused.value.response.headers["x-farthing-budget-resets"] in refused.value.message
        assert proxy.rows() == []


async def test_what_vectors_cost_is_taken_from_the_budget_and_no_more(tmp_path: Path) -> None:
    async with simulated(tmp_path, budgets=[{"usd": 1}]) as proxy:
        await proxy.openai.embeddings.create(model="embed", input=TEXTS)
        [row] = proxy.rows()
        async with proxy.client.get(f"{proxy.url}/admin/budgets") as response:
            [budget] = orjson.loads(await response.read())["budgets"]

        assert float(budget["spent_usd"]) == row["cost_pico"] / 1e12 > 0
        assert float(budget["reserved_usd"]) == 0


async def test_limits_count_the_tokens_of_vectors(tmp_path: Path) -> None:
    async with simulated(tmp_path, limits=[{"tokens_per_minute": 100}]) as proxy:
        await proxy.openai.embeddings.create(model="embed", input="word " * 90)
        with pytest.raises(openai.RateLimitError):
            await proxy.openai.embeddings.create(model="embed", input="word " * 90)


async def test_what_a_policy_would_be_asked_otherwise_is_refused(tmp_path: Path) -> None:
    async with simulated(tmp_path) as proxy:
        with pytest.raises(openai.BadRequestError, match="no policy to override"):
            await proxy.openai.embeddings.create(
                model="embed", input="x", extra_headers={"x-farthing-policy": "cheap"}
            )


async def test_a_client_that_leaves_is_booked_and_the_upstream_let_go(tmp_path: Path) -> None:
    came, left = asyncio.Event(), asyncio.Event()

    async def never(_: web.Request) -> web.Response:
        came.set()
        try:
            await asyncio.Event().wait()
        finally:
            left.set()
        raise AssertionError

    app_routes = [web.post("/v1/embeddings", never)]
    async with upstream(app_routes) as url:
        models = {"embed": {"upstream": "box", **EMBED}}
        async with door(tmp_path, upstreams={"box": at(url)}, models=models) as proxy:
            asking = asyncio.create_task(proxy.openai.embeddings.create(model="embed", input="x"))
            await came.wait()
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            async with asyncio.timeout(5):
                await left.wait()
        [row] = proxy.rows()

    assert row["outcome"] == "client_left"
    assert row["cost_source"] == "estimated"


async def test_answers_and_lists_are_as_openai_describes_them(tmp_path: Path) -> None:
    async with simulated(tmp_path) as proxy:
        body = {"model": "embed", "input": TEXTS}
        async with proxy.client.post(f"{proxy.url}/v1/embeddings", json=body) as response:
            check_embeddings(orjson.loads(await response.read()))
        async with proxy.client.get(f"{proxy.url}/v1/models") as response:
            check_models(orjson.loads(await response.read()))
        async with proxy.client.post(f"{proxy.url}/v1/embeddings", json={}) as response:
            check_error(orjson.loads(await response.read()))


async def test_stored_vectors_are_listed_and_forgotten_as_other_answers_are(tmp_path: Path) -> None:
    async with simulated(tmp_path, cache={"vectors_ttl_s": 60}) as proxy:
        ask = proxy.openai.embeddings.with_raw_response.create
        await ask(model="embed", input=TEXTS)
        async with proxy.client.get(f"{proxy.url}/admin/cache/entries") as response:
            [entry] = orjson.loads(await response.read())["entries"]
        async with proxy.client.post(f"{proxy.url}/admin/cache/purge?model=embed") as response:
            purged = orjson.loads(await response.read())
        again = await ask(model="embed", input=TEXTS)

    assert entry["model_id"] == "embed"
    assert purged == {"purged": 1}
    assert again.headers["x-farthing-cache"] == "miss"


async def test_vectors_are_no_answer_that_could_be_scored(tmp_path: Path) -> None:
    async with simulated(tmp_path) as proxy:
        raw = await proxy.openai.embeddings.with_raw_response.create(model="embed", input=TEXTS)
        said = {"request_id": raw.headers["x-request-id"], "score": 1}
        async with proxy.client.post(f"{proxy.url}/v1/feedback", json=said) as response:
            refused = orjson.loads(await response.read())

    assert refused["error"]["code"] == "no_answer"


async def test_an_embedding_model_joins_while_requests_go_on(tmp_path: Path) -> None:
    async with proxy_of_files(tmp_path, follows=True) as it:
        path = it.following.source.path
        config = yaml.safe_load(path.read_text())
        client = openai.AsyncOpenAI(base_url=f"{it.running.url}/v1", api_key="any", max_retries=0)
        async with client:
            with pytest.raises(openai.NotFoundError, match="none is configured"):
                await client.embeddings.create(model="embed", input="x")
            config["models"]["embed"] = {"upstream": "sim", "name": "sim-mid", **EMBED}
            path.write_text(yaml.safe_dump(config))
            it.following.reload_requests.order()
            await until(lambda: it.running.current.counts[Reloaded.CHANGED] == 1)
            answer = await client.embeddings.create(model="embed", input="x")

    assert len(answer.data) == 1

"""What a client of another API sent stays with its request, up to the upstream that may speak it."""

import json
from pathlib import Path

import pytest

from router.domain.answer_limit import LIMITS
from router.domain.errors import ApiError
from router.domain.fault import AttemptFailed
from router.domain.members import replace
from router.pipeline.request_context import Caller
from router.ports import Call, Response
from router.wire.dialects.dialect import Dialect
from router.wire.doors.translated import MESSAGES
from router.wire.original import Original
from tests.pipeline.doors import door
from tests.pipeline.kit import QUESTION, proxy
from tests.pipeline.providers import model, provider


class Noting:
    """An upstream that notes what it is asked, and answers nothing."""

    asks_usage = True

    def __init__(self) -> None:
        self.calls: list[Call] = []

    async def send(self, call: Call) -> Response:
        self.calls.append(call)
        raise AttemptFailed.unreachable("it only takes notes")

    async def close(self) -> None:
        pass


async def test_labels_of_responses_stay_away_from_openais_models_in_chat(tmp_path: Path) -> None:
    """OpenAI: "The 'metadata' parameter is only allowed when 'store' is enabled"."""
    path, metadata = "/v1/chat/completions", {"team": "search"}
    said = {"message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
    async with provider(path) as it:
        it.answer = json.dumps({"choices": [said]}).encode()
        upstreams = {"it": {"kind": "openai", "base_url": f"{it.url}/v1"}}
        models = {"gpt": model("it", "gpt-6"), "open": model("it", "qwen")}
        off = {"url": "off"}
        async with door(tmp_path, upstreams=upstreams, models=models, cache=off) as at:
            for name in models:
                await at.openai.responses.create(model=name, input="Hello", metadata=metadata)
            await at.openai.chat.completions.create(
                model="gpt", messages=[{"role": "user", "content": "Hello"}], metadata=metadata
            )
    by_gpt, by_another, by_chat = (json.loads(body) for body in it.bodies)
    assert "metadata" not in by_gpt
    assert by_another["metadata"] == by_chat["metadata"] == metadata


@pytest.mark.parametrize("dialect", ["chat", "responses"])
async def test_a_users_id_that_is_longer_than_openai_takes_becomes_a_digest(
    tmp_path: Path, dialect: str
) -> None:
    """Claude Code's has 150 characters; a session's name in it is still understood here."""
    ids = ["u" * 64, f"user_{'0' * 64}_account_{'1' * 36}_session_{'2' * 36}"]
    path = "/v1/responses" if dialect == "responses" else "/v1/chat/completions"
    said = {"message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
    async with provider(path) as it:
        it.answer = json.dumps({"choices": [said], "output": []}).encode()
        speaks = {"kind": "openai", "dialect": dialect, "base_url": f"{it.url}/v1"}
        sections = {"upstreams": {"it": speaks}, "models": {"gpt": model("it", "gpt-6")}}
        async with door(tmp_path, **sections) as at:
            for user_id in (*ids, ids[1]):
                body = {"model": "gpt", "max_tokens": 50, "metadata": {"user_id": user_id}}
                talk = {**body, "messages": [{"role": "user", "content": "Hello"}]}
                headers = {"cache-control": "no-store"}
                async with at.client.post(
                    f"{at.url}/v1/messages", json=talk, headers=headers
                ) as got:
                    assert got.status == 200
    short, long, again = (json.loads(body)["user"] for body in it.bodies)
    assert (short, len(long), again) == (ids[0], 64, long)


async def test_mistrals_models_are_told_the_limit_by_the_name_that_they_know(
    tmp_path: Path,
) -> None:
    """Mistral: 422, "Extra inputs are not permitted", for `max_completion_tokens` and for labels."""
    newer, older = LIMITS
    said = {"message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
    async with provider("/v1/chat/completions") as it:
        it.answer = json.dumps({"choices": [said]}).encode()
        upstreams = {"it": {"kind": "openai", "base_url": f"{it.url}/v1"}}
        models = {"a": model("it", "mistral-large-2512"), "b": model("it", "qwen")}
        off = {"url": "off"}
        async with door(tmp_path, upstreams=upstreams, models=models, cache=off) as at:
            ask = at.openai
            for name in models:
                await ask.responses.create(
                    model=name, input="Hello", max_output_tokens=50, user="u", prompt_cache_key="k"
                )
            await ask.completions.create(model="a", prompt="Hello")
            talk = [{"role": "user", "content": "Hello"}]
            asked = {"model": "a", "messages": talk, newer: None, older: 7}
            async with at.client.post(f"{at.url}/v1/chat/completions", json=asked) as answer:
                assert answer.status == 200
    sent = [json.loads(body) for body in it.bodies]
    limits = [{name: each.get(name) for name in LIMITS if name in each} for each in sent]
    assert limits == [{older: 50}, {newer: 50}, {older: 16}, {older: 7}]
    labels = {"user", "prompt_cache_key"}
    assert [labels & each.keys() for each in sent] == [set(), labels, set(), set()]


async def test_what_litellm_adds_to_an_answer_is_kept_from_mistrals_models(tmp_path: Path) -> None:
    user, said = {"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}
    odd = {**said, "provider_specific_fields": {"citations": [[]]}}
    async with provider("/v1/chat/completions") as it:
        it.answer = json.dumps({"choices": [{"message": said, "finish_reason": "stop"}]}).encode()
        upstreams = {"it": {"kind": "openai", "base_url": f"{it.url}/v1"}}
        models = {"a": model("it", "mistral-large-2512")}
        async with door(tmp_path, upstreams=upstreams, models=models) as at:
            asked = {"model": "a", "messages": [user, odd, user]}
            async with at.client.post(f"{at.url}/v1/chat/completions", json=asked) as answer:
                assert answer.status == 200
    assert json.loads(it.bodies[0])["messages"] == [user, said, user]


async def test_an_upstream_is_given_the_request_as_it_came(tmp_path: Path) -> None:
    body = {"model": "auto", "max_tokens": 9, "messages": [{"role": "user", "content": QUESTION}]}
    raw = json.dumps(body).encode()
    asked, noting = MESSAGES.read(raw), Noting()
    async with proxy(tmp_path) as it:
        pipeline = it.running.pipeline
        runtime = replace(pipeline.runtime, upstreams={"sim": noting, "first": noting})
        pipeline = replace(pipeline, runtime=runtime)
        with pytest.raises(ApiError):
            await pipeline.answer(asked.chat, Caller("req_1"), asked.original)
        by_door = {call.original for call in noting.calls}
        noting.calls.clear()
        with pytest.raises(ApiError):
            await pipeline.answer(asked.chat, Caller("req_2"))
        by_chat = {call.original for call in noting.calls}
    assert (by_door, by_chat) == ({Original(Dialect.MESSAGES, raw)}, {None})

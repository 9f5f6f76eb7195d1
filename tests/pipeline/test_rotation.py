"""Any model takes over from any other one, by whatever door: no provider refuses what the others have said.

Each provider keeps to the rules by which the real ones refuse conversations, and every model follows upon every
other one, with all that was said before.
"""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from router.wire.dialects.answer import AnswerContext
from router.wire.dialects.dialect import Dialect
from router.wire.dialects.translate import event_bytes
from router.wire.sse import DONE
from tests.pipeline.doors import Door, door, upstream
from tests.pipeline.providers import Json, model, post
from tests.simulated.openapi import is_here
from tests.wire.dialects.descriptions import faults
from tests.wire.dialects.endings import WHOLE
from tests.wire.dialects.merging import merge
from tests.wire.dialects.recorded_refusals import ill_called, refusals
from tests.wire.dialects.telling import tell_answer

CHAT, RESPONSES, MESSAGES = Dialect.CHAT, Dialect.RESPONSES, Dialect.MESSAGES
PATHS = {
    CHAT: "/v1/chat/completions",
    RESPONSES: "/v1/responses",
    MESSAGES: "/v1/messages",
}
USED: dict[Dialect, Json] = {
    CHAT: {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18},
    RESPONSES: {
        "input_tokens": 9,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 9,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 18,
    },
    MESSAGES: WHOLE[MESSAGES]["usage"],
}
NAMES = ("read", "look")
TURNS = 28
"""Of a conversation: so many are enough for everybody to come back three times."""
DATA = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
DATA_URL = f"data:image/png;base64,{DATA}"


@dataclass
class Strict:
    """A provider of one model: `call` is how it calls its calls, `seal` what it seals its thoughts by, "" for nothing.

    Of chat, `ids` is the form that it wants of the ids of calls. It refuses whatever real ones are known to refuse, and
    notes it down.
    """

    model: str
    dialect: Dialect
    call: str
    seal: str = ""
    ids: str = ".*"
    answered: int = 0
    given_back: int = 0
    refused: list[str] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        raw = await request.read()
        body = orjson.loads(raw)
        found = refusals(self.dialect, body, {self.seal} if self.seal else set())
        if is_here():  # where the vendor's description is not, what is recorded must do
            found += faults(self.dialect, "request", _with_ids(body))
        found += ill_called(body, self.ids) if self.dialect is CHAT else []
        if found:
            self.refused += found
            return web.json_response({"error": {"message": found[0]}}, status=400)
        self.given_back += bool(self.seal) and self.seal.encode() in raw
        self.answered += 1
        answer = {**WHOLE[self.dialect], **self._said(), "usage": USED[self.dialect]}
        if not body.get("stream"):
            return web.json_response(answer)
        return web.Response(body=self._streamed(answer), content_type="text/event-stream")

    def _streamed(self, answer: Json) -> bytes:
        if self.dialect is CHAT:
            return b"".join(event_bytes(each, CHAT) for each in _chunks(answer)) + DONE
        told = tell_answer(answer, self.dialect, self.dialect, AnswerContext(now_s=9))
        return b"".join(event_bytes(each, self.dialect) for each in told)

    def _said(self) -> Json:
        """A thought, a word, and two calls at once."""
        ids = [self.call.format(2 * self.answered + each) for each in range(2)]
        match self.dialect:
            case Dialect.CHAT:
                return self._chat(ids)
            case Dialect.RESPONSES:
                return self._responses(ids)
            case Dialect.MESSAGES:
                return self._messages(ids)

    def _chat(self, ids: list[str]) -> Json:
        calls: list[Json] = [
            {"id": each, "type": "function", "function": {"name": name, "arguments": "{}"}}
            for each, name in zip(ids, NAMES, strict=True)
        ]
        if self.seal:
            calls[0]["extra_content"] = {"google": {"thought_signature": self.seal}}
        message = {"role": "assistant", "content": "Well", "refusal": None, "tool_calls": calls}
        choice = {"index": 0, "logprobs": None, "finish_reason": "tool_calls"}
        return {"choices": [{**choice, "message": message}]}

    def _responses(self, ids: list[str]) -> Json:
        done = {"status": "completed"}
        thought = {"id": f"rs_{ids[0]}", "type": "reasoning", "encrypted_content": self.seal}
        text = {"type": "output_text", "text": "Well", "annotations": [], "logprobs": []}
        word = {"id": f"msg_{ids[0]}", "type": "message", "role": "assistant", "content": [text]}
        calls: list[Json] = [
            {"type": "function_call", "id": f"fc_{each}", "call_id": each, "name": name}
            for each, name in zip(ids, NAMES, strict=True)
        ]
        called = [{**each, "arguments": "{}", **done} for each in calls]
        return {"output": [{**thought, "summary": []}, {**word, **done}, *called]}

    def _messages(self, ids: list[str]) -> Json:
        uses = [
            {"type": "tool_use", "id": each, "name": name, "input": {}}
            for each, name in zip(ids, NAMES, strict=True)
        ]
        thought = {"type": "thinking", "thinking": "Hm.", "signature": self.seal}
        word = {"type": "text", "text": "Well", "citations": None}
        return {"content": [thought, word, *uses], "stop_reason": "tool_use"}


def _with_ids(body: Json) -> Json:
    """The request with ids for what the model has said: OpenAI describes them as required, and requires none."""
    items = body.get("input")
    if not isinstance(items, list):
        return body
    said = [{"id": "msg_0", **each} if each.get("role") == "assistant" else each for each in items]
    return {**body, "input": said}


def _chunks(answer: Json) -> Iterator[Json]:
    (choice,) = answer["choices"]
    message = choice["message"]
    calls = [{"index": at, **each} for at, each in enumerate(message["tool_calls"])]
    head = {**answer, "object": "chat.completion.chunk", "usage": None}
    delta = {"role": "assistant", "content": message["content"], "tool_calls": calls}
    yield {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}
    yield {**head, "choices": [], "usage": answer["usage"]}


def providers() -> dict[str, Strict]:
    """Some of each API that seal, and some that call their calls in ways that others refuse."""
    return {
        "budgets": Strict("claude-sonnet-4-5", MESSAGES, "toolu_{}", "c2ln"),
        "adaptive": Strict("claude-opus-4-6", MESSAGES, "toolu_0{}", "c2lnbmVk"),
        "gpt": Strict("gpt-6", RESPONSES, "call_{}", "ZW5j"),
        "gpt-elsewhere": Strict("gpt-6-mini", RESPONSES, "call_0{}", "c2VhbGVk"),
        "gemini": Strict("gemini-3", CHAT, "function-call-{}", "Z29vZ2xl"),
        "kimi": Strict("kimi-k3", CHAT, "functions.read:{}"),
        "vllm": Strict("llama", CHAT, f"chatcmpl-tool-{'0' * 30}{{:02}}"),
        "mistral": Strict("mistral-large-latest", CHAT, "call0{:04}", ids="[a-zA-Z0-9]{9}"),
        "router": Strict("openai/gpt-5-mini", CHAT, "call_{}", ids=".{1,40}"),
    }


@asynccontextmanager
async def farthing(folder: Path) -> AsyncIterator[tuple[Door, dict[str, Strict]]]:
    """A Farthing before all of them."""
    there, upstreams = providers(), dict[str, Any]()
    async with AsyncExitStack() as stack:
        for name, each in there.items():
            url = await stack.enter_async_context(
                upstream([web.post(PATHS[each.dialect], each.take)])
            )
            upstreams[name] = {"kind": "openai", "base_url": f"{url}/v1"}
            if each.dialect is MESSAGES:
                upstreams[name] = {"kind": "anthropic", "base_url": url}
            if each.dialect is RESPONSES:
                upstreams[name]["dialect"] = "responses"
        models = {name: model(name, each.model) for name, each in there.items()}
        yield (
            await stack.enter_async_context(door(folder, upstreams=upstreams, models=models)),
            there,
        )


def after_each_other(names: list[str]) -> list[str]:
    """An order in which each follows upon each, itself too."""
    order, left = [names[0]], set(product(names, repeat=2))
    while left:
        at = order[-1]
        after = next((b for b in reversed(names) if (at, b) in left), None)
        following = after or next(a for a, _ in sorted(left))
        left.discard((at, following))
        order.append(following)
    return order


class Talk:
    """A client of one API, and the conversation that it has: it keeps answers as they come."""

    def __init__(self, at: Door, dialect: Dialect, session: str, *, stream: bool) -> None:
        self._at = at
        self._session = session
        self._dialect = dialect
        self._stream = stream
        self._said: list[Json] = [*_BEGINNINGS[dialect]]

    async def turn(self, name: str, wish: str) -> None:
        """The model of that name answers; its tools are run, and now and then there is a wish."""
        body = {**_FRAMES[self._dialect], _TALK[self._dialect]: self._said, "stream": self._stream}
        headers = {"x_farthing_candidates": name, "x_session_id": self._session}
        response, raw = await post(
            self._at, body, PATHS[self._dialect], cache_control="no-store", **headers
        )
        assert response.status == 200, (name, raw)
        self._take(self._whole(raw))
        if wish:
            self._said.append({"role": "user", "content": wish})

    def _whole(self, raw: bytes) -> Json:
        if not self._stream:
            whole: Json = json.loads(raw)
            return whole
        lines = [line[6:] for line in raw.split(b"\n") if line.startswith(b"data: {")]
        return merge(self._dialect, [json.loads(each) for each in lines])

    def _take(self, answer: Json) -> None:
        match self._dialect:
            case Dialect.CHAT:
                message = answer["choices"][0]["message"]
                ids = [call["id"] for call in message["tool_calls"]]
                results = [{"role": "tool", "tool_call_id": each, "content": "1"} for each in ids]
                self._said += [message, *results]
            case Dialect.RESPONSES:
                called = [each for each in answer["output"] if each["type"] == "function_call"]
                told: list[Any] = ["1", [_INPUT_IMAGE]]
                self._said += answer["output"]
                self._said += [
                    {"type": "function_call_output", "call_id": each["call_id"], "output": output}
                    for each, output in zip(called, told, strict=True)
                ]
            case Dialect.MESSAGES:
                blocks = [_as_sent(each) for each in answer["content"]]
                uses = [each["id"] for each in blocks if each["type"] == "tool_use"]
                shown: list[Any] = ["1", [_PICTURE]]
                results = [
                    {"type": "tool_result", "tool_use_id": each, "content": content}
                    for each, content in zip(uses, shown, strict=True)
                ]
                self._said.append({"role": "assistant", "content": blocks})
                self._said.append({"role": "user", "content": [*results, _REMINDER]})


def _as_sent(block: Json) -> Json:
    return {name: value for name, value in block.items() if value is not None}


_PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": DATA}}
_INPUT_IMAGE = {"type": "input_image", "image_url": DATA_URL, "detail": "auto"}
_REMINDER = {"type": "text", "text": "<system-reminder>Nothing to do.</system-reminder>"}
_EMPTY = {"type": "object", "properties": {}}
_TALK = {CHAT: "messages", RESPONSES: "input", MESSAGES: "messages"}
_BRIEF = {"role": "developer", "content": "Be brief."}
_BEGINNINGS: dict[Dialect, list[Json]] = {
    CHAT: [
        _BRIEF,
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": DATA_URL}}]},
    ],
    RESPONSES: [_BRIEF, {"role": "user", "content": [_INPUT_IMAGE]}],
    MESSAGES: [{"role": "user", "content": [_PICTURE]}],
}
_FUNCTIONS = [{"name": each, "parameters": _EMPTY} for each in NAMES]
_FRAMES: dict[Dialect, Json] = {
    CHAT: {
        "model": "auto",
        "reasoning_effort": "high",
        "tools": [{"type": "function", "function": each} for each in _FUNCTIONS],
    },
    RESPONSES: {
        "model": "auto",
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "reasoning": {"effort": "high"},
        "tools": [{"type": "function", **each, "strict": False} for each in _FUNCTIONS],
    },
    MESSAGES: {
        "model": "auto",
        "max_tokens": 20_000,
        "system": "Be brief.",
        "thinking": {"type": "enabled", "budget_tokens": 16_000},
        "tools": [{"name": each, "input_schema": _EMPTY} for each in NAMES],
    },
}


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("dialect", Dialect)
async def test_nobody_is_refused_what_all_the_others_have_said(
    tmp_path: Path, dialect: Dialect, stream: bool
) -> None:
    order = after_each_other(sorted(providers()))
    async with farthing(tmp_path) as (at, there):
        for begin in range(0, len(order) - 1, TURNS - 1):
            talk = Talk(at, dialect, f"s{begin}", stream=stream)
            for number, name in enumerate(order[begin : begin + TURNS]):
                await talk.turn(name, "Go on." if number % 3 == 2 else "")
                refused = {each: strict.refused for each, strict in there.items()}
                assert not any(refused.values()), refused
    assert sum(each.answered for each in there.values()) > len(there) ** 2
    assert all(each.given_back for each in there.values() if each.seal)


def test_each_follows_upon_each() -> None:
    names = sorted(providers())
    order = after_each_other(names)
    assert set(pairwise(order)) >= set(product(names, repeat=2))

"""Questions over HTTP with the real openai client: streamed, in one piece, and as a cascade run by the client."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import openai

from benchmarks.cascades.questions import Asked, Body
from router.acceptance.ruling import Evidence, ruled
from router.domain.cascade import AGREEMENT, Opinion, Ruling

Ask = Callable[[Asked], Awaitable["Reply"]]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its message, the ids of the requests that it took, and when its first content came and when it ended.

    `opinion` is what the client itself concluded from a pair's answers, `pair` their messages.
    """

    message: Mapping[str, Any]
    ids: Sequence[str]
    headers: Mapping[str, str]
    first_content_s: float
    total_s: float
    opinion: Opinion | None = None
    pair: Sequence[Mapping[str, Any]] = ()


@dataclass(slots=True)
class _Heard:
    """A stream's message, put together."""

    text: str = ""
    calls: dict[int, dict[str, str]] = field(default_factory=dict)

    def hear(self, delta: Any) -> bool:
        """Add a delta; whether it had content."""
        self.text += delta.content or ""
        for part in delta.tool_calls or ():
            call = self.calls.setdefault(part.index, {"name": "", "arguments": ""})
            call["name"] += part.function.name or ""
            call["arguments"] += part.function.arguments or ""
        return bool(delta.content or delta.tool_calls)

    @property
    def message(self) -> Mapping[str, Any]:
        """As a plain answer would have it."""
        if not self.calls:
            return {"role": "assistant", "content": self.text}
        calls = [{"type": "function", "function": call} for call in self.calls.values()]
        return {"role": "assistant", "content": None, "tool_calls": calls}


async def streamed(client: openai.AsyncOpenAI, model: str, body: Body) -> Reply:
    """Ask for a stream, and read it to its end."""
    began_s, first_s, heard = time.perf_counter(), 0.0, _Heard()
    create: Any = client.chat.completions.with_raw_response.create
    raw = await create(model=model, stream=True, **body)
    async for chunk in raw.parse():
        had_content = [heard.hear(choice.delta) for choice in chunk.choices]
        if any(had_content) and not first_s:
            first_s = time.perf_counter() - began_s
    total_s = time.perf_counter() - began_s
    return Reply(heard.message, [raw.headers["x-request-id"]], raw.headers, first_s, total_s)


async def whole(
    client: openai.AsyncOpenAI, model: str, body: Body
) -> tuple[str, Mapping[str, Any]]:
    """Ask for an answer in one piece: the request's id, and the answer."""
    create: Any = client.chat.completions.with_raw_response.create
    raw = await create(model=model, **body)
    return raw.headers["x-request-id"], raw.parse().model_dump(exclude_none=True)


def cascading(client: openai.AsyncOpenAI, first: Sequence[str], final: str) -> Ask:
    """The cascade as a client can run it without help: ask, compare, ask the final model."""

    async def ask(asked: Asked) -> Reply:
        began_s = time.perf_counter()
        pair = await asyncio.gather(*(whole(client, model, asked.body) for model in first))
        ids, answers = [each[0] for each in pair], [each[1] for each in pair]
        messages = [answer["choices"][0]["message"] for answer in answers]
        opinion = ruled(AGREEMENT, Evidence(asked.body, answers))
        step_s = time.perf_counter() - began_s
        if opinion.ruling is Ruling.ACCEPT and opinion.taken is not None:
            taken = messages[opinion.taken]
            return Reply(taken, ids, {}, step_s, step_s, opinion, messages)
        last = await streamed(client, final, asked.body)
        seconds = (step_s + last.first_content_s, step_s + last.total_s)
        return Reply(last.message, [*ids, *last.ids], last.headers, *seconds, opinion, messages)

    return ask


def straight(client: openai.AsyncOpenAI, model: str) -> Ask:
    """A question for that model, or that policy."""
    return lambda asked: streamed(client, model, asked.body)


async def all_of(asked: Sequence[Asked], ask: Ask, at_once: int) -> list[Reply]:
    """The replies to all questions, with this many asked at a time."""
    room = asyncio.Semaphore(at_once)

    async def one(question: Asked) -> Reply:
        async with room:
            return await ask(question)

    return list(await asyncio.gather(*map(one, asked)))

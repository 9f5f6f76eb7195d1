"""Ports that take their time, and that fail at a wait when they are told to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from enum import Enum, auto
from typing import Any

import orjson

from router.domain.budget import Balance, Budget, RateLimit
from router.domain.fault import AttemptFailed
from router.domain.ledger import Entry
from router.domain.money import Money
from router.domain.scored import Scored
from router.pipeline.passthrough_upstream import PassthroughCall
from router.ports import Call, Embedded, Exceeded, Reservation, Response
from router.providers.simulated.embedding import vector_of
from router.stores.memory.budget_store import MemoryBudgetStore
from router.stores.memory.cache import MemoryCache
from router.stores.memory.ledger import MemoryLedger
from router.stores.memory.rate_limiter import MemoryRateLimiter
from router.wire.sse import DONE, event_of

WORDS = ("The ", "harbour ", "is ", "quiet.")
WHOLE = "".join(WORDS)
USAGE = {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}
_STEP_S = 0.01


class Struck(MemoryError):
    """What a port raises when it is its turn to fail."""


class Waits:
    """Where ports wait. The wait of the number `fails_at`, counted from when that was set, raises."""

    def __init__(self) -> None:
        self.fails_at = 0

    async def __call__(self, for_s: float = 0.0) -> None:
        self.fails_at -= 1
        if self.fails_at == 0:
            raise Struck
        await asyncio.sleep(for_s)


class Manner(Enum):
    """How a model answers a call."""

    WELL = auto()
    SLOWLY = auto()
    FAILS = auto()
    BREAKS_OFF = auto()
    AS_A_WHOLE = auto()
    """Whether a stream was wanted or not."""


class Answering:
    """An answer on its way; implements `router.ports.Response`, and `PassthroughAnswer`."""

    request_id = ""
    status = 200
    headers = (("content-type", "application/json"),)

    def __init__(self, waits: Waits, pieces: Sequence[bytes], manner: Manner, *, is_stream: bool):
        self.is_stream = is_stream
        self.is_closed = False
        self._waits, self._pieces, self._manner = waits, list(pieces), manner

    async def read(self) -> bytes:
        await self._waits()
        if self._manner is Manner.BREAKS_OFF:
            raise _broken()
        return b"".join(self._pieces)

    def pieces(self) -> AsyncIterator[bytes]:
        return self

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        await self._waits(_STEP_S)
        if self._manner is Manner.BREAKS_OFF and len(self._pieces) < len(WORDS):
            raise _broken()
        if not self._pieces:
            raise StopAsyncIteration
        return self._pieces.pop(0)

    async def close(self) -> None:
        self.is_closed = True
        await asyncio.sleep(0)


class Models:
    """An upstream; each model answers in its manners, one after the other, and then well."""

    asks_usage = True

    def __init__(self, waits: Waits, manners: Mapping[str, Sequence[Manner]]) -> None:
        self._waits = waits
        self.manners = {model: list(theirs) for model, theirs in manners.items()}
        self.calls: list[Call] = []
        self.answers: list[Answering] = []

    async def send(self, call: Call) -> Response:
        self.calls.append(call)
        theirs = self.manners.get(call.model.id)
        manner = theirs.pop(0) if theirs else Manner.WELL
        await self._waits(1.0 if manner is Manner.SLOWLY else _STEP_S)
        if manner is Manner.FAILS:
            raise AttemptFailed.transient("it stumbled", "stumbled", reached_model=True)
        is_stream = call.stream and manner is not Manner.AS_A_WHOLE
        return self._answer(_pieces(call, is_stream=is_stream), manner, is_stream=is_stream)

    async def close(self) -> None: ...

    def _answer(self, pieces: Sequence[bytes], manner: Manner, *, is_stream: bool) -> Answering:
        self.answers.append(Answering(self._waits, pieces, manner, is_stream=is_stream))
        return self.answers[-1]


def _pieces(call: Call, *, is_stream: bool) -> Sequence[bytes]:
    if call.path == "/embeddings":
        vector = {"object": "embedding", "index": 0, "embedding": [0.5, 0.1]}
        return [orjson.dumps({"object": "list", "data": [vector], "usage": USAGE})]
    if not is_stream:
        message = {"role": "assistant", "content": WHOLE}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return [orjson.dumps({"id": "it", "choices": [choice], "usage": USAGE})]
    deltas: list[dict[str, Any]] = [{"index": 0, "delta": {"content": word}} for word in WORDS]
    deltas.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    events: list[dict[str, Any]] = [{"id": "it", "choices": [delta]} for delta in deltas]
    events.append({"id": "it", "choices": [], "usage": USAGE})
    return [*(event_of(orjson.dumps(event)) for event in events), DONE]


def _broken() -> AttemptFailed:
    return AttemptFailed.transient("the connection broke", "connection_broken", reached_model=True)


class SlowLedger(MemoryLedger):
    """Takes a moment until rows are durable."""

    def post(self, entries: Sequence[Entry]) -> Awaitable[None]:
        super().post(entries)
        return self._later()

    def score(self, scores: Sequence[Scored]) -> Awaitable[None]:
        super().score(scores)
        return self._later()

    def _later(self) -> Awaitable[None]:
        loop = asyncio.get_running_loop()
        durable: asyncio.Future[None] = loop.create_future()
        loop.call_later(_STEP_S, _done, durable)
        return durable


def _done(durable: "asyncio.Future[None]") -> None:
    if not durable.done():
        durable.set_result(None)


class SlowBudgets(MemoryBudgetStore):
    """Takes a moment to look and to reserve; what was cancelled meanwhile has not happened."""

    waits: Waits

    async def look(self, budgets: Sequence[Budget]) -> tuple[Balance, ...]:
        await self.waits()
        return await super().look(budgets)

    async def reserve(self, budgets: Sequence[Budget], amount: Money) -> Reservation | Balance:
        await self.waits()
        return await super().reserve(budgets, amount)


class SlowRates(MemoryRateLimiter):
    """Takes a moment."""

    waits: Waits

    async def take(self, limits: Sequence[RateLimit], tokens: int) -> Exceeded | None:
        await self.waits()
        return await super().take(limits, tokens)


class SlowCache(MemoryCache):
    """Takes a moment to look and to store."""

    waits: Waits

    async def answers(self, key: str) -> Mapping[str, bytes]:
        await self.waits()
        return await super().answers(key)

    async def put(self, key: str, writer: str, value: bytes, ttl_s: int) -> None:
        await self.waits()
        await super().put(key, writer, value, ttl_s)


class PassthroughUpstream:
    """The way to an upstream for calls that are passed through; implements `PassthroughUpstream`."""

    def __init__(self, waits: Waits) -> None:
        self._waits = waits
        self.calls: list[PassthroughCall] = []
        self.answers: list[Answering] = []

    async def send(self, call: PassthroughCall) -> Answering:
        self.calls.append(call)
        await self._waits(_STEP_S)
        told = orjson.dumps({"model": "cheap", "usage": USAGE})
        pieces = [told[:5], told[5:]]
        self.answers.append(Answering(self._waits, pieces, Manner.WELL, is_stream=False))
        return self.answers[-1]


class Letters:
    """Vectors that say which letters a text has, at a price; implements `router.ports.Embedder`."""

    name = "letters"

    def __init__(self, waits: Waits) -> None:
        self._waits = waits
        self.made = 0

    async def embed(self, text: str) -> Embedded | None:
        await self._waits()
        self.made += 1
        return Embedded(tuple(vector_of(text)), tokens=1000)

    async def close(self) -> None: ...

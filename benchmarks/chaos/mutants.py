"""Proxies that are broken on purpose, one behaviour each: the checker must notice every one.

Each is the real proxy with a wrapped port, or a wrapped last step before the wire. What breaks does so at
every n-th opportunity, not by chance.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field
from typing import Any

from msgspec import structs

from benchmarks.chaos.report import Invariant
from router.domain.fault import AttemptFailed
from router.domain.ledger import Entry
from router.domain.members import replace
from router.domain.money import ZERO
from router.domain.scored import Scored
from router.pipeline.flow import Pipeline
from router.pipeline.reply import PlainReply, Reply, StreamReply
from router.pipeline.request_context import Caller
from router.ports import Call, Ledger, LedgerStanding, Response, Upstream
from router.wire.original import Original

DONE = b"data: [DONE]\n\n"
_ERROR = b'data: {"error"'
_RETRIES = 3
_HOARD_BYTES = 2**20

Answer = Callable[[bytes, Caller], Awaitable[Reply]]
Alter = Callable[[Answer, bytes, Caller], Coroutine[Any, Any, Reply]]


class Every:
    """True at every n-th call."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._calls = 0

    def __call__(self) -> bool:
        """Whether this is the n-th."""
        self._calls += 1
        return self._calls % self._count == 0


async def _unaltered(answer: Answer, raw: bytes, caller: Caller) -> Reply:
    return await answer(raw, caller)


class AlteredPipeline(Pipeline, frozen=True):
    """The real pipeline, with its answers altered on their way out."""

    alter: Alter = _unaltered

    async def answer(
        self,
        raw: bytes,
        caller: Caller,
        original: Original | None = None,  # noqa: ARG002 - only chat is asked
    ) -> Reply:
        """The real answer, altered."""
        return await self.alter(self._real, raw, caller)

    async def _real(self, raw: bytes, caller: Caller) -> Reply:
        return await super().answer(raw, caller)


def _altering(make: Callable[[], Alter]) -> Callable[[Pipeline], Pipeline]:
    def build(pipeline: Pipeline) -> Pipeline:
        parts = structs.asdict(pipeline)
        return AlteredPipeline(**parts, alter=make())

    return build


def _streaming(
    change: Callable[[Answer, bytes, Caller, StreamReply], AsyncGenerator[bytes]],
) -> Alter:
    """Streams are altered, plain answers are not."""

    async def alter(answer: Answer, raw: bytes, caller: Caller) -> Reply:
        reply = await answer(raw, caller)
        if isinstance(reply, PlainReply):
            return reply
        return StreamReply(reply.headers, change(answer, raw, caller, reply))

    return alter


# ------------------------------------------------------------------------- the last step


def _lose() -> Alter:
    is_turn = Every(12)

    async def alter(answer: Answer, raw: bytes, caller: Caller) -> Reply:
        reply = await answer(raw, caller)
        if not is_turn():
            return reply
        if isinstance(reply, StreamReply):
            await reply.pieces.aclose()
        raise ConnectionResetError("lost")

    return alter


def _hang() -> Alter:
    is_turn = Every(25)

    async def alter(answer: Answer, raw: bytes, caller: Caller) -> Reply:
        if is_turn():
            await asyncio.Event().wait()
        return await answer(raw, caller)

    return alter


def _double() -> Alter:
    is_turn = Every(6)

    async def twice(pieces: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        async for piece in pieces:
            yield piece
            if piece.endswith(DONE):
                yield DONE

    async def alter(answer: Answer, raw: bytes, caller: Caller) -> Reply:
        reply = await answer(raw, caller)
        if not is_turn():
            return reply
        if isinstance(reply, StreamReply):
            return StreamReply(reply.headers, twice(reply.pieces))
        return PlainReply(reply.headers, reply.body * 2)

    return alter


def _swap() -> Alter:
    is_turn, others = Every(6), [b""]

    async def alter(answer: Answer, raw: bytes, caller: Caller) -> Reply:
        reply = await answer(raw, caller)
        if isinstance(reply, StreamReply):
            return reply
        other, others[0] = others[0], reply.body
        return PlainReply(reply.headers, other) if is_turn() else reply

    return alter


def _replay() -> Alter:
    async def change(
        answer: Answer, raw: bytes, caller: Caller, reply: StreamReply
    ) -> AsyncGenerator[bytes]:
        async for piece in reply.pieces:
            if _ERROR not in piece:
                yield piece
                continue
            again = replace(caller, request_id=f"{caller.request_id}-again")
            elsewhere = raw.replace(b'"metadata"', b'"x-metadata"')
            second = await answer(elsewhere, again)
            assert isinstance(second, StreamReply)
            async for other in second.pieces:
                yield other

    return _streaming(change)


def _silent_cut() -> Alter:
    async def change(
        _answer: Answer, _raw: bytes, _caller: Caller, reply: StreamReply
    ) -> AsyncGenerator[bytes]:
        async for piece in reply.pieces:
            yield DONE if _ERROR in piece else piece

    return _streaming(change)


def _hoard() -> Alter:
    kept: list[bytes] = []

    async def alter(answer: Answer, raw: bytes, caller: Caller) -> Reply:
        kept.append(raw[:1] * _HOARD_BYTES)
        return await answer(raw, caller)

    return alter


# ------------------------------------------------------------------------------ the ports


@dataclass(frozen=True, slots=True)
class _LeakyResponse:
    """Never releases its connection."""

    real: Response

    @property
    def request_id(self) -> str:
        return self.real.request_id

    @property
    def is_stream(self) -> bool:
        return self.real.is_stream

    async def read(self) -> bytes:
        return await self.real.read()

    def pieces(self) -> AsyncIterator[bytes]:
        return self.real.pieces()

    async def close(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class _UpstreamBefore(ABC):
    """Stands before the real upstream, and asks it in another way."""

    real: Upstream

    @property
    def asks_usage(self) -> bool:
        """As the real one."""
        return self.real.asks_usage

    @abstractmethod
    async def send(self, call: Call) -> Response:
        """Some answer of the real one."""

    async def close(self) -> None:
        """Close the real one."""
        await self.real.close()


@dataclass(frozen=True, slots=True)
class LeakyUpstream(_UpstreamBefore):
    """Does not close abandoned streams."""

    kept: list[Response] = field(default_factory=list)

    async def send(self, call: Call) -> Response:
        """The real answer, held back for ever."""
        response = await self.real.send(call)
        self.kept.append(response)
        return _LeakyResponse(response)


@dataclass(frozen=True, slots=True)
class StormyUpstream(_UpstreamBefore):
    """Retries on its own, as client libraries do, without asking for an allowance."""

    async def send(self, call: Call) -> Response:
        """The first answer of several tries."""
        for _ in range(_RETRIES):
            try:
                return await self.real.send(call)
            except AttemptFailed:
                continue
        return await self.real.send(call)


@dataclass(frozen=True, slots=True)
class _LedgerBefore(ABC):
    """Stands before the real ledger, and now and then does something else with entries."""

    real: Ledger
    is_turn: Every = field(default_factory=lambda: Every(10))

    @property
    def standing(self) -> LedgerStanding:
        """As the real one."""
        return self.real.standing

    @abstractmethod
    def post(self, entries: Sequence[Entry]) -> Awaitable[None]:
        """Post them, or not quite."""

    def score(self, scores: Sequence[Scored]) -> Awaitable[None]:
        """As the real one."""
        return self.real.score(scores)


@dataclass(frozen=True, slots=True)
class GenerousLedger(_LedgerBefore):
    """Sometimes charges nothing."""

    def post(self, entries: Sequence[Entry]) -> Awaitable[None]:
        """Post them, possibly for free."""
        if self.is_turn():
            entries = [replace(entry, cost=ZERO) for entry in entries]
        return self.real.post(entries)


@dataclass(frozen=True, slots=True)
class ForgetfulLedger(_LedgerBefore):
    """Sometimes writes nothing down."""

    def post(self, entries: Sequence[Entry]) -> Awaitable[None]:
        """Post them, or not."""
        return self.real.post(() if self.is_turn() else entries)


def _with_upstreams(wrap: Callable[[Upstream], Upstream]) -> Callable[[Pipeline], Pipeline]:
    def build(pipeline: Pipeline) -> Pipeline:
        wrapped = {name: wrap(each) for name, each in pipeline.runtime.upstreams.items()}
        return replace(pipeline, runtime=replace(pipeline.runtime, upstreams=wrapped))

    return build


def _with_ledger(wrap: Callable[[Ledger], Ledger]) -> Callable[[Pipeline], Pipeline]:
    return lambda pipeline: replace(pipeline, ledger=wrap(pipeline.ledger))


@dataclass(frozen=True, slots=True)
class Mutant:
    """What it does wrong, the invariant that must turn red, and how it is made."""

    does: str
    breaks: Invariant
    build: Callable[[Pipeline], Pipeline]


MUTANTS: Mapping[str, Mutant] = {
    "lose": Mutant("drops answers", Invariant.ANSWERED, _altering(_lose)),
    "hang": Mutant("never answers some", Invariant.ANSWERED, _altering(_hang)),
    "double": Mutant("ends streams twice, repeats bodies", Invariant.ANSWERED, _altering(_double)),
    "silent_cut": Mutant("calls a cut stream whole", Invariant.ANSWERED, _altering(_silent_cut)),
    "swap": Mutant("gives another's answer", Invariant.OWN, _altering(_swap)),
    "replay": Mutant("starts over in mid-stream", Invariant.ONE_MODEL, _altering(_replay)),
    "leak": Mutant("keeps calls open", Invariant.IN_FLIGHT, _with_upstreams(LeakyUpstream)),
    "hoard": Mutant("keeps memory", Invariant.MEMORY, _altering(_hoard)),
    "storm": Mutant("retries on its own", Invariant.STORM, _with_upstreams(StormyUpstream)),
    "free": Mutant("charges nothing", Invariant.MONEY, _with_ledger(GenerousLedger)),
    "forget": Mutant("loses rows", Invariant.MONEY, _with_ledger(ForgetfulLedger)),
}

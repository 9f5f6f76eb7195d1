"""The path of one request for vectors, whose model is named and never chosen.

parse -> which model? -> stored? -> send, in one of that model's places -> account

Vectors of two models cannot be compared, and an index is filled over months: whatever fails, no other
model ever stands in. If the named model cannot answer now, that is an error.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from router.decision.single_candidate import sole_candidate
from router.dispatch.commands import Start
from router.dispatch.fleet import CallVerdict
from router.dispatch.machine import Attempts
from router.dispatch.plan import Plan
from router.domain.caching import CacheTerms, Origin
from router.domain.deadlines import NO_DEADLINES
from router.domain.errors import ApiError
from router.domain.fault import AttemptFailed
from router.domain.model import Model
from router.domain.nearest import nearest
from router.domain.usage import Usage
from router.ledger.rulebook import Payer
from router.ledger.unrouted import UnroutedKind, UnroutedRequest
from router.pipeline.attempts import Begun, Race, Stopwatch
from router.pipeline.cache_slot import CacheSlot, writer_of
from router.pipeline.flow import Pipeline
from router.pipeline.in_time import in_time
from router.pipeline.opened import OpenedPlain
from router.pipeline.planning import tightened
from router.pipeline.refusals import limit_exceeded, model_not_allowed
from router.pipeline.reply import PlainReply
from router.pipeline.request_context import Caller
from router.pipeline.request_observer import RequestObserver
from router.pipeline.reservations import Reservations
from router.pipeline.unrouted_bookkeeper import UnroutedBookkeeper
from router.ports import Call, Response
from router.wire.answer import MalformedAnswer
from router.wire.cached import StoredAnswer, cache_key, pack
from router.wire.embeddings import (
    EmbeddingsRequest,
    parse_embeddings,
    read_vectors,
    upstream_bytes,
)

_PATH = "/embeddings"
_TENANT = "embeddings"
"""Precedes the tenant in the keys of stored vectors, so that none is ever the key of an answer."""


async def vectors_for(pipeline: Pipeline, raw: bytes, caller: Caller, ttl_s: int) -> PlainReply:
    """The answer to one request, kept for `ttl_s` seconds. Raises ApiError for what the client must be told."""
    request = parse_embeddings(raw)
    for name in caller.stated:
        raise ApiError.invalid(f"x-farthing-{name}", "Embeddings have no policy to override.")
    model = _model(pipeline, request.asked, caller)
    tokens = request.tokens + pipeline.judge.reader.counter.of_text(request.text).tokens
    return await _Fetching(pipeline, request, caller, model, tokens, ttl_s).reply()


def _model(pipeline: Pipeline, asked: str, caller: Caller) -> Model:
    """The embedding model of that name. Raises ApiError: 404 if there is none, 403 for another's."""
    judge = pipeline.judge
    known = judge.vectors.at(judge.world.unix_s())
    allowed = {name for name in known if caller.grants.allows_model(name)}
    if asked in known and asked not in allowed:
        raise model_not_allowed(asked, caller.grants.models)
    if asked in known:
        return known[asked]
    if asked in judge.models:
        message = f"'{asked}' is not an embedding model: it answers POST /v1/chat/completions."
        raise ApiError(
            400, f"{message}{_there_is(allowed)}", code="model_not_supported", param="model"
        )
    hint = nearest(asked, allowed) or "; none is configured"
    message = f"There is no embedding model '{asked}'{hint}."
    raise ApiError(404, message, code="model_not_found", param="model")


def _there_is(names: set[str]) -> str:
    listed = ", ".join(f"'{name}'" for name in sorted(names))
    return f" Embeddings are made by {listed}." if listed else " No embedding model is configured."


@dataclass(frozen=True)
class _Fetching:
    """One request, and the model that it is for."""

    pipeline: Pipeline
    request: EmbeddingsRequest
    caller: Caller
    model: Model
    tokens: int
    ttl_s: int

    async def reply(self) -> PlainReply:
        """The stored answer, or a new one."""
        watch = self.watch
        stored = await self.cache_slot.look({self.model.id: self.model}, watch.at_s)
        if (answer := stored.get(self.model.id)) is None:
            return await self._made()
        await self._admit(0)
        self.books.from_cache(self.model, answer.origin.usage, watch.timing())
        await self.books.post()
        age = {"age": str(max(0, int(watch.at_s - answer.origin.at_s)))}
        return self._told(answer.body, answer.origin.writer.upstream, 0, "hit", age)

    @cached_property
    def watch(self) -> Stopwatch:
        """A stopwatch that starts when it is first used, which is at once."""
        return Stopwatch.started(self.pipeline.runtime.world)

    @cached_property
    def cache_slot(self) -> CacheSlot:
        """Where the answer to exactly this request is stored: same words, same order, same format of numbers."""
        caller, pipeline = self.caller, self.pipeline
        tenant = (_TENANT, *pipeline.tenancy.tenant_of(caller.key, caller.key_tags))
        key = cache_key(self.request.body, tenant) if self.ttl_s else None
        terms, largest = CacheTerms(self.ttl_s), pipeline.largest_stored_bytes
        return CacheSlot(pipeline.cache, key, terms, caller.wish, largest, tenant)

    @cached_property
    def books(self) -> UnroutedBookkeeper:
        """Where its attempts are written down."""
        caller, pipeline = self.caller, self.pipeline
        unrouted = UnroutedRequest(
            caller.request_id,
            self.request.asked,
            caller.key,
            caller.tags,
            UnroutedKind.EMBEDDING,
            self.tokens,
        )
        reservations = Reservations(
            pipeline.budget_store, pipeline.rulebook.budgets_for(self._payer)
        )
        request_observer = RequestObserver.of(pipeline.runtime, caller, self.watch.began_s)
        return UnroutedBookkeeper(unrouted, pipeline.ledger, reservations, request_observer)

    @property
    def _payer(self) -> Payer:
        caller = self.caller
        return Payer(caller.key, caller.tags, "", caller.grants)

    async def _admit(self, tokens: int) -> None:
        """Count the request against its rate limits. Raises ApiError: 429, or 504 if that takes too long."""
        limits = self.pipeline.rulebook.limits_for(self._payer)
        if not limits:
            return
        taking, took_s = self.pipeline.rate_limiter.take(limits, tokens), self.watch.elapsed_s()
        if exceeded := await in_time(taking, self.caller.deadline_s, took_s):
            raise limit_exceeded(exceeded)

    async def _made(self) -> PlainReply:
        await self._admit(self.tokens)
        machine = self._machine()
        begun = await self._begun(machine)
        machine.calls.end(
            begun.start.attempt, CallVerdict.GOOD, self.pipeline.runtime.world.monotonic_s()
        )
        opened = begun.opened
        assert isinstance(opened, OpenedPlain)  # noqa: S101 - `_opened` opens nothing else
        entry = self.books.answered(begun, opened.heard)
        await self.books.post()
        await self._keep(begun.start.candidate.model, entry.usage, opened.body)
        upstream = begun.start.candidate.model.upstream
        return self._told(opened.body, upstream, begun.start.attempt, self.cache_slot.state, {})

    def _machine(self) -> Attempts:
        pipeline, world = self.pipeline, self.pipeline.runtime.world
        effort = tightened(pipeline.effort, NO_DEADLINES, self.caller.deadline_s)
        candidates = (sole_candidate(self.model, self.tokens),)
        plan = Plan(candidates, effort, stream=False, tokens=self.tokens)
        started_s = world.monotonic_s()
        return Attempts(plan, pipeline.fleet, started_s=started_s, jitter=world.chance)

    async def _begun(self, machine: Attempts) -> Begun:
        """The attempt that answers. Raises ApiError; what was paid until then is booked."""
        race = Race(machine, self._call, self.pipeline.runtime, self.books, self._opened)
        try:
            return await race.run()
        except ApiError as error:
            self.books.request_observer.status = error.status
            await self.books.post()
            raise
        except BaseException:
            machine.left(self.pipeline.runtime.world.monotonic_s())
            self.books.post()  # mostly the client has left, and nobody is there to wait for it
            raise

    def _call(self, start: Start) -> Call:
        model = start.candidate.model
        return Call(
            model=model,
            body=upstream_bytes(self.request, model.name),
            fields=self.request.body,
            stream=False,
            fresh=start.is_again,
            path=_PATH,
            headers=self.books.request_observer.onward(start.attempt),
        )

    async def _opened(
        self, response: Response, _: Call, release: Callable[[], None]
    ) -> OpenedPlain:
        """The whole answer. Raises AttemptFailed."""
        try:
            body = await _whole(response)
        finally:
            release()
        try:
            return OpenedPlain(body, read_vectors(body, self.request.vectors))
        except MalformedAnswer as error:
            raise AttemptFailed.transient(
                str(error), "malformed_answer", reached_model=True
            ) from None

    async def _keep(self, model: Model, usage: Usage, body: bytes) -> None:
        """Store the answer if configuration and client allow it."""
        cache_slot, caller = self.cache_slot, self.caller
        if (
            cache_slot.key is None
            or not cache_slot.may_store
            or len(body) > cache_slot.largest_bytes
        ):
            return
        now_s = self.pipeline.runtime.world.unix_s()
        origin = Origin(writer_of(model), usage, now_s, caller.request_id, caller.key, caller.tags)
        answer = StoredAnswer(origin, is_stream=False, body=body)
        # Vectors hardly compress, and it takes long to find that out.
        packed = await asyncio.to_thread(pack, answer)
        await cache_slot.cache.put(cache_slot.key, model.id, packed, self.ttl_s)

    def _told(
        self, body: bytes, upstream: str, attempt: int, cache: str, more: dict[str, str]
    ) -> PlainReply:
        headers = {
            "x-request-id": self.caller.request_id,
            "x-farthing-policy": "none",
            "x-farthing-model": self.model.id,
            "x-farthing-upstream": upstream,
            "x-farthing-reason": "named by the request",
            "x-farthing-attempts": str(attempt),
            "x-farthing-cache": cache,
            "x-farthing-cost-usd": str(self.books.cost),
        }
        return PlainReply(headers | more, body)


async def _whole(response: Response) -> bytes:
    try:
        return await response.read()
    finally:
        await response.close()

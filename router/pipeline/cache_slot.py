"""The cache as the pipeline sees it: what is stored for this request, and may its answer be stored?

A stored answer is a candidate in the decision, which knows whether the model that wrote it is good
enough. This module only makes sure that it is fresh, undamaged, and this tenant's own.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from hashlib import sha256

import orjson
from msgspec import Struct

from router.domain.caching import CacheTerms, Writer
from router.domain.model import Capability, Model
from router.pipeline.in_turns import in_turns
from router.ports import Cache
from router.wire.answer import MalformedAnswer
from router.wire.cached import StoredAnswer, naming, pack, unpack
from router.wire.chat import ChatRequest
from router.wire.dialects.dialect import Dialect
from router.wire.dialects.seals import origin_of
from router.wire.keepable import StreamSummary, flaw_of, flaw_of_stream
from router.wire.native.in_chat import in_chat
from router.wire.native.stored import may_go_on

_DIRECTIVE = re.compile(r"([a-z-]+)\s*(?:=\s*\"?(\d+)\"?)?")
_BY_SEQUENCE = re.compile(rb'"stop_reason"\s*:\s*"stop_sequence"')
"""How a message says so; in a text the quotes would be escaped."""
_MOST_DIGITS = 10
"""Digits of an age in seconds; a longer number means for ever."""


class CacheControl(Struct, frozen=True):
    """What the client's Cache-Control header allows (RFC 9111, section 5.2.1).

    `max_age_s` is the greatest age of a stored answer; None leaves that to the policy.
    """

    may_read: bool = True
    may_store: bool = True
    max_age_s: int | None = None

    @classmethod
    def from_header(cls, cache_control: str) -> "CacheControl":
        """`no-cache` forbids reading, `no-store` both; `max-age=N` bounds the age."""
        if not cache_control:
            return ANY_WISH
        said = {
            found[1]: found[2]
            for part in cache_control.lower().split(",")
            if (found := _DIRECTIVE.fullmatch(part.strip()))
        }
        stores, age = "no-store" not in said, said.get("max-age")
        return cls(
            may_read=stores and "no-cache" not in said,
            may_store=stores,
            max_age_s=None if age is None else int(age[:_MOST_DIGITS]),
        )


ANY_WISH = CacheControl()


class CacheSlot(Struct, frozen=True):
    """The place of one request's answers in the cache; a place without a key holds nothing.

    `learn` is told of a new answer once it is stored, None where it teaches nothing. Without `stores` nothing is
    cached, and answers are shared only among identical requests in flight at the same time. `goes_on_at` are models
    from whose new answers the client may continue by their ids: a stored one has an id that their provider does not
    know, and is not given.
    """

    cache: Cache
    key: str | None
    terms: CacheTerms
    wish: CacheControl
    largest_bytes: int
    tenant: tuple[str, ...] = ()
    learn: Callable[[StoredAnswer], Awaitable[None]] | None = None
    stores: bool = True
    goes_on_at: Capability | None = None

    @classmethod
    async def of(
        cls,
        cache: Cache,
        request: ChatRequest,
        terms: CacheTerms,
        *,
        tenant: tuple[str, ...],
        wish: CacheControl,
        largest_bytes: int,
    ) -> "CacheSlot":
        """The slot for `request`; without a key if the policy does not cache such requests."""
        key, original = None, request.original
        if _may_repeat(request, terms):
            key = await in_turns(naming(request.naming, tenant))
        goes_on = original is not None and may_go_on(original)
        goes_on_at = original.api if original is not None and goes_on else None
        return cls(cache, key, terms, wish, largest_bytes, tenant, goes_on_at=goes_on_at)

    async def look(
        self, models: Mapping[str, Model], now_s: float, key: str | None = None
    ) -> dict[str, StoredAnswer]:
        """The stored answers that may be given now, by the id of the model that wrote them.

        `key` is that of another request whose answers may serve this one.
        """
        if self.key is None or not self.wish.may_read:
            return {}
        found = await self.cache.answers(key or self.key)
        stored = filter(None, map(unpack, found.values())) if found else ()
        return {
            answer.origin.writer.model_id: answer
            for answer in stored
            if self._is_fresh(answer, now_s)
            and is_still(answer.origin.writer, models)
            and self.goes_on_at not in models[answer.origin.writer.model_id].capabilities
        }

    def flight_key(self, kind: Sequence[object]) -> str:
        """The single-flight key: the same for all requests of this kind that want this slot's answer."""
        return sha256(orjson.dumps([self.key, *kind])).hexdigest()

    async def keep(
        self, answer: StoredAnswer, request: ChatRequest, ending: StreamSummary | None = None
    ) -> None:
        """Store `answer` if client and policy allow it and it has no flaw.

        `ending` is what was seen of a stream. An answer in another dialect is stored as chat, which
        can be told in every dialect; one that chat cannot express is not stored.
        """
        may_store = self.stores and self.may_store
        if self.key is None or not may_store or len(answer.body) > self.largest_bytes:
            return
        if answer.dialect is not Dialect.CHAT:
            calls = ending is not None and "tool_calls" in ending.finish_reasons
            if calls and not self.terms.tool_calls:
                return  # it would not be stored: spare the translation
            if (told := _in_chat(answer)) is None:
                return
            answer = told
        if self._flaw(answer, request, ending) is None:
            writer = answer.origin.writer.model_id
            await self.cache.put(self.key, writer, pack(answer), self.terms.ttl_s)
            if self.learn is not None:
                await self.learn(answer)

    def _flaw(
        self, answer: StoredAnswer, request: ChatRequest, ending: StreamSummary | None
    ) -> str | None:
        keeps_calls = self.terms.tool_calls
        if ending is not None:
            return flaw_of_stream(
                answer.body, ending, request=request.body, keeps_tool_calls=keeps_calls
            )
        return flaw_of(
            answer.body,
            is_stream=answer.is_stream,
            request=request.body,
            keeps_tool_calls=keeps_calls,
        )

    @property
    def may_store(self) -> bool:
        """Whether an answer could be kept at all."""
        return self.key is not None and self.wish.may_store

    @property
    def is_shared(self) -> bool:
        """Whether this request may be answered together with others that are the same.

        Not where the client may continue from the answer by its id, and the others may be another key's.
        """
        is_continued = self.goes_on_at is not None and self.tenant[:1] == ("tags",)
        return self.may_store and self.wish.may_read and not is_continued

    @property
    def state(self) -> str:
        """What the reply's header says when the answer does not come from the cache."""
        return "off" if self.key is None else "miss"

    def _is_fresh(self, answer: StoredAnswer, now_s: float) -> bool:
        """Whether it is fresh by this request's policy, which may be stricter than the one it was stored under."""
        oldest_s = self.terms.ttl_s
        if self.wish.max_age_s is not None:
            oldest_s = min(oldest_s, self.wish.max_age_s)
        return now_s - answer.origin.at_s < oldest_s


def _in_chat(answer: StoredAnswer) -> StoredAnswer | None:
    """The answer as chat; None where chat has no words for it, such as for the stop sequence that ended it."""
    if answer.dialect is Dialect.MESSAGES and _BY_SEQUENCE.search(answer.body):
        return None
    origin, writer = answer.origin, answer.origin.writer
    whose = origin_of(writer.upstream, writer.name)
    try:
        body = in_chat(
            answer.body, answer.dialect, whose, is_stream=answer.is_stream, now_s=origin.at_s
        )
    except MalformedAnswer:
        return None
    return StoredAnswer(origin, answer.is_stream, body)


def writer_of(model: Model) -> Writer:
    """`model` as the writer of an answer today."""
    return Writer(model.id, model.upstream, model.name)


def is_still(writer: Writer, models: Mapping[str, Model]) -> bool:
    """Whether the catalog's entry of that id still stands for the same model."""
    model = models.get(writer.model_id)
    return model is not None and any(writer_of(place) == writer for place in model.places)


def _may_repeat(request: ChatRequest, terms: CacheTerms) -> bool:
    if request.original is not None and request.original.unsaid is not None:
        return False  # the chat view, which the key is made from, does not say it all
    if terms.ttl_s <= 0 or (terms.max_n is not None and request.choices > terms.max_n):
        return False
    temperature = request.body.get("temperature")
    usual = 1.0 if temperature is None else temperature
    return terms.max_temperature is None or usual <= terms.max_temperature

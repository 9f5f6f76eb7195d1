"""The cache as the pipeline sees it: what is stored for this request, and may its answer stay?

A stored answer is a candidate of the decision, which knows whether the model that wrote it is good
enough. Here it is only seen to that it is fresh, undamaged, and this tenant's own.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

import orjson

from router.domain.caching import CacheTerms, Writer
from router.domain.model import Model
from router.pipeline.leisure import at_leisure
from router.ports import Cache
from router.wire.cached import StoredAnswer, naming, pack, unpack
from router.wire.chat import ChatRequest
from router.wire.keepable import Ending, flaw_of, flaw_of_stream

_DIRECTIVE = re.compile(r"([a-z-]+)\s*(?:=\s*\"?(\d+)\"?)?")
_MOST_DIGITS = 10
"""Of an age in seconds; whoever writes more means for ever."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the client's Cache-Control header allows (RFC 9111, section 5.2.1).

    A stored answer may be `max_age_s` old at most, None for as old as the policy lets it become.
    """

    may_read: bool = True
    may_store: bool = True
    max_age_s: int | None = None

    @classmethod
    def from_header(cls, cache_control: str) -> "Wish":
        """`no-cache` forbids reading, `no-store` both; `max-age=N` bounds the age."""
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


ANY_WISH = Wish()


class Lesson(Protocol):
    """What there is to learn from a new answer."""

    async def learn(self, answer: StoredAnswer) -> None:
        """It is stored."""
        ...


@dataclass(frozen=True, slots=True)
class Shelf:
    """The place of one request's answers in the cache; a place without a key holds nothing.

    `lesson` is what a new answer teaches, None for nothing.
    """

    cache: Cache
    key: str | None
    terms: CacheTerms
    wish: Wish
    largest_bytes: int
    tenant: tuple[str, ...] = ()
    lesson: Lesson | None = None

    @classmethod
    async def of(
        cls,
        cache: Cache,
        request: ChatRequest,
        terms: CacheTerms,
        *,
        tenant: tuple[str, ...],
        wish: Wish,
        largest_bytes: int,
    ) -> "Shelf":
        """The shelf for `request`; without a key where the policy caches nothing of its kind."""
        key = None
        if _may_repeat(request, terms):
            key = await at_leisure(naming(request.body, tenant))
        return cls(cache, key, terms, wish, largest_bytes, tenant)

    async def look(
        self, models: Mapping[str, Model], now_s: float, key: str | None = None
    ) -> dict[str, StoredAnswer]:
        """The stored answers that may be given now, by the id of the model that wrote them.

        `key` is that of another request, whose answers may do for this one.
        """
        if self.key is None or not self.wish.may_read:
            return {}
        found = await self.cache.answers(key or self.key)
        stored = filter(None, map(unpack, found.values())) if found else ()
        return {
            answer.origin.writer.model_id: answer
            for answer in stored
            if self._is_fresh(answer, now_s) and is_still(answer.origin.writer, models)
        }

    def flight_key(self, kind: Sequence[object]) -> str:
        """The name of all requests of this kind that want what stands on this shelf."""
        return sha256(orjson.dumps([self.key, *kind])).hexdigest()

    async def keep(
        self, answer: StoredAnswer, request: ChatRequest, ending: Ending | None = None
    ) -> None:
        """Store `answer` if client and policy allow it and there is no flaw in it.

        `ending` is what was seen of a stream.
        """
        if self.key is None or not self.may_store or len(answer.body) > self.largest_bytes:
            return
        if ending is not None:
            flaw = flaw_of_stream(
                answer.body, ending, request=request.body, keeps_tool_calls=self.terms.tool_calls
            )
        else:
            flaw = flaw_of(
                answer.body,
                is_stream=answer.is_stream,
                request=request.body,
                keeps_tool_calls=self.terms.tool_calls,
            )
        if flaw is None:
            writer = answer.origin.writer.model_id
            await self.cache.put(self.key, writer, pack(answer), self.terms.ttl_s)
            if self.lesson is not None:
                await self.lesson.learn(answer)

    @property
    def may_store(self) -> bool:
        """Whether an answer could be kept at all."""
        return self.key is not None and self.wish.may_store

    @property
    def is_shared(self) -> bool:
        """Whether this request may be answered together with others that are the same."""
        return self.may_store and self.wish.may_read

    @property
    def state(self) -> str:
        """What the reply's header says when nothing was taken."""
        return "off" if self.key is None else "miss"

    def _is_fresh(self, answer: StoredAnswer, now_s: float) -> bool:
        """By this request's policy, which may be stricter than the one it was stored under."""
        oldest_s = self.terms.ttl_s
        if self.wish.max_age_s is not None:
            oldest_s = min(oldest_s, self.wish.max_age_s)
        return now_s - answer.origin.at_s < oldest_s


def writer_of(model: Model) -> Writer:
    """`model` as the writer of an answer today."""
    return Writer(model.id, model.upstream, model.name)


def is_still(writer: Writer, models: Mapping[str, Model]) -> bool:
    """Whether the catalog's entry of that id would still be answered by the same model."""
    model = models.get(writer.model_id)
    return model is not None and any(writer_of(place) == writer for place in model.places)


def _may_repeat(request: ChatRequest, terms: CacheTerms) -> bool:
    if terms.ttl_s <= 0 or (terms.max_n is not None and request.choices > terms.max_n):
        return False
    temperature = request.body.get("temperature")
    usual = 1.0 if temperature is None else temperature
    return terms.max_temperature is None or usual <= terms.max_temperature

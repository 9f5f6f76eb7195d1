"""The cache as the pipeline sees it: may this request be served from it, and may its answer stay?

A stored answer is taken only where the decision finds the model that wrote it adequate: a strict
policy does not accept what a weak model wrote for a lenient one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from router.domain.decision import Candidate, Decision
from router.ports import Cache
from router.wire.cached import CachedAnswer, cache_key, is_worth_keeping, pack, unpack
from router.wire.chat import ChatRequest


@dataclass(frozen=True, slots=True)
class Wish:
    """What the client's Cache-Control header allows (RFC 9111, section 5.2.1)."""

    may_read: bool = True
    may_store: bool = True

    @classmethod
    def from_header(cls, cache_control: str) -> "Wish":
        """`no-cache` forbids reading, `no-store` both."""
        directives = {part.strip().lower() for part in cache_control.split(",")}
        stores = "no-store" not in directives
        return cls(may_read=stores and "no-cache" not in directives, may_store=stores)


ANY_WISH = Wish()


@dataclass(frozen=True, slots=True)
class Shelf:
    """The place of one request's answer in the cache; a place without a key holds nothing."""

    cache: Cache
    key: str | None
    ttl_s: int
    wish: Wish

    @classmethod
    def of(
        cls, cache: Cache, request: ChatRequest, decision: Decision, *, tenant: str, wish: Wish
    ) -> "Shelf":
        """The shelf for `request`; without a key where the policy caches nothing."""
        policy = decision.policy or decision.chosen.model.id
        cached = decision.cache_ttl_s > 0
        key = cache_key(request.body, tenant=tenant, policy=policy) if cached else None
        return cls(cache, key, decision.cache_ttl_s, wish)

    async def take(self, decision: Decision) -> tuple[Candidate, CachedAnswer] | None:
        """A stored answer and the candidate that wrote it, if the decision accepts that one."""
        if self.key is None or not self.wish.may_read:
            return None
        stored = await self.cache.answers(self.key)
        for writer in _adequate(decision):
            value = stored.get(writer.model.id)
            if value is not None and (answer := unpack(value)) is not None:
                return writer, answer
        return None

    async def keep(
        self, answer: CachedAnswer, finish_reasons: frozenset[str], *, calls_tools: bool
    ) -> None:
        """Store `answer` if client, policy and its own ending allow it."""
        if self.key is None or not self.may_store:
            return
        if is_worth_keeping(finish_reasons, calls_tools=calls_tools):
            await self.cache.put(self.key, answer.model_id, pack(answer), self.ttl_s)

    @property
    def may_store(self) -> bool:
        """Whether an answer could be kept at all."""
        return self.key is not None and self.wish.may_store

    @property
    def state(self) -> str:
        """What the reply's header says when nothing was taken."""
        return "off" if self.key is None else "miss"


def _adequate(decision: Decision) -> Iterator[Candidate]:
    for candidate in (decision.chosen, *decision.fallbacks):
        if candidate.quality.p >= decision.required_p or candidate is decision.chosen:
            yield candidate

r"""The semantic cache on a request's way: what was found in other words, and what is learnt from it.

nothing stored for these words ---> is there an answer to others? ---> the decision takes it: given
|                \---> to be checked: a new one is made,
|                      and both are compared
\---> none: the new answer may do for others later
"""

from collections.abc import Callable, Mapping

from msgspec import Struct

from router.decision.settled import settled
from router.domain.decision import Decision
from router.domain.members import replace
from router.domain.money import ZERO, Money
from router.domain.semantic import SemanticMode
from router.ledger.account import Embedding, Timing
from router.pipeline.attempts import Stopwatch
from router.pipeline.bookkeeper import Bookkeeper
from router.pipeline.cache_slot import CacheSlot
from router.pipeline.judge import Judge
from router.pipeline.request_context import RequestContext
from router.pipeline.semantic import Semantic, SemanticLookup
from router.ports import World
from router.wire.answer import MalformedAnswer
from router.wire.cached import StoredAnswer
from router.wire.chunks import text_in
from router.wire.replay import whole
from router.wire.wording import split


class Vectors(Struct, frozen=True):
    """The upstream and the model that make vectors of texts, and what a token costs there."""

    upstream: str = ""
    model: str = ""
    per_token: Money = ZERO


Asked = tuple[Embedding, Timing]
"""A call for a vector, and when it was made."""

Stored = Mapping[str, StoredAnswer]
"""Answers that are at hand, by the id of the model that wrote them."""


class CacheLookup(Struct, frozen=True):
    """The stored answers for a request, the decision about them, and the place of a new answer.

    `asked` is the call for a vector that was made on the way, with its timing; `is_similar` says that
    the stored answers were given to other words.
    """

    decision: Decision
    stored: Stored
    cache_slot: CacheSlot
    asked: Asked | None = None
    is_similar: bool = False

    async def book_in(self, books: Bookkeeper) -> None:
        """Book the call for a vector, if there was one, and charge it to the budgets."""
        if self.asked is not None:
            await books.embedded(*self.asked)


class Lesson(Struct, frozen=True):
    """What a new answer teaches: it may serve other words from now on.

    `stored` is the answer that could have been given instead, where the two are to be compared.
    """

    semantic: Semantic
    look: SemanticLookup
    key: str
    ttl_s: int
    stored: StoredAnswer | None = None

    async def learn(self, answer: StoredAnswer) -> None:
        """The new answer is stored as `key`."""
        if self.stored is not None:
            self.semantic.checked(self.look, text_of(self.stored), text_of(answer))
        await self.semantic.learn(self.look, self.key, self.ttl_s)


def _may_be_widened(lookup: CacheLookup) -> bool:
    """Whether it has found nothing yet, and its policy allows answers to other words."""
    cache_slot = lookup.cache_slot
    is_off = cache_slot.terms.semantic.mode is SemanticMode.OFF
    return not is_off and not lookup.decision.chosen.is_stored and cache_slot.is_shared


class Similar(Struct, frozen=True):
    """Widens a lookup to answers that were given to other words."""

    semantic: Semantic
    vectors: Vectors
    judge: Judge
    world: World

    async def widened(
        self,
        context: RequestContext,
        lookup: CacheLookup,
        books_of: Callable[[Decision], Bookkeeper],
    ) -> CacheLookup:
        """`lookup`, with an answer to other words if it has none itself and the policy allows it.

        If that comes to no end, a vector that was paid for is written into the books of the decision so far.
        """
        cache_slot, terms = lookup.cache_slot, lookup.cache_slot.terms
        if cache_slot.key is None or not _may_be_widened(lookup):
            return lookup
        watch = Stopwatch.started(self.world)
        wording = split(context.request.naming, cache_slot.tenant)
        policy = context.payer.policy or "none"

        def paid(tokens: int) -> None:
            nonlocal lookup
            lookup = replace(lookup, asked=(self._embedding(tokens), watch.timing()))

        try:
            look = await self.semantic.look(wording, terms.semantic, policy, cache_slot.key, paid)
            other = await self._other(context, lookup, look)
        except BaseException:
            books = books_of(lookup.decision)
            try:
                await lookup.book_in(books)
            finally:
                await books.post()
            raise
        if other is not None and look.usable:
            self.semantic.took(look)
            return other
        stored = other.stored[other.decision.chosen.model.id] if other and look.to_check else None
        lesson = Lesson(self.semantic, look, cache_slot.key, terms.ttl_s, stored)
        return replace(lookup, cache_slot=replace(cache_slot, learn=lesson.learn))

    async def _other(
        self, context: RequestContext, lookup: CacheLookup, look: SemanticLookup
    ) -> CacheLookup | None:
        """What was found in other words, if it is still there and good enough."""
        if look.found is None:
            return None
        stored = await lookup.cache_slot.look(self.judge.models, self.world.unix_s(), look.found)
        if not stored:
            await self.semantic.lost(look)
            return None
        decision = settled_by(self.judge.judged(context, stored), stored)
        if not decision.chosen.is_stored:
            return None
        return replace(lookup, decision=decision, stored=stored, is_similar=True)

    def _embedding(self, tokens: int) -> Embedding:
        vectors = self.vectors
        return Embedding(vectors.upstream, vectors.model, tokens, vectors.per_token)


def settled_by(decision: Decision, stored: Stored) -> Decision:
    """`decision`, settled by those of the `stored` answers that a cascade of its own policy has accepted.

    If the policy has changed since, or another rule of it applies, other checks may have to be passed.
    """
    if decision.cascade is None or not stored:
        return decision
    origins = {name: answer.origin for name, answer in stored.items()}
    return settled(
        decision,
        [
            name
            for name, origin in origins.items()
            if origin.is_accepted
            and (origin.policy, origin.terms) == (decision.policy, decision.terms)
        ],
    )


def text_of(answer: StoredAnswer) -> str:
    """The text of an answer's first choice, "" if it has none."""
    try:
        choices = whole(answer.body, is_stream=answer.is_stream).get("choices")
    except MalformedAnswer:
        return ""
    message = choices[0].get("message") if choices else None
    return text_in(message.get("content")) if isinstance(message, dict) else ""

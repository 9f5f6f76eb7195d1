"""Answers that were given to other words: looked for, learnt, and checked.

    look = await semantic.look(wording, terms, policy, own_key, paid)    after an exact miss
    look.usable      use what is stored for that request, if the decision takes it: semantic.took(look)
    look.to_check    make a new answer, then compare: semantic.checked(look, stored_text, new_text)
    await semantic.learn(look, own_key, ttl_s)                     once the new answer is stored
    await semantic.lost(look)                                      where nothing was stored any more

Of a text only digests are kept, and for sameness by meaning its vector (`router.features.likeness`).
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from router.decision.semantic_monitor import SemanticMonitor
from router.domain.semantic import SEMANTIC_OFF, Sameness, SemanticMode, SemanticTerms
from router.features.agreement import agree
from router.features.likeness import Likeness, conflict, essence_of, likeness_of
from router.pipeline.mistakes import embedded_by
from router.ports import Embedded, Embedder, Neighbour, VectorIndex
from router.wire.wording import Wording

_LOG = logging.getLogger(__name__)
_NEIGHBOURS = 4
_ONE_FOR_ALL = Embedded((1.0,))
"""For sameness by wording, every text has the same vector: only the scope tells texts apart."""


@dataclass(frozen=True, slots=True)
class SemanticLookup:
    """What was looked for and found. `found` is the key of the request whose answer may serve."""

    policy: str = ""
    terms: SemanticTerms = SEMANTIC_OFF
    scope: bytes = b""
    vector: tuple[float, ...] = field(default=(), repr=False)
    note: bytes = field(default=b"", repr=False)
    found: str | None = None
    is_check: bool = False

    @property
    def usable(self) -> str | None:
        """The key of the request whose stored answers may be used."""
        return None if self.is_check else self.found

    @property
    def to_check(self) -> str | None:
        """The key of the request whose stored answer is to be compared with a new one."""
        return self.found if self.is_check else None


NO_LOOK = SemanticLookup()
"""Nothing was looked for: there is nothing to learn either."""


class Semantic:
    """Looks for the answers to other words, for all policies.

    `chance` is uniform in [0, 1). Without an `embedder` nothing is found by meaning.
    """

    def __init__(
        self,
        indexes: Mapping[Sameness, VectorIndex],
        embedder: Embedder | None,
        monitor: SemanticMonitor,
        chance: Callable[[], float],
    ) -> None:
        self._indexes = indexes
        self._embedder = embedder
        self._chance = chance
        self.monitor = monitor
        self.counts: Counter[tuple[str, str]] = Counter()

    @property
    def embedder(self) -> Embedder | None:
        """What makes vectors of texts, None if nothing does."""
        return self._embedder

    async def look(
        self,
        wording: Wording | None,
        terms: SemanticTerms,
        policy: str,
        own_key: str,
        paid: Callable[[int], None],
    ) -> SemanticLookup:
        """What is stored for the same question in other words. Never raises if the store is unreachable.

        `paid` is told the tokens that an upstream has counted for a vector, before anything else is waited for.
        """
        if wording is None or not self._may_look(terms, policy):
            return NO_LOOK
        likeness = likeness_of(wording.text, wording.scope, wording.before)
        if likeness is None:
            return self._nothing(policy, "tied")
        embedded = await self._embedded(wording.text, terms.by)
        if embedded is None:
            return self._nothing(policy, "no_vector")
        if embedded.tokens:
            paid(embedded.tokens)
        scope = self._scope(wording.scope, likeness, terms.by)
        near = await self._indexes[terms.by].nearest(scope, embedded.vector, _NEIGHBOURS)
        near = [each for each in near if each.item != own_key]
        found = self._first(near, likeness, terms, policy)
        return SemanticLookup(
            policy=policy,
            terms=terms,
            scope=scope,
            vector=embedded.vector,
            note=likeness.packed(),
            found=found,
            is_check=found is not None and self._is_checked(terms),
        )

    async def learn(self, look: SemanticLookup, key: str, ttl_s: int) -> None:
        """From now on the answer stored as `key` may serve what was looked for."""
        if look.scope:
            index = self._indexes[look.terms.by]
            await index.add(look.scope, key, look.vector, look.note, ttl_s)

    async def lost(self, look: SemanticLookup) -> None:
        """The answer that was found is stored no more."""
        if look.found is not None:
            self.counts[look.policy, "lost"] += 1
            await self._indexes[look.terms.by].drop(look.scope, look.found)

    def took(self, look: SemanticLookup) -> None:
        """Count an answer that was given."""
        self.counts[look.policy, "given"] += 1

    def checked(self, look: SemanticLookup, stored: str, made: str) -> None:
        """Compare the texts of a stored answer and of the new one; too many differences stop the policy's cache."""
        agreed = agree(stored, made)
        self.counts[look.policy, "agreed" if agreed else "differed"] += 1
        if self.monitor.note(look.policy, look.terms.limit, agreed=agreed):
            tally = self.monitor.tallies[look.policy]
            _LOG.warning(
                "Semantic cache of policy %s: %d of %d answers differed from new ones,"
                " significantly more than its limit of %g: it gives no more answers",
                look.policy,
                tally.differed,
                tally.checked,
                look.terms.limit,
            )

    async def close(self) -> None:
        """Release connections."""
        if self._embedder is not None:
            await self._embedder.close()

    def _may_look(self, terms: SemanticTerms, policy: str) -> bool:
        """Whether to look; shadow mode goes on counting where a live one would have been stopped."""
        match terms.mode:
            case SemanticMode.OFF:
                return False
            case SemanticMode.SHADOW:
                return True
            case SemanticMode.ON:
                return not self.monitor.is_stopped(policy)

    async def _embedded(self, text: str, by: Sameness) -> Embedded | None:
        if by is Sameness.WORDING:
            return _ONE_FOR_ALL
        return await embedded_by(self._embedder, essence_of(text)) if self._embedder else None

    def _scope(self, scope: bytes, likeness: Likeness, by: Sameness) -> bytes:
        if by is Sameness.WORDING:
            narrower = likeness.name()
        else:
            narrower = self._embedder.name.encode() if self._embedder else b""
        return blake2b(narrower, key=scope, digest_size=32, person=by.encode()).digest()

    def _first(
        self, near: list[Neighbour], likeness: Likeness, terms: SemanticTerms, policy: str
    ) -> str | None:
        """The nearest one that is not refused; why the very nearest was refused is counted."""
        refusals = []
        for neighbour in near:
            refusal = _refusal(neighbour, likeness, terms)
            if refusal is None:
                self.counts[policy, "found"] += 1
                return neighbour.item
            refusals.append(refusal)
        self.counts[policy, refusals[0] if refusals else "alone"] += 1
        return None

    def _is_checked(self, terms: SemanticTerms) -> bool:
        return terms.mode is SemanticMode.SHADOW or self._chance() < terms.check_share

    def _nothing(self, policy: str, why: str) -> SemanticLookup:
        self.counts[policy, why] += 1
        return NO_LOOK


def _refusal(neighbour: Neighbour, likeness: Likeness, terms: SemanticTerms) -> str | None:
    """Why this neighbour's answer cannot serve, in a word."""
    if terms.by is Sameness.MEANING and neighbour.similarity < terms.similarity:
        return "far"
    try:
        other = Likeness.unpacked(neighbour.note)
    except ValueError:
        return "unread"
    return conflict(likeness, other, terms.by)

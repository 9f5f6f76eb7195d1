"""Which pairs would share an answer under which rule, and how certain that is."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from benchmarks.semantic.pairs import Pair
from router.decision.bounds import lower_bound, upper_bound
from router.domain.semantic import Sameness
from router.domain.vector import cosine
from router.features.likeness import conflict, essence_of, likeness_of
from router.ports import Embedder

_KEY = b"of the measurement"
TIED = "tied"


@dataclass(frozen=True, slots=True)
class Seen:
    """A pair, the cosine between its vectors, and which gates refuse it: by wording, and by meaning."""

    pair: Pair
    similarity: float
    by_wording: str | None
    by_meaning: str | None


Rule = Callable[[Seen], bool]


def above(threshold: float) -> Rule:
    """As most caches do it: near is the same."""
    return lambda seen: seen.similarity >= threshold


def gates(seen: Seen) -> bool:
    """No gate refuses; different words are allowed."""
    return seen.by_meaning is None


def wording(seen: Seen) -> bool:
    """No gate refuses, and the words are the same."""
    return seen.by_wording is None


def both(rule: Rule, threshold: float) -> Rule:
    """The rule, and near."""
    return lambda seen: rule(seen) and seen.similarity >= threshold


@dataclass(frozen=True, slots=True)
class Share:
    """k of n, with the exact 95 % bounds."""

    hits: int
    pairs: int

    def __str__(self) -> str:
        low, high = lower_bound(self.hits, self.pairs), upper_bound(self.hits, self.pairs)
        share = self.hits / self.pairs if self.pairs else 0.0
        return f"{self.hits}/{self.pairs} {share:.1%} ({low:.1%} to {high:.1%})"


def share(seen: Iterable[Seen], rule: Rule, *, may_share: bool) -> Share:
    """How many of the pairs that may, or must not, share an answer do so under `rule`."""
    outcomes = [rule(each) for each in seen if each.pair.may_share is may_share]
    return Share(sum(outcomes), len(outcomes))


async def look(pairs: Iterable[Pair], embedder: Embedder) -> list[Seen]:
    """Each pair, measured once."""
    return [await _look(pair, embedder) for pair in pairs]


async def _look(pair: Pair, embedder: Embedder) -> Seen:
    one, other = [await embedder.embed(essence_of(text)) for text in (pair.one, pair.other)]
    assert one is not None
    assert other is not None
    similarity = cosine(one.vector, other.vector)
    return Seen(pair, similarity, _shut(pair, Sameness.WORDING), _shut(pair, Sameness.MEANING))


def _shut(pair: Pair, by: Sameness) -> str | None:
    one, other = likeness_of(pair.one, _KEY), likeness_of(pair.other, _KEY)
    return TIED if one is None or other is None else conflict(one, other, by)


def families(seen: Sequence[Seen]) -> dict[str, list[Seen]]:
    """The measurements by family, in their order."""
    found: dict[str, list[Seen]] = {}
    for each in seen:
        found.setdefault(each.pair.family, []).append(each)
    return found

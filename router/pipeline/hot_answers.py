"""Questions just answered from the cache, so that a repeated one need not be understood and judged again.

A popular question comes many times a second. What its words mean, where its answer is stored and what was decided
are the same each time, and make up most of the work. Still, each request checks that the answer is there, counts
against the limits, and has its own rows in the ledger. Callers with a budget are always judged again, since it may
have run out. (docs/adr/0034-again.md)
"""

from operator import attrgetter
from typing import NamedTuple

from router.decision.record import Record
from router.domain.members import replace
from router.features.session import NAMING_HEADERS
from router.pipeline.judge import Judge
from router.pipeline.request_context import Caller, RequestContext
from router.pipeline.similar import CacheLookup

_FOR_S = 1.0
"""News of prices, lengths and latencies takes effect after this time at the latest."""
_MOST, _MOST_BYTES = 256, 2**22
"""Of questions; what was read from them takes about three times as much again."""
_asker = attrgetter(
    *(name for name in Caller.__struct_fields__ if name not in ("request_id", "headers"))
)
"""Everything that tells one caller from another, except the request's id and its headers."""


_Name = tuple[int, bytes, bytes]


class KnownRequest(NamedTuple):
    """A request as understood, what was decided, the models with stored answers, and the judge that decided.

    `told` is what the headers said that a decision depends on.
    """

    context: RequestContext
    lookup: CacheLookup
    models: frozenset[str]
    judge: Judge
    told: tuple[str | None, ...]
    until_s: float


class HotAnswers:
    """The last questions that were answered from the cache, by their bytes, each for a second."""

    __slots__ = ("_bytes", "_known")

    def __init__(self) -> None:
        self._known = dict[_Name, KnownRequest]()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._known)

    def find(self, raw: bytes, caller: Caller, judge: Judge, now_s: float) -> KnownRequest | None:
        """What is known of the request in `raw`, if the same caller has sent it and `judge` has judged it."""
        known = self._known.get(_name_of(raw))
        if known is None or known.context.request.raw != raw:
            return None
        if now_s >= known.until_s or judge is not known.judge:
            self._forget(_name_of(raw))
            return None
        is_same = _asker(known.context.caller) == _asker(caller) and known.told == _told(
            caller, judge
        )
        return known if is_same else None

    def keep(
        self, context: RequestContext, lookup: CacheLookup, judge: Judge, now_s: float
    ) -> None:
        """Remember what was found for a request, if it may be reused without judging again."""
        if not _may_be_given_again(context, lookup):
            return
        name, models = _name_of(context.request.raw), frozenset(lookup.stored)
        told, bare = _told(context.caller, judge), replace(lookup, stored={})
        context = replace(context, record=Record(lookup.decision, context.circumstances))
        self._forget(name)
        self._known[name] = KnownRequest(context, bare, models, judge, told, now_s + _FOR_S)
        self._bytes += len(context.request.raw)
        while len(self._known) > _MOST or self._bytes > _MOST_BYTES:
            self._forget(next(iter(self._known)))

    def _forget(self, name: _Name) -> None:
        if (known := self._known.pop(name, None)) is not None:
            self._bytes -= len(known.context.request.raw)


def _name_of(raw: bytes) -> _Name:
    """A request's lookup key: hashing all of a long body takes longer than comparing it with one other."""
    return len(raw), raw[:64], raw[-256:]


def _may_be_given_again(context: RequestContext, lookup: CacheLookup) -> bool:
    """Whether the reply depends on nothing but time, the caller and what is stored."""
    is_plain = context.request.original is None and not context.caller.stated
    return is_plain and not (context.budgets or lookup.asked or lookup.is_similar)


def _told(caller: Caller, judge: Judge) -> tuple[str | None, ...]:
    """The values of those headers that a decision depends on."""
    return tuple(map(caller.headers.get, (*NAMING_HEADERS, *judge.book.asks.headers)))

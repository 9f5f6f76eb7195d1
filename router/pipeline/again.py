"""What was handed out from the cache a moment ago: the same question again is not understood and judged again.

A popular question comes many times a second. What its words mean, where its answer is stored and what was decided
are the same each time, and are most of the work. Whether the answer is still there is looked at each time,
limits count each request, and each has its rows in the ledger. Who has a budget is judged anew, for that may have
come to its end. (docs/adr/0034-again.md)
"""

from operator import attrgetter
from typing import NamedTuple

from router.decision.record import Record
from router.domain.members import replace
from router.features.session import NAMING_HEADERS
from router.pipeline.judge import Judge
from router.pipeline.similar import Find
from router.pipeline.visit import Caller, Visit

_FOR_S = 1.0
"""What was learnt meanwhile, of prices, lengths and latencies, waits no longer than that."""
_MOST, _MOST_BYTES = 256, 2**22
"""Of questions; what was read from them takes some three times as much beside them."""
_asker = attrgetter(
    *(name for name in Caller.__struct_fields__ if name not in ("request_id", "headers"))
)
"""All that tells one caller from another, but for the id of the request, and for headers."""


_Name = tuple[int, bytes, bytes]


class Known(NamedTuple):
    """A request as it was understood, what was decided, whose answers were there, and by whom it was judged."""

    visit: Visit
    find: Find
    models: frozenset[str]
    judge: Judge
    told: tuple[str | None, ...]
    until_s: float


class Again:
    """The last questions that were answered from the cache, by their bytes, each for a second."""

    __slots__ = ("_bytes", "_known")

    def __init__(self) -> None:
        self._known = dict[_Name, Known]()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._known)

    def find(self, raw: bytes, caller: Caller, judge: Judge, now_s: float) -> Known | None:
        """What is known of the request in `raw`, where the same caller has asked it, and `judge` has judged."""
        known = self._known.get(_name_of(raw))
        if known is None or known.visit.request.raw != raw:
            return None
        if now_s >= known.until_s or judge is not known.judge:
            self._forget(_name_of(raw))
            return None
        is_same = _asker(known.visit.caller) == _asker(caller) and known.told == _told(
            caller, judge
        )
        return known if is_same else None

    def keep(self, visit: Visit, find: Find, judge: Judge, now_s: float) -> None:
        """Remember what was found for a request, if it may be given again without another look at it."""
        if not _may_be_given_again(visit, find):
            return
        name, models = _name_of(visit.request.raw), frozenset(find.stored)
        told, bare = _told(visit.caller, judge), replace(find, stored={})
        visit = replace(visit, record=Record(find.decision, visit.circumstances))
        self._forget(name)
        self._known[name] = Known(visit, bare, models, judge, told, now_s + _FOR_S)
        self._bytes += len(visit.request.raw)
        while len(self._known) > _MOST or self._bytes > _MOST_BYTES:
            self._forget(next(iter(self._known)))

    def _forget(self, name: _Name) -> None:
        if (known := self._known.pop(name, None)) is not None:
            self._bytes -= len(known.visit.request.raw)


def _name_of(raw: bytes) -> _Name:
    """What a request is looked for by: to hash a long one whole takes longer than to compare it with one."""
    return len(raw), raw[:64], raw[-256:]


def _may_be_given_again(visit: Visit, find: Find) -> bool:
    """Whether nothing but time, the caller and what is stored decides what the request gets."""
    is_plain = visit.request.original is None and not visit.caller.stated
    return is_plain and not (visit.budgets or find.asked or find.is_similar)


def _told(caller: Caller, judge: Judge) -> tuple[str | None, ...]:
    """What the headers say that a decision depends on."""
    return tuple(map(caller.headers.get, (*NAMING_HEADERS, *judge.book.asks.headers)))

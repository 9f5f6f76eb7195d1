"""What was handed out from the cache a moment ago: the same question again is not understood and judged again.

A popular question comes many times a second. What its words mean, where its answer is stored and what was decided
are the same each time, and are most of the work. Whether the answer is still there is looked at each time,
limits count each request, and each has its rows in the ledger. Who has a budget is judged anew, for that may have
come to its end.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from router.features.session import NAMING_HEADERS
from router.pipeline.judge import Judge
from router.pipeline.similar import Find
from router.pipeline.visit import Caller, Visit

_FOR_S = 1.0
"""What was learnt meanwhile, of prices, lengths and latencies, waits no longer than that."""
_MOST, _LARGEST_BYTES = 128, 2**15
"""Of what is remembered: some 16 MB together, with what was read from it."""
_UNHEARD: Mapping[str, str] = {}


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

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, Known] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def find(self, raw: bytes, caller: Caller, judge: Judge, now_s: float) -> Known | None:
        """What is known of the request in `raw`, where the same caller has asked it, and `judge` has judged."""
        if (known := self._known.get(raw)) is None:
            return None
        if now_s >= known.until_s or judge is not known.judge:
            del self._known[raw]
            return None
        is_same = _same(known.visit.caller, caller) and known.told == _told(caller, judge)
        return known if is_same else None

    def keep(self, visit: Visit, find: Find, judge: Judge, now_s: float) -> None:
        """Remember what was found for a request, if it may be given again without another look at it."""
        raw = visit.request.raw
        is_plain = visit.request.original is None and not visit.caller.stated
        if (
            not is_plain
            or visit.budgets
            or find.asked
            or find.is_similar
            or len(raw) > _LARGEST_BYTES
        ):
            return
        told = _told(visit.caller, judge)
        models = frozenset(find.stored)
        bare = replace(find, stored={})
        self._known[raw] = Known(visit, bare, models, judge, told, now_s + _FOR_S)
        self._known.move_to_end(raw)
        if len(self._known) > _MOST:
            self._known.popitem(last=False)


def _same(one: Caller, other: Caller) -> bool:
    """Whether both are the same but for the id of the request, and headers that nothing depends on."""
    return replace(one, request_id="", headers=_UNHEARD) == replace(
        other, request_id="", headers=_UNHEARD
    )


def _told(caller: Caller, judge: Judge) -> tuple[str | None, ...]:
    """What the headers say that a decision depends on."""
    return tuple(map(caller.headers.get, (*NAMING_HEADERS, *judge.book.asks.headers)))

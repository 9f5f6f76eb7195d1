"""A decision as the ledger keeps it: a line of JSON, quick to write, and read back as a decision.

It holds what was known and what was predicted of each candidate, and no word of the prompt. A candidate
is a row of values without their names, and defaults are left out: either would make up most of the text.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from typing import Any, Self, cast

import msgspec
import orjson
from msgspec import Struct

from router.decision.policy import Circumstances
from router.domain.bar import Bar
from router.domain.caching import NO_CACHING, CacheTerms
from router.domain.candidate import Candidate
from router.domain.cascade import Cascade, Check, Prospect, Step
from router.domain.deadlines import NO_DEADLINES, Deadlines
from router.domain.decision import Decision, Exclusion, ExclusionReason, Reason
from router.domain.estimate import CostEstimate, LatencyEstimate, QualityEstimate, Staying
from router.domain.features import Features
from router.domain.hedge import Hedge
from router.domain.members import is_value, members_of
from router.domain.model import Model
from router.domain.money import Money
from router.domain.objective import CHEAPEST, Objective

FORM = 7
"""Goes up when what is written changes, or a default does. Earlier forms must still be readable."""

_QUALITY = tuple(f"quality.{name}" for name, _ in members_of(QualityEstimate))
_LATENCY = tuple(f"latency.{name}" for name, _ in members_of(LatencyEstimate))
_COSTS = ("cost.expected.pico", "cost.upper.pico")
_COLUMNS = ("model.id", "model.upstream", "is_stored", *_COSTS, *_QUALITY, *_LATENCY)
_SPREAD = ("cost.p10", "cost.p90")
"""The values in a candidate's row, in this order; the last two in pico-dollars or null."""

_UNDATED = tuple(each for each in _COLUMNS if each != "latency.as_of_s")
_COLUMNS_OF: Mapping[int, tuple[str, ...]] = {
    1: tuple(each for each in _UNDATED if each != "latency.is_predicted"),
    2: (*_UNDATED, *_SPREAD),
    3: (*_UNDATED, *_SPREAD),
    4: (*_UNDATED, *_SPREAD),
    5: (*_UNDATED, *_SPREAD),
    6: (*_COLUMNS, *_SPREAD),
    7: (*_COLUMNS, *_SPREAD),
}
"""The columns of every form that was ever written; from the fourth on, a candidate's `Staying` may follow
them."""

_FEATURES_THEN: Mapping[str, str] = {"kinship": "resemblance"}
"""Features that had another name up to the sixth form."""

_plain_row_of = attrgetter(*_COLUMNS)

_TERMS: Mapping[str, tuple[Any, object]] = {
    "objective": (Objective, CHEAPEST),
    "cache": (CacheTerms, NO_CACHING),
    "ceiling": (Money, None),
    "deadlines": (Deadlines, NO_DEADLINES),
    "hedge": (Hedge, None),
    "no_cascade": (tuple[str, ...], ()),
    "answer_tokens": (int, None),
}
"""Fields of a decision that are seldom stated: their types, and what they are when left out."""


class NotKept(ValueError):
    """A decision that was not kept, or cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Record:
    """A decision and what it was based on; implements `router.domain.ledger.Recording`. It is written once."""

    decision: Decision
    circumstances: Circumstances
    _texts: list[str | None] = field(default_factory=list, init=False, compare=False)

    def text(self) -> str | None:
        """What is kept; None for what JSON cannot hold, such as a lone surrogate in a header."""
        if not self._texts:
            self._texts.append(_text_of(self.decision, self.circumstances))
        return self._texts[0]

    def __repr__(self) -> str:
        """Its text, since an entry that has to go to the log must be complete there."""
        return f"Record({self.text()})"

    @classmethod
    def of(cls, text: str) -> Self:
        """The record that was kept as `text`; of its models, only id and upstream are known.

        Raises NotKept for what another Farthing has written and this one does not understand.
        """
        try:
            kept = orjson.loads(text)
            if kept["form"] not in _COLUMNS_OF:
                raise NotKept("it was written by a newer Farthing")
            return cls(_decision(kept), _read(Circumstances, kept["circumstances"]))
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, NotKept):
                raise
            raise NotKept("it cannot be read") from error


# ---------------------------------------------------------------------------------- writing


def _text_of(decision: Decision, circumstances: Circumstances) -> str | None:
    try:
        kept = _kept(decision, circumstances)
        return orjson.dumps(kept, _written, orjson.OPT_PASSTHROUGH_DATACLASS).decode()
    except TypeError:
        return None


def _kept(decision: Decision, circumstances: Circumstances) -> dict[str, Any]:
    terms = ((name, getattr(decision, name), usual) for name, (_, usual) in _TERMS.items())
    return {
        "form": FORM,
        "policy": decision.policy,
        "policy_version": decision.policy_version,
        "rule": decision.rule,
        "reason": decision.reason,
        "bar": _stated(decision.bar),
        "reference": _row_of(decision.reference),
        "chosen": _row_of(decision.chosen),
        "fallbacks": [_row_of(each) for each in decision.fallbacks],
        "exclusions": [(e.reason, e.detail, _row_of(e.candidate)) for e in decision.exclusions],
        **{name: value for name, value, usual in terms if value != usual},
        **({} if decision.cascade is None else {"cascade": _cascade_kept(decision.cascade)}),
        "features": _stated(decision.features, Features),
        "circumstances": _stated(circumstances),
    }


def _cascade_kept(cascade: Cascade) -> dict[str, Any]:
    """The cascade without its final model, which is the chosen one."""
    told = {
        "steps": [_step_kept(step) for step in cascade.steps],
        "quality": _stated(cascade.quality),
        "cost": _cost_kept(cascade.cost),
        "latency": _stated(cascade.latency),
    }
    return told if cascade.alone is None else {**told, "alone": _row_of(cascade.alone)}


def _step_kept(step: Step) -> dict[str, Any]:
    told: dict[str, Any] = {"candidates": [_row_of(each) for each in step.candidates]}
    return told | {"checks": step.checks, "prospect": step.prospect, "within_s": step.within_s}


def _cost_kept(cost: CostEstimate) -> list[int | None]:
    amounts = (cost.expected, cost.upper, cost.p10, cost.p90)
    return [None if each is None else each.pico for each in amounts]


def _stated(value: Any, kind: Any = None) -> dict[str, Any]:
    """The fields of a frozen value that are not at their defaults; only those of the type `kind`, if given."""
    stated_by: Any = kind or type(value)
    told = ((name, getattr(value, name), usual) for name, usual in members_of(stated_by))
    return {name: each for name, each, usual in told if each != usual}


def _written(value: object) -> object:
    """What orjson does not write, or not in this form; sets are sorted, so that equal ones are the same text."""
    match value:
        case frozenset():
            return sorted(value)
        case Mapping():
            return dict(value)
        case Money(pico):
            return {"pico": str(pico)}  # a budget may have more left than 64 bits hold
    if is_value(value):
        return _stated(value)
    raise TypeError(type(value).__name__)


def _row_of(candidate: Candidate) -> tuple[Any, ...]:
    spread = (candidate.cost.p10, candidate.cost.p90)
    row = (*_plain_row_of(candidate), *(None if each is None else each.pico for each in spread))
    staying = candidate.cost.staying
    if staying is None:
        return row
    return (*row, (staying.kept_tokens, staying.later.pico, staying.anew.pico))


# ---------------------------------------------------------------------------------- reading


class _Named(Struct, frozen=True):
    """All that is known of a candidate's model when it is read back."""

    id: str
    upstream: str


def _decision(kept: Mapping[str, Any]) -> Decision:
    stated = {name: _read(kind, kept[name]) for name, (kind, _) in _TERMS.items() if name in kept}
    candidate = partial(_candidate, _COLUMNS_OF[kept["form"]])
    chosen = candidate(kept["chosen"])
    if "cascade" in kept:
        stated["cascade"] = _cascade(kept["cascade"], chosen, candidate)
    return Decision(
        policy=kept["policy"],
        policy_version=kept["policy_version"],
        rule=kept["rule"],
        features=_read(Features, _named_today(kept["features"])),
        reason=Reason(kept["reason"]),
        chosen=chosen,
        fallbacks=tuple(map(candidate, kept["fallbacks"])),
        exclusions=tuple(
            Exclusion(candidate(row), ExclusionReason(reason), detail)
            for reason, detail, row in kept["exclusions"]
        ),
        reference=candidate(kept["reference"]),
        bar=_read(Bar, kept["bar"]),
        **stated,
    )


def _named_today(features: Mapping[str, Any]) -> Mapping[str, Any]:
    return {_FEATURES_THEN.get(name, name): each for name, each in features.items()}


def _cascade(
    kept: Mapping[str, Any], final: Candidate, candidate: Callable[[Sequence[Any]], Candidate]
) -> Cascade:
    expected, upper, p10, p90 = kept["cost"]
    return Cascade(
        steps=tuple(
            Step(
                tuple(map(candidate, step["candidates"])),
                _read(tuple[Check, ...], step["checks"]),
                _read(Prospect | None, step["prospect"]),
                step["within_s"],
            )
            for step in kept["steps"]
        ),
        final=final,
        quality=_read(QualityEstimate, kept["quality"]),
        cost=CostEstimate(Money(expected), Money(upper), _money(p10), _money(p90)),
        latency=_read(LatencyEstimate, kept["latency"]),
        alone=candidate(kept["alone"]) if "alone" in kept else None,
    )


def _candidate(columns: Sequence[str], row: Sequence[Any]) -> Candidate:
    told = dict(zip(columns, row[: len(columns)], strict=True))
    # Explanations and documents need no more of a candidate's model than this; a price that nobody
    # knows any more must not be made up.
    model = cast(Model, _Named(told["model.id"], told["model.upstream"]))
    expected, upper = (Money(told[each]) for each in _COSTS)
    p10, p90 = (_money(told.get(each)) for each in _SPREAD)
    return Candidate(
        model=model,
        quality=_part(QualityEstimate, _QUALITY, told),
        cost=CostEstimate(expected, upper, p10, p90, _staying(row[len(columns) :])),
        latency=_part(LatencyEstimate, _LATENCY, told),
        is_stored=told["is_stored"],
    )


def _staying(rest: Sequence[Any]) -> Staying | None:
    """What follows a row's columns: one value, or none."""
    if not rest:
        return None
    ((kept_tokens, later, anew),) = rest
    return Staying(kept_tokens, Money(later), Money(anew))


def _money(pico: int | None) -> Money | None:
    return None if pico is None else Money(pico)


def _part(kind: Any, columns: Sequence[str], told: Mapping[str, Any]) -> Any:
    return _read(kind, {each.partition(".")[2]: told[each] for each in columns if each in told})


def _read(kind: Any, told: Any) -> Any:
    return msgspec.convert(told, kind, strict=False)

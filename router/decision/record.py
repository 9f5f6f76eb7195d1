"""A decision as the ledger keeps it: a line of JSON, quick to write, and read back as a decision.

It holds what was known and what was predicted of each candidate, and no word of the prompt. A candidate
is a row of values without their names, and what is as by default is left out: either would be most of
the text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from functools import cache
from operator import attrgetter
from typing import Any, Self, cast

import orjson
from pydantic import TypeAdapter

from router.decision.policy import Circumstances
from router.domain.caching import NO_CACHING, CacheTerms
from router.domain.deadlines import NO_DEADLINES, Deadlines
from router.domain.decision import Candidate, Decision, Exclusion, ExclusionReason, Reason
from router.domain.estimate import CostEstimate, LatencyEstimate, QualityEstimate
from router.domain.features import Features
from router.domain.hedge import Hedge
from router.domain.model import Model
from router.domain.money import Money

FORM = 1
"""Counts on when something else is written, or a default changes. Earlier forms must still be read."""

_QUALITY = tuple(f"quality.{each.name}" for each in fields(QualityEstimate))
_LATENCY = tuple(f"latency.{each.name}" for each in fields(LatencyEstimate))
_COSTS = ("cost.expected.pico", "cost.upper.pico")
_COLUMNS = ("model.id", "model.upstream", "is_stored", *_COSTS, *_QUALITY, *_LATENCY)
"""What a row tells of a candidate, in this order."""

_row_of = attrgetter(*_COLUMNS)

_TERMS: Mapping[str, tuple[Any, object]] = {
    "cache": (CacheTerms, NO_CACHING),
    "ceiling": (Money, None),
    "deadlines": (Deadlines, NO_DEADLINES),
    "hedge": (Hedge, None),
}
"""Fields of a decision that are seldom stated: their types, and what they are then."""


class NotKept(ValueError):
    """A decision that cannot be told, since it is not there or not understood; the message says why."""


@dataclass(frozen=True, slots=True)
class Record:
    """A decision and what it was made by; implements `router.domain.ledger.Recording`."""

    decision: Decision
    circumstances: Circumstances

    def text(self) -> str | None:
        """What is kept; None for what no JSON can hold, such as half a surrogate in a header."""
        try:
            return orjson.dumps(_kept(self.decision, self.circumstances), default=_listed).decode()
        except TypeError:
            return None

    def __repr__(self) -> str:
        """Its text, for an entry that has to go to the log must be there whole."""
        return f"Record({self.text()})"

    @classmethod
    def of(cls, text: str) -> Self:
        """The record that was kept as `text`; of its models nothing is known but where they are.

        Raises NotKept for what another Farthing has written, and this one does not understand.
        """
        try:
            kept = orjson.loads(text)
            if kept["form"] != FORM:
                raise NotKept("it was written by a newer Farthing")
            return cls(_decision(kept), _read(Circumstances, kept["circumstances"]))
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, NotKept):
                raise
            raise NotKept("it cannot be read") from error


# ---------------------------------------------------------------------------------- writing


def _kept(decision: Decision, circumstances: Circumstances) -> dict[str, Any]:
    terms = ((name, getattr(decision, name), usual) for name, (_, usual) in _TERMS.items())
    return {
        "form": FORM,
        "policy": decision.policy,
        "policy_version": decision.policy_version,
        "rule": decision.rule,
        "reason": decision.reason,
        "required_p": decision.required_p,
        "reference": _row_of(decision.reference),
        "chosen": _row_of(decision.chosen),
        "fallbacks": [_row_of(each) for each in decision.fallbacks],
        "exclusions": [(e.reason, e.detail, _row_of(e.candidate)) for e in decision.exclusions],
        **{name: _stated(value) for name, value, usual in terms if value != usual},
        "features": _stated(decision.features),
        "circumstances": _stated(circumstances),
    }


def _stated(value: Any) -> dict[str, Any]:
    """The fields of a frozen value that are not as by default."""
    kind: Any = type(value)
    told = ((name, getattr(value, name), usual) for name, usual in _usual(kind))
    return {name: each for name, each, usual in told if each != usual}


@cache
def _usual(kind: Any) -> tuple[tuple[str, object], ...]:
    """The fields of a type and their defaults."""
    return tuple(
        (each.name, each.default if each.default_factory is MISSING else each.default_factory())
        for each in fields(kind)
    )


def _listed(value: object) -> object:
    """What orjson does not know: sets, sorted so that the same decision is the same text."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(type(value).__name__)


# ---------------------------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class _Named:
    """All that is known of the model of a candidate that is read back."""

    id: str
    upstream: str


def _decision(kept: Mapping[str, Any]) -> Decision:
    stated = {name: _read(kind, kept[name]) for name, (kind, _) in _TERMS.items() if name in kept}
    return Decision(
        policy=kept["policy"],
        policy_version=kept["policy_version"],
        rule=kept["rule"],
        features=_read(Features, kept["features"]),
        reason=Reason(kept["reason"]),
        chosen=_candidate(kept["chosen"]),
        fallbacks=tuple(map(_candidate, kept["fallbacks"])),
        exclusions=tuple(
            Exclusion(_candidate(row), ExclusionReason(reason), detail)
            for reason, detail, row in kept["exclusions"]
        ),
        reference=_candidate(kept["reference"]),
        required_p=kept["required_p"],
        **stated,
    )


def _candidate(row: Sequence[Any]) -> Candidate:
    told = dict(zip(_COLUMNS, row, strict=True))
    # Words and documents ask a candidate for no more than this of its model; a price that nobody
    # knows any more must not be made up.
    model = cast(Model, _Named(told["model.id"], told["model.upstream"]))
    return Candidate(
        model=model,
        quality=_part(QualityEstimate, _QUALITY, told),
        cost=CostEstimate(*(Money(told[each]) for each in _COSTS)),
        latency=_part(LatencyEstimate, _LATENCY, told),
        is_stored=told["is_stored"],
    )


def _part(kind: Any, columns: Sequence[str], told: Mapping[str, Any]) -> Any:
    return _read(kind, {each.partition(".")[2]: told[each] for each in columns})


def _read(kind: Any, told: Any) -> Any:
    return _reader(kind).validate_python(told)


@cache
def _reader(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)

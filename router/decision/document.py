"""A decision as a document: what `POST /v1/route`, `GET /v1/decisions` and `farthing explain` tell.

What is not known, or is not the case, is left out of it. Money is exact decimal text in USD, by a
name that ends with `_usd`.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from pydantic import TypeAdapter

from router.decision.policy import Circumstances
from router.decision.record import FORM, Record
from router.domain.decision import Decision
from router.domain.features import Features
from router.domain.money import Money

Document = Mapping[str, Any]
"""JSON: texts, numbers, truths, lists, and mappings of them."""

_AS_IT_IS = ("policy", "policy_version", "rule", "reason", "headline", "sentences", "required_p")


class NotKept(ValueError):
    """A text of which no document can be made; the message says why."""


def document(decision: Decision, circumstances: Circumstances) -> dict[str, Any]:
    """The whole decision, and what it was made by. Raises NotKept for what no JSON can hold."""
    if (text := Record(decision, circumstances).text()) is None:
        raise NotKept("the decision has text in it that is none")
    return document_of(text)


def document_of(text: str) -> dict[str, Any]:
    """The document of a decision that the ledger has kept. Raises NotKept for one of a later form."""
    kept = orjson.loads(text)
    if kept["form"] > FORM:
        raise NotKept("it was kept by a newer Farthing")
    plan = {"models": list(_in_order(kept)), **kept["plan"]}
    return {
        "asked": kept["circumstances"]["asked"],
        **{name: kept[name] for name in _AS_IT_IS},
        "reference": _predicted(kept["reference"]),
        "candidates": list(_candidates(kept)),
        "plan": _told(plan),
        "features": _told(kept["features"]),
        "circumstances": _told(kept["circumstances"]),
    }


def features_of(told: Document) -> Features:
    """The features that a document tells of; those that it does not have are as by default.

    What this Farthing does not know is passed over: another one may have written it. Raises KeyError
    or ValueError where it tells of none.
    """
    return _features().validate_python(_as_kept(told["features"]))


def circumstances_of(told: Document) -> Circumstances:
    """The circumstances that a document tells of, in the same way."""
    return _circumstances().validate_python(_as_kept(told["circumstances"]))


def _in_order(kept: Document) -> Iterator[str]:
    yield kept["chosen"][0]
    for _, candidate in kept["fallbacks"]:
        yield candidate[0]


def _candidates(kept: Document) -> Iterator[dict[str, Any]]:
    """The chosen one, the fallbacks in order, and the excluded."""
    yield {"role": "chosen", **_predicted(kept["chosen"])}
    for place, (is_adequate, candidate) in enumerate(kept["fallbacks"], 1):
        told = {"role": f"fallback {place}", **_predicted(candidate)}
        yield told if is_adequate else {**told, "is_adequate": False}
    for reason, detail, candidate in kept["exclusions"]:
        why = {"reason": reason, "detail": detail}
        yield {"role": "excluded", **_predicted(candidate), "exclusion": why}


def _predicted(kept: Sequence[Any]) -> dict[str, Any]:
    model, upstream, quality, expected, upper, latency, is_stored = kept
    told = {
        "model": model,
        "upstream": upstream,
        "quality": quality,
        "cost": {"expected_usd": str(Money(expected)), "upper_usd": str(Money(upper))},
        "latency": _told(latency or {}),
    }
    return {**told, "is_stored": True} if is_stored else told


def _told(kept: Document) -> dict[str, Any]:
    """Members without those that say nothing, and money as text."""
    return dict(_member(name, value) for name, value in kept.items() if value is not None)


def _member(name: str, value: Any) -> tuple[str, Any]:
    if not isinstance(value, Mapping):
        return name, value
    if value.keys() == {"pico"}:
        return _usd(name), str(Money(value["pico"]))
    return name, _told(value)


def _usd(name: str) -> str:
    return name if name.endswith("_usd") else f"{name}_usd"


def _as_kept(told: Any) -> Any:
    """Money as it was before it became text; it may have been called `_usd` all along."""
    if not isinstance(told, Mapping):
        return told
    kept: dict[str, Any] = {}
    for name, value in told.items():
        if name.endswith("_usd"):
            amount = Money.from_usd(value)
            kept |= {name: amount, name.removesuffix("_usd"): amount}
        else:
            kept[name] = _as_kept(value)
    return kept


@cache
def _features() -> TypeAdapter[Features]:
    return TypeAdapter(Features)


@cache
def _circumstances() -> TypeAdapter[Circumstances]:
    return TypeAdapter(Circumstances)

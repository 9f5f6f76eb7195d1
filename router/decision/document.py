"""A decision as a document: what `POST /v1/route`, `GET /v1/decisions` and `farthing explain` tell.

What is not known, or not the case, is left out. Money is exact decimal text in USD, under a name that
ends with `_usd`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from router.decision.explain import asked_otherwise, headline, sentences
from router.decision.policy import Circumstances
from router.domain.candidate import Candidate
from router.domain.cascade import Check, Step
from router.domain.decision import Decision
from router.domain.estimate import LatencyEstimate
from router.domain.features import Features
from router.domain.members import is_value, members_of
from router.domain.money import Money

_OF_THE_PLAN = ("deadlines", "ceiling", "hedge", "cache", "answer_tokens")


def document(decision: Decision, circumstances: Circumstances) -> dict[str, Any]:
    """The whole decision, what it was based on, and its explanation in words."""
    return {
        "asked": circumstances.asked,
        "policy": decision.policy,
        "policy_version": decision.policy_version,
        "rule": decision.rule,
        "reason": decision.reason.value,
        "headline": headline(decision),
        "sentences": [*asked_otherwise(circumstances.overrides), *sentences(decision)],
        "required_p": decision.required_p,
        "confidence": decision.bar.confidence,
        "objective": _plain(decision.objective),
        "reference": _predicted(decision.reference),
        "candidates": list(_candidates(decision)),
        **_cascade(decision),
        "plan": {
            "models": [each.model.id for each in (decision.chosen, *decision.fallbacks)],
            **dict(_members(decision, _OF_THE_PLAN)),
        },
        "features": dict(_members(decision.features, _names(Features))),
        "circumstances": _plain(circumstances),
    }


def _candidates(decision: Decision) -> Iterator[dict[str, Any]]:
    """The chosen one, the fallbacks in order, and the excluded; steps may ask any of them before."""
    asked = _steps_of(decision)
    yield {"role": "chosen", **_predicted(decision.chosen), **asked(decision.chosen)}
    for place, candidate in enumerate(decision.fallbacks, 1):
        told = {"role": f"fallback {place}", **_predicted(candidate), **asked(candidate)}
        yield told if decision.is_adequate(candidate) else {**told, "is_adequate": False}
    for each in decision.exclusions:
        why = {"reason": each.reason.value, "detail": each.detail}
        told = {"role": "excluded", **_predicted(each.candidate), **asked(each.candidate)}
        yield {**told, "exclusion": why}


def _steps_of(decision: Decision) -> Callable[[Candidate], dict[str, list[int]]]:
    """A function that tells in which steps of the cascade a candidate is asked; nothing if in none."""
    found: dict[str, list[int]] = {}
    for number, step in enumerate(decision.cascade.steps if decision.cascade else (), 1):
        for name in {each.model.id for each in step.candidates}:
            found.setdefault(name, []).append(number)
    return lambda candidate: (
        {"steps": found[candidate.model.id]}
        if candidate.model.id in found and not candidate.is_stored
        else {}
    )


def _cascade(decision: Decision) -> dict[str, Any]:
    """The cascade with all its predictions, or why there is none."""
    if (cascade := decision.cascade) is None:
        return {"no_cascade": list(decision.no_cascade)} if decision.no_cascade else {}
    told = {
        "steps": [_step(step) for step in cascade.steps],
        "final": cascade.final.model.id,
        "quality": _plain(cascade.quality),
        "cost": _plain(cascade.cost),
        "latency": _latency(cascade.latency),
    }
    alone = {} if cascade.alone is None else {"alone": _predicted(cascade.alone)}
    return {"cascade": told | alone}


def _step(step: Step) -> dict[str, Any]:
    told = {
        "models": [each.model.id for each in step.candidates],
        "checks": [_check(check) for check in step.checks],
        **dict(_members(step, ("within_s",))),
    }
    return told if step.prospect is None else {**told, "prospect": _plain(step.prospect)}


def _check(check: Check) -> dict[str, Any]:
    told = dict(_plain(check))
    if not check.judge:
        del told["judge"]
    return told


def _predicted(candidate: Candidate) -> dict[str, Any]:
    told = {
        "model": candidate.model.id,
        "upstream": candidate.model.upstream,
        "quality": _plain(candidate.quality),
        "cost": _plain(candidate.cost),
        "latency": _latency(candidate.latency),
    }
    return {**told, "is_stored": True} if candidate.is_stored else told


def _latency(latency: LatencyEstimate) -> dict[str, Any]:
    told = dict(_plain(latency))
    if not latency.is_predicted:
        del told["is_predicted"]
    return told


def _plain(value: Any) -> Any:
    """A frozen value as JSON can hold it: sets sorted, members that are None left out."""
    if is_value(value):
        return dict(_members(value, _names(type(value))))
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, frozenset):
        return sorted(map(_plain, value))
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, str) else value


def _members(value: Any, names: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for name in names:
        member = getattr(value, name)
        if isinstance(member, Money):
            yield name if name.endswith("_usd") else f"{name}_usd", str(member)
        elif member is not None:
            yield name, _plain(member)


def _names(kind: type) -> tuple[str, ...]:
    return tuple(name for name, _ in members_of(kind))

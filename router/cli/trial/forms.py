"""A trial of two policies: its figures, its notes, and both as plain data."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from msgspec import Struct

from router.cli.traffic.files import LeftOut
from router.decision.compare import (
    Pair,
    Ruling,
    Side,
    TrialChoice,
    TrialTotals,
    changes,
    grouped,
    totals,
)
from router.decision.policy import Policy, Terms
from router.domain.category import Category
from router.domain.objective import Aim

Document = dict[str, Any]


class Trial(Struct, frozen=True):
    """Two policies on the same requests. `names` distinguish them; the old one comes first."""

    names: tuple[str, str]
    policies: tuple[Policy, Policy]
    source: str
    pairs: tuple[Pair, ...]
    left_out: tuple[LeftOut, ...] = ()


def document(trial: Trial, most_changes: int | None = None) -> Document:
    """The trial as plain data, with its changes: all, or the `most_changes` that matter most."""
    changed = changes(trial.pairs)
    old, new = map(_policy, trial.names, trial.policies)
    return {
        "old": old,
        "new": new,
        "source": trial.source,
        "total": _figures(totals(trial.pairs)),
        "categories": [
            {"category": category.value, **_figures(found)}
            for category, found in grouped(trial.pairs, by_category).items()
        ],
        "flows": [
            {
                "category": category.value,
                "from": old_id or None,
                "to": new_id or None,
                **_figures(found),
            }
            for (category, old_id, new_id), found in grouped(trial.pairs, by_stream).items()
        ],
        "changes": [_change(pair) for pair in islice(changed, most_changes)],
        "left_out": [{"place": each.place, "why": each.why} for each in trial.left_out],
        "notes": list(notes(trial)),
    }


def notes(trial: Trial) -> Iterator[str]:
    """What must be known to interpret the figures correctly."""
    yield from (f"{each.place} is left out: {each.why}" for each in trial.left_out[:3])
    if (more := len(trial.left_out) - 3) > 0:
        yield f"{more} more are left out."
    for name, policy in zip(trial.names, trial.policies, strict=True):
        every = tuple(_every_terms(policy))
        if any(map(_has_latency_target, every)):
            yield f"'{name}' has targets for latency. No model was observed here, so they exclude none."
        if any(map(_chooses_by_time, every)):
            yield f"'{name}' chooses by time. No model was observed here, so they are all alike in that."
    found = totals(trial.pairs)
    if found.answered < found.requests:
        refused = found.requests - found.answered
        yield f"Cost and quality exclude the {refused} requests that a policy refuses."


def _figures(found: TrialTotals) -> Document:
    """Totals as plain data: money as decimal text in USD, quality and shares from 0 to 1."""
    return {
        "requests": found.requests,
        "changed": found.changed,
        "changed_share": found.changed_share,
        "answered": found.answered,
        "old": _side(found, found.old),
        "new": _side(found, found.new),
        "cost_change_usd": str(found.cost_change),
        "cost_change_share": found.cost_change_share,
        "quality_change": found.quality_change,
        "quality_change_sd": found.quality_sd,
        "quality_interval": list(found.quality_interval),
    }


def by_category(pair: Pair) -> Category:
    """The key for grouping pairs by what was asked."""
    return pair.category


def by_stream(pair: Pair) -> tuple[Category, str, str]:
    """The key for grouping pairs by what was asked, the model that answered before, and the one that does now."""
    return (pair.category, *pair.flow)


def _every_terms(policy: Policy) -> Iterator[Terms]:
    yield policy.terms
    yield from (rule.terms for rule in policy.rules)


def _has_latency_target(terms: Terms) -> bool:
    return terms.first_content_s is not None or terms.total_s is not None


def _chooses_by_time(terms: Terms) -> bool:
    is_fast = terms.objective.aim in (Aim.FASTEST, Aim.FASTEST_START)
    return is_fast or bool(terms.objective.usd_per_s)


def _policy(name: str, policy: Policy) -> Document:
    return {
        "name": name,
        "policy": policy.name,
        "version": policy.version,
        "intent": policy.intent,
    }


def _side(found: TrialTotals, side: Side) -> Document:
    return {
        "cost_usd": str(side.cost),
        "cost_usd_per_thousand": str(found.per_thousand(side.cost)),
        "quality": side.quality,
        "refused": side.refused,
    }


def _change(pair: Pair) -> Document:
    return {
        "id": pair.case.id,
        "category": pair.category.value,
        "prompt_tokens": pair.case.features.prompt_tokens,
        "cost_change_usd": str(pair.cost_change),
        "old": _ruling(pair.old),
        "new": _ruling(pair.new),
    }


def _ruling(each: Ruling) -> Document:
    if not isinstance(each, TrialChoice):
        return {"model": None, "refused": each.why}
    return {
        "model": each.model_id,
        "reason": each.reason.value,
        "rule": each.rule,
        "cost_usd": str(each.cost),
        "quality": each.quality.p,
        "quality_sd": each.quality.sd,
    }

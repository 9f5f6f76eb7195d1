"""A decision as the ledger keeps it: a line of JSON, written when there is time, small and quick to make.

It holds what was known, what was predicted of each candidate, and the words that were said of it. It
holds no word of the prompt. `router.decision.document` makes a document of it for people and programs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from router.decision.explain import headline, sentences
from router.decision.policy import Circumstances
from router.domain.decision import Candidate, Decision
from router.domain.estimate import UNOBSERVED

FORM = 1
"""The form of what is kept. A later Farthing that keeps it otherwise counts on, and still reads this."""


@dataclass(frozen=True, slots=True)
class Record:
    """A decision, to be written down by whoever has the time; implements `router.domain.ledger.Recording`."""

    decision: Decision
    circumstances: Circumstances

    def text(self) -> str | None:
        """What is kept; None for what no JSON can hold, such as half a surrogate in a header."""
        try:
            return orjson.dumps(_kept(self.decision, self.circumstances), default=_listed).decode()
        except TypeError:
            return None

    def __repr__(self) -> str:
        """Its text: an entry that goes to the log is there whole."""
        return f"Record({self.text()})"


def _kept(decision: Decision, circumstances: Circumstances) -> dict[str, Any]:
    """Frozen values are left as they are: orjson writes them faster than Python takes them apart."""
    return {
        "form": FORM,
        "policy": decision.policy,
        "policy_version": decision.policy_version,
        "rule": decision.rule,
        "reason": decision.reason,
        "headline": headline(decision),
        "sentences": tuple(sentences(decision)),
        "required_p": decision.required_p,
        "reference": _predicted(decision.reference),
        "chosen": _predicted(decision.chosen),
        "fallbacks": [(_is_adequate(c, decision), _predicted(c)) for c in decision.fallbacks],
        "exclusions": [(e.reason, e.detail, _predicted(e.candidate)) for e in decision.exclusions],
        "plan": {
            "deadlines": decision.deadlines,
            "ceiling": decision.ceiling,
            "hedge": decision.hedge,
            "cache": decision.cache,
        },
        "features": decision.features,
        "circumstances": circumstances,
    }


def _predicted(candidate: Candidate) -> tuple[Any, ...]:
    """A candidate without the names of its members, which would be most of the text."""
    model, cost = candidate.model, candidate.cost
    return (
        model.id,
        model.upstream,
        candidate.quality,
        cost.expected.pico,
        cost.upper.pico,
        None if candidate.latency is UNOBSERVED else candidate.latency,
        candidate.is_stored,
    )


def _is_adequate(candidate: Candidate, decision: Decision) -> bool:
    return candidate.quality.p >= decision.required_p


def _listed(value: object) -> object:
    """What orjson does not know: sets, sorted so that the same decision is the same text."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(type(value).__name__)

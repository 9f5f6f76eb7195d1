"""A decision in words: one line for a header, sentences for a person, rows for a table.

The same text is used by the response header, by `farthing explain`, and in the document of a decision,
whether it was made just now or is read from the ledger.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from router.decision.explain_cascade import in_short, sentences_of
from router.decision.explain_conversation import kept, of_the_conversation
from router.decision.ranking import REASONS, order_of
from router.domain.bar import EVEN
from router.domain.candidate import Candidate
from router.domain.decision import Decision, Reason
from router.domain.estimate import EstimateSource
from router.domain.features import Features
from router.domain.few import few
from router.domain.money import Money
from router.domain.objective import Aim
from router.domain.overrides import Overrides
from router.domain.percent import percent

_SUREST = 0.99
"""More is not said: a category is judged by words, and words can mislead."""
_WORTH_NAMING = 0.1
"""So probable another category must be to be named: of fewer than ten, then."""


def headline(decision: Decision) -> str:
    """The decision on one line of printable ASCII, short enough for a header."""
    chosen, features, cascade = decision.chosen, decision.features, decision.cascade
    at_hand = "; a stored answer" if chosen.is_stored else ""
    if decision.reason is Reason.PINNED:
        return f"pinned by the request{at_hand}"
    weak = [each.candidate for each in decision.exclusions if each.candidate.is_stored]
    refused = "".join(f"; stored answer of {c.model.id} refused" for c in weak[:1])
    how = f"; {in_short(cascade)}" if cascade else at_hand or kept(chosen)
    return (
        f"{decision.reason}; {features.category}{how}; quality {(cascade or chosen).quality.p:.2f}"
        f" (needs {decision.required_p:.2f}, {decision.reference.model.id}"
        f" {decision.reference.quality.p:.2f}){refused}"
    )


def sentences(decision: Decision) -> Iterator[str]:
    """The decision as a person would tell it, one sentence at a time."""
    yield _request(decision.features)
    if decision.reason is Reason.PINNED:
        yield from _pinned(decision.chosen)
    else:
        yield from _decided(decision)


def _request(features: Features) -> str:
    about = "about " if not features.tokens_exact else ""
    sure = f"{min(features.category_confidence, _SUREST):.0%} sure"
    others = [str(each) for each, share in features.perhaps if share >= _WORTH_NAMING]
    perhaps = f", perhaps {' or '.join(others)}" if others else ""
    return (
        f"The request has {about}{features.prompt_tokens} prompt tokens and looks like"
        f" {features.category} ({sure}{perhaps})."
    )


def _pinned(chosen: Candidate) -> Iterator[str]:
    yield f"The client asked for {chosen.model.id} by name, and no policy routes that name."
    if chosen.is_stored:
        yield "Its stored answer costs nothing."


def _decided(decision: Decision) -> Iterator[str]:
    """What the policy asked for, who meets it, at what cost, and who would follow."""
    yield _standard(decision)
    for exclusion in decision.exclusions:
        if exclusion.candidate.is_stored:
            yield f"A stored answer of {exclusion.model_id} is not used: {exclusion.detail}."
    if decision.cascade is None:
        yield _choice(decision)
        yield from _passed_over(decision)
    yield from sentences_of(decision)
    yield from _brevity(decision)
    yield f"It is expected to cost {_cost(decision)}; {_saving(decision)}."
    if decision.cascade is None:
        yield from of_the_conversation(decision)
    if decision.fallbacks:
        others = few((each.model.id for each in decision.fallbacks), ", then ")
        yield f"Should it fail, {others} would be asked."


def _standard(decision: Decision) -> str:
    rule = f", rule '{decision.rule}'" if decision.rule else ""
    reference = decision.reference
    return (
        f"Policy '{decision.policy}'{rule} takes {reference.model.id} as the reference"
        f" (quality {reference.quality.p:.3f}) and asks for at least {decision.required_p:.3f}"
        f"{_sureness(decision)}."
    )


def asked_otherwise(overrides: Overrides) -> Iterator[str]:
    """The request's overrides in words, as far as they bear on the choice."""
    asked = []
    if overrides.policy:
        asked.append(f"to be decided by policy '{overrides.policy}'")
    if overrides.tolerance is not None:
        asked.append(f"for a tolerance of {overrides.tolerance:g}")
    if overrides.ceiling is not None:
        asked.append(f"to cost at most {overrides.ceiling} USD")
    if overrides.candidates:
        asked.append(f"for no model other than {few(sorted(overrides.candidates))}")
    if not overrides.cascade:
        asked.append("for an answer without a cascade")
    if asked:
        yield f"The request itself asks {' and '.join(asked)}."


def _choice(decision: Decision) -> str:
    chosen, aim = decision.chosen, decision.objective
    who = f"{chosen.model.id} (quality {chosen.quality.p:.3f})"
    if decision.is_adequate(chosen) and chosen.is_stored:
        return f"The stored answer of {who} meets this and costs nothing."
    told = {
        Reason.BEST_AVAILABLE: f"None is that good; the policy then takes the best, {who}.",
        Reason.CHEAPEST_AVAILABLE: f"None is that good; the policy then takes the cheapest, {who}.",
        Reason.CASCADE: f"The stored answer of {who} has passed the policy's cascade, and costs nothing.",
        Reason.SESSION: f"{who} called the tools whose results this request brings, and continues.",
        Reason.CONVERSATION: f"{who} is the cheapest that meets this, for the rest of the conversation.",
        Reason.FASTEST_ADEQUATE: f"{who} is the fastest that meets this ({_time(decision)}).",
        Reason.BEST_AFFORDABLE: f"{who} is the best of the models that may answer.",
        Reason.BEST_VALUE: (
            f"{who} meets this at the lowest cost, counting {aim.usd_per_point} USD for each missing point of"
            f" quality and {aim.usd_per_s} USD for each second."
        ),
    }
    return told.get(decision.reason, f"{who} is the cheapest that meets this.")


_OF_AIMS = frozenset({*REASONS.values(), Reason.CONVERSATION})


def _passed_over(decision: Decision) -> Iterator[str]:
    """A sentence about a model that would come first, were it certain that the prompt fits into its context."""
    chosen, order = decision.chosen, order_of(decision.objective)
    if chosen.is_stored or decision.reason not in _OF_AIMS:
        return
    for first in decision.fallbacks[:1]:
        if decision.is_adequate(first) and order(first) < order(chosen):
            yield (
                f"{first.model.id} would come before it, but the prompt, whose length is estimated, may be too long"
                " for it."
            )


def _brevity(decision: Decision) -> Iterator[str]:
    if decision.answer_tokens is not None:
        yield (
            f"{decision.chosen.model.id} writes at most {decision.answer_tokens} tokens, and is asked for no more;"
            f" the client allows {decision.features.max_output_tokens}."
        )


def _sureness(decision: Decision) -> str:
    confidence = decision.bar.confidence
    return "" if confidence == EVEN else f", with {confidence:.0%} confidence"


def _time(decision: Decision) -> str:
    """How long the chosen model takes, to the first content or to the end, as the policy aims at."""
    latency = decision.chosen.latency
    is_start = decision.objective.aim is Aim.FASTEST_START
    seconds = latency.first_content_s if is_start else latency.total_s
    if seconds is None:
        return "not observed yet"
    guess = "estimated from its price, " if latency.is_predicted else ""
    return f"{guess}{seconds:.2f} s to {'the first content' if is_start else 'the whole answer'}"


def _cost(decision: Decision) -> str:
    cost = (decision.cascade or decision.chosen).cost
    spread = (
        ""
        if cost.p90 is None or not cost.p90
        else f" (9 in 10 cost less than {_rounded(cost.p90)} USD)"
    )
    return f"{cost.expected} USD{spread}"


def _rounded(money: Money) -> Money:
    """`money` to two digits: a percentile is not known any better."""
    return Money.from_usd(f"{money.usd:.2g}")


def _saving(decision: Decision) -> str:
    chosen, reference = decision.chosen, decision.reference
    saved = reference.cost.expected - decision.expected_cost
    is_alone = decision.cascade is None and not chosen.is_stored
    if chosen.model.id == reference.model.id and is_alone:
        return "it is the reference itself"
    if saved.pico < 0:
        return f"that is {-saved} USD more than {reference.model.id}"
    share = saved.pico / reference.cost.expected.pico if reference.cost.expected else 0.0
    return f"that saves {saved} USD ({percent(share)}) against {reference.model.id}"


class ModelRow(Struct, frozen=True):
    """One model of a decision, as a table shows it; an unobserved latency is None.

    `evidence` says how well founded the quality is.
    """

    model_id: str
    role: str
    quality: float
    sd: float
    expected_cost: Money
    first_content_s: float | None
    note: str
    evidence: str = EstimateSource.PRIOR


def rows(document: Mapping[str, Any]) -> Iterator[ModelRow]:
    """Every candidate of a decision's document: the chosen one, the fallbacks in order, the excluded."""
    for candidate in document["candidates"]:
        at_hand = " (stored)" if candidate.get("is_stored") else ""
        yield ModelRow(
            model_id=candidate["model"] + at_hand,
            role=_role(candidate),
            quality=candidate["quality"]["p"],
            sd=candidate["quality"]["sd"],
            expected_cost=Money.from_usd(candidate["cost"]["expected_usd"]),
            first_content_s=candidate["latency"].get("first_content_s"),
            note=_note(candidate),
            evidence=candidate["quality"].get("source", EstimateSource.PRIOR),
        )


def _role(candidate: Mapping[str, Any]) -> str:
    """What becomes of it; its steps in a cascade say more than that it is excluded as a fallback."""
    role, steps = str(candidate["role"]), candidate.get("steps")
    if not steps:
        return role
    first = f"step {', '.join(map(str, steps))}"
    return first if "exclusion" in candidate else f"{first}; {role}"


def _note(candidate: Mapping[str, Any]) -> str:
    if "exclusion" in candidate:
        alone = "not alone: " if candidate.get("steps") else ""
        return f"{alone}{candidate['exclusion']['detail']}"
    return "" if candidate.get("is_adequate", True) else "below what the policy asks"

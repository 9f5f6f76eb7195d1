"""The model was sure of its words, by the geometric mean of their probabilities, if they are given.

It needs `logprobs` in the request, and an upstream that returns them. How sure a model is of its words is
weak evidence of how right it is: the usual bar is a guess, and best set from one's own outcomes.
"""

from math import exp, isfinite
from typing import Any

from router.acceptance.case import ACCEPT, CANNOT_TELL, REJECT, Case, Verdict, of_each
from router.acceptance.said import Said
from router.domain.cascade import Check, Ruling

USUAL_BAR = 0.9


def hold(check: Check, case: Case) -> Verdict:
    """Cannot tell for an answer without probabilities."""
    bar = USUAL_BAR if check.at_least is None else check.at_least
    rulings = {number: _ruling(said, bar) for number, said in case.standing.items()}
    return of_each(rulings, f"a mean probability of {bar:g} or more")


def _ruling(said: Said, bar: float) -> Ruling:
    sureness = _sureness(said)
    if sureness is None:
        return CANNOT_TELL
    return ACCEPT if sureness >= bar else REJECT


def _sureness(said: Said) -> float | None:
    """The geometric mean of the probabilities of an answer's tokens; None if one of them is missing."""
    told = said.choice.get("logprobs")
    tokens = told.get("content") if isinstance(told, dict) else None
    if not isinstance(tokens, list) or not tokens:
        return None
    logprobs = [_logprob(token) for token in tokens]
    known = [each for each in logprobs if each is not None]
    return exp(sum(known) / len(known)) if len(known) == len(logprobs) else None


def _logprob(token: Any) -> float | None:
    told = token.get("logprob") if isinstance(token, dict) else None
    if not isinstance(told, int | float) or isinstance(told, bool):
        return None
    return float(told) if isfinite(told) and told <= 0.0 else None

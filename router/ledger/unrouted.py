"""The entries of requests that no policy decides: vectors, and calls that are passed through."""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from router.domain.fault import Fault
from router.domain.ledger import Entry, Outcome
from router.domain.members import replace
from router.domain.model import Model
from router.domain.usage import Usage, UsageSource
from router.ledger.account import MAYBE_BILLED, NOTHING_HEARD, AttemptEnding, Heard, Timing
from router.ledger.charge import NO_CHARGE, Charge, as_stated, charged


class UnroutedKind(StrEnum):
    """What was asked for; the ledger has it where answers have their category."""

    EMBEDDING = "embedding"
    PASSED = "passed_through"


class UnroutedRequest(Struct, frozen=True):
    """The common part of a request's entries. `tokens` are those of its input, by our own count."""

    request_id: str
    asked: str
    key: str
    tags: tuple[str, ...]
    kind: UnroutedKind
    tokens: int = 0

    def answered(self, attempt: int, model: Model, heard: Heard, timing: Timing) -> Entry:
        """The client got this attempt's answer; the baseline is its cost, as the model was the one asked for."""
        charge = self._charge(model, heard)
        ending = AttemptEnding(Outcome.OK, baseline=charge.cost, is_answer=True)
        return self._of_model(attempt, model, timing, charge, ending)

    def from_cache(self, model: Model, usage: Usage, timing: Timing) -> Entry:
        """A stored answer: free, with the baseline of what making it would have cost."""
        baseline = model.price.charge(usage)
        ending = AttemptEnding(Outcome.CACHE_HIT, baseline=baseline, is_answer=True)
        return self._of_model(0, model, timing, Charge(usage, UsageSource.CACHE), ending)

    def failed(self, attempt: int, model: Model, fault: Fault, timing: Timing) -> Entry:
        """The attempt brought no answer; one that may have been at work is charged by estimate."""
        maybe_billed = fault.kind in MAYBE_BILLED and fault.reached_model
        charge = self._charge(model) if maybe_billed else NO_CHARGE
        ending = AttemptEnding(Outcome.FAILED, fault.status, fault.code or fault.kind.value)
        return self._of_model(attempt, model, timing, charge, ending)

    def stopped(self, attempt: int, model: Model, timing: Timing, outcome: Outcome) -> Entry:
        """The attempt was stopped by us; its input may have been billed."""
        ending = AttemptEnding(outcome, error=outcome.value)
        return self._of_model(attempt, model, timing, self._charge(model), ending)

    def passed(
        self,
        model: str,
        upstream: str,
        price_source: str,
        timing: Timing,
        said: tuple[Charge, AttemptEnding],
    ) -> Entry:
        """A call that was passed through; it closes the request, whatever became of it."""
        charge, ending = said
        entry = self._entry(1, (model, upstream, price_source), timing, charge, ending)
        return replace(entry, closes=True)

    def _charge(self, model: Model, heard: Heard = NOTHING_HEARD) -> Charge:
        if heard.usage is None:
            return charged(model.price, Usage(self.tokens), UsageSource.ESTIMATED)
        charge = charged(model.price, heard.usage, UsageSource.UPSTREAM)
        return as_stated(charge, heard.stated_cost, is_bill=model.states_cost)

    def _of_model(
        self, attempt: int, model: Model, timing: Timing, charge: Charge, ending: AttemptEnding
    ) -> Entry:
        where = (model.id, model.upstream, charge.price_source or model.price.origin)
        return self._entry(attempt, where, timing, charge, ending)

    def _entry(
        self,
        attempt: int,
        where: tuple[str, str, str],
        timing: Timing,
        charge: Charge,
        ending: AttemptEnding,
    ) -> Entry:
        model, upstream, price_source = where
        return Entry(
            request_id=self.request_id,
            attempt=attempt,
            at_s=timing.began_at_s,
            asked=self.asked,
            policy="",
            policy_version="",
            category=self.kind,
            model=model,
            upstream=upstream,
            outcome=ending.outcome,
            reference=model,
            key=self.key,
            tags=self.tags,
            status=ending.status,
            error=ending.error,
            usage=charge.usage,
            usage_source=charge.usage_source,
            cost=charge.cost,
            cost_source=charge.cost_source,
            baseline=ending.baseline,
            price_source=price_source,
            cost_note=charge.note,
            service_tier=charge.service_tier,
            total_s=timing.total_s,
            is_answer=ending.is_answer,
            closes=ending.is_answer,
        )


def closed(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The entries of a whole request; without an answer, its last attempt closes it."""
    if not entries or any(entry.closes for entry in entries):
        return tuple(entries)
    return (*entries[:-1], replace(entries[-1], closes=True))

"""The entries of one request, written down as its attempts end."""

from collections.abc import Sequence

from msgspec import Struct

from router.domain.candidate import Candidate
from router.domain.decision import Decision
from router.domain.fault import Fault, FaultKind
from router.domain.features import Features
from router.domain.ledger import CostSource, Entry, Outcome, Recording
from router.domain.members import replace
from router.domain.model import Model
from router.domain.money import ZERO, Money
from router.domain.usage import NO_USAGE, OUTPUT_BUCKETS, Usage, UsageSource
from router.ledger.charge import NO_CHARGE, Charge, as_stated, charged, with_unknown_part

CHARS_PER_TOKEN = 4
"""OpenAI's rule of thumb for English: https://help.openai.com/en/articles/4936856."""
_LONGEST_TOKENS = 4
"""Text of long tokens (runs of spaces, say) has so many times fewer tokens than the rule of thumb says."""
MAYBE_BILLED = frozenset(
    {FaultKind.TRANSIENT, FaultKind.DISCONNECTED, FaultKind.OURS, FaultKind.UNSUITED}
)
"""Failures after which a model may have been at work, if it was reached."""


class Heard(Struct, frozen=True):
    """What was heard of an answer: the upstream's own usage if it sent one, and how much text came.

    `service_tier` is the one that the upstream says it billed, "" where it says nothing.
    `finish_reasons` are those of the choices that have ended. `prompt` is what was used before anything
    was written, where the upstream has told that at once, or another prompt was sent than the client's; it counts where
    no usage came any more, or none of the prompt.
    `hidden_tokens` are those that the model has presumably thought without showing them. `cites` says that a
    page is cited, `consults` that another model was asked on the way, whose tokens are not in the usage.
    `stated_cost` is what the upstream says that it charges, None where it does not say that.
    `held_s` are the seconds in which a stream was not read, because nobody took what had come.
    """

    usage: Usage | None = None
    output_chars: int = 0
    service_tier: str = ""
    finish_reasons: frozenset[str] = frozenset()
    prompt: Usage | None = None
    hidden_tokens: int = 0
    cites: bool = False
    consults: bool = False
    stated_cost: Money | None = None
    held_s: float = 0.0


NOTHING_HEARD = Heard()


class Timing(Struct, frozen=True):
    """When an attempt began (Unix time) and how many seconds it took to the first content and in all."""

    began_at_s: float
    total_s: float
    first_content_s: float | None = None


_BESIDE = frozenset({Outcome.REJECTED, Outcome.HEDGE_LOST})
"""Outcomes of attempts beside the one that ends a request."""
_BEFORE_ALL = -1
"""The number of a call that was made before any attempt; 0 is the cache's."""


class Embedding(Struct, frozen=True):
    """A call for a vector: who made it, how many tokens it counted, and the price of one."""

    upstream: str
    model: str
    tokens: int
    per_token: Money

    @property
    def charge(self) -> Charge:
        """What it cost."""
        usage = Usage(uncached_input_tokens=self.tokens)
        source = CostSource.PRICED if self.per_token else CostSource.FREE
        cost = Money(self.per_token.pico * self.tokens)
        return Charge(usage, UsageSource.UPSTREAM, cost, source)


class AttemptEnding(Struct, frozen=True):
    """How an attempt ended; an answer carries what the reference would have charged for it."""

    outcome: Outcome
    status: int = 200
    error: str = ""
    baseline: Money = ZERO
    is_answer: bool = False


class Account(Struct, frozen=True):
    """The common part of a request's entries; each method returns the entry for one event.

    `recording` is what the entry that closes the request keeps of its decision.
    """

    request_id: str
    asked: str
    key: str
    tags: tuple[str, ...]
    stream: bool
    decision: Decision
    recording: Recording | None = None

    def answered(self, attempt: int, candidate: Candidate, heard: Heard, timing: Timing) -> Entry:
        """The client got this attempt's answer whole: it carries the request's baseline."""
        charge = self._charge(candidate, heard)
        is_own = candidate.model.id == self.decision.reference.model.id
        baseline = charge.cost if is_own and charge.is_stated else self._baseline(charge)
        ending = AttemptEnding(Outcome.OK, baseline=baseline, is_answer=True)
        return self._entry(attempt, candidate, timing, charge, ending)

    def broke_off(
        self,
        attempt: int,
        candidate: Candidate,
        heard: Heard,
        timing: Timing,
        ending: AttemptEnding,
    ) -> Entry:
        """The answer ended early, by the upstream, by the client or by us; it is paid.

        What was not received saved nobody anything, so there is no baseline.
        """
        charge = self._charge(candidate, up_to_date(heard))
        return self._entry(attempt, candidate, timing, charge, ending)

    def rejected(
        self, attempt: int, candidate: Candidate, heard: Heard, timing: Timing, why: str
    ) -> Entry:
        """The answer came whole and nobody gets it: it is paid, and saved nothing. `why` is a word."""
        ending = AttemptEnding(Outcome.REJECTED, error=why)
        return self._entry(attempt, candidate, timing, self._charge(candidate, heard), ending)

    def failed(
        self,
        attempt: int,
        candidate: Candidate,
        fault: Fault,
        timing: Timing,
        heard: Heard = NOTHING_HEARD,
    ) -> Entry:
        """The attempt ended before any content. An error status is not billed by any vendor.

        A stumble without an error status (a reset, a timeout, nonsense after a 200) may well have
        been billed: it is charged by estimate, for the prompt, which is the client's unless `heard` tells another.
        """
        if fault.usage is not None:
            heard = replace(heard, usage=fault.usage)
        maybe_billed = fault.kind in MAYBE_BILLED and fault.reached_model
        charge = self._charge(candidate, heard) if maybe_billed else NO_CHARGE
        ending = AttemptEnding(Outcome.FAILED, fault.status, fault.code or fault.kind.value)
        return self._entry(attempt, candidate, timing, charge, ending)

    def from_cache(self, candidate: Candidate, usage: Usage, timing: Timing) -> Entry:
        """A stored answer: free, with the baseline of what generating it would have used."""
        tier = self.decision.features.service_tier
        charge = Charge(usage, UsageSource.CACHE, service_tier=tier)
        ending = AttemptEnding(Outcome.CACHE_HIT, baseline=self._baseline(charge), is_answer=True)
        return self._entry(0, candidate, timing, charge, ending)

    def shared_cut(self, candidate: Candidate, error: str, timing: Timing) -> Entry:
        """An answer that another request pays for broke off, or its client left: nothing was paid, or saved."""
        outcome = Outcome.CLIENT_LEFT if error == Outcome.CLIENT_LEFT else Outcome.CUT
        return self._entry(0, candidate, timing, NO_CHARGE, AttemptEnding(outcome, error=error))

    def embedded(self, embedding: Embedding, timing: Timing) -> Entry:
        """The vector of the request's words, which the semantic cache has asked an upstream for.

        It is not an attempt to answer, and its number is before the first one's.
        """
        return replace(
            self._entry(
                _BEFORE_ALL,
                self.decision.chosen,
                timing,
                embedding.charge,
                AttemptEnding(Outcome.OK),
            ),
            model=embedding.model,
            upstream=embedding.upstream,
            price_source="configured",
            quality_p=None,
        )

    def compared(self, attempt: int, embedding: Embedding, timing: Timing) -> Entry:
        """The vector of an answer, which a cascade has asked an upstream for to compare it with others."""
        return replace(self.embedded(embedding, timing), attempt=attempt, outcome=Outcome.REJECTED)

    def closed(self, entries: Sequence[Entry]) -> tuple[Entry, ...]:
        """The entries of a whole request; without an answer, its last attempt closes it.

        A call that was made before any attempt does not, nor one that was stopped or not taken after that
        attempt had ended the request.
        """
        if not entries or entries[-1].attempt < 0 or any(entry.closes for entry in entries):
            return tuple(entries)
        ends = [place for place, each in enumerate(entries) if each.outcome not in _BESIDE]
        last = ends[-1] if ends and entries[ends[-1]].attempt >= 0 else len(entries) - 1
        closing = replace(entries[last], closes=True, decision=self.recording)
        return (*entries[:last], closing, *entries[last + 1 :])

    def _entry(
        self,
        attempt: int,
        candidate: Candidate,
        timing: Timing,
        charge: Charge,
        ending: AttemptEnding,
    ) -> Entry:
        decision, model = self.decision, candidate.model
        return Entry(
            request_id=self.request_id,
            attempt=attempt,
            at_s=timing.began_at_s,
            asked=self.asked,
            policy=decision.policy,
            policy_version=decision.policy_version,
            category=decision.features.category,
            model=model.id,
            upstream=model.upstream,
            outcome=ending.outcome,
            reference=decision.reference.model.id,
            key=self.key,
            tags=self.tags,
            stream=self.stream,
            status=ending.status,
            error=ending.error,
            usage=charge.usage,
            usage_source=charge.usage_source,
            cost=charge.cost,
            cost_source=charge.cost_source,
            baseline=ending.baseline,
            price_source=charge.price_source or _origin(model, charge),
            cost_note=charge.note,
            service_tier=charge.service_tier,
            quality_p=candidate.quality.p,
            first_content_s=timing.first_content_s,
            total_s=timing.total_s,
            is_answer=ending.is_answer,
            closes=ending.is_answer,
            decision=self.recording if ending.is_answer else None,
        )

    def _baseline(self, charge: Charge) -> Money:
        return self.decision.reference.model.price.charge(charge.usage, charge.service_tier)

    def _charge(self, candidate: Candidate, heard: Heard) -> Charge:
        usage, source = self._used(candidate, heard)
        tier = heard.service_tier or self.decision.features.service_tier
        model = candidate.model
        charge = charged(model.price, usage, source, tier)
        if heard.usage is not None:
            charge = as_stated(charge, heard.stated_cost, is_bill=model.states_cost)
        is_incomplete = heard.consults and not charge.is_stated
        return with_unknown_part(charge) if is_incomplete else charge

    def _used(self, candidate: Candidate, heard: Heard) -> tuple[Usage, UsageSource]:
        """What the upstream counted; what it left out is estimated, and then the whole is an estimate."""
        told = heard.usage or heard.prompt or NO_USAGE
        missing = _missing_in(told, heard, candidate.model, self.decision.features)
        if heard.usage is not None and missing == NO_USAGE:
            return told, UsageSource.UPSTREAM
        return told + missing, UsageSource.ESTIMATED


def _origin(model: Model, charge: Charge) -> str:
    """Where the price comes from that was charged, and for prompts of which length it is."""
    return model.price.origin_of(charge.usage.input_tokens, charge.service_tier)


def _missing_in(told: Usage, heard: Heard, model: Model, features: Features) -> Usage:
    """An estimate of what an upstream has left out.

    A server that does not count may say 0 instead of nothing. No prompt is empty, and no text is. Nor does
    an answer cite a page without a search: OpenAI's chat counts none, and bills at least one.
    """
    missing = NO_USAGE
    if not told.input_tokens:
        missing += _prompt_of(heard, features)
    if not told.total_output_tokens:
        missing += _answer_of(heard, model, features)
    if heard.cites and not told.web_searches and model.price.bills_searches:
        missing += Usage(web_searches=1)
    return missing


def _answer_of(heard: Heard, model: Model, features: Features) -> Usage:
    """What has come of an answer by our own count, and what was thought for it.

    No more than `model` can write at all: a stream that never stops brings more than is ever billed.
    """
    written, thought = written_tokens(heard), heard.hidden_tokens
    if model.max_output_tokens is not None:
        most = model.max_output_tokens * features.choices
        written = min(written, most)
        thought = min(thought, most - written)
    return Usage(output_tokens=written, reasoning_tokens=thought)


def up_to_date(heard: Heard) -> Heard:
    """`heard` of an answer that broke off, without a count told long before the break: that one counts the prompt."""
    told = heard.usage
    if told is None or written_tokens(heard) <= told.total_output_tokens * _LONGEST_TOKENS:
        return heard
    used = dict.fromkeys(OUTPUT_BUCKETS, 0)
    return replace(heard, usage=None, prompt=replace(told, **used))


def written_tokens(heard: Heard) -> int:
    """About how many tokens the text has that came."""
    return -(-heard.output_chars // CHARS_PER_TOKEN)


def hidden_tokens(heard: Heard) -> int:
    """Of a whole answer whose upstream has counted, the tokens that were reasoned and not shown; else 0."""
    if heard.usage is None:
        return 0
    unseen = heard.usage.total_output_tokens - written_tokens(heard)
    return max(0, min(heard.usage.reasoning_tokens, unseen))


def _prompt_of(heard: Heard, features: Features) -> Usage:
    """What the prompt has: as was told of it, else by our own count of the client's."""
    if heard.prompt is not None and heard.prompt.input_tokens:
        return heard.prompt
    audio = features.audio_tokens
    return Usage(features.prompt_tokens - audio, audio_input_tokens=audio)

"""Keeps one request's account while it is answered: every attempt becomes an entry, posted together."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from msgspec import Struct, field

from router.decision.experience import Experience, ObservedAnswer
from router.dispatch.commands import Start
from router.domain.candidate import Candidate
from router.domain.fault import Fault, FaultKind
from router.domain.ledger import Entry, Outcome
from router.domain.members import replace
from router.domain.model import Model
from router.domain.money import ZERO, Money
from router.domain.usage import NO_USAGE, Usage, UsageSource
from router.ledger.account import (
    NOTHING_HEARD,
    Account,
    AttemptEnding,
    Embedding,
    Heard,
    Timing,
    hidden_tokens,
)
from router.pipeline.attempts import Begun
from router.pipeline.request_observer import RequestObserver
from router.pipeline.reservations import Reservations
from router.ports import Ledger


class HasRead(Protocol):
    """Is told that a model has read the request's conversation and answered."""

    def __call__(self, model: Model, usage: Usage, *, is_given: bool) -> None:
        """`is_given` says that the client gets that answer."""
        ...


class Bookkeeper(Struct):
    """Writes down the attempts of one request. The ledger gets them in one go, at the end.

    `posted` are the entries that the ledger has. `answers_by` is told of the model whose whole answer the
    client gets; `has_read` is told about each model that has answered completely, with the usage
    that its upstream reports, and whether the client gets that answer.
    """

    account: Account
    ledger: Ledger
    experience: Experience
    reservations: Reservations
    request_observer: RequestObserver
    posted: tuple[Entry, ...] = ()
    answers_by: Callable[[Model], None] | None = None
    has_read: HasRead | None = None
    _entries: list[Entry] = field(default_factory=list)
    _names: dict[int, str] = field(default_factory=dict)

    async def set_aside(self, start: Start) -> Fault | None:
        """Reserve what the attempt may cost. Returns a fault if a budget has too little left."""
        if (fault := await self.reservations.set_aside(start)) is None:
            category = self.account.decision.features.category
            now_s = self.request_observer.world.unix_s()
            self.experience.asked(start.candidate.model, category, now_s)
        return fault

    def named(self, start: Start, request_id: str) -> None:
        """The upstream calls the attempt `request_id`; "" if it does not say."""
        if request_id:
            self._names[start.attempt] = request_id

    def failed(
        self, start: Start, fault: Fault, timing: Timing, heard: Heard = NOTHING_HEARD
    ) -> Money:
        """An attempt failed before its first content; returns what it cost. Others may follow."""
        if fault.kind is FaultKind.BUDGET:
            return ZERO  # it was never made
        entry = self.account.failed(start.attempt, start.candidate, fault, timing, heard)
        return self._write(entry).cost

    def stopped(
        self, start: Start, timing: Timing, outcome: Outcome, heard: Heard = NOTHING_HEARD
    ) -> None:
        """An attempt was stopped before its first content: the prompt may have been billed, and thoughts."""
        # Only the seconds before a stream's first content say how far its thoughts had come.
        is_stream = self.account.stream and not start.is_whole
        heard = self._with_thoughts(start, heard, timing.total_s if is_stream else 0.0)
        self._broke_off(start, heard, timing, outcome, outcome.value)

    def broke_off(self, begun: Begun, heard: Heard, outcome: Outcome, error: str) -> Entry:
        """The answer ended early; what was generated is paid, thoughts included."""
        heard = self._with_thoughts(begun.start, heard)
        return self._broke_off(begun.start, heard, begun.timing(), outcome, error)

    def answered(self, begun: Begun, heard: Heard) -> Entry:
        """The client gets a whole answer; returns its entry."""
        start, timing = begun.start, begun.timing()
        entry = self._write(self.account.answered(start.attempt, start.candidate, heard, timing))
        self.request_observer.finish_reasons = heard.finish_reasons
        self._learn(begun, entry, timing, heard, is_given=True)
        self._stay_with(start.candidate.model, is_step=start.is_whole)
        return entry

    def rejected(self, begun: Begun, heard: Heard, why: str) -> Entry:
        """A whole answer that the client does not get; `why` is a word."""
        start = begun.start
        entry = self.account.rejected(start.attempt, start.candidate, heard, begun.timing(), why)
        return self._write(entry)

    def step_rejected(self, begun: Begun, heard: Heard, why: str) -> None:
        """A whole answer that a cascade's step does not accept; its length is learnt all the same."""
        entry = self.rejected(begun, heard, why)
        self._learn(begun, entry, begun.timing(), heard, is_given=False)

    def cost_of(self, begun: Begun, heard: Heard) -> Money:
        """What a whole answer costs, whatever becomes of it."""
        start = begun.start
        return self.account.rejected(start.attempt, start.candidate, heard, begun.timing(), "").cost

    def from_cache(
        self, candidate: Candidate, usage: Usage, timing: Timing, *, is_step: bool
    ) -> Entry:
        """The client gets an answer that was stored, or that another request has paid for.

        `is_step` says that it was accepted in a step of a cascade.
        """
        entry = self.account.from_cache(candidate, usage, timing)
        self._entries.append(entry)
        self._stay_with(candidate.model, is_step=is_step)
        return entry

    async def embedded(self, embedding: Embedding, timing: Timing) -> None:
        """An upstream has made a vector of the request's words."""
        await self._paid(self.account.embedded(embedding, timing))

    async def compared(self, attempt: int, embedding: Embedding, timing: Timing) -> Money:
        """An upstream has made a vector of an answer's words; returns what it cost."""
        return await self._paid(self.account.compared(attempt, embedding, timing))

    def shared_cut(self, candidate: Candidate, error: str, timing: Timing) -> None:
        """An answer that another request pays for has broken off, or its client has left it."""
        self._entries.append(self.account.shared_cut(candidate, error, timing))

    def post(self) -> Awaitable[None]:
        """Hand the entries to the ledger, each once; await the result for them to be durable."""
        entries, self._entries = self.account.closed(self._entries), []
        self.posted += entries
        self.reservations.close()
        self.request_observer.tell(entries)
        return self.ledger.post(entries)

    def post_afterwards(self) -> Awaitable[None]:
        """Hand the ledger the entries that were written after the request had been closed."""
        entries, self._entries = tuple(self._entries), []
        self.reservations.close()
        self.request_observer.tell(entries)
        return self.ledger.post(entries)

    def _stay_with(self, model: Model, *, is_step: bool) -> None:
        """Tell whose answer the client gets, which may call tools, whoever has paid for it."""
        if self.answers_by is not None and not is_step:
            # Nobody has judged what a step's model may say next: the conversation does not stay with it.
            self.answers_by(model)

    def _with_thoughts(self, start: Start, heard: Heard, silent_s: float | None = None) -> Heard:
        """`heard` with what the model usually thinks unseen, for `silent_s` seconds or up to its first content."""
        model, features = start.candidate.model, self.account.decision.features
        tokens = self.experience.hidden_tokens(model, features.category, silent_s)
        return replace(heard, hidden_tokens=round(tokens * features.choices))

    def _learn(
        self, begun: Begun, entry: Entry, timing: Timing, heard: Heard, *, is_given: bool
    ) -> None:
        """Remember how long one choice of an answer was, how long it took, and how much of the prompt was cached."""
        model, usage = begun.start.candidate.model, entry.usage
        features = self.account.decision.features
        is_told = entry.usage_source is UsageSource.UPSTREAM
        if self.has_read is not None:
            self.has_read(model, usage if is_told else NO_USAGE, is_given=is_given)
        is_cut = "length" in heard.finish_reasons and model.may_exceed(features.max_output_tokens)
        answered = ObservedAnswer(
            output_tokens=usage.total_output_tokens / features.choices,
            reasoning_tokens=usage.reasoning_tokens / features.choices,
            first_content_s=timing.first_content_s,
            total_s=None if begun.is_held(heard.held_s) else timing.total_s,
            at_s=timing.began_at_s + timing.total_s,
            is_cut=is_cut,
        )
        self.experience.observe(model, features.category, answered)
        if is_told and not is_cut:
            thought = hidden_tokens(heard) / features.choices
            self.experience.observe_thoughts(model, features.category, thought)

    def _broke_off(
        self, start: Start, heard: Heard, timing: Timing, outcome: Outcome, error: str
    ) -> Entry:
        ending = AttemptEnding(outcome, error=error)
        entry = self.account.broke_off(start.attempt, start.candidate, heard, timing, ending)
        return self._write(entry)

    async def _paid(self, entry: Entry) -> Money:
        """The cost of a call for a vector, for which nothing was set aside. It is paid even if the client leaves."""
        self._entries.append(entry)
        await asyncio.shield(self.reservations.pay(entry.cost))
        return entry.cost

    def _write(self, entry: Entry) -> Entry:
        """The entry as it is written, with what the upstream calls it."""
        if name := self._names.get(entry.attempt):
            entry = replace(entry, upstream_request_id=name)
        self._entries.append(entry)
        self.reservations.settle(entry.attempt, entry.cost)
        return entry

"""A cascade's steps as a state machine, which hands over to the attempts of the final model.

    begin -----> Start(call), Start(call) ---- answered, all of them ----> CheckAnswers(step)
                      |    ^                                                   |
                      |    |  rejected, or nobody can tell: the next step <----+ ruled
                      v    |                                                   |
                   failed -+---- no steps left ----> the final model           +----> Commit(call)

A step asks all its candidates at once, each once and for a whole answer. A call that fails or comes too late
is no answer; as soon as no check could accept what is left, the step is over, and calls in flight are
stopped. A step is skipped if one of its models may not be asked now, or if too little time or money would
be left for the final model: that one is always reached, as if there had been no steps, and counts their
calls and their cost as its own.

The time is an argument, as for `router.dispatch.machine.Attempts`.
"""

from enum import StrEnum

from msgspec import Struct

from router.dispatch.commands import CheckAnswers, Command, Commit, GiveUp, Start
from router.dispatch.faults import api_error_of
from router.dispatch.fleet import CallVerdict
from router.dispatch.machine import A_TICK_S, Attempts, verdict_on
from router.domain.candidate import Candidate
from router.domain.cascade import Cascade, Opinion, Ruling, Step, Test
from router.domain.fault import Fault, FaultKind
from router.domain.money import ZERO, Money
from router.domain.price import STANDARD

_COMPARING = frozenset({Test.AGREEMENT, Test.SIMILARITY})
_OF_WHAT_IS_ASKED = frozenset(
    {
        FaultKind.NOT_FOUND,
        FaultKind.CONTEXT,
        FaultKind.BUDGET,
        FaultKind.UNSUITED,
        FaultKind.OURS,
        FaultKind.CLIENT,
    }
)
"""Faults that depend on what is asked, and in which API: a model that judges is not asked what the client asks."""
_OF_JUDGES = STANDARD
"""Verdicts are asked for in the usual service tier, whatever the client's is."""
_FINAL_SHARE = 0.5
"""The least share of a request's time that is left to the final model."""


class How(StrEnum):
    """How a step has ended."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    CANNOT_TELL = "cannot_tell"
    FAILED = "failed"
    """Too few of its calls brought an answer in time."""
    SKIPPED = "skipped"
    """Nobody was asked."""


class StepEnd(Struct, frozen=True):
    """How a step has ended, and why, in a clause."""

    step: Step
    how: How
    why: str


class CascadeMachine:
    """The steps of one request's cascade, then the attempts of its `final` model.

    All steps together may take `steps_s` seconds from the request's beginning. `ends` says how those that are over
    have ended, `is_final` that all are, and the final model's attempts have begun. `calls` are those of both.
    """

    def __init__(self, cascade: Cascade, final: Attempts, *, steps_s: float) -> None:
        self.cascade = cascade
        self.ends: list[StepEnd] = []
        self._final = final
        self.calls = final.calls
        self._until_s = _until_s(cascade, final, steps_s)
        self._coming = list(cascade.steps)
        self._step: Step | None = None
        self._attempts: tuple[int, ...] = ()
        self._answered: set[int] = set()
        self._failed: set[int] = set()
        self.is_final = False
        self._is_over = False

    def __repr__(self) -> str:
        where = "final" if self.is_final else f"step {len(self.ends) + 1}"
        return f"<CascadeMachine at {where}: {self.calls!r}>"

    def begin(self, now_s: float) -> tuple[Command, ...]:
        """The calls of the first step that may be taken, else the first attempt of the final model."""
        while self._coming:
            step = self._coming.pop(0)
            if not (why := self._hindrance(step, now_s)):
                return self._started(step, now_s)
            self.ends.append(StepEnd(step, How.SKIPPED, why))
        self.is_final = True
        return self._final.begin(now_s)

    def answered(self, attempt: int, now_s: float, cost: Money = ZERO) -> tuple[Command, ...]:
        """The whole answer of a step's call is there, at this cost."""
        if attempt not in self.calls.live or attempt not in self._attempts:
            return ()
        self._answered.add(attempt)
        self.calls.end(attempt, CallVerdict.GOOD, now_s)
        self.calls.spent += cost
        return self._judged_when_all_are_in()

    def ruled(self, opinion: Opinion, now_s: float, cost: Money = ZERO) -> tuple[Command, ...]:
        """The step was judged, at this cost."""
        step, self._step = self._step, None
        if step is None or self._is_over:
            return ()
        self.calls.spent += cost
        taken = None if opinion.taken is None else self._attempts[opinion.taken]
        if taken in self._answered:
            self._is_over = True
            self.ends.append(StepEnd(step, How.ACCEPTED, opinion.why))
            return (Commit(taken),)
        how = How.REJECTED if opinion.ruling is Ruling.REJECT else How.CANNOT_TELL
        self.ends.append(StepEnd(step, how, opinion.why))
        return self.begin(now_s)

    def consult(self, candidate: Candidate, now_s: float) -> Start | None:
        """A call to a model that judges answers; None if it may not be asked now, or no longer."""
        if now_s >= self._until_s or self._is_over or self._is_dear((candidate,)):
            return None
        placed = self._placed(candidate, now_s, _OF_JUDGES)
        return None if placed is None else self._asked(placed, self._until_s, now_s)

    def check(self, now_s: float, within_s: float) -> Start | None:
        """A call to the final model after a step's answer was taken, for which nobody waits.

        None if it may not be asked now or is too dear.
        """
        may_be = self._is_over and not self._is_dear(())
        placed = self._placed(self.cascade.final, now_s) if may_be else None
        return None if placed is None else self._asked(placed, now_s + within_s, now_s)

    def count(self) -> int:
        """The number of a call made on the side, for a vector."""
        self.calls.made += 1
        return self.calls.made

    def answering(self, attempt: int) -> tuple[Command, ...]:
        """The first content of an attempt of the final model has come."""
        return self._final.answering(attempt)

    def left(self, now_s: float) -> None:
        """The client has left: nothing is asked any more, and nothing is learnt."""
        self._is_over = True
        self._final.left(now_s)

    def failed(
        self, attempt: int, fault: Fault, now_s: float, cost: Money = ZERO
    ) -> tuple[Command, ...]:
        """A call has brought no answer, at this cost."""
        if self.is_final:
            return self._final.failed(attempt, fault, now_s, cost)
        if (start := self.calls.live.get(attempt)) is None:
            # It was stopped, and perhaps never sent.
            self.calls.end(attempt, verdict_on(fault, is_excused=True), now_s)
            return ()
        # It was too late for the step only: that says nothing of the model to those who ask it for streams.
        is_late = now_s >= start.until_s - A_TICK_S
        self.calls.end(attempt, verdict_on(fault, is_excused=is_late), now_s)
        if self._is_over:  # it was a check, which may take longer than the client had time
            if not is_late:
                self._final.heed_limit(start.candidate, fault, now_s)
            return ()
        self.calls.spent += cost
        if attempt not in self._attempts:
            return self._not_judged(start.candidate, fault, now_s)
        if fault.kind is FaultKind.CLIENT:
            self._is_over = True
            error = api_error_of(fault, start.candidate.model.id)
            return (*self._stopped(now_s), GiveUp(error))
        self._final.heed(start.candidate, fault, now_s)
        self._failed.add(attempt)
        return self._gone_on(start.candidate, fault, now_s)

    def tick(self, now_s: float) -> tuple[Command, ...]:
        """An attempt of the final model has been silent for too long."""
        return self._final.tick(now_s) if self.is_final else ()

    def _not_judged(self, candidate: Candidate, fault: Fault, now_s: float) -> tuple[Command, ...]:
        """A model that was to judge has failed: the step is judged without its marks."""
        if fault.kind not in _OF_WHAT_IS_ASKED:
            self._final.heed(candidate, fault, now_s, _OF_JUDGES)
        return ()

    def _gone_on(self, candidate: Candidate, fault: Fault, now_s: float) -> tuple[Command, ...]:
        """What follows the failure of a step's call."""
        step = self._step
        if step is None or _may_pass(step, len(self._attempts) - len(self._failed)):
            return self._judged_when_all_are_in()
        why = f"{candidate.model.id} failed: {fault.code or fault.kind.value}"
        self.ends.append(StepEnd(step, How.FAILED, why))
        self._step = None
        return (*self._stopped(now_s), *self.begin(now_s))

    def _hindrance(self, step: Step, now_s: float) -> str:
        """Why the step cannot be taken now, as a clause; "" when it can."""
        left_s = self._step_until_s(step, now_s) - now_s
        if any(_usual_s(each) >= left_s for each in step.candidates):
            return "too little time is left"
        if self._is_dear(step.candidates):
            return "too little money is left"
        away = (c for c in step.candidates if self._placed(c, now_s) is None)
        return next((f"{each.model.id} is resting or at its limit" for each in away), "")

    def _started(self, step: Step, now_s: float) -> tuple[Command, ...]:
        self._step = step
        self._answered, self._failed = set(), set()
        until_s = self._step_until_s(step, now_s)
        # A place that takes one probe at a time may no longer be free for the second of two samples.
        starts = tuple(
            self._asked(self._placed(each, now_s) or each, until_s, now_s)
            for each in step.candidates
        )
        self._attempts = tuple(start.attempt for start in starts)
        return starts

    def _asked(self, placed: Candidate, until_s: float, now_s: float) -> Start:
        return self.calls.start(placed, now_s, until_s, now_s, is_whole=True)

    def _placed(
        self, candidate: Candidate, now_s: float, tier: str | None = None
    ) -> Candidate | None:
        return self.calls.placed(
            candidate, lambda each: self.calls.refusal(each, now_s, tier) is None, now_s
        )

    def _step_until_s(self, step: Step, now_s: float) -> float:
        bound_s = float("inf") if step.within_s is None else now_s + step.within_s
        return min(self._until_s, bound_s)

    def _is_dear(self, candidates: tuple[Candidate, ...]) -> bool:
        """Whether, after these, the final model might exceed what all calls may cost."""
        most = sum((max(c.cost.expected, c.cost.p90 or ZERO) for c in candidates), ZERO)
        return self.calls.is_dear(most + self.cascade.final.cost.expected)

    def _judged_when_all_are_in(self) -> tuple[Command, ...]:
        step = self._step
        if step is None or len(self._answered) + len(self._failed) < len(self._attempts):
            return ()
        return (CheckAnswers(step, self._attempts),)

    def _stopped(self, now_s: float) -> tuple[Command, ...]:
        """Stop the calls in flight; what they cost is unknown, and taken to be what whole answers are expected to."""
        cancels = self.calls.cancels()
        for start in self.calls.live.values():
            self.calls.spent += start.candidate.cost.expected
        self.calls.end_all(now_s)
        return cancels


def _until_s(cascade: Cascade, final: Attempts, steps_s: float) -> float:
    """When the last step must have ended, so that the final model has the time it usually needs."""
    effort = final.plan.effort
    latency = cascade.final.latency
    usual_s = (latency.first_content_s if final.plan.stream else latency.total_s) or 0.0
    left_s = max(usual_s, _FINAL_SHARE * effort.total_s)
    return min(final.deadline_s - effort.total_s + steps_s, final.deadline_s - left_s)


def _usual_s(candidate: Candidate) -> float:
    """How long its answers usually take, as far as that was observed."""
    latency = candidate.latency
    return 0.0 if latency.is_predicted else latency.total_s or 0.0


def _may_pass(step: Step, answers: int) -> bool:
    """Whether this number of answers can pass the step's checks at all."""
    compares = any(check.test in _COMPARING for check in step.checks)
    return answers >= (2 if compares else 1)

"""One request's attempts as a state machine: what happened goes in, what to do next comes out.

    begin -----> Start(attempt) ---- answering ----> Commit(attempt), Cancel(the others)
                      |    ^
                      |    |  a stumble: the same model again, later, if the allowance has it
                      |    |  anything but the client's fault: the next model that may be asked
                      |    |  a hedge: the first is silent for too long (tick)
                      v    |
                   failed -+---- nobody left, or no time ----> GiveUp(error)

A model that answers in several places is asked in the one that `balance` picks; after a failure it
is asked in another one at once, before another model is.

Every start checks again whether the model may be asked: its breaker, its limits, the time that is
left, the money that is left. When all that remain are resting, one of them is asked all the same: a breaker
never closes the last door. If others have failed before, that is a retry, which the allowance must have.

It awaits nothing and reads no clock: the time and `jitter` (uniform in [0, 1)) are arguments, so
thousands of schedules of faults run in a test without a second passing. Nothing else retries.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from router.dispatch.calls import Calls
from router.dispatch.commands import Cancel, Command, Commit, GiveUp, Start, Wake
from router.dispatch.faults import api_error_of, out_of_time, resting, too_dear
from router.dispatch.fleet import CallVerdict, Fleet, NotNow, Refused
from router.dispatch.plan import Plan
from router.domain.candidate import Candidate
from router.domain.errors import ApiError
from router.domain.fault import Fault, FaultKind
from router.domain.members import replace
from router.domain.money import ZERO, Money

_RETRIED = frozenset({FaultKind.TRANSIENT, FaultKind.DISCONNECTED, FaultKind.UNREACHABLE})
_LIMITS = frozenset({FaultKind.RATE_LIMITED, FaultKind.BUSY})
_OF_THE_PLACE = frozenset({FaultKind.REFUSED, FaultKind.NOT_FOUND})
"""Faults that are the same for every request to a model in this place."""
_OF_THE_MODEL = frozenset({FaultKind.BUDGET, FaultKind.UNSUITED, FaultKind.OURS})
"""Faults that hold for a model in every place."""
_BACKOFF_S = 0.25
"""The longest wait before the first retry of a model; it doubles with each further one."""
_MOST_TRIES = 3
"""Of one model in one place, whatever happens."""

_VERDICTS: Mapping[FaultKind, CallVerdict] = {
    FaultKind.TRANSIENT: CallVerdict.BAD,
    FaultKind.DISCONNECTED: CallVerdict.BAD,
    FaultKind.UNREACHABLE: CallVerdict.UNREACHABLE,
    FaultKind.REFUSED: CallVerdict.BAD,
    FaultKind.RATE_LIMITED: CallVerdict.NEITHER,
    FaultKind.BUSY: CallVerdict.UNSENT,
    FaultKind.NOT_FOUND: CallVerdict.NEITHER,
    FaultKind.CONTEXT: CallVerdict.NEITHER,
    FaultKind.BUDGET: CallVerdict.UNSENT,
    FaultKind.UNSUITED: CallVerdict.NEITHER,
    FaultKind.OURS: CallVerdict.NEITHER,
    FaultKind.CLIENT: CallVerdict.NEITHER,
}

A_TICK_S = 0.01
"""How much too early a timer may fire."""

_USUAL_LIMIT_S = 1.0
_LONGEST_LIMIT_S = 60.0
"""How long a model that says 429 is left alone: if it does not say for how long, and at most, whatever it says,
since one bad header must not take a model out for a day."""


class Attempts:
    """The attempts of one request by its `plan`, until `deadline_s`; its `calls` may have others, made before."""

    def __init__(
        self, plan: Plan, fleet: Fleet, *, started_s: float, jitter: Callable[[], float]
    ) -> None:
        self.calls = Calls(plan, fleet, jitter)
        self.plan = plan
        self._fleet = fleet
        self.deadline_s = started_s + plan.effort.total_s
        self._jitter = jitter
        self._left = list(plan.candidates)
        self._tries: dict[str, int] = {}
        self._first = 0
        self._is_over = False
        self._has_waited = False
        self._has_knocked = False
        self._has_reconnected = False
        self._last: tuple[Fault, Candidate] | None = None

    def __repr__(self) -> str:
        return f"<Attempts {self.calls!r}>"

    def begin(self, now_s: float) -> tuple[Command, ...]:
        """The first attempt, and when to wake if it may be hedged."""
        self._fleet.retries.earn()
        self._first = self.calls.made + 1
        commands = self._proceed(now_s)
        if self.plan.hedge_after_s is not None and isinstance(commands[0], Start):
            return (*commands, Wake(commands[0].at_s + self.plan.hedge_after_s))
        return commands

    def answering(self, attempt: int) -> tuple[Command, ...]:
        """The attempt's first content has come."""
        self.calls.answering(attempt)
        if self._is_over or attempt not in self.calls.live:
            return (Cancel(attempt),)
        self._is_over = True
        return (Commit(attempt), *self.calls.cancels(but=attempt))

    def left(self, now_s: float) -> None:
        """The client has left: nothing is asked any more, and nothing is learnt."""
        self._is_over = True
        self.calls.end_all(now_s)

    def failed(
        self, attempt: int, fault: Fault, now_s: float, cost: Money = ZERO
    ) -> tuple[Command, ...]:
        """The attempt ended before its first content, at this cost."""
        if (start := self.calls.live.get(attempt)) is None:
            # It was stopped, and perhaps never sent.
            self.calls.end(attempt, verdict_on(fault, is_excused=True), now_s)
            return ()
        is_theirs = self._is_clients_time_up(now_s)
        self.calls.end(attempt, verdict_on(fault, is_excused=is_theirs), now_s)
        if self._is_over:
            return ()
        self.calls.spent += cost
        if self._last is None or fault.kind is not FaultKind.NOT_FOUND:
            # A client that is told 404 tries no more; another's trouble may be over by then.
            self._last = (fault, start.candidate)
        if fault.kind is FaultKind.CLIENT:
            error = api_error_of(fault, start.candidate.model.id)
            return (*self.calls.cancels(), *self._give_up(error))
        self._learn(start.candidate, fault, now_s)
        if self.calls.live:  # the one beside it is the retry that it would have had
            if fault.kind in _RETRIED:
                self._drop(start.candidate)
            return ()
        return self._retry(start.candidate, fault, now_s) or self._proceed(now_s)

    def heed(
        self, candidate: Candidate, fault: Fault, now_s: float, tier: str | None = None
    ) -> None:
        """A call that is not among these attempts has failed: learn what that says of the candidates left.

        `tier` is the service tier in which it was made, None for the plan's.
        """
        self._learn(candidate, fault, now_s, tier)
        if not self._left:
            self._last = (fault, candidate)

    def heed_limit(
        self, candidate: Candidate, fault: Fault, now_s: float, tier: str | None = None
    ) -> None:
        """If a model has met a limit, it is left alone for as long as it asks, whoever has called it."""
        if fault.kind in _LIMITS:
            for_s = min(fault.retry_after_s or _USUAL_LIMIT_S, _LONGEST_LIMIT_S)
            is_ours = fault.kind is FaultKind.BUSY
            tier = tier or self.plan.tier
            self._fleet.limit(candidate.model, for_s, now_s, tier=tier, is_ours=is_ours)

    def tick(self, now_s: float) -> tuple[Command, ...]:
        """The first attempt has been silent for too long: hedge it with another candidate, if there is one."""
        first = self.calls.live.get(self._first)
        if first is None or self._is_over or now_s >= self.deadline_s:
            return ()
        others = (self._placed(c, now_s, []) for c in _without(self._left, first.candidate))
        candidate = next((other for other in others if other is not None), None)
        if candidate is None or not (self.plan.hedges and self.plan.hedges.spend()):
            return ()
        return (self._start(candidate, now_s, now_s),)

    def _learn(
        self, candidate: Candidate, fault: Fault, now_s: float, tier: str | None = None
    ) -> None:
        """What a failure says about the candidates that are left."""
        if fault.kind in _LIMITS and not self._is_clients_time_up(now_s):
            self.heed_limit(candidate, fault, now_s, tier)
        elif fault.kind is FaultKind.CONTEXT:
            window = candidate.model.context_tokens
            self._left = [c for c in self._left if c.model.context_tokens > window]
        elif fault.kind is FaultKind.BUDGET and self.calls.live:
            pass  # what is reserved for the calls beside it may be free again by the time they have failed
        elif fault.kind in _OF_THE_MODEL:
            self._left = [c for c in self._left if c.model.id != candidate.model.id]
        elif fault.kind in _OF_THE_PLACE:
            self._drop(candidate)

    def _is_clients_time_up(self, now_s: float) -> bool:
        """Whether the client's own deadline has passed: that says nothing of a model to those who have more time."""
        return self.plan.effort.is_hurried and now_s >= self.deadline_s - A_TICK_S

    def _retry(
        self, candidate: Candidate, fault: Fault, now_s: float
    ) -> tuple[Command, ...] | None:
        """The same model again after a backoff, if the fault, the tries and the allowance permit it.

        Not if it can be asked in another place: then this place has had its try.
        """
        tries = self._tries[candidate.model.id]
        if fault.kind not in _RETRIED:
            return None
        if fault.kind is FaultKind.DISCONNECTED and not self._has_reconnected:
            return self._reconnect(candidate, now_s)
        is_last = not self._is_elsewhere(candidate, now_s)
        if is_last and tries < self.plan.effort.attempts_per_model:
            # Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
            pause_s = self._jitter() * _BACKOFF_S * 2.0 ** (tries - 1)
            at_s = now_s + max(pause_s, fault.retry_after_s or 0.0)
            if self._may_wait_until(at_s, candidate, now_s) and self._fleet.retries.spend():
                return (self._start(candidate, at_s, now_s),)
        self._drop(candidate)
        return None

    def _reconnect(self, candidate: Candidate, now_s: float) -> tuple[Command, ...] | None:
        """A connection had been closed: once in a request, the same again at once, without using the allowance.

        Not when the model is resting: then its connections are closed for a reason. Nor while it is limited;
        but if a limit was waited for, that wait was lost with the connection, and may be repeated once.
        """
        self._has_reconnected, self._has_waited = True, False
        if now_s >= self.deadline_s or not self._is_free(candidate, now_s, []):
            return None
        return (self._start(candidate, now_s, now_s),)

    def _may_wait_until(self, at_s: float, candidate: Candidate, now_s: float) -> bool:
        in_time = at_s < min(self.deadline_s, now_s + self.plan.effort.longest_wait_s)
        return in_time and self._is_free(candidate, now_s, [])

    def _proceed(self, now_s: float) -> tuple[Command, ...]:
        """The first candidate that may be asked, now or after a short wait, or the end."""
        if now_s >= self.deadline_s:
            return self._give_up(out_of_time(self.plan.effort.total_s))
        refusals: list[tuple[Candidate, NotNow]] = []
        for candidate in self._left:
            if (placed := self._placed(candidate, now_s, refusals)) is not None:
                return (self._start(placed, now_s, now_s),)
        return self._make_do(refusals, now_s)

    def _placed(
        self, candidate: Candidate, now_s: float, refusals: list[tuple[Candidate, NotNow]]
    ) -> Candidate | None:
        """`candidate` in a place where it may be asked now; if there is none, None, and `refusals` gets why."""
        return self.calls.placed(
            candidate, lambda each: self._is_free(each, now_s, refusals), now_s
        )

    def _is_free(
        self, candidate: Candidate, now_s: float, refusals: list[tuple[Candidate, NotNow]]
    ) -> bool:
        """Whether it may be asked now: within its tries, within the ceiling, and not refused by the fleet.

        If only the fleet refuses, `refusals` gets why.
        """
        dear = self.calls.is_dear(candidate.cost.expected)
        if dear or self._tries.get(candidate.model.key, 0) >= _MOST_TRIES:
            return False
        if (refusal := self.calls.refusal(candidate, now_s)) is not None:
            refusals.append((candidate, refusal))
        return refusal is None

    def _is_elsewhere(self, candidate: Candidate, now_s: float) -> bool:
        """Whether the model of a replica may be asked in another place now."""
        if not candidate.model.replica:
            return False
        rest = (c for c in _without(self._left, candidate) if c.model.id == candidate.model.id)
        return any(self._is_free(place, now_s, []) for each in rest for place in each.replicas)

    def _make_do(
        self, refusals: list[tuple[Candidate, NotNow]], now_s: float
    ) -> tuple[Command, ...]:
        """By the rules nobody may be asked: ask one that is resting, wait briefly for a limit, or give up."""
        at_rest = [candidate for candidate, each in refusals if each.why is Refused.RESTING]
        if (candidate := self._last_door(at_rest)) is not None:
            return (self._start(candidate, now_s, now_s),)
        limited = [(each.for_s, c) for c, each in refusals if each.why is Refused.LIMITED]
        if limited and not self._has_waited:
            for_s, candidate = min(limited, key=lambda pair: pair[0])
            # Spread out: otherwise all who wait for one limit would come back at the same instant.
            at_s = now_s + for_s + self._jitter() * max(_BACKOFF_S, for_s / 4)
            if for_s <= self.plan.effort.longest_wait_s and at_s < self.deadline_s:
                self._has_waited = True
                return (self._start(candidate, at_s, now_s),)
        return self._give_up(self._last_word(refusals))

    def _last_door(self, at_rest: list[Candidate]) -> Candidate | None:
        """One of those at rest that is asked all the same, where nobody else may be; once in a request."""
        unasked = [each for each in at_rest if not self._tries.get(each.model.key)]
        if not unasked or self._has_knocked:
            return None
        if self.calls.made >= self._first and not self._fleet.retries.spend():
            return None
        self._has_knocked = True
        return unasked[0]

    def _start(self, candidate: Candidate, at_s: float, now_s: float) -> Start:
        model = candidate.model
        self._tries[model.id] = self._tries.get(model.id, 0) + 1
        if model.replica:
            self._tries[model.replica] = self._tries.get(model.replica, 0) + 1
        until_s = min(at_s + self.plan.patience_s, self.deadline_s)
        is_again = self.calls.made >= self._first
        return self.calls.start(candidate, at_s, until_s, now_s, is_again=is_again)

    def _drop(self, candidate: Candidate) -> None:
        self._left = list(_without(self._left, candidate))

    def _give_up(self, error: ApiError) -> tuple[Command, ...]:
        self._is_over = True
        return (GiveUp(error),)

    def _last_word(self, refusals: list[tuple[Candidate, NotNow]]) -> ApiError:
        """The last failure as the client is told about it; a limit says when it is over."""
        # The soonest comes last, so that it stands for a model in several places.
        away = sorted(refusals, key=lambda pair: pair[1].for_s, reverse=True)
        soonest_s = away[-1][1].for_s if away else None
        if self._last is None and not away:
            # Nothing has failed, and nobody is away: a cascade's steps were dear.
            return too_dear(self.calls.spent, self.plan.ceiling)
        if self._last is None or (away and self._last[0].kind is FaultKind.NOT_FOUND):
            return resting({each.model.id: str(why) for each, why in away}, soonest_s)
        fault, candidate = self._last
        error = api_error_of(fault, candidate.model.id)
        if fault.kind in _LIMITS:
            error.retry_after_s = soonest_s
        return error


def verdict_on(fault: Fault, *, is_excused: bool) -> CallVerdict:
    """What a failure says of its model. One is excused that was too slow only for this request, and says nothing."""
    verdict = _VERDICTS[fault.kind]
    return CallVerdict.NEITHER if is_excused and verdict is not CallVerdict.UNSENT else verdict


def _without(candidates: Iterable[Candidate], placed: Candidate) -> Iterator[Candidate]:
    """`candidates` without the place `placed`; a model goes with its last place."""
    for each in candidates:
        if each.model.id != placed.model.id:
            yield each
        elif rest := tuple(place for place in each.replicas if place is not placed):
            yield replace(rest[0], replicas=rest)

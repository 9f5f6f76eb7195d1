"""The calls of one request, whatever they are made for: numbered as they are made, each ended once."""

from collections.abc import Callable
from functools import partial

from router.dispatch.balance import pick
from router.dispatch.commands import Cancel, Command, Start
from router.dispatch.fleet import CallVerdict, Fleet, NotNow
from router.dispatch.plan import Plan
from router.domain.candidate import Candidate
from router.domain.money import ZERO, Money


class Calls:
    """Calls in flight are `live`, by number; `made` counts all calls, and `spent` is the cost of those that failed."""

    __slots__ = ("_fleet", "_jitter", "_plan", "_stopped", "live", "made", "spent")

    def __init__(self, plan: Plan, fleet: Fleet, jitter: Callable[[], float]) -> None:
        self._plan = plan
        self._fleet = fleet
        self._jitter = jitter
        self._stopped: dict[int, Start] = {}
        self.live: dict[int, Start] = {}
        self.made = 0
        self.spent = ZERO

    def __repr__(self) -> str:
        names = ", ".join(start.candidate.model.id for start in self.live.values())
        return f"{self.made} made, live: {names or 'none'}"

    def start(
        self,
        candidate: Candidate,
        at_s: float,
        until_s: float,
        now_s: float,
        *,
        is_whole: bool = False,
        is_again: bool = False,
    ) -> Start:
        """Make the next call; its ticket is taken now."""
        self.made += 1
        ticket = self._fleet.begin(candidate.model, self._plan.tokens, now_s)
        at_s = max(at_s, now_s)
        start = Start(self.made, candidate, at_s, until_s, ticket, is_whole, is_again)
        self.live[start.attempt] = start
        return start

    def answering(self, attempt: int) -> None:
        """The call has brought its first content, or its whole answer."""
        if (start := self.live.get(attempt)) is not None:
            self._fleet.answering(start.ticket)

    def end(self, attempt: int, verdict: CallVerdict, now_s: float) -> None:
        """The call has ended; if it had before, nothing happens.

        If a call that was stopped turns out never to have been sent, what was counted for it is given back.
        """
        if (start := self.live.pop(attempt, None)) is not None:
            self._fleet.end(start.ticket, verdict, now_s)
        elif (gone := self._stopped.pop(attempt, None)) and verdict is CallVerdict.UNSENT:
            self._fleet.give_back(gone.ticket, now_s)

    def end_all(self, now_s: float) -> None:
        """Nobody wants them any more: all have ended, and say nothing of their models."""
        for attempt, start in tuple(self.live.items()):
            self.end(attempt, CallVerdict.NEITHER, now_s)
            self._stopped[attempt] = start

    def measured(self, attempt: int, slowness: float, now_s: float) -> None:
        """The call to a replica has brought its first content, or its whole answer, with this slowness."""
        if (start := self.live.get(attempt)) is not None:
            stream = self._plan.stream and not start.is_whole
            self._fleet.measured(start.candidate.model, slowness, now_s, stream=stream)

    def cancels(self, but: int = 0) -> tuple[Command, ...]:
        """The commands that stop all calls in flight, `but` one."""
        return tuple(Cancel(attempt) for attempt in self.live if attempt != but)

    def refusal(self, candidate: Candidate, now_s: float, tier: str | None = None) -> NotNow | None:
        """Why its model does not want to be asked now, None when it may be; in the plan's service tier or in `tier`."""
        plan = self._plan
        return self._fleet.refusal(candidate.model, plan.tokens, now_s, tier or plan.tier)

    def is_dear(self, money: Money) -> bool:
        """Whether spending `money` more would exceed what all calls together may cost, with those in flight."""
        if (ceiling := self._plan.ceiling) is None:
            return False
        in_flight = sum((start.candidate.cost.expected for start in self.live.values()), ZERO)
        return self.spent + in_flight + money > ceiling

    def placed(
        self, candidate: Candidate, is_free: Callable[[Candidate], bool], now_s: float
    ) -> Candidate | None:
        """`candidate` in the best of its places that are free; None when none is."""
        if not candidate.replicas:
            return candidate if is_free(candidate) else None
        free = [each for each in candidate.replicas if is_free(each)]
        load_of = partial(self._fleet.load, now_s=now_s, stream=self._plan.stream)
        return pick(free, load_of, self._jitter) if free else None

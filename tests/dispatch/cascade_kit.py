"""A player of cascades: the machine, its upstreams and its judge, on a virtual clock."""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from router.dispatch.cascade_machine import CascadeMachine, How
from router.dispatch.commands import Cancel, CheckAnswers, Command, Commit, GiveUp, Start, Wake
from router.dispatch.fleet import CallVerdict, Fleet
from router.dispatch.machine import Attempts
from router.dispatch.plan import Plan
from router.domain.candidate import Candidate
from router.domain.cascade import AGREEMENT, Cascade, Check, Opinion, Ruling, Step, Test
from router.domain.errors import ApiError
from router.domain.estimate import UNOBSERVED, LatencyEstimate
from router.domain.fault import Fault
from router.domain.members import replace
from router.domain.model import Model
from router.domain.money import ZERO, Money
from tests.dispatch.model_kit import Upstreams, a_candidate, heard

ACCEPTED = Opinion(Ruling.ACCEPT, "the answers agree", 0)
REJECTED = Opinion(Ruling.REJECT, "the answers differ")
UNDECIDED = Opinion(Ruling.CANNOT_TELL, "there is nothing to compare")
COMPLETE = (Check(Test.COMPLETE),)


def a_step(
    *models: Model,
    checks: tuple[Check, ...] = AGREEMENT,
    within_s: float | None = None,
    cost: Money = ZERO,
    usual_s: float | None = None,
) -> Step:
    latency = UNOBSERVED if usual_s is None else LatencyEstimate(None, usual_s)
    asked = (replace(a_candidate(model, cost), latency=latency) for model in models)
    return Step(tuple(asked), checks, within_s=within_s)


def a_cascade(final: Candidate, *steps: Step) -> Cascade:
    return Cascade(steps, final, final.quality, final.cost, final.latency)


@dataclass
class CascadeRun:
    """What became of one request."""

    asked: list[tuple[float, str]] = field(default_factory=list)
    judged: list[tuple[float, tuple[int, ...]]] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    hows: list[How] = field(default_factory=list)
    whys: list[str] = field(default_factory=list)
    committed: list[int] = field(default_factory=list)
    answered_by: str | None = None
    error: ApiError | None = None
    ended_s: float = 0.0
    started_after_the_end: int = 0
    reached_final: bool = False

    @property
    def models(self) -> list[str]:
        return [model for _, model in self.asked]


def cascade_machine(
    plan: Plan,
    steps: Sequence[Step],
    upstreams: Upstreams,
    opinions: Sequence[Opinion] = (ACCEPTED,),
    fleet: Fleet | None = None,
    *,
    steps_s: float = 20.0,
    judging_s: float = 0.0,
    cost: Money = ZERO,
    chance: Callable[[], float] = lambda: 0.5,
) -> CascadeRun:
    """Run one request to its end; the opinions are given in order, the last one for ever.

    Each call that fails or is rejected costs `cost`.
    """
    fleet = fleet or Fleet()
    final = Attempts(plan, fleet, started_s=0.0, jitter=chance)
    machine = CascadeMachine(a_cascade(plan.candidates[0], *steps), final, steps_s=steps_s)
    return _Player(machine, upstreams, list(opinions), judging_s, cost).run()


class _Player:
    def __init__(
        self,
        machine: CascadeMachine,
        upstreams: Upstreams,
        opinions: list[Opinion],
        judging_s: float,
        cost: Money,
    ) -> None:
        self._machine = machine
        self._upstreams = upstreams
        self._opinions = opinions
        self._judging_s = judging_s
        self._cost = cost
        self._now_s = 0.0
        self._count = 0
        self._coming: list[tuple[float, int, Start | CheckAnswers | None, Fault | None]] = []
        self._cancelled: set[int] = set()
        self._starts: dict[int, Start] = {}
        self.ran = CascadeRun()

    def run(self) -> CascadeRun:
        self._obey(self._machine.begin(self._now_s))
        while self._coming and not self._is_over:
            self._now_s, _, what, fault = heapq.heappop(self._coming)
            self._obey(self._happened(what, fault))
        self._machine.left(self._now_s)
        told = self.ran
        told.ended_s, told.reached_final = self._now_s, self._machine.is_final
        told.hows = [each.how for each in self._machine.ends]
        told.whys = [each.why for each in self._machine.ends]
        return told

    @property
    def _is_over(self) -> bool:
        return self.ran.error is not None or self.ran.answered_by is not None

    def _happened(
        self, what: Start | CheckAnswers | None, fault: Fault | None
    ) -> tuple[Command, ...]:
        match what:
            case None:
                return self._machine.tick(self._now_s)
            case CheckAnswers():
                opinion = self._opinions.pop(0) if len(self._opinions) > 1 else self._opinions[0]
                return self._machine.ruled(opinion, self._now_s)
            case Start(attempt) if attempt in self._cancelled:
                return ()
            case Start(attempt) if fault is not None:
                return self._machine.failed(attempt, fault, self._now_s, self._cost)
            case Start(attempt) if what.is_whole:
                return self._machine.answered(attempt, self._now_s, self._cost)
            case Start(attempt):
                return self._machine.answering(attempt)

    def _obey(self, commands: tuple[Command, ...]) -> None:
        for command in commands:
            match command:
                case Start():
                    self._ask(command)
                case CheckAnswers(_, attempts):
                    self.ran.judged.append((self._now_s, attempts))
                    self._push(self._now_s + self._judging_s, command, None)
                case Wake(at_s):
                    self._push(at_s, None, None)
                case Commit(attempt):
                    self.ran.committed.append(attempt)
                    self.ran.answered_by = self._starts[attempt].candidate.model.id
                    self._machine.calls.end(attempt, CallVerdict.GOOD, self._now_s)
                case Cancel(attempt):
                    self._cancelled.add(attempt)
                    self.ran.cancelled.append(self._starts[attempt].candidate.model.id)
                    self._machine.calls.end(attempt, CallVerdict.NEITHER, self._now_s)
                case GiveUp(error):
                    self.ran.error = error

    def _ask(self, start: Start) -> None:
        self.ran.started_after_the_end += self._is_over
        model = start.candidate.model.key
        self._starts[start.attempt] = start
        self.ran.asked.append((start.at_s, model))
        at_s, fault = heard(start, self._upstreams(model, start.at_s))
        self._push(at_s, start, fault)

    def _push(self, at_s: float, what: Start | CheckAnswers | None, fault: Fault | None) -> None:
        self._count += 1
        heapq.heappush(self._coming, (at_s, self._count, what, fault))

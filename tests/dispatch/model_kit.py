"""Made-up models, candidates and plans for tests of dispatch, and a player of schedules."""

import heapq
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from router.dispatch.allowance import Allowance
from router.dispatch.commands import Cancel, Command, Commit, GiveUp, Start, Wake
from router.dispatch.faults import fault_of_status
from router.dispatch.fleet import CallVerdict, Fleet
from router.dispatch.machine import Attempts
from router.dispatch.plan import Effort, Plan
from router.domain.candidate import Candidate
from router.domain.category import Category
from router.domain.errors import ApiError
from router.domain.estimate import UNOBSERVED, CostEstimate, QualityEstimate
from router.domain.fault import AttemptFailed, Fault, FaultKind
from router.domain.limits import UNLIMITED, Limits
from router.domain.members import replace
from router.domain.model import Ability, Model
from router.domain.money import ZERO, Money
from router.domain.price import STANDARD, Price


def a_model(
    model_id: str, *, upstream: str = "up", context: int = 8000, limits: Limits = UNLIMITED
) -> Model:
    return Model(
        id=model_id,
        upstream=upstream,
        name=model_id,
        price=Price.per_mtok(1, 2),
        context_tokens=context,
        max_output_tokens=1000,
        abilities=dict.fromkeys(Category, Ability(0.9, 0.05, "test")),
        limits=limits,
    )


def a_candidate(model: Model, cost: Money = ZERO) -> Candidate:
    return Candidate(model, QualityEstimate(0.9, 0.05), CostEstimate(cost, cost), UNOBSERVED)


def replicas(model_id: str, *upstreams: str, **fields: Any) -> Model:
    """A model in several upstreams, whose names say how it is called in the places: `m@a`."""
    usual = a_model(model_id)
    places = tuple(
        replace(usual, upstream=name, replica=f"{model_id}@{name}", **fields) for name in upstreams
    )
    return usual.answering_in(places)


def replicated(model: Model, *costs: Money) -> Candidate:
    """The candidate that a decision makes of a model with replicas, which cost so much in order."""
    prices = costs or (ZERO,) * len(model.replicas)
    places = [
        a_candidate(place, cost)
        for place, cost in zip(model.replicas, prices, strict=True)
        if not place.is_drained
    ]
    ordered = tuple(sorted(places, key=lambda each: each.cost.expected))
    return replace(ordered[0], replicas=ordered)


def a_plan(
    *models: Model,
    effort: Effort | None = None,
    ceiling: Money | None = None,
    cost: Money = ZERO,
    hedge_after_s: float | None = None,
    hedges: Allowance | None = None,
    tier: str = STANDARD,
) -> Plan:
    return Plan(
        candidates=tuple(
            replicated(model) if model.replicas else a_candidate(model, cost) for model in models
        ),
        effort=effort or Effort(),
        stream=True,
        tokens=100,
        ceiling=ceiling,
        hedge_after_s=hedge_after_s,
        hedges=hedges,
        tier=tier,
    )


STUMBLE = Fault(FaultKind.TRANSIENT, 503, "the upstream answered with status 503", "overloaded")
UNREACHABLE = Fault(FaultKind.UNREACHABLE, 502, "it cannot be reached", "unreachable")
DISCONNECTED = AttemptFailed.disconnected("the connection broke").fault
REFUSED = Fault(FaultKind.REFUSED, 401, "the upstream answered with status 401")
BUSY = Fault(FaultKind.BUSY, 429, "all of its slots were taken", "model_busy", 1.0)
NOT_FOUND = fault_of_status(404, None, None)
UNSUITED = Fault(
    FaultKind.UNSUITED, 400, "it has no such words", "untranslatable", error={"message": "n"}
)
WRONG = Fault(FaultKind.CLIENT, 400, "wrong", "invalid_value", error={"message": "no such field"})
OVERDRAWN = Fault(FaultKind.BUDGET, 402, "it may cost more than is left", "budget_exceeded")
MISTAKE = Fault(FaultKind.OURS, 502, "Farthing failed; its log says why", "internal_error")
TOO_LONG = Fault(FaultKind.CONTEXT, 400, "too long", "context_length_exceeded")


def limited(retry_after_s: float | None = None) -> Fault:
    return Fault(FaultKind.RATE_LIMITED, 429, "slow down", "rate_limit", retry_after_s)


@dataclass(frozen=True)
class Outcome:
    """What an upstream does with one call: content after so long, or a fault."""

    after_s: float
    fault: Fault | None = None


def heard(start: Start, outcome: Outcome) -> tuple[float, Fault | None]:
    """When something is heard of a call, and what: the outcome, or that it has taken too long."""
    if start.at_s + outcome.after_s >= start.until_s:
        return start.until_s, Fault(FaultKind.TRANSIENT, 504, "no content in time", "timeout")
    return start.at_s + outcome.after_s, outcome.fault


@dataclass
class Played:
    """What became of one request."""

    asked: list[tuple[float, str]] = field(default_factory=list)
    answered_by: str | None = None
    error: ApiError | None = None
    cancelled: list[str] = field(default_factory=list)
    ended_s: float = 0.0
    commits: int = 0

    @property
    def models(self) -> list[str]:
        return [model for _, model in self.asked]


Upstreams = Callable[[str, float], Outcome]


def scripted(script: Mapping[str, Sequence[Outcome]]) -> Upstreams:
    """Upstreams that play a list of outcomes each, the last one for ever."""
    left = {model: list(outcomes) for model, outcomes in script.items()}

    def play(model: str, now_s: float) -> Outcome:
        outcomes = left[model]
        return outcomes.pop(0) if len(outcomes) > 1 else outcomes[0]

    return play


def play(
    plan: Plan,
    upstreams: Upstreams,
    fleet: Fleet | None = None,
    *,
    at_s: float = 0.0,
    chance: Callable[[], float] = lambda: 0.5,
) -> Played:
    """Run one request to its end on a virtual clock: no second passes."""
    return _Player(plan, upstreams, fleet or Fleet(), at_s, chance).run()


class _Player:
    """A shell for the machine whose upstreams and clock are a heap of things to come."""

    def __init__(
        self,
        plan: Plan,
        upstreams: Upstreams,
        fleet: Fleet,
        at_s: float,
        chance: Callable[[], float],
    ) -> None:
        self._machine = Attempts(plan, fleet, started_s=at_s, jitter=chance)
        self._upstreams = upstreams
        self._now_s = at_s
        self._coming: list[tuple[float, int, Start | None, Fault | None]] = []
        self._cancelled: set[int] = set()
        self._names: dict[int, str] = {}
        self._count = 0
        self.played = Played()

    def run(self) -> Played:
        self._obey(self._machine.begin(self._now_s))
        while self._coming and self.played.error is None and self.played.answered_by is None:
            self._now_s, _, start, fault = heapq.heappop(self._coming)
            if start is None:
                self._obey(self._machine.tick(self._now_s))
            elif start.attempt in self._cancelled:
                continue
            elif fault is None:
                if start.candidate.model.replica:
                    took_s = self._now_s - start.at_s
                    self._machine.calls.measured(start.attempt, took_s, self._now_s)
                self._obey(self._machine.answering(start.attempt))
            else:
                self._obey(self._machine.failed(start.attempt, fault, self._now_s))
        self._clear()
        self.played.ended_s = self._now_s
        return self.played

    def _obey(self, commands: tuple[Command, ...]) -> None:
        for command in commands:
            match command:
                case Start():
                    self._ask(command)
                case Wake(at_s):
                    self._push(at_s, None, None)
                case Commit(attempt):
                    self.played.commits += 1
                    self.played.answered_by = self._names[attempt]
                    self._machine.calls.end(attempt, CallVerdict.GOOD, self._now_s)
                case Cancel(attempt):
                    self._cancelled.add(attempt)
                    self.played.cancelled.append(self._names[attempt])
                    self._machine.calls.end(attempt, CallVerdict.NEITHER, self._now_s)
                case GiveUp(error):
                    self.played.error = error

    def _ask(self, start: Start) -> None:
        model = start.candidate.model.key
        self._names[start.attempt] = model
        self.played.asked.append((start.at_s, model))
        at_s, fault = heard(start, self._upstreams(model, start.at_s))
        self._push(at_s, start, fault)

    def _push(self, at_s: float, start: Start | None, fault: Fault | None) -> None:
        self._count += 1
        heapq.heappush(self._coming, (at_s, self._count, start, fault))

    def _clear(self) -> None:
        """Anything still in progress when the request is over is stopped."""
        self._machine.left(self._now_s)


def seeded(seed: int) -> Callable[[], float]:
    return random.Random(seed).random

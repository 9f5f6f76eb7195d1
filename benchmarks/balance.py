"""Who gets the calls when one replica is slower than the others, and how long clients wait.

python -m benchmarks.balance [--calls 20000] [--seed 1]

Three replicas of one model on a virtual clock, each with room for 8 calls at a time and a line
behind; a call takes a second, more or less, and longer on a slow one. The calls are dealt out at
random, in turns, to the less busy of two, and as Farthing does it: with the very functions that
attempts are made with. Prints shares, and p50 and p99 of the time until the answer, as ratios to
what three replicas that are all well give in turns.
"""

import argparse
import heapq
import itertools
import random
import statistics
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from router.dispatch.balance import pick
from router.dispatch.fleet import CallVerdict, Fleet, Ticket
from router.domain.candidate import Candidate
from router.domain.category import Category
from router.domain.estimate import UNOBSERVED, CostEstimate, QualityEstimate
from router.domain.members import replace
from router.domain.model import Ability, Model
from router.domain.money import ZERO
from router.domain.price import Price

_ROOM = 8
_NAMES = ("a", "b", "c")
_SPREAD = 0.6
"""Of the logarithm of how long a call takes: the longest of a hundred takes four times the median."""
_NOISE = 0.3
"""Of how slow a call seems, when its length is taken out of it."""

Way = Callable[[Sequence[Candidate], Fleet, float], Candidate]


@dataclass
class Place:
    """A replica: a number of calls at a time, the rest in a queue."""

    factor: float = 1.0
    room: float = _ROOM
    busy: int = 0
    line: deque[int] = field(default_factory=deque)


@dataclass
class Trial:
    """One way to distribute calls, with its own clock."""

    way: Way
    places: Mapping[str, Place]
    replicas: Sequence[Candidate]
    dice: random.Random
    fleet: Fleet = field(default_factory=Fleet)
    coming: list[tuple[float, int, str]] = field(default_factory=list)
    began: dict[int, tuple[float, Ticket, float]] = field(default_factory=dict)
    took_s: list[float] = field(default_factory=list)
    got: Counter[str] = field(default_factory=Counter)

    def run(self, calls: int, per_s: float) -> None:
        """This many calls, at this rate, at random moments."""
        now_s = 0.0
        for number in range(calls):
            now_s += self.dice.expovariate(per_s)
            self._until(now_s)
            self._arrive(number, now_s)
        self._until(float("inf"))

    def _arrive(self, number: int, now_s: float) -> None:
        chosen = self.way(self.replicas, self.fleet, now_s).model
        self.got[chosen.upstream] += 1
        ticket = self.fleet.begin(chosen, 0, now_s)
        length = self.dice.lognormvariate(0.0, _SPREAD)
        self.began[number] = (now_s, ticket, length)
        self.places[chosen.upstream].line.append(number)
        self._serve(chosen.upstream, now_s)

    def _serve(self, name: str, now_s: float) -> None:
        place = self.places[name]
        while place.line and place.busy < place.room:
            number = place.line.popleft()
            place.busy += 1
            length = self.began[number][2]
            heapq.heappush(self.coming, (now_s + length * place.factor, number, name))

    def _until(self, now_s: float) -> None:
        while self.coming and self.coming[0][0] <= now_s:
            end_s, number, name = heapq.heappop(self.coming)
            began_s, ticket, length = self.began.pop(number)
            self.took_s.append(end_s - began_s)
            seen = (end_s - began_s) / length * self.dice.lognormvariate(0.0, _NOISE)
            self.fleet.measured(ticket.model, seen, end_s, stream=False)
            self.fleet.end(ticket, CallVerdict.GOOD, end_s)
            self.places[name].busy -= 1
            self._serve(name, end_s)


def _replicas(weights: Sequence[float]) -> tuple[Candidate, ...]:
    ability = dict.fromkeys(Category, Ability(0.9, 0.05, "a benchmark"))
    plain = Model("m", "", "m", Price.per_mtok(1, 1), 8000, 1000, ability)
    return tuple(
        Candidate(
            replace(plain, upstream=name, replica=f"m@{name}", weight=weight),
            QualityEstimate(0.9, 0.05),
            CostEstimate(ZERO, ZERO),
            UNOBSERVED,
        )
        for name, weight in zip(_NAMES, weights, strict=True)
    )


def _ways(dice: random.Random) -> Mapping[str, Way]:
    turns = itertools.count()

    def less_busy(replicas: Sequence[Candidate], fleet: Fleet, now_s: float) -> Candidate:
        two = dice.sample(replicas, 2)
        return min(two, key=lambda each: fleet.load(each.model, now_s, stream=False).in_flight)

    def farthing(replicas: Sequence[Candidate], fleet: Fleet, now_s: float) -> Candidate:
        return pick(replicas, lambda m: fleet.load(m, now_s, stream=False), dice.random)

    return {
        "at random": lambda replicas, _, __: dice.choice(replicas),
        "in turns": lambda replicas, _, __: replicas[next(turns) % len(replicas)],
        "less busy of two": less_busy,
        "farthing": farthing,
    }


_SCENES: Mapping[str, tuple[Mapping[str, float], Sequence[float], float]] = {
    "all are well, quiet": ({}, (1, 1, 1), 2.0),
    "all are well, busy": ({}, (1, 1, 1), 12.0),
    "c is ten times slower, quiet": ({"c": 10.0}, (1, 1, 1), 2.0),
    "c is ten times slower, busy": ({"c": 10.0}, (1, 1, 1), 10.0),
    "a has weight and room of 8, quiet": ({}, (8, 1, 1), 2.0),
    "a has weight and room of 8, busy": ({}, (8, 1, 1), 40.0),
}


def _quantiles(took_s: Sequence[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(took_s, n=100)
    return cuts[49], cuts[98]


def _trial(name: str, way: str, calls: int, seed: int) -> Trial:
    factors, weights, per_s = _SCENES[name]
    dice = random.Random(seed)
    rooms = zip(_NAMES, weights, strict=True)
    places = {each: Place(factors.get(each, 1.0), _ROOM * weight) for each, weight in rooms}
    trial = Trial(_ways(dice)[way], places, _replicas(weights), dice)
    trial.run(calls, per_s)
    return trial


def main() -> None:
    """Play every scene with every way, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    usual = _quantiles(_trial("all are well, quiet", "in turns", args.calls, args.seed).took_s)
    print("| scene | way | shares of a, b, c | p50 | p99 |\n|---|---|---|---|---|")
    for scene in _SCENES:
        for way in _ways(random.Random()):
            trial = _trial(scene, way, args.calls, args.seed)
            shares = ", ".join(f"{trial.got[each] / args.calls:.1%}" for each in _NAMES)
            p50, p99 = _quantiles(trial.took_s)
            print(f"| {scene} | {way} | {shares} | {p50 / usual[0]:.2f} | {p99 / usual[1]:.2f} |")


if __name__ == "__main__":
    main()

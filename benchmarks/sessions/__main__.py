"""What agents' sessions cost under rules for staying and switching.

    python -m benchmarks.sessions [sessions]

100 made-up sessions of each shape, in the order in which they come; Farthing learns on the way and knows none
beforehand. For each rule: the cost as a share of the best model's alone, and of the cheapest way in hindsight;
how much of the prompts was read from caches; switches a session; calls that a model answered which was not
good enough for the work. Takes about a minute.
"""

import sys
from dataclasses import dataclass
from itertools import product
from random import Random

from benchmarks.sessions.provider import POOLS, Providers
from benchmarks.sessions.rules import RULES, Pool, Rule, in_hindsight, quality
from benchmarks.sessions.traces import SHAPES, Call, Shape, Turn, session

_HEADER = f"{'':24}{'$/session':>10}{'of best':>9}{'of hindsight':>14}{'cached':>8}{'switches':>10}{'too weak':>10}"


@dataclass(slots=True)
class Sum:
    """The result of a rule's sessions."""

    pico: int = 0
    read: int = 0
    sent: int = 0
    switches: int = 0
    weak: int = 0
    calls: int = 0

    def row(self, name: str, best: int, hindsight: int, sessions: int) -> str:
        """A row of the table."""
        return (
            f"{name:24}{self.pico / 1e12 / sessions:10.4f}{self.pico / best:9.2f}"
            f"{self.pico / hindsight:14.2f}{self.read / self.sent:8.1%}"
            f"{self.switches / sessions:10.1f}{self.weak / self.calls:10.1%}"
        )


def ran(rule: Rule, sessions: list[list[Call]]) -> Sum:
    """All sessions under a rule, one after the other."""
    total = Sum()
    for calls in sessions:
        _run(rule, calls, total)
    return total


def _run(rule: Rule, calls: list[Call], total: Sum) -> None:
    providers, last = Providers(), ""
    for call in calls:
        who = rule.choose(call)
        rule.answered(call, who, providers.answer(who, call))
        total.calls += 1
        total.weak += quality(who) < call.need
        if call.turn is not Turn.CHORE:
            total.switches += bool(last) and who.id != last
            last = who.id
    total.pico += providers.cost.pico
    total.read += providers.read
    total.sent += providers.sent


def made(shape: Shape, count: int) -> list[list[Call]]:
    """This many sessions, each a day after the one before."""
    dice = Random(shape.name)
    found = [session(shape, f"{shape.name} {number}", dice) for number in range(count)]
    return [
        [_later(call, 86_400.0 * number) for call in calls] for number, calls in enumerate(found)
    ]


def _later(call: Call, by_s: float) -> Call:
    return Call(
        call.turn,
        call.thread,
        call.prompt_tokens,
        call.output_tokens,
        call.need,
        call.looks,
        call.at_s + by_s,
    )


def main(count: int = 100) -> int:
    """Print the tables."""
    for (vendor, models), shape in product(POOLS.items(), SHAPES):
        pool, sessions = Pool(models), made(shape, count)
        sums = {name: ran(rule(pool), sessions) for name, rule in RULES.items()}
        hindsight = sum(in_hindsight(each, pool) for each in sessions)
        print(f"\n{vendor}; {shape.name}\n{_HEADER}")
        for name, each in sums.items():
            print(each.row(name, sums["always the best"].pico, hindsight, count), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))

"""What a soak found: for each invariant whether it held, with the counts."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from rich.console import Group
from rich.markup import escape
from rich.table import Table

_EXAMPLES = 5
_EXAMPLE_CHARS = 400


class Invariant(StrEnum):
    """What must hold whatever goes wrong."""

    ANSWERED = "answered once"
    OWN = "own answer"
    ONE_MODEL = "one model"
    EXPLAINED = "errors explained"
    IN_FLIGHT = "nothing left in flight"
    DESCRIPTORS = "no descriptor leaked"
    MEMORY = "memory flat"
    MONEY = "money exact"
    STORM = "no storm"
    CALM = "calm afterwards"
    ORDERLY = "quiet log, orderly end"


MEANINGS: Mapping[Invariant, str] = {
    Invariant.ANSWERED: "one whole answer or one clear error, in time; [DONE] once, and never after an error",
    Invariant.OWN: "nobody gets what was meant for another",
    Invariant.ONE_MODEL: "after the first byte no other model answers",
    Invariant.EXPLAINED: "whoever met no fault got an answer",
    Invariant.IN_FLIGHT: "all calls end, for the upstreams and for the proxy",
    Invariant.DESCRIPTORS: "open files are back where they were",
    Invariant.MEMORY: "what the process holds does not grow with the requests",
    Invariant.MONEY: "the ledger is the upstreams' own account, to the pico-dollar",
    Invariant.STORM: "attempts <= 1.2 x requests and a floor, while everything fails",
    Invariant.CALM: "every breaker closes, and every request succeeds at once",
    Invariant.ORDERLY: "no traceback, and an end with status 0",
}


@dataclass(slots=True)
class Report:
    """Filled while the soak runs. `measured` are figures by name, for people and for JSON."""

    seed: int
    examples: dict[Invariant, list[str]] = field(default_factory=dict)
    violations: Counter[Invariant] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    """By how they ended."""
    manners: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    measured: dict[str, Any] = field(default_factory=dict)

    def violated(self, invariant: Invariant, what: str) -> None:
        """It did not hold; the first few cases are kept."""
        self.violations[invariant] += 1
        kept = self.examples.setdefault(invariant, [])
        if len(kept) < _EXAMPLES:
            kept.append(what[:_EXAMPLE_CHARS])

    @property
    def broken(self) -> frozenset[Invariant]:
        """The invariants that did not hold."""
        return frozenset(self.violations)

    @property
    def ok(self) -> bool:
        """Whether all held."""
        return not self.violations

    def as_json(self) -> dict[str, Any]:
        """The report as plain data."""
        return {
            "ok": self.ok,
            "seed": self.seed,
            "invariants": {
                each.value: {
                    "holds": each not in self.violations,
                    "violations": self.violations[each],
                    "examples": self.examples.get(each, []),
                }
                for each in Invariant
            },
            "requests": dict(self.requests),
            "clients": {str(manner): count for manner, count in self.manners.items()},
            "faults": dict(self.faults.most_common()),
            "measured": self.measured,
        }

    def as_table(self) -> Group:
        """The report for people."""
        return Group(self._verdicts(), self._counts())

    def _verdicts(self) -> Table:
        table = Table(title=f"{sum(self.requests.values()):,} requests, seed {self.seed}")
        table.add_column("invariant", no_wrap=True)
        table.add_column("")
        table.add_column("means", overflow="fold")
        for each in Invariant:
            count = self.violations[each]
            verdict = f"[red]violated {count}x[/]" if count else "[green]ok[/]"
            cases = "".join(f"\n[red]- {escape(case)}[/]" for case in self.examples.get(each, []))
            table.add_row(each.value, verdict, MEANINGS[each] + cases)
        return table

    def _counts(self) -> Table:
        table = Table(title="what happened", show_header=False)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for name, counts in (
            ("requests", self.requests),
            ("clients", self.manners),
            ("faults played", self.faults),
        ):
            table.add_row(name, ", ".join(f"{key} {n:,}" for key, n in counts.most_common()))
        for name, value in self.measured.items():
            table.add_row(name, escape(str(value)))
        return table

"""What a report says: rows of totals, by whatever grouping the reader wants.

A ledger provides cells: sums of attempts that share a group, an outcome and a source of cost.
Everything else is added up here, in whole numbers.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from router.domain.ledger import CostSource, Outcome
from router.domain.money import ZERO, Money
from router.domain.price import Price
from router.domain.usage import NO_USAGE, Usage

GROUPINGS = (
    "day",
    "hour",
    "model",
    "policy",
    "key",
    "tag",
    "category",
    "upstream",
    "reference",
    "outcome",
    "service_tier",
)
"""What a report can be cut by."""

LINES = 100
"""So many names, those that cost most, have a line of their own where people read: nobody reads thousands."""

IN_TIME = frozenset({"day", "hour"})
"""Groupings that are shown in chronological order, not by cost."""


class Filters(Struct, frozen=True):
    """What a report is about.

    `since` and `until` are UTC days as ISO dates, both inclusive, "" for open. The rest are names, None
    for all; the empty name stands for requests without a key, a policy, a tag.
    """

    since: str = ""
    until: str = ""
    key: str | None = None
    tag: str | None = None
    policy: str | None = None
    category: str | None = None
    model: str | None = None
    upstream: str | None = None


EVERYTHING = Filters()

OTHERS = "\0"
"""The name of cells that are of many names together; no name has a null character."""


class Cell(Struct, frozen=True):
    """Sums over attempts that share a group's name, an outcome, a source of cost, and a size.

    `size_class` is the largest prompt length at which rates may change that their prompts exceed. Of the answers
    either all had a predicted quality, whose sum is `quality_sum`, or none: vectors, and what was passed through.
    """

    name: str
    outcome: Outcome
    cost_source: CostSource
    size_class: int
    attempts: int
    requests: int
    answers: int
    usage: Usage
    cost: Money
    baseline: Money
    quality_sum: float = 0.0

    @property
    def predicted(self) -> int:
        """How many answers had a predicted quality."""
        return self.answers if self.quality_sum else 0

    def priced_at(self, price: Price) -> Money:
        """What the answers in it would have cost at another price.

        Those for which no quality is predicted count as recorded: no chat model could have given them.
        """
        if not self.predicted:
            return self.baseline
        rates = price.rates_for(self.size_class + 1 if self.size_class else 0)
        return rates.tally(self.usage, self.answers).amount


class Decomposition(Struct, frozen=True):
    """The parts of a saving, signed; their sum is the saving, to the pico-dollar.

    `model_choice`: answers by another model than the reference, at that model's price. `cache`: answers
    that were not generated again. The rest are costs that brought no answer: attempts that failed or broke
    off (`retries`), that were overtaken (`hedges`), whose answer a cascade did not take (`cascades`), whose
    client had left (`abandoned`).
    """

    model_choice: Money = ZERO
    cache: Money = ZERO
    retries: Money = ZERO
    hedges: Money = ZERO
    cascades: Money = ZERO
    abandoned: Money = ZERO

    @property
    def total(self) -> Money:
        """The saving."""
        return sum((getattr(self, name) for name in PARTS), ZERO)

    def __add__(self, other: "Decomposition") -> "Decomposition":
        return Decomposition(*(getattr(self, n) + getattr(other, n) for n in PARTS))


PARTS = Decomposition.__struct_fields__

_PART_OF: Mapping[Outcome, str] = {
    Outcome.OK: "model_choice",
    Outcome.CACHE_HIT: "cache",
    Outcome.FAILED: "retries",
    Outcome.CUT: "retries",
    Outcome.HEDGE_LOST: "hedges",
    Outcome.REJECTED: "cascades",
    Outcome.CLIENT_LEFT: "abandoned",
}


class Totals(Struct, frozen=True):
    """Sums over the attempts of one group. Tokens are those that upstreams processed.

    A request is counted by the attempt that closes it: its answer, or its last attempt.
    `estimated_cost` is the part of the cost that rests on estimates; `quality_sum` adds up the
    predicted quality of the answers for which one was `predicted`.
    """

    requests: int = 0
    answers: int = 0
    attempts: int = 0
    cache_hits: int = 0
    failed_attempts: int = 0
    estimated_attempts: int = 0
    unpriced_attempts: int = 0
    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    cost: Money = ZERO
    estimated_cost: Money = ZERO
    baseline: Money = ZERO
    parts: Decomposition = Decomposition()
    predicted: int = 0
    quality_sum: float = 0.0

    @property
    def saving(self) -> Money:
        """How much more the baseline would have cost; negative if it would have cost less."""
        return self.baseline - self.cost

    @property
    def saving_share(self) -> float | None:
        """The saving as a share of the baseline; None if there is no baseline."""
        return self.saving.pico / self.baseline.pico if self.baseline else None

    @property
    def quality(self) -> float | None:
        """The mean quality of the answers for which one was predicted; None without any."""
        return self.quality_sum / self.predicted if self.predicted else None

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(
            *(getattr(self, name) + getattr(other, name) for name in self.__struct_fields__)
        )


def totals_of(cell: Cell, price: Price | None = None) -> Totals:
    """What one cell adds to a report, with its baseline as recorded, or at `price`."""
    hit = cell.outcome is Outcome.CACHE_HIT
    processed = NO_USAGE if hit else cell.usage
    baseline = cell.baseline if price is None else cell.priced_at(price)
    return Totals(
        requests=cell.requests,
        answers=cell.answers,
        attempts=0 if hit else cell.attempts,
        cache_hits=cell.attempts if hit else 0,
        failed_attempts=cell.attempts if cell.outcome is Outcome.FAILED else 0,
        estimated_attempts=_if(cell, CostSource.ESTIMATED, cell.attempts),
        unpriced_attempts=_if(cell, CostSource.UNPRICED, cell.attempts),
        input_tokens=processed.input_tokens,
        cached_input_tokens=processed.cache_read_tokens + processed.audio_cache_read_tokens,
        output_tokens=processed.total_output_tokens,
        cost=cell.cost,
        estimated_cost=cell.cost if cell.cost_source is CostSource.ESTIMATED else ZERO,
        baseline=baseline,
        parts=Decomposition(**{_PART_OF[cell.outcome]: baseline - cell.cost}),
        predicted=cell.predicted,
        quality_sum=cell.quality_sum,
    )


def _if(cell: Cell, source: CostSource, count: int) -> int:
    return count if cell.cost_source is source else 0


class Group(Struct, frozen=True):
    """One line of a report."""

    name: str
    totals: Totals


class Others(Struct, frozen=True):
    """The names that have no line of their own: how many there are, and their totals."""

    names: int
    totals: Totals


class Report(Struct, frozen=True):
    """Groups by `by`, of what `filters` let through, against a baseline; `others` are those that are not told apart.

    `baseline` is "reference" or the id of the model that everything is compared with. `total` counts
    each attempt once, even if its several tags put it into several groups.
    """

    by: str
    filters: Filters
    baseline: str
    groups: tuple[Group, ...]
    total: Totals
    others: Others | None = None


def summed(cells: Iterable[Cell], price: Price | None = None) -> Totals:
    """All cells together."""
    return sum((totals_of(cell, price) for cell in cells), Totals())


def grouped(cells: Sequence[Cell], by: str, price: Price | None = None) -> tuple[Group, ...]:
    """The groups of a report: by cost, the highest first, or by time if they are times."""
    by_name: defaultdict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        by_name[cell.name].append(cell)
    groups = [Group(name, summed(held, price)) for name, held in by_name.items()]
    if by in IN_TIME:
        return tuple(sorted(groups, key=lambda group: group.name))
    return tuple(sorted(groups, key=lambda group: (-group.totals.cost.pico, group.name)))


def told_apart(
    cells: Sequence[Cell], by: str, others: int, price: Price | None = None
) -> tuple[tuple[Group, ...], Others | None]:
    """The groups, and apart from them that of the name `OTHERS`, which stands for so many names."""
    every = grouped(cells, by, price)
    rest = next((Others(others, each.totals) for each in every if each.name == OTHERS), None)
    return tuple(each for each in every if each.name != OTHERS), rest

"""The figures of a run side by side: stated, drawn, measured, and predicted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from benchmarks.cascades import intervals
from benchmarks.cascades.expected import Expected
from benchmarks.cascades.foretold import Foretold
from benchmarks.cascades.told import Drawn

HEADER = (
    "| | right | accepted | right when accepted | USD per 1000 | x alone | first content, s |\n"
    "|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One question asked in one way: whether it was answered correctly, at what price, and when it was answered.

    `accepted` is None if there was nothing to accept.
    """

    is_right: bool
    cost_usd: float
    first_content_s: float
    accepted: bool | None = None


def stated(
    each: Sequence[Expected], drawn: Sequence[Drawn], alone: Sequence[Row], speed: float
) -> str:
    """What follows from what was stated about the models; costs and times are those of the answers drawn."""
    right, accepted = fmean(one.quality for one in each), fmean(one.p_accept for one in each)
    accepted_right = fmean(one.p_accepted_right for one in each)
    pairs = list(zip(each, drawn, strict=True))
    cost = fmean(_cost(one, of) for one, of in pairs)
    first = speed * fmean(of.waited_s(one.p_accept) for one, of in pairs)
    ratio = cost / fmean(row.cost_usd for row in alone)
    known = accepted_right / accepted if accepted else float("nan")
    return f"| stated | {right:.3f} | {accepted:.3f} | {known:.3f} | {cost * 1e3:.4f} | {ratio:.3f} | {first:.3f} |"


def _cost(one: Expected, of: Drawn) -> float:
    first = sum(float(each.cost.usd) for each in of.first)
    return first + (1 - one.p_accept) * float(of.final.cost.usd)


def measured(name: str, rows: Sequence[Row], alone: Sequence[Row]) -> str:
    """What was observed, with 95 % intervals."""
    costs, firsts = [row.cost_usd for row in rows], [row.first_content_s for row in rows]
    accepted = [row for row in rows if row.accepted]
    cells = [
        _share([row.is_right for row in rows]),
        _share([bool(row.accepted) for row in rows]) if rows[0].accepted is not None else "",
        _share([row.is_right for row in accepted]) if accepted else "",
        _spread(fmean(costs) * 1e3, [cost * 1e3 for cost in costs], 4),
        _ratio(costs, [row.cost_usd for row in alone]),
        _spread(fmean(firsts), firsts, 3),
    ]
    return f"| {name} | {' | '.join(cells)} |"


def foretold(told: Sequence[Foretold], rows: Sequence[Row], alone: Sequence[Row]) -> str:
    """What Farthing predicted, as far as it did, and the ratio of what was measured to that."""
    usual = fmean(row.cost_usd for row in alone)
    said = {
        "right": _mean([each.quality for each in told]),
        "accepted": _mean([each.p_accept for each in told]),
        "cost": _mean([each.cost_usd for each in told]),
        "first": _mean([each.first_content_s for each in told]),
    }
    seen = {
        "right": fmean(row.is_right for row in rows),
        "accepted": fmean(bool(row.accepted) for row in rows),
        "cost": fmean(row.cost_usd for row in rows),
        "first": fmean(row.first_content_s for row in rows),
    }
    cost = said["cost"]
    cells = (
        _cell(said["right"]),
        _cell(said["accepted"]),
        "",
        _cell(None if cost is None else cost * 1e3, 4),
        _cell(None if cost is None else cost / usual),
        _cell(said["first"]),
    )
    times = {name: value / of if (of := said[name]) else None for name, value in seen.items()}
    ratios = ("right", "accepted", "", "cost", "cost", "first")
    return (
        f"| foretold by Farthing | {' | '.join(cells)} |\n"
        f"| measured / foretold | {' | '.join(_cell(times[n]) if n else '' for n in ratios)} |"
    )


def added(name: str, rows: Sequence[Row], alone: Sequence[Row]) -> str:
    """How much later the first content comes, and how much worse answers are, than with the final model alone."""
    pairs = list(zip(rows, alone, strict=True))
    later = [row.first_content_s - other.first_content_s for row, other in pairs]
    better = [float(row.is_right) - float(other.is_right) for row, other in pairs]
    return (
        f"| {name} | {_spread(fmean(better), better, 3)} | {_spread(fmean(later), later, 3)} "
        f"| {_halves(rows, alone)} |"
    )


def added_as_stated(each: Sequence[Expected], drawn: Sequence[Drawn], speed: float) -> str:
    """The same as it follows from what was stated."""
    pairs = list(zip(each, drawn, strict=True))
    later = speed * fmean(of.waited_s(one.p_accept) - of.final.first_content_s for one, of in pairs)
    return f"| stated | {fmean(one.gain for one in each):.3f} | {later:.3f} | |"


def _halves(rows: Sequence[Row], alone: Sequence[Row]) -> str:
    """How much later where the pair was accepted, and where it was not."""
    found = {True: [], False: []}  # type: dict[bool, list[float]]
    for row, other in zip(rows, alone, strict=True):
        found[bool(row.accepted)].append(row.first_content_s - other.first_content_s)
    return " / ".join(f"{fmean(each):+.3f}" if each else "-" for each in found.values())


def _share(hits: Sequence[bool]) -> str:
    low, high = intervals.of_share(sum(hits), len(hits))
    return f"{sum(hits) / len(hits):.3f} [{low:.3f}, {high:.3f}]"


def _spread(mean: float, values: Sequence[float], digits: int) -> str:
    low, high = intervals.of_mean(values)
    return f"{mean:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _ratio(above: Sequence[float], below: Sequence[float]) -> str:
    low, high = intervals.of_ratio(above, below)
    return f"{fmean(above) / fmean(below):.3f} [{low:.3f}, {high:.3f}]"


def _mean(values: Sequence[float | None]) -> float | None:
    known = list(_known(values))
    return fmean(known) if known else None


def _known(values: Sequence[float | None]) -> Iterator[float]:
    yield from (value for value in values if value is not None)


def _cell(value: float | None, digits: int = 3) -> str:
    return "not told" if value is None else f"{value:.{digits}f}"

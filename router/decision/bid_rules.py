"""The rules that a cascade must keep: if it breaks any, one model answers alone.

A new rule is two functions, whether it holds and why it does not, and a row of `RULES`.
"""

from collections.abc import Callable, Iterable

from msgspec import Struct

from router.decision.bid import Bid, Setting
from router.decision.policy import Terms
from router.decision.way import Way
from router.domain.money import PICO_PER_USD, ZERO, Money
from router.domain.objective import Aim

_DIGITS = 9
"""Qualities are compared rounded, as the bar is: 0.9 - 0.2 is not quite 0.7."""


class CascadeRule(Struct, frozen=True):
    """A rule that a cascade must keep, and why it breaks it, as a clause with the numbers."""

    holds: Callable[[Bid, Setting], bool]
    why_not: Callable[[Bid, Setting], str]


def broken(rules: Iterable[CascadeRule], bid: Bid, setting: Setting) -> CascadeRule | None:
    """The first rule that does not hold."""
    for rule in rules:
        if not rule.holds(bid, setting):
            return rule
    return None


# ---------------------------------------------------------------------------------- what it is worth


def _pays(bid: Bid, _: Setting) -> bool:
    """Whether it breaks even, for which no label is needed: what the final model is not paid pays for the steps."""
    return bid.pessimistic_pico < bid.final.cost.expected.pico


def _why_it_does_not_pay(bid: Bid, _: Setting) -> str:
    return (
        f"at the lower end of the estimates it costs {_usd(bid.pessimistic_pico)} USD, and"
        f" {bid.final.model.id} alone {_usd(bid.final.cost.expected.pico)} USD"
    )


def _is_adequate(bid: Bid, setting: Setting) -> bool:
    return round(bid.least_quality(setting), _DIGITS) >= setting.bar.p


def _why_it_is_not_adequate(bid: Bid, setting: Setting) -> str:
    return (
        f"a gain of {bid.gain:+.3f} ± {bid.gain_sd:.3f} leaves a quality of {bid.least_quality(setting):.3f}"
        f" at the lower end, below {setting.bar.p:.3f}"
    )


def _is_better(bid: Bid, setting: Setting) -> bool:
    """Whether it is better by the policy's aim; never by speed, since steps take time."""
    alone = setting.alone
    match setting.terms.objective.aim:
        case Aim.CHEAPEST:
            return round(bid.expected_pico) < alone.cost.expected.pico
        case Aim.BEST:
            return bid.least_quality(setting) > alone.quality.p
        case Aim.WEIGHTED:
            objective, total_s = setting.terms.objective, alone.latency.total_s
            worth = objective.worth_pico(alone.cost.expected, alone.quality.p, total_s)
            return bid.worth_pico(setting) < worth
        case _:
            return False


def _why_it_is_not_better(bid: Bid, setting: Setting) -> str:
    alone = setting.alone
    if setting.terms.objective.aim is Aim.BEST:
        least = f"a quality of {bid.least_quality(setting):.3f} at the lower end is not above"
        return f"{least} the {alone.quality.p:.3f} of {alone.model.id} alone"
    of_all = " and it takes more time" if setting.terms.objective.aim is Aim.WEIGHTED else ""
    return (
        f"an expected {_usd(bid.expected_pico)} USD{of_all}: {alone.model.id} alone is as good a choice"
        f" for {_usd(alone.cost.expected.pico)} USD"
    )


# ------------------------------------------------------------------------------- where its limits are


def _fits_the_ceiling(bid: Bid, setting: Setting) -> bool:
    ceiling = setting.terms.ceiling
    return ceiling is None or _together(bid) <= ceiling


def _why_not_the_ceiling(bid: Bid, setting: Setting) -> str:
    return (
        f"if no step settles it, an expected {_together(bid)} USD is above the ceiling of"
        f" {setting.terms.ceiling} USD"
    )


def _fits_the_budget(bid: Bid, setting: Setting) -> bool:
    left = setting.circumstances.money_left
    return left is None or _at_most(bid) <= left


def _why_not_the_budget(bid: Bid, setting: Setting) -> str:
    left = setting.circumstances.money_left
    return (
        f"the whole cascade may cost up to {_at_most(bid)} USD, and the budget has {left} USD left"
    )


def _is_in_time(bid: Bid, setting: Setting) -> bool:
    return not _why_late(bid, setting)


def _why_late(bid: Bid, setting: Setting) -> str:
    """Which of its times exceeds a limit; an unknown one exceeds every target."""
    terms, way = setting.terms, bid.way
    has_target = terms.first_content_s is not None or terms.total_s is not None
    if has_target and (why := _missed_target(way, terms)):
        return why
    for limit_s, needed_s, what in (
        (terms.cascade.first_content_s, way.steps_s(), "its steps take"),
        (terms.deadlines.total_s, way.longest_s(), "the whole cascade takes"),
    ):
        if limit_s is not None and needed_s is not None and needed_s > limit_s:
            return f"{what} {needed_s:.2f} s, and may take {limit_s:g} s"
    return ""


def _missed_target(way: Way, terms: Terms) -> str:
    """The latency target that it misses at the policy's quantile, "" for none."""
    first_s, total_s = way.kept_by(terms.latency_quantile)
    for limit_s, needed_s, until in (
        (terms.first_content_s, first_s, "the first content"),
        (terms.total_s, total_s, "the whole answer"),
    ):
        if limit_s is not None and (needed_s is None or needed_s > limit_s):
            takes = "an unknown time" if needed_s is None else f"{needed_s:.2f} s"
            return f"it takes {takes} to {until}, and may take {limit_s:g} s"
    return ""


LIMITS = (
    CascadeRule(_fits_the_ceiling, _why_not_the_ceiling),
    CascadeRule(_fits_the_budget, _why_not_the_budget),
)
"""What even a cascade must keep that the policy always wants."""
RULES = (
    CascadeRule(_is_better, _why_it_is_not_better),
    CascadeRule(_pays, _why_it_does_not_pay),
    CascadeRule(_is_adequate, _why_it_is_not_adequate),
    *LIMITS,
    CascadeRule(_is_in_time, _why_late),
)
"""What a cascade must keep that evidence is to speak for; the quickest to check come first."""


def _together(bid: Bid) -> Money:
    """The expected cost if no step settles the request."""
    return sum((each.expected for each in bid.costs), ZERO)


def _at_most(bid: Bid) -> Money:
    return sum((each.upper for each in bid.costs), ZERO)


def _usd(pico: float) -> Money:
    """Dollars with three digits: an expectation is not known any better."""
    return Money.from_usd(f"{pico / PICO_PER_USD:.3g}")

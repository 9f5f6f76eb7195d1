"""A cascade in words: who is asked first, what their answers must pass, what that settles, and what it costs."""

from collections.abc import Iterator

from router.decision.bid import named
from router.domain.cascade import Cascade, Check, Step, Test
from router.domain.decision import Decision
from router.domain.money import Money

_PASSING = {
    Test.AGREEMENT: "agree",
    Test.SIMILARITY: "be alike",
    Test.COMPLETE: "be complete",
    Test.SCHEMA: "match the schema",
    Test.TOOL_CALLS: "call tools as they are declared",
    Test.LOGPROB: "have a high token probability",
    Test.JUDGE: "satisfy a judge",
}


def in_short(cascade: Cascade) -> str:
    """The cascade in a clause of a headline: `2 models must agree, then top`."""
    steps = (f"{_count(step)} must {_passing(step)}" for step in cascade.steps)
    return f"{', then '.join(steps)}, then {cascade.final.model.id}"


def sentences_of(decision: Decision) -> Iterator[str]:
    """The decision's cascade as a person would describe it; if one was wanted, why there is none."""
    if decision.cascade is None:
        if decision.no_cascade:
            yield f"No cascade is used: {'; '.join(decision.no_cascade)}."
        return
    for place, step in enumerate(decision.cascade.steps):
        yield _told(step, is_first=place == 0)
    final = decision.cascade.final
    yield (
        f"What remains unsettled goes to {final.model.id} (quality {final.quality.p:.3f}), as if there had been no"
        " cascade."
    )
    yield from _against_the_single_one(decision.cascade)


def _count(step: Step) -> str:
    ids = {each.model.id for each in step.candidates}
    asked = len(step.candidates)
    if asked == 1:
        return "1 model"
    return f"{asked} answers of 1 model" if len(ids) == 1 else f"{asked} models"


def _told(step: Step, *, is_first: bool) -> str:
    when, within = "First" if is_first else "Then", ""
    if step.within_s is not None:
        within = f" within {step.within_s:g} s"
    told = f"{when} {_asked(step)} must{within} {_passing(step, with_bars=True)}."
    known = step.prospect
    if known is None:
        return f"{told} How many requests that settles is not known."
    return (
        f"{told} That settles {known.p_accept:.0%} ± {known.p_accept_sd:.0%} of such requests, and changes"
        f" quality by {known.gain:+.3f} ± {known.gain_sd:.3f} ({known.source})."
    )


def _asked(step: Step) -> str:
    names, ids = named(step.candidates), {each.model.id for each in step.candidates}
    if len(step.candidates) == 1:
        return f"{names} is asked; its answer"
    if len(ids) == 1:
        return f"{min(ids)} is asked{names.removeprefix(min(ids))} at once; its answers"
    return f"{names} are asked at once; their answers"


def _passing(step: Step, *, with_bars: bool = False) -> str:
    return " and ".join(
        _must(check) if with_bars else _PASSING[check.test] for check in step.checks
    )


def _must(check: Check) -> str:
    by = f" ({check.judge})" if check.judge else ""
    bar = "" if check.at_least is None else f", at least {check.at_least:g}"
    return f"{_PASSING[check.test]}{by}{bar}"


def _against_the_single_one(cascade: Cascade) -> Iterator[str]:
    alone = cascade.alone
    if alone is None:
        return
    least, most = cascade.cost.expected, alone.cost.expected
    yield (
        f"{alone.model.id} alone (quality {alone.quality.p:.3f}) would be expected to cost {most} USD,"
        f" {_difference(most - least)}."
    )


def _difference(saved: Money) -> str:
    return f"{saved} USD more" if saved.pico >= 0 else f"{-saved} USD less"

"""A calibration as plain data, for the page, for programs, and for the card that is installed with it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from router.domain.category import Category
from router.evaluation.answered import by_source
from router.evaluation.calibration import Calibration, areas, curves, reliability
from router.evaluation.forecasts import LOCAL, SHIPPED
from router.evaluation.local import Duel, Verdict
from router.evaluation.value import singles

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class About:
    """What a calibration was made of: when, of which files, with what left out, for how many dollars."""

    unix_s: float
    files: Sequence[str]
    notes: Sequence[str] = ()
    spent_usd: str = "0"


def document(found: Calibration, about: About) -> Document:
    """Everything, with the points of the pictures."""
    trial = found.trial
    outcomes = trial.judged.outcomes
    names = zip(outcomes.models, singles(outcomes), strict=True) if len(trial.judged) else ()
    return {
        **card(found, about),
        "pictures": {
            "models": [{"model": name, **asdict(point)} for name, point in names],
            "curves": {name: [asdict(p) for p in each] for name, each in curves(trial).items()},
            "reliability": {
                name: [asdict(each) for each in reliability(trial.foreseen[name], outcomes.scores)]
                for name in (SHIPPED, LOCAL)
            },
        },
    }


def card(found: Calibration, about: About) -> Document:
    """What a calibration tells of itself: made when and of what, by which rule, and how well it did."""
    return {
        "made": datetime.fromtimestamp(about.unix_s, UTC).isoformat(timespec="seconds"),
        "farthing": version("farthing"),
        "files": list(about.files),
        "sources": dict(by_source(found.labelled)),
        "prompts": len(found.labelled),
        "judged": len(found.trial.judged),
        "models": list(found.compared),
        "spent_usd": about.spent_usd,
        "rule": asdict(found.rule),
        "aiq": dict(areas(found.trial)),
        "categories": [_category(found, each) for each in found.verdicts],
        "notes": list(about.notes),
    }


def _category(found: Calibration, verdict: Verdict) -> Document:
    return {
        "category": verdict.category.value,
        "prompts": verdict.prompts,
        "installed": verdict.category in found.to_install,
        "why_not": verdict.why_not or None,
        "against": {rival: _duel(duel) for rival, duel in verdict.duels.items()},
        "estimates": list(_estimates(found, verdict.category)),
    }


def _duel(duel: Duel) -> Document:
    return {
        "value": asdict(duel.value),
        "brier": asdict(duel.brier),
        "log_loss": asdict(duel.log_loss),
        "p_value": duel.p_value,
    }


def _estimates(found: Calibration, category: Category) -> Iterator[Document]:
    """Each model's estimate as it was and as it would be, beside the plain means."""
    local = found.measured.get(category)
    gold, hearsay = (found.seen(category, gold=each) for each in (True, False))
    for model in found.labelled.models:
        shipped = found.shipped[model][category]
        told = {"model": model, "shipped": {"p": shipped.p, "sd": shipped.sd, "of": shipped.source}}
        if local is not None:
            own = local.ability(model, shipped)
            told["local"] = {"p": own.p, "sd": own.sd, "of": own.source}
        for name, seen in (("scored", gold), ("feedback", hearsay)):
            if model in seen:
                told[name] = {"mean": seen[model].mean, "answers": seen[model].answers}
        yield told

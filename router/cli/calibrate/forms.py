"""A calibration as plain data: for the page, for programs, and for the card that is installed with it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from msgspec import Struct, structs

from router.cli.calibrate.cascades import attempt_document
from router.cli.calibrate.labels import GatheredLabels
from router.cli.calibrate.weak_labels import GatheredWeakLabels
from router.domain.category import Category
from router.domain.model import Ability
from router.domain.scored import ScoreSource
from router.evaluation.calibration import Calibration, areas, hulls, reliability
from router.evaluation.forecasts import LOCAL, SHIPPED
from router.evaluation.hull import Hull
from router.evaluation.local import CategoryVerdict, PairedComparison
from router.evaluation.shrinkage import seen
from router.evaluation.sweep import singles
from router.evaluation.weak_labels import FeedbackScores, Trust, Whose
from router.ledger.outcomes import SourceScores

Document = dict[str, Any]


class Provenance(Struct, frozen=True):
    """What a calibration was made of: when, from which labels, and what else was heard.

    `goes_by_prompts`: what is shipped includes an artefact besides the abilities.
    """

    unix_s: float
    gathered: GatheredLabels
    heard: GatheredWeakLabels
    goes_by_prompts: bool = False


def document(found: Calibration, about: Provenance) -> Document:
    """Everything, including the points of the charts."""
    trial = found.trial
    outcomes = trial.judged.outcomes
    alone = singles(outcomes).points if len(trial.judged) else None
    models = zip(outcomes.models, alone.costs_usd, alone.qualities, strict=True) if alone else ()
    return {
        **card(found, about),
        "pictures": {
            "models": [
                {"model": name, "cost_usd": float(cost), "quality": float(quality)}
                for name, cost, quality in models
            ],
            "curves": {name: _corners(hull) for name, hull in hulls(trial).items()},
            "reliability": {
                name: [
                    structs.asdict(each)
                    for each in reliability(trial.foreseen[name], outcomes.scores)
                ]
                for name in (SHIPPED, LOCAL)
            },
        },
    }


def card(found: Calibration, about: Provenance) -> Document:
    """The summary of a calibration: made when and of what, by which rule, and how well it did."""
    gathered = about.gathered
    return {
        "made": datetime.fromtimestamp(about.unix_s, UTC).isoformat(timespec="seconds"),
        "farthing": version("farthing"),
        "files": list(gathered.files),
        "sources": dict(found.labelled.by_source()),
        "prompts": len(found.labelled),
        "judged": len(found.trial.judged),
        "models": list(found.compared),
        "spent_usd": gathered.spent_usd,
        "rule": {**structs.asdict(found.rule), "says": str(found.rule)},
        "shipped": ARTEFACT if about.goes_by_prompts else ABILITIES,
        "aiq": dict(areas(found.trial)),
        "categories": [_category(found, each) for each in found.verdicts],
        "cascades": [attempt_document(each) for each in found.attempts],
        **heard_document(about.heard),
        "notes": list(gathered.notes),
    }


ARTEFACT = "what the server predicts without own answers: abilities, adjusted by the artefact for each prompt"
ABILITIES = "the abilities of the catalog as they are: no artefact adjusts them"


def heard_document(known: GatheredWeakLabels) -> Document:
    """What was heard, source by source, and its weight relative to a gold label."""
    weak_labels = known.weak_labels
    return {
        "trust": _trust(weak_labels.trust),
        "holds_down": weak_labels.holds_down,
        "heard": [_heard(known, each) for each in known.told],
    }


def _trust(trust: Trust) -> Document:
    how = "measured" if trust.is_measured else "stated"
    return {"weight": trust.weight, "how": how, "kinder_by": trust.kinder_by, "pairs": trust.pairs}


def _heard(known: GatheredWeakLabels, each: SourceScores) -> Document:
    is_feedback = each.source is ScoreSource.FEEDBACK
    return {
        "category": each.category,
        "model": each.model,
        "source": each.source.value,
        "scores": each.count,
        "mean": each.mean,
        "answers": known.answers.get((Category(each.category), each.model)),
        "weight": known.weak_labels.trust.weight if is_feedback else 0.0,
    }


def _corners(hull: Hull) -> list[Document]:
    corners = zip(hull.costs_usd, hull.qualities, strict=True)
    return [{"cost_usd": cost, "quality": quality} for cost, quality in corners]


def _category(found: Calibration, verdict: CategoryVerdict) -> Document:
    return {
        "category": verdict.category.value,
        "prompts": verdict.prompts,
        "installed": verdict.category in found.to_install,
        "why_not": verdict.why_not or None,
        "against": {
            rival: _comparison(comparison) for rival, comparison in verdict.comparisons.items()
        },
        "estimates": list(_estimates(found, verdict.category)),
    }


def _comparison(comparison: PairedComparison) -> Document:
    return {
        "value": structs.asdict(comparison.value),
        "brier": structs.asdict(comparison.brier),
        "log_loss": structs.asdict(comparison.log_loss),
        "p_value": comparison.p_value,
    }


def _estimates(found: Calibration, category: Category) -> Iterator[Document]:
    """Each model's estimate before and after, with the plain means that lead to it."""
    local, gold = found.measured.get(category), seen(found.labelled, category)
    for model in found.labelled.models:
        shipped = found.shipped.abilities[model][category]
        told = {"model": model, "shipped": _ability(shipped)}
        if local is not None:
            told["local"] = _ability(local.ability(model, shipped))
        if model in gold:
            told["scored"] = {"mean": gold[model].mean, "answers": gold[model].answers}
        if said := found.weak_labels.feedback.get((category, model)):
            told["feedback"] = _said(said)
        yield told | _ceiling(found, (category, model), told)


def _ceiling(found: Calibration, whose: Whose, told: Document) -> Document:
    """How good the model can be at most by its flaws, and which estimates are above that."""
    flaws = found.weak_labels.flaws.get(whose)
    if flaws is None or not flaws.flawed:
        return {}
    most = flaws.ceiling
    above = [name for name in (SHIPPED, LOCAL) if name in told and told[name]["p"] > most]
    return {"flaws": {**structs.asdict(flaws), "at_most": most, "contradict": above}}


def _ability(ability: Ability) -> Document:
    return {"p": ability.p, "sd": ability.sd, "of": ability.source}


def _said(said: FeedbackScores) -> Document:
    return {"mean": said.mean, "answers": said.count}
